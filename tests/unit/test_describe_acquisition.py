"""Rule describe_acquisition: a row for each patient and phase, from the analysed reading."""

from describe_acquisition import main
from jobs import job
from synthetic_dicom import save_series, scan_of

from nomoflow.acquisition import ACQUISITION_COLUMNS
from nomoflow.run import read_rows


def test_one_row_a_patient_and_phase(tmp_path):
    folder = save_series(tmp_path / "s")
    scans = [
        scan_of(folder, "") | {"patient": patient, "reading": reading}
        for patient in ("P1", "P2")
        for reading in ("a1", "b1")
    ]
    output = tmp_path / "acquisition.csv"
    main(job(params={"scans": scans}, outputs={"acquisition": output}))
    rows = read_rows(output)
    assert [(row["patient"], row["modality"]) for row in rows] == [("P1", "CT"), ("P2", "CT")]
    assert tuple(rows[0]) == ACQUISITION_COLUMNS
