import json
from threading import Thread

import numpy as np
import pytest
from jobs import job
from record_look import alone, main
from synthetic_cohort import PHASES
from synthetic_model import locked

from nomoflow.ledger import LedgerError, verify
from nomoflow.mislabelled import COLUMNS
from nomoflow.model_file import digest
from nomoflow.run import write_json, write_rows, write_table


@pytest.fixture(scope="module")
def study():
    return locked()


@pytest.fixture
def place(tmp_path, study):
    """A project with the locked model and one cohort."""
    (tmp_path / "models/mine").mkdir(parents=True)
    write_json(study.document, tmp_path / "models/mine/model.json")
    cohort(tmp_path, study)
    return tmp_path


def cohort(folder, study, change=None, features=None):
    clinical = study.clinical.rename(columns={"outcome": "diagnosis"}).assign(note="unread")
    rows = clinical.astype("str").to_dict("records")
    rows = change(rows) or rows if change else rows
    write_rows(rows, folder / "participants.csv", list(rows[0]))
    table = study.features if features is None else features
    for phase in PHASES:
        own = [name for name in table if name.startswith(f"{phase}_")]
        part = table[own].rename(columns=lambda name, p=phase: name.removeprefix(f"{p}_"))
        part.insert(0, "reading", "a1")
        part.insert(0, "patient", table["patient"])
        write_table(part, folder / f"{phase}.parquet")


def look(folder, centre="centre_b", features=True, mislabelled=(), on_mislabelled="stop"):
    """Entries of the ledger, and the look's own file."""
    head = folder / f"results/{centre}/centres/look.json"
    write_rows(mislabelled, folder / f"{centre}.csv", COLUMNS)
    inputs = {
        "model": folder / "models/mine/model.json",
        "participants": folder / "participants.csv",
        "mislabelled": folder / f"{centre}.csv",
    }
    if features:
        inputs["features"] = [folder / f"{phase}.parquet" for phase in PHASES]
    ledger = folder / "models/mine/ledger.json"
    params = {
        "centre": centre,
        "heads": str(folder / "results/*/centres/look.json"),
        "on_mislabelled": on_mislabelled,
    }
    main(job(inputs, {"ledger": ledger, "look": head}, params))
    return json.loads(ledger.read_bytes())["entries"], json.loads(head.read_bytes())


def test_a_look_is_an_entry_and_leaves_its_head(place, study):
    entries, head = look(place)
    assert entries == [head]
    assert (head["count"], head["centre"]) == (1, "centre_b")
    assert head["model"] == study.document["digest"]


def test_the_same_look_changes_no_byte(place):
    look(place)
    paths = [place / "models/mine/ledger.json", place / "results/centre_b/centres/look.json"]
    before = [path.read_bytes() for path in paths]
    cohort_order(place)
    look(place)
    assert [path.read_bytes() for path in paths] == before


def cohort_order(folder):
    """The rows of the participants table turned round."""
    lines = (folder / "participants.csv").read_text(encoding="utf-8").splitlines()
    text = "\n".join([lines[0], *reversed(lines[1:])]) + "\n"
    (folder / "participants.csv").write_text(text, encoding="utf-8")


def other_outcome(rows):
    rows[0]["diagnosis"] = "0" if rows[0]["diagnosis"] == "1" else "1"


def other_age(rows):
    rows[5]["age"] = "33"


def one_less(rows):
    return rows[1:]


@pytest.mark.parametrize("change", [other_outcome, other_age, one_less])
def test_what_is_judged_otherwise_is_another_look(place, study, change):
    look(place)
    cohort(place, study, change)
    entries, head = look(place)
    assert [entry["count"] for entry in entries] == [1, 2]
    assert entries[1] == head and entries[1]["previous"] == entries[0]["digest"]


def test_another_feature_value_is_another_look_but_not_its_last_bit(place, study):
    look(place)
    name = study.document["signatures"]["combined"]["features"][0]
    features = study.features.copy()
    features[name] = np.nextafter(features[name], np.inf)
    cohort(place, study, features=features)
    assert len(look(place)[0]) == 1
    features[name] += 0.001
    cohort(place, study, features=features)
    assert len(look(place)[0]) == 2


def test_a_column_that_is_not_judged_does_not_count(place, study):
    look(place)

    def noted(rows):
        for row in rows:
            row["note"] = "seen by the pathologist"

    cohort(place, study, noted)
    assert len(look(place)[0]) == 1


def test_a_second_centre_and_a_second_model(place, study):
    look(place)
    look(place, "centre_c")
    document = study.document | {"version": 2}
    document |= {"digest": digest(document)}
    write_json(document, place / "models/mine/model.json")
    entries, _ = look(place)
    assert [(one["count"], one["centre"]) for one in entries] == [
        (1, "centre_b"), (2, "centre_c"), (3, "centre_b"),
    ]  # fmt: skip
    assert entries[2]["model"] == document["digest"] != entries[0]["model"]
    verify(json.loads((place / "models/mine/ledger.json").read_bytes()))


@pytest.mark.parametrize("lost", ["deleted", "cut off", "changed"])
def test_a_ledger_that_lost_a_look(place, lost):
    look(place)
    look(place, "centre_c")
    path = place / "models/mine/ledger.json"
    content = json.loads(path.read_bytes())
    if lost == "deleted":
        path.unlink()
    elif lost == "cut off":
        write_json(content | {"entries": content["entries"][:1]}, path)
    else:
        content["entries"][0]["centre"] = "elsewhere"
        write_json(content, path)
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(LedgerError, match=r"ledger: (look|entry) [12].*(deleted|changed)"):
        look(place)
    assert (path.read_bytes() if path.exists() else None) == before


def test_a_head_of_another_studys_model_is_not_missed(place):
    look(place)
    foreign = dict.fromkeys(("count", "centre", "model", "cohort", "previous", "digest"), "x")
    (place / "results/other/centres").mkdir(parents=True)
    write_json(foreign, place / "results/other/centres/look.json")
    assert len(look(place, "centre_c")[0]) == 2


def test_what_does_not_fit_the_model_is_no_look(place):
    row = dict.fromkeys(COLUMNS, "") | {"kind": "unit", "cause": "age is in months"}
    with pytest.raises(ValueError, match="age is in months"):
        look(place, mislabelled=[row])
    assert not (place / "models/mine/ledger.json").exists()
    assert len(look(place, mislabelled=[row], on_mislabelled="warn")[0]) == 1


def test_without_features(place):
    assert len(look(place, features=False)[0]) == 1


def test_two_centres_at_once_both_stand_in_the_ledger(place):
    """While one has the ledger, the other waits: no look is written over."""
    threads = [Thread(target=look, args=(place, name)) for name in ("centre_b", "centre_c")]
    with alone(place / "models/mine/ledger.json"):
        for thread in threads:
            thread.start()
        threads[0].join(timeout=1)
        assert not (place / "models/mine/ledger.json").exists()
    for thread in threads:
        thread.join(timeout=60)
    entries = json.loads((place / "models/mine/ledger.json").read_bytes())["entries"]
    assert sorted(entry["centre"] for entry in entries) == ["centre_b", "centre_c"]
