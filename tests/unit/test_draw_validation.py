import pytest
from draw_validation import TABLES, main
from jobs import job
from report_study import LOOK, words
from synthetic_validation import measured, predictions

from nomoflow.figure_validation import moved, validation_figure
from nomoflow.run import read_rows


def tables(folder, table):
    paths = measured(folder, table)
    return {name: read_rows(paths[name]) for name in TABLES}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return tables(tmp_path_factory.mktemp("whole"), predictions())


def test_one_figure_of_three_panels_with_patients_and_events(whole):
    figure = validation_figure(**whole, confidence=0.95)
    outcomes = {row["patient"]: row["outcome"] for row in whole["predictions"]}
    said = words(figure)
    assert f"140 patients, {sum(map(int, outcomes.values()))} events" in said
    assert "AUC (95 % CI)" in said and "95 % band of radiomics nomogram" in said
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "ROC curve", "Calibration", "Decision curve",
    ]  # fmt: skip
    roc, _, decision = figure.axes
    for panel in (roc, decision):
        widths = {line.get_label().split(":")[0]: line.get_linewidth() for line in panel.lines}
        assert widths["Radiomics nomogram"] > widths["Radiomics signature"]
    # one band each: of the leading model alone
    assert len(roc.collections) == len(decision.collections) == 1


def test_recalibrated_curves_stand_beside_the_raw_one(whole):
    panel = validation_figure(**whole, confidence=0.95).axes[1]
    raw = next(line for line in panel.lines if line.get_label() == "Radiomics nomogram")
    large = next(line for line in panel.lines if line.get_label() == "Recalibrated in the large")
    # Risks were drawn too high: brought to this cohort each is lower, its observed share the same.
    assert (large.get_xdata() < raw.get_xdata()).all()
    assert (large.get_ydata() == raw.get_ydata()).all()
    assert large.get_linewidth() < raw.get_linewidth()
    labels = [text.get_text() for text in panel.get_legend().get_texts()]
    assert labels[:3] == [
        "As locked", "Recalibrated in the large", "Recalibrated, slope and intercept",
    ]  # fmt: skip


def test_moved_probabilities_by_hand():
    # odds of 0.5 and 0.2: 1 and 1/4; doubled: 2 / 3 and (1 / 2) / (3 / 2)
    assert moved([0.5, 0.2], 0.6931471805599453, 1) == pytest.approx([2 / 3, 1 / 3])
    assert moved([0.2], 0, 2) == pytest.approx([1 / 17])  # odds 1/4 squared
    assert moved([0.0, 1.0], 0, 1) == pytest.approx([0, 1], abs=1e-9)


def test_nothing_meets_or_leaves_the_page(whole):
    figure = validation_figure(**whole, confidence=0.95)
    figure.dpi = 300  # letters as wide as in the files, not as hinted on a screen
    figure.draw_without_rendering()
    boxes = [axes.get_legend().get_tightbbox() for axes in figure.axes]
    boxes += [axes.get_tightbbox(bbox_extra_artists=[]) for axes in figure.axes]
    for i, box in enumerate(boxes):
        assert box.x0 >= 0 and box.x1 <= figure.bbox.x1
        assert box.y0 >= 0 and box.y1 <= figure.bbox.y1
        for other in boxes[i + 1 :]:
            across = min(box.x1, other.x1) - max(box.x0, other.x0)
            along = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert across <= 0.5 or along <= 0.5


def test_one_class_and_missing_predictions_are_said(tmp_path):
    said = words(validation_figure(**tables(tmp_path, predictions(40, one_class=True))))
    assert "Not defined: all patients\nare of one class" in said
    assert "40 patients, 0 events" in said and "band" not in said
    said = words(validation_figure(**tables(tmp_path, predictions(40, missing=("B001", "B007")))))
    assert "38 patients" in said and "(2 more without a prediction)" in said


def test_no_main_model_is_said(tmp_path):
    table = predictions(40)
    found = tables(tmp_path, table[table["model"] == "volume"])
    assert "No main model has predictions" in words(validation_figure(**found))


def test_same_bytes_each_time(tmp_path):
    paths, seen = measured(tmp_path, predictions(40)), []
    for i in range(2):
        out = {kind: str(tmp_path / f"{i}.{kind}") for kind in ("svg", "pdf")}
        main(job(paths, out, {"confidence": 0.95, "look": LOOK}))
        seen.append([(tmp_path / f"{i}.{end}").read_bytes() for end in ("svg", "pdf")])
    assert seen[0] == seen[1] and all(seen[0])
