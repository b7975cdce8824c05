"""The report's sections from the evaluation on: what they lead with, and what they leave folded."""

import re
from pathlib import Path

import pytest
from report_page import Page, drop_rows, section, write
from report_study import write_study
from report_validation import reclassification

from nomoflow.run import read_rows, write_rows


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path)


def test_performance_has_all_samples_and_the_spread_over_repeats(tmp_path, study):
    words = section(write(tmp_path, study), "roc")
    assert re.search(
        r"AUC 0\.900 \(0\.870–0\.920\) 0\.910 \(.*?\) 0\.936 \(.*?\) 0\.956 \(.*?\) "
        r"SD 0\.012 0\.885–0\.917 AUC within folds, mean 0\.896",
        words,
    )
    assert "of the 5 repeats" in words and "Net benefit at a threshold of 0.5" in words
    words = section(write(tmp_path, study), "calibration")
    for measure in ("Observed : expected", "ICI", "E50", "E90"):
        assert words.count(f"{measure} ") >= 3


def test_hosmer_lemeshow_gives_the_range_over_groups(tmp_path, study):
    words = section(write(tmp_path, study), "calibration")
    # 0.948 - 0.08 * 5 = 0.548
    assert "Radiomics nomogram, P from 0.548 to 0.948 over 5 to 15 groups" in words
    assert "Radiomics nomogram Apparent (optimistic) 2.71 df 8 0.548 0.628" in words
    assert "Cross-validated: no P for pooled predictions." in words


def test_hosmer_lemeshow_of_other_groups_than_ten(tmp_path, study):
    drop_rows(study, "hosmer_lemeshow", lambda row: row["groups"] != "8")
    source = write(tmp_path, study)
    assert 'title="not computed for 10 groups"' in source
    assert "Hosmer-Lemeshow test. Journals" in Page(source).words


def test_added_value_is_stated_with_the_out_of_fold_radscore(tmp_path, study):
    words = section(write(tmp_path, study), "comparison")
    assert (
        "What the radiomics nomogram adds to the image-feature model, with the out-of-fold "
        "Radscore: likelihood ratio χ² = 9.61, df = 1, P = 0.002. Remark: P is approximate."
    ) in words
    statement, tests = words.split("Likelihood-ratio tests of nested models")
    assert "48.20" not in statement and "In sample (optimistic) 48.20 1 <0.001" in tests


def test_a_test_that_is_not_defined_gives_its_reason(tmp_path, study):
    none = {"chi2": "", "df": "", "p": "", "note": "not defined: the signature is empty (no)",
            "model_b": "image_features + radscore"}  # fmt: skip
    path = Path(study["input"]["likelihood_ratio"])
    rows = read_rows(path)
    write_rows([row | none for row in rows], path, list(rows[0]))
    assert (
        "What the image-feature model + Radscore adds to the image-feature model: the test is not "
        "defined (the signature is empty (no))."
    ) in Page(write(tmp_path, study)).words


def test_differences_of_the_main_models_come_before_the_others(tmp_path, study):
    words = section(write(tmp_path, study), "comparison")
    main, further = words.split("Differences, further pairs of models.")
    # Honest before optimistic; volume is no main model.
    pair = "Radiomics nomogram − Image-feature model 0.030 (−0.010 to 0.080) 0.020"
    assert f"AUC {pair}" in main and "Net benefit at a threshold of 0.5." in main
    assert "Radiomics nomogram − Tumour volume" not in main
    assert "AUC Radiomics nomogram − Tumour volume 0.030" in further


def test_an_interval_that_leaves_its_estimate_out_is_marked(tmp_path, study):
    path = Path(study["input"]["performance"])
    rows = read_rows(path)
    for row in rows:
        if (row["model"], row["sample"], row["metric"]) == ("nomogram", "corrected_632", "auc"):
            row |= {"ci_low": "0.915", "ci_high": "0.95", "method": "which leave the estimate out"}
    write_rows(rows, path, list(rows[0]))
    source = write(tmp_path, study)
    words = section(source, "summary")
    assert "0.910 (0.915–0.950) †" in words
    assert "† The interval does not hold the estimate: see how it was made." in words
    assert '<abbr title="which leave the estimate out">0.910</abbr>' in source


def test_folded_subgroups_leave_out_levels_without_estimates(tmp_path, study):
    words = section(write(tmp_path, study), "subgroups")
    first, rest = words.split("Further measures")
    assert "Sex missing 4 4 —" in first and "Sex missing" not in rest


def test_reclassification_only_on_request(tmp_path, study):
    assert "Reclassification" not in Page(write(tmp_path, study)).words
    path = tmp_path / "reclassification.csv"
    rows = reclassification()
    write_rows(rows, path, list(rows[0]))
    words = Page(write(tmp_path, study, input={"reclassification": str(path)})).words
    assert (
        "Reclassification, as asked for" in words and "nri events 0.310 0.120 2.60 0.010" in words
    )


SHARES = (
    "corticomedullary 0.41 (0.33–0.49) 0.00 (0.00–0.12) 0.14 (0.07–0.26) 0.06 (0.02–0.16) 8 (5–12)"
)


def test_stability_lists_the_top_features_and_all_of_the_final_signature(tmp_path, study):
    words = section(write(tmp_path, study), "stability")
    assert SHARES in words
    combined = words[words.index("Signature combined: how often") :]
    # Final features 0, 1, 2, 3, 5, 8 and 40; the seventh was chosen in 1 of 50 resamples.
    assert "Of 7 in the final signature, 6 are in half of the resamples or more" in combined
    assert "29 more stand in signature/combined/frequency.csv" in combined
    assert "Idm14 not kept 20 of 50 40 30 to 50" in combined
    assert "Idm15" not in combined and "Idm40 kept 1 of 50 2 0 to 12" in combined
    assert 'title="not defined: the signature is empty in every resample"' in write(tmp_path, study)


def test_baselines_stand_in_one_table_from_the_simplest(tmp_path, study):
    words = section(write(tmp_path, study), "baselines")
    names = ("Tumour volume alone", "Image features alone", "Radiomics, corticomedullary alone",
             "Radiomics, all phases combined", "Nomogram: combined")  # fmt: skip
    places = [words.index(name) for name in names]
    assert places == sorted(places)
    # |rho| of 0.88 and 0.92 exceed 0.7; the Radscore leads, then by size.
    assert "2 of 7 features lie beyond ±0.7" in words
    assert re.search(r"Radscore 100 0\.210 .*? glcm_Idm6 100 0\.920", words)
    assert "Signature nephrographic: correlation with the tumour's volume. It has no" in words


def test_an_unknown_volume_is_said(tmp_path, study):
    path = Path(study["input"]["volume_correlation"])
    rows = read_rows(path)
    gone = {"n": "0", "rho": "", "ci_low": "", "ci_high": ""}
    write_rows([row | gone for row in rows], path, list(rows[0]))
    drop_rows(study, "performance", lambda row: row["model"] == "volume")
    words = section(write(tmp_path, study), "baselines")
    assert "no tumour-volume baseline" in words and "were not compared with the tumour" in words


def test_subgroups_have_patients_events_and_no_tests(tmp_path, study):
    source = write(tmp_path, study)
    words = section(source, "subgroups")
    assert "Sex male 60 40 0.880 (0.780–0.950) 0.850" in words and "There are no tests" in words
    assert words.index("cross-validated") < words.index("apparent (optimistic)")
    assert 'title="too few patients of a class"' in source


def test_variants_stand_beside_the_study(tmp_path, study):
    words = section(write(tmp_path, study), "sensitivity")
    assert words.index("AUC, cross-validated") < words.index("AUC, Harrell's (optimistic)")
    # Four features, three of which are the study's own too; the last variant keeps none.
    assert "icc 0.8 reliability.threshold: 0.8 2110 4 3 0.890 (0.820–0.950)" in words
    assert "phases without nephrographic 1210 0 0 0.860" in words
