import numpy as np
from report_study import drawn_twice, words, write_study
from report_tables import dca, dca_corrected, predictions, text

from nomoflow.figure_evaluation import dca_figure
from nomoflow.run import write_rows


def test_curves_are_the_table():
    rows = predictions()
    table = dca(rows)
    panel = dca_figure(text(table), text(rows)).axes[0]
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
    best = max(row["net_benefit"] for row in dca(rows)) + 0.05  # the band of the best
    assert best < high < 1.3 * best
    assert -0.2 * best < low < 0


def test_corrected_curves_stand_beside_the_apparent_one():
    rows = predictions()
    drawn = dca_figure(text(dca(rows)), text(rows), text(dca_corrected(rows)), confidence=0.9)
    cross, apparent = drawn.axes
    assert "Apparent" in apparent.get_title(loc="left")
    assert "optimistic" in apparent.get_title(loc="left")
    assert len(cross.lines) == 5
    lines = {line.get_label(): line for line in apparent.lines}
    for sample, word in (("corrected", "corrected for optimism"), ("corrected_632", ".632+")):
        line = lines[f"Radiomics nomogram, {word}"]
        own = [r for r in dca_corrected(rows) if r["sample"] == sample]
        own = [r for r in own if r["model"] == "nomogram"]
        np.testing.assert_array_equal(line.get_ydata(), [r["net_benefit"] for r in own])
    keys = [entry.get_text() for entry in drawn.legends[0].get_texts()]
    assert len(keys) == len(set(keys)) == 8
    assert "90 % band of radiomics nomogram" in keys


def test_band_is_the_leading_models_own():
    rows = predictions()
    for panel, sample in zip(
        dca_figure(text(dca(rows)), text(rows)).axes, ("cross_validated", "apparent"), strict=True
    ):
        (band,) = panel.collections
        heights = set(band.get_paths()[0].vertices[:, 1].round(9))
        for row in dca(rows):
            if (row["model"], row["sample"]) == ("nomogram", sample):
                assert {round(row["ci_low"], 9), round(row["ci_high"], 9)} <= heights


def test_one_key_and_the_patients():
    rows = predictions()
    figure = dca_figure(text(dca(rows)), text(rows))
    assert len(figure.legends) == 1
    assert "100 patients, 62 events" in figure.axes[0].get_title(loc="left")


def test_a_table_without_rows_is_said():
    assert "No model" in words(dca_figure([], []))


def test_same_bytes_each_time_with_and_without_the_corrected_table(tmp_path):
    study = write_study(tmp_path / "study")
    given = tmp_path / "dca_corrected.csv"
    rows = dca_corrected(predictions())
    write_rows(rows, given, list(rows[0]))
    drawn = [
        drawn_twice("draw_dca", study, tmp_path / str(place), input={"corrected": path})
        for place, path in enumerate((str(given), []))
    ]
    assert len(drawn[0]) > len(drawn[1])
