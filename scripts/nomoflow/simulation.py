"""Draw a simulated cohort: the tables of a study, by class, as the published Table 1 has them.

Source of the proportions: Miao et al., Advances in Clinical Medicine 13(2), 2023, 2206-2214,
doi 10.12677/acm.2023.132310. The images of the same patients are made by ``phantom``.
"""

import numpy as np

from nomoflow.scans import READINGS

POSITIVE, NEGATIVE = "ccRCC", "AML.wovf"
PHASES = ("corticomedullary", "nephrographic", "excretory")
SIGNS = ("hyperdense", "pseudocapsule", "angular_interface", "overflowing_beer")

# Patients with a sign, by class: (of 102 ccRCC, of 47 AML.wovf).
SIGN_COUNTS = {
    "hyperdense": (37, 45),
    "pseudocapsule": (55, 6),
    "angular_interface": (47, 35),
    "overflowing_beer": (20, 26),
}
MALE_COUNTS = (72, 21)
CLASS_COUNTS = (102, 47)
AGE_MEAN_SD = ((56.16, 12.45), (49.64, 9.89))
AGE_RANGE = (28, 85)
OLDEST_SHIFT = 15.0  # years; beyond it ages of that SD do not fit into the range
SYMPTOM_COUNTS = {"flank pain": 6, "haematuria": 2, "none": 141}
# The paper names no agreement; two trained readers of such signs usually reach 0.7 to 0.85.
SIGN_KAPPA = {
    "hyperdense": 0.85,
    "pseudocapsule": 0.75,
    "angular_interface": 0.70,
    "overflowing_beer": 0.78,
}

SMALLEST_MM, LARGEST_MM, TOO_LARGE_MM = 12.0, 40.0, 60.0
DIAMETER_MEAN, DIAMETER_SD = 0.43, 0.24  # as a share of the range: mean 24 mm in 12 to 40 mm

EXCLUSIONS = ("too_large", "artefact", "treated", "visible_fat", "incomplete")

PARTICIPANT_COLUMNS = (
    "patient", "diagnosis", "age", "sex", "diameter_mm", "symptoms",
    "artefact", "prior_treatment", "visible_fat",
    *(f"{sign}{reader}" for sign in SIGNS for reader in ("", "_a", "_b")),
)  # fmt: skip
SCAN_COLUMNS = ("patient", "phase", "reading", "image", "mask", "label")


def draw_cohort(
    cohort: str,
    positive: int,
    negative: int,
    reread: int,
    seed: int,
    excluded: dict[str, int] | None = None,
    prefix: str = "D",
    largest_mm: float = LARGEST_MM,
    older: float = 0.0,
) -> tuple[list[dict], list[dict]]:
    """Rows of the participants table and of the scans table of a simulated cohort.

    ``positive`` and ``negative`` count the patients that every criterion admits, ``excluded``
    the further ones by the reason (``EXCLUSIONS``) for which a criterion will drop them.
    ``reread`` of the admitted, from both classes in proportion, are read three times. Mean ages
    are those of the published table and ``older`` years more.
    The same arguments give the same rows. Raises ValueError where the numbers cannot be met.
    """
    excluded = dict.fromkeys(EXCLUSIONS, 0) | (excluded or {})
    _check(cohort, positive, negative, reread, excluded, largest_mm, older)
    rng = np.random.default_rng(seed)

    wanted = [(POSITIVE, "")] * positive + [(NEGATIVE, "")] * negative
    for reason in EXCLUSIONS:
        for number in range(excluded[reason]):
            # Visible fat is a finding of angiomyolipoma; the other reasons meet both classes.
            benign = reason == "visible_fat" or number % 3 == 2
            wanted.append((NEGATIVE if benign else POSITIVE, reason))
    wanted = [wanted[i] for i in rng.permutation(len(wanted))]

    findings = _draw_findings(rng, wanted)
    width = max(3, len(str(len(wanted))))
    participants = []
    for number, (diagnosis, reason) in enumerate(wanted):
        row = {"patient": f"{prefix}{number + 1:0{width}d}"}
        row |= _draw_patient(rng, diagnosis, reason, findings[number], largest_mm, older)
        participants.append(row)

    admitted = [(row, why) for row, (_, why) in zip(participants, wanted, strict=True) if not why]
    again = _choose_reread(rng, [row for row, _ in admitted], reread)
    missing = {
        row["patient"]: PHASES[rng.integers(len(PHASES))]
        for row, (_, why) in zip(participants, wanted, strict=True)
        if why == "incomplete"
    }
    return participants, _scan_rows(cohort, participants, again, missing)


def scan_paths(cohort: str, patient: str, phase: str, reading: str) -> tuple[str, str]:
    """Where a simulated image and its mask lie, below the study's data folder."""
    folder = f"simulated/{cohort}/{patient}"
    return f"{folder}/{phase}.nii.gz", f"{folder}/{phase}_{reading}.nii.gz"


def _check(cohort, positive, negative, reread, excluded, largest_mm, older):
    if not cohort or "/" in cohort:
        raise ValueError(f"cohort is {cohort!r}: give a name without a slash")
    unknown = sorted(set(excluded) - set(EXCLUSIONS))
    if unknown:
        raise ValueError(f"unknown reason to exclude {unknown}: allowed are {list(EXCLUSIONS)}")
    counts = {"positive": positive, "negative": negative, "reread": reread, **excluded}
    for name, count in counts.items():
        if count < 0:
            raise ValueError(f"{name} is {count}: give 0 or more patients")
    if positive + negative < 1:
        raise ValueError("positive and negative are both 0: give at least one patient")
    if reread > positive + negative:
        raise ValueError(f"reread is {reread}, of {positive + negative} patients: give fewer")
    if not SMALLEST_MM < largest_mm <= LARGEST_MM:
        raise ValueError(
            f"largest_mm is {largest_mm}: give a diameter above {SMALLEST_MM:g} mm, "
            f"at most {LARGEST_MM:g} mm"
        )
    if not -OLDEST_SHIFT <= older <= OLDEST_SHIFT:
        raise ValueError(f"older is {older}: give -{OLDEST_SHIFT:g} to {OLDEST_SHIFT:g} years")


def _draw_findings(rng, wanted):
    """Male sex and the consensus on each sign, one dictionary of booleans a patient.

    Among the admitted of a class the count is the published share rounded, but never none and
    never all: by chance alone a small cohort would have a sign that separates the classes.
    """
    findings = [{} for _ in wanted]
    shares = {"male": MALE_COUNTS} | SIGN_COUNTS
    for k, name in enumerate((POSITIVE, NEGATIVE)):
        members = [i for i, (diagnosis, _) in enumerate(wanted) if diagnosis == name]
        admitted = [i for i in members if not wanted[i][1]]
        for finding, counts in shares.items():
            share = counts[k] / CLASS_COUNTS[k]
            for i in members:
                findings[i][finding] = bool(rng.random() < share)
            number = min(max(round(share * len(admitted)), 1), max(len(admitted) - 1, 1))
            present = set(rng.permutation(admitted)[:number].tolist())
            for i in admitted:
                findings[i][finding] = i in present
    return findings


def _draw_patient(rng, diagnosis, reason, findings, largest_mm, older):
    """One patient's columns after the id."""
    k = 0 if diagnosis == POSITIVE else 1
    low, high = (41.0, TOO_LARGE_MM) if reason == "too_large" else (SMALLEST_MM, largest_mm)
    mean, sd = AGE_MEAN_SD[k][0] + older, AGE_MEAN_SD[k][1]
    # Half a year on either side, so that rounding reaches both ends of the range fairly.
    youngest, oldest = AGE_RANGE[0] - 0.5, AGE_RANGE[1] + 0.5
    span = oldest - youngest
    age = youngest + span * _beta(rng, (mean - youngest) / span, sd / span)
    symptoms = list(SYMPTOM_COUNTS)
    shares = np.array(list(SYMPTOM_COUNTS.values())) / sum(SYMPTOM_COUNTS.values())
    row = {
        "diagnosis": diagnosis,
        "age": int(np.clip(np.rint(age), *AGE_RANGE)),
        "sex": "male" if findings["male"] else "female",
        "diameter_mm": f"{low + (high - low) * _beta(rng, DIAMETER_MEAN, DIAMETER_SD):.1f}",
        "symptoms": symptoms[rng.choice(len(symptoms), p=shares)],
        "artefact": _yes(reason == "artefact"),
        "prior_treatment": _yes(reason == "treated"),
        "visible_fat": _yes(reason == "visible_fat"),
    }
    for sign in SIGNS:
        row |= _draw_readers(rng, sign, findings[sign])
    return row


def _draw_readers(rng, sign, consensus):
    """Consensus and both readers' calls; where the readers differ, consensus is one of the two.

    Calls differ at the rate that gives the wished kappa: kappa = 1 - d / (2 p (1 - p)) for two
    readers with the same marginal proportion p (Cohen 1960).
    """
    counts = SIGN_COUNTS[sign]
    overall = sum(counts) / sum(CLASS_COUNTS)
    differ = (1 - SIGN_KAPPA[sign]) * 2 * overall * (1 - overall)
    a = b = consensus
    if rng.random() < differ:
        if rng.random() < 0.5:
            a = not a
        else:
            b = not b
    return {sign: _yes(consensus), f"{sign}_a": _yes(a), f"{sign}_b": _yes(b)}


def _choose_reread(rng, admitted, reread):
    """Ids of the patients read again: classes in proportion, both of them from two up."""
    by_class = {
        name: [row["patient"] for row in admitted if row["diagnosis"] == name]
        for name in (POSITIVE, NEGATIVE)
    }
    n_positive, n_negative = map(len, by_class.values())
    first = round(reread * n_positive / (n_positive + n_negative))
    if reread >= 2 and n_positive and n_negative:
        first = min(max(first, 1), reread - 1)
    first = min(max(first, reread - n_negative), n_positive)
    shares = {POSITIVE: first, NEGATIVE: reread - first}
    return {
        patient
        for name, ids in by_class.items()
        for patient in rng.choice(ids, size=shares[name], replace=False).tolist()
    }


def _scan_rows(cohort, participants, again, missing):
    rows = []
    for patient in (row["patient"] for row in participants):
        for phase in PHASES:
            if missing.get(patient) == phase:
                continue
            for reading in READINGS if patient in again else READINGS[:1]:
                image, mask = scan_paths(cohort, patient, phase, reading)
                rows.append(
                    {
                        "patient": patient,
                        "phase": phase,
                        "reading": reading,
                        "image": image,
                        "mask": mask,
                        "label": 1,
                    }
                )
    return rows


def _beta(rng, mean, sd):
    """A draw on [0, 1] of exactly this mean and SD: bounded, unlike a cut normal distribution."""
    size = mean * (1 - mean) / sd**2 - 1
    return rng.beta(mean * size, (1 - mean) * size)


def _yes(flag):
    return "yes" if flag else "no"
