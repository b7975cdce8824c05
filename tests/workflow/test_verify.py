"""A finished study as an auditor takes it: verified, damaged, recomputed and released."""

import json
import os
import random
import subprocess
import sys
import zipfile

import pytest
from tool_loading import load_tool
from workflow import running
from workflow.running import RESULTS, differing, digests, snakemake

verify = load_tool("verify")
MANIFEST = f"{RESULTS}/provenance/manifest.json"
VERDICT = f"{RESULTS}/provenance/verification.json"
ROUNDS, PER_ROUND = 12, 20  # of flips: 240 in all

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def audited(finished, tmp_path_factory):
    """One copy of the finished study, in another folder; each test leaves it as it was."""
    return running.copy_finished(finished, tmp_path_factory.mktemp("audit") / "second/place")


def check(folder):
    return verify.check(folder, folder / MANIFEST)


def kind(path):
    """What is flipped in turn, so that no kind of file is missed."""
    first = path.split("/")[0]
    if first in ("config", "data") or path.endswith((".parquet", ".mha", ".jpg", ".csv")):
        return f"{first} {path.rpartition('.')[2]}"
    return first


def test_an_untouched_copy_is_verified_and_every_one_of_240_flipped_bytes_is_named(audited):
    assert check(audited)["state"] == "verified"
    listed = verify.listed_files(json.loads((audited / MANIFEST).read_bytes()), audited)
    draw, by_kind = random.Random(20), {}
    for path in sorted(listed):
        if listed[path]["size"]:
            by_kind.setdefault(kind(path), []).append(path)
    assert {"Snakefile", "rules", "scripts", "envs", "config yaml", "config csv", "data gz"} <= set(
        by_kind
    )
    every = [path for paths in by_kind.values() for path in paths]
    kinds, flips = sorted(by_kind), 0
    for turn in range(ROUNDS):
        chosen = {draw.choice(by_kind[one]) for one in draw.sample(kinds, min(10, len(kinds)))}
        chosen.add(draw.choice(by_kind[kinds[turn % len(kinds)]]))
        while len(chosen) < PER_ROUND:
            chosen.add(draw.choice(every))
        flips += len(chosen)
        for path in sorted(chosen):
            flip(audited / path, draw)
        verdict = check(audited)
        assert {one["path"] for one in verdict["findings"]} == chosen
        assert {one["state"] for one in verdict["findings"]} == {"changed"}
        assert verdict["state"] == "different"
        for path in sorted(chosen):
            restore(audited / path)
    assert flips >= 200
    assert check(audited)["state"] == "verified"


KEPT = {}


def flip(path, draw):
    """One bit of one byte; the file's time stays as it was."""
    state, content = path.stat(), path.read_bytes()
    KEPT[path] = (content, (state.st_atime_ns, state.st_mtime_ns))
    at = draw.randrange(len(content))
    path.write_bytes(
        content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]
    )
    os.utime(path, ns=KEPT[path][1])


def restore(path):
    content, times = KEPT.pop(path)
    path.write_bytes(content)
    os.utime(path, ns=times)


def test_the_target_names_a_flipped_byte_rebuilds_nothing_and_nothing_is_released(audited):
    planned = snakemake(audited, "verify", "--dry-run").succeeded()
    assert planned.jobs == {"verify": 1}
    before = digests(audited / RESULTS)
    path = audited / RESULTS / "evaluation/roc.csv"
    flip(path, random.Random(1))
    os.utime(path)  # newer than recorded, as an editor leaves it: other targets refuse to start
    try:
        done = snakemake(audited, "verify")
        assert done.code == 1
        assert f"CHANGED output {RESULTS}/evaluation/roc.csv" in done.output
        assert "by rule trace_roc" in done.output
        assert json.loads((audited / VERDICT).read_bytes())["state"] == "different"
        refused = snakemake(audited, "release")
        assert refused.code == 1
        assert "Not released: the study is not verified" in refused.output
        assert not (audited / RESULTS / "release").exists()
    finally:
        restore(path)
    named = [
        name for name in differing(before, digests(audited / RESULTS)) if "verifica" not in name
    ]
    assert named == []


def test_a_recomputed_patient_has_the_same_bytes(audited):
    before = digests(audited)
    done = snakemake(audited, "verify", "--config", "recompute=1").succeeded()
    assert done.jobs == {"verify": 1}
    verdict = json.loads((audited / VERDICT).read_bytes())
    made = verdict["recomputed"]
    assert (verdict["state"], made["state"], made["files"]) == ("verified", "reproduced", [])
    assert made["counts"]["equal"] > 250
    assert 1 <= len(made["patients"]) < 16
    assert "Recomputed: REPRODUCED." in done.output
    page = (audited / RESULTS / "provenance/verification.html").read_text(encoding="utf-8")
    assert "<h2>Recomputed</h2>" in page
    changed = differing(before, digests(audited))
    kept = ("logs/ci/verify.log", f"{RESULTS}/provenance/verification.", ".snakemake/")
    assert [name for name in changed if not name.startswith(kept)] == []


def test_the_release_is_checked_where_it_is_unpacked_by_its_own_program(audited, tmp_path):
    snakemake(audited, "release").succeeded()
    (archive,) = (audited / RESULTS / "release").iterdir()
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path)
    folder = tmp_path / archive.stem
    names = [path.name for path in folder.rglob("*")]
    assert not [name for name in names if name.endswith((".gz", ".mha", ".jpg", ".parquet"))]
    assert {"study.html", "model.json", "performance.csv", "roc.svg", "run.json"} <= set(names)
    done = subprocess.run(
        [sys.executable, "-I", "verify.py"], cwd=folder, capture_output=True, encoding="utf-8",
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "AS RELEASED" in done.stdout
    assert "withheld, not checked" in done.stdout
    flip(folder / RESULTS / "report/study.html", random.Random(2))
    assert check(folder)["state"] == "different"
    restore(folder / RESULTS / "report/study.html")
