"""One way to say what is wrong: where, what was found, what is allowed, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

COLUMNS = ("file", "row", "column", "found", "allowed", "remedy")


@dataclass(frozen=True)
class Problem:
    """Something in a study's input that must be mended before anything is computed."""

    file: str
    row: str
    column: str
    found: str
    allowed: str
    remedy: str

    def __str__(self) -> str:
        several = "s" if "," in self.row else ""
        row = f", row{several} {self.row}" if self.row else ""
        column = f", {self.column}" if self.column else ""
        return (
            f"{self.file}{row}{column}\n"
            f"    found    {self.found}\n"
            f"    allowed  {self.allowed}\n"
            f"    remedy   {self.remedy}"
        )


def printable(text: str) -> str:
    """Text whose control characters (colours of a terminal, lines, reversed writing) are spelt."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


class Problems(list):
    """The problems found so far."""

    def add(self, file, *, found, allowed, remedy, row="", column="") -> None:
        """Note one more. What stands in a file is shown so that it cannot act on a terminal."""
        shown = map(printable, (str(file), str(row), column, found, allowed, remedy))
        self.append(Problem(*shown))

    def stop_if_any(self) -> None:
        """Raise StudyError if there is any."""
        if self:
            raise StudyError(self)


class StudyError(Exception):
    """All problems of a study's input, in one message; what recurs in many rows is told once."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = list(problems)
        told = _together(self.problems)
        plural = "" if len(told) == 1 else "s"
        heading = f"{len(told)} problem{plural} in the study's input; nothing was run."
        super().__init__("\n\n".join([heading, *map(str, told)]))


def _together(problems: Iterable[Problem]) -> list[Problem]:
    """Problems that differ in their row alone as one, its rows listed."""
    rows: dict[Problem, list[str]] = {}
    for problem in problems:
        rows.setdefault(replace(problem, row=""), []).append(problem.row)
    return [
        replace(problem, row=found[0] if len(found) == 1 else _listed(found))
        for problem, found in rows.items()
    ]


def _listed(rows: list[str], most: int = 5) -> str:
    more = f" and {len(rows) - most} more" if len(rows) > most else ""
    return ", ".join(rows[:most]) + more
