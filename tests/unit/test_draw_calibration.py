import numpy as np
import pytest
from report_study import drawn_twice, words, write_study
from report_tables import calibration, performance, predictions, text

from nomoflow.figure_calibration import calibration_figure

SHOWN = ["nomogram", "radiomics", "image_features"]


def figure(rows=None, metrics=None):
    rows = rows or predictions()
    metrics = performance(rows) if metrics is None else metrics
    return calibration_figure(text(calibration(rows)), text(metrics), text(rows), confidence=0.95)


def test_figures_above_each_panel_are_the_tables():
    title = figure().axes[0].get_title(loc="left")
    assert title == (
        "Radiomics nomogram\nslope 0.83, intercept −0.04, O:E 1.02\nICI 0.031 (0.001–0.051)"
    )


def test_undefined_figures_are_left_out():
    metrics = [row for row in performance(predictions()) if row["metric"] != "calibration_slope"]
    for row in metrics:
        if row["metric"] in ("calibration_intercept", "ici"):
            row["estimate"] = ""
    shown = words(figure(metrics=metrics))
    assert "O:E 1.02" in shown
    for word in ("slope", "intercept", "ICI"):
        assert word not in shown


def test_a_row_of_panels_a_sample_and_the_apparent_last():
    drawn = figure()
    titles = [part.get_suptitle() for part in drawn.subfigs]
    assert [title.split(":")[0] for title in titles] == ["Cross-validated", "Apparent"]
    assert "62 events (optimistic: fitted and judged on the same patients)" in titles[1]
    assert len(drawn.axes) == 2 * len(SHOWN)
    faces = [panel.get_facecolor() for panel in drawn.axes]
    assert set(faces[:3]) == {(1, 1, 1, 1)} and (1, 1, 1, 1) not in faces[3:]


@pytest.mark.parametrize(("place", "sample"), [(0, "cross_validated"), (3, "apparent")])
def test_points_curve_and_bounds_are_the_tables(place, sample):
    table = calibration(predictions())
    panel = figure().axes[place]
    own = [r for r in table if r["model"] == "nomogram" and r["sample"] == sample]
    diagonal, curve, groups = panel.lines[:3]
    for kind, line in (("smooth", curve), ("group", groups)):
        points = sorted((r["predicted"], r["observed"]) for r in own if r["kind"] == kind)
        np.testing.assert_array_equal(np.sort(line.get_xdata()), [x for x, _ in points])
        np.testing.assert_array_equal(np.sort(line.get_ydata()), sorted(y for _, y in points))
    assert list(diagonal.get_ydata()) == [0, 1]
    bars = next(c for c in panel.collections if hasattr(c, "get_segments"))
    ends = {tuple(np.round(segment[:, 1], 9)) for segment in bars.get_segments()}
    groups = [r for r in own if r["kind"] == "group"]
    assert ends == {(round(r["ci_low"], 9), round(r["ci_high"], 9)) for r in groups}
    band = next(c for c in panel.collections if not hasattr(c, "get_segments"))
    heights = set(band.get_paths()[0].vertices[:, 1].round(9))
    for row in own:
        if row["kind"] == "smooth":
            assert {round(row["ci_low"], 9), round(row["ci_high"], 9)} <= heights


def test_a_model_with_groups_alone_is_drawn():
    """Constant predictions have one group and no curve."""
    rows = predictions()
    table = [
        row
        for row in calibration(rows)
        if row["model"] != "nomogram" or (row["kind"] == "group" and row["predicted"] > 0.9)
    ]
    drawn = calibration_figure(text(table), text(performance(rows)), text(rows))
    assert len(drawn.axes) == 6


def test_a_table_without_rows_is_said():
    assert "No model" in words(calibration_figure([], [], []))


def test_same_bytes_each_time(tmp_path):
    drawn_twice("draw_calibration", write_study(tmp_path / "study"), tmp_path)
