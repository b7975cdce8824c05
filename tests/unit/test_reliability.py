"""Reliability: published ICCs, pingouin as second way, and which features are kept."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nomoflow.icc import FORMS, icc_per_feature, intraclass_correlation
from nomoflow.reliability import ICC_COLUMNS, assess, check_against_pingouin

# Shrout and Fleiss, Psychol Bull 1979;86:420-428, table 2: six targets, four judges
JUDGES = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)
# table 4: ICC(1,1), ICC(2,1), ICC(3,1), ICC(1,4), ICC(2,4), ICC(3,4)
PUBLISHED = dict(zip(FORMS, (0.17, 0.29, 0.71, 0.44, 0.62, 0.91), strict=True))


def two_readings(n=30, p=12, seed=5, noise=1.5):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(n, p))
    names = [f"original_glcm_{i:02d}" for i in range(p)]
    spread = np.linspace(0.05, noise, p)
    return [
        pd.DataFrame(
            truth + spread * rng.normal(size=(n, p)) + shift,
            columns=names,
            index=[f"P{i:02d}" for i in range(n)],
        )
        for shift in (0.0, 0.3)
    ]


def feature_table(**readings):
    """The feature table of one phase: reading=(patients x features), stacked."""
    parts = [
        frame.rename_axis("patient").reset_index().assign(reading=name)
        for name, frame in readings.items()
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("form", FORMS)
def test_shrout_and_fleiss(form):
    icc, low, high = intraclass_correlation(JUDGES[:, :, None], form)
    assert round(float(icc[0]), 2) == PUBLISHED[form]
    assert low[0] < icc[0] < high[0]


@pytest.mark.parametrize("form", FORMS)
def test_pingouin_gives_the_same(form):
    first, second = two_readings()
    table = icc_per_feature(first, second, form)
    assert check_against_pingouin(table, first, second, form, 0.75, seed=1, sample=12) == 12


# pingouin 0.7 calls pandas in a way that pandas 3.1 gives up
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_three_readings_against_pingouin():
    import pingouin

    rng = np.random.default_rng(0)
    ratings = rng.normal(size=(15, 1, 4)) + 0.7 * rng.normal(size=(15, 3, 4))
    for form in FORMS:
        icc, _, _ = intraclass_correlation(ratings, form)
        for j in range(4):
            long = pd.DataFrame(
                {
                    "patient": np.repeat(np.arange(15), 3),
                    "reader": np.tile(list("abc"), 15),
                    "value": ratings[:, :, j].ravel(),
                }
            )
            theirs = pingouin.intraclass_corr(long, "patient", "reader", "value")
            expected = theirs.set_index("Type").at[form, "ICC"]
            assert icc[j] == pytest.approx(expected, abs=1e-12)


def test_disagreement_with_pingouin_stops_the_run():
    import pingouin

    first, second = two_readings()
    table = icc_per_feature(first, second)
    before = dict(pingouin.options)
    table.loc[3, "icc"] += 1e-9
    with pytest.raises(RuntimeError, match="original_glcm_03"):
        check_against_pingouin(table, first, second, "ICC(A,1)", 0.75, seed=1, sample=12)
    assert dict(pingouin.options) == before


def test_those_near_the_threshold_are_always_checked():
    first, second = two_readings(p=12)
    table = icc_per_feature(first, second)
    threshold = table["icc"][7] + 0.019
    table.loc[7, "icc"] += 1e-8
    with pytest.raises(RuntimeError, match="original_glcm_07"):
        check_against_pingouin(table, first, second, "ICC(A,1)", threshold, seed=1, sample=0)
    table = icc_per_feature(first, second)
    near = int((np.abs(table["icc"] - table["icc"][7]) <= 0.02).sum())
    checked = check_against_pingouin(
        table, first, second, "ICC(A,1)", table["icc"][7], seed=1, sample=0
    )
    assert checked == near > 0


@settings(max_examples=60, deadline=None)
@given(
    arrays(float, (6, 2, 3), elements=st.integers(-50, 50).map(float)),
    st.sampled_from(FORMS),
    st.sampled_from([0.25, 4.0, -2.0]),
)
def test_scale_place_and_order_do_not_matter(ratings, form, scale):
    icc, low, high = intraclass_correlation(ratings, form)
    for other in (ratings * scale + 16, ratings[::-1], ratings[:, ::-1]):
        again = intraclass_correlation(other, form)
        for ours, theirs in zip((icc, low, high), again, strict=True):
            known = np.isfinite(ours) & (np.abs(ours) < 1e6)
            assert theirs[known] == pytest.approx(ours[known], rel=1e-6, abs=1e-8)
    known = np.isfinite(icc)
    if form.endswith("1)"):  # an average form has no bound where its denominator turns negative
        assert (icc[known] <= 1 + 1e-12).all()


def test_a_readers_offset_costs_agreement_and_not_consistency():
    first, second = two_readings()
    for form, same in (("ICC(C,1)", True), ("ICC(A,1)", False)):
        near = icc_per_feature(first, second, form)["icc"].to_numpy()
        far = icc_per_feature(first, second + 3, form)["icc"].to_numpy()
        if same:
            assert far == pytest.approx(near, abs=1e-12)
        else:
            assert (np.abs(far) < np.abs(near)).all()


def test_features_without_an_icc_say_why():
    first, second = two_readings(p=5)
    second.iloc[:, 4] = first.iloc[:, 4] + 0.1
    first.iloc[:, 0] = second.iloc[:, 0] = 0.1
    second.iloc[4, 1] = np.nan
    second.iloc[:, 2] = first.iloc[:, 2]
    table = icc_per_feature(first, second)
    assert table["icc"].isna().tolist() == [True, True, False, False, False]
    assert table["icc"][2] == 1.0 and np.isnan(table["ci_low"][2])
    assert table["reason"].tolist() == [
        "constant in the patients read twice",
        "missing value in a reading",
        "readings identical: no interval",
        "",
        "readings differ by a constant: no interval",
    ]
    assert (table["n"] == 30).all()


def test_rounding_is_no_variation():
    # exact fractions give 0.00055 for such a feature, double precision anything
    first, second = two_readings(p=2)
    first.iloc[:, 0] = 3.27 + 4.44e-16 * (np.arange(30) % 5)
    second.iloc[:, 0] = 3.27 + 4.44e-16 * (np.arange(30) % 7)
    table = icc_per_feature(first, second)
    assert np.isnan(table["icc"][0]) and "constant" in table["reason"][0]
    assert np.isfinite(table["icc"][1])


def test_wider_confidence_wider_interval():
    first, second = two_readings()
    for form in FORMS:
        narrow, wide = (icc_per_feature(first, second, form, c) for c in (0.9, 0.99))
        assert (wide["ci_low"] < narrow["ci_low"]).all()
        assert (wide["ci_high"] > narrow["ci_high"]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a, b: (a, b.iloc[:, ::-1]), "same features"),
        (lambda a, b: (a, b.iloc[::-1]), "same patients"),
        (lambda a, b: (a[:1], b[:1]), "at least 2 patients"),
    ],
)
def test_readings_must_fit(change, message):
    with pytest.raises(ValueError, match=message):
        icc_per_feature(*change(*two_readings()))


def test_unknown_form_is_refused():
    with pytest.raises(ValueError, match=r"ICC\(2,1\).*ICC\(A,1\)"):
        icc_per_feature(*two_readings(), form="ICC(2,1)")


def assessed(**readings):
    table = assess({"nephrographic": feature_table(**readings)}, "ICC(A,1)", 0.75, seed=1)
    assert table.columns.tolist() == ICC_COLUMNS
    return table


def test_a_feature_must_pass_both_comparisons():
    first, second = two_readings(p=4, noise=0.3)
    second -= 0.3
    again = first + 0.01 * second
    second.iloc[:, 0] = first.iloc[::-1, 0].to_numpy()
    again.iloc[:, 1] = first.iloc[::-1, 1].to_numpy()
    table = assessed(a1=first, b1=second[:20], a2=again[5:25])
    assert table["comparison"].tolist() == ["inter", "intra"] * 4
    assert table["n"].tolist() == [20, 20] * 4
    kept = table.groupby("feature", sort=False)["kept"].agg(["all", "any"])
    assert (kept["all"] == kept["any"]).all()
    assert kept["all"].tolist()[:3] == [False, False, True]
    reasons = table["reason"].tolist()[:4]
    assert reasons == [
        "ICC not above 0.75",
        "dropped by the other comparison",
        "dropped by the other comparison",
        "ICC not above 0.75",
    ]
    expected = icc_per_feature(first[:20], second[:20])["icc"]
    assert table.loc[table["comparison"] == "inter", "icc"].tolist() == expected.tolist()


def test_at_the_threshold_is_not_above_it():
    first, second = two_readings(p=3)
    icc = icc_per_feature(first, second)["icc"]
    table = assess({"p": feature_table(a1=first, b1=second)}, "ICC(A,1)", icc[1], seed=1)
    assert table["kept"].tolist() == (icc > icc[1]).tolist()
    assert not table["kept"][1]


@pytest.mark.parametrize(
    ("reading", "comparison", "absent"), [("b1", "inter", "a2"), ("a2", "intra", "b1")]
)
def test_one_sided_rereading(reading, comparison, absent):
    first, second = two_readings(p=3, noise=0.1)
    table = assessed(a1=first, **{reading: second - 0.3})
    assert table["comparison"].tolist() == [comparison] * 3
    assert table["kept"].all()
    assert table["reason"].str.contains(f"not assessed: 0 patients have {absent}").all()


def test_without_rereadings_all_but_the_unfit_are_kept():
    first, second = two_readings(p=3)
    first.iloc[:, 0] = 7.0
    first.iloc[3, 1] = np.nan
    for readings in ({"a1": first}, {"a1": first, "b1": second[:2]}):
        table = assessed(**readings)
        assert table["comparison"].tolist() == ["none"] * 3
        assert table["kept"].tolist() == [False, False, True]
        assert table["reason"].tolist() == ["constant in a1", "missing in a1", "not assessed"]
        assert table["icc"].isna().all() and (table["n"] == 0).all()


def test_unfit_in_a1_is_dropped_though_the_readers_agree():
    first, second = two_readings(p=3, noise=0.05)
    first.iloc[29, 1] = np.nan  # a patient who was not read again
    table = assessed(a1=first, b1=second[:20] - 0.3)
    assert table["kept"].tolist() == [True, False, True]
    assert table["reason"][1] == "missing in a1" and table["icc"][1] > 0.75


def test_phases_are_judged_one_by_one():
    first, second = two_readings(p=2, noise=0.05)
    table = assess(
        {"venous": feature_table(a1=first, b1=-second), "arterial": feature_table(a1=first)},
        "ICC(C,1)",
        0.75,
        seed=1,
    )
    assert table["phase"].tolist() == ["venous"] * 2 + ["arterial"] * 2
    assert table["kept"].tolist() == [False, False, True, True]
    assert (table["form"] == "ICC(C,1)").all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="reading"), "no column 'reading'"),
        (lambda t: t.assign(reading="b1"), "no a1 reading"),
        (lambda t: t.assign(reading="c1"), r"\['c1'\].*a1, b1, a2"),
        (lambda t: pd.concat([t, t[:1]]), "more than once.*P00"),
        (lambda t: t.assign(extra="text"), "holds text in .*extra"),
    ],
)
def test_bad_feature_tables(change, message):
    first, _ = two_readings()
    with pytest.raises(ValueError, match=message):
        assess({"venous": change(feature_table(a1=first))}, "ICC(A,1)", 0.75, seed=1)


def test_the_lower_limit_is_stricter_than_the_estimate():
    """Shrout and Fleiss' judges 3 and 4: ICC(A,1) is 11/26 with a lower limit far below it."""
    rows = [("a1", [5, 3, 6, 2, 6, 4]), ("b1", [8, 2, 8, 6, 9, 7])]
    table = pd.concat(
        pd.DataFrame(
            {
                "patient": [f"P{i}" for i in range(6)],
                "reading": reading,
                "rated": np.array(values, float),
                "same": np.arange(6.0),
            }
        )
        for reading, values in rows
    )
    by_estimate = assess({"CT": table}, "ICC(A,1)", 0.3, 1)
    by_limit = assess({"CT": table}, "ICC(A,1)", 0.3, 1, "lower_limit")
    assert by_estimate["kept"].tolist() == [True, True]
    # identical readings have no interval: their estimate of 1 is judged
    assert by_limit["kept"].tolist() == [False, True]
    assert by_limit["reason"][0] == "ICC's lower limit not above 0.3"
    with pytest.raises(ValueError, match=r"allowed: estimate, lower_limit"):
        assess({"CT": table}, "ICC(A,1)", 0.3, 1, "upper")
