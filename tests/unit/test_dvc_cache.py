"""DVC's cache with links is refused wherever DVC itself would take the setting from.

That these are DVC's own places, order and forms is shown with DVC itself in tests/dvc.
"""

import pytest

from nomoflow.dvc_cache import linked_cache, refuse_linked_cache
from nomoflow.problems import StudyError


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder under DVC, and no settings of this computer or user."""
    for level in ("SYSTEM", "GLOBAL"):
        monkeypatch.setenv(f"DVC_{level}_CONFIG_DIR", str(tmp_path / level))
        (tmp_path / level).mkdir()
    (tmp_path / "project/.dvc").mkdir(parents=True)
    return tmp_path / "project"


def says(path, kinds):
    path.write_text(f"[core]\n    analytics = false\n[cache]\n    type = {kinds}\n", "utf-8")


def test_without_dvc_nothing_is_said(tmp_path):
    assert linked_cache(tmp_path) is None
    refuse_linked_cache(tmp_path)


@pytest.mark.parametrize("kinds", ['"reflink,copy"', "copy", "reflink", "reflink, copy"])
def test_copies_are_fine(project, kinds):
    assert linked_cache(project) is None  # DVC's own default is reflink,copy
    says(project / ".dvc/config", kinds)
    refuse_linked_cache(project)


@pytest.mark.parametrize(
    "kinds",
    [
        "hardlink",
        "symlink",
        '"reflink,hardlink,copy"',
        "'symlink'",
        "copy, Symlink",
        '"a","hardlink"',
    ],
)
def test_links_are_refused_alone_or_in_a_list(project, kinds):
    says(project / ".dvc/config", kinds)
    with pytest.raises(StudyError, match=r"\.dvc/config, cache\.type") as refused:
        refuse_linked_cache(project)
    assert "dvc config cache.type reflink,copy" in str(refused.value)


@pytest.mark.parametrize("name", ["config", "config.local"])
def test_the_settings_of_the_folder_above_count(project, name):
    says(project / ".dvc" / name, "hardlink")
    below = project / "studies/mine"
    below.mkdir(parents=True)
    assert linked_cache(below) == (f".dvc/{name}", "hardlink")


def test_the_last_file_that_says_it_decides(project):
    files = [project.parent / "SYSTEM/config", project.parent / "GLOBAL/config"]
    files += [project / ".dvc/config", project / ".dvc/config.local"]
    names = ["DVC's settings of this computer", "DVC's settings of this user"]
    names += [".dvc/config", ".dvc/config.local"]
    for file, name in zip(files, names, strict=True):
        says(file, "symlink")
        assert linked_cache(project) == (name, "symlink")
        says(file, "copy")
        assert linked_cache(project) is None
    files[-1].write_text("[core]\n    autostage = true\n", encoding="utf-8")
    says(files[-2], "hardlink")
    with pytest.raises(StudyError, match="hardlink"):
        refuse_linked_cache(project)


def test_the_remedy_writes_where_the_setting_stands(project):
    says(project / ".dvc/config.local", "symlink")
    with pytest.raises(StudyError, match=r"dvc config --local cache.type reflink,copy"):
        refuse_linked_cache(project)


def test_settings_that_cannot_be_read_are_an_error(project):
    (project / ".dvc/config").write_text("type = hardlink\n", encoding="utf-8")
    with pytest.raises(StudyError, match="DVC cannot read it either"):
        refuse_linked_cache(project)
    (project / ".dvc/config").write_bytes(b"[cache]\ntype = \xff\n")
    with pytest.raises(StudyError, match="DVC cannot read it either"):
        refuse_linked_cache(project)
