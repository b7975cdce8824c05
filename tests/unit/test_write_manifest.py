"""Rule write_manifest: all that a study is made from, by and of, and nothing that differs."""

import getpass
import hashlib
import json
import re
import shutil
import socket
from pathlib import Path

import digest_images
import pytest
import trace_results
import write_manifest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic_history import (
    COMPLETE,
    CONFIG,
    FILES,
    IMAGES,
    JOBS,
    PLACE,
    SERIES,
    TABLES,
    all_files,
    digest_job,
    digests_of_scans,
    finished_study,
    in_folder,
    manifest_job,
    put,
    put_job,
    trace_job,
)

from nomoflow import file_digests
from nomoflow.job_history import HistoryError

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = f"{PLACE}/provenance/manifest.json"
CONFIGFILES = [ROOT / "config/config.yaml", ROOT / "config/ci.yaml"]


def written(root, config=None):
    """The manifest of a study, its images' digests and its trace written before."""
    put(root, FILES, digests_of_scans(root))
    jobs = [(digest_images.main, digest_job()), (trace_results.main, trace_job(config))]
    in_folder(root, *jobs, (write_manifest.main, manifest_job(config, CONFIGFILES)))
    return json.loads((root / MANIFEST).read_bytes())


@pytest.fixture
def study(tmp_path):
    return finished_study(tmp_path / "project")


def test_every_file_with_its_digest_and_none_beside(study):
    made = written(study)
    outputs = {row["path"]: row for row in made["outputs"]}
    assert set(outputs) == all_files(study) - {MANIFEST}
    assert outputs[COMPLETE]["rule"] == "conclude_study"
    inputs = {row["path"]: row for row in made["inputs"]}
    assert set(inputs) == {*TABLES, IMAGES[0], IMAGES[1], IMAGES[3], *SERIES}
    for path, row in {**outputs, **inputs}.items():
        content = (study / path).read_bytes()
        assert row["sha256"] == hashlib.sha256(content).hexdigest() and row["size"] == len(content)
    assert [row["path"] for row in made["outputs"]] == sorted(outputs)
    assert {job["rule"] for job in made["jobs"]} == {rule for rule, *_ in JOBS}
    assert made["warnings"][0]["code"] == "few" and made["exclusions"][0]["patient"] == "p9"
    assert made["seeds"] == {"evaluation.seed": 3, "signature.seed": 4}
    assert made["config"] == json.loads(json.dumps(CONFIG))


def test_the_workflows_own_files_and_pins(study):
    made = written(study)
    assert made["configfiles"] == ["config/config.yaml", "config/ci.yaml"]
    for path, one in made["sources"].items():
        content = (ROOT / path).read_bytes()
        assert one == {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    wanted = {"Snakefile", "rules/common.smk", "scripts/fit_lasso.py", "scripts/nomoflow/lasso.py"}
    wanted |= {"envs/images.yaml", "envs/images.post-deploy.sh", "profiles/default/config.yaml"}
    wanted |= {"config/ci.yaml", "config/schemas/config.schema.yaml", "pyproject.toml"}
    wanted |= {"report/study.html.j2", "report/captions/roc.rst", "tools/write_parity.py"}
    assert wanted <= set(made["sources"])
    assert not [
        path for path in made["sources"] if "__pycache__" in path or path.startswith("results")
    ]
    assert f'version = "{made["version"]}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "numpy =2.4.6" in made["pins"]["images.yaml"]
    assert "pyradiomics==3.0.1" in made["pins"]["images.yaml"]
    text = json.dumps(made["sources"], sort_keys=True)
    assert made["code"] == hashlib.sha256(text.encode()).hexdigest()


def test_the_digest_seals_all_the_rest(study):
    made = written(study)
    said = made.pop("digest")
    text = json.dumps(made, sort_keys=True, ensure_ascii=False)
    assert said == hashlib.sha256(text.encode()).hexdigest()
    assert made["format"] == "nomoflow-manifest/1" and made["study"] == "mini"


def test_no_machine_is_named(study):
    archive = study.parent / "archive"
    config = {**CONFIG, "images": {**CONFIG["images"], "roots": ["data", str(archive)]}}
    put_job(study, "fit_models", [], [f"{PLACE}/models/vif.csv"], {"path": str(study / "data/x")})
    made = written(study, config)
    text = json.dumps(made)
    assert made["config"]["images"]["roots"] == ["data", "<outside>"]
    for word in (socket.gethostname(), getpass.getuser()):
        assert not re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", text), word
    assert str(study) not in text and str(archive) not in text and '"/' not in text


def test_the_same_bytes_in_another_folder_at_another_time(study, tmp_path):
    written(study)
    other = tmp_path / "far" / "away"
    shutil.copytree(study, other)
    for log in (other / "logs/mini").glob("*.log"):
        text = log.read_text(encoding="utf-8")
        text = text.replace('"prefix": "/', '"prefix": "/elsewhere/').replace("1.5", "7.5")
        log.write_text(text, encoding="utf-8")
    written(other)
    assert (study / MANIFEST).read_bytes() == (other / MANIFEST).read_bytes()


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """A study, its manifest, and the files that this tells of: inputs and first results."""
    root = finished_study(tmp_path_factory.mktemp("sealed") / "project")
    made = written(root)
    ours = [row["path"] for row in made["inputs"] + made["outputs"]]
    return root, made, [path for path in ours if "/provenance/" not in path and path != FILES]


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_changed_byte_gives_another_manifest(sealed, data):
    root, made, files = sealed
    path = data.draw(st.sampled_from(files))
    content = (root / path).read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[place] ^= 1 << data.draw(st.integers(0, 2))  # still text
    try:
        (root / path).write_bytes(changed)
        other = written(root)
    finally:
        (root / path).write_bytes(content)
    assert other["digest"] != made["digest"]
    rows = {row["path"]: row["sha256"] for row in made["inputs"] + made["outputs"]}
    differing = {
        row["path"]
        for row in other["inputs"] + other["outputs"]
        if row["sha256"] != rows[row["path"]]
    }
    assert path in differing


def test_left_overs_are_named_and_not_listed(study, capsys):
    put(study, f"{PLACE}/signature/old_phase/path.csv")
    put(study, f"{PLACE}/sensitivity/lasso/evaluation/measured.csv")
    put(study, f"{PLACE}/models/locked.json")
    put(study, f"{PLACE}/provenance/ro-crate/ro-crate-metadata.json")
    put(study, f"{PLACE}/provenance/verification.json")
    put(study, f"{PLACE}/release/mini.zip")
    put(study, f"{PLACE}/provenance/run.json")  # of an earlier run
    put_job(study, "lock_model", [], [f"{PLACE}/models/locked.json"])
    put_job(study, "correct_optimism", [], [f"{PLACE}/sensitivity/lasso/evaluation/measured.csv"])
    paths = {row["path"] for row in written(study)["outputs"]}
    said = capsys.readouterr().out
    assert f"{PLACE}/signature/old_phase/path.csv (a stray" in said and "WARNING 1 stray" in said
    assert "locked.json (of another target)" in said and "measured.csv (of another" in said
    assert not [path for path in paths if "old_phase" in path or "sensitivity" in path]
    assert not [
        path for path in paths if "ro-crate" in path or "verif" in path or "release" in path
    ]
    assert not {f"{PLACE}/models/locked.json", f"{PLACE}/provenance/run.json"} & paths


def test_images_are_read_for_their_digests_once(study, monkeypatch):
    written(study)
    read = []

    def spied(path):
        read.append(str(path))
        return real(path)

    real = file_digests.digest_of_file
    monkeypatch.setattr(file_digests, "digest_of_file", spied)
    in_folder(study, (trace_results.main, trace_job()))
    in_folder(study, (write_manifest.main, manifest_job()))
    assert read and not [path for path in read if path.endswith((".gz", ".dcm", ".mha", ".jpg"))]


def test_a_result_that_is_gone_is_named_with_its_remedy(study):
    written(study)
    (study / COMPLETE).unlink()
    with pytest.raises(HistoryError, match=f"--forcerun {COMPLETE}"):
        in_folder(study, (write_manifest.main, manifest_job()))


def test_a_copy_without_pyproject_has_no_version(study, monkeypatch, tmp_path):
    copy = tmp_path / "copy"
    for part in ("Snakefile", "rules", "scripts", "envs"):
        source = ROOT / part
        shutil.copytree(source, copy / part) if source.is_dir() else put(copy, part)
    monkeypatch.setattr(write_manifest, "ROOT", copy)
    assert written(study)["version"] is None
