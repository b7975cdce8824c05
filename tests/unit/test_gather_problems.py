"""Rule gather_problems: the batches' tables as one, and what only their comparison shows."""

from gather_problems import COLUMNS, main
from jobs import job
from synthetic_phases import cohort, moved

from nomoflow.prediction import PREDICTED_COLUMNS
from nomoflow.run import read_rows, write_rows


def run(tmp_path, checks, predicted, limits=None):
    inputs = {"checks": [], "predicted": []}
    for name, parts, columns in (
        ("checks", checks, COLUMNS),
        ("predicted", predicted, PREDICTED_COLUMNS),
    ):
        for number, rows in enumerate(parts):
            inputs[name].append(tmp_path / f"{name}_{number}.csv")
            write_rows(rows, inputs[name][-1], columns)
    outputs = {name: tmp_path / f"{name}.csv" for name in ("problems", "predicted")}
    main(job(inputs, outputs, {"phases_apart": limits or {"centre_mm": 60, "volume_ratio": 4}}))
    return read_rows(outputs["problems"]), read_rows(outputs["predicted"])


def test_all_problems_in_one_order(tmp_path):
    rows = [dict.fromkeys(COLUMNS, "x") | {"patient": name} for name in ("B", "A", "C")]
    problems, predicted = run(tmp_path, [rows[2:], rows[:2], []], [])
    assert [row["patient"] for row in problems] == ["A", "B", "C"]
    assert predicted == []


def test_phases_are_compared_across_batches(tmp_path):
    far = moved(
        cohort(3), (0, 0, 80), lambda row: (row["patient"], row["phase"]) == ("P01", "late")
    )
    parts = [far[5:], far[:5]]
    problems, predicted = run(tmp_path, [[]], parts)
    (row,) = problems
    assert (row["patient"], row["phase"], row["kind"]) == ("P01", "late", "phases_differ")
    assert len(predicted) == 9 and predicted == sorted(
        predicted, key=lambda row: list(row.values())
    )
    assert run(tmp_path, [[]], parts[::-1]) == (problems, predicted)
    assert run(tmp_path, [[]], parts, {"centre_mm": 100, "volume_ratio": 4})[0] == []
