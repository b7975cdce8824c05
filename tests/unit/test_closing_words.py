from types import SimpleNamespace

import pytest

from nomoflow.closing_words import closing_words
from nomoflow.run import write_json, write_rows

MODEL = {"study": "demo", "version": 2, "digest": "0123456789abcdef" * 4}
ESTIMATES = ("model", "sample", "metric", "estimate", "ci_low", "ci_high")
PERFORMANCE = [
    ("radiomics", "external", "auc", "0.5", "", ""),
    ("radiomics", "external", "oe", "", "", ""),
    ("nomogram", "external", "auc", "0.8512", "0.7", "0.9"),
    ("nomogram", "external", "oe", "1.234", "1.0", "1.5"),
    ("nomogram", "external", "calibration_slope", "-0.456", "-1", "0.1"),
    ("volume", "external", "auc", "0.9", "0.8", "1.0"),
]


def study(model=MODEL, outcome_known=True, name="mine"):
    config = {
        "centres": {"model": model and "models/demo/model.json", "summaries": ["a", "b"]},
        "evaluation": {"confidence": 0.9},
        "images": {"on_problem": "stop"},
    }
    return SimpleNamespace(name=name, model=model, outcome_known=outcome_known, config=config)


@pytest.fixture
def validated(tmp_path, monkeypatch):
    """The tables of a validation: three patients, one of them an event, one not predicted."""
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "results/mine/centres"
    rows = [
        {"patient": p, "outcome": y, "model": m}
        for p, y in (("P1", 1), ("P2", 0), ("P3", 0))
        for m in ("nomogram", "radiomics")
    ]
    write_rows(rows, place / "predictions.csv", rows[0])
    rows = [dict(zip(ESTIMATES, row, strict=True)) for row in PERFORMANCE]
    write_rows(rows, place / "performance.csv", ESTIMATES)
    beyond = [{"patient": "P2", "name": "age"}, {"patient": "P2", "name": "volume_ml"}]
    write_rows(beyond, place / "outside_range.csv", ["patient", "name"])
    write_rows([{"patient": "P3"}], place / "not_predicted.csv", ["patient"])
    codes = [{"code": code} for code in ("few_events", "small_external", "few_events")]
    write_rows(codes, place / "warnings.csv", ["code"])
    write_json({"count": 4}, place / "look.json")
    write_json({}, place / "summary.json")
    return place


@pytest.mark.parametrize("targets", [["validate"], ["all"], [], ["results/mine/centres/roc.csv"]])
def test_a_validation_is_told_whatever_asked_for_it(validated, targets):
    lines = closing_words(study(), targets).splitlines()
    assert lines[1] == "Study mine: model demo version 2 (0123456789ab) on 3 patients, 1 event"
    head, nomogram, radiomics = lines[3:6]
    columns = ("AUC (90 % CI)", "O:E", "slope")
    starts = [head.index(name) for name in columns]
    for line, shown in ((nomogram, ("0.851 (0.700-0.900)", "1.23", "-0.46")),
                        (radiomics, ("0.500", "-", "-"))):  # fmt: skip
        assert [line[start:].partition("  ")[0] for start in starts] == list(shown)
    assert nomogram.strip().startswith("Radiomics nomogram")
    assert lines[6] == ""  # the volume is no main model
    told = "\n".join(lines[7:])
    assert "look      4 at external patients (models/demo/ledger.json)" in told
    assert "range     1 of 3 patients with a value outside the training range" in told
    assert "missing   1 of 3 patients without a prediction" in told
    assert "warnings  3: few_events (2), small_external (" in told
    assert "report    results/mine/report/validation.html" in told
    assert "summary   results/mine/centres/summary.json" in told


def test_nothing_is_told_of_a_validation_that_was_stopped_before_its_end(validated):
    (validated / "summary.json").unlink()
    assert closing_words(study(), ["validate"]) == ""
    assert closing_words(study(), []) == ""


def test_without_a_judged_model_that_is_said(validated):
    write_rows([], validated / "performance.csv", ESTIMATES)
    write_rows([], validated / "not_predicted.csv", ["patient"])
    told = closing_words(study(), ["validate"])
    assert "no model was judged" in told
    assert "missing" not in told


@pytest.mark.parametrize("targets", [["predict"], []])
def test_predictions_without_an_outcome(tmp_path, monkeypatch, targets):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "results/mine/predict"
    rows = [
        {"patient": "P1", "model": "nomogram", "probability": "0.4"},
        {"patient": "P1", "model": "volume", "probability": "0.3"},
        {"patient": "P2", "model": "nomogram", "probability": ""},
    ]
    write_rows(rows, place / "predictions.csv", rows[0])
    write_rows([{"patient": "P2"}, {"patient": "P2"}], place / "warnings.csv", ["patient"])
    assert closing_words(study(outcome_known=False), targets) == ""
    (place / "predictions.html").touch()
    told = closing_words(study(outcome_known=False), targets)
    assert "Study mine: model demo version 2 (0123456789ab), for research use" in told
    assert "predicted 1 of 2 patients (results/mine/predict/predictions.csv)" in told
    assert "warnings  of 1 patient (results/mine/predict/warnings.csv)" in told
    assert "page      results/mine/predict/predictions.html" in told


@pytest.mark.parametrize("model", [MODEL, None])
def test_centres_are_told_where_the_model_was_made_and_where_it_is_applied(
    tmp_path, monkeypatch, model
):
    monkeypatch.chdir(tmp_path)
    if model is None:
        write_json(MODEL, tmp_path / "models/mine/model.json")
    page = tmp_path / "results/mine/report/centres.html"
    page.parent.mkdir(parents=True)
    page.touch()
    assert closing_words(study(model), ["centres"]) == (
        "\nmodel demo version 2 (0123456789ab) at 2 centres: results/mine/report/centres.html\n"
    )


def test_a_study_of_its_own_is_told_by_its_summary_and_its_lock_by_the_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert closing_words(study(None), []) == ""
    complete = tmp_path / "results/mine/report/complete.txt"
    complete.parent.mkdir(parents=True)
    complete.write_text("\nStudy mine is complete.\n", encoding="utf-8")
    assert closing_words(study(None), ["all"]) == "\nStudy mine is complete.\n"
    rules = {"extract_features": {"cpu_seconds": 90.0}, "fit_lasso": {"cpu_seconds": 150.0}}
    run = tmp_path / "results/mine/provenance/run.json"
    write_json({"totals": {"all": {"cpu_seconds": 240.0}, "rules": rules}}, run)
    assert closing_words(study(None), []).splitlines()[2] == (
        "  CPU time  4.0 min, 38 % of it features (results/mine/provenance/run.json)"
    )
    # Features that came as a table took no time here.
    del rules["extract_features"]
    write_json({"totals": {"all": {"cpu_seconds": 150.0}, "rules": rules}}, run)
    assert closing_words(study(None), []) == "\nStudy mine is complete.\n"
    write_json({}, tmp_path / "results/mine/models/locked.json")
    write_json(MODEL, tmp_path / "models/mine/model.json")
    told = closing_words(study(None), ["lock"])
    assert "model demo version 2 (0123456789ab) is locked (models/mine/model.json)" in told


def test_preflight_and_sensitivity_are_told_together(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    columns = ["patient", "phase", "reading", "kind", "file", "found", "allowed", "remedy"]
    write_rows([], tmp_path / "results/mine/cohort/preflight.csv", columns)
    page = tmp_path / "results/mine/report/sensitivity.html"
    page.parent.mkdir(parents=True)
    page.touch()
    told = closing_words(study(None), ["sensitivity", "preflight"])
    assert "Every file of study mine was checked (results/mine/cohort/preflight.csv)" in told
    assert "The variants of study mine: results/mine/report/sensitivity.html" in told
