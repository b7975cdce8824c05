import pytest
from check_table import main
from jobs import job

from nomoflow.run import read_rows


def check(folder, text, patients=("01", "02")):
    (folder / "table.csv").write_text(text)
    source = {"path": str(folder / "table.csv"), "id": "key", "columns": "{phase}_{feature}"}
    params = {"table": source, "phases": ["CT"], "patients": list(patients)}
    main(job({}, {"problems": folder / "problems.csv"}, params))
    return read_rows(folder / "problems.csv")


def test_a_good_table_is_no_problem(tmp_path):
    assert check(tmp_path, "key,CT_a,CT_b\n01,1,2\n02,3,4\n") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("id,CT_a\n01,1\n02,2\n", "key"),
        ("key,CT_a\n01,1\n", "02"),
        ("key,CT_a\n01,1\n02,high\n", "high"),
        ("key,MR_a\n01,1\n02,2\n", "CT"),
        ("key,CT_a\n01,1\n01,1\n02,2\n", "01"),
    ],
)
def test_a_bad_table_is_told_and_not_raised(tmp_path, text, found):
    rows = check(tmp_path, text)
    assert rows and found in " ".join(rows[0].values())
    assert all(row["remedy"] for row in rows)
