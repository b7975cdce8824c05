"""Recompute some patients of a finished study, or all, and compare; then the verdict of verify.py.

    python tools/recompute.py 5 results/<study>/provenance/manifest.json [--cores N] [--keep]
                              [--json FILE] [--html FILE] [--outside FOLDER ...]

First every file is verified. Then the patients (a number, or "all") and everything that follows
from them are recomputed by Snakemake in .cache/, from the files that the manifest lists, and each
file is compared: equal bytes on a machine of the same kind, config/tolerances.yaml elsewhere.
Exit code: that of verify.py, or 1 where a recomputed file differs, 2 where nothing was recomputed.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scripts"), str(HERE)]

import verify  # noqa: E402

from nomoflow import recompute as again  # noqa: E402
from nomoflow import recompute_verdict as recomputed  # noqa: E402
from nomoflow.files import TOLD_BY_RUN, read_json  # noqa: E402
from nomoflow.tolerances import read_tolerances  # noqa: E402

DEFAULTS = "config/config.yaml"  # the Snakefile itself reads it
TOLERANCES = HERE.parent / "config/tolerances.yaml"
# What a run must not pass on to the one that it starts.
OF_THIS_RUN = {TOLD_BY_RUN, "SNAKEMAKE_PROFILE"}


def say(line: str) -> None:
    """Tell how far it is, beside the verdict."""
    print(line, file=sys.stderr, flush=True)


def run_snakemake(scratch: Path, words: list[str]) -> None:
    """Have targets made in a folder. Raises NotRecomputed where that fails."""
    command = [sys.executable, "-m", "snakemake", *words]
    own = {name: value for name, value in os.environ.items() if name not in OF_THIS_RUN}
    with subprocess.Popen(
        command, cwd=scratch, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8", errors="replace",
    ) as run:  # fmt: skip
        last = again.follow(run.stdout, say)
    if run.returncode:
        said = "\n".join(last).replace(f"{scratch}/", "")
        raise again.NotRecomputed(f"snakemake failed, and said at its end:\n{said}")


def recompute(root: Path, seen: dict, asked: int | str, words: list[str], folder: Path) -> dict:
    """The section "Recomputed" of the verdict ``seen``; ``folder`` is an empty one to work in."""
    study = seen["study"]
    manifest = read_json(root / f"results/{study}/provenance/manifest.json")
    plan = again.plan(manifest, again.patients_of(root, study), asked)
    if hindered := again.hindrance(plan, seen["findings"], f"results/{study}/"):
        raise again.NotRecomputed(hindered)
    scratch = again.lay_out(manifest, plan, root, folder)
    own = [path for path in manifest["configfiles"] if path != DEFAULTS]
    words = [*words, "--configfile", *own] if own else words
    say(f"Recomputing {len(plan.recomputed)} of {plan.of} patients of {study}")
    run_snakemake(scratch, [*plan.targets, *words])
    rest = sorted(path for path in plan.before if not (scratch / path).is_dir())
    if rest:  # what the batches that were taken over rest on: made now, or they would be made too
        run_snakemake(scratch, [*rest, "--force", *words])
    again.check_settings(manifest, read_json(scratch / f"results/{study}/provenance/manifest.json"))
    files = again.compare(manifest, plan, root, scratch, read_tolerances(TOLERANCES))
    there, here = recomputed.machine_facts(root, study), recomputed.machine_facts(scratch, study)
    known = there is not None and here is not None
    other = recomputed.differing_facts(there, here) if known else None
    return recomputed.verdict(files, plan, other, asked)


def trusted(seen: dict) -> str:
    """Why nothing can be recomputed from these files; "" where it can."""
    if seen["state"] in ("unreadable", "as released"):
        return f"the study is {seen['state']}: its own folder is needed, with the data"
    if away := sum(count.get("not here", 0) for count in seen["counts"].values()):
        return f"{away} of the study's inputs are not here"
    return ""


def options():
    """What the command line takes."""
    parser = verify.options(__doc__)
    parser.add_argument("--cores", default="all", help="as Snakemake takes it")
    parser.add_argument("--snakemake", default="", metavar="WORDS", help="more words for Snakemake")
    parser.add_argument("--keep", action="store_true", help="keep the folder in .cache/")
    return parser


def main(words: list[str] | None = None) -> int:
    """The program; returns its exit code."""
    words = sys.argv[1:] if words is None else words
    parser = options()
    if not words or not (words[0] == "all" or (words[0].isdecimal() and int(words[0]))):
        parser.error("first: how many patients to recompute, a number from 1 or all")
    asked = words[0] if words[0] == "all" else int(words[0])
    told = parser.parse_args(words[1:])
    root, place = verify.find_manifest(told.manifest, told.root)
    seen = verify.check(root, place, told.expect, told.outside)
    more = ["--cores", told.cores, *shlex.split(told.snakemake)]
    cache = root / ".cache"
    cache.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="recompute-", dir=cache))
    code = verify.CODES[seen["state"]]
    try:
        if hindered := trusted(seen):
            raise again.NotRecomputed(hindered)
        made = recompute(root, seen, asked, more, folder)
        code = max(code, 1) if made["state"] == "different" else code
    except again.NotRecomputed as error:
        lines = ["Recomputed: NOT DONE.", *str(error).splitlines()]
        made = {"state": "not done", "lines": lines, "files": []}
        code = code or 2
    finally:
        if not told.keep:
            shutil.rmtree(folder)
    seen["recomputed"] = made
    verify.write(seen, told.json, told.html)
    print(verify.in_words(seen))
    return code


if __name__ == "__main__":
    sys.exit(main())
