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
            {"models": MODELS},
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


def test_cross_validated_predictions_have_groups_but_no_p_value(results):
    table = read_table(results / "hosmer_lemeshow.csv").set_index("sample")
    assert table.loc["apparent", "p"].notna().all()
    assert table.loc["apparent", "df"].tolist() == [8, 8]
    assert table.loc["cross_validated", "p"].isna().all()
    assert table.loc["cross_validated", "note"].str.contains("no test").all()
