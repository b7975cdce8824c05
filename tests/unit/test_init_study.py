"""A study begun from a folder and a spreadsheet: what is written is one that the workflow takes."""

import csv
import sys
from pathlib import Path

import init_study
import jobs
import numpy as np
import pytest
import SimpleITK as sitk
import yaml
from snakemake.utils import update_config

from nomoflow.column_guesses import Guess
from nomoflow.new_config import buckets_for, config_text
from nomoflow.new_study import propose, write_study
from nomoflow.problems import StudyError
from nomoflow.study import load_study

pytestmark = pytest.mark.skipif(
    "utf" not in sys.getfilesystemencoding(), reason="no file can have a Chinese name here"
)
ROOT = Path(__file__).resolve().parents[2]
PHASES = ("动脉期", "静脉期")


def table_rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def loaded(folder, name):
    """The study as the workflow reads it, its overlay on top of the defaults."""
    defaults = ROOT / "config/config.yaml"
    config = yaml.safe_load(defaults.read_text(encoding="utf-8"))
    overlay = yaml.safe_load((folder / f"config/{name}.yaml").read_text(encoding="utf-8"))
    update_config(config, overlay)
    config["features"]["settings"] = str(ROOT / config["features"]["settings"])
    return load_study(config, ROOT / "config/schemas/config.schema.yaml", defaults, overlay)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A project folder with images of twelve patients; a second reader's masks of four."""
    monkeypatch.chdir(tmp_path)
    image = sitk.GetImageFromArray(np.zeros((4, 5, 6), np.int16))
    image.SetSpacing((0.7, 0.7, 1.2))
    sitk.WriteImage(image, str(tmp_path / "one.nii.gz"))
    content = (tmp_path / "one.nii.gz").read_bytes()
    for n in range(1, 13):
        folder = tmp_path / f"data/影像/P{n:03}"
        folder.mkdir(parents=True)
        for phase in PHASES:
            for end in ("", "_mask", *["_mask_医生2"] * (n < 5)):
                (folder / f"{phase}{end}.nii.gz").write_bytes(content)
    return tmp_path


def spreadsheet(folder, header="编号,年龄(岁),性别,病理,最大径(mm)", more=""):
    rows = [
        f"P{n:03},{40 + n},{'男' if n % 2 else '女'},{'恶性' if n < 8 else '良性'},{20 + n}.5"
        for n in range(1, 13)
    ]
    path = folder / "data/表.csv"
    path.write_text("\n".join([header, *rows, more]), encoding="gb18030")
    return "data/表.csv"


def asked(**more):
    return {"folder": "data/影像", "table": "data/表.csv", "name": "kidney"} | more


def test_what_is_written_is_a_study(here, capsys):
    spreadsheet(here)
    init_study.main(jobs.job(params={"asked": asked()}))
    study = loaded(here, "kidney")
    assert [row["patient"] for row in study.participants] == [f"P{n:03}" for n in range(1, 13)]
    assert study.phases == ["arterial", "venous"]
    assert study.config["cohort"]["outcome"] | {"type": ""} == {
        "column": "病理", "positive": "恶性", "negative": "良性", "type": "",
    }  # fmt: skip
    kinds = [(one["name"], one["kind"], one.get("unit")) for one in study.predictors]
    assert kinds == [
        ("年龄(岁)", "continuous", "years"), ("性别", "binary", None),
        ("最大径(mm)", "continuous", "mm"),
    ]  # fmt: skip
    assert study.config["images"]["spacing_mm"] == 0.75  # nearest to (0.7 x 0.7 x 1.2)^(1/3)
    assert len(study.scans) == 2 * 12 + 2 * 4
    assert {scan["reading"] for scan in study.scans} == {"a1", "b1"}
    scan = study.scans[0]
    assert Path(scan["image"]).is_file() and Path(scan["mask"]).is_file()
    said = (here / "config/kidney/guesses.txt").read_text(encoding="utf-8")
    assert said in capsys.readouterr().out
    for words in ("CONFIRM", "reading b1", "GB18030", "preflight --configfile config/kidney.yaml"):
        assert words in said


def test_what_the_command_line_tells_is_no_key_of_a_study(here):
    defaults, schema = ROOT / "config/config.yaml", ROOT / "config/schemas/config.schema.yaml"
    config = yaml.safe_load(defaults.read_text(encoding="utf-8"))
    for table in ("participants", "scans"):
        (here / "config/demo").mkdir(parents=True, exist_ok=True)
        (here / f"config/demo/{table}.csv").write_bytes(
            (ROOT / f"config/demo/{table}.csv").read_bytes()
        )
    (here / "config/pyradiomics.yaml").write_bytes((ROOT / "config/pyradiomics.yaml").read_bytes())
    study = load_study(config | asked(), schema, defaults, said=asked())
    assert study.asked == asked() and "folder" not in study.config
    with pytest.raises(StudyError, match="unknown key 'folder'"):  # in a config it is a slip
        load_study(config | asked(), schema, defaults)
    (here / "config/kidney").mkdir()
    (here / "config/kidney/guesses.txt").write_text("what was guessed", encoding="utf-8")
    assert study.closing_words({"init"}) == "\nwhat was guessed"


def test_nothing_is_replaced(here):
    spreadsheet(here)
    write_study(propose(asked()))
    before = {path: path.read_bytes() for path in (here / "config").rglob("*") if path.is_file()}
    with pytest.raises(StudyError, match="there already"):
        propose(asked())
    (here / "config/other").mkdir()
    with pytest.raises(StudyError, match="config/other"):
        propose(asked(name="other"))
    study = propose(asked(name="third"))
    (here / "config/third.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError):
        write_study(study)  # the file came after the check
    assert not (here / "config/third").exists()
    assert (here / "config/third.yaml").read_text(encoding="utf-8") == "mine"
    assert all(path.read_bytes() == content for path, content in before.items())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"table": ""}, ["no table", "snakemake --cores 1 init"]),
        ({"folder": "data/gone"}, ["no folder data/gone"]),
        ({"table": "data/gone.csv"}, ["no such file"]),
        ({"name": "../elsewhere"}, ["'../elsewhere'", "letters"]),
        ({"image_pattern": "{patient}/{phase}.nii.gz"}, ["no mask_pattern"]),
        ({"image_pattern": "{patient}.nii.gz", "mask_pattern": "x"}, ["{phase} once"]),
        ({"folder": "config"}, ["no image"]),
    ],
)
def test_refusals(here, change, words):
    spreadsheet(here)
    (here / "config").mkdir()
    with pytest.raises(StudyError) as told:
        propose(asked(**change))
    assert all(word in str(told.value) for word in words), told.value
    assert not any((here / "config").iterdir())


def test_a_table_of_other_patients(here):
    (here / "data/表.csv").write_text("id,outcome\nX1,0\nX2,1\n", encoding="utf-8")
    with pytest.raises(StudyError, match="no column whose values stand in the files' paths"):
        propose(asked())


def test_a_patient_with_two_rows(here):
    spreadsheet(here, more="P003,50,男,恶性,12")
    with pytest.raises(StudyError, match="P003 in 2 rows"):
        propose(asked())


def test_names_and_hospital_numbers_stay_out(here):
    spreadsheet(here, header="编号,年龄,性别,病理,住院号")
    study = propose(asked())
    assert "住院号" not in study.table.columns
    assert "column 住院号 was not copied" in study.words
    spreadsheet(here, header="病历号,年龄,性别,病理,最大径")
    with pytest.raises(StudyError) as told:
        propose(asked())
    assert "no column has study keys" in str(told.value) and "P001" in str(told.value)


def test_files_named_by_hospital_numbers(here):
    folder, rows = here / "data/影像", ["住院号,编号,病理"]
    for n in range(1, 13):
        (folder / f"P{n:03}").rename(folder / f"00123{n:03}")
        rows.append(f"00123{n:03},K{n},{'恶性' if n < 6 else '良性'}")
    (here / "data/表.csv").write_text("\n".join(rows), encoding="utf-8")
    study = propose(asked())
    assert study.table.rows[0]["patient"] == "K1" and study.pairing.scans[0]["patient"] == "K1"
    assert "00123" not in str(study.table.rows)
    assert "WARNING" in study.words and "rename files" in study.words


@pytest.mark.parametrize("name", ["Smith_John", "张三", "00345678"])
def test_keys_that_look_like_a_person(here, name):
    folder, rows = here / "data/影像", ["id,outcome"]
    for n in range(1, 13):
        key = (
            name[:-1]
            + "abcdefghijkl甲乙丙丁戊己庚辛壬癸子丑012345678901"[
                n - 1 + 12 * (name == "张三") + 22 * name.isdigit()
            ]
        )
        key = name[:-2] + f"{n:02}" if name.isdigit() else key
        (folder / f"P{n:03}").rename(folder / key)
        rows.append(f"{key},{n % 2}")
    (here / "data/表.csv").write_text("\n".join(rows), encoding="utf-8")
    assert "the study keys look like" in propose(asked()).words


def test_patterns_of_the_user(here):
    spreadsheet(here)
    patterns = {
        "image_pattern": "{patient}/{phase}.nii.gz",
        "mask_pattern": "{patient}/{phase}_mask.nii.gz",
    }
    for path in sorted((here / "data/影像").rglob("*.nii.gz")):  # names that tell nothing else
        for phase, plain in zip(PHASES, ("A", "V"), strict=True):
            path = path.rename(path.with_name(path.name.replace(phase, plain)))
    write_study(propose(asked(**patterns)))
    scans = table_rows(here / "config/kidney/scans.csv")
    assert len(scans) == 24 and {row["phase"] for row in scans} == {"A", "V"}
    assert loaded(here, "kidney").phases == ["A", "V"]


def test_gaps_and_a_third_class(here):
    spreadsheet(here, header="编号,年龄,性别,病理,最大径")
    text = (here / "data/表.csv").read_text(encoding="gb18030").replace("P002,42", "P002,")
    text = text.replace("P007,47,男,恶性", "P007,47,男,炎症")
    text = text.replace("P006,46,女,恶性", "P006,46,女,")
    (here / "data/表.csv").write_text(text, encoding="gb18030")
    study = propose(asked())
    write_study(study)
    made = loaded(here, "kidney")
    assert len(made.participants) == 10 and made.config["models"]["missing"] == "impute"
    assert "炎症" in study.words and "imputed" in study.words


def test_two_sheets_with_merged_names(here):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    one, two = book.active, book.create_sheet("CT")
    for row in (["肾肿瘤", None, None], ["编号", "临床", None], [None, "年龄", "病理"]):
        one.append(row)
    for cells in ("A1:C1", "A2:A3", "B2:C2"):
        one.merge_cells(cells)
    two.append(["病例", "假包膜"])
    for n in range(1, 13):
        one.append([f"P{n:03}", 40 + n, "恶性" if n % 2 else "良性"])
        two.append([f"P{13 - n:03}", "有" if n % 3 else "无"])
    book.create_sheet("说明").append(["无", "有"])
    book.save(here / "data/表.xlsx")
    study = propose(asked(table="data/表.xlsx"))
    write_study(study)
    rows = {row["patient"]: row for row in table_rows(here / "config/kidney/participants.csv")}
    assert list(rows["P001"]) == ["patient", "年龄", "病理", "假包膜"]
    assert rows["P012"]["假包膜"] == "有" and rows["P010"]["假包膜"] == "无"
    assert [one["name"] for one in loaded(here, "kidney").predictors] == ["年龄", "假包膜"]


def test_real_folder(study_data, tmp_path, monkeypatch):
    """sts12: 12 patients, CT, PET and MR each, lung metastases in 6 of them (SOURCE.md there)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/sts12").symlink_to(study_data / "sts12")
    given = {"folder": "data/sts12", "table": "data/sts12/outcome.csv", "name": "sarcoma"}
    write_study(propose(given))
    study = loaded(tmp_path, "sarcoma")
    assert len(study.participants) == 12 and len(study.scans) == 36
    assert study.phases == ["CT", "PET", "MR_T1"]
    assert study.config["cohort"]["outcome"]["column"] == "lung_mets"
    assert study.config["features"]["per_phase"]["PET"] == {"binWidth": 0.5}


@pytest.mark.parametrize(("patients", "buckets"), [(9, 12), (600, 12), (601, 13), (10_000, 200)])
def test_a_large_study_has_batches_of_fifty_patients(patients, buckets):
    assert buckets_for(patients) == buckets
    rows = [{"patient": str(i)} for i in range(patients)]
    text = config_text("mine", "data", rows, ["ct"], Guess(), None)
    asked = yaml.safe_load(text).get("execution")
    assert asked == ({"buckets": buckets} if buckets > 12 else None)
