"""Rule compare_variants: a row a variant, model and honest sample."""

from types import SimpleNamespace as Job

from compare_variants import main

from nomoflow.run import read_rows, write_json, write_rows

COLUMNS = ("model", "sample", "metric", "estimate", "ci_low", "ci_high", "method")


def performance(path, sample, **areas):
    rows = [
        dict(zip(COLUMNS, (model, sample, metric, value, "", "", ""), strict=True))
        for model, area in areas.items()
        for metric, value in (("auc", area), ("brier", 0.2))
    ]
    write_rows(rows, path, COLUMNS)
    return path


def run(tmp_path, corrected):
    statuses, measured, more = [], [], []
    for name, features, area in (("study", ["CT_b", "CT_a"], 0.8), ("icc_0.9", [], 0.5)):
        statuses.append(tmp_path / f"{name}.json")
        write_json({"candidates": 7, "features": features}, statuses[-1])
        path = tmp_path / f"{name}.csv"
        measured.append(performance(path, "cross_validated", radiomics=area, nomogram=area + 0.1))
        path = tmp_path / f"{name}_corrected.csv"
        more.append(performance(path, "corrected_632", radiomics=0.7))
    out = tmp_path / "sensitivity.csv"
    main(
        Job(
            input=Job(statuses=statuses, measured=measured, corrected=more if corrected else []),
            output=Job(sensitivity=out),
            params=Job(
                variants={"icc_0.9": "reliability.threshold: 0.9"},
                models=["nomogram", "radiomics"],
            ),
        )
    )
    return read_rows(out)


def test_the_study_comes_first_and_an_empty_signature_is_a_row(tmp_path):
    rows = run(tmp_path, corrected=False)
    assert [(row["variant"], row["model"], row["auc"]) for row in rows] == [
        ("study", "nomogram", "0.9"),
        ("study", "radiomics", "0.8"),
        ("icc_0.9", "nomogram", "0.6"),
        ("icc_0.9", "radiomics", "0.5"),
    ]
    assert rows[0]["selected"] == "CT_b; CT_a" and rows[0]["features"] == "2"
    assert rows[2]["selected"] == "" and rows[2]["features"] == "0"
    assert rows[2]["changed"] == "reliability.threshold: 0.9"
    assert {row["candidates"] for row in rows} == {"7"}


def test_the_bootstrap_follows_where_it_was_asked_for(tmp_path):
    rows = run(tmp_path, corrected=True)
    study = [row for row in rows if row["variant"] == "study"]
    assert [(row["sample"], row["model"]) for row in study] == [
        ("cross_validated", "nomogram"),
        ("cross_validated", "radiomics"),
        ("corrected_632", "radiomics"),
    ]
