from gather_predictions import main
from jobs import job
from synthetic_predictions import predictions

from nomoflow.run import read_table, write_table


def test_nothing_is_lost_or_changed(tmp_path):
    whole = predictions()
    parts = []
    for repeat, part in whole.groupby("repeat"):
        parts.append(tmp_path / f"{repeat}.csv")
        write_table(part, parts[-1])
    main(job({"apparent": parts[0], "repeats": parts[1:]}, {"predictions": tmp_path / "all.csv"}))
    found = read_table(tmp_path / "all.csv").sort_values(["model", "repeat", "patient"])
    expected = whole.sort_values(["model", "repeat", "patient"])
    assert found["linear_predictor"].tolist() == expected["linear_predictor"].tolist()
