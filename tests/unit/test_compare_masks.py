"""Rule compare_masks: a row a pair of readings; what cannot be compared says why."""

import pytest
import SimpleITK as sitk
from compare_masks import main
from jobs import job
from synthetic_scans import make, save

from nomoflow.mask_distances import DICE_COLUMNS, compare
from nomoflow.run import read_rows


def run(tmp_path, scans):
    dice = tmp_path / "dice.csv"
    main(job(outputs={"dice": dice}, params={"scans": scans, "repair_mm": 0.01}))
    return read_rows(dice)


def test_rows_are_those_of_the_masks(tmp_path):
    image, mask = make()
    _, other = make(radius_mm=6)
    scans = [
        save(tmp_path, image, mask, "P2", reading="a1"),
        save(tmp_path, image, other * 3, "P2", reading="b1", label=3),
        save(tmp_path, image, mask, "P2", reading="a2"),
        save(tmp_path, image, mask, "P1", reading="a1"),
    ]
    inter, intra = run(tmp_path, scans)
    assert tuple(inter) == DICE_COLUMNS
    assert [inter[k] for k in DICE_COLUMNS[:5]] == ["P2", "CT", "inter", "a1", "b1"]
    assert [intra[k] for k in DICE_COLUMNS[:5]] == ["P2", "CT", "intra", "a1", "a2"]
    expected = compare(mask, other)
    assert float(inter["dice"]) == expected["dice"] < 0.9
    assert float(inter["hausdorff95_mm"]) == expected["hausdorff95_mm"] > 0
    assert float(intra["dice"]) == 1 and intra["reason"] == ""


@pytest.mark.parametrize("fault", ["empty", "gone", "grid"])
def test_a_pair_that_fails_costs_the_others_nothing(tmp_path, fault):
    image, mask = make()
    scans = [save(tmp_path, image, mask, p, reading=r) for p in ("P1", "P2") for r in ("a1", "b1")]
    if fault == "gone":
        scans[1]["mask"] = str(tmp_path / "no.mha")
    elif fault == "empty":
        sitk.WriteImage(mask * 0, scans[1]["mask"])
    else:
        for part, one in zip(("image", "mask"), make(size=(41, 36, 16)), strict=True):
            sitk.WriteImage(one, scans[1][part])
    first, second = run(tmp_path, scans)
    assert first["dice"] == first["volume_a_mm3"] == ""
    assert {"empty": "empty", "gone": "no such file", "grid": "one grid"}[fault] in first["reason"]
    assert second["dice"] == "1.0"


def test_without_a_second_reading_there_is_the_head_alone(tmp_path):
    scans = [save(tmp_path, *make())]
    assert run(tmp_path, scans) == []
    head = (tmp_path / "dice.csv").read_text(encoding="utf-8").strip()
    assert head == ",".join(DICE_COLUMNS)
