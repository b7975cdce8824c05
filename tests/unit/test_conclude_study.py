import pytest
from conclude_study import main
from jobs import job

from nomoflow.run import write_rows

FAILURE = ("patient", "phase", "reading", "stage", "reason", "detail")
PERFORMANCE = ("model", "sample", "metric", "estimate", "ci_low", "ci_high")


def conclude(folder, failures=(), on_problem="stop"):
    write_rows(failures, folder / "failures.csv", FAILURE)
    rows = [
        ("nomogram", "apparent", "auc", "0.97", "0.94", "1.0"),
        ("nomogram", "cross_validated", "auc", "0.8512", "0.7", "0.9"),
        ("radiomics", "apparent", "auc", "0.9", "0.8", "1.0"),
    ]
    rows = [dict(zip(PERFORMANCE, row, strict=True)) for row in rows]
    write_rows(rows, folder / "performance.csv", PERFORMANCE)
    write_rows([{"patient": "P1"}, {"patient": "P1"}], folder / "exclusions.csv", ["patient"])
    write_rows([], folder / "warnings.csv", ["code"])
    names = ("performance", "exclusions", "warnings")
    main(
        job(
            {"failures": [folder / "failures.csv"], "report": "study.html"}
            | {name: folder / f"{name}.csv" for name in names},
            {"summary": folder / "complete.txt"},
            {"study": "mine", "confidence": 0.95, "on_problem": on_problem},
        )
    )
    return (folder / "complete.txt").read_text()


def test_the_honest_figure_comes_first(tmp_path):
    text = conclude(tmp_path)
    assert "0.851 (0.700-0.900)" in text
    assert text.index("0.851") < text.index("0.970")
    assert "excluded  1 patients" in text and "study.html" in text


def test_a_failed_case_ends_the_run_unless_it_may_be_left_out(tmp_path):
    failure = dict(zip(FAILURE, ("P7", "late", "a1", "features", "vanished", "0 voxels"),
                       strict=True))  # fmt: skip
    with pytest.raises(ValueError, match="P7 late a1: vanished, 0 voxels"):
        conclude(tmp_path, [failure])
    assert not (tmp_path / "complete.txt").exists()
    assert "mine is complete" in conclude(tmp_path, [failure], on_problem="exclude")
