from count_flow import main
from jobs import job

from nomoflow.run import read_rows, write_json


def count(folder, statuses):
    inputs = {"criteria": folder / "criteria.csv", "icc": folder / "icc.csv", "statuses": statuses}
    main(job(inputs, {"flow": folder / "flow.csv"}, {"phases": ["CT", "MR"]}))


def test_patients_then_features_each_step_from_the_last(tmp_path):
    (tmp_path / "criteria.csv").write_text(
        "step,removed,remaining\npatients in the table,0,9\ntoo large,2,7\n"
    )
    (tmp_path / "icc.csv").write_text(
        "phase,feature,comparison,kept\n"
        "CT,a,inter,True\nCT,a,intra,True\nCT,b,inter,True\nCT,b,intra,False\n"
        "MR,a,none,True\n"
    )
    statuses = []
    for name, candidates, selected in (("CT", 1, 1), ("MR", 1, 0), ("combined", 2, 1)):
        statuses.append(tmp_path / f"{name}.json")
        write_json({"patients": 6, "candidates": candidates, "selected": selected}, statuses[-1])
    count(tmp_path, statuses)
    rows = [tuple(row.values()) for row in read_rows(tmp_path / "flow.csv")]
    assert rows[:3] == [
        ("patients in the table", "patients", "", "0", "9"),
        ("too large", "patients", "", "2", "7"),
        ("failed in computation", "patients", "", "1", "6"),
    ]
    assert ("kept by the readers' agreement", "features", "CT", "1", "1") in rows
    assert ("candidate features", "features", "MR", "0", "1") in rows
    assert ("kept by the readers' agreement", "features", "combined", "1", "2") in rows
    assert not [row for row in rows if "not assessed" in row[0]]  # CT was read again
    (tmp_path / "icc.csv").write_text(
        "phase,feature,comparison,kept\nCT,a,none,True\nMR,a,none,True\n"
    )
    count(tmp_path, statuses)
    rows = [tuple(row.values()) for row in read_rows(tmp_path / "flow.csv")]
    assert ("agreement not assessed, all kept", "features", "CT", "0", "1") in rows
    assert not [row for row in rows if "readers" in row[0]]
    assert rows[-1] == ("selected by the LASSO", "features", "combined", "1", "1")
