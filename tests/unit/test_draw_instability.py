import numpy as np
from report_study import LOOK, drawn_twice, words
from report_tables import text

from nomoflow.figure_stability import instability_figure
from nomoflow.figure_style import MODELS
from nomoflow.run import write_rows


def instability(models=("nomogram", "radiomics", "image_features", "volume"), patients=20):
    random = np.random.default_rng(1)
    rows = []
    for model in models:
        for i, p in enumerate(random.random(patients)):
            rows.append(
                {"patient": f"P{i:02d}", "model": model, "probability": p, "low": p * 0.8,
                 "median": p * 0.95, "high": p + (1 - p) * 0.3, "mape": 0.1 + 0.001 * i}
            )  # fmt: skip
    return text(rows)


def test_lines_and_dots_are_the_tables():
    rows = instability()
    figure = instability_figure(rows)
    own = [row for row in rows if row["model"] == "radiomics"]
    panel = figure.axes[1]
    np.testing.assert_allclose(
        [segment.ravel().tolist() for segment in panel.collections[0].get_segments()],
        [
            [float(row[name]) for name in ("probability", "low", "probability", "high")]
            for row in own
        ],
    )
    dots = panel.lines[1]
    np.testing.assert_allclose(dots.get_xdata(), [float(row["probability"]) for row in own])
    np.testing.assert_allclose(dots.get_ydata(), [float(row["median"]) for row in own])
    assert dots.get_color() == MODELS["radiomics"][0]


def test_titles_have_patients_and_the_mean_difference():
    titles = [panel.get_title(loc="left") for panel in instability_figure(instability()).axes]
    # mean of 0.100, 0.101, ..., 0.119
    assert titles == [
        f"{name}\n20 patients\nmean absolute difference 0.110"
        for name in ("Radiomics nomogram", "Radiomics signature", "Image-feature model")
    ]


def test_titles_and_axes_stay_on_the_page():
    figure = instability_figure(instability())
    figure.draw_without_rendering()
    for panel in figure.axes:
        box = panel.get_tightbbox()
        assert box.x0 >= 0 and box.y0 >= 0
        assert box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1


def test_confidence_is_printed_and_absent_models_have_no_panel():
    figure = instability_figure(instability(("volume", "nomogram")), confidence=0.9)
    assert "90 % of the resamples" in words(figure)
    assert [panel.axison for panel in figure.axes] == [True, False, False]


def test_no_predictions_is_said():
    assert "No model" in words(instability_figure([]))


def test_same_bytes_each_time(tmp_path):
    rows = instability()
    write_rows(rows, tmp_path / "instability.csv", list(rows[0]))
    study = {
        "input": {"instability": tmp_path / "instability.csv"},
        "params": {"confidence": 0.95, "look": LOOK},
    }
    drawn_twice("draw_instability", study, tmp_path)
