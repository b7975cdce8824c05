"""Recomputing a study: who is drawn, what is taken over, and what the verdict says."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import synthetic_manifest as small
from hypothesis import given
from hypothesis import strategies as st
from tool_loading import load_tool

from nomoflow import recompute as again
from nomoflow import recompute_verdict
from nomoflow.study import Study

load_tool("verify")
tool = load_tool("recompute")
PLACE = small.RESULTS
STUDY = Study(small.CONFIG)
BATCHES = sorted({STUDY.bucket(patient) for patient in small.PATIENTS})


def job(rule, inputs, outputs, **wildcards):
    return {"rule": rule, "inputs": inputs, "outputs": outputs, "wildcards": wildcards}


def image(patient):
    return f"data/{patient}.nii.gz"


def jobs():
    """Images drawn, resampled and measured by batch, gathered, judged; and one look."""
    made = [job("draw", [], [image(patient)], patient=patient) for patient in small.PATIENTS]
    made.append(job("check_engine", [], [f"{PLACE}/engine.csv"]))
    for batch in BATCHES:
        images = [image(p) for p in small.PATIENTS if STUDY.bucket(p) == batch]
        folder = f"{PLACE}/images/{batch}"
        made.append(job("resample", images, [folder], bucket=batch))
        inputs = [folder, f"{PLACE}/engine.csv"]
        made.append(job("extract", inputs, [f"{PLACE}/batches/{batch}.csv"], bucket=batch))
    batches = [f"{PLACE}/batches/{batch}.csv" for batch in BATCHES]
    made.append(job("gather", batches, [f"{PLACE}/features.csv"]))
    made.append(job("record_look", [f"{PLACE}/features.csv"], ["models/ledger.json"]))
    made.append(job("judge", [f"{PLACE}/features.csv"], [f"{PLACE}/auc.csv", f"{PLACE}/auc.svg"]))
    return made


def manifest(**changed):
    return {**small.content_of_manifest(jobs=jobs()), "digest": "d" * 64, **changed}


@given(st.sets(st.text(min_size=1, max_size=4), min_size=1), st.integers(1, 9), st.text(max_size=8))
def test_the_draw_is_the_same_for_the_same_digest_and_no_other(patients, many, seed):
    drawn = again.choose(patients, many, seed)
    assert drawn == again.choose(sorted(patients, reverse=True), many, seed)
    assert len(drawn) == min(many, len(patients))
    assert set(drawn) <= patients


def test_every_patient_is_drawn_by_some_digest():
    draws = [again.choose(small.PATIENTS, 1, f"{number}")[0] for number in range(400)]
    counts = [draws.count(patient) for patient in small.PATIENTS]
    assert min(counts) > 20  # 50 are expected, with a standard deviation of 6.6
    assert max(counts) < 80


@given(st.integers(1, 12))
def test_one_patient_s_batch_is_made_anew_and_the_others_are_taken_over(many):
    made = again.plan(manifest(), small.PATIENTS, many)
    batches = {STUDY.bucket(patient) for patient in made.chosen}
    assert len(made.chosen) == min(many, len(small.PATIENTS))
    assert made.recomputed == [p for p in small.PATIENTS if STUDY.bucket(p) in batches]
    for batch in BATCHES:
        assert (f"{PLACE}/batches/{batch}.csv" in made.kept) == (batch not in batches)
    for patient in small.PATIENTS:
        assert (image(patient) in made.kept) == (patient not in made.recomputed)
    whole = len(batches) == len(BATCHES)
    # The engine's check lies before what is taken over; it is made anew at the end.
    assert made.before == (frozenset() if whole else {f"{PLACE}/engine.csv"})
    assert {f"{PLACE}/auc.csv", f"{PLACE}/auc.svg"} <= set(made.targets)
    assert made.targets[-1] == f"{PLACE}/provenance/run.json"


def test_all_leaves_nothing_but_the_look():
    made = again.plan(manifest(), small.PATIENTS, "all")
    assert made.recomputed == small.PATIENTS
    assert made.kept == {"models/ledger.json"}
    assert made.jobs == len(jobs()) - 1


def test_a_study_from_a_table_is_recomputed_as_a_whole():
    config = {**small.CONFIG, "features": {"table": {"path": "t.csv"}}}
    made = again.plan(manifest(config=config), small.PATIENTS, 1)
    assert made.recomputed == small.PATIENTS


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "deep/project"
    small.write_study(root)
    for one in jobs():
        for path in one["outputs"]:
            if path.startswith(f"{PLACE}/images/"):
                small.write(root, f"{path}/P.mha", "voxels")
            else:
                small.write(root, path, small.INPUTS.get(path, "made"))
    small.write(root, f"logs/{small.STUDY}/judge.log", "job {}")
    return root


def test_the_scratch_folder_holds_what_is_taken_over_and_nothing_that_is_to_be_made(root, tmp_path):
    (tmp_path / "deep/shared.csv").write_text("x", encoding="utf-8")
    inputs = [*small.content_of_manifest()["inputs"], {"path": "../shared.csv", **small.entry("x")}]
    content = manifest(inputs=inputs)
    made = again.plan(content, small.PATIENTS, 1)
    scratch = again.lay_out(content, made, root, tmp_path / "work")
    assert scratch.parent.parent == tmp_path / "work"
    assert (scratch.parent / "shared.csv").read_text(encoding="utf-8") == "x"
    there = {p.relative_to(scratch).as_posix() for p in scratch.rglob("*") if p.is_file()}
    kept = {path for path in made.kept | made.before if not path.startswith(f"{PLACE}/images/")}
    kept |= {f"{path}/P.mha" for path in made.kept if path.startswith(f"{PLACE}/images/")}
    drawn = {image(patient) for patient in made.recomputed}
    assert there == {
        *small.SOURCES, *(set(small.INPUTS) - drawn), *kept, f"logs/{small.STUDY}/judge.log"
    }  # fmt: skip
    newest = max(os.stat(scratch / path).st_mtime for path in small.INPUTS if path not in drawn)
    assert all((scratch / path).stat().st_mtime >= newest for path in kept)
    # Whatever a job writes there, the study itself stays as it is.
    (scratch / "Snakefile").write_text("changed", encoding="utf-8")
    assert (root / "Snakefile").read_text(encoding="utf-8") == small.SOURCES["Snakefile"]


def test_each_recomputed_file_is_compared_and_no_other(root, tmp_path):
    outputs = [
        {"path": f"{PLACE}/{name}", **small.entry("made"), "rule": "x"}
        for name in ("auc.csv", "auc.svg", "engine.csv", *(f"batches/{b}.csv" for b in BATCHES))
    ]
    content = manifest(outputs=outputs)
    made = again.plan(content, small.PATIENTS, 1)
    scratch = tmp_path / "made"
    for path in [one["path"] for one in outputs] + [image(p) for p in small.PATIENTS]:
        small.write(scratch, path, small.INPUTS.get(path, "made"))
    small.write(scratch, f"{PLACE}/auc.csv", "other")
    (scratch / f"{PLACE}/auc.svg").unlink()
    limits = {"tolerances": [{"files": "*", "relative": 0, "absolute": 0}], "bytes": []}
    found = {
        one["path"]: one["state"] for one in again.compare(content, made, root, scratch, limits)
    }
    batch = STUDY.bucket(made.chosen[0])
    assert found == {
        "auc.csv": "beyond", "auc.svg": "missing", "engine.csv": "equal",
        f"batches/{batch}.csv": "equal", **{image(patient): "equal" for patient in made.recomputed},
    }  # fmt: skip


def files(*states):
    return [
        {"path": f"{n}.csv", "state": state, "values": 3, "relative": 1e-7, "absolute": 1e-8,
         "place": "auc, row 1", "limits": "1e-06, 1e-09"}
        for n, state in enumerate(states)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("states", "other_kind", "verdict"),
    [
        (["equal"], [], "reproduced"),
        (["equal", "within"], [], "different"),
        (["equal", "within"], None, "different"),
        (["equal", "within", "bytes"], ["environments"], "reproduced"),
        (["equal", "beyond"], ["environments"], "different"),
        (["missing"], ["system"], "different"),
    ],
)
def test_equal_bytes_are_asked_for_on_one_kind_of_machine_and_values_elsewhere(
    states, other_kind, verdict
):
    made = again.plan(manifest(), small.PATIENTS, 1)
    said = recompute_verdict.verdict(files(*states), made, other_kind, 1)
    assert said["state"] == verdict
    text = "\n".join(said["lines"])
    assert made.chosen[0] in text
    assert f"{len(made.recomputed)} of 8 were recomputed" in text
    assert ("1.0e-07 relative" in text) == bool({"within", "beyond"} & set(states))
    assert len(said["files"]) == len(states) - states.count("equal")


RECORD = {
    "machine": {"system": "Linux", "architecture": "x86_64", "libc": "glibc 2.36", "cores": 2},
    "environments": [
        {"python": {"version": "3.11.7"}, "itk": "5.4", "blas": {"kernels": "SkylakeX"},
         "packages": {"numpy": "2.4.6", "rich": "1"}},
        {"deployment": "gone"},
    ],
}  # fmt: skip


def test_what_decides_on_the_kind_of_machine():
    one = recompute_verdict.kind_of_machine(RECORD)
    other = {**RECORD, "machine": {**RECORD["machine"], "cores": 64}}
    assert recompute_verdict.differing_facts(one, recompute_verdict.kind_of_machine(other)) == []
    first = RECORD["environments"][0]
    for change in ({"blas": {"kernels": "Haswell"}}, {"packages": {"numpy": "2.5.0"}}):
        other = {**RECORD, "environments": [{**first, **change}]}
        found = recompute_verdict.differing_facts(one, recompute_verdict.kind_of_machine(other))
        assert found == ["environments"]
    other = {**RECORD, "environments": [{**first, "packages": {"numpy": "2.4.6", "rich": "2"}}]}
    assert recompute_verdict.differing_facts(one, recompute_verdict.kind_of_machine(other)) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda root: (root / "Snakefile").write_bytes(b"x"), "Snakefile is changed"),
        (lambda root: (root / "scripts/numpy.py").write_bytes(b"x"), "scripts/numpy.py is unknown"),
        (lambda root: (root / image("P01")).unlink(), "1 of the study's inputs are not here"),
    ],
)  # fmt: skip
def test_nothing_is_recomputed_from_files_that_are_not_in_order(root, capsys, spoil, said):
    content = small.content_of_manifest(jobs=jobs())
    outputs = [
        {"path": path, **small.entry("made"), "rule": "x"}
        for path in (
            f"{PLACE}/{name}" for name in ("engine.csv", "features.csv", "auc.csv", "auc.svg")
        )
    ]
    outputs += [
        {"path": f"{PLACE}/batches/{b}.csv", **small.entry("made"), "rule": "x"} for b in BATCHES
    ]
    outputs += [
        {"path": f"{PLACE}/images/{b}/P.mha", **small.entry("voxels"), "rule": "x"} for b in BATCHES
    ]
    content["outputs"] += outputs
    small.write(root, small.MANIFEST, small.sealed(content))
    spoil(root)
    assert tool.main(["1", str(root / small.MANIFEST), "--cores", "1"]) in (1, 2)
    out = capsys.readouterr().out
    assert "Recomputed: NOT DONE." in out
    assert said in out
    assert list((root / ".cache").iterdir()) == []


@pytest.mark.parametrize("words", [[], ["0"], ["some"], ["-1"]])
def test_how_many_must_be_said(words, capsys):
    with pytest.raises(SystemExit) as raised:
        tool.main(words)
    assert raised.value.code == 2
    assert "how many patients" in capsys.readouterr().err


def workflow(*methods, prefix=None):
    deployment = SimpleNamespace(deployment_method=set(methods), conda_prefix=prefix)
    return SimpleNamespace(basedir="/p", cores=3, deployment_settings=deployment)


def test_the_rule_s_command():
    plain = again.verification({"recompute": 0}, ["data", "/archive"], workflow())
    assert plain == f"{sys.executable} /p/tools/verify.py --outside /archive"
    five = again.verification({"recompute": 5}, [], workflow())
    assert five == f"{sys.executable} /p/tools/recompute.py 5 --cores 3"
    conda = again.verification({"recompute": "all"}, [], workflow("conda", prefix="/c d"))
    said = "'--snakemake=--software-deployment-method conda --conda-prefix '\"'\"'/c d'\"'\"''"
    assert conda == f"{sys.executable} /p/tools/recompute.py all --cores 3 {said}"


def test_settings_from_the_command_line_are_told():
    made = {"config": {**small.CONFIG, "execution": {"buckets": 4}}}
    again.check_settings(manifest(), {"config": small.CONFIG})
    with pytest.raises(again.NotRecomputed, match=r"execution.*config/config.yaml"):
        again.check_settings(manifest(), made)


def test_progress_is_told_and_the_end_kept():
    lines = ["Building\n", "images 1/2; 3 of 9 jobs, 0:30 gone\n", *(f"{n}\n" for n in range(99))]
    heard = []
    last = again.follow(lines, heard.append)
    assert heard == ["    images 1/2; 3 of 9 jobs, 0:30 gone"]
    assert last[-1] == "98"
    assert Path(tool.TOLERANCES).is_file()
