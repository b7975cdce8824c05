from types import SimpleNamespace as Job

import pandas as pd
import pytest
from measure_agreement import main
from sklearn.metrics import cohen_kappa_score

PREDICTORS = [
    {"name": "age", "kind": "continuous"},
    {"name": "sex", "kind": "binary", "positive": "male"},
    {"name": "beer", "kind": "binary", "positive": "yes"},
    {"name": "hyperdense", "kind": "binary", "positive": "yes"},
]


def run(folder, text, predictors=PREDICTORS, confidence=0.95):
    table = folder / "participants.csv"
    table.write_text(text)
    job = Job(
        input=Job(participants=str(table)),
        output=Job(agreement=str(folder / "agreement.csv")),
        params=Job(predictors=predictors, confidence=confidence),
    )
    main(job)
    return folder / "agreement.csv"


def test_signs_that_both_readers_read(tmp_path):
    first = ["yes", "yes", "no", "no", "yes", "no", ""]
    second = ["yes", "no", "no", "no", "yes", " no", "no"]
    lines = ["patient,age_a,age_b,sex,beer_a,beer_b,hyperdense_a"]
    lines += [
        f"{i},5,6,male,{a},{b},yes" for i, (a, b) in enumerate(zip(first, second, strict=True))
    ]
    table = pd.read_csv(run(tmp_path, "\n".join(lines)))
    assert table["sign"].tolist() == ["beer"]
    row = table.iloc[0]
    assert (row["n"], row["agreed"]) == (6, 5)
    expected = cohen_kappa_score(first[:6], [value.strip() for value in second[:6]])
    assert row["kappa"] == pytest.approx(expected)
    assert row["ci_low"] < row["kappa"] < row["ci_high"]
    narrow = pd.read_csv(run(tmp_path, "\n".join(lines), confidence=0.5)).iloc[0]
    assert row["ci_low"] < narrow["ci_low"] < row["kappa"] < narrow["ci_high"]


def test_one_level_throughout_has_no_kappa(tmp_path):
    table = pd.read_csv(run(tmp_path, "patient,beer_a,beer_b\n1,no,no\n2,no,no\n"))
    assert table["percent"].tolist() == [100]
    assert table[["kappa", "ci_low", "ci_high"]].isna().all(axis=None)


@pytest.mark.parametrize("predictors", [PREDICTORS, []])
def test_header_only_where_nothing_was_read_twice(tmp_path, predictors):
    path = run(tmp_path, "patient,sex,beer\n1,male,yes\n", predictors)
    assert path.read_text(encoding="utf-8") == "sign,n,agreed,percent,kappa,ci_low,ci_high\n"
