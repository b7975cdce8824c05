"""Rule correct_optimism: performance and decision curves, corrected by the bootstrap."""

import pandas as pd

from nomoflow.by_model import APPARENT, judged
from nomoflow.dataset import signature_of
from nomoflow.decision import default_thresholds, treat_all, treat_none
from nomoflow.optimism import CORRECTED, CORRECTED_632, correct, correct_net_benefit
from nomoflow.resample_metrics import Scores, as_scores
from nomoflow.run import log_to, read_table, write_table

COLUMNS = ["model", "sample", "metric", "estimate", "ci_low", "ci_high", "method"]
DCA_COLUMNS = ["model", "sample", "threshold", "net_benefit", "ci_low", "ci_high"]


def main(job):
    given, thresholds = job.params, default_thresholds()
    predictions = read_table(job.input.predictions)
    apparent = predictions[predictions["sample"] == APPARENT]
    patients = sorted(apparent["patient"].unique())
    resampled, penalties = joined(job.input.resamples), joined(job.input.penalties)
    drawn_again = refused(resampled)
    same = {"confidence": given.confidence, "intervals": given.intervals, "seed": given.seed}
    tables, curves = [], []
    for final in judged(apparent, given.models):
        scores, counts = as_scores(resampled[resampled["model"] == final.model], patients)
        own = Scores(final.score, final.probability, final.cutoff[:, 0])
        notes = [*drawn_again, *emptied(final.model, penalties)]
        table = correct(final.y, own, scores, counts, given.threshold, notes=notes, **same)
        tables.append(table.assign(model=final.model))
        curve = correct_net_benefit(final.y, own, scores, counts, thresholds, **same)
        curves.append(curve.assign(model=final.model))
    # Treating all or none learns nothing from patients: there is no optimism in it.
    y = apparent.drop_duplicates("patient")["outcome"]
    for sample in (CORRECTED, CORRECTED_632):
        curves.append(treat_all(y, thresholds).assign(model="all", sample=sample))
        curves.append(treat_none(thresholds).assign(model="none", sample=sample))
    none = pd.DataFrame(columns=COLUMNS)
    corrected = pd.concat(tables, ignore_index=True) if tables else none
    write_table(corrected[COLUMNS], job.output.performance)
    write_table(pd.concat(curves, ignore_index=True).reindex(columns=DCA_COLUMNS), job.output.dca)


def joined(paths):
    """The tables of all batches."""
    return pd.concat(map(read_table, paths), ignore_index=True)


def refused(resampled):
    """How many draws had too few patients of a class, in words."""
    times = int(resampled.drop_duplicates("resample")["refused"].sum())
    return [f"{times} draws with too few of a class drawn again"] if times else []


def emptied(model, penalties):
    """In how many resamples the model's signature is empty, in words."""
    status = penalties.loc[penalties["signature"] == signature_of(model), "status"]
    share = float((status == "empty").mean()) if len(status) else 0.0
    return [f"signature empty in {100 * share:.3g} % of resamples"] if share else []


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
