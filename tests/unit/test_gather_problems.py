from gather_problems import COLUMNS, main
from jobs import job

from nomoflow.run import read_rows, write_rows


def test_all_problems_in_one_order(tmp_path):
    rows = [dict.fromkeys(COLUMNS, "x") | {"patient": name} for name in ("B", "A", "C")]
    for number, part in enumerate((rows[:2], [], rows[2:])):
        write_rows(part, tmp_path / f"{number}.csv", COLUMNS)
    checks = [tmp_path / f"{number}.csv" for number in (2, 0, 1)]
    main(job({"checks": checks}, {"problems": tmp_path / "all.csv"}))
    assert [row["patient"] for row in read_rows(tmp_path / "all.csv")] == ["A", "B", "C"]
