"""Damage thousands of images and masks, read each as the workflow does, print what became of them.

    uv run python tests/fuzz/run_fuzz.py --inputs 2000 --seed 1

Each case runs in a process of its own with limits of memory and time. None may crash, hang, take
more memory, end in an error without a message, or be read as something else unnoticed.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

if __name__ == "__main__":
    ROOT = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]

from fuzz.mutations import KINDS, mutated
from fuzz.readings import examined
from fuzz.scans import TARGETS, build, damaged_file, paths
from fuzz.verdicts import BAD, CRASHED, HUNG, MEMORY, OUTCOMES, RAISED, judged, visible_damage

from nomoflow.image_problems import ImageProblem
from nomoflow.isolation import CaseFailed, CaseRaised, run_each, run_isolated

MEMORY_MB, SECONDS = 1000, 20
BATCH = 100  # files that lie on the disk at once


def run(inputs: int, seed: int, keep: Path | None = None):
    """(counts, bad): {(format, mutation): Counter of outcomes}, and what to look at.

    keep : a folder for the files that were not handled well.
    """
    counts: dict[tuple, Counter] = defaultdict(Counter)
    bad = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        run_isolated(build, str(root / "whole"), seconds=60)
        whole = {}
        for target in dict.fromkeys(TARGETS):
            scan = _scan(paths(root / "whole", target))
            whole[target] = run_isolated(examined, scan, seconds=SECONDS)
            assert not whole[target]["problems"], (target, whole[target]["problems"])
        for start in range(0, inputs, BATCH):
            cases = [
                Case(number, seed, root) for number in range(start, min(start + BATCH, inputs))
            ]
            scans = [(case.scan,) for case in cases]
            answers = run_each(examined, scans, memory_mb=MEMORY_MB, seconds=SECONDS)
            for case, answer in zip(cases, answers, strict=True):
                outcome, said = case.outcome(answer, whole[case.target])
                counts[case.target.format, case.kind][outcome] += 1
                if outcome in BAD:
                    bad.append(f"{case}: {outcome} {said}")
                    if keep:
                        keep.mkdir(parents=True, exist_ok=True)
                        shutil.copy(case.file, keep / f"{case.number}_{case.file.name}")
            shutil.rmtree(root / "damaged")
    return counts, bad


def _scan(parts: dict[str, Path]) -> dict:
    place = {"patient": "P1", "phase": "CT", "reading": "a1", "label": "1"}
    return place | {name: str(path) for name, path in parts.items()}


class Case:
    """A whole scan of which one file is damaged."""

    def __init__(self, number: int, seed: int, root: Path):
        rng = random.Random(f"{seed} {number}")
        # All pairs of target and mutation in turn, so that none is left to chance.
        self.number, self.target = number, TARGETS[number % len(TARGETS)]
        self.kind = KINDS[number // len(TARGETS) % len(KINDS)]
        parts = paths(root / "whole", self.target)
        source = parts[self.target.part]
        whole = damaged_file(source)
        self.content = mutated(self.target.format, whole.read_bytes(), self.kind, rng)
        place = root / "damaged" / str(number) / source.name
        place.parent.mkdir(parents=True)
        if source.is_dir():
            shutil.copytree(source, place)
        self.file = place / whole.name if source.is_dir() else place
        self.file.write_bytes(self.content)
        self.scan = _scan(parts | {self.target.part: place})

    def __str__(self) -> str:
        return f"case {self.number} ({self.target.format}, {self.target.part}, {self.kind})"

    def outcome(self, answer, whole: dict) -> tuple[str, str]:
        """One of OUTCOMES, and what else is known. answer : a result, or the error in its place."""
        if isinstance(answer, CaseRaised):
            return RAISED, str(answer)
        if isinstance(answer, CaseFailed):
            ways = {"took longer": HUNG, "more memory": MEMORY, "killed by": MEMORY}
            reason = str(answer)
            way = next((way for word, way in ways.items() if reason.startswith(word)), CRASHED)
            return way, reason
        if isinstance(answer, ImageProblem):  # told by the second reading alone
            return RAISED, str(answer)
        damage = visible_damage(self.target.format, self.content)
        return judged(answer, whole, damage), damage


def table(counts: dict) -> str:
    """The counts as aligned lines, a format's mutations together."""
    heads = ("format", "mutation", "tried", *OUTCOMES)
    order = {kind: n for n, kind in enumerate(KINDS)}
    names = list(dict.fromkeys(target.format for target in TARGETS))
    rows = [
        (name, kind, sum(found.values()), *(found[one] for one in OUTCOMES))
        for (name, kind), found in sorted(
            counts.items(), key=lambda item: (names.index(item[0][0]), order[item[0][1]])
        )
    ]
    total = sum(counts.values(), Counter())
    rows.append(("all", "", sum(total.values()), *(total[one] for one in OUTCOMES)))
    lines = [heads, *(tuple(map(str, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if n < 2 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def main() -> int:
    """0 if all cases were handled well."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--inputs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for files that were not handled well")
    chosen = parser.parse_args()
    start = time.monotonic()
    counts, bad = run(chosen.inputs, chosen.seed, chosen.keep)
    print(table(counts))
    print(
        f"\n{chosen.inputs} files in {time.monotonic() - start:.0f} s; not handled well: {len(bad)}"
    )
    print(*bad, sep="\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
