import numpy as np
import pytest
from draw_centres_dca import main
from jobs import job
from report_study import LOOK, words
from synthetic_centres import rows, summary

from nomoflow.centres import decision_table
from nomoflow.figure_forest import centres_dca_figure
from nomoflow.run import write_table


@pytest.mark.parametrize("count", [1, 2, 3, 12])
def test_a_line_a_centre_in_both_panels(count):
    table = decision_table([summary(f"C{i:02d}", 90 + 5 * i, i) for i in range(count)])
    figure = centres_dca_figure(rows(table), "nomogram")
    left, right = figure.axes
    own = table[table["model"] == "nomogram"]
    lines = [line for line in left.lines if line.get_marker() == "o"]
    assert len(lines) == own["centre"].nunique() == count
    gains = [line for line in right.lines if line.get_marker() == "o"]
    for (_, part), line, gain in zip(own.groupby("centre"), lines, gains, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), part["threshold"])
        np.testing.assert_array_equal(line.get_ydata(), part["net_benefit"])
        best = np.maximum(part["treat_all"], 0)
        np.testing.assert_allclose(gain.get_ydata(), part["net_benefit"] - best)
    looks = {(line.get_color(), str(line.get_linestyle()), line._dash_pattern[1] is None)
             for line in lines}  # fmt: skip
    assert len(looks) >= min(count, 7)
    assert len(figure.legends[0].get_texts()) == count


def test_without_a_threshold_it_says_so(tmp_path):
    assert "No centre may tell" in words(centres_dca_figure([], "nomogram"))
    write_table(decision_table([]), tmp_path / "dca.csv")
    out = {"svg": str(tmp_path / "a.svg"), "pdf": str(tmp_path / "a.pdf")}
    main(job({"dca": str(tmp_path / "dca.csv")}, out, {"model": "nomogram", "look": LOOK}))
    assert (tmp_path / "a.svg").stat().st_size > 0
