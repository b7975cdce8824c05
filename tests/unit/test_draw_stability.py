from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex
from report_study import LOOK, drawn_twice, words
from report_tables import text

from nomoflow.figure_stability import most_frequent, stability_figure
from nomoflow.figure_style import BLUE, PALE, VERMILLION
from nomoflow.run import write_json, write_rows

LONG = "corticomedullary_log-sigma-1-0-mm-3D_glszm_LargeAreaLowGrayLevelEmphasis"


def frequency(features=6, final=(0, 2), resamples=50, names=None):
    """Counts that fall from row to row; those at the places in ``final`` are in the signature."""
    rows = []
    for place in range(features):
        count = max(resamples - 4 * place, 0)
        share = count / resamples
        rows.append(
            {"feature": names[place] if names else f"arterial_wavelet-LLH_glcm_F{place}",
             "count": count, "resamples": resamples, "share": share,
             "ci_low": max(share - 0.1, 0), "ci_high": min(share + 0.1, 1),
             "selected": place in final}
        )  # fmt: skip
    return text(rows)


def penalties(*names, resamples=50, empty=5, without=0):
    rows = []
    for name in names:
        for i in range(resamples):
            status = "empty" if i < empty else "selected"
            value = "" if i < without else 0.01 * 1.05**i
            rows.append(
                {"signature": name, "resample": i + 1, "status": status, "lambda": value,
                 "nonzero": 0 if i < empty else 4}
            )  # fmt: skip
    return text(rows)


def stability(name, index=0.31, empty=0.1):
    rows = [("nogueira", index, 0.25, 0.38), ("empty", empty, 0.04, 0.21)]
    if index is None:
        rows[0] = ("nogueira", "", "", "")
    return text(
        [
            {"signature": name, "measure": m, "estimate": e, "ci_low": low, "ci_high": high,
             "method": "as said"}
            for m, e, low, high in rows
        ]
    )  # fmt: skip


def drawn(name="arterial", rows=None, **options):
    rows = frequency() if rows is None else rows
    signatures = {name: (rows, {"lambda": 0.02})}
    return stability_figure(signatures, penalties(name, **options), stability(name))


def test_bars_are_the_shares_coloured_by_the_final_signature():
    panel = drawn().axes[0]
    bars = sorted(panel.patches, key=lambda bar: bar.get_y())
    np.testing.assert_allclose([bar.get_width() for bar in bars], [100, 92, 84, 76, 68, 60])
    colours = [to_hex(bar.get_facecolor()).upper() for bar in bars]
    assert colours == [BLUE, PALE, BLUE, PALE, PALE, PALE]
    # the first is on top, its label beside it and without the phase that the title says
    assert panel.get_ylim()[0] > panel.get_ylim()[1]
    labels = [tick.get_text() for tick in panel.get_yticklabels()]
    assert labels == [f"wavelet-LLH_glcm_F{place}" for place in range(6)]
    spans = [line[:, 0].tolist() for line in panel.collections[0].get_segments()]
    np.testing.assert_allclose(spans[1], [82, 100])


def test_titles_say_index_empty_share_and_what_is_left_out():
    figure = drawn(rows=frequency(features=13))
    assert figure.axes[0].get_title(loc="left") == (
        "arterial: 10 of 13 features\nstability index 0.31 (0.25–0.38), empty in 10 %"
    )


def test_combined_comes_first_and_keeps_the_phase_in_its_names():
    name = "combined"
    signatures = {"arterial": (frequency(), {}), name: (frequency(), {})}
    figure = stability_figure(signatures, penalties(name, "arterial"), stability(name))
    assert figure.axes[0].get_title(loc="left").startswith("All phases combined\n")
    assert figure.axes[0].get_yticklabels()[0].get_text() == "arterial_wavelet-LLH_glcm_F0"
    assert figure.axes[2].get_title(loc="left").startswith("arterial\nstability index not defined")


@pytest.mark.parametrize(
    ("features", "final", "places"),
    [
        (30, (0, 20, 29), [*range(15), 20, 29]),
        (30, range(30), list(range(20))),
        (12, (), list(range(12))),
    ],
)
def test_combined_shows_the_most_frequent_and_the_final_ones(features, final, places):
    rows = frequency(features, final)
    assert most_frequent(rows, "combined") == [rows[place] for place in places]
    assert most_frequent(rows, "arterial") == rows[:10]


@pytest.mark.parametrize("name", [LONG, "x" * 60, "y" * 150, f"{'z' * 50}_{LONG}"])
def test_long_names_stay_on_the_page_and_apart(name):
    rows = frequency(3, names=[name, f"{name}2", "original_shape_Sphericity"])
    figure = stability_figure(
        {"combined": (rows, {})}, penalties("combined"), stability("combined")
    )
    figure.draw_without_rendering()
    labels = figure.axes[0].get_yticklabels()
    boxes = [label.get_window_extent() for label in labels]
    assert min(box.x0 for box in boxes) >= 0
    for upper, lower in pairwise(boxes):
        assert upper.y0 >= lower.y1
    assert labels[0].get_text().count("\n") == 1
    assert labels[0].get_text() != labels[1].get_text()
    if name == LONG:
        assert labels[0].get_text().replace("\n", "") == LONG


def test_titles_of_neighbours_do_not_meet():
    rows = frequency(30, names=[f"corticomedullary_{i}" for i in range(30)])
    table = stability("combined", index=-0.01, empty=0.67)
    table[0] |= {"ci_low": "-1.07", "ci_high": "1.06"}
    figure = stability_figure({"combined": (rows, {})}, penalties("combined"), table)
    figure.draw_without_rendering()
    left, right = (panel._left_title.get_window_extent() for panel in figure.axes[:2])
    assert left.x1 < right.x0


def test_penalties_are_counted_and_the_empty_ones_stand_out():
    panel = drawn(without=2).axes[1]
    assert "50 resamples, 2 without a penalty" in panel.get_title(loc="left")
    heights = {VERMILLION: 0, "other": 0}
    for bar in panel.patches:
        colour = to_hex(bar.get_facecolor()).upper()
        heights[colour if colour in heights else "other"] += bar.get_height()
    assert heights == {VERMILLION: 3, "other": 45}
    assert panel.lines[0].get_xdata()[0] == pytest.approx(np.log(0.02))


def test_one_resample_and_no_penalty_at_all():
    assert drawn(resamples=1, empty=0).axes[1].patches
    figure = drawn(rows=[], resamples=3, empty=3, without=3)
    assert "No resample chose a feature." in words(figure)
    assert "3 resamples, 3 without a penalty" in words(figure)


def test_nothing_to_draw_is_said():
    assert "No signature" in words(stability_figure({}, [], []))
    assert "No resample" in words(stability_figure({"combined": ([], {})}, [], []))


def test_same_bytes_each_time(tmp_path):
    names = ["arterial", "combined"]
    tables = {
        "frequency": [frequency(), frequency(16, names=[f"{LONG}{i}" for i in range(16)])],
        "penalties": penalties(*names),
        "stability": [*stability("arterial"), *stability("combined")],
    }
    inputs = {"frequencies": [], "statuses": []}
    for name, rows in zip(names, tables["frequency"], strict=True):
        inputs["frequencies"].append(tmp_path / f"{name}.csv")
        inputs["statuses"].append(tmp_path / f"{name}.json")
        write_rows(rows, inputs["frequencies"][-1], list(rows[0]))
        write_json({"lambda": None}, inputs["statuses"][-1])
    for name in ("penalties", "stability"):
        inputs[name] = tmp_path / f"{name}.csv"
        write_rows(tables[name], inputs[name], list(tables[name][0]))
    study = {"input": inputs, "params": {"signatures": names, "look": LOOK}}
    drawn_twice("draw_stability", study, tmp_path)
