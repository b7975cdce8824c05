"""Rule gather_dice: the batches as one table, and the ICC of the volumes."""

import numpy as np
import pandas as pd
import pytest
from gather_dice import main
from jobs import job

from nomoflow.mask_agreement import VOLUME_ICC_COLUMNS
from nomoflow.mask_distances import DICE_COLUMNS
from nomoflow.run import read_rows, write_rows

# Shrout and Fleiss (1979), table 2: six targets, judges 1 and 4.
# R: irr::icc(cbind(c(9, 6, 8, 7, 10, 6), c(8, 2, 6, 6, 9, 7)), "twoway", "agreement")
FIRST, FOURTH = (9, 6, 8, 7, 10, 6), (8, 2, 6, 6, 9, 7)


def rows(comparison, first, second, phase="CT"):
    empty = dict.fromkeys(DICE_COLUMNS, "")
    return [
        empty | {"patient": f"{i:03}", "phase": phase, "comparison": comparison, "dice": 0.9,
                 "volume_a_mm3": a, "volume_b_mm3": b}
        for i, (a, b) in enumerate(zip(first, second, strict=True))
    ]  # fmt: skip


def run(tmp_path, *batches, form="ICC(A,1)"):
    paths = [tmp_path / f"{i}.csv" for i in range(len(batches))]
    for path, batch in zip(paths, batches, strict=True):
        write_rows(batch, path, DICE_COLUMNS)
    outputs = {"dice": tmp_path / "dice.csv", "icc": tmp_path / "icc.csv"}
    params = {"phases": ["CT", "MR"], "form": form, "confidence": 0.95}
    main(job({"dice": paths}, outputs, params))
    return [read_rows(path) for path in outputs.values()]


def test_icc_of_volumes_by_mean_squares(tmp_path):
    """ICC(A,1) by its definition (McGraw and Wong 1996), written out over two-way mean squares."""
    table = np.array([FIRST, FOURTH], float).T
    n, k = table.shape
    grand = table.mean()
    between = k * ((table.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    judges = n * ((table.mean(axis=0) - grand) ** 2).sum() / (k - 1)
    total = ((table - grand) ** 2).sum()
    rest = (total - (n - 1) * between - (k - 1) * judges) / ((n - 1) * (k - 1))
    expected = (between - rest) / (between + (k - 1) * rest + k * (judges - rest) / n)
    batch = rows("inter", FIRST, FOURTH)
    dice, (icc,) = run(tmp_path, batch[3:], batch[:3])
    assert list(icc) == VOLUME_ICC_COLUMNS
    assert (icc["phase"], icc["comparison"], icc["n"]) == ("CT", "inter", "6")
    assert float(icc["icc"]) == pytest.approx(expected, abs=1e-12)
    assert float(icc["ci_low"]) < expected < float(icc["ci_high"])
    assert [row["patient"] for row in dice] == [f"{i:03}" for i in range(6)]


def test_pairs_without_a_volume_and_too_few_patients(tmp_path):
    inter = rows("inter", (*FIRST, ""), (*FOURTH, ""))
    intra = rows("intra", FIRST[:2], FOURTH[:2])
    _, (first, second) = run(tmp_path, inter, intra)
    assert (first["n"], second["n"], second["icc"]) == ("6", "2", "")
    assert second["reason"] == "2 patients have both volumes"


def test_a_study_without_second_readings_has_heads_alone(tmp_path):
    dice, icc = run(tmp_path, [], [])
    assert dice == icc == []
    assert list(pd.read_csv(tmp_path / "dice.csv").columns) == list(DICE_COLUMNS)
    assert list(pd.read_csv(tmp_path / "icc.csv").columns) == VOLUME_ICC_COLUMNS
