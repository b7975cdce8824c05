"""What a finished study tells of its own making: every file of it, and no name of the machine."""

import getpass
import hashlib
import json
import re
import socket
import subprocess
import sys

import pytest
from workflow.running import RESULTS, ROOT, digests, read_csv

PLACE = f"{RESULTS}/provenance"
AFTER = ("provenance/manifest.json", "provenance/run.json")


@pytest.fixture(scope="module")
def told(finished):
    names = ("manifest", "trace", "run")
    return {name: json.loads((finished / PLACE / f"{name}.json").read_bytes()) for name in names}


def test_the_manifest_lists_every_file_as_it_is(finished, told):
    outputs = {row["path"]: row["sha256"] for row in told["manifest"]["outputs"]}
    there = digests(finished / RESULTS, without=(*AFTER, "provenance/ro-crate", "release"))
    assert outputs == {f"{RESULTS}/{name}": digest for name, digest in there.items()}
    inputs = {row["path"]: row["sha256"] for row in told["manifest"]["inputs"]}
    scans = read_csv(finished / "config/ci/scans.csv")
    included = {row["patient"] for row in read_csv(finished / RESULTS / "images/quality.csv")}
    images = {
        f"data/{row[kind]}"
        for row in scans
        for kind in ("image", "mask")
        if row["patient"] in included
    }
    tables = {f"config/ci/{name}" for name in ("participants.csv", "scans.csv", "pyradiomics.yaml")}
    assert inputs.keys() == images | tables
    for path, digest in inputs.items():
        assert digest == hashlib.sha256((finished / path).read_bytes()).hexdigest(), path
    for path, one in told["manifest"]["sources"].items():
        content = (finished / path).read_bytes()
        assert one["sha256"] == hashlib.sha256(content).hexdigest(), path


def test_every_job_has_a_record_and_ran_in_the_stated_environment(finished, told):
    jobs = told["manifest"]["jobs"]
    made = {path for job in jobs for path in job["outputs"]}
    assert {path for job in jobs for path in job["inputs"] if path.startswith(RESULTS)} <= made
    timed = [(job["rule"], job["wildcards"]) for job in told["run"]["jobs"]]
    assert [(job["rule"], job["wildcards"]) for job in jobs] == [
        one for one in timed if one[0] != "write_manifest"
    ]
    assert told["run"]["manifest"] == told["manifest"]["digest"]
    assert "" not in told["run"]["totals"]["stages"]


def test_all_that_the_report_rests_on_is_traced_to_the_images(finished, told):
    files = told["trace"]["files"]
    begun = {path for path, one in files.items() if one["rule"] is None}
    assert begun == {
        row["path"] for row in told["manifest"]["inputs"] if "data/" not in row["path"]
    }
    assert {path for one in files.values() for path in one["inputs"]} <= set(files)
    figures = {path.name for path in (finished / RESULTS / "figures").glob("*.svg")}
    assert figures <= {path.rpartition("/")[2] for path in files}


def test_nothing_names_the_machine(finished, told):
    words = {socket.gethostname(), getpass.getuser()}
    for name, document in told.items():
        text = json.dumps(document, ensure_ascii=False)
        for word in words:
            assert not re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", text), (name, word)
        assert str(finished) not in text and '"/' not in text, name


def test_the_page_follows_a_number_to_the_voxels(finished):
    """The page's own commands, on the quick study: what was computed anew is what the table has."""
    page = (ROOT / "docs/audit.md").read_text(encoding="utf-8").partition("## One number")[2]
    steps = re.findall(r"uv run python - <<'END'\n(.*?)^END$", page, re.MULTILINE | re.DOTALL)
    image = next((finished / RESULTS / "images/resampled").rglob("*_corticomedullary_a1_image.mha"))
    patient = image.name.partition("_")[0]
    known = {"demo": "ci", "D003": patient, "0007": image.parent.name}
    said = []
    for step in steps:
        for word, other in known.items():
            step = re.sub(rf"\b{word}(?=\b|_)", other, step)
        done = subprocess.run(
            [sys.executable, "-"], input=step, cwd=finished, capture_output=True, text=True,
            encoding="utf-8", check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said.append(done.stdout.splitlines())
    way, *compared, files = said
    assert way[-1].endswith(f"{patient}/corticomedullary.nii.gz by simulate_patient")
    assert len(compared) == 3
    for anew, in_table in compared:
        assert float(anew.split()[-1]) == pytest.approx(float(in_table), rel=1e-9), anew
    for line in files:
        digest, path = line.split()
        assert hashlib.sha256((finished / path).read_bytes()).hexdigest() == digest
    assert len(files) == 2
