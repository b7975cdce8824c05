"""Variants of the study through the real command line, and missing values that are imputed."""

import pytest
import yaml
from spoken_texts import english_on
from workflow import running

pytestmark = pytest.mark.slow

NOTHING = {
    "thresholds": [],
    "lower_limit": False,
    "within_training": False,
    "penalties": [],
    "scores": [],
    "leave_phase_out": False,
}
CHINESE = {"report": {"language": "zh"}}
# English that a Chinese page keeps: sections as a whole, and names that have no other form.
ENGLISH = {
    "study": ("methods", "settings"),
    "sensitivity": (),
    "gallery": (),
    "checklists": ("clear", "metrics", "tripod_ai", "ibsi"),
}
NAMES = {"Cohen's kappa", "snakemake --cores all sensitivity"}
ASKED = NOTHING | {"penalties": ["1se"], "within_training": True, "bin_widths": [60]}


def areas(path, sample="cross_validated"):
    return {
        row["model"]: (row["estimate"], row["ci_low"], row["ci_high"])
        for row in running.read_csv(path)
        if (row["sample"], row["metric"]) == (sample, "auc")
    }


def of_variant(rows, name):
    return {
        row["model"]: (row["auc"], row["ci_low"], row["ci_high"])
        for row in rows
        if row["variant"] == name and row["sample"] == "cross_validated"
    }


def own_words(content):
    """A study's own words: labels, levels, reasons, and the names of predictors and phases."""
    if isinstance(content, dict):
        return set().union(*map(own_words, content.values()))
    if isinstance(content, list):
        return set().union(*map(own_words, content))
    return {content, content.replace("_", " ")} if isinstance(content, str) else set()


def test_variants_are_the_study_with_one_decision_changed(study):
    variants = {"sensitivity": ASKED | {"shuffled_voxels": True, "resamples": True}}
    asked = running.overlay(study, "asked", variants | CHINESE)
    before = running.digests(study / running.RESULTS)
    run = running.snakemake(study, "sensitivity", configs=(running.CI, asked)).succeeded()
    assert "resample_images" not in run.jobs and "simulate_patient" not in run.jobs
    after = running.digests(study / running.RESULTS)
    assert {name: after[name] for name in before} == before

    rows = running.read_csv(study / running.RESULTS / "evaluation/sensitivity.csv")
    names = list(dict.fromkeys(row["variant"] for row in rows))
    assert names == [
        "study", "icc_within_training", "penalty_1se", "bin_width_60", "shuffled_voxels",
    ]  # fmt: skip
    study_itself = areas(study / running.RESULTS / "evaluation/performance.csv")
    assert of_variant(rows, "study") == {m: study_itself[m] for m in ("nomogram", "radiomics")}
    assert {row["sample"] for row in rows} == {"cross_validated", "corrected", "corrected_632"}
    folder = study / running.RESULTS / "sensitivity"
    # What lies before the first stage that a variant changes is the study's own.
    assert not (folder / "penalty_1se/signature/dataset.parquet").exists()
    assert not (folder / "icc_within_training/signature").exists()
    assert (folder / "shuffled_voxels/features/nephrographic.parquet").exists()

    # The same decision as a study of its own gives the same figures.
    own = running.overlay(study, "own", {"signature": {"penalty": "1se"}} | CHINESE)
    alone = running.snakemake(study, configs=(running.CI, own)).succeeded()
    assert "extract_features" not in alone.jobs
    expected = areas(study / running.RESULTS / "evaluation/performance.csv")
    assert of_variant(rows, "penalty_1se") == {m: expected[m] for m in ("nomogram", "radiomics")}
    assert expected["radiomics"] != study_itself["radiomics"]
    pages = {
        name: (study / running.RESULTS / f"report/{name}.html").read_text(encoding="utf-8")
        for name in ENGLISH
    }
    assert "signature.penalty: 1se" in pages["sensitivity"]

    # Nothing on the Chinese pages is left English but what is named above.
    defaults = yaml.safe_load((study / "config/config.yaml").read_text(encoding="utf-8"))
    told = own_words([defaults["cohort"], defaults["evaluation"], list(running.PHASES)])
    names = {words for words in told if len(words) > 3} | NAMES
    left = {name: english_on(page, names, ENGLISH[name]) for name, page in pages.items()}
    assert not any(left.values()), left


def test_missing_values_are_imputed_and_compared_with_complete_cases(study):
    place = "config/ci/participants.csv"
    rows = running.read_csv(study / place)
    for row in rows[::4]:
        row["age"] = ""
    running.write_csv(study / "data/gaps.csv", rows)
    cohort = {"cohort": {"participants": "data/gaps.csv"}}
    refused = running.overlay(study, "refused", cohort)
    run = running.snakemake(study, configs=(running.CI, refused))
    assert run.code != 0 and "models.missing" in run.output

    imputed = {**cohort, "models": {"missing": "impute"}, "sensitivity": NOTHING}
    config = running.overlay(study, "imputed", imputed)
    running.snakemake(study, configs=(running.CI, config)).succeeded()
    results = study / running.RESULTS
    (age,) = [
        row for row in running.read_csv(results / "cohort/missing.csv") if row["variable"] == "age"
    ]
    assert int(age["missing"]) > 0 and age["values"]
    warnings = running.read_csv(results / "warnings.csv")
    assert "missing_values" in {row["code"] for row in warnings}
    running.snakemake(study, "sensitivity", configs=(running.CI, config)).succeeded()
    variants = {row["variant"] for row in running.read_csv(results / "evaluation/sensitivity.csv")}
    assert variants == {"study", "complete_cases"}
