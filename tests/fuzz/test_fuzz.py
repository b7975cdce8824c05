"""Thousands of damaged files: none crashes, hangs, takes more memory, or is read unnoticed."""

import gzip
import random
import zlib

import pytest
from fuzz.mutations import KINDS, mutated
from fuzz.run_fuzz import run, table
from fuzz.scans import TARGETS, build, damaged_file, paths
from fuzz.verdicts import (
    COMPARED,
    EQUAL,
    HARMLESS,
    NO_SUM,
    RAISED,
    REFUSED,
    UNNOTICED,
    judged,
    visible_damage,
)

from nomoflow.isolation import run_isolated

WHOLE = {"problems": [], "scan": ["a", "b", [0.0, 1.0]], "finite": True}
PROBLEM = {"kind": "unreadable", "found": "x", "remedy": "y"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One file of each format."""
    root = tmp_path_factory.mktemp("whole")
    run_isolated(build, str(root), seconds=60)
    found = {}
    for target in TARGETS:
        found[target.format] = damaged_file(paths(root, target)[target.part]).read_bytes()
    return found


@pytest.mark.fuzz
def test_two_thousand_files():
    counts, bad = run(2000, seed=1)
    print(table(counts))
    assert bad == []
    # Each format had each kind of damage, and was refused and read.
    assert set(counts) == {(target.format, kind) for target in TARGETS for kind in KINDS}
    total = sum(counts.values(), start=type(next(iter(counts.values())))())
    assert total[REFUSED] > 500 and total[EQUAL] > 100 and total[COMPARED] > 20


def test_whole_files_show_no_damage(whole):
    assert {
        name: visible_damage(name, content) for name, content in whole.items()
    } == dict.fromkeys(whole, "")


@pytest.mark.parametrize("name", list(dict.fromkeys(target.format for target in TARGETS)))
def test_each_kind_of_damage_changes_the_file_and_repeats(whole, name):
    for kind in KINDS:
        made = {mutated(name, whole[name], kind, random.Random(seed)) for seed in range(12)}
        assert len(made - {whole[name]}) > 3, kind
        again = mutated(name, whole[name], kind, random.Random(3))
        assert again == mutated(name, whole[name], kind, random.Random(3))


def test_damage_that_shows_in_the_file_itself(whole):
    packed = bytearray(whole["NIfTI, gzip"])
    packed[-6] ^= 1  # of the check sum
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(bytes(packed))
    assert "CRC" in visible_damage("NIfTI, gzip", bytes(packed))
    for name in ("NIfTI", "NIfTI, gzip", "NRRD", "NRRD, gzip", "MetaImage", "MetaImage, packed"):
        assert visible_damage(name, whole[name][:-5]), name
    for name in ("NRRD", "MetaImage", "MetaImage, packed"):
        assert visible_damage(name, whole[name] + b"12345"), name
    assert visible_damage("DICOM series", whole["DICOM series"][:-5])
    head, _, data = whole["NRRD, gzip"].partition(b"\n\n")
    short = head + b"\n\n" + gzip.compress(zlib.decompress(data, 31)[:-9])
    assert "by its header" in visible_damage("NRRD, gzip", short)


@pytest.mark.parametrize(
    ("change", "damage", "outcome"),
    [
        ({}, "", EQUAL),
        ({}, "gzip: CRC", EQUAL),
        ({"problems": [PROBLEM]}, "", REFUSED),
        ({"problems": [PROBLEM | {"kind": "grid_differs"}]}, "", COMPARED),
        ({"problems": [PROBLEM | {"remedy": ""}]}, "", RAISED),
        ({"scan": ["c", "b", [0.0, 1.0]]}, "", NO_SUM),
        ({"scan": ["c", "b", [0.0, 1.0]]}, "gzip: CRC", UNNOTICED),
        ({"scan": ["a", "b", [0.0, 1.001]]}, "", HARMLESS),
        ({"scan": ["a", "b", [0.0, 1.1]]}, "", NO_SUM),
        ({"scan": ["c", "b", [0.0, 1.0]], "finite": False}, "", UNNOTICED),
    ],
)
def test_verdicts(change, damage, outcome):
    assert judged(WHOLE | change, WHOLE, damage) == outcome
