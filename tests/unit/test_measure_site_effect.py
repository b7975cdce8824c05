import numpy as np
import pandas as pd
import pytest
from jobs import job
from measure_site_effect import main
from synthetic_cohort import cohort

from nomoflow.run import read_table, write_table
from nomoflow.site_prediction import COLUMNS


def run(folder, scanner, params=None):
    table = cohort()
    features = [c for c in table if c.startswith(("early_", "late_"))]
    moved = (np.asarray(scanner) == "B")[:, None] * 2.5 * table[features].std().to_numpy()
    table[features] = table[features] + moved
    write_table(table, folder / "dataset.parquet")
    people = pd.DataFrame({"patient": table["patient"], "scanner": scanner})
    people.iloc[::-1].to_csv(folder / "participants.csv", index=False)
    inputs = {name: folder / name for name in ("dataset.parquet", "participants.csv")}
    inputs = {"dataset": inputs["dataset.parquet"], "participants": inputs["participants.csv"]}
    given = {"batch": "scanner", "reference": None, "seed": 1} | (params or {})
    main(job(inputs, {"site": folder / "site.csv"}, given))
    return read_table(folder / "site.csv")


@pytest.mark.parametrize("reference", [None, "A"])
def test_the_site_shows_before_and_hardly_after(tmp_path, reference):
    n = len(cohort())
    table = run(tmp_path, np.where(np.arange(n) % 2, "A", "B"), {"reference": reference})
    assert list(table.columns) == COLUMNS
    raw, after = (table[table["harmonised"] == h]["auc"].iloc[-1] for h in (False, True))
    assert raw > 0.9
    assert after < 0.7


def test_what_is_refused(tmp_path):
    scanner = np.where(np.arange(len(cohort())) % 2, "A", "B").astype(object)
    with pytest.raises(ValueError, match=r"no column site .* there are scanner"):
        run(tmp_path, scanner, {"batch": "site"})
    scanner[3] = ""
    with pytest.raises(ValueError, match="scanner is missing for"):
        run(tmp_path, scanner)
