from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyBboxPatch
from report_study import drawn_twice, words, write_study
from report_tables import flow, text

from nomoflow.figure_flow import flow_figure


def boxes_and_texts(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer, panel = canvas.get_renderer(), figure.axes[0]
    boxes = [p.get_window_extent(renderer) for p in panel.patches if isinstance(p, FancyBboxPatch)]
    return boxes, [t.get_window_extent(renderer) for t in panel.texts if t.get_text()]


def test_counts_of_every_step():
    shown = words(flow_figure(text(flow()), events=62)).replace("\u00a0", " ").replace("\n", " ")
    assert "Patients in the table (n = 118)" in shown
    assert "Excluded: larger than 4 cm (n = 9)" in shown
    assert "Excluded: radio- or chemotherapy before the CT (n = 0)" in shown
    assert "Patients analysed (n = 100) 62 events" in shown
    assert "All phases combined" in shown and "3474 features" in shown


def test_boxes_never_meet_and_hold_their_text():
    rows = text(flow(phases=[f"phase {i}" for i in range(6)]))
    rows[1]["step"] = "a reason that is so long that it needs three lines or more " * 3
    boxes, texts = boxes_and_texts(flow_figure(rows, events=62))
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    for text_box in texts:
        around = [b for b in boxes if b.overlaps(text_box)]
        for box in around:
            assert box.x0 <= text_box.x0 and text_box.x1 <= box.x1
            assert box.y0 <= text_box.y0 and text_box.y1 <= box.y1


def test_everything_is_inside_the_figure():
    figure = flow_figure(text(flow(phases=[f"p{i}" for i in range(9)])), events=62)
    width, height = figure.get_size_inches() * figure.dpi
    for box in boxes_and_texts(figure)[0]:
        assert box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height


def test_one_step_only():
    rows = text(
        [
            {
                "step": "patients in the table",
                "unit": "patients",
                "subject": "",
                "removed": 0,
                "remaining": 12,
            }
        ]
    )
    assert "12" in words(flow_figure(rows, events=3)) and "3 events" in words(flow_figure(rows, 3))


def test_an_empty_table_is_said():
    assert "no rows" in words(flow_figure([], 0))


def test_same_bytes_each_time(tmp_path):
    drawn_twice("draw_flow", write_study(tmp_path / "study"), tmp_path)
