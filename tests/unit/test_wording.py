import pytest

from nomoflow.figure_labels import place_labels
from nomoflow.report_blocks import coefficient, table
from nomoflow.report_pages import breakable
from nomoflow.wording import class_names, in_order, with_labels


@pytest.mark.parametrize(
    ("positive", "negative", "shown"),
    [
        ("1", "0", ["lung mets = 1", "lung mets = 0"]),
        ("yes", "no", ["lung mets = yes", "lung mets = no"]),
        ("是", "否", ["lung mets = 是", "lung mets = 否"]),
        ("ccRCC", "AML.wovf", ["ccRCC", "AML.wovf"]),
        ("malignant", "0", ["malignant", "0"]),
    ],
)
def test_bare_levels_are_named_with_their_column(positive, negative, shown):
    outcome = {"column": "lung_mets", "positive": positive, "negative": negative}
    assert list(class_names(outcome).values()) == shown


def test_models_stand_in_the_order_of_the_phases():
    models = {"volume", "radiomics_arterial", "radiomics_late", "radiomics", "nomogram"}
    assert in_order(models, ["late", "arterial"]) == [
        "nomogram", "radiomics", "radiomics_late", "radiomics_arterial", "volume",
    ]  # fmt: skip


def test_terms_that_separate_are_named_by_their_labels():
    labels = {"sex": "Male sex", "radscore": "Radscore"}
    said = "the predictors radscore, sex, age separate the classes: Firth's penalised estimates"
    assert with_labels(said, labels) == (
        "the predictors Radscore, Male sex, age separate the classes: Firth's penalised estimates"
    )
    said = "Firth's penalised likelihood: separated by sex, radscore; conditional on selection"
    assert with_labels(said, labels) == (
        "Firth's penalised likelihood: separated by Male sex, Radscore; conditional on selection"
    )
    assert with_labels("no sex was given", labels) == "no sex was given"


def test_names_of_features_break_at_their_parts_and_are_escaped():
    assert breakable("late_original_glcm_JointEnergy") == (
        "late_<wbr>original_<wbr>glcm_<wbr>Joint<wbr>Energy"
    )
    assert breakable("a <b> & AML.wovf, ccRCC") == "a &lt;b&gt; &amp; AML.wovf, ccRCC"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("18600.4", "18600"), ("0.00172", "0.00172"), ("-1.92e-16", "0.000"), ("3e9", "3e+09")],
)
def test_coefficients_are_as_long_as_a_reader_needs(value, shown):
    assert coefficient(value)["text"] == shown


def test_a_gap_is_set_as_its_column_is():
    made = table(["Measure", "AUC", "Remark"], [["a", coefficient(""), "short"]], "A table")
    assert [one["numeric"] for one in made["columns"]] == [False, True, False]
    long = table(["Remark"], [["word " * 20]], "A table")
    assert long["columns"][0]["long"] and not made["columns"][2]["long"]


def test_an_axis_with_room_for_few_labels_has_its_two_ends():
    ticks = [float(x) for x in range(15)]  # 14 mm in all
    texts = [str(10 * x) for x in range(1, 16)]
    placed = place_labels(ticks, texts, -5, 30, numeric=True)
    assert [label.text for label in placed] == ["10", "60", "110"]
    placed = place_labels([x / 2 for x in ticks], texts, -5, 30, numeric=True)
    assert [label.text for label in placed] == ["10", "150"]
