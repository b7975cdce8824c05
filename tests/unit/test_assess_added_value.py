"""The rule on a made cohort: its tests and its nomogram against fits that are made here anew."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from assess_added_value import main
from jobs import job
from synthetic_cohort import CHOICES, cohort

from nomoflow.dataset import CLINICAL, COMBINED, as_dataset
from nomoflow.model_document import model_document
from nomoflow.models import Choices, Fitted, complete, fit_models, fit_signatures
from nomoflow.run import read_table, write_json, write_table
from nomoflow.validation import cross_validate, predictions

NAMES = ["nomogram", "radiomics", "image_features"]
SIGNATURES = [*CHOICES.phases, COMBINED]
TESTS = [
    ("in_sample", "image_features", "nomogram"),
    ("in_sample", "radiomics", "nomogram"),
    ("out_of_fold", "image_features", "nomogram"),
    ("out_of_fold", "radiomics", "nomogram"),
]


def assess(folder, table, choices: Choices = CHOICES, filled_in=None, repeats=2):
    """Fit and cross-validate the models, run the script: tests, coefficients and the document."""
    data = as_dataset(table)
    signatures = fit_signatures(data, choices, [1], SIGNATURES)
    whole = complete(data, filled_in or {})
    models = fit_models(whole, signatures, choices)
    columns = Fitted(signatures, models, {}, filled_in or {}).design(data)
    document = model_document({}, whole, columns, signatures, models, choices.predictors, {})
    write_table(table, folder / "dataset.parquet")
    write_json(document, folder / "model.json")
    rows = [cross_validate(data, choices, NAMES, repeat + 1, 1) for repeat in range(repeats)]
    rows.append(
        predictions(data, columns, models, NAMES, data.y, sample="apparent", repeat=0, fold=0)
    )
    write_table(pd.concat(rows, ignore_index=True), folder / "predictions.csv")
    return run(folder, choices), document


def run(folder, choices=CHOICES):
    main(
        job(
            {name.split(".")[0]: folder / name
             for name in ("dataset.parquet", "model.json", "predictions.csv")},
            {"likelihood_ratio": folder / "lr.csv", "coefficients": folder / "coefficients.csv"},
            {"choices": vars(choices), "confidence": 0.95},
        )
    )  # fmt: skip
    return read_table(folder / "lr.csv"), read_table(folder / "coefficients.csv")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("added")
    (tests, coefficients), document = assess(folder, cohort(n=80, effect=1.0))
    return folder, tests, coefficients, document


def scores(folder, document):
    """Both Radscores by hand: from the document, and from the table of predictions."""
    table = read_table(folder / "dataset.parquet")
    signature = document["signatures"][COMBINED]
    inside = signature["intercept"] + sum(
        coefficient * (table[name] - mean) / sd
        for name, mean, sd, coefficient in zip(
            *(signature[key] for key in ("features", "means", "sds", "coefficients")), strict=True
        )
    )
    rows = read_table(folder / "predictions.csv")
    rows = rows.query("model == 'radiomics' and sample == 'cross_validated'")
    above = rows["linear_predictor"] - rows["baseline"]
    outside = above.groupby(rows["patient"]).mean().loc[table["patient"]].to_numpy()
    return table, {"in_sample": inside, "out_of_fold": outside}


def test_each_test_by_statsmodels(results):
    folder, tests, _, document = results
    assert list(tests.columns) == ["radscore", "model_a", "model_b", "chi2", "df", "p", "note"]
    found = tests.set_index(["radscore", "model_a", "model_b"])
    assert list(found.index) == TESTS
    table, radscores = scores(folder, document)
    clinical = table[[f"{CLINICAL}age", f"{CLINICAL}sex"]]

    def fit(x):
        model = sm.Logit(table["outcome"], sm.add_constant(x, has_constant="add"))
        return model.fit(disp=0, method="newton", tol=1e-12)

    for (radscore, smaller, _), row in found.iterrows():
        both = clinical.assign(radscore=radscores[radscore])
        less = both[["radscore"]] if smaller == "radiomics" else clinical
        test = fit(both).llf - fit(less).llf
        assert row["chi2"] == pytest.approx(2 * test, abs=1e-8)
        assert row["df"] == (2 if smaller == "radiomics" else 1)
    notes = tests.set_index("radscore")["note"]
    assert notes["in_sample"].str.contains("conditional on selection").all()
    assert notes["out_of_fold"].str.contains("held-out patients.*approximate").all()
    # select: all chooses nothing
    assert not tests["note"].str.contains("chosen").any()


def test_the_nomogram_with_the_out_of_fold_radscore(results):
    folder, _, coefficients, document = results
    table, radscores = scores(folder, document)
    x = table[[f"{CLINICAL}age", f"{CLINICAL}sex"]].assign(radscore=radscores["out_of_fold"])
    fit = sm.Logit(table["outcome"], sm.add_constant(x)).fit(disp=0, method="newton", tol=1e-12)
    rows = coefficients.set_index("term")
    assert list(rows.index) == ["(Intercept)", "radscore", "age", "sex"]
    for term, name in (("radscore", "radscore"), ("age", f"{CLINICAL}age")):
        assert rows.loc[term, "coefficient"] == pytest.approx(fit.params[name], abs=1e-8)
        assert rows.loc[term, "se"] == pytest.approx(fit.bse[name], rel=1e-6)
    assert rows.loc["radscore", "unit"] == "log odds"
    assert rows.loc["age", "coding"] == "per 10 years"
    assert coefficients["note"].str.contains("out-of-fold Radscore").all()
    assert not coefficients["note"].str.contains("fitted on the same patients").any()
    assert list(coefficients.columns)[:4] == ["term", "unit", "coding", "coefficient"]


def test_the_in_sample_test_is_the_more_optimistic_one(tmp_path):
    """On features of noise the in-sample Radscore seems to add; the held-out one need not."""
    (tests, _), document = assess(tmp_path, cohort(n=60, features=40, effect=0.0, seed=4))
    assert document["signatures"][COMBINED]["features"]
    found = tests.query("model_a == 'image_features'").set_index("radscore")
    assert found.loc["in_sample", "p"] < 0.05
    assert found.loc["out_of_fold", "chi2"] < found.loc["in_sample", "chi2"]


def test_empty_signature(tmp_path):
    table = cohort()
    for name in [name for name in table if "original" in name]:
        table[name] = 1.0
    (tests, coefficients), document = assess(tmp_path, table)
    assert document["signatures"][COMBINED]["status"] == "empty"
    assert len(tests) == 4 and tests[["chi2", "df", "p"]].isna().all(axis=None)
    assert tests["note"].str.startswith("not defined: the signature is empty").all()
    assert list(coefficients["term"]) == ["(Intercept)", "age", "sex"]
    assert (coefficients["note"] == "the nomogram has no Radscore").all()


def test_a_held_out_score_that_is_constant(tmp_path):
    assess(tmp_path, cohort())
    rows = read_table(tmp_path / "predictions.csv")
    rows["linear_predictor"] = rows["baseline"]
    write_table(rows, tmp_path / "predictions.csv")
    tests, coefficients = run(tmp_path)
    found = tests.set_index(["radscore", "model_a"])["note"]
    assert found["out_of_fold", "image_features"].startswith("not defined: radscore constant")
    assert "left out: radscore" in found["out_of_fold", "radiomics"]
    assert not found["in_sample"].str.contains("not defined").any()
    assert "radscore" not in set(coefficients["term"])
    assert coefficients["note"].str.contains("left out: radscore").all()


def test_without_clinical_predictors(tmp_path):
    choices = replace(CHOICES, predictors=[])
    (tests, coefficients), document = assess(tmp_path, cohort(), choices)
    assert document["models"]["image_features"]["status"] == "unavailable"
    assert (tests["note"] == "not defined: the study names no clinical predictors").all()
    assert list(coefficients["term"]) == ["(Intercept)", "radscore"]


def test_no_predictor_was_kept(tmp_path):
    choices = replace(CHOICES, select="univariate", p=1e-9)
    (tests, _), _ = assess(tmp_path, cohort(), choices)
    assert (tests["note"] == "not defined: no predictor was kept (univariate)").all()


def test_separated_classes(tmp_path):
    table = cohort(effect=8.0)
    choices = replace(CHOICES, score="lasso")
    (tests, coefficients), document = assess(tmp_path, table, choices)
    assert document["models"]["nomogram"]["status"] == "separated"
    assert tests["note"].str.contains("penalised likelihood ratio").all()
    assert (tests.query("model_a == 'image_features'")["p"] < 1e-4).all()
    assert coefficients["note"].str.contains("Firth's penalised likelihood").all()
    tests, coefficients = run(tmp_path, replace(choices, separated="ml"))
    assert tests["note"].str.contains("not defined: .*separate the classes").all()
    assert coefficients["note"].str.contains("no finite estimate").all()


def test_predictors_chosen_by_the_data_are_marked(tmp_path):
    """Backward elimination may keep other terms beside the Radscore than without it."""
    (before, _), document = assess(tmp_path, cohort(n=80))
    terms = document["models"]["nomogram"]["terms"]
    document["models"]["nomogram"]["terms"] = [t for t in terms if t["name"] != "age"]
    write_json(document, tmp_path / "model.json")
    tests, coefficients = run(tmp_path, replace(CHOICES, select="backward"))
    assert list(tests["model_b"]) == ["image_features + radscore", "nomogram"] * 2
    assert tests["note"].str.contains("clinical terms chosen on the same patients").all()
    # the Radscore is still tested beside all of the image-feature model's terms
    assert tests.iloc[0]["chi2"] == before.iloc[0]["chi2"]
    assert tests.iloc[1]["df"] == 1 and before.iloc[1]["df"] == 2
    assert list(coefficients["term"]) == ["(Intercept)", "radscore", "sex"]


def test_missing_predictors_are_filled_in_as_the_models_had_them(tmp_path):
    table, age = cohort(n=60), f"{CLINICAL}age"
    table.loc[[3, 17], age] = np.nan
    median = float(table[age].median())
    choices = replace(CHOICES, missing="impute")
    (tests, _), _ = assess(tmp_path, table, choices, {"age": median})
    (filled, _), _ = assess(tmp_path, table.assign(**{age: table[age].fillna(median)}), choices)
    inside = tests["radscore"] == "in_sample"
    assert tests.loc[inside, "chi2"].tolist() == filled.loc[inside, "chi2"].tolist()
    with pytest.raises(ValueError, match="age is missing in 2 of 60"):
        write_table(table, tmp_path / "dataset.parquet")
        run(tmp_path, CHOICES)


def test_a_score_that_points_the_wrong_way_is_said(tmp_path):
    assess(tmp_path, cohort(n=80, effect=1.0))
    rows = read_table(tmp_path / "predictions.csv")
    rows["linear_predictor"] = 2 * rows["baseline"] - rows["linear_predictor"]
    write_table(rows, tmp_path / "predictions.csv")
    notes = run(tmp_path)[0].set_index("radscore")["note"]
    assert notes["out_of_fold"].str.contains("coefficient is negative").all()
    assert not notes["in_sample"].str.contains("negative").any()
