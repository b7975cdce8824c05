"""The image and mask files of a folder, told apart by a pattern that the user gives."""

import re
from pathlib import Path

FIELDS = ("patient", "phase", "reading")
SCAN_COLUMNS = ("patient", "phase", "reading", "image", "mask")


def find_files(folder: Path, pattern: str) -> dict[tuple[str, str, str], str]:
    """{(patient, phase, reading): path relative to ``folder``} of the files that fit a pattern.

    pattern : a path with {patient} and {phase}, and {reading} where there are several (otherwise
        a1). A field holds no slash; where two share a name, the first takes as little as it can.
    """
    for field in ("{patient}", "{phase}"):
        if pattern.count(field) != 1:
            raise ValueError(f"pattern {pattern!r}: allowed is {field} once; add it")
    expression = re.escape(pattern)
    for field in FIELDS:
        expression = expression.replace(rf"\{{{field}\}}", f"(?P<{field}>[^/]+?)")
    found: dict[tuple[str, str, str], str] = {}
    for file in sorted(folder.glob(re.sub(r"\{\w+\}", "*", pattern))):
        path = file.relative_to(folder).as_posix()
        match = re.fullmatch(expression, path)
        if match:
            parts = {"reading": "a1", **match.groupdict()}
            found[tuple(parts[field] for field in FIELDS)] = path
    return found
