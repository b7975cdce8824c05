from pathlib import Path

import pytest
from jobs import job
from spoken_texts import english_on
from synthetic_cohort import PHASES
from synthetic_model import locked
from write_predictions import main

from nomoflow import mislabelled
from nomoflow.patient_predictions import COLUMNS, WARNING_COLUMNS
from nomoflow.run import read_table, write_json, write_rows, write_table


@pytest.fixture(scope="module")
def one():
    return locked()


def run(one, folder, language="en", **changed):
    document = {**one.document, **changed}
    write_json(document, folder / "model.json")
    write_table(one.clinical.drop(columns="outcome"), folder / "participants.csv")
    paths = []
    for phase in PHASES:
        own = [name for name in one.features.columns if name.startswith(f"{phase}_")]
        table = one.features[["patient", *own]].rename(
            columns={name: name.removeprefix(f"{phase}_") for name in own}
        )
        table.insert(1, "reading", "a1")
        paths.append(str(folder / f"{phase}.parquet"))
        write_table(table, paths[-1])
    inputs = {"model": str(folder / "model.json"), "features": paths,
              "participants": str(folder / "participants.csv")}  # fmt: skip
    out = {"predictions": "csv", "warnings": "csv", "page": "html"}
    outputs = {name: str(folder / f"{name}_out.{end}") for name, end in out.items()}
    inputs["mislabelled"] = folder / "mislabelled.csv"
    write_rows([], inputs["mislabelled"], mislabelled.COLUMNS)
    given = {"centre": "B", "confidence": 0.95, "pseudonyms": False, "language": language,
             "models": None, "on_mislabelled": "stop"}  # fmt: skip
    main(job(inputs, outputs, given))
    return outputs


def test_tables_and_page(one, tmp_path):
    outputs = run(one, tmp_path)
    table = read_table(outputs["predictions"])
    assert list(table.columns[: len(COLUMNS)]) == list(COLUMNS)
    assert set(table["patient"]) == set(one.data.patients)
    assert list(read_table(outputs["warnings"]).columns) == list(WARNING_COLUMNS)
    with open(outputs["page"], encoding="utf-8") as file:
        assert "For research use only" in file.read()


def test_the_same_bytes_again(one, tmp_path):
    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        outputs = run(one, tmp_path / name)
        files.append([Path(path).read_bytes() for path in outputs.values()])
    assert files[0] == files[1]


def test_a_changed_model_is_refused(one, tmp_path):
    with pytest.raises(ValueError, match="changed after it was made"):
        run(one, tmp_path, version=9)


def test_in_chinese(one, tmp_path):
    with open(run(one, tmp_path, language="zh")["page"], encoding="utf-8") as file:
        page = file.read()
    assert english_on(page) == set()
    assert "仅供科研使用。" in page and "对数优势" in page
