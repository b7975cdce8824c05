"""The config of a new study as text: what was found and guessed, with comments for its reader."""

import math
from pathlib import Path

import yaml

from nomoflow.column_guesses import SEX, Guess
from nomoflow.file_listing import usual_spacing
from nomoflow.scan_pairing import Pairing

# Intensities of these are no HU: what config/examples/sts12.yaml sets for them.
INTENSITIES = {
    "PET": ({"binWidth": 0.5}, "SUV"),
    "MR": ({"normalize": True, "normalizeScale": 100, "binWidth": 5}, "no unit: normalised"),
}
OF_MR = frozenset(("mr", "mri", "t1", "t1w", "t2", "t2w", "flair", "dwi", "adc", "dce", "t1ce"))
SPACINGS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
FEWEST_BUCKETS, PATIENTS_A_BUCKET = 12, 50


def config_text(
    name: str, folder: str, rows: list[dict], phases: list[str], columns: Guess, edge: float | None
) -> str:
    """The study's config with its comments.

    folder : of the images, as the user named it; rows : of the participants; edge : of the cubes
    that images are resampled to in mm, None for the default
    """
    outcome, others = columns.outcome, columns.others
    exclude = []
    if outcome:
        column = outcome["column"]
        if any(not row[column] for row in rows):
            exclude.append({"column": column, "op": "missing", "reason": "no outcome"})
        if others:
            exclude.append(
                {"column": column, "op": "in", "value": others, "reason": f"another {column}"}
            )
    per_phase = {phase: kind for phase in phases if (kind := _intensities(phase))}
    subgroups = [{"column": p["name"]} for p in columns.predictors if SEX.search(p["name"])]
    lines = [
        f"# Study {name}, as `init` proposed it: config/{name}/guesses.txt says what is a guess.",
        "# Every key and its default: config/README.md. A list is written whole.",
        f"study: {name}",
        "cohort:",
        f"  participants: config/{name}/participants.csv",
        f"  outcome: {_flow(outcome)}  # CONFIRM: P(positive) is modelled",
        "  predictors:" + ("" if columns.predictors else " []"),
        *(f"    - {_flow(one)}" for one in columns.predictors),
        "  include: []  # criteria that a patient must meet",
        "  exclude:" + ("" if exclude else " []  # criteria that a patient must not meet"),
        *(f"    - {_flow(one)}" for one in exclude),
        "images:",
        f"  scans: config/{name}/scans.csv",
        f"  roots: {_flow([folder])}",
        f"  phases: {_flow(phases)}",
    ]
    if edge:
        lines.append(f"  spacing_mm: {edge:g}  # near the scans' own voxels")
    if per_phase:
        lines += ["features:", "  per_phase:"]
        lines += [f"    {p}: {_flow(values)}  # {why}" for p, (values, why) in per_phase.items()]
    if columns.gaps:
        lines += ["models:", "  missing: impute  # or refuse, once the gaps are filled"]
    lines.append(f"evaluation: {{subgroups: {_flow(subgroups)}}}")
    buckets = buckets_for(len(rows))
    if buckets > FEWEST_BUCKETS:
        lines.append(f"execution: {{buckets: {buckets}}}  # batches of some 50 patients, for good")
    return "\n".join(lines) + "\n"


def buckets_for(patients: int) -> int:
    """Batches of a study of so many patients: few enough to plan, and each is minutes of work."""
    return max(FEWEST_BUCKETS, math.ceil(patients / PATIENTS_A_BUCKET))


def _flow(value) -> str:
    return yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000
    ).removesuffix("\n").removesuffix("\n...")  # fmt: skip


def _intensities(phase: str):
    words = set(phase.lower().split("_"))
    if words & {"pet", "pt", "suv"}:
        return INTENSITIES["PET"]
    return INTENSITIES["MR"] if words & OF_MR else None


def told_of_intensities(phases: list[str]) -> list[str]:
    """What is guessed of phases whose intensities are no HU."""
    return [
        f"phase {phase}: settings of its own for its intensities, {_flow(kind[0])} ({kind[1]})"
        for phase in phases
        if (kind := _intensities(phase))
    ]


def usual_edge(pairing: Pairing, folder: Path) -> tuple[float | None, list[str]]:
    """The edge (mm) of the cubes to resample to, and why.

    Of those in use the one nearest to the finest phase's voxels, by volume.
    """
    usual = {}
    for phase in pairing.phases:
        images = sorted({row["image"] for row in pairing.scans if row["phase"] == phase})
        found = usual_spacing([folder / image for image in images])
        if found:
            usual[phase] = found
    if not usual:
        return None, []
    finest = min((x * y * z) ** (1 / 3) for x, y, z in usual.values())
    chosen = min(SPACINGS, key=lambda edge: abs(edge - finest))
    told = "; ".join(f"{p} {x:.3g} x {y:.3g} x {z:.3g}" for p, (x, y, z) in usual.items())
    return chosen, [f"resampled to {chosen:g} mm, since the voxels are (mm): {told}"]
