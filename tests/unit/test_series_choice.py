"""A folder of DICOM files, and the series behind its #."""

from nomoflow.series_choice import digest, folder_state, place_of, split_choice, without_uid


def test_series_stands_behind_the_last_mark(tmp_path):
    assert split_choice(f"{tmp_path}/a#b#1.2.3") == (tmp_path / "a#b", "1.2.3")
    assert split_choice(f"{tmp_path}/a") == (tmp_path / "a", "")
    assert place_of(f"{tmp_path}/a#1.2.3") == place_of(f"{tmp_path}/a") == f"{tmp_path}/a"


def test_shown_path_has_a_digest(tmp_path):
    assert without_uid(f"{tmp_path}#1.2.3") == f"{tmp_path}#{digest('1.2.3')}"
    assert without_uid(tmp_path / "a#1.2.nii.gz") == f"{tmp_path}/a#{digest('1.2.nii.gz')}"
    (tmp_path / "a#b").mkdir()
    assert without_uid(tmp_path / "a#b") == f"{tmp_path}/a#b"


def test_state_of_a_folder_follows_its_files(tmp_path):
    folder = tmp_path / "s"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a.dcm").write_bytes(b"12")
    states = {folder_state(folder)}
    (folder / "deeper" / "b.dcm").write_bytes(b"1")
    states.add(folder_state(folder))
    (folder / "a.dcm").write_bytes(b"123")
    states.add(folder_state(f"{folder}#1.2.3"))
    (folder / "a.dcm").rename(folder / "c.dcm")
    states.add(folder_state(folder))
    assert len(states) == 4 and "" not in states
    assert folder_state(folder / "c.dcm") == ""
    (folder / "c.dcm").write_bytes(b"321")
    assert folder_state(folder) in states
