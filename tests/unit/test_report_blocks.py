import pytest

from nomoflow.report_blocks import coefficient, decimal, estimate, flat, interval, p_value, table


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0.0019", "0.002"), ("0.00004", "<0.001"), ("0.9999", ">0.999"), ("0.948", "0.948"),
     ("", "—"), ("nan", "—"), ("1", ">0.999"), ("0.0005", "<0.001")],
)  # fmt: skip
def test_p_values_as_journals_print_them(value, shown):
    assert p_value(value)["text"] == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0.9786", "0.979"), ("-0.5", "−0.500"), ("-0.0001", "0.000"), ("", "—"), ("inf", "∞")],
)
def test_decimals(value, shown):
    assert decimal(value)["text"] == shown


def test_a_small_coefficient_keeps_its_digits():
    assert coefficient("0.00021")["text"] == "0.00021"
    assert coefficient("-1.98")["text"] == "−1.980"
    assert coefficient("0")["text"] == "0.000"


def test_an_interval_needs_both_ends():
    assert interval({"ci_low": "-0.1", "ci_high": "0.2"})["text"] == "−0.100 to 0.200"
    assert interval({"ci_low": "", "ci_high": "0.2"})["text"] == "—"


def test_an_estimate_stands_over_its_interval():
    row = {"estimate": "0.9", "ci_low": "0.85", "ci_high": "0.94", "method": "DeLong"}
    assert (estimate(row)["text"], estimate(row)["below"]) == ("0.900", "(0.850–0.940)")
    below_zero = row | {"estimate": "-0.1", "ci_low": "-0.2"}
    assert estimate(below_zero, 1)["below"] == "(−0.2 to 0.9)"
    assert estimate(row | {"ci_low": ""})["below"] == ""


def test_an_estimate_that_is_not_defined_says_why():
    row = {"estimate": "", "ci_low": "", "ci_high": "", "method": "not defined: one class"}
    assert (estimate(row)["text"], estimate(row)["title"]) == ("—", "not defined: one class")
    assert estimate(None, missing="not measured")["title"] == "not measured"
    assert estimate(row | {"method": ""})["title"] == "not defined"


def test_marked_columns_and_no_others():
    columns = table(["a", "b", "c"], [["x", "1", "2"]], "caption", marked=[2])["columns"]
    assert [column["marked"] for column in columns] == [False, False, True]


def test_settings_are_flat_and_without_folders_of_this_machine():
    content = {"a": {"b": [1, 2], "c": None, "d": {}}, "e": [{"f": True}], "g": r"C:\data\x.nii"}
    assert flat(content) == [("a.b", "1, 2"), ("a.c", "none"), ("a.d", "none"),
                             ("e.1.f", "yes"), ("g", "…/x.nii")]  # fmt: skip


def test_a_row_of_another_length_than_the_heads_is_an_error():
    with pytest.raises(ValueError, match="zip"):
        table(["one"], [["a", "b"]], "caption")
