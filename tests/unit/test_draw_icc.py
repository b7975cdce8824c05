import numpy as np
import pytest
from report_study import drawn_twice, words, write_study
from report_tables import PHASES, icc, text

from nomoflow.figure_selection import icc_figure


def test_the_curve_at_the_threshold_is_the_share_above_it():
    rows = icc()
    for panel, phase in zip(icc_figure(text(rows), 0.75).axes, PHASES, strict=True):
        for line, comparison in zip(panel.lines[1:], ("inter", "intra"), strict=True):
            own = [r["icc"] for r in rows if r["phase"] == phase and r["comparison"] == comparison]
            at = np.searchsorted(line.get_xdata(), 0.75, side="right") - 1
            share = 100 * np.mean(np.array(own) > 0.75)
            assert line.get_ydata()[at] == pytest.approx(share)


def test_titles_count_the_features_kept_by_both():
    rows = icc(phases=["only"])
    kept = len({r["feature"] for r in rows if r["kept"]})
    shown = words(icc_figure(text(rows), 0.75))
    assert f"{kept} of 120 features kept" in shown
    assert "between readers (n = 30)" in shown and "threshold 0.75" in shown


def test_a_feature_without_a_coefficient_counts_as_below():
    rows = text(icc(phases=["only"], features=4))
    for row in rows:
        row["icc"], row["kept"] = "", "False"
    line = icc_figure(rows, 0.75).axes[0].lines[1]
    assert line.get_ydata()[np.searchsorted(line.get_xdata(), -0.5)] == 0


def test_not_assessed_is_said():
    shown = words(icc_figure(text(icc(assessed=False)), 0.75))
    assert "Not assessed" in shown and "All 360 features" in shown


def test_one_comparison_alone():
    rows = [row for row in icc(phases=["only"]) if row["comparison"] == "inter"]
    shown = words(icc_figure(text(rows), 0.75))
    assert "between readers" in shown and "same reader again" not in shown


def test_seven_phases_have_panels():
    figure = icc_figure(text(icc(phases=[f"p{i}" for i in range(7)], features=5)), 0.75)
    assert sum(bool(panel.get_title(loc="left")) for panel in figure.axes) == 7


def test_same_bytes_each_time(tmp_path):
    drawn_twice("draw_icc", write_study(tmp_path / "study"), tmp_path)
