"""The records of jobs followed upwards, and paths told without naming a machine."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_history import (
    COMPLETE,
    CONFIG,
    EXCLUSIONS,
    IMAGES,
    JOBS,
    PERFORMANCE,
    PLACE,
    STUDY,
    TABLES,
    WARNINGS,
    finished_study,
    put_job,
)

from nomoflow.job_history import HistoryError, Places, brief
from nomoflow.study_history import StudyHistory

NAMES = st.text("abc. #é-_", min_size=1, max_size=8).filter(lambda name: name.strip(". "))
PARTS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@given(path=PARTS, root=PARTS, outside=PARTS)
def test_no_path_is_told_as_absolute_and_each_leads_back(path, root, outside):
    root, outside = f"/project/{root}", f"/elsewhere/{outside}"
    for given_path in (path, f"{root}/{path}", f"{outside}/{path}", f"/nowhere/{path}"):
        places = Places(root, [outside])  # of its own: the four may be told alike
        told = places.told(given_path)
        assert not told.startswith("/") and root not in told and outside not in told
        assert str(places.place(told)) in (given_path, f"{root}/{path}")
        shown = json.dumps(places.in_value({"deep": [{"file": given_path}]}))
        assert root not in shown and outside not in shown and "nowhere" not in shown


def test_how_paths_are_told():
    places = Places("/project", ["/archive/ct", "data"])
    assert places.told("/archive/ct/p1/a.nrrd") == "<outside>/p1/a.nrrd"
    assert places.told("/usb/model.json") == "<outside>/model.json"
    assert places.told("/project/./data/x") == "data/x" == places.told("data/x")
    assert places.told("../shared/x") == "../shared/x"
    assert places.in_value("mg/ml") == "mg/ml" and places.in_value("/ml") == "/ml"
    assert places.in_value(("/archive/ct", 1, None, float("inf"))) == ["<outside>", 1, None, "inf"]
    assert places.in_value("no file /archive/ct/p1/a.nrrd") == "no file <outside>/p1/a.nrrd"
    assert places.in_value("data/p#1.2.840.7") == "data/p#7dccc56e"
    with pytest.raises(HistoryError, match="two files outside"):
        places.told("/other/model.json")


def test_long_params_and_code_are_told_by_their_digest():
    told = brief({"code": {"a": "1"}, "few": [1, 2], "many": ["x" * 50] * 50})
    assert told["few"] == [1, 2]
    # printf '{"a": "1"}' | sha256sum
    assert told["code"] == {
        "sha256": "452647e07c48d5e6dbdad452d4f4715de98ad66f3397952966e13ffa37b3523f"
    }
    assert set(told["many"]) == {"sha256"} and told["many"] != told["code"]


@pytest.fixture
def study(tmp_path):
    return finished_study(tmp_path)


def history(root):
    return StudyHistory(STUDY, CONFIG, root=root)


def test_all_jobs_behind_a_file_and_the_files_that_it_began_with(study):
    jobs, begun = history(study).behind([PERFORMANCE])
    rules = [job.rule for job in jobs]
    assert rules == ["apply_criteria", "check_images", "measure_performance", "resample_images"]
    assert begun == sorted([TABLES[0], *IMAGES])
    everything, _ = history(study).behind([COMPLETE, f"{PLACE}/provenance/trace.json"])
    assert sorted(job.rule for job in everything) == sorted(rule for rule, *_ in JOBS)


def test_a_file_without_a_log_is_named_with_its_remedy(study):
    (study / f"logs/{STUDY}/apply_criteria.log").unlink()
    with pytest.raises(HistoryError) as error:
        history(study).behind([COMPLETE])
    assert EXCLUSIONS in str(error.value) and f"{PLACE}/cohort/participants.csv" in str(error.value)
    assert "--forcerun results/mini/cohort/exclusions.csv" in str(error.value)


def test_a_job_that_did_not_end_tells_of_nothing(study):
    put_job(study, "collect_warnings", [PERFORMANCE], [WARNINGS], took=None)
    with pytest.raises(HistoryError, match=WARNINGS):
        history(study).behind([COMPLETE])


def test_two_logs_that_claim_one_file(study):
    put_job(study, "fit_models", [], [PERFORMANCE])
    with pytest.raises(HistoryError, match=r"fit_models \(study mini\) and of measure_performance"):
        history(study)
    # A rule of an earlier version, which is no more, claims nothing.
    (study / f"logs/{STUDY}/fit_models.log").unlink()
    put_job(study, "measure_of_old", [], [PERFORMANCE])
    jobs, _ = history(study).behind([PERFORMANCE])
    assert "measure_of_old" not in {job.rule for job in jobs}
