"""What is said of a study that was recomputed: which files are equal, and where that was to be."""

from collections.abc import Mapping
from pathlib import Path

from nomoflow.files import read_json
from nomoflow.recompute import Plan

# What two machines of one kind have in common: on these the same bytes must come out.
PACKAGES = (
    "glmstar", "matplotlib", "numpy", "pandas", "pyarrow", "pyradiomics", "pywavelets", "scipy",
    "simpleitk", "statsmodels",
)  # fmt: skip
STATES = {
    "equal": "equal byte for byte",
    "within": "not the same bytes, every value within its tolerance",
    "bytes": "not the same bytes, and without values to compare",
    "beyond": "DIFFERENT",
    "missing": "NOT MADE",
}


MOST = 60  # lines on single files; the verdict's JSON has all


def verdict(files: list[dict], made: Plan, other_kind: list[str] | None, asked: int | str) -> dict:
    """The section "Recomputed" of the verdict: ``state``, ``lines`` and the ``files`` not equal.

    other_kind : in what this machine differs from the study's; [] where in nothing, None where no
        record tells
    """
    counts = {state: sum(one["state"] == state for one in files) for state in STATES}
    tolerated = bool(other_kind)
    bad = counts["beyond"] + counts["missing"]
    bad += 0 if tolerated else counts["within"] + counts["bytes"]
    state = "different" if bad else "reproduced"
    names = ", ".join(made.chosen) if len(made.chosen) < made.of else "all"
    machine = "of the kind that made them: the same bytes are asked for"
    if tolerated:
        machine = f"of another kind ({', '.join(other_kind)}): values must lie in their tolerances"
    elif other_kind is None:
        machine = "not known to be of another kind (no record): the same bytes are asked for"
    lines = [
        f"Recomputed: {state.upper()}.",
        f"Patients asked for: {asked}; drawn by the manifest's digest: {names}. With their batches "
        f"{len(made.recomputed)} of {made.of} were recomputed, and all that follows: {made.jobs} "
        "jobs.",
        f"This machine is {machine}.",
        f"{len(files)} files compared: "
        + ", ".join(f"{many} {STATES[state]}" for state, many in counts.items() if many),
    ]
    told = [one for one in files if one["state"] in ("beyond", "missing", "within")]
    lines += [_line(one) for one in sorted(told, key=lambda one: one["state"])[:MOST]]
    others = [one for one in files if one["state"] != "equal"]
    return {"state": state, "counts": counts, "patients": made.recomputed, "lines": lines,
            "files": others}  # fmt: skip


def _line(one: Mapping) -> str:
    """How far a recomputed file is from the one of the study."""
    if one["state"] == "missing":
        return f"{STATES['missing']}: {one['path']}"
    return (
        f"{STATES[one['state']]}: {one['path']}: {one['values']} values, largest difference "
        f"{one['relative']:.1e} relative, {one['absolute']:.1e} absolute ({one['place']}); "
        f"allowed {one['limits']}"
    )


def kind_of_machine(record: Mapping) -> dict:
    """What run.json tells of the machine that decides whether the same bytes come out."""
    there = record["machine"]
    environments = [
        {
            "python": one["python"]["version"],
            **{name: one[name] for name in ("itk", "blas")},
            "packages": {name: one["packages"].get(name) for name in PACKAGES},
        }
        for one in record["environments"]
        if "python" in one
    ]
    system = {name: there[name] for name in ("system", "architecture", "libc")}
    return {**system, "environments": sorted(environments, key=repr)}


def differing_facts(one: Mapping, other: Mapping) -> list[str]:
    """In what two kinds of machine differ."""
    return [name for name in one if one[name] != other.get(name)]


def machine_facts(folder: Path, study: str) -> dict | None:
    """The kind of machine that made the results in a folder; None where no record tells."""
    path = folder / f"results/{study}/provenance/run.json"
    try:
        return kind_of_machine(read_json(path))
    except (OSError, ValueError, KeyError, TypeError):
        return None
