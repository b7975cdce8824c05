import pytest
from collect_warnings import main
from jobs import job

from nomoflow.run import read_rows, write_json, write_rows

FAILURE = ("patient", "phase", "reading", "stage", "reason", "detail")
ICC = ("phase", "feature", "comparison", "icc", "kept")
FITTED = {"status": "fitted", "reason": "", "terms": [{"name": "age"}]}


def collect(folder, *, failures=(), icc=(), combined=None, models=None, vif=(), prescaled=False):
    """The codes of the warnings that a study's tables give."""
    write_rows(failures, folder / "failures.csv", FAILURE)
    write_rows(
        icc or [dict(zip(ICC, ("CT", "a", "inter", "0.9", "True"), strict=True))],
        folder / "icc.csv",
        ICC,
    )
    status = {"status": "selected", "reason": "", "candidates": 5, **(combined or {})}
    write_json(status, folder / "combined.json")
    cohort = {"patients": 60, "events": 40}
    write_json(
        {"cohort": cohort, "models": models or {"image_features": FITTED}}, folder / "m.json"
    )
    write_rows(vif, folder / "vif.csv", ("model", "term", "vif"))
    main(
        job(
            {
                "failures": [folder / "failures.csv"],
                "icc": folder / "icc.csv",
                "statuses": [folder / "combined.json"],
                "model": folder / "m.json",
                "vif": folder / "vif.csv",
            },
            {"warnings": folder / "warnings.csv"},
            {"signatures": ["combined"], "prescaled": prescaled},
        )
    )
    rows = read_rows(folder / "warnings.csv")
    assert all(row["message"] and row["remedy"] and row["subject"] for row in rows)
    return [row["code"] for row in rows]


def test_a_study_without_fault_has_no_warning(tmp_path):
    assert collect(tmp_path) == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"failures": [dict.fromkeys(FAILURE, "x")]}, "failed_case"),
        ({"prescaled": True}, "prescaled"),
        ({"icc": [dict(zip(ICC, ("CT", "a", "none", "", "True"), strict=True))]}, "not_assessed"),
        (
            {"icc": [dict(zip(ICC, ("CT", "a", "inter", "", "False"), strict=True))]},
            "undefined_icc",
        ),
        ({"combined": {"status": "empty"}}, "empty"),
        ({"combined": {"status": "fallback", "reason": "separated"}}, "refit_fallback"),
        ({"models": {"nomogram": FITTED | {"status": "separated"}}}, "separation"),
        ({"models": {"volume": FITTED | {"status": "unavailable", "terms": []}}}, "unavailable"),
        ({"models": {"nomogram": FITTED | {"terms": [{}] * 3}}}, "few_events"),
        ({"vif": [{"model": "nomogram", "term": "age", "vif": "10.1"}]}, "collinear"),
    ],
)
def test_each_fault_has_its_warning(tmp_path, fault, code):
    if code == "unavailable":
        fault["models"]["volume"]["reason"] = "no volume"
    assert collect(tmp_path, **fault) == [code]


@pytest.mark.parametrize(
    ("reason", "message", "remedy"),
    [
        ("sex separates: Firth's penalised estimates", "penalised likelihood", "fewer predictors"),
        ("sex separates: no finite estimate", "not defined", "models.separated: firth"),
    ],
)
def test_separation_is_explained_by_what_was_done_about_it(tmp_path, reason, message, remedy):
    model = FITTED | {"status": "separated", "reason": reason}
    collect(tmp_path, models={"nomogram": model})
    (row,) = read_rows(tmp_path / "warnings.csv")
    assert row["message"].startswith(reason) and message in row["message"]
    assert remedy in row["remedy"]
