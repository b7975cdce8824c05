"""What a checklist's item rests on: a file that exists, and the value that was read from it.

A finding is a function of the run's results, never of words in a text: `pass` and `fail` follow
from numbers and settings in tables and documents, and can become the other when those change.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nomoflow.files import read_json, read_rows

PASS, FAIL, NOT_EVIDENCED = "pass", "fail", "not evidenced"
FOR_AUTHORS, NOT_APPLICABLE = "for the authors", "not applicable"
STATUSES = (PASS, FAIL, NOT_EVIDENCED, FOR_AUTHORS, NOT_APPLICABLE)
FILLED = (PASS, FAIL)  # something was read that decides
HONEST = "cross_validated"
NOMOGRAM, RADIOMICS, CLINICAL, VOLUME = "nomogram", "radiomics", "image_features", "volume"
Row = dict[str, str]
# What the evidence reads; a study does not have all of them.
INPUTS = (
    "criteria", "exclusions", "flow", "missing", "table1", "agreement", "preflight", "quality",
    "acquisition", "dice", "icc", "settings", "engine", "features", "folds", "statuses", "selected",
    "frequencies", "model", "coefficients", "predictions", "performance", "calibration", "delong",
    "differences", "likelihood_ratio", "dca", "subgroups", "volume_correlation", "warnings",
    "calculator", "figures", "site", "summaries",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """A status, the value that it follows from, the files it was read from, and a remark."""

    status: str
    value: str = ""
    files: tuple[str, ...] = ()
    note: str = ""


class Results:
    """A study's results by name, read when they are asked for and once.

    paths : {name: files} as the rule has them; what the study does not have is left out or empty
    config : the effective config; statements : the authors' texts by name
    signatures : their names, phases first, in the order of the lists ``statuses`` and the like
    """

    def __init__(
        self,
        paths: Mapping[str, Sequence[str]],
        config: Mapping,
        statements: Mapping[str, str],
        signatures: Sequence[str],
    ):
        self.paths = {name: tuple(map(str, files)) for name, files in paths.items() if files}
        self.config, self.statements, self.signatures = config, statements, list(signatures)
        self._rows = functools.cache(read_rows)
        self._document = functools.cache(read_json)

    def has(self, name: str) -> bool:
        return name in self.paths

    def files(self, *names: str) -> tuple[str, ...]:
        """The files of these names; a name of the form figures/roc is one file of a list."""
        found = []
        for name in names:
            group, _, stem = name.partition("/")
            files = self.paths[group]
            found += [path for path in files if Path(path).stem == stem] if stem else files
        return tuple(found)

    def rows(self, name: str) -> list[Row]:
        """A table as text, row by row."""
        return self.table(self.paths[name][0])

    def table(self, path: str) -> list[Row]:
        """A table of a list of them, by its path."""
        return self._rows(path)

    def document(self, name: str) -> dict:
        return self._document(self.paths[name][0])

    def documents(self, name: str) -> list[dict]:
        return [self._document(path) for path in self.paths[name]]

    def of_signatures(self, name: str) -> dict[str, dict]:
        """A document of each signature."""
        return dict(zip(self.signatures, self.documents(name), strict=True))


Judge = Callable[[Results], Finding]


def evidence(*needed: str) -> Callable[[Judge], Judge]:
    """Mark a function as evidence that a checklist may name; ``needed`` are the results it reads.

    A study that does not have one of them gives "not evidenced", with its name.
    """

    def mark(function: Judge) -> Judge:
        @functools.wraps(function)
        def judge(results: Results) -> Finding:
            absent = [name for name in needed if not results.has(name)]
            if absent:
                return Finding(NOT_EVIDENCED, note=f"this study has no {', '.join(absent)}")
            return function(results)

        judge.needed = needed
        return judge

    return mark


def judged(good: bool, value: str, files: tuple[str, ...], note: str = "") -> Finding:
    """Pass or fail, by what was read."""
    return Finding(PASS if good else FAIL, value, files, note)


def count(number: int, noun: str) -> str:
    """ "1 patient", "2 patients"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def spread(values: Sequence[float]) -> str:
    """ "0.62 to 0.88", or "0.75" where all are equal; "none" where there are none."""
    if not values:
        return "none"
    low, high = (f"{end:.3g}" if abs(end) < 1000 else f"{end:.0f}" for end in
                 (min(values), max(values)))  # fmt: skip
    return low if low == high else f"{low} to {high}"


def listed(names: Sequence[str], most: int = 6) -> str:
    """The first of the names, and how many there are more."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more


def several(given, name: str) -> list[str]:
    """The files of a job's input; none where the study does not have it."""
    paths = getattr(given, name, None) or []
    return [paths] if isinstance(paths, str) else list(paths)
