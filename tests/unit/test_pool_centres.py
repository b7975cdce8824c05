import json

import numpy as np
import pandas as pd
import pytest
from jobs import job
from pool_centres import main
from synthetic_centres import MODEL, summary

from nomoflow.centres import CENTRE_COLUMNS, DCA_COLUMNS, read_summaries
from nomoflow.pooling import COLUMNS, POOLED
from nomoflow.run import read_table, write_json


def written(tmp_path, *documents):
    paths = [tmp_path / f"{i}.json" for i in range(len(documents))]
    for document, path in zip(documents, paths, strict=True):
        write_json(document, path)
    return paths


def run(tmp_path, *documents):
    write_json(MODEL, tmp_path / "model.json")
    paths = written(tmp_path, *documents)
    inputs = {"model": str(tmp_path / "model.json"), "summaries": list(map(str, paths))}
    out = {name: str(tmp_path / f"{name}.csv") for name in ("pooled", "centres", "dca")}
    main(job(inputs, out, {"confidence": 0.95}))
    return {name: read_table(path) for name, path in out.items()}


@pytest.mark.parametrize("count", [1, 2, 3, 12])
def test_tables_of_any_number_of_centres(tmp_path, count):
    tables = run(tmp_path, *(summary(f"C{i:02d}", 70 + 5 * i, i) for i in range(count)))
    pooled, centres, dca = (tables[name] for name in ("pooled", "centres", "dca"))
    assert list(pooled.columns) == list(COLUMNS)
    assert list(centres.columns) == list(CENTRE_COLUMNS) and len(centres) == 2 * count
    assert list(dca.columns) == list(DCA_COLUMNS) and (dca["net_benefit"] <= 1).all()
    assert len(pooled) == 2 * 4 * (count + 1)
    whole = pooled[(pooled["centre"] == POOLED) & (pooled["metric"] == "auc")]
    assert whole["n"].eq(sum(70 + 5 * i for i in range(count))).all()
    assert whole["tau2"].notna().all() == (count > 1)
    assert whole["prediction_low"].notna().all() == (count > 2)
    said = whole["method"].iloc[0]
    assert {1: "one centre", 2: "two centres"}.get(count, "REML") in said


def test_treating_everyone_is_by_the_centres_own_prevalence(tmp_path):
    dca = run(tmp_path, summary("B", 90, 3))["dca"]
    row = dca.iloc[0]
    share = row["events"] / row["n"]
    odds = row["threshold"] / (1 - row["threshold"])
    assert row["treat_all"] == pytest.approx(share - odds * (1 - share))


def test_a_centre_that_tells_nothing_is_listed_and_not_pooled(tmp_path):
    tables = run(tmp_path, summary("B", 90, 3), summary("tiny", 9, 4))
    pooled = tables["pooled"]
    tiny = pooled[pooled["centre"] == "tiny"]
    assert tiny["method"].str.startswith("not pooled: fewer than 5").all()
    assert (pooled[pooled["centre"] == POOLED]["n"] == 90).all()
    assert tables["centres"].set_index("centre").loc["tiny", "reason"].startswith("fewer than 5")


def test_no_centre_that_tells_anything(tmp_path):
    tables = run(tmp_path, summary("tiny", 9, 4))
    assert len(tables["pooled"]) == 0 and list(tables["pooled"].columns) == list(COLUMNS)
    assert len(tables["centres"]) == 1


def test_order_of_the_files_does_not_matter(tmp_path):
    documents = [summary(f"C{i}", 70 + 9 * i, i) for i in range(3)]
    one = run(tmp_path, *documents)["pooled"]
    other = run(tmp_path, *documents[::-1])["pooled"]
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    "documents, words",
    [
        (lambda: [summary("B"), summary("C", seed=2, digest="c" * 64)], "is of model demo version"),
        (lambda: [summary("B"), summary("b", seed=2)], "centre 'b' stands in"),
        (lambda: [summary("B"), summary("C")], "very numbers"),
        (lambda: [{**summary("B"), "format": "nomoflow-summary/0"}], "format 'nomoflow-summary/0'"),
        (lambda: [{**summary("B"), "centre": "Z"}], "changed after it was written"),
    ],
)
def test_what_does_not_belong_together_is_refused(tmp_path, documents, words):
    paths = written(tmp_path, *documents())
    with pytest.raises(ValueError, match=words) as error:
        read_summaries(paths, MODEL["digest"])
    said = str(error.value)
    assert str(paths[-1]) in said and "llowed is" in said and ": " in said


def test_none_is_refused():
    with pytest.raises(ValueError, match=r"centres\.summaries is empty"):
        read_summaries([], "a" * 64)


def test_separated_classes_have_no_slope_and_no_logit(tmp_path):
    from scipy.special import expit
    from synthetic_centres import predictions

    rows = []
    for row in predictions(60, 5, models=("nomogram",)):
        lp = (2.0 if row["outcome"] else -2.0) + float(row["linear_predictor"]) / 100
        rows.append({**row, "linear_predictor": lp, "probability": float(expit(lp))})
    tables = run(tmp_path, summary("B", 90, 3), summary("S", rows=rows))
    own = tables["pooled"].query("centre == 'S' and model == 'nomogram'").set_index("metric")
    assert own.loc["auc", "estimate"] == 1 and "no logit" in own.loc["auc", "method"]
    assert np.isnan(own.loc["calibration_slope", "estimate"])
    assert "separates" in own.loc["calibration_slope", "method"]
    assert own.loc["oe", "weight"] > 0
    assert json.loads((tmp_path / "1.json").read_bytes())["centre"] == "S"
