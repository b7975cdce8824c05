from pathlib import Path

import pytest
import yaml

from nomoflow.configuration import with_words
from nomoflow.problems import StudyError
from nomoflow.study import load_study

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "config/schemas/config.schema.yaml"
DEFAULTS = ROOT / "config/config.yaml"
PHASES = ("early", "late")


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A small study of ten patients; a test spoils one thing and loads it."""
    monkeypatch.chdir(tmp_path)
    rows = ["key,diagnosis,age,sign"]
    scans = ["patient,phase,reading,image,mask"]
    for i in range(10):
        rows.append(f"{i:04d},{'yes' if i % 2 else 'no'},{50 + i},{'x' if i % 3 else 'y'}")
        scans += [f"{i:04d},{phase},a1,i{i}.nii,m{i}.nii" for phase in PHASES]
        for kind in "im":
            (tmp_path / f"{kind}{i}.nii").touch()
    Path("people.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    Path("scans.csv").write_text("\n".join(scans) + "\n", encoding="utf-8")
    Path("settings.yaml").write_text("imageType: {Original: {}}\n", encoding="utf-8")
    config = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    config["study"] = "mine"
    config["cohort"] = {
        "participants": "people.csv",
        "id": "key",
        "outcome": {"column": "diagnosis", "positive": True, "negative": False},
        "predictors": [
            {"name": "age", "kind": "continuous", "unit": "years"},
            {"name": "sign", "kind": "binary", "positive": "x"},
        ],
        "include": [],
        "exclude": [],
    }
    config["images"] |= {"scans": "scans.csv", "phases": list(PHASES), "roots": []}
    config["features"]["settings"] = "settings.yaml"
    config["evaluation"]["subgroups"] = [{"column": "sign"}]
    return config


def load(config):
    return load_study(config, SCHEMA, DEFAULTS)


def problems(config):
    with pytest.raises(StudyError) as caught:
        load(config)
    return str(caught.value)


def edit(path, old, new):
    text = Path(path).read_text(encoding="utf-8")
    assert old in text
    Path(path).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_ids_stay_text_and_yes_is_a_level(study):
    loaded = load(study)
    assert loaded.participants[0]["patient"] == "0000"
    assert loaded.config["cohort"]["outcome"]["positive"] == "yes"
    assert len(loaded.scans) == 20
    assert loaded.predictors[1]["negative"] == "y"


def test_the_batch_of_a_patient_does_not_depend_on_others(study):
    before = load(study)
    edit("people.csv", "0003,yes,53,y\n", "")
    edit("scans.csv", "0003,early,a1,i3.nii,m3.nii\n0003,late,a1,i3.nii,m3.nii\n", "")
    after = load(study)
    assert all(before.bucket(f"{i:04d}") == after.bucket(f"{i:04d}") for i in range(10))
    assert sum(len(after.scans_of(bucket)) for bucket in after.buckets) == 18


def test_a_patient_without_a_phase_is_left_out_and_counted(study):
    edit("scans.csv", "0002,late,a1,i2.nii,m2.nii\n", "")
    loaded = load(study)
    assert [row["detail"] for row in loaded.exclusions] == ["no reading a1 of late"]
    assert loaded.flow[-1] == {"step": "no image in every phase", "removed": 1, "remaining": 9}


def test_all_problems_are_told_at_once(study):
    edit("people.csv", "0001,yes,51", "0000,maybe,old")
    edit("scans.csv", "0004,early,a1,i4.nii", "0004,middle,c1,../out.nii")
    message = problems(study)
    for found in ("patient 0000 again", "'middle'", "'c1'", "no file ../out.nii"):
        assert found in message
    assert "people.csv, row 3, column key" in message
    assert "remedy" in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("signature", "penaltyy", "min"), "did you mean 'penalty'?"),
        (("signature", "penalty", "best"), "min | 1se"),
        (("evaluation", "confidence", 95), "a number below 1"),
        (("images", "spacing_mm", "1e-3"), "allowed  number"),
        (("images", "phases", ["combined"]), "text that matches"),
        (("features", "per_phase", {"arterial": {}}), "early, late"),
        (("features", "settings", "nowhere.yaml"), "no such file"),
        (("signature", "folds_file", "folds.csv"), "signature.folds_file"),
        (
            ("features", "table", {"path": "x.csv", "id": "key", "columns": "{phase}_{feature}"}),
            "features.table.path",
        ),
        (("features", "table", {"path": "x.csv", "id": "key", "columns": "f"}), "\\{phase\\}"),
        (("cohort", "participants", "config/demo/participants.csv"), "demo's participants"),
        (("cohort", "outcome", {"column": "age", "positive": 1}), "no key 'negative'"),
    ],
)
def test_a_config_that_cannot_be_meant(study, change, message):
    section, key, value = change
    study[section][key] = value
    assert message in problems(study)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0001,yes,51,x", "0001,,51,x", "an empty cell"),
        ("0001,yes,51,x", "0001,yes,51 y,x", "a number (years)"),
        ("0001,yes,51,x", "0001,yes,,x", "a value for each patient"),
        ("0001,yes,51,x", "0001,yes,nan,x", "'nan'"),
        ("0001,yes,51,x", "0001,yes,51,z", "two levels, one of them x"),
        ("0001,yes,51,x", "../1,yes,51,x", "letters, digits"),
        ("0001,yes,51,x", "0001,yes,51", "3 cells"),
        ("key,diagnosis,age,sign", "key,diagnosis,age,age", "2 of that name"),
        ("key,diagnosis", "key,outcome", "column diagnosis"),
    ],
)
def test_a_participants_table_that_is_wrong(study, old, new, message):
    edit("people.csv", old, new)
    assert message in problems(study)


def test_one_class_is_no_study(study):
    people = Path("people.csv")
    one_class = people.read_text(encoding="utf-8").replace(",yes,", ",no,")
    people.write_text(one_class, encoding="utf-8")
    assert "at least 4 of each" in problems(study)


@pytest.mark.parametrize("way", ["../secret.nii", "link.nii"])
def test_files_stay_inside_the_study(study, tmp_path, way):
    (tmp_path.parent / "secret.nii").touch()
    Path("link.nii").symlink_to(tmp_path.parent / "secret.nii")
    edit("scans.csv", "i0.nii", way)
    assert "leads out of the study's folders" in problems(study)


def test_a_missing_file_is_left_to_the_check_or_is_an_exclusion(study):
    Path("m5.nii").unlink()
    assert "m5.nii" in {scan["mask"] for scan in load(study).scans}
    study["images"]["on_problem"] = "exclude"
    loaded = load(study)
    assert {row["patient"] for row in loaded.exclusions} == {"0005"}
    assert len(loaded.participants) == 9


def test_a_table_in_another_encoding_is_named(study):
    Path("people.csv").write_bytes("key,diagnosis,âge,sign\n".encode("latin-1"))
    assert "not UTF-8" in problems(study)


def test_words_are_made_of_yaml_truth_only_where_levels_stand():
    config = with_words({"cohort": {"outcome": {"positive": True, "negative": 0}}, "x": True})
    assert config["cohort"]["outcome"] == {"positive": "yes", "negative": "0", "type": "binary"}
    assert config["x"] is True
