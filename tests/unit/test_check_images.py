"""Rule check_images: a table of problems and one of predictions, and success whatever it finds."""

import hashlib
import os
import signal
from pathlib import Path

import check_images
import pytest
from check_images import main
from jobs import job
from synthetic_dicom import save_series, scan_of, values
from synthetic_scans import make, save

from nomoflow.images import PROBLEM_COLUMNS
from nomoflow.prediction import PREDICTED_COLUMNS
from nomoflow.run import read_rows

SETTINGS = {"setting": {"binWidth": 25}, "imageType": {"Original": {}}}


def run(tmp_path, scans, **limits):
    outputs = {name: tmp_path / f"{name}.csv" for name in ("problems", "predicted", "files")}
    params = {
        "scans": scans,
        "folders": {},
        "limits": {"repair_mm": 0.01, "minimum_voxels": 64, **limits},
        "spacing_mm": 1.0,
        "settings": {scan["phase"]: SETTINGS for scan in scans},
        "folders_of_images": [str(tmp_path)],
    }
    main(job(outputs=outputs, params=params))
    return outputs


def rows_of(tmp_path, scans, **limits):
    outputs = run(tmp_path, scans, **limits)
    return read_rows(outputs["problems"]), read_rows(outputs["predicted"])


def test_good_scans_give_a_header_alone_and_a_row_of_predictions_each(tmp_path):
    scans = [save(tmp_path, *make(), phase=phase) for phase in ("early", "late")]
    outputs = run(tmp_path, scans)
    assert outputs["problems"].read_text(encoding="utf-8") == ",".join(PROBLEM_COLUMNS) + "\n"
    rows = read_rows(outputs["predicted"])
    assert [row["phase"] for row in rows] == ["early", "late"]
    assert tuple(rows[0]) == PREDICTED_COLUMNS
    empty = {name for name, value in rows[0].items() if not value}
    assert empty == {"acquired_s", "described"}  # these are no DICOM series
    assert float(rows[0]["voxels_after"]) == pytest.approx(1437, rel=0.05)  # a ball of 7 mm


def test_every_scan_is_checked(tmp_path):
    image, mask = make()
    scans = [
        save(tmp_path, image, mask, "P1"),
        save(tmp_path, image, mask * 0, "P2"),
        save(tmp_path, image, mask, "P3") | {"image": "gone.nii.gz"},
        save(tmp_path, image, mask, "P4", label=3),
    ]
    problems, predicted = rows_of(tmp_path, scans)
    assert [row["patient"] for row in problems] == ["P2", "P3", "P4"]
    assert [row["file"] for row in problems] == [scans[1]["mask"], "gone.nii.gz", scans[3]["mask"]]
    assert [row["patient"] for row in predicted] == ["P1"]


def test_every_file_that_could_be_read_has_its_digest(tmp_path):
    image, mask = make()
    first = save(tmp_path, image, mask)
    second = save(tmp_path, image, mask * 0, reading="b1") | {"image": first["image"]}
    broken = save(tmp_path, image, mask, "P2")
    Path(broken["image"]).write_bytes(b"no image")
    series = save_series(tmp_path / "series", values())
    found = read_rows(run(tmp_path, [first, second, broken, scan_of(series, "gone")])["files"])
    assert [(row["patient"], row["reading"], row["kind"]) for row in found[:4]] == [
        ("P1", "a1", "image"), ("P1", "a1", "mask"), ("P1", "b1", "image"), ("P2", "a1", "mask"),
    ]  # fmt: skip
    slices = sorted(path.name for path in (tmp_path / "series").iterdir())
    assert [Path(row["path"]).name for row in found[4:]] == slices
    for row in found:
        # What lies outside of the project is named from its folder on.
        outside, _, name = row["path"].partition("/")
        content = (tmp_path / name).read_bytes()
        assert (outside, row["sha256"]) == ("<outside>", hashlib.sha256(content).hexdigest())
        assert int(row["size"]) == len(content)


def test_limits_come_from_the_config(tmp_path):
    image, mask = make()
    mask.SetOrigin([x + 0.1 for x in mask.GetOrigin()])
    scans = [save(tmp_path, image, mask)]
    problems, predicted = rows_of(tmp_path, scans)
    assert len(problems) == 1 and predicted == []
    assert rows_of(tmp_path, scans, repair_mm=0.2)[0] == []
    (row,), predicted = rows_of(tmp_path, scans, repair_mm=0.2, minimum_voxels=10**6)
    assert "too small" in row["problem"] and row["severity"] == "problem"
    assert len(predicted) == 1


def test_a_doubtful_mask_is_a_warning_and_is_measured(tmp_path):
    image, mask = make()
    mask[1:3, 1:3, 1:3] = 1
    scans = [save(tmp_path, image, mask)]
    (row,), predicted = rows_of(tmp_path, scans)
    assert (row["kind"], row["severity"]) == ("several_components", "warning")
    assert len(predicted) == 1
    assert rows_of(tmp_path, scans, masks={"several_components": "allow"})[0] == []


def crash(*given):
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(*given):
    signal.pause()


def fail(*given):
    raise RuntimeError("a library's own words")


@pytest.mark.parametrize(
    ("harm", "said"), [(crash, "signal 11"), (hang, "1 s"), (fail, "a library's own words")]
)
def test_a_scan_that_brings_the_reader_down_costs_the_others_nothing(
    tmp_path, monkeypatch, harm, said
):
    examine = check_images.examine

    def examine_or_harm(scan, limits):
        return harm() if scan["patient"] == "P2" else examine(scan, limits)

    monkeypatch.setattr(check_images, "examine", examine_or_harm)
    monkeypatch.setattr(check_images, "MOST_SECONDS", 1)
    scans = [save(tmp_path, *make(), patient=name) for name in ("P1", "P2", "P3")]
    (row,), predicted = rows_of(tmp_path, scans)
    assert (row["patient"], row["phase"], row["reading"]) == ("P2", "CT", "a1")
    assert (row["kind"], row["severity"], row["file"]) == (
        "unreadable",
        "problem",
        scans[1]["image"],
    )
    assert said in row["found"] and row["remedy"]
    assert [row["patient"] for row in predicted] == ["P1", "P3"]
