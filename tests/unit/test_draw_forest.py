import numpy as np
import pytest
from draw_forest import main
from jobs import job
from matplotlib.patches import Polygon
from report_study import LOOK, words
from synthetic_centres import performance, rows, summary

from nomoflow.centres import figures
from nomoflow.figure_forest import METRICS, forest_figure
from nomoflow.pooling import pooled_table
from nomoflow.run import write_table

LONG = "University Hospital of a town with a very long name, Department of Radiology"


def pooled(count, tiny=False):
    documents = [summary(f"{LONG} {i}", 60 + 9 * i, i) for i in range(count)]
    documents += [summary("tiny", 9, 50)] if tiny else []
    return rows(pooled_table(figures(documents)))


@pytest.mark.parametrize("count", [1, 2, 3, 12])
def test_one_plot_a_metric_and_nothing_overlaps(count):
    figure = forest_figure(pooled(count, tiny=True), "nomogram", rows(performance()))
    assert len(figure.axes) == len(METRICS)
    figure.draw_without_rendering()
    for axes in figure.axes:
        boxes = [(text.get_text(), text.get_window_extent()) for text in axes.texts]
        boxes += [(tick.get_text(), tick.get_window_extent()) for tick in axes.get_xticklabels()]
        boxes.append(("axis", axes.xaxis.label.get_window_extent()))
        for i, (name, box) in enumerate(boxes):
            assert box.x0 >= 0 and box.x1 <= figure.bbox.x1, name
            for other, second in boxes[i + 1 :]:
                if name and other:
                    across = min(box.x1, second.x1) - max(box.x0, second.x0)
                    along = min(box.y1, second.y1) - max(box.y0, second.y0)
                    assert across <= 0.5 or along <= 1.5, (name, other)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_is_pooled_and_what_is_not(count):
    said = words(forest_figure(pooled(count), "nomogram", rows(performance())))
    assert (said.count("Pooled, random effects") == 3) == (count > 1)
    assert ("Prediction interval\n" in said) == (count == 3)
    assert ("No prediction interval: two centres" in said) == (count == 2)
    assert "Development, cross-validated" in said and "Development, apparent" in said
    assert ("nothing is pooled" in said) == (count == 1)


def test_squares_and_diamonds_stand_where_the_table_says():
    table = pooled(3)
    axes = forest_figure(table, "nomogram").axes[0]
    own = [row for row in table if row["model"] == "nomogram" and row["metric"] == "auc"]
    squares = [line for line in axes.lines if line.get_marker() == "s"]
    assert [line.get_xdata()[0] for line in squares] == [float(row["estimate"]) for row in own[:3]]
    areas = np.array([line.get_markersize() for line in squares])
    weights = np.array([float(row["weight"]) for row in own[:3]])
    assert (np.argsort(areas) == np.argsort(weights)).all()
    (diamond,) = [patch for patch in axes.patches if isinstance(patch, Polygon)]
    low, high = axes.get_xlim()
    corners = diamond.get_xy()[:4, 0]
    for corner, name in ((0, "ci_low"), (1, "estimate"), (2, "ci_high")):
        assert corners[corner] == pytest.approx(np.clip(float(own[3][name]), low, high))


def test_without_a_figure_it_says_so():
    assert "No centre shares" in words(forest_figure([], "nomogram"))


def test_same_bytes_each_time(tmp_path):
    write_table(pooled_table(figures([summary("B"), summary("C", seed=2)])), tmp_path / "p.csv")
    write_table(performance(), tmp_path / "performance.csv")
    seen = []
    for i in range(2):
        out = {"svg": str(tmp_path / f"{i}.svg"), "pdf": str(tmp_path / f"{i}.pdf")}
        given = {
            "pooled": str(tmp_path / "p.csv"),
            "performance": str(tmp_path / "performance.csv"),
        }
        main(job(given, out, {"model": "nomogram", "confidence": 0.95, "look": LOOK}))
        seen.append([(tmp_path / f"{i}.{end}").read_bytes() for end in ("svg", "pdf")])
    assert seen[0] == seen[1] and all(seen[0])
