"""Figures of several samples side by side: the honest ones first, the optimistic ones marked."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from nomoflow.language import say
from nomoflow.report_blocks import cell, decimal, estimate, table
from nomoflow.wording import HEADS, OPTIMISTIC, Rows, heads_in, metric, number

METRICS = {
    "auc": "AUC",
    "auc_within_fold": "AUC within folds, mean",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "accuracy": "Accuracy",
    "cutoff": "Cut-off (linear predictor)",
    "brier": "Brier score",
    "net_benefit": "Net benefit",
}
CALIBRATION = {
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
    "calibration_in_the_large": "Calibration in the large",
    "oe": "Observed : expected",
    "ici": "ICI",
    "e50": "E50",
    "e90": "E90",
}
FOLDS_ALONE = "only cross-validation has folds"


def sample_name(sample: str) -> str:
    """A sample's name within a row; an optimistic one says so."""
    name = say(HEADS.get(sample, sample))
    return say("{sample} (optimistic)", sample=name) if sample in OPTIMISTIC else name


def signature_name(name: str) -> str:
    """A signature's name: its phase, as the study calls it, or combined."""
    return say("combined") if name == "combined" else name


def among(study: Mapping) -> str:
    """ " (149 patients, 102 events)", for captions."""
    return say(" ({people})", people=study["people"]) if study["people"] else ""


def samples_table(
    first: Sequence[str],
    rows: Iterable[tuple[Sequence, Callable[[str], dict]]],
    samples: Sequence[str],
    caption: str,
    folded: bool = False,
    last: Sequence[tuple[str, Callable]] = (),
    sources: Iterable = (),
) -> dict:
    """A column for each sample, honest and optimistic ones under a head of their own.

    ``first``: heads of the leading columns; ``rows``: (their cells, a function sample -> cell);
    ``last``: (head, function leading cells -> cell) of columns after the samples.
    """
    honest = [name for name in samples if name not in OPTIMISTIC]
    optimistic = [name for name in samples if name in OPTIMISTIC]
    start = len(first) + len(honest)
    groups = [("", len(first)), ("Honest", len(honest)), ("Optimistic", len(optimistic))]
    groups.append(("", len(last)))
    return table(
        [*first, *(HEADS[name] for name in [*honest, *optimistic]), *(head for head, _ in last)],
        [
            [
                *leading,
                *(find(name) for name in [*honest, *optimistic]),
                *(make(leading) for _, make in last),
            ]
            for leading, find in rows
        ],
        caption,
        groups=[(name, wide) for name, wide in groups if wide],
        folded=folded,
        marked=range(start, start + len(optimistic)),
        sources=sources,
    )


def figure_of(performance: Rows, model: str, name: str, digits: int = 3):
    """A function sample -> cell with a metric's estimate over its interval."""

    def find(sample: str) -> dict:
        missing = FOLDS_ALONE if name == "auc_within_fold" else "not computed in this sample"
        return estimate(metric(performance, model, sample, name), digits, missing)

    return find


def optimism(performance: Rows, model: str) -> dict:
    """Apparent less cross-validated AUC."""
    pair = [metric(performance, model, sample, "auc") for sample in ("apparent", "cross_validated")]
    if not all(pair):
        return cell("", "needs both figures")
    return decimal(number(pair[0]["estimate"]) - number(pair[1]["estimate"]))


def labelled(names: Mapping[str, str], performance: Rows, model: str, threshold=None) -> list:
    """(metric, label) of the metrics that a model has, in the order of ``names``."""
    there = {row["metric"] for row in performance if row["model"] == model}
    found = {name: say(label) for name, label in names.items() if name in there}
    if threshold is not None and "net_benefit" in found:
        at = say(
            "{measure} at a threshold of {p}", measure=found["net_benefit"], p=f"{threshold:g}"
        )
        found["net_benefit"] = at
    return list(found.items())


def samples_of(performance: Rows) -> list[str]:
    """The samples of a table, honest ones first."""
    return heads_in(performance)
