import numpy as np
import pytest
from report_study import drawn_twice, words, write_study
from report_tables import lasso, text

from nomoflow.figure_selection import lasso_figure


def signature(**options):
    return tuple(map(text, lasso(**options)))


def test_combined_comes_first_and_each_has_a_row():
    path, lines = signature()
    figure = lasso_figure(
        {"arterial": (path, lines, {}), "combined": (path, lines, {})}, "9 patients"
    )
    titles = [panel.get_title(loc="left") for panel in figure.axes if panel.get_title(loc="left")]
    assert titles[0].startswith("All phases combined\n9 patients")
    assert titles[1].startswith("arterial")


def test_coefficients_that_the_table_leaves_out_are_zero():
    path = [
        {"lambda": f"{v}", "deviance": "1", "se": "0.1", "nonzero": "1", "chosen": c}
        for v, c in ((0.5, "1se"), (0.25, ""), (0.125, "min"))
    ]
    lines = [{"lambda": "0.125", "feature": "f", "coefficient": "-2"}]
    panel = lasso_figure({"combined": (path, lines, {})}).axes[0]
    np.testing.assert_allclose(panel.lines[0].get_xdata(), np.log([0.125, 0.25, 0.5]))
    np.testing.assert_array_equal(panel.lines[0].get_ydata(), [-2, 0, 0])


def test_a_penalty_that_is_not_on_the_path_is_an_error():
    path, _ = signature()
    lines = [{"lambda": "123", "feature": "f", "coefficient": "1"}]
    with pytest.raises(ValueError, match="lambda 123 is not in the path"):
        lasso_figure({"combined": (path, lines, {})})


@pytest.mark.parametrize("path", [[], text(lasso(kept=0)[0])])
def test_an_empty_signature_says_so(path):
    status = {"status": "empty", "reason": "no feature was reliable"}
    assert "Empty signature: no feature was reliable" in words(
        lasso_figure({"combined": (path, [], status)})
    )


def test_both_penalties_are_marked_with_their_features():
    path, lines = signature(features=30, kept=7)
    figure = lasso_figure({"combined": (path, lines, {"selected": 7})})
    legend = [entry.get_text() for entry in figure.axes[1].get_legend().get_texts()]
    assert sorted(legend) == ["least deviance", "within 1 SE"]
    # What the signature holds: of features that repeat one another the path may count several.
    assert "7 features kept" in words(figure)


def test_no_signature_is_said():
    assert "No signature" in words(lasso_figure({}))


def test_same_bytes_each_time(tmp_path):
    study = write_study(tmp_path / "study")
    # Two signatures, one of them empty, tell as much as four.
    two = {key: study["input"][key][1:3] for key in ("paths", "trajectories", "statuses")}
    names = {"signatures": study["params"]["signatures"][1:3]}
    drawn_twice("draw_lasso", study, tmp_path, input=two, params=names)
