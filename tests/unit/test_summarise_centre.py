import json

import pytest
from jobs import job
from summarise_centre import main
from synthetic_centres import MODEL, TERMS, participants, predictions, scans

from nomoflow.centre_summary import FORMAT, SCHEMA
from nomoflow.ledger import empty_ledger, head_of, look
from nomoflow.run import write_json, write_rows
from nomoflow.sealed import read_sealed


@pytest.fixture
def place(tmp_path):
    rows = predictions(80, 2)
    write_json({**MODEL, "predictors": TERMS}, tmp_path / "model.json")
    for name, table in (
        ("predictions", rows), ("participants", participants(rows)), ("acquisition", scans(rows)),
    ):  # fmt: skip
        write_rows(table, tmp_path / f"{name}.csv", table[0])
    _, entry = look(empty_ledger(), "B", "a" * 64, "c" * 64)
    write_json(head_of(entry), tmp_path / "look.json")
    return tmp_path


def run(place, out="summary.json", released=(), **without):
    names = {"model": "json", "predictions": "csv", "participants": "csv", "acquisition": "csv",
             "look": "json"}  # fmt: skip
    inputs = {n: str(place / f"{n}.{end}") for n, end in names.items() if n not in without}
    params = {"centre": "B", "smallest_cell": 5, "released": list(released)}
    main(job(inputs, {"summary": str(place / out)}, params))
    return read_sealed(place / out, SCHEMA, FORMAT)


def test_it_writes_a_sealed_summary(place):
    document = run(place)
    assert document["cohort"]["n"] == 80 and set(document["models"]) == {"nomogram", "radiomics"}
    assert [one["name"] for one in document["case_mix"]["predictors"]] == ["age", "sex"]
    assert document["ledger"] == {
        "looks": 1,
        "head": json.loads((place / "look.json").read_bytes())["digest"],
    }
    assert {"numpy", "python"} <= set(document["software"])


def test_the_same_bytes_again(place):
    run(place)
    run(place, "again.json")
    assert (place / "summary.json").read_bytes() == (place / "again.json").read_bytes()


def test_without_images_and_ledger(place):
    document = run(place, acquisition=None, look=None)
    assert document["case_mix"]["acquisition"] == []
    assert document["ledger"] == {"looks": None, "head": None}


def test_a_summary_too_near_to_one_that_left_is_not_written(place):
    run(place, "left.json")
    rows = [row for row in predictions(80, 2) if row["patient"] != "KEY02-0007"]
    write_rows(rows, place / "predictions.csv", rows[0])
    with pytest.raises(ValueError, match=r"left\.json: a summary of B has left"):
        run(place, released=[place / "left.json"])
    assert not (place / "summary.json").exists()
