"""Rule compute_icc: from the phases' feature tables to the table of ICCs."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from compute_icc import main

from nomoflow.run import write_table

# Shrout and Fleiss, Psychol Bull 1979;86:420-428, table 2, judges 3 and 4. By hand: mean squares
# between patients 37/5, between judges 49/3, residual 23/15, so ICC(A,1) =
# (37/5 - 23/15) / (37/5 + 23/15 + 2 (49/3 - 23/15) / 6) = 11/26
JUDGE_3, JUDGE_4 = [5, 3, 6, 2, 6, 4], [8, 2, 8, 6, 9, 7]


def test_published_ratings(tmp_path):
    first = np.array(JUDGE_3, float)
    second = np.array(JUDGE_4, float)
    rows = [("a1", first), ("b1", second)]
    for phase in ("venous", "arterial"):
        table = pd.concat(
            pd.DataFrame(
                {
                    "patient": [f"00{i}" for i in range(6)],
                    "reading": reading,
                    "original_glcm_Idm": values,
                    "original_shape_flat": 1.0,
                }
            )
            for reading, values in rows
        )
        write_table(table, tmp_path / f"{phase}.parquet")
    out = tmp_path / "icc.csv"
    job = SimpleNamespace(
        input=SimpleNamespace(
            features=[str(tmp_path / "venous.parquet"), str(tmp_path / "arterial.parquet")]
        ),
        output=SimpleNamespace(icc=str(out)),
        params=SimpleNamespace(
            phases=["venous", "arterial"], form="ICC(A,1)", threshold=0.3, seed=1, judged="estimate"
        ),
    )
    main(job)
    icc = pd.read_csv(out)
    assert icc["phase"].tolist() == ["venous"] * 2 + ["arterial"] * 2
    assert icc["feature"].tolist() == ["original_glcm_Idm", "original_shape_flat"] * 2
    assert np.allclose(icc["icc"][[0, 2]], 11 / 26, rtol=1e-14)
    assert icc["kept"].tolist() == [True, False] * 2
    assert icc["reason"][1] == "constant in a1"
    before = out.read_bytes()
    main(job)
    assert out.read_bytes() == before
