"""Every table of a study, and every column of it, stands in docs/results.md."""

import re

from workflow import running

OWN_COLUMNS = {"cohort/participants.csv"}
# Parts that are gathered into one table of the same columns.
PARTS = (
    "cohort/preflight/",
    "cohort/predicted/",
    "cohort/files/",
    "images/",
    "features/batches/",
    "features/failures/",
)
PARTS += ("evaluation/repeats/", "provenance/images/", "provenance/ro-crate/")


def test_every_column_is_documented(finished):
    page = (running.ROOT / "docs/results.md").read_text(encoding="utf-8")
    words = set(re.findall(r"`([^`]+)`", page))
    files = set().union(*(word.split("/")[-1:] for word in words))
    results = finished / running.RESULTS
    for path in sorted(results.rglob("*.csv")):
        name = path.relative_to(results).as_posix()
        if name.startswith(PARTS) and name not in ("images/quality.csv", "images/failures.csv"):
            continue
        assert path.name in files, name
        if name not in OWN_COLUMNS:
            columns = path.read_text(encoding="utf-8").partition("\n")[0].split(",")
            assert set(columns) <= words, (name, set(columns) - words)
