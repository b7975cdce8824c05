"""tools/verify.py, the program of rule verify: every change of a finished study is found."""

import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import synthetic_manifest as small
from hypothesis import given, settings
from hypothesis import strategies as st
from tool_loading import load_tool

PROGRAM = Path(__file__).resolve().parents[2] / "tools/verify.py"
verify = load_tool("verify")
FILES = sorted([*small.SOURCES, *small.INPUTS, *small.OUTPUTS])


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A study that every test leaves as it was."""
    root = tmp_path_factory.mktemp("kept")
    small.write_study(root)
    return root


@pytest.fixture
def root(tmp_path):
    small.write_study(tmp_path)
    return tmp_path


def check(root, **more):
    return verify.check(root, root / small.MANIFEST, **more)


def named(verdict):
    return {(found["path"], found["state"]) for found in verdict["findings"]}


def test_an_untouched_study_is_verified(kept):
    verdict = check(kept)
    assert (verdict["state"], verdict["findings"]) == ("verified", [])
    counts = {kind: count["same"] for kind, count in verdict["counts"].items()}
    assert counts == {
        "source": len(small.SOURCES), "input": len(small.INPUTS), "output": len(small.OUTPUTS)
    }  # fmt: skip
    assert verdict["run_record"]


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(FILES), st.data())
def test_any_flipped_bit_is_found_and_named(kept, path, data):
    place = kept / path
    before = place.read_bytes()
    at = data.draw(st.integers(0, len(before) - 1))
    flipped = bytearray(before)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        place.write_bytes(flipped)
        verdict = check(kept)
    finally:
        place.write_bytes(before)
    assert (verdict["state"], named(verdict)) == ("different", {(path, "changed")})


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_flipped_bit_of_the_manifest_is_found(kept, data):
    """It is named, or the file is no manifest any more; it never passes for the right one."""
    place = kept / small.MANIFEST
    before = place.read_bytes()
    flipped = bytearray(before)
    at = data.draw(st.integers(0, len(before) - 1))
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        place.write_bytes(flipped)
        verdict = check(kept)
    finally:
        place.write_bytes(before)
    if verdict["state"] == "unreadable":
        assert verdict["reason"]
    else:
        assert verdict["state"] == "different"
        assert (small.MANIFEST, "changed") in named(verdict)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(FILES), st.integers(0, 100))
def test_a_file_cut_short_or_grown_is_found(kept, path, many):
    place = kept / path
    before = place.read_bytes()
    try:
        for content in (before[: many % len(before)], before + b" " * (many + 1)):
            place.write_bytes(content)
            assert named(check(kept)) == {(path, "changed")}
    finally:
        place.write_bytes(before)


@pytest.mark.parametrize("path", FILES)
def test_a_file_that_is_gone(root, path):
    (root / path).unlink()
    verdict = check(root)
    if path in small.INPUTS:
        assert (verdict["state"], verdict["findings"]) == ("incomplete", [])
        assert verdict["counts"]["input"]["not here"] == 1
        assert "not here, not checked" in verify.in_words(verdict)
        assert "VERIFIED" not in verify.in_words(verdict)
    else:
        assert (verdict["state"], named(verdict)) == ("different", {(path, "missing")})


def test_two_files_that_were_swapped_are_both_named_with_the_other(root):
    paths = [f"{small.RESULTS}/report/complete.txt", f"{small.RESULTS}/figures/roc.svg"]
    texts = [(root / path).read_bytes() for path in paths]
    for path, text in zip(paths, reversed(texts), strict=True):
        (root / path).write_bytes(text)
    verdict = check(root)
    assert named(verdict) == {(path, "changed") for path in paths}
    found = {one["path"]: one["found"] for one in verdict["findings"]}
    assert paths[1] in found[paths[0]]
    assert paths[0] in found[paths[1]]


@pytest.mark.parametrize(
    "path",
    [
        f"{small.RESULTS}/figures/better.svg",
        f"{small.RESULTS}/.hidden",
        f"{small.RESULTS}/provenance/other.json",
        "scripts/numpy.py",
        "scripts/nomoflow/more.py",
        "rules/more.smk",
    ],
)
def test_a_file_too_many_is_named(root, path):
    small.write(root, path, "new")
    verdict = check(root)
    assert (verdict["state"], named(verdict)) == ("different", {(path, "unknown")})


@pytest.mark.parametrize(
    "path",
    [
        f"{small.RESULTS}/provenance/run.json",
        f"{small.RESULTS}/provenance/ro-crate/ro-crate-metadata.json",
        f"{small.RESULTS}/provenance/verification.json",
        f"{small.RESULTS}/release/small-0.1.0.zip",
        f"{small.RESULTS}/images/resampled/0001/.snakemake_timestamp",
        "scripts/__pycache__/make_a.cpython-311.pyc",
        "config/other_study.yaml",
        "results/other/table.csv",
    ],
)
def test_what_may_differ_or_is_none_of_the_studys_changes_nothing(root, path):
    small.write(root, path, "new")
    assert check(root)["state"] == "verified"


def test_results_of_other_targets_are_told_and_not_checked(root):
    small.write(root, f"{small.RESULTS}/sensitivity/bin_10/warnings.csv", "a\n")
    verdict = check(root)
    assert (verdict["state"], verdict["beside"]) == ("verified", 1)
    assert "1 of other targets, not listed, not checked" in verify.in_words(verdict)


def test_the_record_of_the_run_is_missed_and_not_compared(root):
    (root / f"{small.RESULTS}/provenance/run.json").unlink()
    verdict = check(root)
    assert (verdict["state"], verdict["run_record"]) == ("verified", False)
    assert "run.json) is NOT here" in verify.in_words(verdict)


def test_a_folder_or_a_link_to_nowhere_in_place_of_a_file(root):
    svg, html = f"{small.RESULTS}/figures/roc.svg", f"{small.RESULTS}/report/study.html"
    (root / svg).unlink()
    (root / svg).mkdir()
    (root / html).unlink()
    (root / html).symlink_to(root / "nowhere")
    verdict = check(root)
    assert {(svg, "changed"), (html, "unread")} == named(verdict)


def test_inputs_outside_of_the_project_are_found_where_one_says(root, tmp_path_factory):
    outside = tmp_path_factory.mktemp("archive")
    (outside / "ct").mkdir()
    (outside / "ct/P01.nii").write_text("voxels", encoding="utf-8")
    inputs = [{"path": "<outside>/ct/P01.nii", **small.entry("voxels")}]
    small.write(root, small.MANIFEST, small.sealed(small.content_of_manifest(inputs=inputs)))
    assert check(root)["state"] == "incomplete"
    assert check(root, outside=[str(outside)])["state"] == "verified"
    (outside / "ct/P01.nii").write_text("Voxels", encoding="utf-8")
    assert named(check(root, outside=[str(outside)])) == {("<outside>/ct/P01.nii", "changed")}


def test_the_published_digest_is_asked_for(kept):
    own = json.loads((kept / small.MANIFEST).read_bytes())["digest"]
    assert check(kept, expect=own[:16].upper())["state"] == "verified"
    other = check(kept, expect="0" * 16)
    assert named(other) == {(small.MANIFEST, "changed")}


def test_a_manifest_written_anew_for_changed_files_has_another_digest(root):
    """Whoever can write results can write a manifest: the digest is what tells."""
    published = check(root)["digest"]
    path = f"{small.RESULTS}/models/model.json"
    small.write(root, path, '{"intercept": 9}\n')
    outputs = small.content_of_manifest()["outputs"]
    forged = [
        one | small.entry('{"intercept": 9}\n') if one["path"] == path else one for one in outputs
    ]
    small.write(root, small.MANIFEST, small.sealed(small.content_of_manifest(outputs=forged)))
    assert check(root)["state"] == "verified"
    assert check(root, expect=published)["state"] == "different"


BAD = {
    "no JSON": "{",
    "no document": "[]",
    "of another format": '{"format": "nomoflow-model/2"}',
    "without files": small.sealed({"format": "nomoflow-manifest/1", "study": "small"}),
    "deep": "[" * 100000,
    "absolute": small.sealed(
        small.content_of_manifest(inputs=[{"path": "/etc/passwd", "sha256": "0", "size": 1}])
    ),
    "up and out": small.sealed(
        small.content_of_manifest(outputs=[{"path": "results/../../x", "sha256": "0", "size": 1}])
    ),
    "twice": small.sealed(
        small.content_of_manifest(
            inputs=[{"path": "Snakefile", "sha256": "0", "size": 1}]
        )
    ),
    "a study with a path": small.sealed(small.content_of_manifest(study="../small")),
}  # fmt: skip


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_is_no_manifest_is_said_and_nothing_passes(root, content):
    small.write(root, small.MANIFEST, content)
    verdict = check(root)
    assert (verdict["state"], verdict["findings"]) == ("unreadable", [])
    assert verdict["reason"]
    assert str(root) not in verify.in_words(verdict)


@settings(deadline=None, max_examples=200)
@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["path", "sha256", "size", "rule", "a"]), inner, max_size=3),
    max_leaves=8,
), st.sampled_from(["study", "sources", "inputs", "outputs", "version", "digest"]))  # fmt: skip
def test_any_nonsense_in_a_manifest_is_refused_in_words(kept, value, key):
    place = kept / small.MANIFEST
    before = place.read_bytes()
    try:
        place.write_text(json.dumps({**json.loads(before), key: value}), encoding="utf-8")
        verdict = check(kept)
        assert verdict["state"] in ("unreadable", "different")
        verify.as_text(verdict)
        verify.as_page(verdict)
    finally:
        place.write_bytes(before)


class Page(HTMLParser):
    """Tags of a page, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_the_page_shows_names_as_text_and_needs_no_script(root):
    evil = f"{small.RESULTS}/<script>alert(1)<&script>.csv"
    small.write(root, evil, "x")
    page = Page(verify.as_page(check(root)))
    names = [tag for tag, _ in page.tags]
    assert "script" not in names
    assert evil in page.text
    assert ("html", {"lang": "en"}) in page.tags
    assert names.count("h1") == names.count("main") == names.count("caption") == 1
    assert all(attrs == {"scope": "col"} for tag, attrs in page.tags if tag == "th")
    assert not re.search(r"https?:", verify.as_page(check(root)))


def run(*words, program=PROGRAM, **more):
    return subprocess.run(
        [sys.executable, str(program), *map(str, words)],
        capture_output=True, encoding="utf-8", check=False, **more,
    )  # fmt: skip


def test_the_program_says_its_verdict_by_exit_code_json_and_page(root, tmp_path):
    words = [root / small.MANIFEST, "--json", tmp_path / "v.json", "--html", tmp_path / "v.html"]
    done = run(*words)
    assert (done.returncode, done.stderr) == (0, "")
    first = (tmp_path / "v.json").read_bytes()
    assert json.loads(first)["state"] == "verified"
    assert run(*words).returncode == 0
    assert (tmp_path / "v.json").read_bytes() == first
    path = f"{small.RESULTS}/models/model.json"
    (root / path).write_bytes(b"{}\n")
    done = run(*words)
    assert done.returncode == 1
    assert f"CHANGED output {path}" in done.stdout
    assert "rule fit_models" in done.stdout
    assert str(root) not in done.stdout
    assert str(root).encode() not in (tmp_path / "v.json").read_bytes()
    assert json.loads((tmp_path / "v.json").read_bytes())["state"] == "different"
    (root / small.MANIFEST).unlink()
    assert run(*words).returncode == 2


def test_the_program_finds_the_manifest_around_it_and_writes_any_name(root):
    shutil.copy(PROGRAM, root / "tools/verify.py")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    small.write(root, f"{small.RESULTS}/图.csv", "x")
    done = run(program=root / "tools/verify.py", env=environment)
    assert done.returncode == 1
    assert "CHANGED source tools/verify.py" in done.stdout
    assert r"\u56fe.csv" in done.stdout
    small.write(root, "results/second/provenance/manifest.json", "{}")
    done = run(program=root / "tools/verify.py")
    assert (done.returncode, "2 manifests" in done.stdout) == (2, True)


def test_the_program_is_one_file_of_old_pythons_standard_library():
    text = PROGRAM.read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 9))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)
    assert text.count("\n") < 400
    # Newer than 3.9, and not seen by its grammar.
    assert not re.search(
        r"file_digest|strict=|removeprefix\b.*3\.8|tomllib|itertools\.pairwise", text
    )


def test_many_findings_stay_readable(root):
    for number in random.Random(1).sample(range(10**6), 300):
        small.write(root, f"{small.RESULTS}/extra/{number}.csv", "x")
    verdict = check(root)
    assert len(verdict["findings"]) == 300
    assert "and 260 more" in verify.in_words(verdict)
