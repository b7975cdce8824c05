"""Write docs/parity.md: each statistic as R and as nomoflow compute it from the same data.

    uv run python tools/write_parity.py

Needs the public data sets and R's results on them, beside the project as ../shared/data and
../shared/reference, or where STUDY_DATA says the data are. The tests check every row and the page.
"""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]


def main(arguments: list[str] | None = None) -> int:
    """Write the page; returns the exit code: 2 without the data."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(os.environ.get("STUDY_DATA", ROOT.parent / "shared/data"))
    parser.add_argument("--data", type=Path, default=default, help="folder of the public data sets")
    parser.add_argument("--reference", type=Path, help="R's results (beside the data)")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/parity.md", help="file to write")
    chosen = parser.parse_args(arguments)
    reference = chosen.reference or chosen.data.parent / "reference"
    for folder in (chosen.data, reference):
        if not folder.is_dir():
            print(f"no folder {folder}: say where it is with --data, --reference", file=sys.stderr)
            return 2
    from reference.parity_data import references
    from reference.parity_page import text

    chosen.page.write_text(text(references(chosen.data, reference)), encoding="utf-8")
    print(f"wrote {chosen.page}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
