"""Rule check_images: a table of problems, and success whatever it finds."""

from types import SimpleNamespace as Job

from check_images import main
from synthetic_scans import make, save

from nomoflow.images import PROBLEM_COLUMNS
from nomoflow.run import read_rows


def run(tmp_path, scans, **params):
    output = Job(problems=tmp_path / "problems.csv")
    params = {"repair_mm": 0.01, "minimum_voxels": 64, **params}
    main(Job(params=Job(scans=scans, **params), output=output))
    return output.problems


def test_good_scans_give_a_header_alone(tmp_path):
    scans = [save(tmp_path, *make(), phase=phase) for phase in ("early", "late")]
    text = run(tmp_path, scans).read_text(encoding="utf-8")
    assert text == ",".join(PROBLEM_COLUMNS) + "\n"


def test_every_scan_is_checked(tmp_path):
    image, mask = make()
    scans = [
        save(tmp_path, image, mask, "P1"),
        save(tmp_path, image, mask * 0, "P2"),
        save(tmp_path, image, mask, "P3") | {"image": "gone.nii.gz"},
        save(tmp_path, image, mask, "P4", label=3),
    ]
    rows = read_rows(run(tmp_path, scans))
    assert [row["patient"] for row in rows] == ["P2", "P3", "P4"]
    assert [row["file"] for row in rows] == [scans[1]["mask"], "gone.nii.gz", scans[3]["mask"]]


def test_limits_come_from_the_config(tmp_path):
    image, mask = make()
    mask.SetOrigin([x + 0.1 for x in mask.GetOrigin()])
    scans = [save(tmp_path, image, mask)]
    assert len(read_rows(run(tmp_path, scans))) == 1
    assert read_rows(run(tmp_path, scans, repair_mm=0.2)) == []
    (row,) = read_rows(run(tmp_path, scans, repair_mm=0.2, minimum_voxels=10**6))
    assert "too small" in row["problem"]
