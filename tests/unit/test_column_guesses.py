"""What the columns of a patients' table are taken for."""

import pytest

from nomoflow.column_guesses import guess_columns, positive_of


def guess(**columns):
    """The guess of a table of six patients; a column is a text of six cells."""
    cells = {name: text.split(" ") for name, text in columns.items()}
    cells = {name: ["" if cell == "_" else cell for cell in found] for name, found in cells.items()}
    rows = [dict(zip(cells, values, strict=True)) for values in zip(*cells.values(), strict=True)]
    return guess_columns(list(cells), rows)


def predictor(result, name):
    return next((one for one in result.predictors if one["name"] == name), None)


@pytest.mark.parametrize(
    ("levels", "positive"),
    [
        (("0", "1"), "1"), (("no", "yes"), "yes"), (("benign", "malignant"), "malignant"),
        (("AML.wovf", "ccRCC"), "ccRCC"), (("良性", "恶性"), "恶性"), (("女", "男"), "男"),
        (("血管平滑肌脂肪瘤", "透明细胞癌"), "透明细胞癌"), (("alive", "gone"), "gone"),
        (("Adenoma", "Renal cell carcinoma"), "Renal cell carcinoma"), (("-", "+"), "+"),
    ],
)  # fmt: skip
def test_the_positive_level(levels, positive):
    assert positive_of(levels) == (positive, True)
    assert positive_of(levels[::-1]) == (positive, True)


def test_a_level_that_nothing_tells_of():
    result = guess(histology="a b a b a a", age="1 2 3 4 5 6")
    assert result.outcome == {"column": "histology", "positive": "b", "negative": "a"}
    assert any("nothing in" in said for said in result.open)


def test_the_outcome_by_its_name_and_other_outcomes_kept_out():
    result = guess(sex="m f f f m f", 病理="恶性 良性 恶性 良性 恶性 良性", 复发="0 1 0 0 0 1")
    assert result.outcome["column"] == "病理"
    assert [one["name"] for one in result.predictors] == ["sex"]
    assert any("复发" in said for said in result.open)


def test_no_outcome():
    result = guess(age="50 51 52 53 54 55")
    assert result.outcome is None and "the outcome" in result.open[0]


def test_an_outcome_of_three_levels():
    result = guess(
        diagnosis="cancer cancer cyst cyst cancer abscess", grade="1 1 2 1 2 1", age="1 2 3 4 5 6"
    )
    assert result.outcome["column"] == "grade"  # two levels go before three
    rows = [{"diagnosis": name} for name in ["cancer"] * 5 + ["cyst"] * 4 + ["abscess"]]
    result = guess_columns(["diagnosis"], rows)
    assert result.outcome == {"column": "diagnosis", "positive": "cancer", "negative": "cyst"}
    assert result.others == ["abscess"]


@pytest.mark.parametrize(
    ("name", "unit"),
    [("age", "years"), ("年龄(岁)", "years"), ("size_mm", "mm"), ("diameter [cm]", "cm"),
     ("最大径（mm）", "mm"), ("score", "?")],
)  # fmt: skip
def test_units(name, unit):
    rows = [{name: str(n), "outcome": str(n % 2)} for n in range(20, 32)]
    result = guess_columns([name, "outcome"], rows)
    assert predictor(result, name)["unit"] == unit
    assert any(name in said for said in result.open) == (unit == "?")


def test_words_for_missing_among_numbers():
    result = guess(outcome="0 1 0 1 0 1", age="50 60 NA 55 61 62", sign="+ - + - + +")
    assert result.cleared == {"age": {"NA"}} and result.gaps == ["age"]
    assert predictor(result, "sign") == {"name": "sign", "kind": "binary", "positive": "+"}


def test_what_is_no_predictor():
    result = guess(
        outcome="0 1 0 1 0 1", twin="a b a b a b", constant="x x x x x x", empty="_ _ _ _ _ _",
        day="2024-01-01 2024-01-02 2024-01-03 2024-01-04 2024-01-05 2024-01-06",
        note="p q r s t u", cyst="1 0 0 1 1 1", cyst_a="1 0 1 1 1 1", cyst_b="1 0 0 1 0 1",
    )  # fmt: skip
    assert [one["name"] for one in result.predictors] == ["cyst"]
    for name in ("twin", "constant", "empty", "day", "note"):
        assert any(f"column {name} is no predictor" in said for said in result.open), name
