"""ICC of all features at once against pingouin's intraclass_corr, feature by feature.

    uv run python benchmarks/icc_against_pingouin.py
    uv run python benchmarks/icc_against_pingouin.py --features 1144 --sample 1144

30 patients read twice. Ours computes all features in each repeat, pingouin a sample of them, in
turns; pingouin's time is scaled up to all. Estimates and limits must agree within 1e-10: the
program ends with an error where one does not.
"""

import argparse
import os
import sys
import time
import warnings
from pathlib import Path

from measuring import ONE_THREAD, RESULTS, ROOT, facts, spread, write

os.environ |= ONE_THREAD
sys.path.insert(0, str(ROOT / "scripts"))

import numpy as np
import pandas as pd

from nomoflow.icc import icc_per_feature

FORM, GOAL, AGREEMENT, SEED = "ICC(A,1)", 0.01, 1e-10, 1
PACKAGES = ("pingouin", "numpy", "pandas")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--patients", type=int, default=30)
    parser.add_argument("--features", type=int, default=1144)
    parser.add_argument("--sample", type=int, default=40, help="features for pingouin, a repeat")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    random = np.random.default_rng(SEED)
    shape = (options.patients, options.features)
    truth, error = random.normal(size=shape), random.uniform(0.1, 1.5, options.features)
    first, second = (
        pd.DataFrame(truth + error * random.normal(size=shape)).add_prefix("f") for _ in "12"
    )
    rows = []
    for repeat in range(1, options.repeats + 1):
        began = time.process_time()
        table = icc_per_feature(first, second, FORM)
        ours = time.process_time() - began
        chosen = random.choice(options.features, min(options.sample, options.features), False)
        began = time.process_time()
        theirs = np.array([by_pingouin(first.iloc[:, i], second.iloc[:, i]) for i in chosen])
        scaled = (time.process_time() - began) * options.features / len(chosen)
        found = table.iloc[chosen][["icc", "ci_low", "ci_high"]].to_numpy(dtype=float)
        rows.append(
            {
                "repeat": repeat, "patients": options.patients, "features": options.features,
                "ours_seconds": ours, "pingouin_seconds": scaled, "ratio": ours / scaled,
                "difference": float(np.abs(found - theirs).max()),
            }
        )  # fmt: skip
    worst = max(row["difference"] for row in rows)
    print(
        f"ours / pingouin, CPU {spread([row['ratio'] for row in rows])}, goal {GOAL} at most; "
        f"largest difference {worst:.1e}, {AGREEMENT:g} allowed"
    )
    write(rows, "icc_against_pingouin", options.results, facts(PACKAGES))
    if not worst <= AGREEMENT:
        raise SystemExit("an ICC differs from pingouin's")


def by_pingouin(first: pd.Series, second: pd.Series) -> list[float]:
    """Estimate and 95 % limits of one feature."""
    from pingouin import intraclass_corr, options

    options.update(dict.fromkeys((key for key in options if key.startswith("round")), None))
    count = len(first)
    long = pd.DataFrame(
        {
            "patient": np.tile(np.arange(count), 2),
            "reader": np.repeat(["first", "second"], count),
            "value": np.concatenate([first, second]),
        }
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The inplace keyword")
        table = intraclass_corr(long, "patient", "reader", "value").set_index("Type")
    return [table.at[FORM, "ICC"], *table.at[FORM, "CI95"]]


if __name__ == "__main__":
    main()
