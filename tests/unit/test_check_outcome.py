import numpy as np
import pytest
from check_outcome import main
from jobs import job

from nomoflow.mislabelled import COLUMNS, stop_where_mislabelled
from nomoflow.run import read_rows, write_rows

OUTCOME = {"column": "diagnosis", "positive": "ccRCC", "negative": "AML.wovf"}
KNOWN = dict.fromkeys(COLUMNS, "x") | {"kind": "unit", "subject": "age"}


def run(folder, swapped=False, before=(), patients=60):
    """60 patients whom the score tells apart with an AUC of about 0.86."""
    random = np.random.default_rng(4)
    y = np.arange(patients) % 2
    score = random.normal(1.5 * y, 1)
    levels = [OUTCOME["negative"], OUTCOME["positive"]]
    people = [
        {"patient": f"P{i}", "diagnosis": levels[1 - one if swapped else one]}
        for i, one in enumerate(y)
    ]
    write_rows(people, folder / "participants.csv", people[0])
    rows = [
        {"patient": f"P{i}", "model": "nomogram", "linear_predictor": value,
         "outcome": 1 - one if swapped else one}
        for i, (one, value) in enumerate(zip(y, score, strict=True))
    ]  # fmt: skip
    write_rows(rows, folder / "predictions.csv", rows[0])
    write_rows(before, folder / "inputs.csv", COLUMNS)
    names = ("participants", "predictions", "inputs")
    output = folder / "mislabelled.csv"
    inputs = {name: folder / f"{name}.csv" for name in names}
    main(job(inputs, {"mislabelled": output}, {"outcome": OUTCOME}))
    return read_rows(output)


def test_an_outcome_in_order_raises_no_alarm(tmp_path):
    assert run(tmp_path) == []


def test_swapped_classes_are_named_after_what_the_inputs_showed(tmp_path):
    found = run(tmp_path, swapped=True, before=[KNOWN])
    assert [row["kind"] for row in found] == ["unit", "classes_swapped"]


def test_what_does_not_fit_stops_the_run_with_its_cause(tmp_path):
    run(tmp_path, swapped=True)
    with pytest.raises(ValueError, match="on_mislabelled: warn") as caught:
        stop_where_mislabelled(tmp_path / "mislabelled.csv", "stop")
    for part in ("found", "allowed", "remedy", "outcome"):
        assert part in str(caught.value)
    stop_where_mislabelled(tmp_path / "mislabelled.csv", "warn")
    stop_where_mislabelled(tmp_path / "inputs.csv", "stop")
