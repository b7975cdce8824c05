"""Variants of a study: one decision each, beginning at the first stage that it changes."""

from copy import deepcopy

import pytest

from nomoflow.variants import STAGES, variants

NOTHING = {
    "thresholds": [],
    "lower_limit": False,
    "within_training": False,
    "penalties": [],
    "scores": [],
    "leave_phase_out": False,
    "bin_widths": [],
    "shuffled_voxels": False,
    "resamples": False,
}
STUDY = {
    "images": {"phases": ["early", "late"]},
    "features": {"per_phase": {"early": {"binCount": 32}}, "table": None, "shuffle_voxels": False},
    "reliability": {"threshold": 0.75, "judged": "estimate", "filter": "once"},
    "signature": {"penalty": "min", "score": "refit"},
    "models": {"missing": "refuse"},
    "centres": {"harmonisation": {"method": "none", "batch": "scanner", "reference": None}},
}


def of(study=STUDY, **asked):
    return variants({**deepcopy(study), "sensitivity": NOTHING | asked})


def test_nothing_asked_nothing_made():
    assert of() == {}


def test_raw_features_stand_beside_harmonised_ones_whatever_is_asked():
    asked = {"method": "combat", "batch": "scanner", "reference": None}
    made = of(STUDY | {"centres": {"harmonisation": asked}})
    assert list(made) == ["raw"]
    raw = made["raw"]
    assert raw.config["centres"]["harmonisation"] == asked | {"method": "none"}
    assert raw.changed == "centres.harmonisation.method: none"
    assert (raw.owns("signature"), raw.owns("dataset")) == (True, False)


def test_a_variant_that_is_the_study_itself_is_left_out():
    assert list(of(thresholds=[0.75, 0.8], penalties=["min", "1se"], scores=["refit"])) == [
        "icc_0.8",
        "penalty_1se",
    ]


@pytest.mark.parametrize(
    ("asked", "name", "first", "changed"),
    [
        ({"thresholds": [0.9]}, "icc_0.9", "reliability", "reliability.threshold: 0.9"),
        (
            {"lower_limit": True},
            "icc_lower_limit",
            "reliability",
            "reliability.judged: lower_limit",
        ),
        (
            {"within_training": True},
            "icc_within_training",
            "validation",
            "reliability.filter: within_training",
        ),
        ({"scores": ["lasso"]}, "score_lasso", "signature", "signature.score: lasso"),
        ({"bin_widths": [10]}, "bin_width_10", "features", "binWidth 10 in every phase"),
        (
            {"shuffled_voxels": True},
            "shuffled_voxels",
            "features",
            "features.shuffle_voxels: true",
        ),
    ],
)
def test_one_decision(asked, name, first, changed):
    (made,) = of(**asked).values()
    assert (made.name, made.first, made.changed) == (name, first, changed)
    assert [made.owns(stage) for stage in STAGES] == [
        index >= STAGES.index(first) for index in range(len(STAGES))
    ]


def test_each_phase_is_left_out_in_turn():
    made = of(leave_phase_out=True)
    assert {name: one.config["images"]["phases"] for name, one in made.items()} == {
        "without_early": ["late"],
        "without_late": ["early"],
    }


def test_a_bin_width_replaces_a_bin_count():
    made = of(bin_widths=[10])["bin_width_10"]
    assert made.config["features"]["per_phase"] == {
        "early": {"binWidth": 10},
        "late": {"binWidth": 10},
    }


def test_a_ready_table_has_no_variants_of_extraction():
    table = deepcopy(STUDY)
    table["features"]["table"] = {"path": "x.csv"}
    assert of(table, bin_widths=[10], shuffled_voxels=True) == {}


def test_imputed_studies_are_compared_with_complete_cases():
    imputed = deepcopy(STUDY)
    imputed["models"]["missing"] = "impute"
    made = of(imputed)["complete_cases"]
    assert made.config["models"]["missing"] == "leave_out" and made.first == "dataset"


def test_the_study_itself_is_never_changed():
    study = {**deepcopy(STUDY), "sensitivity": NOTHING | {"thresholds": [0.8]}}
    before = deepcopy(study)
    variants(study)
    assert study == before
