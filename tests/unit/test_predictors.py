import numpy as np
import pandas as pd
import pytest

from nomoflow.predictors import as_text, code, levels, outcome_codes

AGE = {"name": "age", "kind": "continuous", "unit": "years", "per": 10}
SEX = {"name": "sex", "kind": "binary", "positive": "male"}
SIGN = {"name": "beer", "kind": "binary", "positive": "yes", "negative": "no"}
OUTCOME = {"column": "diagnosis", "positive": "ccRCC", "negative": "AML.wovf"}


def participants(**columns):
    table = {
        "patient": ["001", "002", "003"],
        "age": ["50", "61.5", "70"],
        "sex": ["male", "female", " male "],
        "beer": ["yes", "no", "no"],
        "diagnosis": ["ccRCC", "AML.wovf", "ccRCC"],
    }
    return pd.DataFrame(table | columns)


def test_code():
    coded = code(participants(), [AGE, SEX, SIGN])
    assert list(coded.columns) == ["age", "sex", "beer"]
    assert coded["age"].tolist() == [5.0, 6.15, 7.0]
    assert coded["sex"].tolist() == [1.0, 0.0, 1.0]
    assert coded["beer"].tolist() == [1.0, 0.0, 0.0]
    assert (coded.dtypes == "float64").all()


def test_per_defaults_to_one_unit():
    for predictor in ({"name": "age", "kind": "continuous"}, {**AGE, "per": None}):
        assert code(participants(), [predictor])["age"].tolist() == [50.0, 61.5, 70.0]


def test_no_predictors_and_index():
    table = participants().set_axis(["a", "b", "c"])
    assert code(table, []).shape == (3, 0)
    assert code(table, [SEX]).index.tolist() == ["a", "b", "c"]


def test_numbers_as_read_by_pandas():
    table = participants(sex=[1, 0, 1], age=[50, 61.5, 70], beer=[1.0, 0.0, 0.0])
    predictors = [AGE, {**SEX, "positive": 1}, {**SIGN, "positive": "1", "negative": "0"}]
    coded = code(table, predictors)
    assert coded["sex"].tolist() == [1, 0, 1]
    assert coded["beer"].tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"age": ["50", "", "70"]}, "patient 002: age is missing; fill it in"),
        ({"age": [50, np.nan, 70]}, "patient 002: age is missing"),
        ({"age": ["50", "61,5", "70"]}, "patient 002: age is '61,5', which is no number; write"),
        ({"age": ["50", "61", "nan"]}, "patient 003: age is 'nan', which is no number"),
        ({"age": ["inf", "61", "70"]}, "patient 001: age is 'inf'"),
        ({"sex": ["male", None, "female"]}, "patient 002: sex is missing"),
        ({"sex": ["male", "Male", "female"]}, "patient 002: sex is 'Male', the study says 'male'"),
        ({"beer": ["yes", "no", "?"]}, "patient 003: beer is '\\?', the study says 'yes' or 'no'"),
    ],
)
def test_bad_cells_are_named(columns, message):
    with pytest.raises(ValueError, match=message):
        code(participants(**columns), [AGE, SEX, SIGN])


def test_missing_values_where_they_are_allowed():
    table = participants(age=["50", "", "70"], sex=["", "male", None], beer=[" ", "no", "yes"])
    coded = code(table, [AGE, SEX, SIGN], allow_missing=True)
    expected = {"age": [5, np.nan, 7], "sex": [np.nan, 1, np.nan], "beer": [np.nan, 0, 1]}
    pd.testing.assert_frame_equal(coded, pd.DataFrame(expected, dtype=float))
    bad = participants(age=["50", "NA", "70"])
    with pytest.raises(ValueError, match="patient 002: age is 'NA', which is no number"):
        code(bad, [AGE], allow_missing=True)
    with pytest.raises(ValueError, match="patient 002: beer is 'unknown', the study says"):
        code(participants(beer=["yes", "unknown", ""]), [SIGN], allow_missing=True)


def test_absent_column_and_unknown_kind():
    with pytest.raises(ValueError, match="no column grade among the participants' columns: patien"):
        code(participants(), [{"name": "grade", "kind": "binary", "positive": "3"}])
    with pytest.raises(ValueError, match="predictor age: kind 'ordinal' is not known"):
        code(participants(), [{**AGE, "kind": "ordinal"}])


def test_row_is_named_where_there_is_no_identifier():
    with pytest.raises(ValueError, match="row 2: age is missing"):
        code(participants(age=["1", "", "2"]).drop(columns="patient"), [AGE])


def test_outcome():
    codes = outcome_codes(participants(), OUTCOME)
    assert codes.tolist() == [1, 0, 1]
    assert np.issubdtype(codes.dtype, np.integer)
    with pytest.raises(ValueError, match="patient 002: diagnosis is missing"):
        outcome_codes(participants(diagnosis=["ccRCC", "", "ccRCC"]), OUTCOME)
    with pytest.raises(ValueError, match="patient 003: diagnosis is 'RCC', the study says 'ccRCC'"):
        outcome_codes(participants(diagnosis=["ccRCC", "AML.wovf", "RCC"]), OUTCOME)


def test_levels():
    assert levels(participants(), SEX) == ("female", "male")
    assert levels(participants(), SIGN) == ("no", "yes")
    assert levels(participants(sex=["male", "a", "b"]), SEX) == ("not male", "male")
    assert levels(participants(sex=["male"] * 3), SEX) == ("not male", "male")


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (2, "2"), (0.5, "0.5"), (" a ", "a"), (None, ""), (np.nan, ""), (pd.NA, ""),
     (True, "True"), (np.float64(3), "3"), ("0011", "0011")],
)  # fmt: skip
def test_as_text(value, text):
    assert as_text(value) == text
