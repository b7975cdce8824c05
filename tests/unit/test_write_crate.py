"""A crate holds what may leave, as it lies in the project, and says what it is."""

import hashlib
import json

import pytest
from jobs import job

pytest.importorskip("rocrate", reason="the library rocrate is not installed")

from write_crate import main

from nomoflow.crate import UNSTATED

FILES = {
    "Snakefile": b"rule all:\n",
    "config/mine.yaml": b"study: mine\n",
    "config/mine.csv": b"patient,age\nP1,50\n",
    "data/a.nii.gz": b"voxels",
    "results/mine/evaluation/performance.csv": b"model,auc\nnomogram,0.7\n",
    "results/mine/cohort/participants.csv": b"patient,age\nP1,50\n",
    "results/mine/images/overlays/0001/P1.jpg": b"picture",
}
SOURCES = ("Snakefile", "config/mine.yaml")
READ = ("config/mine.csv", "data/a.nii.gz")


def listed(content):
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    rows = {name: {"path": name, **listed(content)} for name, content in FILES.items()}
    manifest = {
        "study": "mine",
        "version": "1.2.3",
        "configfiles": ["config/mine.yaml"],
        "config": {"study": "mine", "cohort": {"id": "patient"}},
        "sources": {name: listed(FILES[name]) for name in SOURCES},
        "inputs": [rows[name] for name in READ],
        "outputs": [rows[name] for name in FILES if name.startswith("results/")],
    }
    for name, content in (("manifest", manifest), ("run", {})):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path


def crate(folder, patients):
    inputs = {name: f"{name}.json" for name in ("manifest", "run")}
    main(job(inputs, {"crate": str(folder / "crate")}, {"patients": patients}))
    made = folder / "crate"
    document = json.loads((made / "ro-crate-metadata.json").read_bytes())
    return made, {one["@id"]: one for one in document["@graph"]}


def test_what_may_leave_is_there_byte_for_byte_and_nothing_else(study):
    made, entities = crate(study, patients=False)
    files = {str(p.relative_to(made)): p.read_bytes() for p in made.rglob("*") if p.is_file()}
    files.pop("ro-crate-metadata.json")
    wanted = {"Snakefile", "config/mine.yaml", "results/mine/evaluation/performance.csv"}
    assert {name for name in files if name not in ("manifest.json", "run.json")} == wanted
    assert all(files[name] == FILES[name] for name in wanted)
    assert not [name for name in entities if name.endswith((".nii.gz", ".jpg", "mine.csv"))]


def test_rows_of_patients_leave_where_that_is_asked_for(study):
    made, entities = crate(study, patients=True)
    table = "results/mine/cohort/participants.csv"
    assert (made / table).read_bytes() == FILES[table]
    assert entities[table]["sha256"] == hashlib.sha256(FILES[table]).hexdigest()
    assert not list(made.rglob("*.jpg")) and not list(made.rglob("*.gz"))


def test_the_run_names_what_it_read_made_and_was_given(study):
    _, entities = crate(study, patients=False)
    root, run, workflow = entities["./"], entities["#run"], entities["Snakefile"]
    assert root["mainEntity"] == {"@id": "Snakefile"} and root["mentions"] == [{"@id": "#run"}]
    assert root["license"] == UNSTATED
    assert run["instrument"] == {"@id": "Snakefile"}
    assert run["result"] == [{"@id": "results/mine/evaluation/performance.csv"}]
    for parameter in workflow["input"]:
        value = entities[entities[parameter["@id"]]["workExample"]["@id"]]
        assert value["exampleOfWork"] == parameter and {"@id": value["@id"]} in run["object"]
    digests = sorted(hashlib.sha256(FILES[name]).hexdigest() for name in READ)
    together = hashlib.sha256(json.dumps(digests).encode()).hexdigest()
    said = entities["#value/not-included"]["value"]
    assert said.startswith("2 files") and said.endswith(together)


def test_no_workflow_no_crate(study):
    manifest = json.loads((study / "manifest.json").read_bytes())
    del manifest["sources"]["Snakefile"]
    (study / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ValueError, match="a crate needs Snakefile"):
        crate(study, patients=False)
