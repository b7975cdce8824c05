import numpy as np
from report_study import drawn_twice, words, write_study
from report_tables import OUTCOME, predictions, text

from nomoflow.figure_evaluation import scores_figure


def test_every_patient_has_a_bar_in_order():
    rows = predictions()
    panel = scores_figure(text(rows), OUTCOME).axes[0]
    bars = [path.vertices for bundle in panel.collections for path in bundle.get_paths()]
    heights = [bar[1, 1] for bar in sorted(bars, key=lambda bar: bar[:, 0].mean())]
    own = [r for r in rows if r["model"] == "nomogram" and r["sample"] == "apparent"]
    np.testing.assert_allclose(heights, sorted(r["linear_predictor"] - 0.3 for r in own))


def test_counts_at_the_cutoff():
    rows = predictions()
    own = [r for r in rows if r["model"] == "nomogram" and r["sample"] == "apparent"]
    right = sum(r["linear_predictor"] >= 0.3 for r in own if r["outcome"] == 1)
    below = sum(r["linear_predictor"] < 0.3 for r in own if r["outcome"] == 0)
    shown = words(scores_figure(text(rows), OUTCOME))
    assert f"ccRCC: {right} of 62 at or above the cut-off" in shown
    assert f"AML.wovf: {below} of 38 below the cut-off" in shown
    assert "100 patients, 62 events (apparent)" in shown


def test_a_score_at_the_cutoff_calls_positive():
    rows = [
        {"patient": p, "outcome": y, "model": "nomogram", "sample": "apparent",
         "linear_predictor": score, "cutoff": 0.3}
        for p, y, score in (("a", 1, 0.3), ("b", 0, 0.3), ("c", 0, 0.1))
    ]  # fmt: skip
    shown = words(scores_figure(text(rows), OUTCOME))
    assert "ccRCC: 1 of 1 at or above" in shown and "AML.wovf: 1 of 2 below" in shown


def test_scores_that_are_all_the_same_are_said_instead_of_drawn():
    rows = [
        {"patient": p, "outcome": y, "model": "nomogram", "sample": "apparent",
         "linear_predictor": score, "cutoff": 0.0}
        for p, y, score in (("a", 1, 2e-11), ("b", 0, 0.0))
    ]  # fmt: skip
    assert "Every patient has the same score" in words(scores_figure(text(rows), OUTCOME))


def test_a_nomogram_that_was_not_fitted_is_said():
    rows = [row | {"linear_predictor": "", "cutoff": ""} for row in predictions()]
    assert "not fitted" in words(scores_figure(text(rows), OUTCOME))
    assert "not fitted" in words(scores_figure([], OUTCOME))


def test_same_bytes_each_time(tmp_path):
    drawn_twice("draw_scores", write_study(tmp_path / "study"), tmp_path)
