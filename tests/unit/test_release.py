"""tools/release.py, the program of rule release: what leaves, and what stays."""

import json
import subprocess
import sys
import zipfile

import pytest
import synthetic_manifest as small
from hypothesis import given
from hypothesis import strategies as st
from tool_loading import load_tool

from nomoflow.release_files import IMAGE, ROWS, may_leave, why_withheld, withheld

verify = load_tool("verify")
release = load_tool("release")


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "project"
    small.write_study(root)
    small.write(root, "LICENSE", "MIT\n")
    small.write(root, "uv.lock", "registry = somewhere\n")
    return root


def unpacked(archive, folder):
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    return folder / archive.stem


def make(root, **more):
    return release.release(root, root / small.MANIFEST, **more)


def program(folder):
    """The archive's own program, run as its reader would."""
    return subprocess.run(
        [sys.executable, "verify.py"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


PATIENTS_TABLES = {
    "config/participants.csv",
    f"{small.RESULTS}/cohort/participants.csv",
    f"{small.RESULTS}/features/CT.parquet",
}
PICTURES = {
    *(path for path in small.INPUTS if path.endswith(".nii.gz")),
    f"{small.RESULTS}/images/resampled/0001/P01.mha",
    f"{small.RESULTS}/images/overlays/0001/P01.jpg",
    f"{small.RESULTS}/report/gallery.html",
}


@pytest.mark.parametrize("patients", [False, True])
def test_what_may_leave(root, patients):
    manifest = json.loads((root / small.MANIFEST).read_bytes())
    everything = {*small.SOURCES, *small.INPUTS, *small.OUTPUTS}
    stays = PICTURES if patients else PICTURES | PATIENTS_TABLES
    assert set(may_leave(manifest, patients, root)) == everything - stays
    reasons = withheld(manifest, patients, root)
    assert set(reasons) == stays
    assert {path for path, why in reasons.items() if why == IMAGE} == PICTURES


def test_the_archive_holds_what_may_leave_and_its_program_finds_all_in_order(root, tmp_path):
    archive, leaflet = make(root)
    assert archive == root / small.RESULTS / "release/small-0.1.0.zip"
    folder = unpacked(archive, tmp_path / "elsewhere")
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there == {
        *({*small.SOURCES, *small.INPUTS, *small.OUTPUTS} - PICTURES - PATIENTS_TABLES),
        "README.txt", "LICENSE", "verify.py", "release.json", small.MANIFEST,
        f"{small.RESULTS}/provenance/run.json",
    }  # fmt: skip
    done = program(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "AS RELEASED" in done.stdout
    assert "VERIFIED" not in done.stdout
    assert f"{len(PICTURES)}, {IMAGE}" in done.stdout
    assert leaflet["manifest"] in (folder / "README.txt").read_text(encoding="utf-8")
    # What was withheld can be checked where it is.
    small.write(folder, "data/P01.nii.gz", small.INPUTS["data/P01.nii.gz"])
    assert program(folder).returncode == 0
    small.write(folder, "data/P01.nii.gz", "other")
    assert program(folder).returncode == 1


def test_any_change_of_the_unpacked_archive_is_found(root, tmp_path):
    folder = unpacked(make(root)[0], tmp_path / "elsewhere")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        name, before = path.relative_to(folder).as_posix(), path.read_bytes()
        for at in {0, len(before) // 2, len(before) - 1}:
            path.write_bytes(before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :])
            verdict = verify.check(folder, folder / small.MANIFEST)
            assert verdict["state"] in ("different", "unreadable"), (name, at)
            found = {one["path"] for one in verdict["findings"]}
            assert name in found or name.rpartition("/")[2] in verdict["reason"]
        path.write_bytes(before)
        if name != small.MANIFEST:
            path.unlink()
            assert verify.check(folder, folder / small.MANIFEST)["state"] == "different"
            path.write_bytes(before)
    assert verify.check(folder, folder / small.MANIFEST)["state"] == "as released"
    small.write(folder, "results/small/new.csv", "x")
    assert verify.check(folder, folder / small.MANIFEST)["state"] == "different"


def test_the_same_bytes_each_time_and_from_any_folder(root, tmp_path):
    first = make(root)[0].read_bytes()
    assert make(root)[0].read_bytes() == first
    other = tmp_path / "another/place"
    small.write_study(other)
    small.write(other, "LICENSE", "MIT\n")
    assert make(other)[0].read_bytes() == first
    assert str(root).encode() not in first


def test_the_crate_s_own_files_lie_where_the_crate_has_them(root, tmp_path):
    crate = f"{small.RESULTS}/provenance/ro-crate"
    small.write(root, f"{crate}/ro-crate-metadata.json", "{}")
    small.write(root, f"{crate}/Snakefile", small.SOURCES["Snakefile"])
    small.write(root, f"{crate}/data/P01.nii.gz", "never")
    small.write(root, f"{crate}/{small.RESULTS}/rows.csv", small.rows_of_patients("x"))
    folder = unpacked(make(root)[0], tmp_path / "elsewhere")
    assert (folder / "ro-crate-metadata.json").read_text(encoding="utf-8") == "{}"
    assert not list(folder.rglob("*.nii.gz")) + list(folder.rglob("rows.csv"))
    assert program(folder).returncode == 0


def spoil_result(root):
    small.write(root, f"{small.RESULTS}/models/model.json", "{}")
    return "models/model.json"


def take_image_away(root):
    (root / "data/P01.nii.gz").unlink()
    return "not here, not checked"


def no_manifest(root):
    (root / small.MANIFEST).unlink()
    return "0 manifests"


def name_a_patient(root):
    path = f"{small.RESULTS}/report/identity.csv"
    text = (
        "kind,severity,file,tag,patient\nidentity_in_output,problem,report/x.html,(0010;0010),P01\n"
    )
    small.write(root, path, text)
    outputs = small.content_of_manifest()["outputs"]
    outputs = [one | small.entry(text) if one["path"] == path else one for one in outputs]
    small.write(root, small.MANIFEST, small.sealed(small.content_of_manifest(outputs=outputs)))
    return "report/identity.csv tells of 1 places"


@pytest.mark.parametrize("spoil", [spoil_result, take_image_away, no_manifest, name_a_patient])
def test_what_is_not_in_order_is_not_released_and_the_old_archive_stays(root, capsys, spoil):
    archive = make(root)[0]
    before = archive.read_bytes()
    said = spoil(root)
    assert release.main(["--root", str(root)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("Not released: ")
    assert said in out
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]
    assert archive.read_bytes() == before


@given(st.sampled_from([".mha", ".nii.gz", ".nrrd", ".dcm", ".JPG", ".png", ".DCM", ".mhd"]),
       st.sampled_from(["input", "output", "file"]), st.booleans())  # fmt: skip
def test_no_picture_leaves_whatever_is_asked(tmp_path_factory, suffix, kind, patients):
    place = tmp_path_factory.getbasetemp() / f"x{suffix}"
    assert why_withheld(place, f"results/small/x{suffix}", kind, "key", patients) == IMAGE


@pytest.mark.parametrize("name", ["data/P01/IM0001", "data/x.unknown", "<outside>/scan"])
def test_an_input_of_unknown_kind_counts_as_an_image(tmp_path, name):
    assert why_withheld(tmp_path / "x", name, "input", "key", True) == IMAGE


@pytest.mark.parametrize(
    ("header", "stays"),
    [("patient,a\n1,2", True), ("\ufeffkey,a\n1,2", True), ("'patient,a\n1,2", True),
     ("patient,a\n", False), ("a,b\n1,2", False), ("", False)],
)  # fmt: skip
def test_a_table_is_of_patients_by_its_header_and_rows(tmp_path, header, stays):
    path = small.write(tmp_path, "table.csv", header)
    assert why_withheld(path, "table.csv", "output", "key", False) == (ROWS if stays else "")
    assert why_withheld(path, "table.csv", "output", "key", True) == ""
