"""Rule record_look: one more look at external patients, noted before an outcome is judged."""

import fcntl
import logging
from contextlib import contextmanager
from glob import glob
from pathlib import Path

import pandas as pd

from nomoflow.ledger import as_text, cohort_digest, head_of, look, read_ledger
from nomoflow.locked_model import feature_columns
from nomoflow.mislabelled import stop_where_mislabelled
from nomoflow.model_file import features_needed, read_model
from nomoflow.run import log_to, read_json, read_rows, read_table, replacing, write_json

DIGITS = 9  # significant: the same images on another machine are the same cohort


def main(job):
    # What cannot be judged is no look.
    stop_where_mislabelled(job.input.mislabelled, job.params.on_mislabelled)
    model = read_model(job.input.model)
    rows = read_rows(job.input.participants)
    tables = {Path(path).stem: read_table(path) for path in job.input.get("features") or ()}
    cohort = cohort_digest(judged(model, rows, tables))
    place = Path(job.output.ledger)
    with alone(place):
        ledger = read_ledger(place, heads_of(model, place, job.params.heads))
        known = len(ledger["entries"])
        ledger, entry = look(ledger, job.params.centre, model["digest"], cohort)
        with replacing(place) as aside:
            aside.write_text(as_text(ledger), encoding="utf-8", newline="\n")
    write_json(head_of(entry), job.output.look)
    again = "" if len(ledger["entries"]) > known else ", the same as before"
    logging.info("look %d at external patients%s", entry["count"], again)


@contextmanager
def alone(place):
    """Nobody else writes the ledger meanwhile: two centres may look at once."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(place.with_name(".ledger.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def judged(model, rows, tables):
    """What a look is at: key, outcome, the model's predictors and features of each patient."""
    named = [model["outcome"]["column"], *(one["name"] for one in model["predictors"])]
    made = {
        row["patient"]: {name: row[name] for name in ("patient", *named) if name in row}
        for row in rows
    }
    if not tables:
        return list(made.values())
    features = feature_columns(tables)
    wanted = [
        column
        for phase, names in features_needed(model).items()
        for column in (f"{phase}_{name}" for name in names)
        if column in features
    ]
    for row in features[["patient", *wanted]].to_dict("records"):
        if row["patient"] in made:
            made[row["patient"]] |= {name: _shortened(row[name]) for name in wanted}
    return list(made.values())


def _shortened(value):
    return None if pd.isna(value) else float(f"{value:.{DIGITS}g}")


def heads_of(model, place, pattern):
    """Heads that earlier looks by this study's models left; those of other studies are not theirs.

    A look belongs here where its model lies beside the ledger, or is in it. ``pattern`` of files:
    were it their list, each look of another centre would be a new parameter of this rule.
    """
    known = {model["digest"]}
    known |= {read_json(path).get("digest") for path in place.parent.glob("model*.json")}
    if place.exists():
        known |= {entry["model"] for entry in read_ledger(place)["entries"]}
    heads = [read_json(path) for path in sorted(glob(pattern))]
    return [head for head in heads if head.get("model") in known]


if __name__ == "__main__":
    with log_to(snakemake):
        main(snakemake)
