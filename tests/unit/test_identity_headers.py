"""The values that are taken from the headers of images and masks."""

import gzip

import SimpleITK as sitk
from pydicom.sequence import Sequence
from synthetic_dicom import SERIES, item, save_series, save_structures, scan_of
from synthetic_scans import make

from nomoflow.identity import DATE, NAME, NUMBER, PHRASE, UID
from nomoflow.identity_headers import values_of


def told(image, mask="", patient="P1"):
    values, unread = values_of([scan_of(image, mask or image) | {"patient": patient}])
    return {(v.tag, v.kind, v.text) for v in values}, unread


def test_dicom_series(tmp_path):
    folder = save_series(
        tmp_path / "a",
        SpecificCharacterSet="ISO_IR 192",
        PatientName="Müller^Jörg=王^小东",
        OtherPatientIDs=["X1", "X2"],
        ReferringPhysicianName="House^Gregory",
        OperatorsName=["Op^One", "Op^Two"],
        InstitutionName="Elsewhere Clinic",
        StudyID="77",
        RequestAttributesSequence=Sequence([item(RequestingPhysician="Deep^In")]),
    )
    found, unread = told(folder)
    assert unread == 0
    assert {
        ("PatientName", NAME, "Müller^Jörg=王^小东"),
        ("PatientID", NUMBER, "ID4711"),
        ("PatientBirthDate", DATE, "19500131"),
        ("AccessionNumber", NUMBER, "ACC99"),
        ("OtherPatientIDs", NUMBER, "X2"),
        ("ReferringPhysicianName", NAME, "House^Gregory"),
        ("OperatorsName", NAME, "Op^Two"),
        ("InstitutionName", PHRASE, "Elsewhere Clinic"),
        ("StudyID", NUMBER, "77"),
        ("RequestingPhysician", NAME, "Deep^In"),
        ("SeriesInstanceUID", UID, SERIES),
        *(("SOPInstanceUID", UID, f"{SERIES}.{k}") for k in range(1, 7)),
    } <= found


def test_another_patient_among_the_slices_is_seen(tmp_path):
    save_series(tmp_path, change=lambda k: {"PatientName": "Roe^Rita"} if k == 4 else {})
    found, _ = told(tmp_path)
    assert {("PatientName", NAME, "Doe^Jane"), ("PatientName", NAME, "Roe^Rita")} <= found


def test_mask_and_a_file_that_cannot_be_read(tmp_path, capsys):
    path = save_structures(tmp_path / "rt.dcm", {"Tumour": []}, PatientName="Roe^Rita")
    image = save_series(tmp_path / "a")
    damaged = image / "900.dcm"
    damaged.write_bytes(damaged.read_bytes()[:300])
    found, unread = told(image, path)
    assert ("PatientID", NUMBER, "ID4711") in found
    assert unread in (0, 1)
    assert "Doe" not in capsys.readouterr().out


def test_no_such_file_is_told_by_number(tmp_path, capsys):
    assert told(tmp_path / "nowhere.nii", tmp_path / "nowhere.dcm") == (set(), 2)
    assert "FileNotFoundError" in capsys.readouterr().out


def test_other_formats(tmp_path):
    image, _ = make(size=(6, 6, 4))
    image.SetMetaData("0010|0010", "Doe^Jane")
    image.SetMetaData("0010|0030", "19500131")
    image.SetMetaData("kind", "CT of x")
    for name in ("a.mha", "a.nrrd"):
        sitk.WriteImage(image, str(tmp_path / name))
        found, _ = told(tmp_path / name)
        assert {("PatientName", NAME, "Doe^Jane"), ("PatientBirthDate", DATE, "19500131")} <= found
        assert not [said for _, _, said in found if "CT of" in said]


def test_nifti(tmp_path):
    header = bytearray(400)
    header[:4] = (348).to_bytes(4, "little")
    header[148:170] = b"Roe^Rita TE=2; x^2".ljust(22, b"\0")
    for name, content in (("a.nii", bytes(header)), ("a.nii.gz", gzip.compress(header))):
        (tmp_path / name).write_bytes(content)
        assert told(tmp_path / name)[0] == {("descrip", NAME, "Roe^Rita")}


def test_nrrd_keys_by_name(tmp_path):
    image, _ = make(size=(6, 6, 4))
    image.SetMetaData("DICOM.PatientID", "ID4711")
    image.SetMetaData("patient_name", "Doe Jane")
    sitk.WriteImage(image, str(tmp_path / "a.nrrd"))
    found, _ = told(tmp_path / "a.nrrd")
    assert {("PatientID", NUMBER, "ID4711"), ("PatientName", NAME, "Doe Jane")} <= found
