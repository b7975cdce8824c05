import numpy as np
from report_study import drawn_twice, words, write_study
from report_tables import calibration, performance, predictions, text

from nomoflow.figure_evaluation import calibration_figure


def figure(rows=None, metrics=None):
    rows = rows or predictions()
    metrics = performance(rows) if metrics is None else metrics
    return calibration_figure(text(calibration(rows)), text(metrics), text(rows))


def test_slope_and_intercept_are_the_tables():
    labels = [entry.get_text() for entry in figure().axes[0].get_legend().get_texts()]
    assert labels[0] == "Perfect"
    assert labels[1] == "Radiomics nomogram, intercept −0.04, slope 0.83"


def test_an_undefined_slope_is_left_out():
    metrics = [row for row in performance(predictions()) if row["metric"] != "calibration_slope"]
    for row in metrics:
        if row["metric"] == "calibration_intercept":
            row["estimate"] = ""
    assert "slope" not in words(figure(metrics=metrics))
    assert "intercept" not in words(figure(metrics=metrics))


def test_points_and_curve_are_the_tables():
    rows = calibration(predictions())
    lines = figure().axes[0].lines
    for kind, line in (("smooth", lines[1]), ("group", lines[2])):
        own = [r for r in rows if r["model"] == "nomogram" and r["sample"] == "apparent"]
        own = sorted((r["predicted"], r["observed"]) for r in own if r["kind"] == kind)
        np.testing.assert_array_equal(np.sort(line.get_xdata()), [x for x, _ in own])
        np.testing.assert_array_equal(np.sort(line.get_ydata()), sorted(y for _, y in own))


def test_a_table_without_rows_is_said():
    assert "No model" in words(calibration_figure([], [], []))


def test_same_bytes_each_time(tmp_path):
    drawn_twice("draw_calibration", write_study(tmp_path / "study"), tmp_path)
