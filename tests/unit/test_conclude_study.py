import pytest
from conclude_study import main
from jobs import job

from nomoflow.identity import IDENTITY_COLUMNS
from nomoflow.run import write_rows

FAILURE = ("patient", "phase", "reading", "stage", "reason", "detail")
PERFORMANCE = ("model", "sample", "metric", "estimate", "ci_low", "ci_high")
AREAS = [
    ("nomogram", "apparent", "auc", "0.97", "0.94", "1.0"),
    ("nomogram", "cross_validated", "auc", "0.8512", "0.7", "0.9"),
    ("nomogram", "cross_validated", "brier", "0.1", "", ""),
    ("nomogram", "corrected_632", "auc", "0.8743", "0.75", "0.95"),
    ("nomogram", "corrected", "auc", "0.92", "0.85", "0.98"),
    ("radiomics", "apparent", "auc", "0.9", "0.8", "1.0"),
    ("radiomics", "cross_validated", "auc", "0.5", "", ""),
    ("radiomics", "corrected_632", "auc", "", "", ""),
]


def conclude(
    folder, failures=(), on_problem="stop", codes=(), areas=AREAS, excluded=("P1", "P1"), named=()
):
    write_rows(named, folder / "identity.csv", IDENTITY_COLUMNS)
    write_rows(failures, folder / "failures.csv", FAILURE)
    rows = [dict(zip(PERFORMANCE, row, strict=True)) for row in areas]
    write_rows(rows, folder / "performance.csv", PERFORMANCE)
    rows = [dict(zip(FAILURE, (name, "late", "a1"), strict=False)) for name in excluded]
    write_rows(rows, folder / "exclusions.csv", FAILURE)
    write_rows([{"code": code} for code in codes], folder / "warnings.csv", ["code"])
    names = ("performance", "exclusions", "warnings", "identity")
    main(
        job(
            {
                "failures": [folder / "failures.csv"],
                "report": "study.html",
                "calculator": "nomogram.html",
            }
            | {name: folder / f"{name}.csv" for name in names},
            {"summary": folder / "complete.txt"},
            {"study": "mine", "confidence": 0.9, "on_problem": on_problem},
        )
    )
    return (folder / "complete.txt").read_text(encoding="utf-8")


def test_honest_figures_come_first_in_aligned_columns(tmp_path):
    head, nomogram, radiomics = conclude(tmp_path).splitlines()[3:6]
    columns = ("cross-validated (90 % CI)", ".632+", "apparent (optimistic)")
    starts = [head.index(name) for name in columns]
    assert starts == sorted(starts)
    for line, shown in ((nomogram, ("0.851 (0.700-0.900)", "0.874", "0.970")),
                        (radiomics, ("0.500", "-", "0.900"))):  # fmt: skip
        assert [line[start:].partition("  ")[0] for start in starts] == list(shown)
    assert nomogram.strip().startswith("Radiomics nomogram")


def test_paths_and_counts(tmp_path):
    text = conclude(tmp_path)
    assert "Study mine is complete." in text
    assert f"excluded  1 patient ({tmp_path / 'exclusions.csv'})" in text
    assert f"warnings  0 ({tmp_path / 'warnings.csv'})" in text
    assert "report    study.html" in text and "nomogram  nomogram.html" in text


def test_codes_of_the_gravest_warnings(tmp_path):
    codes = [*["undefined_icc", "sample_size"], *["sample_size", "separation", "collinear", "new"]]
    text = conclude(tmp_path, codes=codes)
    said = "warnings  6: separation, sample_size (2), collinear, new, 1 more kind"
    assert said in text
    assert "warnings  1: empty (" in conclude(tmp_path, codes=["empty"])


def test_a_run_without_models_or_resamples_ends_too(tmp_path):
    assert "no model was evaluated" in conclude(tmp_path, areas=[])
    only = [row for row in AREAS if not row[1].startswith("corrected")]
    assert "0.851 (0.700-0.900)" in conclude(tmp_path, areas=only)


def test_a_failed_case_ends_the_run_unless_it_may_be_left_out(tmp_path):
    failure = dict(zip(FAILURE, ("P7", "late", "a1", "features", "vanished", "0 voxels"),
                       strict=True))  # fmt: skip
    with pytest.raises(ValueError, match="P7 late a1: vanished, 0 voxels"):
        conclude(tmp_path, [failure])
    assert not (tmp_path / "complete.txt").exists()
    assert "mine is complete" in conclude(tmp_path, [failure], on_problem="exclude")
    by_kind = {"computation": "exclude"}
    assert "mine is complete" in conclude(tmp_path, [failure], on_problem=by_kind)
    with pytest.raises(ValueError, match="P7 late a1"):
        conclude(tmp_path, [failure], on_problem={"default": "exclude", "computation": "stop"})


def test_what_the_checks_had_excluded_is_no_failure_of_the_run(tmp_path):
    """Its own kind was excluded: it is a row among the failures, and no fault of the computing."""
    failure = dict(zip(FAILURE, ("P7", "late", "a1", "images", "no mask", ""), strict=True))
    by_kind = {"mask_empty": "exclude"}
    assert "mine is complete" in conclude(tmp_path, [failure], by_kind, excluded=["P7"])
    other = failure | {"reading": "b1"}
    with pytest.raises(ValueError, match="1 case failed"):
        conclude(tmp_path, [failure, other], by_kind, excluded=["P7"])


def test_a_patients_name_in_a_result_ends_the_run_and_is_not_repeated(tmp_path):
    found = dict.fromkeys(IDENTITY_COLUMNS, "") | {
        "kind": "identity_in_output", "severity": "problem", "file": "results/mine/a.csv",
        "tag": "PatientName", "patient": "P7",
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"results/mine/a\.csv: PatientName of P7"):
        conclude(tmp_path, named=[found])
    assert conclude(tmp_path, named=[found | {"severity": "warning"}])
