"""What is wrong with a scan, told so that it can be mended."""

from dataclasses import asdict, dataclass

PROBLEM_COLUMNS = (
    "patient", "phase", "reading", "kind", "severity", "file", "problem", "found", "allowed",
    "remedy",
)  # fmt: skip
PROBLEM, WARNING = "problem", "warning"


@dataclass
class ImageProblem(ValueError):
    """What is wrong with a scan, and what to do about it.

    kind : one of ``problem_kinds.KINDS``. severity : ``problem`` or ``warning``
    """

    kind: str
    problem: str
    found: str = ""
    allowed: str = ""
    remedy: str = ""
    file: str = ""
    patient: str = ""
    phase: str = ""
    reading: str = ""
    severity: str = PROBLEM

    def __str__(self) -> str:
        place = " ".join(filter(None, (self.patient, self.phase, self.reading)))
        said = [f"{place}: {self.problem}" if place else self.problem]
        parts = ("file", "found", "allowed", "remedy")
        said += [f"{name}: {getattr(self, name)}" for name in parts if getattr(self, name)]
        return "; ".join(said)

    def row(self) -> dict[str, str]:
        """The problem as a row with the columns ``PROBLEM_COLUMNS``."""
        row = asdict(self)
        return {column: row[column] for column in PROBLEM_COLUMNS}


def times(size) -> str:
    """A size as "512 x 512 x 100"."""
    return " x ".join(map(str, size))


def listed(items, most: int = 8) -> str:
    """The first items, and how many more there are."""
    items = list(map(str, items))
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if items[most:] else "")
