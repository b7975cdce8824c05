"""Where a study's files may lie, links followed, against what the system itself resolves."""

import os

import pytest

from nomoflow.scan_places import ScanPlaces, to_come


@pytest.fixture
def root(tmp_path):
    """A table's folder, a folder of images, and one that does not belong to the study."""
    for name in ("table", "data/deep", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("table/beside.nii", "data/deep/in.nii", "data/a#b.nii", "elsewhere/out.nii"):
        (tmp_path / name).touch()
    os.symlink(tmp_path / "elsewhere/out.nii", tmp_path / "data/link_out.nii")
    os.symlink(tmp_path / "data/deep/in.nii", tmp_path / "data/link_in.nii")
    os.symlink(tmp_path / "elsewhere", tmp_path / "data/folder_out")
    os.symlink(tmp_path / "data/loop", tmp_path / "data/loop")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("data/deep/in.nii", True),
        ("data/link_in.nii", True),
        ("data/link_out.nii", False),
        ("data/folder_out/out.nii", False),
        ("data/deep/../../elsewhere/out.nii", False),
        ("data/deep/..", True),
        ("data/..", False),
        ("data", True),
        ("data/nowhere/at/all.nii", True),
        ("data/loop", False),
        ("data/loop/in.nii", False),
        ("data/a\0b", False),
        ("data/deep#1.2.3", True),
        ("elsewhere/out.nii", False),
    ],
)
def test_a_file_lies_where_its_links_lead(root, name, inside):
    places = ScanPlaces([root / "table", root / "data"])
    # Twice, and after its neighbours: what is remembered of a folder holds for each file alone.
    for _ in range(2):
        assert places.holds(root / name) is inside
        assert places.holds(root / "data/deep/in.nii")


def test_the_first_folder_that_has_it(root):
    places = ScanPlaces([root / "table", root / "data"])
    assert places.locate("beside.nii") == root / "table/beside.nii"
    assert places.locate("deep/in.nii") == root / "data/deep/in.nii"
    (root / "data/beside.nii").touch()
    assert ScanPlaces([root / "data", root / "table"]).locate("beside.nii").parent.name == "data"


def test_names_with_a_series_and_names_of_nothing(root):
    places = ScanPlaces([root / "table", root / "data"])
    assert places.locate("deep#1.2.3") == root / "data/deep#1.2.3"
    assert places.locate("a#b.nii") == root / "data/a#b.nii"
    for name in ("", "lost.nii", "lost#1.2.3", "a\0b", "a" * 5000):
        assert places.locate(name) is None


def test_what_the_workflow_draws_need_not_be_there(root):
    places = ScanPlaces([root / "table", root / "data"])
    drawn = places.locate("simulated/demo/p1/late.nii.gz")
    assert drawn == root / "data/simulated/demo/p1/late.nii.gz" and to_come(drawn)
    assert ScanPlaces([root / "table"]).locate("simulated/demo/p1/late.nii.gz") is None
    assert not to_come(root / "data/simulated_by_hand.nii")
