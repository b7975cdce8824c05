"""Rule assess_calibration: observed against predicted risk, and the Hosmer-Lemeshow test."""

import numpy as np
import pandas as pd

from nomoflow.by_model import APPARENT, judged
from nomoflow.calibration import hosmer_lemeshow, smooth
from nomoflow.run import log_to, read_table, write_table

GROUPS = 10
GRID = np.arange(1, 100) / 100
CURVE = ["model", "sample", "kind", "n", "predicted", "observed"]
TEST = ["model", "sample", "groups", "chi2", "df", "p", "note"]
NO_TEST = "no test: the predictions were averaged over repeats of cross-validation"


def main(job):
    curves, tests = [], []
    for each in judged(read_table(job.input.predictions), job.params.models):
        probability = each.probability.mean(axis=0)
        test, groups = hosmer_lemeshow(each.y, probability, GROUPS)
        if each.sample != APPARENT:
            test = {"groups": test["groups"], "note": NO_TEST}
        tests.append({"model": each.model, "sample": each.sample, **test})
        same = {"model": each.model, "sample": each.sample}
        curves.append(groups.assign(kind="group", **same).reindex(columns=CURVE))
        curves.append(mean_curve(each).assign(kind="smooth", n=len(each.y), **same)[CURVE])
    write_table(pd.concat(curves, ignore_index=True), job.output.calibration)
    write_table(pd.DataFrame(tests).reindex(columns=TEST), job.output.hosmer_lemeshow)


def mean_curve(each):
    """The lowess curve, where predictions reach; over repeats the mean of their curves."""
    if len(each.probability) == 1:
        return smooth(each.y, each.probability[0])
    curves = []
    for probability in each.probability:
        points = smooth(each.y, probability)
        curves.append(
            np.interp(GRID, points["predicted"], points["observed"], left=np.nan, right=np.nan)
        )
    inside = np.isfinite(curves).all(axis=0)
    observed = np.mean(np.array(curves)[:, inside], axis=0)
    return pd.DataFrame({"predicted": GRID[inside], "observed": observed})


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(snakemake)
