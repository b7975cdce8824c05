import json
import re
from pathlib import Path

import pytest
from jobs import job
from report_page import Page, section
from spoken_texts import english_on
from synthetic_validation import LOST, write_validation
from write_validation import main

from nomoflow.run import read_rows, write_rows

HOSTILE = "<script>alert('x')</script>\"&{{ 7 * 7 }}"
SECTIONS = ["summary", "inputs", "performance", "recalibration", "case_mix", "hosmer_lemeshow",
            "warnings", "settings"]  # fmt: skip
OPTIONAL = {
    "look": "no look was recorded",
    "development": "development study's own figures are not at hand",
    "mislabelled": "were not held against the model",
    "exclusions": "No patient was excluded",
    "outside_range": "Values were not held against the training range",
    "case_mix": "The two cohorts were not compared",
    "membership": "How well the cohorts can be told apart was not measured",
    "warnings": "Warnings were not collected",
    "figures": "Figure validation was not drawn in this run",
    "performance": "No model was judged here",
    "recalibration": "No model was recalibrated",
    "hosmer_lemeshow": "could not be computed",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_validation(tmp_path_factory.mktemp("validation"))


def write(folder, study, **changes):
    inputs = {k: v for k, v in {**study["inputs"], **changes}.items() if v is not None}
    page = folder / "report/validation.html"
    main(job(inputs, {"report": str(page)}, study["params"]))
    return page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def source(tmp_path_factory, study):
    return write(tmp_path_factory.mktemp("page"), study)


def rows(study, name):
    return read_rows(study["inputs"][name])


def test_sections_in_order(source):
    page = Page(source)
    assert [attributes["id"] for attributes in page.all("section")] == SECTIONS
    assert "centre_b: validation of mine ccRCC against AML.wovf · 90 patients" in page.words
    assert page.all("html") == [{"lang": "en"}]


def test_summary_names_model_people_and_look(source, study):
    words = section(source, "summary")
    digest = json.loads(Path(study["inputs"]["model"]).read_bytes())["digest"]
    assert f"version 1, digest {digest[:12]}" in words
    assert "made of 40 patients, 20 events, and is judged here on 90 patients, 45 events" in words
    assert "Look no. 3 at this model with external data" in words
    assert "Nothing was fitted to these patients" in words
    assert "45 patients with the outcome and 45 without (fewer than 100" in words


def test_the_external_auc_stands_beside_developments_own(source, study):
    words = section(source, "summary")
    auc = next(
        row for row in rows(study, "performance")
        if (row["model"], row["metric"]) == ("nomogram", "auc")
    )  # fmt: skip
    estimate, low, high = (f"{float(auc[name]):.3f}" for name in ("estimate", "ci_low", "ci_high"))
    line = words.split("Radiomics nomogram ")[1].split("Radiomics signature")[0]
    assert line.startswith(f"{estimate} ({low}–{high})")
    # cross-validated, then .632+, as written; the optimistic apparent 0.900 is not there
    assert line.strip().endswith("0.800 (0.800–0.950) 0.850 (0.800–0.950)")
    assert "0.900" not in line


def test_inputs_name_the_cause_and_the_patients(source, study):
    words = section(source, "inputs")
    assert "Age is in months, the model has it in years" in words
    assert "Remedy: give age in years: divide the column by 12." in words
    assert "Patients without a prediction (2)" in words
    for patient in LOST:
        assert f"{patient} age is missing Image-feature model, Radiomics nomogram" in words
    outside = rows(study, "outside_range")
    patients = {row["patient"] for row in outside}
    assert len(outside) > len(patients) > 5
    assert f"{len(patients)} of 90 patients have a value outside" in words
    assert f"patient by patient ({len(outside)})." in words
    far = outside[0]
    assert f"{far['patient']} {far['kind']} {far['name']} {float(far['value']):.4g}" in words


def test_all_models_at_their_locked_cutoffs(source, study):
    words = section(source, "performance")
    assert "Tumour volume 90 (45)" in words and "Radiomics nomogram 88 (44)" in words
    for row in rows(study, "performance"):
        if row["metric"] in ("sensitivity", "npv", "brier", "oe", "calibration_slope"):
            assert f"{float(row['estimate']):.3f}".replace("-", "−") in words


def test_recalibration_stands_beside_the_raw_model(source):
    words = section(source, "recalibration")
    assert "stands beside the locked model, never in its place" in words
    forms = ("As locked", "Recalibrated in the large", "Recalibrated, slope and intercept")
    places = [words.index(f"Radiomics nomogram {form}") for form in forms]
    assert places == sorted(places)
    assert "Radiomics nomogram As locked 0.000 1.000" in words
    # Every other section holds raw figures alone.
    assert "Recalibrated" not in re.sub(r'<section id="recalibration".*?</section>', "", source,
                                        flags=re.S)  # fmt: skip


def test_case_mix_side_by_side(source, study):
    words = section(source, "case_mix")
    age = next(row for row in rows(study, "case_mix") if row["variable"] == "age")
    for cohort in ("development", "centre"):
        mean, sd = (float(age[f"{cohort}_{name}"]) for name in ("mean", "sd"))
        assert f"{mean:.3f} ± {sd:.3f}" in words
    assert "; 2 missing" in words and "Patients 40 (100.0) 90 (100.0)" in words
    assert "Radscore, early, log odds" in words and "Radiomics nomogram, log odds" in words
    assert "early: manufacturer, GE 0 (0.0) 90 (100.0) differs" in words
    assert "early: slice thickness" in words
    member = rows(study, "membership")[0]
    assert age["label"] in re.search("by (.*?) alone", words)[1].split(", ")
    assert f"told apart with an AUC of {float(member['auc']):.3f}" in words
    features = [r for r in rows(study, "case_mix") if r["section"] == "feature"]
    assert words.index(features[0]["label"]) < words.index(features[-1]["label"])


def test_settings_are_the_models(source):
    words = section(source, "settings")
    for said in ("outcome.positive ccRCC", "software.", "per 10 years", "Terms of the locked"):
        assert said in words


@pytest.mark.parametrize("name", OPTIONAL)
def test_what_is_not_there_says_why(tmp_path, study, name):
    assert OPTIONAL[name] in Page(write(tmp_path, study, **{name: None})).words


def test_a_harmonised_model_stands_beside_itself_on_features_as_they_came(tmp_path, study, source):
    made = rows(study, "performance")
    beside = [
        {**row, "sample": "external_unharmonised", "estimate": "0.123"}
        for row in made if row["model"] == "radiomics" and row["metric"] == "auc"
    ]  # fmt: skip
    path = tmp_path / "performance.csv"
    write_rows([*made, *beside], path, list(made[0]))
    words = section(write(tmp_path, study, performance=str(path)), "performance")
    assert "Harmonised As they came" in words and "0.123" in words
    assert "As they came" not in section(source, "performance")


def test_without_the_table_of_reasons_the_predictions_own_are_told(tmp_path, study):
    words = section(write(tmp_path, study, not_predicted=None), "inputs")
    assert "P004 no probability: age is missing" in words


def test_tables_of_heads_alone_say_that_nothing_is_wrong(tmp_path, study):
    changed = {}
    for name in ("mislabelled", "exclusions", "not_predicted", "outside_range", "warnings"):
        found = rows(study, name)
        changed[name] = str(tmp_path / f"{name}.csv")
        write_rows([], changed[name], list(found[0]))
    words = Page(write(tmp_path, study, **changed)).words
    for said in ("No column looks mislabelled", "No patient was excluded",
                 "Each patient has a prediction", "No value of any patient lies outside",
                 "gave no warnings"):  # fmt: skip
        assert said in words
    assert "inputs does not fit" not in words


def test_hostile_text_stays_text(tmp_path):
    page_of = write(tmp_path, write_validation(tmp_path / "study", hostile=HOSTILE))
    page = Page(page_of)
    assert "script" not in page.tags and page_of.count("&lt;script&gt;") > 8
    assert "{{ 7 * 7 }}" in page.words and "49&#34;" not in page_of
    assert not any(name.startswith("on") for _, a in page.attributes for name in a)


def test_same_bytes_no_path_and_nothing_from_elsewhere(tmp_path, study):
    first = write(tmp_path, study)
    assert write(tmp_path, study) == first
    assert str(tmp_path) not in first and str(Path(study["inputs"]["model"]).parent) not in first
    assert not re.search(r"https?://|@import|url\(", first)
    assert not re.search(r">\s*(nan|NaN|None)\s*<", first)


def test_in_chinese(tmp_path):
    study = write_validation(tmp_path, language="zh")
    page = tmp_path / "report/validation.html"
    main(job(study["inputs"], {"report": str(page)}, study["params"]))
    source = page.read_text(encoding="utf-8")
    own = ("early", "late", "van Klaveren", "no tumour")
    assert english_on(source, own, sections=("settings",)) == set()
    assert "锁定模型" in source
