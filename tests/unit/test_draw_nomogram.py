import hashlib
import math
import os
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from report_study import SCRIPTS, drawn_twice, words, write_study
from report_tables import PREDICTORS, examples, nomogram, text

from nomoflow.figure_nomogram import nomogram_figure
from nomoflow.figure_style import Look

LONG = [
    PREDICTORS[0],
    ("tiny", "A predictor of nearly no effect whose label is long for its column, cm", "", 0.01,
     [(f"{v / 2}", v) for v in range(20)]),
    ("grade", "Attenuation compared with cortex", "", 0.4,
     [("markedly hypodense to cortex", 0), ("isodense", 0.1), ("mildly hyperdense to cortex", 0.2),
      ("markedly hyperdense", 0.25), ("not assessable", 9)]),
    ("same", "Two levels alike $x$", "", 1e-9, [("never seen before in it", 0), ("ever", 1)]),
    ("diameter", "Diameter, mm", "", -0.12, [(str(v), v) for v in range(5, 45, 5)]),
    *[(f"b{i}", f"original_wavelet-LLH_glcm_Idm{i}", "", (-1) ** i * 0.2,
       [("absent", 0), ("present", 1)]) for i in range(7)],
]  # fmt: skip


def draw(predictors, intercept=0.3, **look):
    axes, scale = nomogram(predictors, intercept)
    shown = text(examples(axes, scale))
    people = "100 patients, 62 events"
    return nomogram_figure(text(axes), text(scale), "P(ccRCC)", people, shown, look=Look(**look))


def assert_no_text_meets(figure):
    """Every two texts apart and all inside, by what the renderer measures."""
    figure.set_dpi(300)  # at a screen's resolution letters are hinted, and wider than in print
    renderer = FigureCanvasAgg(figure).get_renderer()
    extents = [
        (t.get_text(), t.get_window_extent(renderer)) for t in figure.axes[0].texts if t.get_text()
    ]
    for (one, a), (other, b) in combinations(extents, 2):
        assert not a.overlaps(b), (one, other)
    width, height = figure.get_size_inches() * figure.dpi
    for name, box in extents:
        assert box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height, name


NARROW = {"width": 89.0, "one_column": True}


@pytest.mark.parametrize("predictors", [PREDICTORS, LONG, PREDICTORS[2:4], PREDICTORS[:1]])
@pytest.mark.parametrize("look", [{}, NARROW], ids=["two columns", "one column"])
def test_labels_never_meet(predictors, look):
    assert_no_text_meets(draw(predictors, **look))


names = st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=1, max_size=40)
binary = st.tuples(names, names).map(lambda pair: [(pair[0], 0), (pair[1], 1)])
numeric = st.integers(2, 40).map(lambda n: [(f"{v * 2.5:g}", v) for v in range(n)])
several = st.lists(names, min_size=3, max_size=6).map(
    lambda n: list(zip(n, range(9), strict=False))
)
effect = st.floats(-3, 3).filter(lambda b: abs(b) > 1e-4)
predictor = st.tuples(names, effect, binary | numeric | several)


@settings(max_examples=20, deadline=None)
@given(st.lists(predictor, min_size=2, max_size=12), st.floats(-6, 6), st.booleans())
def test_labels_never_meet_whatever_the_model(found, intercept, narrow):
    predictors = [(f"p{i}", label, "", b, levels) for i, (label, b, levels) in enumerate(found)]
    assert_no_text_meets(draw(predictors, intercept, **(NARROW if narrow else {})))


def test_every_category_is_named():
    shown = words(draw(LONG))
    for level, _ in LONG[2][4]:
        assert level in shown
    assert "Two levels alike $x$" in shown  # a dollar sign is no mathematics


def test_probability_ticks_lie_where_the_scale_says():
    axes, scale = nomogram()
    figure = draw(PREDICTORS)
    panel = figure.axes[0]
    longest = sum(
        max(r["points"] for r in axes if r["predictor"] == name) for name, *_ in PREDICTORS
    )
    placed = {t.get_text(): t.get_position() for t in panel.texts}
    left, right = placed["Total points"], max(line.get_xdata()[-1] for line in panel.lines)
    start = min(line.get_xdata()[0] for line in panel.lines if len(line.get_xdata()) == 2)
    assert left[0] < start
    for chance in ("0.1", "0.5", "0.9", "0.99"):
        total = np.interp(
            math.log(float(chance) / (1 - float(chance))),
            [row["linear_predictor"] for row in scale],
            [row["total_points"] for row in scale],
        )
        assert placed[chance][0] == pytest.approx(start + (right - start) * total / longest)


def test_two_examples_lie_where_their_points_do():
    axes, scale = nomogram()
    panel = draw(PREDICTORS).axes[0]
    marks = {"o": [], "s": []}
    for line in panel.lines:
        if line.get_marker() in marks and len(line.get_xdata()) == 1:
            marks[line.get_marker()].append((line.get_ydata()[0], line.get_xdata()[0]))
    start, end = min(x for line in panel.lines for x in line.get_xdata() if x > 10), 176.0
    for name, sign in (("A", "o"), ("B", "s")):
        own = [row for row in examples(axes, scale) if row["example"] == name]
        total = own[0]["total_points"]
        longest = sum(max(r["points"] for r in axes if r["predictor"] == p[0]) for p in PREDICTORS)
        expected = [start + (end - start) * row["points"] / 100 for row in own]
        expected += [start + (end - start) * total / longest] * 3
        placed = [x for _, x in sorted(marks[sign])]
        assert placed[:-1] == pytest.approx(expected)  # the last one is the key's
    shown = words(draw(PREDICTORS))
    assert "Example A (ccRCC): " in shown and "Example B (AML.wovf): " in shown
    assert "P(ccRCC)\u00a0>\u00a00.999" in shown  # 0.99995: never certain


def test_no_predictor_is_said():
    assert "No predictor was kept" in words(nomogram_figure([], [], "P(ccRCC)"))


def test_patients_and_title_are_printed():
    shown = words(draw(PREDICTORS))
    assert "100 patients, 62 events" in shown and "P(ccRCC)" in shown and "Age, years" in shown


def test_same_bytes_each_time(tmp_path):
    kinds = ("svg", "pdf", "png")
    drawn_twice("draw_nomogram", write_study(tmp_path / "study"), tmp_path, kinds)
    with Image.open(tmp_path / "first/figure.png") as picture:
        dots = picture.info["dpi"]
        assert round(picture.width / dots[0] * 25.4) == 183 and round(dots[0]) == 600
        assert set(picture.info) <= {"dpi"}  # neither software nor date


def test_same_bytes_in_another_process_with_other_settings(tmp_path):
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "from report_tables import nomogram, text\n"
        "from nomoflow.figure_nomogram import nomogram_figure\n"
        "from nomoflow.figure_style import save\n"
        "figure = nomogram_figure(*map(text, nomogram()), 'P(ccRCC)', '')\n"
        "save(figure, sys.argv[3] + '.svg', sys.argv[3] + '.pdf')\n"
    )
    (tmp_path / "matplotlibrc").write_text("font.size: 20\nsvg.fonttype: none\n")
    digests = []
    for place, seed in enumerate(("1", "2")):
        target = tmp_path / f"figure{place}"
        # Only the second process finds the user's settings file in its folder.
        subprocess.run(
            [sys.executable, "-c", code, str(SCRIPTS), str(SCRIPTS.parent / "tests"), str(target)],
            check=True, cwd=tmp_path if place else SCRIPTS,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        digests.append(
            [
                hashlib.sha256(target.with_suffix(s).read_bytes()).hexdigest()
                for s in (".svg", ".pdf")
            ]
        )
    assert digests[0] == digests[1]
