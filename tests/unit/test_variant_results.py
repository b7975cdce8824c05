"""A variant takes the study's own results up to the first stage that it changes."""

from types import SimpleNamespace

from unit.test_variants import NOTHING, STUDY

from nomoflow.variant_results import VariantResults

MODELS = ["nomogram", "radiomics", "image_features", "volume"]


def results(**asked):
    config = {**STUDY, "study": "mine", "sensitivity": NOTHING | asked}
    return VariantResults(config, MODELS, {"repeat": range(1, 3), "batch": range(1, 2)})


def of(study):
    return SimpleNamespace(study=study)


def test_the_study_has_its_own_results():
    found = results().result("features", "features/{phase}.parquet")(of("mine"))
    assert found == [f"results/mine/features/{phase}.parquet" for phase in ("early", "late")]


def test_a_variant_takes_what_it_does_not_change_from_the_study():
    made = results(thresholds=[0.9])
    variant = of("mine/sensitivity/icc_0.9")
    assert made.result("features", "a.csv")(variant) == "results/mine/a.csv"
    assert (
        made.result("models", "m/{repeat}.csv")(variant)
        == [f"results/mine/sensitivity/icc_0.9/m/{n}.csv" for n in (1, 2)]
    )  # fmt: skip
    assert made.setting("reliability.threshold")(variant) == 0.9
    assert made.setting("reliability.threshold")(of("mine")) == 0.75
    assert (made.signatures(variant), made.models(variant)) == (["combined"], MODELS[:2])
    assert made.signatures(of("mine")) == ["early", "late", "combined"]


def test_a_left_out_phase_has_no_results():
    made = results(leave_phase_out=True)
    found = made.result("features", "{phase}.parquet")(of("mine/sensitivity/without_early"))
    assert found == ["results/mine/late.parquet"]


def test_each_stands_for_the_study_and_its_variants():
    made = results(penalties=["min", "1se"])
    assert made.of_each("validation", "v.csv") == [
        "results/mine/v.csv",
        "results/mine/sensitivity/penalty_1se/v.csv",
    ]
