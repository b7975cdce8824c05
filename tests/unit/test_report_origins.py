"""Where numbers come from: cells of files, and the files behind a file."""

import hashlib

import pytest

from nomoflow.report_origins import FORMAT, files_of, lineage, read_traced
from nomoflow.run import read_rows


def test_cells_know_their_line_and_column_and_are_what_they_were(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('patient,"a note",x\nP1,"two\nlines",1.5\nP2,\'=1,\n', encoding="utf-8")
    rows = read_traced(path)
    assert rows == read_rows(path)
    assert [(row["x"].line, row["x"].column) for row in rows] == [(3, "x"), (4, "x")]
    assert rows[1]["a note"] == "=1" and rows[0]["x"].file == path.as_posix()
    assert files_of(rows, None, [], "b.json", rows) == [path.as_posix(), "b.json"]


def document(files):
    """A trace; each file: rule or None, and its inputs."""
    return {
        "format": FORMAT,
        "files": {
            path: {"rule": rule, "wildcards": {"study": "s"}, "params": {"seed": 1} if rule else {},
                   "inputs": inputs, "sha256": hashlib.sha256(path.encode()).hexdigest(), "size": 1}
            for path, (rule, inputs) in files.items()
        },
    }  # fmt: skip


def test_the_way_up_to_the_files_that_all_began_with():
    trace = document(
        {"in/t.csv": (None, []), "r/a": ("make_a", ["in/t.csv"]), "r/b": ("make_b", ["r/a"]),
         "r/other": ("make_other", ["r/a"])}
    )  # fmt: skip
    found = lineage(trace, ["r/b"])
    names = [row[0] for row in found["files"]]
    assert names == ["r/b", "r/a", "in/t.csv"]
    assert [[names[at] for at in row[4]] for row in found["files"]] == [["r/a"], ["in/t.csv"], []]
    assert found["files"][0][1] == "make_b" and found["files"][2][1] is None
    assert found["params"] == [{"seed": 1}]  # once, however many have them
    assert found["files"][0][5] == hashlib.sha256(b"r/b").hexdigest()


def test_many_files_of_a_folder_are_one_row_with_a_digest_of_them_all():
    slices = [f"d/s/{i:03}.dcm" for i in range(30)]
    files = {path: (None, []) for path in slices}
    trace = document({**files, "r/a": ("make_a", slices), "r/b": ("make_b", slices[:10])})
    found = lineage(trace, ["r/a", "r/b"])
    (first, folder, second, *rest) = found["files"]
    assert first[4] == [1] and folder[0] == "d/s/" and folder[2] == {"files": 30}
    lines = "".join(f"{hashlib.sha256(p.encode()).hexdigest()}  {p}\n" for p in slices)
    assert folder[5] == hashlib.sha256(lines.encode()).hexdigest() and folder[6] == 30
    assert second[0] == "r/b" and len(rest) == 10


def test_a_file_that_the_trace_does_not_know_is_there_without_a_digest():
    assert lineage(document({}), ["x"])["files"] == [["x", None, {}, None, [], None, None]]


def test_a_trace_of_another_format_is_an_error():
    with pytest.raises(ValueError, match="nomoflow-trace/2"):
        lineage({"format": "nomoflow-trace/2", "files": {}}, [])
