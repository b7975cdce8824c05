"""Each warning fires beyond its limit and not at it, names its numbers and says what to do."""

import pytest
from collect_warnings import main
from jobs import job

from nomoflow.image_problems import PROBLEM_COLUMNS
from nomoflow.run import read_rows, write_json, write_rows

FAILURE = ("patient", "phase", "reading", "stage", "reason", "detail")
ICC = ("phase", "feature", "comparison", "icc", "kept")
MISSING = ("variable", "kind", "n", "missing", "percent", "values", "positive_missing",
           "negative_missing")  # fmt: skip
TERMS = [{"name": "radscore"}, {"name": "age"}]
FITTED = {"status": "fitted", "reason": "", "terms": TERMS}
MODELS = {"nomogram": FITTED, "image_features": FITTED}
GOOD = {
    "nomogram": (0.95, 0.93),
    "radiomics": (0.94, 0.92),
    "image_features": (0.9, 0.88),
    "volume": (0.6, 0.59),
}


def gaps(missing, n=1000, values="54.1", **more):
    split = {"positive_missing": missing, "negative_missing": 0, **more}
    row = {"variable": "age", "kind": "continuous", "n": n, "missing": missing,
           "percent": 100 * missing / n, "values": values}  # fmt: skip
    return row | split


def collect(
    folder, *, failures=(), icc=(), combined=None, models=None, vif=(), prescaled=False,
    missing=None, cohort=(1000, 500), aucs=None, penalties=(), volume=(),
):  # fmt: skip
    """The warnings that a study's tables give."""
    write_rows(failures, folder / "failures.csv", FAILURE)
    write_rows(
        icc or [dict(zip(ICC, ("CT", "a", "inter", "0.9", "True"), strict=True))],
        folder / "icc.csv",
        ICC,
    )
    status = {"status": "selected", "reason": "", "candidates": 5, "constant": 0}
    write_json(status | (combined or {}), folder / "combined.json")
    document = {"cohort": dict(zip(("patients", "events"), cohort, strict=True))}
    write_json(document | {"models": MODELS | (models or {})}, folder / "m.json")
    write_rows(vif, folder / "vif.csv", ("model", "term", "vif"))
    write_rows([gaps(0)] if missing is None else missing, folder / "missing.csv", MISSING)
    write_rows(
        [
            {"model": model, "sample": sample, "metric": metric, "estimate": estimate}
            for model, pair in (GOOD if aucs is None else aucs).items()
            for sample, estimate in zip(("apparent", "cross_validated"), pair, strict=True)
            for metric in ("auc", "brier")
        ],
        folder / "performance.csv",
        ("model", "sample", "metric", "estimate"),
    )
    write_rows(penalties, folder / "penalties.csv", ("signature", "resample", "status"))
    write_rows(volume, folder / "volume.csv", ("signature", "feature", "rho"))
    write_rows([], folder / "preflight.csv", PROBLEM_COLUMNS)
    main(
        job(
            {
                "preflight": folder / "preflight.csv",
                "failures": [folder / "failures.csv"],
                "icc": folder / "icc.csv",
                "statuses": [folder / "combined.json"],
                "model": folder / "m.json",
                "vif": folder / "vif.csv",
                "missing": folder / "missing.csv",
                "performance": folder / "performance.csv",
                "penalties": folder / "penalties.csv",
                "volume_correlation": folder / "volume.csv",
            },
            {"warnings": folder / "warnings.csv"},
            {"signatures": ["combined"], "prescaled": prescaled, "volume_change": 0.1},
        )
    )
    rows = read_rows(folder / "warnings.csv")
    assert all(row["message"] and row["remedy"] and row["subject"] for row in rows)
    assert all(len(row["subject"]) <= 40 for row in rows)
    return rows


def codes(folder, **fault):
    return [row["code"] for row in collect(folder, **fault)]


def resamples(empty, n):
    return [
        {"signature": "combined", "resample": i, "status": "empty" if i < empty else "selected"}
        for i in range(n)
    ]


def rho(value, feature="radscore"):
    return [{"signature": "combined", "feature": feature, "rho": value}]


def test_a_study_without_fault_has_no_warning(tmp_path):
    assert collect(tmp_path) == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"failures": [dict.fromkeys(FAILURE, "x")]}, "failed_case"),
        ({"prescaled": True}, "prescaled"),
        ({"icc": [dict(zip(ICC, ("CT", "a", "none", "", "True"), strict=True))]}, "not_assessed"),
        (
            {"icc": [dict(zip(ICC, ("CT", "a", "inter", "", "False"), strict=True))]},
            "undefined_icc",
        ),
        ({"combined": {"status": "empty"}}, "empty"),
        ({"combined": {"status": "fallback", "reason": "separated"}}, "refit_fallback"),
        ({"combined": {"constant": 1}}, "constant_features"),
        ({"models": {"nomogram": FITTED | {"status": "separated"}}}, "separation"),
        (
            {"models": {"volume": {"status": "unavailable", "reason": "no volume", "terms": []}}},
            "unavailable",
        ),
    ],
)
def test_each_fault_has_its_warning(tmp_path, fault, code):
    assert codes(tmp_path, **fault) == [code]


@pytest.mark.parametrize(
    ("at_the_limit", "beyond", "code"),
    [
        ({"missing": [gaps(0)]}, {"missing": [gaps(1)]}, "missing_values"),
        ({"cohort": (1000, 200)}, {"cohort": (1000, 199)}, "class_imbalance"),
        ({"cohort": (1000, 800)}, {"cohort": (1000, 801)}, "class_imbalance"),
        (
            {"vif": [{"model": "nomogram", "term": "age", "vif": "10.0"}]},
            {"vif": [{"model": "nomogram", "term": "age", "vif": "10.01"}]},
            "collinear",
        ),
        # 500 of the smaller class for one predictor and 49 or 50 features
        (
            {"combined": {"candidates": 49}},
            {"combined": {"candidates": 50}},
            "events_per_candidate",
        ),
        (
            {"aucs": GOOD | {"radiomics": (0.95, 0.85)}},
            {"aucs": GOOD | {"radiomics": (0.951, 0.85)}},
            "optimism",
        ),
        (
            {"aucs": GOOD | {"volume": (0.55, 0.5)}},
            {"aucs": GOOD | {"volume": (0.55, 0.499)}},
            "below_chance",
        ),
        ({"penalties": resamples(10, 50)}, {"penalties": resamples(11, 50)}, "empty_resamples"),
        ({"volume": rho(0.7)}, {"volume": rho(0.701)}, "volume_proxy"),
        ({"volume": rho(-0.7)}, {"volume": rho(-0.701)}, "volume_proxy"),
        (
            {"aucs": GOOD | {"volume": (0.93, 0.929)}},
            {"aucs": GOOD | {"volume": (0.93, 0.93)}},
            "not_above_volume",
        ),
        # (1.96 / 0.05)^2 / 4 = 384.2 for the overall risk
        ({"cohort": (385, 192)}, {"cohort": (384, 192)}, "sample_size"),
    ],
)
def test_a_warning_comes_beyond_its_limit(tmp_path, at_the_limit, beyond, code):
    assert codes(tmp_path, **at_the_limit) == []
    assert set(codes(tmp_path, **beyond)) == {code}


def only(folder, **fault):
    (row,) = collect(folder, **fault)
    return row


def test_the_published_study_is_told_that_it_is_too_small(tmp_path):
    """149 patients, 47 of the smaller class, seven parameters (STUDY: Miao 2023)."""
    rows = collect(
        tmp_path,
        cohort=(149, 102),
        models={"nomogram": FITTED | {"terms": [{}] * 7}},
        aucs={"nomogram": (0.979, 0.89), "image_features": (0.933, 0.89)},
        combined={"candidates": 1021, "constant": 6},
        missing=[gaps(0, variable=f"v{i}") for i in range(6)],
    )
    found = [(row["code"], row["subject"]) for row in rows]
    assert found == [
        ("constant_features", "combined"),
        ("events_per_candidate", "nomogram"),
        ("events_per_candidate", "image_features"),
        ("sample_size", "nomogram"),
        ("sample_size", "image_features"),
    ]
    events, clinical, size = (row["message"] for row in rows[1:4])
    assert "47 patients of the smaller class for 1021 candidates (6 clinical predictors" in events
    assert "1015 features offered to the LASSO): 0.046 each" in events
    assert "47 patients of the smaller class for 6 candidates" in clinical
    # the figures of R's pmsampsize (see tests/reference/test_sample_size_r.py)
    assert size.startswith("149 patients for 7 parameters; at the cross-validated AUC of 0.890")
    assert "needs 332: 125 for a shrinkage" in size
    assert "152 for an optimism" in size and "332 for the overall risk" in size
    assert rows[3]["remedy"].startswith(
        "add 183 patients, or fewer predictors: 149 patients suit 6"
    )


def test_a_size_that_only_the_overall_risk_asks_for_is_not_mended_by_fewer_predictors(tmp_path):
    for row in collect(tmp_path, cohort=(200, 100)):
        assert row["code"] == "sample_size"
        assert row["remedy"].startswith("add 185 patients; until then")


@pytest.mark.parametrize("auc", [0.5, 0.42, 0.5 + 1e-12])
def test_a_model_no_better_than_chance_has_no_sample_size(tmp_path, auc):
    aucs = GOOD | {"image_features": (0.51, auc)}
    row, *more = collect(tmp_path, aucs=aucs)
    assert [each["code"] for each in more] == ["below_chance"] * (auc < 0.5)
    assert (row["code"], row["subject"]) == ("sample_size", "image_features")
    assert "is hardly above chance" in row["message"]


def test_a_perfect_model_is_no_error(tmp_path):
    perfect = dict.fromkeys(("nomogram", "image_features"), (1.0, 1.0))
    assert codes(tmp_path, aucs=perfect) == []


@pytest.mark.parametrize("undefined", ["", "nan"])
def test_what_is_not_defined_warns_of_nothing(tmp_path, undefined):
    aucs = dict.fromkeys(GOOD, (undefined, undefined))
    assert codes(tmp_path, aucs=aucs, volume=rho(undefined)) == []


def test_a_study_without_predictors_or_volume(tmp_path):
    aucs = {"nomogram": GOOD["nomogram"], "radiomics": GOOD["radiomics"]}
    assert codes(tmp_path, missing=[], aucs=aucs) == []


def test_the_radscore_alone_stands_for_the_volume(tmp_path):
    assert codes(tmp_path, volume=rho(0.99, feature="CT_original_shape_MeshVolume")) == []
    assert (
        "rho of the Radscore with the tumour's volume is -0.81"
        in (only(tmp_path, volume=rho(-0.812))["message"])
    )


def test_each_signature_counts_its_own_resamples(tmp_path):
    rows = resamples(9, 10) + [row | {"signature": "early"} for row in resamples(2, 10)]
    row = only(tmp_path, penalties=rows)
    assert row["subject"] == "combined"
    assert "no feature in 9 of 10 resamples" in row["message"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            gaps(5, n=149, positive_missing=3, negative_missing=2),
            "age is missing in 5 of 149 patients (3.4 %), 3 of the positive class and 2 of the "
            "negative; they are imputed: 54.1 in the final models",
        ),
        (gaps(5, values=""), "those patients are left out of the models"),
    ],
)
def test_missing_values_are_told_by_class(tmp_path, row, message):
    found = only(tmp_path, missing=[row])
    assert (found["stage"], found["subject"]) == ("cohort", "age")
    assert message in found["message"]
    assert "complete_cases" in found["remedy"]


@pytest.mark.parametrize(("gap", "whole"), [(499, False), (500, True)])
@pytest.mark.parametrize("which", ["positive", "negative"])
def test_a_predictor_that_a_whole_class_lacks_is_to_be_left_out(tmp_path, gap, whole, which):
    split = {"positive_missing": 0, "negative_missing": 0, f"{which}_missing": gap}
    row = only(tmp_path, missing=[gaps(gap, **split)])
    assert ("a class has no value at all" in row["message"]) is whole
    assert row["remedy"].startswith("take age out of cohort.predictors") is whole


@pytest.mark.parametrize(
    ("cohort", "message"),
    [((1000, 100), "100 of 1000 patients (10.0 %) have"), ((1000, 900), "(10.0 %) lack")],
)
def test_an_imbalance_is_not_to_be_mended_by_resampling(tmp_path, cohort, message):
    row = next(row for row in collect(tmp_path, cohort=cohort) if row["code"] == "class_imbalance")
    assert message in row["message"]
    assert "Do not resample or weight the classes" in row["remedy"]


def test_optimism_is_named(tmp_path):
    row = only(tmp_path, aucs=GOOD | {"nomogram": (0.979, 0.85)})
    assert (row["code"], row["subject"]) == ("optimism", "nomogram")
    assert "AUC 0.979" in row["message"] and "0.850" in row["message"]
    assert "0.129 too good" in row["message"]
    # a model that does worse on its own patients is not optimistic
    assert codes(tmp_path, aucs=GOOD | {"volume": (0.4, 0.6)}) == []


def test_an_auc_below_one_half_is_no_effect_the_other_way_round(tmp_path):
    """Not optimism either, where the apparent AUC tells nothing too: 0.517 is 0.017 above 0.5."""
    row = only(tmp_path, aucs=GOOD | {"volume": (0.517, 0.307)})
    assert (row["code"], row["subject"]) == ("below_chance", "volume")
    assert "cross-validated AUC of 0.307, below 0.5" in row["message"]
    assert "do not turn the score round" in row["remedy"]
    optimism, below = collect(tmp_path, aucs=GOOD | {"radiomics": (0.92, 0.45)})
    assert (optimism["code"], below["code"]) == ("optimism", "below_chance")
    assert "0.450 (counted as 0.5) on patients held back: 0.420 too good" in optimism["message"]


@pytest.mark.parametrize(
    ("reason", "message", "remedy"),
    [
        ("sex separates: Firth's penalised estimates", "penalised likelihood", "fewer predictors"),
        ("sex separates: no finite estimate", "not defined", "models.separated: firth"),
    ],
)
def test_separation_is_explained_by_what_was_done_about_it(tmp_path, reason, message, remedy):
    row = only(tmp_path, models={"nomogram": FITTED | {"status": "separated", "reason": reason}})
    assert row["message"].startswith(reason) and message in row["message"]
    assert remedy in row["remedy"]
