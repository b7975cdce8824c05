import numpy as np
from report_study import drawn_twice, words, write_study
from report_tables import dca, predictions, text

from nomoflow.figure_evaluation import dca_figure


def test_curves_are_the_table():
    rows = predictions()
    table = dca(rows)
    panel = dca_figure(text(table), text(rows)).axes[1]
    for line in panel.lines:
        model = {
            "Treat all": "all",
            "Treat none": "none",
            "Radiomics nomogram": "nomogram",
            "Radiomics signature": "radiomics",
            "Image-feature model": "image_features",
        }
        own = [r for r in table if r["sample"] == "cross_validated"]
        own = [r for r in own if r["model"] == model[line.get_label()]]
        np.testing.assert_array_equal(line.get_xdata(), [r["threshold"] for r in own])
        np.testing.assert_array_equal(line.get_ydata(), [r["net_benefit"] for r in own])
    assert len(panel.lines) == 5


def test_axis_shows_the_models_and_not_the_fall_of_treat_all():
    rows = predictions()
    low, high = dca_figure(text(dca(rows)), text(rows)).axes[0].get_ylim()
    best = max(row["net_benefit"] for row in dca(rows))
    assert best < high < 1.3 * best
    assert -0.2 * best < low < 0


def test_one_key_and_the_patients():
    rows = predictions()
    figure = dca_figure(text(dca(rows)), text(rows))
    assert len(figure.legends) == 1
    assert "100 patients, 62 events" in figure.axes[0].get_title(loc="left")


def test_a_table_without_rows_is_said():
    assert "No model" in words(dca_figure([], []))


def test_same_bytes_each_time(tmp_path):
    drawn_twice("draw_dca", write_study(tmp_path / "study"), tmp_path)
