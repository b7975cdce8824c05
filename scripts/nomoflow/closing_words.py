"""What a run says when it has ended well: where to look, and the figures that matter most.

Standard library only: Snakemake itself imports this module.
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

from nomoflow.files import read_json, read_rows
from nomoflow.problem_table import problem_table
from nomoflow.wording import (
    MAIN_MODELS,
    Rows,
    aligned,
    area,
    metric,
    model_label,
    models_in,
    number,
)

SAMPLE, SLOPE = "external", "calibration_slope"


def closing_words(study, targets: Collection[str]) -> str:
    """The last words of a run.

    study : the ``Study`` that was run; targets : what was asked for, nothing for the whole study.
    Where that was not made, "".
    """
    asked = sorted((set(targets) - {"all"}) & {*WORDS, *STARTS}) or [_whole(study)]
    return "".join(_words(study, Path("results", study.name), target) for target in asked)


def _whole(study) -> str:
    if study.model is None:
        return "all"
    return "validate" if study.outcome_known else "predict"


def _words(study, place: Path, target: str) -> str:
    if target in STARTS:
        return "\n" + Path(STARTS[target].format(**study.asked)).read_text(encoding="utf-8")
    words, result = WORDS[target]
    # A run that was told to stop before has not made it.
    return words(study, place) if (place / result).exists() else ""


def _of_study(study, place: Path) -> str:
    return (place / "report/complete.txt").read_text(encoding="utf-8") + _cpu_time(place)


def _cpu_time(place: Path) -> str:
    """What the study took, and how much of it its features; "" where no rule extracted any."""
    record = place / "provenance/run.json"
    totals = read_json(record)["totals"] if record.exists() else {"rules": {}}
    extraction = totals["rules"].get("extract_features")
    if extraction is None:
        return ""
    seconds = totals["all"]["cpu_seconds"]
    share = extraction["cpu_seconds"] / seconds
    return f"  CPU time  {seconds / 60:.1f} min, {100 * share:.0f} % of it features ({record})\n"


def _of_preflight(study, place: Path) -> str:
    table = place / "cohort/preflight.csv"
    found = problem_table(read_rows(table), study.config["images"]["on_problem"])
    return (
        f"\n{found}\n\nEvery file of study {study.name} was checked ({table}).\n"
        "Next: the same command without the word preflight, which runs the study.\n"
    )


def _of_sensitivity(study, place: Path) -> str:
    return f"\nThe variants of study {study.name}: {place / 'report/sensitivity.html'}\n"


def _of_lock(study, place: Path) -> str:
    path = Path("models", study.name, "model.json")
    return f"\nStudy {study.name}: {named(read_json(path))} is locked ({path}).\n"


def _of_validation(study, place: Path) -> str:
    """The locked models on this cohort: figures, what to be wary of, and what goes to others."""
    folder = place / "centres"
    tables = {
        name: read_rows(folder / f"{name}.csv")
        for name in ("predictions", "performance", "outside_range", "not_predicted", "warnings")
    }
    outcomes = {row["patient"]: row["outcome"] for row in tables["predictions"]}
    events = sum(number(outcome) == 1 for outcome in outcomes.values())
    beyond = {row["patient"] for row in tables["outside_range"]}
    without = {row["patient"] for row in tables["not_predicted"]}
    ledger = Path(study.config["centres"]["model"]).with_name("ledger.json")
    of_all = f"of {counted(len(outcomes), 'patient')}"
    lines = [
        f"Study {study.name}: {named(study.model)} on {counted(len(outcomes), 'patient')}, "
        f"{counted(events, 'event')}",
        "",
        *figures(tables["performance"], study.config["evaluation"]["confidence"]),
        "",
        f"  look      {read_json(folder / 'look.json')['count']} at external patients ({ledger})",
        f"  range     {len(beyond)} {of_all} with a value outside the training range "
        f"({folder / 'outside_range.csv'})",
    ]
    if without:
        lines.append(
            f"  missing   {len(without)} {of_all} without a prediction "
            f"({folder / 'not_predicted.csv'})"
        )
    lines += [
        f"  warnings  {len(tables['warnings'])}{_codes(tables['warnings'])} "
        f"({folder / 'warnings.csv'})",
        f"  report    {place / 'report/validation.html'}",
        f"  summary   {folder / 'summary.json'}: without any patient, for the target `centres`",
    ]
    return _text(lines)


def _of_predictions(study, place: Path) -> str:
    folder = place / "predict"
    rows = read_rows(folder / "predictions.csv")
    everyone = {row["patient"] for row in rows}
    predicted = {row["patient"] for row in rows if row["probability"]}
    warned = {row["patient"] for row in read_rows(folder / "warnings.csv")}
    return _text(
        [
            f"Study {study.name}: {named(study.model)}, for research use",
            "",
            f"  predicted {len(predicted)} of {counted(len(everyone), 'patient')} "
            f"({folder / 'predictions.csv'})",
            f"  warnings  of {counted(len(warned), 'patient')} ({folder / 'warnings.csv'})",
            f"  page      {folder / 'predictions.html'}",
        ]
    )


def _of_centres(study, place: Path) -> str:
    model = study.model or read_json(Path("models", study.name, "model.json"))
    many = len(study.config["centres"]["summaries"])
    return f"\n{named(model)} at {counted(many, 'centre')}: {place / 'report/centres.html'}\n"


def _of_verification(study, place: Path) -> str:
    said = Path("logs", study.name, "verify.log").read_text(encoding="utf-8")
    return f"\n{said}\n  page      {place / 'provenance/verification.html'}\n"


def _of_release(study, place: Path) -> str:
    return "\n" + Path("logs", study.name, "release.log").read_text(encoding="utf-8")


def named(model: Mapping) -> str:
    """ "model demo version 1 (0123456789ab)", by the study that made it and its digest."""
    return f"model {model['study']} version {model['version']} ({model['digest'][:12]})"


def counted(many: int, what: str) -> str:
    """ "1 patient", "12 patients"."""
    return f"{many} {what}{'' if many == 1 else 's'}"


def figures(performance: Rows, confidence: float) -> list[str]:
    """AUC with interval, O:E and calibration slope of the main models, as aligned lines."""
    rows = [
        (
            model_label(model),
            area(metric(performance, model, SAMPLE, "auc"), interval=True),
            *(_two_digits(metric(performance, model, SAMPLE, name)) for name in ("oe", SLOPE)),
        )
        for model in models_in(performance, MAIN_MODELS)
    ]
    if not rows:
        return ["  AUC       no model was judged"]
    table = [("model", f"AUC ({100 * confidence:g} % CI)", "O:E", "slope"), *rows]
    return aligned(table)


def _two_digits(row: Mapping[str, str] | None) -> str:
    estimate = number(row["estimate"]) if row else math.nan
    return "-" if math.isnan(estimate) else f"{estimate:.2f}"


def _codes(warnings: Rows) -> str:
    counts = Counter(row["code"] for row in warnings)
    told = (code + (f" ({many})" if many > 1 else "") for code, many in counts.items())
    return f": {', '.join(told)}" if counts else ""


def _text(lines: list[str]) -> str:
    return "\n".join(["", *lines, ""])


# What a target's words are, and the result that they wait for.
WORDS = {
    "all": (_of_study, "report/complete.txt"),
    "preflight": (_of_preflight, "cohort/preflight.csv"),
    "sensitivity": (_of_sensitivity, "report/sensitivity.html"),
    "lock": (_of_lock, "models/locked.json"),
    "validate": (_of_validation, "centres/summary.json"),
    "predict": (_of_predictions, "predict/predictions.html"),
    "centres": (_of_centres, "report/centres.html"),
    "verify": (_of_verification, "provenance/verification.html"),
    "release": (_of_release, "release"),
}
# What the first and the last command of a study tell, by the file that they have written.
STARTS = {"init": "config/{name}/guesses.txt", "clean": "logs/clean.txt"}
