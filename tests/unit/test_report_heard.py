"""The report in another language: no text beside the catalogue, none missing in it."""

import json
import re
from pathlib import Path

import pytest
from report_page import Page
from report_study import in_chinese, job, script, write_study
from spoken_texts import MODULES, ROOT, english_in, texts_in

from nomoflow import chinese_report, language
from nomoflow.report_heard import hear

# Modules and scripts whose words reach a table that a page shows.
TELLING = [
    *(MODULES / f"{name}.py" for name in (
        "added_value", "calibration", "caveats", "caveats_of_images", "caveats_of_performance",
        "centre_summary", "coefficients", "comparison", "corrected_intervals", "discrimination",
        "exclusions", "external", "firth", "hosmer_lemeshow", "icc", "intervals", "locked_model",
        "mask_agreement", "mask_distances", "membership", "mislabelled", "mislabelled_images",
        "models", "optimism", "pooling", "recalibration", "regression", "reliability", "signature",
        "stability", "subgroups", "variants",
    )),
    *(ROOT / f"scripts/{name}.py" for name in (
        "apply_criteria", "assess_added_value", "check_images", "draw_overlays",
        "extract_features", "resample_images",
    )),
]  # fmt: skip
# Sentences that are put together from others: what stands in their places.
TOGETHER = {
    "{} of {} patients ({} %) {} the outcome, below {} %: accuracy misleads, and a cut at a "
    "probability of 0.5 calls nearly all patients the same": [
        ("3", "40", "7.5", "have", "20"), ("3", "40", "7.5", "lack", "20"),
    ],
    "{}, shrunk towards 0; their intervals and tests are those of the penalised likelihood": [
        ("the predictors age separate the classes: Firth's penalised estimates",),
    ],
    "{}: {}{} ({})": [
        ("the mask has holes: surface and texture see a border inside the lesion", "2 scans",
         " of phase CT", "P1, P2"),
        ("the phases of the patient look exchanged", "1 patient", "", "P1"),
        ("the mask was moved onto the image's grid, by up to 0.5 mm", "7 of 9 scans",
         " of phase CT", "P1, P2, P3, P4, P5 and 2 more"),
        ("resampling changed the mask's volume by more than 10 % (-12.0 to +15.0 %)",
         "1 of 1 scan", " of phase CT", "P1"),
    ],
    "{} of the smaller class for {} ({}): {} each, fewer than {}": [
        ("8 patients", "12 candidates", "2 clinical predictors and 10 features offered to the "
         "LASSO", "0.67", "10"),
        ("8 patients", "1 candidate", "1 clinical predictor", "8", "10"),
        ("1 patient", "3 candidates", "3 features offered to the LASSO", "0.33", "10"),
    ],
    "{}; at the cross-validated AUC of {} (Cox-Snell R2 {}) a new model needs {}: {} for a "
    "shrinkage of at least {}, {} for an optimism in R2 of at most {}, {} for the overall risk "
    "within {} (Riley 2020, BMJ 368:m441)": [
        (f"16 patients for {what}", "0.719", "0.144", "385", "173", "0.9", "20", "0.05", "385",
         "0.05",
         "; the choice of features is not counted")
        for what in ("3 parameters", "1 candidate predictor")
    ],
    "{}: the cross-validated AUC of {} is hardly above chance, so no number of patients can be "
    "named that suffices": [("16 patients for 1 parameter", "0.512")],
    "add {} patients{}; until then validate on another centre before any use": [
        ("9", ""), ("9", ", or fewer predictors: 40 patients suit 2"),
    ],
    "AUC {} on the patients it was made from, {}{} on patients held back: {} too good, more than "
    "{}": [("0.9", "0.7", "", "0.2", "0.1"), ("0.9", "0.4", " (counted as 0.5)", "0.4", "0.1")],
    "{} is in {}, the model has it in {}": [
        ("Age", "months", "years"), ("Age", "a unit 10 times smaller", "its own unit"),
    ],
    "{}; divided by {} it is {}": [("20 to 90 (median 50)", "12", "1.7 to 7.5 (median 4)")],
    "give {} in {}: divide the column by {}": [("age", "the unit of training", "12")],
    "{} is coded otherwise than in training: {} is {}": [
        ("Sex", "no patient", "'male'"), ("Sex", "every patient", "'male'"),
    ],
    "the images of phase {} are offset by about {} HU {} the scale: the rescale intercept was ": [
        ("CT", "1024", "above", "not applied"), ("CT", "1024", "below", "applied twice"),
    ],
    "convert the images anew from DICOM with RescaleSlope and RescaleIntercept applied once, or "
    "{} {}": [("add", "1024"), ("subtract", "1024")],
    "mean intensity in the masks {}": [("20 to 90 (median 50)",)],
    "the names of phases are exchanged: {}": [("CT looks like MR, MR looks like CT",)],
    "the features were computed with another bin width than training's": [
        (), (", which is about 12 where training had 25",),
    ],
    "{} patients with and {} without the outcome: fewer than {} of a class, so that intervals are "
    "wide and a calibration curve is little more than noise{}": [
        ("9", "8", "100", "; slope and curve mean nothing with so few"),
    ],
    "not defined: {}": [
        ("no positive patient",), ("the difference has no variance",),
        ("the linear predictor is constant or separates the classes in 2 of 5 repeats",),
        ("separated by age: no finite estimate",),
    ],
    "{}; on the {} scale; {} centre(s)": [
        ("REML; Hartung-Knapp-Sidik-Jonkman, t; two centres: prediction interval not defined",
         "logit", "2"),
        ("REML; Hartung-Knapp-Sidik-Jonkman, t, at the usual standard error, which is larger",
         "log", "3"),
    ],
    "no voxel in ": [("both masks",), ("the first mask",), ("the second mask",)],
    "{} do not hold: {}": [
        ("location-shifted percentiles", "the apparent value is the same in all resamples"),
    ],
    "out-of-bag {}, moved to the estimate, models as they are; {}": [
        ("patients resampled 100 times, percentile",
         "location-shifted percentiles do not hold: the apparent value is the same in all "
         "resamples"),
    ],
    "interval not defined: {}; {}": [
        ("the out-of-bag value is the same whichever patients are drawn",
         "location-shifted percentiles do not hold: the apparent value is the same in all "
         "resamples"),
    ],
    "the signature is empty, so the nomogram is {}": [
        ("the image-feature model",), ("a constant: no predictor was kept either",),
    ],
    "the predictors {} separate the classes: {}": [
        ("age", "coefficients have no finite estimate"),
    ],
    "intercept and slope not defined: the linear predictor {}": [
        ("is constant",), ("separates the classes",),
    ],
    "it takes two resamples, there {} {}": [("is", "1"), ("are", "0")],
    "there are no {}": [("resamples",), ("resamples with a penalty",)],
    "median and quartiles of {} {}": [("9", "resamples"), ("9", "resamples with a penalty")],
    "{} not above {}": [("ICC", "0.75"), ("ICC's lower limit", "0.75")],
}  # fmt: skip
# What is no table's: parts of those above, logs, errors, and columns.
NOT_TOLD = {
    " of phase {}", "whole numbers", "not stated", "candidate predictors", "clinical predictor",
    "{} offered to the LASSO", "{} patients for {}", ", or fewer predictors: {} patients suit {}",
    " (counted as {})", "1 input does", "{} inputs do", "no patient", "every patient",
    "not applied", "applied twice", ", which is about {} where training had {}", "both masks",
    "the second mask", "the first mask", "the image-feature model", "is constant",
    "separates the classes", ", the same for both models,", "selected: signature {}",
    "a constant: no predictor was kept either", "resamples with a penalty", "ICC's lower limit",
    "The inplace keyword", "Harrell's optimism",
    "model == 'radiomics' and sample == 'cross_validated'", "{} {} {}: patient left out",
    "{} cannot be written: {}",
    "{} {} {}: no resampled image", "as many patients and events, but other numbers",
    "a hidden number of patients in one of them",
    "a difference of {} patients with the outcome and {} without",
    "{}: the image or mask of {}, which the workflow itself wrote, cannot be read ({}); delete "
    "this folder and run again: it is made anew",
    "files that are read within {} MB and {} s",
    "export image and mask again; one of the two files is broken",
}  # fmt: skip
NAMES = ("van den Goorbergh", "Cox-Snell", "Hartung-Knapp-Sidik-Jonkman", "Wilson", "DeLong",
         "rescale intercept")  # fmt: skip


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path)


def without_marks(text):
    """Words, without what stands between the marks of a text that was said; innermost first."""
    while (less := re.sub("⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = less
    return text


def test_every_text_is_said_through_the_catalogue(tmp_path, study, monkeypatch):
    """Said in marks: what stands outside of them is the study's own, and so in its files."""

    class Marked(dict):
        def get(self, text, _):
            return f"⟦{text}⟧" if text.strip() else text

    monkeypatch.setitem(language.CATALOGUES, "zh", Marked())
    report = {"report": str(tmp_path / "report/zh.html")}
    script("write_report").main(job(study, report, params=in_chinese(study)))
    words = without_marks(Page(Path(report["report"]).read_text(encoding="utf-8")).words)
    own = json.dumps(study, default=str)
    own += "".join(p.read_text(encoding="utf-8") for p in tmp_path.rglob("*.[cjm][sd]*"))
    # Names in formulae and units; what hear() has no pattern for is in a file and so passes.
    allowed = {"ln", "mL", "true", "none", "SHA", "zh"}
    loose = {word for word in re.findall(r"[A-Za-z]{2,}", words) if word not in own} - allowed
    assert loose == set()


def test_no_text_is_missing_in_chinese(tmp_path, study, monkeypatch):
    missing = set()

    class Watched(dict):
        def get(self, text, default):
            if text not in self and re.search("[A-Za-z]{2}", text):
                missing.add(text)
            return super().get(text, default)

    monkeypatch.setitem(language.CATALOGUES, "zh", Watched(language.CATALOGUES["zh"]))
    nothing = {name: [] for name in study["input"]}
    for given in ({}, nothing):
        report = {"report": str(tmp_path / "report/zh.html")}
        script("write_report").main(job(study, report, params=in_chinese(study), input=given))
    # Texts that were said before and are now part of another; the study's own words.
    missing = {text for text in missing if not re.search("[\u4e00-\u9fff\uff00-\uffef]", text)}
    own = json.dumps(study) + "".join(
        path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.[cjm][sd]*")
    )
    assert {text for text in missing if text not in own} == set()


def sentences(path):
    """What a module tells, with something in each place."""
    for text in dict.fromkeys(texts_in(path)):
        if text in TOGETHER:
            yield from (
                text.format(*parts) + "".join(parts[text.count("{}") :]) for parts in TOGETHER[text]
            )
        elif text not in NOT_TOLD:
            yield text.replace("{}", "7").strip("; ")


@pytest.mark.parametrize("path", TELLING, ids=lambda path: path.stem)
def test_what_tables_tell_is_heard_in_chinese(path):
    with language.speaking("zh"):
        left = {text: words for text in sentences(path) if (words := english_in(hear(text), NAMES))}
    assert left == {}


def test_what_is_named_above_is_told_somewhere():
    told = {text for path in TELLING for text in texts_in(path)}
    assert (set(TOGETHER) - {"{}: {}{} ({})"}) | NOT_TOLD <= told


def test_no_sentence_is_taken_for_another():
    """Each pattern, its holes filled, is heard by itself."""
    with language.speaking("zh"):
        for english, answer in chinese_report.SENTENCES.items():
            names = re.findall(r"{(\w+)}", english)
            holes = {name: f"Q{place}" for place, name in enumerate(dict.fromkeys(names))}
            for s in ("", "s"):
                assert hear(english.format(**holes).replace("[s]", s)) == answer.format(**holes)


@pytest.mark.parametrize(
    ("english", "heard"),
    [
        ("patients resampled 200 times, percentile; 5 not defined",
         "患者重抽样 200 次，百分位法；5 次无定义"),
        ("not defined: the difference has no variance", "无定义：差值没有方差"),
        ("larger than 4 cm", "larger than 4 cm"),
        ("a; b", "a; b"),
        ("", ""),
    ],
)  # fmt: skip
def test_sentences_of_tables_are_known_by_their_pattern(english, heard):
    assert hear(english) == english
    with language.speaking("zh"):
        assert hear(english) == heard
