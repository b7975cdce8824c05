"""Rule gather_quality: the batches' tables as one, in order."""

from types import SimpleNamespace as Job

from gather_quality import main

from nomoflow.acquisition import ACQUISITION_COLUMNS
from nomoflow.image_quality import QUALITY_COLUMNS
from nomoflow.run import read_rows, write_rows

FAILURES = ("patient", "phase", "reading", "stage", "reason", "detail")


def table(path, columns, keys):
    rows = [
        dict.fromkeys(columns, "") | dict(zip(("patient", "phase", "reading"), key, strict=True))
        for key in keys
    ]
    write_rows(rows, path, columns)
    return path


def test_sorted_by_patient_phase_reading(tmp_path):
    first = [("P2", "CT", "a2"), ("P2", "CT", "b1"), ("P1", "MR", "a1")]
    second = [("P1", "CT", "a1"), ("P2", "CT", "a1")]
    quality = [
        table(tmp_path / f"{k}.csv", QUALITY_COLUMNS, keys)
        for k, keys in enumerate((first, second))
    ]
    failures = [table(tmp_path / "f.csv", FAILURES, [("P9", "CT", "b1"), ("P3", "CT", "a1")])]
    acquired = [tmp_path / "acquired_0001.csv", tmp_path / "acquired_0002.csv"]
    for path, patient in zip(acquired, ("P2", "P1"), strict=True):
        row = dict.fromkeys(ACQUISITION_COLUMNS, "") | {"patient": patient, "phase": "CT"}
        write_rows([row], path, ACQUISITION_COLUMNS)
    output = Job(
        quality=tmp_path / "quality.csv",
        failures=tmp_path / "failures.csv",
        acquisition=tmp_path / "acquisition.csv",
    )
    given = Job(quality=quality, failures=failures, acquisition=acquired)
    main(Job(input=given, output=output))
    assert [row["patient"] for row in read_rows(output.acquisition)] == ["P1", "P2"]
    keys = [(row["patient"], row["phase"], row["reading"]) for row in read_rows(output.quality)]
    assert keys == [
        ("P1", "CT", "a1"), ("P1", "MR", "a1"), ("P2", "CT", "a1"), ("P2", "CT", "b1"),
        ("P2", "CT", "a2"),
    ]  # fmt: skip
    assert [row["patient"] for row in read_rows(output.failures)] == ["P3", "P9"]
