"""One study's results and logs: shown, and removed only once its name was given."""

import os

import clean_study
import jobs
import pytest


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (
        "results/mine/figures/roc.svg", "results/mine/figures/old/roc.svg", "results/mine/w.csv",
        "results/other/w.csv", "logs/mine/a.log", "logs/other/a.log", "data/mine/a.nii.gz",
        "models/mine/model.json", "config/mine.yaml", "config/mine/scans.csv",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 1000)
    return tmp_path


def clean(confirm=None, study="mine"):
    params = {"study": study, "confirm": confirm, "told": "logs/clean.txt"}
    clean_study.main(jobs.job(params=params))


def files(folder):
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()
    )  # fmt: skip


def test_without_the_name_nothing_goes(here, capsys):
    before = files(here)
    clean()
    said = (here / "logs/clean.txt").read_text(encoding="utf-8")
    assert said in capsys.readouterr().out
    (here / "logs/clean.txt").unlink()
    assert files(here) == before
    for words in (
        "results/mine/  3 files, 0.0 MB", "figures/            2 files", "logs/mine/  1 file",
        "--config confirm=mine", "models/ stays",
    ):  # fmt: skip
        assert words in said, said


def test_with_the_name_one_study_goes(here):
    kept = [name for name in files(here) if not name.startswith(("results/mine", "logs/mine"))]
    clean("mine")
    (here / "logs/clean.txt").unlink()
    assert files(here) == kept and len(kept) == 6
    clean("mine")
    assert "nothing to remove" in (here / "logs/clean.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("given", ["other", "min", "", True])
def test_another_name(here, given):
    before = files(here)
    with pytest.raises(ValueError, match="confirm=mine"):
        clean(given)
    assert files(here) == before


def test_a_name_of_digits(here):
    (here / "results/mine").rename(here / "results/2024")
    clean(2024, study="2024")  # as Snakemake hands over --config confirm=2024
    assert not (here / "results/2024").exists()


def test_links_within_are_removed_and_not_followed(here):
    (here / "results/mine/figures/link").symlink_to(here / "data/mine")
    (here / "results/mine/file").symlink_to(here / "data/mine/a.nii.gz")
    clean()
    assert "results/mine/  5 files" in (here / "logs/clean.txt").read_text(encoding="utf-8")
    clean("mine")
    assert (here / "data/mine/a.nii.gz").read_bytes() and not (here / "results/mine").exists()


@pytest.mark.parametrize("place", ["results/mine", "results"])
def test_links_on_the_way_are_refused(here, tmp_path_factory, place):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    os.rename(here / place, elsewhere / "moved")
    (here / place).symlink_to(elsewhere / "moved")
    before = files(elsewhere), files(here)
    with pytest.raises(ValueError, match="nothing was removed"):
        clean("mine")
    assert (files(elsewhere), files(here)) == before
