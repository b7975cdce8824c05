import numpy as np
import pytest
from assess_calibration import main
from jobs import job
from synthetic_predictions import MODELS, predictions

from nomoflow.run import read_table, write_table


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibration")
    write_table(predictions(n=60), folder / "predictions.csv")
    main(
        job(
            {"predictions": folder / "predictions.csv"},
            {
                "calibration": folder / "calibration.csv",
                "hosmer_lemeshow": folder / "hosmer_lemeshow.csv",
            },
            {"models": MODELS, "intervals": 100, "confidence": 0.95, "seed": 1},
        )
    )
    return folder


def test_groups_hold_every_patient_once(results):
    groups = read_table(results / "calibration.csv").query("kind == 'group'")
    for _, rows in groups.groupby(["model", "sample"]):
        assert rows["n"].sum() == 60
        events = predictions(n=60).query("model == 'nomogram' and repeat == 0")["outcome"].sum()
        assert (rows["n"] * rows["observed"]).sum() == pytest.approx(events)


def test_the_curve_stays_where_predictions_are(results):
    curves = read_table(results / "calibration.csv").query("kind == 'smooth'")
    assert np.isfinite(curves["observed"]).all()
    for key, rows in curves.groupby(["model", "sample"]):
        model, sample = key  # noqa: RUF059 - named in the query
        source = predictions(n=60).query("model == @model and sample == @sample")["probability"]
        assert source.min() <= rows["predicted"].min() <= rows["predicted"].max() <= source.max()


def test_groups_and_curves_have_bounds(results):
    table = read_table(results / "calibration.csv")
    assert ((table["ci_low"] >= 0) & (table["ci_high"] <= 1)).all()
    groups = table[table["kind"] == "group"]
    for row in groups.itertuples():
        # statsmodels: proportion_confint(count, nobs, method="wilson"), by its formula
        z2 = 1.959963984540054**2
        centre = (row.observed + z2 / (2 * row.n)) / (1 + z2 / row.n)
        half = np.sqrt(z2 * (row.observed * (1 - row.observed) + z2 / (4 * row.n)) / row.n)
        half /= 1 + z2 / row.n
        assert [row.ci_low, row.ci_high] == pytest.approx([centre - half, centre + half], abs=1e-12)
    curves = table[table["kind"] == "smooth"]
    clipped = curves["observed"].clip(0, 1)
    assert ((curves["ci_low"] <= clipped) & (clipped <= curves["ci_high"])).mean() > 0.95
    inner = curves[curves["observed"].between(0.01, 0.99)]  # R's curve may leave 0 to 1
    assert (inner["ci_high"] > inner["ci_low"]).all()


def test_cross_validated_predictions_have_no_p_value(results):
    table = read_table(results / "hosmer_lemeshow.csv")
    for _, rows in table.groupby(["model", "sample"]):
        assert rows["groups"].tolist() == list(range(5, 16))
    apparent, cross = (table[table["sample"] == s] for s in ("apparent", "cross_validated"))
    assert apparent["p"].between(0, 1).all()
    assert apparent["df"].tolist() == [*range(3, 14)] * 2
    assert apparent["note"].str.contains("over 5 to 15 groups; of low power").all()
    assert cross[["chi2", "df", "p"]].isna().all(axis=None)
    assert cross["note"].str.startswith("no test").all()


def test_constant_predictions(tmp_path):
    """An empty signature: one group, no curve, no test, no crash."""
    rows = predictions().assign(linear_predictor=0.2, probability=0.55)
    write_table(rows, tmp_path / "predictions.csv")
    names = {key: tmp_path / f"{key}.csv" for key in ("calibration", "hosmer_lemeshow")}
    params = {"models": MODELS, "intervals": 20, "confidence": 0.95, "seed": 1}
    main(job({"predictions": tmp_path / "predictions.csv"}, names, params))
    table = read_table(names["calibration"])
    assert set(table["kind"]) == {"group"}
    assert table["n"].tolist() == [30] * 4
    assert read_table(names["hosmer_lemeshow"])["p"].isna().all()
