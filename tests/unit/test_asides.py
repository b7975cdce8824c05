"""What is made aside is moved into place whole, and what was left aside is found and removed."""

import pytest

from nomoflow.asides import ASIDE, aside, clear_asides, replacing_folder


def test_aside_keeps_the_ending_and_is_recognised(tmp_path):
    made = aside(tmp_path / "C001_image.nii.gz")
    assert made.parent == tmp_path and made.name.endswith(".C001_image.nii.gz")
    assert ASIDE.fullmatch(made.name)[1] == "C001_image.nii.gz"


def test_only_what_is_aside_of_this_path_is_cleared(tmp_path):
    others = (".1.y.x.csv", "x.csv", ".x.csv", ".1a.x.csv", ".12.x.csv.gz", ".snakemake_timestamp")
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / ".12.x.csv").touch()
    (tmp_path / ".13.x.csv").mkdir()
    (tmp_path / ".13.x.csv/inside").touch()
    clear_asides(tmp_path / "x.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)


def test_folder_appears_whole_and_replaces_the_old_one(tmp_path):
    place = tmp_path / "a/b"
    for content in ("first", "second"):
        with replacing_folder(place) as made:
            assert list(made.iterdir()) == []
            (made / content).touch()
            assert made != place and [p.name for p in place.glob("*")] in ([], ["first"])
        assert [path.name for path in place.iterdir()] == [content]
    assert list(place.parent.iterdir()) == [place]


def test_failure_leaves_what_was_there(tmp_path):
    place = tmp_path / "b"
    place.mkdir()
    (place / "old").touch()
    with pytest.raises(KeyError), replacing_folder(place) as made:
        (made / "new").touch()
        raise KeyError
    assert [path.name for path in tmp_path.rglob("*")] == ["b", "old"]
