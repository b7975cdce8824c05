import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_study import drawn_twice, words, write_study
from report_tables import groups, performance, predictions, roc, roc_band, text

from nomoflow.figure_evaluation import mean_roc, roc_figure
from nomoflow.figure_style import MODELS


def by_pairs(score, truth):
    """AUC as the share of pairs in the right order, ties half (Mann-Whitney)."""
    difference = score[truth][:, None] - score[~truth]
    return np.mean((difference > 0) + 0.5 * (difference == 0))


def curve(score, truth):
    cuts = [np.inf, *sorted(set(score), reverse=True)]
    specificity = np.array([np.mean(score[~truth] < cut) for cut in cuts])
    sensitivity = np.array([np.mean(score[truth] >= cut) for cut in cuts])
    return specificity, sensitivity


scores = st.lists(st.integers(0, 6), min_size=13, max_size=13)


@given(st.lists(scores, min_size=1, max_size=4), st.integers(1, 12))
def test_area_under_the_mean_curve_is_the_mean_area(repeats, positives):
    truth = np.arange(13) < positives
    repeats = [np.array(score, float) for score in repeats]
    x, y = mean_roc([curve(score, truth) for score in repeats])
    expected = np.mean([by_pairs(score, truth) for score in repeats])
    assert np.trapezoid(y, x) == pytest.approx(expected, abs=1e-12)
    assert np.all(np.diff(x) >= 0) and np.all(np.diff(y) >= -1e-12)


def test_direction_is_never_turned():
    truth = np.array([True, True, False, False])
    x, y = mean_roc([curve(np.array([0.0, 1.0, 2.0, 3.0]), truth)])
    assert np.trapezoid(y, x) == 0


def test_order_of_points_does_not_matter():
    truth = np.arange(20) < 9
    specificity, sensitivity = curve(np.sin(np.arange(20) * 7), truth)
    shuffled = np.random.default_rng(1).permutation(len(specificity))
    for one, other in zip(
        mean_roc([(specificity, sensitivity)]),
        mean_roc([(specificity[shuffled], sensitivity[shuffled])]),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_panels_legends_and_colours():
    rows = predictions()
    tables = [text(table) for table in (roc(rows), roc_band(rows), performance(rows), rows)]
    # The figure that counts comes first; the other is named for what it is, on grey.
    cross, apparent = roc_figure(*tables, confidence=0.9).axes
    assert "Apparent: 100 patients, 62 events\n(optimistic" in apparent.get_title(loc="left")
    assert apparent.get_facecolor() != cross.get_facecolor() == (1, 1, 1, 1)
    assert "Cross-validated: 100 patients, 62 events" in cross.get_title(loc="left")
    assert apparent.get_legend().get_title().get_text() == "AUC (90 % CI)"
    expected = {}
    for (model, sample), own in groups(performance(rows), "model", "sample"):
        auc = next(row for row in own if row["metric"] == "auc")["estimate"]
        expected[model, sample] = f"{auc:.3f} ({auc - 0.03:.3f}–{auc + 0.02:.3f})"
    for sample, panel in (("apparent", apparent), ("cross_validated", cross)):
        labels = [entry.get_text() for entry in panel.get_legend().get_texts()]
        assert labels.pop() == "90 % band of radiomics nomogram, pointwise"
        assert [label.split(": ")[1] for label in labels] == [
            expected[model, sample] for model in ("nomogram", "radiomics", "image_features")
        ]
        lines = {line.get_label().split(":")[0]: line.get_color() for line in panel.lines}
        assert lines["Radiomics signature"] == MODELS["radiomics"][0]


def test_band_is_the_leading_models_own():
    rows = predictions()
    tables = [text(table) for table in (roc(rows), roc_band(rows), performance(rows), rows)]
    cross, apparent = roc_figure(*tables).axes
    for sample, panel in (("apparent", apparent), ("cross_validated", cross)):
        (band,) = panel.collections
        corners = {tuple(corner) for corner in band.get_paths()[0].vertices.round(9)}
        own = [r for r in roc_band(rows) if (r["model"], r["sample"]) == ("nomogram", sample)]
        for row in own:
            x = round(1 - row["specificity"], 9)
            assert {(x, round(row["ci_low"], 9)), (x, round(row["ci_high"], 9))} <= corners


def test_a_model_without_performance_has_a_dash_for_its_area():
    rows = predictions()
    figure = roc_figure(text(roc(rows)), text(roc_band(rows)), [], text(rows))
    assert "Radiomics nomogram: —" in words(figure)


def test_no_curves_is_said():
    assert "No model has predictions" in words(roc_figure([], [], [], []))


def test_same_bytes_each_time(tmp_path):
    drawn_twice("draw_roc", write_study(tmp_path / "study"), tmp_path)
