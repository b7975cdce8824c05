"""Rows of cohort/predicted.csv of a made-up cohort, its phases as contrast makes them."""

import numpy as np

from nomoflow.prediction import PREDICTED_COLUMNS

PHASES = ("early", "late", "middle")
# Mean inside, SD inside, mean, SD and 90th percentile around: of a phase in the average patient.
USUAL = {
    "early": (120.0, 28.0, 10.0, 118.0, 185.0),
    "middle": (100.0, 22.0, 15.0, 120.0, 165.0),
    "late": (80.0, 18.0, 2.0, 104.0, 127.0),
}
OF_PATIENT = (20.0, 9.0, 20.0, 8.0, 12.0)  # SD of what a patient's phases share
OF_PHASE = (7.0, 2.5, 3.0, 2.5, 6.0)


def cohort(n=16, seed=0, usual=USUAL) -> list[dict]:
    """Rows of n patients, each with the phases that ``usual`` has."""
    random = np.random.default_rng(seed)
    rows = []
    for k in range(n):
        shared = random.normal(0, OF_PATIENT)
        centre, radius = random.normal(0, 40, 3), random.uniform(6, 20)
        for phase in sorted(usual):
            own = np.add(usual[phase], shared) + random.normal(0, OF_PHASE)
            place = centre + random.normal(0, 1.2, 3)
            row = dict.fromkeys(PREDICTED_COLUMNS, "")
            row |= {"patient": f"P{k:02d}", "phase": phase, "reading": "a1"}
            row |= dict(zip(("centre_x_mm", "centre_y_mm", "centre_z_mm"), place, strict=True))
            row |= {
                "volume_mm3": 4.19 * radius**3 * random.uniform(0.95, 1.05),
                "field_low_mm": " ".join(f"{x:.6g}" for x in centre - 90),
                "field_high_mm": " ".join(f"{x:.6g}" for x in centre + 90),
                "digest": f"{k:08d}{phase}",
            }
            names = ("inside_mean", "inside_sd", "around_mean", "around_sd", "around_p90")
            row |= dict(zip(names, own, strict=True))
            rows.append(row)
    return rows


def exchanged(rows: list[dict], *pairs) -> list[dict]:
    """The rows where each pair of (patient, phase) has the other's images."""
    made = {(row["patient"], row["phase"]): dict(row) for row in rows}
    for a, b in pairs:
        key = ("patient", "phase")
        made[a], made[b] = (
            made[b] | dict(zip(key, a, strict=True)),
            made[a] | dict(zip(key, b, strict=True)),
        )
    return list(made.values())


def moved(rows: list[dict], by, of=lambda row: True) -> list[dict]:
    """The rows with some scans' coordinates moved by a vector, in mm."""
    made = []
    for row in rows:
        row = dict(row)
        if of(row):
            for axis, step in zip("xyz", by, strict=True):
                row[f"centre_{axis}_mm"] = float(row[f"centre_{axis}_mm"]) + step
            for end in ("field_low_mm", "field_high_mm"):
                ends = [float(x) for x in row[end].split()]
                row[end] = " ".join(f"{x + d!r}" for x, d in zip(ends, by, strict=True))
        made.append(row)
    return made
