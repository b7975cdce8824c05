"""Summaries of many centres together: which may stand beside one another, and as tables."""

from collections.abc import Mapping, Sequence

import pandas as pd

from nomoflow.centre_summary import FORMAT, SCHEMA
from nomoflow.sealed import read_sealed

NAN = float("nan")
CENTRE_COLUMNS = (
    "centre", "model", "n", "events", "prevalence", "shared", "reason", "auc", "oe",
    "calibration_slope", "calibration_intercept", "calibration_in_the_large", "brier",
    "sensitivity", "specificity", "accuracy", "lp_mean", "lp_sd", "manufacturers",
    "slice_thickness_mm", "looks", "smallest_cell", "digest",
)  # fmt: skip
DCA_COLUMNS = ("centre", "model", "threshold", "net_benefit", "treat_all", "n", "events")


def read_summaries(paths: Sequence, model_digest: str) -> list[dict]:
    """The summaries, by centre. Raises ValueError, naming file, found, allowed and remedy.

    Refused are a broken digest or another format (sealed.read_sealed), another model, and a centre
    or a content that comes twice.
    """
    if not paths:
        raise ValueError(
            "centres.summaries is empty; allowed is one summary.json or more: list the files that "
            "the centres sent"
        )
    read: dict[str, tuple] = {}
    contents: dict[str, object] = {}
    for path in paths:
        summary = read_sealed(path, SCHEMA, FORMAT)
        found = summary["model"]["digest"]
        if found != model_digest:
            raise ValueError(
                f"{path}: is of model {summary['model']['study']} version "
                f"{summary['model']['version']} with digest {found[:12]}; allowed is the locked "
                f"model with digest {model_digest[:12]}: have {summary['centre']} validate that one"
            )
        name = summary["centre"]
        if name.casefold() in read:
            raise ValueError(
                f"{path}: centre {name!r} stands in {read[name.casefold()][0]} already; allowed is "
                "one summary a centre: list the newer one alone, or give two centres two names"
            )
        content = repr((summary["cohort"], summary["models"], summary["case_mix"]))
        if summary["models"] and content in contents:
            raise ValueError(
                f"{path}: {name!r} has the very numbers of {contents[content]}; allowed is each "
                "cohort once: list one of the two"
            )
        read[name.casefold()] = (path, summary)
        contents[content] = path
    return [read[name][1] for name in sorted(read)]


def figures(summaries: Sequence[Mapping]) -> pd.DataFrame:
    """What is pooled: metric, model, centre, n, events, effect, se, estimate, reason.

    effect and se lie on the scale of pooling.SCALES; ``reason`` says why there is none.
    """
    rows = []
    names = sorted({name for summary in summaries for name in summary["models"]})
    for name in names:
        for metric in ("auc", "oe", "calibration_slope", "calibration_in_the_large"):
            for summary in summaries:
                rows.append(
                    {
                        "metric": metric,
                        "model": name,
                        "centre": summary["centre"],
                        "n": _number(summary["cohort"]["n"]),
                        "events": _number(summary["cohort"]["events"]),
                        **_figure(summary, name, metric),
                    }
                )
    return pd.DataFrame(rows)


def _figure(summary: Mapping, name: str, metric: str) -> dict:
    nothing = {"effect": NAN, "se": NAN, "estimate": NAN}
    if not summary["cohort"]["shared"]:
        return nothing | {"reason": summary["cohort"]["reason"]}
    model = summary["models"].get(name)
    if model is None or not model["shared"]:
        return nothing | {"reason": model["reason"] if model else "the centre did not apply it"}
    if metric == "auc":
        own = model["auc"]
        effect, se, estimate = own["logit"], own["logit_se"], own["estimate"]
        why = "an AUC of 0 or 1 has no logit"
    elif metric == "oe":
        own = model["oe"]
        effect, se, estimate = own["log"], own["log_se"], own["estimate"]
        why = "no events, or none expected"
    else:
        own, key = model["calibration"], metric.removeprefix("calibration_")
        effect, se, estimate = own[key], own[f"{key}_se"], own[key]
        why = own["note"] or "not defined"
    defined = effect is not None and se is not None
    return {
        "effect": _number(effect),
        "se": _number(se),
        "estimate": _number(estimate),
        "reason": "" if defined else why,
    }


def centres_table(summaries: Sequence[Mapping]) -> pd.DataFrame:
    """A row a centre and model: its figures, case mix in brief, and how often it looked."""
    rows = []
    for summary in summaries:
        cohort, scans = summary["cohort"], summary["case_mix"]["acquisition"]
        described = {one["name"]: one for one in scans}
        makers = described.get("manufacturer", {}).get("levels", [])
        shared = {
            "centre": summary["centre"],
            "n": cohort["n"],
            "events": cohort["events"],
            "prevalence": cohort["events"] / cohort["n"] if cohort["shared"] else None,
            "manufacturers": "; ".join(
                one["level"] if one["n"] is None else f"{one['level']} {one['n']}" for one in makers
            ),
            "slice_thickness_mm": described.get("slice_thickness_mm", {}).get("mean"),
            "looks": summary["ledger"]["looks"],
            "smallest_cell": cohort["smallest_cell"],
            "digest": summary["digest"],
        }
        for name, model in summary["models"].items() or [("", {"shared": False})]:
            told = model["shared"]
            rows.append(
                shared
                | {"model": name, "shared": told, "reason": model.get("reason", cohort["reason"])}
                | (_estimates(model) if told else {})
            )
    table = pd.DataFrame(rows, columns=list(CENTRE_COLUMNS))
    whole = ["n", "events", "looks", "smallest_cell"]
    return table.astype(dict.fromkeys(whole, "Int64"))


def _estimates(model: Mapping) -> dict:
    calibration, calls = model["calibration"], model["at_cutoff"]
    return {
        "auc": model["auc"]["estimate"],
        "oe": model["oe"]["estimate"],
        "calibration_slope": calibration["slope"],
        "calibration_intercept": calibration["intercept"],
        "calibration_in_the_large": calibration["in_the_large"],
        "brier": model["brier"],
        **{name: calls[name] for name in ("sensitivity", "specificity", "accuracy")},
        "lp_mean": model["linear_predictor"]["mean"],
        "lp_sd": model["linear_predictor"]["sd"],
    }


def decision_table(summaries: Sequence[Mapping]) -> pd.DataFrame:
    """Net benefit of each centre at the thresholds that it tells, beside treating everyone."""
    rows = []
    for summary in summaries:
        n, events = summary["cohort"]["n"], summary["cohort"]["events"]
        for name, model in summary["models"].items():
            for point in model.get("cuts", []):
                odds = point["threshold"] / (1 - point["threshold"])
                rows.append(
                    {
                        "centre": summary["centre"],
                        "model": name,
                        "threshold": point["threshold"],
                        "net_benefit": point["net_benefit"],
                        "treat_all": (events - odds * (n - events)) / n,
                        "n": n,
                        "events": events,
                    }
                )
    return pd.DataFrame(rows, columns=list(DCA_COLUMNS))


def _number(value) -> float:
    return NAN if value is None else float(value)
