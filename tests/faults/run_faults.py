"""Faults done to real runs of the quick study: a table of how often, survived, and differences.

    python tests/faults/run_faults.py [--reference FOLDER] [--kills 20] [--only NAME]

The reference is a project folder in which config/ci.yaml has run to its end; or it is made.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from faults import injection  # noqa: E402
from faults.injection import Outcome  # noqa: E402
from workflow.running import run_whole  # noqa: E402

FAULTS = ("killed", "two_at_once", "lock_left", "disk_full", "read_only", "truncated")


def run(reference: Path, scratch: Path, only=FAULTS, **options) -> list[Outcome]:
    """All faults, or those named; one that the workflow did not survive is a row, too."""
    outcomes = []
    for name in only:
        start = time.monotonic()
        own = options if name == "killed" else {}
        try:
            found = getattr(injection, name)(scratch / name, reference, **own)
        except AssertionError as error:
            found = Outcome(name, 1, 0, (str(error),))
        outcomes += found if isinstance(found, list) else [found]
        print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return outcomes


def table(outcomes: list[Outcome]) -> str:
    """The outcomes as lines of text."""
    lines = [f"{'fault':<58} {'times':>5} {'survived':>8} {'differences':>11}"]
    for one in outcomes:
        lines.append(
            f"{one.fault:<58} {'skipped: ' + one.skipped}"
            if one.skipped
            else f"{one.fault:<58} {one.times:>5} {one.survived:>8} {len(one.different):>11}"
        )
        lines += [f"    {name}" for name in one.different[:10]]
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--reference", type=Path)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--only", nargs="+", choices=FAULTS, default=FAULTS)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        reference = chosen.reference or run_whole(Path(scratch, "reference"))
        outcomes = run(reference.resolve(), Path(scratch), chosen.only, kills=chosen.kills)
    print(table(outcomes))
    sys.exit(0 if all(one.good for one in outcomes) else 1)


if __name__ == "__main__":
    main()
