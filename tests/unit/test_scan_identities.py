"""The rule: what is planted in a study's results is named by file, tag and study key alone."""

import pytest
from jobs import job
from scan_identities import main
from synthetic_dicom import SERIES, save_segmentation, save_series, scan_of, values

from nomoflow.acquisition import ACQUISITION_COLUMNS, describe_acquisition
from nomoflow.identity import IDENTITY_COLUMNS
from nomoflow.images import check_scan, read_scan
from nomoflow.run import read_rows, write_rows

PLANTED = {
    "PatientName": ["Doe^Jane", "JANE DOE", "of Doe,"],
    "PatientBirthDate": ["19500131", "1950-01-31", "31.01.1950", "01/31/1950"],
    "PatientID": ["ID4711"],
    "AccessionNumber": ["ACC99"],
    "ReferringPhysicianName": ["Dr. Strangelove"],
    "InstitutionName": ["Elsewhere Clinic"],
    "SOPInstanceUID": [f"1.9.{SERIES}.2.3"],
}
OTHER = {"PatientName": "Roe^Rita", "PatientID": "ZZ88", "AccessionNumber": "A-17"}
NAMES = (
    "table.csv", "a.json", "page.html", "figures/a.svg", "a.md", "a.txt", "0001/a.log", "b.tsv",
)  # fmt: skip


@pytest.fixture
def scans(tmp_path):
    """Two patients' series; the second one's entries are others."""
    made = []
    for n, patient in enumerate(("P1", "P2")):
        own = OTHER if n else {}
        folder = save_series(
            tmp_path / f"data/{n}",
            series=f"1.9.{SERIES}.{2 + n}",
            ReferringPhysicianName="Strangelove^Kit",
            InstitutionName="Elsewhere Clinic",
            SeriesDescription=f"late phase of {'Roe' if n else 'Doe'}",
            ProtocolName="Strangelove's, born 31.01.1950, Elsewhere Clinic",
            **own,
        )
        mask = save_segmentation(tmp_path / f"data/{n}.dcm", {"Tumour": values() > 1900}, **own)
        made.append(scan_of(folder, mask) | {"patient": patient})
    return made


def run(folder, scans, keys=("P1", "P2")):
    table = folder / "results/report/identity.csv"
    params = {
        "scans": scans,
        "patients": list(keys),
        "folders": [str(folder / "results"), str(folder / "logs")],
        "config": {"study": "demo", "images": {"phases": ["late"], "roots": ["data/Doe"]}},
    }
    main(job(outputs={"identity": str(table)}, params=params))
    rows = read_rows(table)
    assert table.read_text(encoding="utf-8").startswith(",".join(IDENTITY_COLUMNS))
    return rows


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tag", PLANTED)
def test_what_is_planted_is_found(tmp_path, scans, tag, name):
    for said in PLANTED[tag]:
        path = tmp_path / "results" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {".json": f'{{"a": "{said}"}}', ".svg": f"<!-- {said} -->"}
        path.write_text(content.get(path.suffix, f"a,{said},b\n"), encoding="utf-8")
        rows = run(tmp_path, scans)
        found = [(row["tag"], row["severity"]) for row in rows if row["file"] == path.as_posix()]
        assert (tag, "problem") in found
        told = (tmp_path / "results/report/identity.csv").read_text(encoding="utf-8").lower()
        assert not [one for one in ("doe", "jane", "4711", "acc99", "1950", "1.9.") if one in told]


def test_who_it_is(tmp_path, scans, capsys):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/Roe.log").write_text("ID4711", encoding="utf-8")
    rows = run(tmp_path, scans)
    assert [(row["tag"], row["patient"]) for row in rows] == [
        ("PatientID", "P1"),
        ("PatientName", "P2"),
    ]
    assert "values in the headers" in capsys.readouterr().out


def test_clean_study_has_an_empty_table(tmp_path, scans):
    """What the workflow writes of such images, with names hidden in every free text."""
    results = tmp_path / "results"
    rows = [describe_acquisition(scan) for scan in scans]
    write_rows(rows, results / "acquisition.csv", ACQUISITION_COLUMNS)
    problems = [problem for scan in scans for problem in check_scan(scan | {"label": "x"})]
    assert len(problems) == 2
    write_rows(problems, results / "preflight.csv", problems[0].keys())
    assert run(tmp_path, scans) == []


def test_key_that_is_the_number(tmp_path, scans):
    scans[1]["patient"] = "ZZ88"
    (tmp_path / "results").mkdir()
    (tmp_path / "results/a.csv").write_text("patient\nZZ88\n", encoding="utf-8")
    (row,) = run(tmp_path, scans, keys=("P1", "ZZ88"))
    assert row == {
        "kind": "key_is_patient_number", "severity": "warning", "file": "", "tag": "PatientID",
        "patient": "ZZ88",
    }  # fmt: skip


def test_real_series(study_data, tmp_path):
    """A public patient, whose number is the study key: its tables name nobody else."""
    folder = study_data / "sts_dicom/STS_019"
    scans = [
        {"patient": "STS_019", "phase": phase, "reading": "a1", "label": f"GTV_Mass_{phase}",
         "image": str(folder / phase / "image"), "mask": str(folder / phase / "mask")}
        for phase in ("CT", "PET", "MR_T1")
    ]  # fmt: skip
    results = tmp_path / "results"
    rows = [describe_acquisition(scan) for scan in scans]
    write_rows(rows, results / "acquisition.csv", ACQUISITION_COLUMNS)
    problems = check_scan(scans[0] | {"label": "nowhere"})
    assert "GTV_Mass_CT" in problems[0]["found"]
    write_rows(problems, results / "preflight.csv", problems[0].keys())
    image, mask = read_scan(scans[2])
    assert not image.GetMetaDataKeys() and not mask.GetMetaDataKeys()
    rows = run(tmp_path, scans, keys=["STS_019"])
    assert {(row["kind"], row["tag"]) for row in rows} == {
        ("key_is_patient_number", "PatientID"), ("key_is_patient_number", "PatientName"),
    }  # fmt: skip


def test_a_file_of_dvc_that_names_a_patient_is_found(tmp_path, scans, monkeypatch):
    """`dvc add` of a single file writes its name beside it, for git; of a folder the folder's."""
    monkeypatch.chdir(tmp_path)
    for name in ("data/mine/jane_doe.nii.gz", "data/mine"):
        listed = f"outs:\n- md5: 0123456789abcdef0123456789abcdef\n  path: {name[-15:]}\n"
        (tmp_path / f"{name}.dvc").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.dvc").write_text(listed, encoding="utf-8")
    found = {(row["file"], row["tag"]) for row in run(tmp_path, scans)}
    assert found == {("data/mine/jane_doe.nii.gz.dvc", "PatientName")}
