"""The texts of results of every kind: what was planted is read."""

import base64
import gzip
import json
import zlib

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from nomoflow import figure_style, identity_outputs
from nomoflow.identity_outputs import files_of, texts
from nomoflow.run import write_rows, write_table


def png(path, said):
    figure = figure_style.new_figure(20, 20)
    figure.savefig(path, format="png", metadata={"Comment": said})


def packed_png(path, said):
    """A compressed text entry, as other programs write it."""
    data = b"Comment\0\0" + zlib.compress(said.encode("latin-1", "replace"))
    chunk = len(data).to_bytes(4, "big") + b"zTXt" + data + b"\0" * 4
    path.write_bytes(identity_outputs.PNG + chunk)


def figure(path, said, kind):
    one = figure_style.new_figure(60, 20)
    one.text(0.1, 0.5, f"AVATo {said} end")
    other = path.with_name(f"other.{'pdf' if kind == 'svg' else 'svg'}")
    pair = {kind: path, "svg" if kind == "pdf" else "pdf": other}
    figure_style.save(one, pair["svg"], pair["pdf"])
    other.unlink()


def embedded(path, said):
    inner = path.with_name("inner.png")
    png(inner, said)
    code = base64.b64encode(inner.read_bytes()).decode()
    inner.unlink()
    path.write_text(f'<img src="data:image/png;base64,{code}">', encoding="utf-8")


def jpeg(path, said):
    data = said.encode()
    head = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 10
    path.write_bytes(head + b"\xff\xfe" + (len(data) + 2).to_bytes(2, "big") + data + b"\xff\xda")


def image(path, said):
    one = sitk.GetImageFromArray(np.zeros((4, 4, 4), np.uint8))
    one.SetMetaData("comment", said)
    sitk.WriteImage(one, str(path), useCompression=True)


def nifti(path, said, pack=bytes):
    header = bytearray(400)
    header[:4] = (348).to_bytes(4, "little")
    header[148 : 148 + len(said.encode())] = said.encode()
    path.write_bytes(pack(bytes(header)))


def html(path, said):
    escaped = "".join(f"&#{ord(c)};" if not c.isalnum() or ord(c) > 127 else c for c in said)
    path.write_text(f"<p>a</p><td class='x'>{escaped}</td>", encoding="utf-8")


WRITERS = {
    "table.csv": lambda path, said: write_rows([{"a": said, "b": 1}], path, ["a", "b"]),
    "columns.csv": lambda path, said: write_rows([{said: 1}], path, [said]),
    "table.parquet": lambda path, said: write_table(pd.DataFrame({"a": [said], "b": [1.5]}), path),
    "columns.parquet": lambda path, said: write_table(pd.DataFrame({said: [1.5]}), path),
    "a.json": lambda path, said: path.write_text(json.dumps({"x": [{"y": said}]})),
    "keys.json": lambda path, said: path.write_text(json.dumps({said: 1.5})),
    "broken.json": lambda path, said: path.write_text("{" + said, encoding="utf-8"),
    "a.html": html,
    "attribute.html": lambda path, said: path.write_text(f'<i title="{said}">', encoding="utf-8"),
    "script.html": lambda path, said: path.write_text(
        f'<script>a = ["{said}"]</script>', encoding="utf-8"
    ),
    "comment.svg": lambda path, said: path.write_text(f"<!-- {said} --><g/>", encoding="utf-8"),
    "figure.svg": lambda path, said: figure(path, said, "svg"),
    "figure.pdf": lambda path, said: figure(path, said, "pdf"),
    "a.md": lambda path, said: path.write_text(f"| {said} |", encoding="utf-8"),
    "a.log": lambda path, said: path.write_text(f"WARNING {said}\n", encoding="utf-8"),
    "a.ok": lambda path, said: path.write_text(said, encoding="utf-8"),
    "a.csv.gz": lambda path, said: path.write_bytes(gzip.compress(said.encode())),
    "a.png": png,
    "packed.png": packed_png,
    "page.html": embedded,
    "a.jpg": jpeg,
    "a.mha": image,
    "a.nrrd": image,
    "a.nii": nifti,
    "a.nii.gz": lambda path, said: nifti(path, said, gzip.compress),
    "a.bin": lambda path, said: path.write_bytes(b"\0\1\2" + said.encode() + b"\0\3"),
}
SAID = ["Doe, Jane", "31.01.1950", "ID4711", "1.3.6.1.4.1.14519.5.2", "Elsewhere Clinic"]


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("said", [*SAID, "Müller 王小明"])
def test_what_was_planted_is_read(tmp_path, name, said):
    if not said.isascii() and name in ("packed.png", "a.bin", "figure.pdf", "a.png", "page.html"):
        said = "Müller"  # no other letters in Latin-1
    if name.startswith("figure") and not said.isascii():
        said = "Müller"  # and none in the figures' font
    path = tmp_path / name
    WRITERS[name](path, said)
    assert said in "\n".join(texts(path)).replace("  ", " ")


@pytest.mark.parametrize("size", [50, 64, 100, 1000])
def test_long_lines_are_cut_with_an_overlap(tmp_path, size, monkeypatch):
    monkeypatch.setattr(identity_outputs, "BLOCK", size)
    path = tmp_path / "a.txt"
    path.write_text("x " * 1000 + "Doe, Jane" + " y" * 1000 + "\nlast", encoding="utf-8")
    blocks = list(identity_outputs._blocks(path, size))
    assert any("Doe, Jane" in block for block in blocks)
    assert max(map(len, blocks)) <= size + identity_outputs.OVERLAP
    assert blocks[-1].endswith("last")


def test_rows_stay_together(tmp_path):
    page = tmp_path / "a.html"
    page.write_text("<tr>\n <td>P1</td>\n<td>4711</td></tr><tr><td>P2</td></tr>", encoding="utf-8")
    first, second, *_ = "\n".join(texts(page)).split("\n")
    assert "P1" in first and "4711" in first and "P2" in second
    model = tmp_path / "a.json"
    model.write_text(json.dumps([{"patient": "P1", "n": 4711}, {"patient": "P2", "x": 0.4711}]))
    lines = "\n".join(texts(model)).split("\n")
    assert [line for line in lines if "4711" in line and "P1" in line]
    assert "0.4711" not in "\n".join(lines)
    table = tmp_path / "a.parquet"
    write_table(
        pd.DataFrame({"patient": ["P1", "P2"], "n": [4711, 3], "m": [np.nan, 123456.0]}), table
    )
    lines = "\n".join(texts(table)).split("\n")
    assert "P1 | 4711" in lines and "P2 | 123456" in lines


def test_a_packed_bomb_is_read_up_to_a_length(tmp_path):
    bomb = tmp_path / "a.png"
    packed_png(bomb, "x" * 10)
    data = b"Comment\0\0" + zlib.compress(b"a" * (1 << 26))
    bomb.write_bytes(
        identity_outputs.PNG + len(data).to_bytes(4, "big") + b"zTXt" + data + b"\0" * 4
    )
    assert len("\n".join(texts(bomb))) < 5_000_000


def test_files(tmp_path):
    for name in ("b/2.csv", "a.txt", ".123.a.csv", "c.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    found = files_of([tmp_path, tmp_path / "nowhere"], [tmp_path / "c.csv"])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a.txt", "b/2.csv"]
    assert list(texts(tmp_path / "a.txt")) == []
