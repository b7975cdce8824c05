"""Draw the tables of a simulated cohort: participants.csv and scans.csv in one folder.

    uv run python tools/draw_demo_cohort.py --cohort demo --positive 41 --negative 19 \\
        --reread 12 --seed 1 config/demo
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from nomoflow.run import write_rows
from nomoflow.simulation import (
    LARGEST_MM,
    NEGATIVE,
    PARTICIPANT_COLUMNS,
    POSITIVE,
    SCAN_COLUMNS,
    draw_cohort,
)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line, with the demo's own numbers as defaults of the excluded patients."""
    parser = argparse.ArgumentParser(
        description="Draw a simulated cohort's participants.csv and scans.csv."
    )
    parser.add_argument("folder", type=Path, help="folder for the two tables")
    parser.add_argument("--cohort", required=True, help="name of the cohort, part of every path")
    parser.add_argument("--positive", type=int, required=True, help=f"included {POSITIVE}")
    parser.add_argument("--negative", type=int, required=True, help=f"included {NEGATIVE}")
    parser.add_argument("--reread", type=int, default=0, help="included patients read three times")
    parser.add_argument("--seed", type=int, required=True, help="the same seed, the same tables")
    parser.add_argument("--prefix", default="D", help="first letters of the ids (default D)")
    parser.add_argument(
        "--largest-mm", type=float, default=LARGEST_MM, help="largest included diameter (mm)"
    )
    parser.add_argument("--older", type=float, default=0.0, help="years more than published")
    reasons = parser.add_argument_group("patients that a criterion will exclude")
    reasons.add_argument("--too-large", type=int, default=3, help="larger than 40 mm (default 3)")
    reasons.add_argument("--artefact", type=int, default=2, help="marked artefact (default 2)")
    reasons.add_argument("--treated", type=int, default=1, help="treated before CT (default 1)")
    reasons.add_argument("--visible-fat", type=int, default=2, help="AML with fat (default 2)")
    reasons.add_argument("--incomplete", type=int, default=2, help="a phase missing (default 2)")
    parser.add_argument("--force", action="store_true", help="replace tables that are there")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Write the two tables; 2 with a message, and nothing written, where that cannot be."""
    options = parse(arguments)
    tables = [options.folder / name for name in ("participants.csv", "scans.csv")]
    present = [str(path) for path in tables if path.exists()]
    if present and not options.force:
        print(f"{' and '.join(present)} exists: give --force to replace it", file=sys.stderr)
        return 2
    try:
        participants, scans = draw_cohort(
            cohort=options.cohort,
            positive=options.positive,
            negative=options.negative,
            reread=options.reread,
            seed=options.seed,
            excluded={
                "too_large": options.too_large,
                "artefact": options.artefact,
                "treated": options.treated,
                "visible_fat": options.visible_fat,
                "incomplete": options.incomplete,
            },
            prefix=options.prefix,
            largest_mm=options.largest_mm,
            older=options.older,
        )
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    write_rows(participants, tables[0], PARTICIPANT_COLUMNS)
    write_rows(scans, tables[1], SCAN_COLUMNS)
    print(f"{len(participants)} patients, {len(scans)} scans: {tables[0]}, {tables[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
