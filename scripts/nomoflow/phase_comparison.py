"""What only shows where a patient's phases are compared, with each other and with the cohort.

Rows are those of cohort/predicted.csv (``prediction.PREDICTED_COLUMNS``), as text or numbers. What
is found are rows with the columns ``PROBLEM_COLUMNS``. Nothing depends on the order of the rows or
on where the patients' coordinates begin.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations, permutations

import numpy as np

from nomoflow.image_problems import PROBLEM, WARNING, ImageProblem, listed

LIMITS = {"centre_mm": 60.0, "volume_ratio": 4.0}
MINIMUM_PATIENTS = 8  # for a comparison with the cohort
STATISTICS = ("inside_mean", "inside_sd", "around_mean", "around_sd", "around_p90")
# A pair of phases lies apart in a patient where it does by this many robust SDs more than in the
# cohort, and by no less than the floor.
OUTLYING, FLOOR_MM, FLOOR_RATIO = 8.0, 10.0, 1.5
# Phases are taken for exchanged where the misfit falls by so much, and to half at least; in the
# usual patient it has to rise by as much.
GAIN, CAP = 3.0, 16.0
MOST_PHASES = 6  # of which all orders are tried
ORDERED = 0.9  # share of the patients in whom one phase was acquired before another
LONGEST_S = 6 * 3600  # between the phases of one visit

Row = dict


def problems_of_cohort(rows: Iterable[Row], limits: dict | None = None) -> list[dict[str, str]]:
    """All that the comparisons find, sorted by patient and phase.

    limits : ``centre_mm`` (mm between the centres of two phases' masks), ``volume_ratio``
    """
    rows = list(rows)
    limits = {**LIMITS, **(limits or {})}
    found = [*same_images(rows), *phases_apart(rows, limits), *phases_exchanged(rows)]
    found.sort(key=lambda one: (one.patient, one.phase, one.reading, one.kind, one.found))
    return [one.row() for one in found]


def same_images(rows: Iterable[Row]) -> list[ImageProblem]:
    """Images of several patients or phases whose voxels are the same.

    The readings of one phase share its image, as they should; two phases of a patient may, such as
    a tumour and its rim, and get a warning.
    """
    users = defaultdict(dict)
    for row in sorted(rows, key=_key):
        if row["digest"]:
            users[row["digest"]].setdefault((row["patient"], row["phase"]), row["reading"])
    found = []
    for shared in (users[one] for one in sorted(users) if len(users[one]) > 1):
        for place, reading in shared.items():
            others = [" ".join(other) for other in shared if other != place]
            patients = {patient for patient, _ in shared}
            found.append(
                ImageProblem(
                    kind="same_image",
                    severity=PROBLEM if len(patients) > 1 else WARNING,
                    problem="the image is that of another "
                    + ("patient" if len(patients) > 1 else "phase"),
                    found=f"the same voxels as {listed(others)}",
                    allowed="an image of its own for each patient and phase",
                    remedy="correct the path in the scans table, or export the right series",
                    patient=place[0],
                    phase=place[1],
                    reading=reading,
                )
            )
    return found


def phases_apart(rows: Iterable[Row], limits: dict | None = None) -> list[ImageProblem]:
    """Patients whose phases do not lie together or whose masks differ much in volume.

    ``phases_differ`` where a limit is passed or fields of view do not meet; ``patient_differs``
    where the masks agree far less than in the cohort's other patients.
    """
    limits = {**LIMITS, **(limits or {})}
    patients = _by_patient(rows)
    pairs = {
        patient: {pair: _pair(*(phases[one] for one in pair)) for pair in combinations(phases, 2)}
        for patient, phases in patients.items()
    }
    usual = _usual(pairs)
    found = []
    for patient, measured in pairs.items():
        beyond = {pair: _beyond(one, limits) for pair, one in measured.items()}
        kind, allowed = (
            "phases_differ",
            (
                f"centres up to {float(limits['centre_mm']):g} mm apart, volumes up to "
                f"{float(limits['volume_ratio']):g} times (images.phases_apart)"
            ),
        )
        if not any(beyond.values()):
            kind, allowed = "patient_differs", "phases that agree as in the cohort's other patients"
            beyond = {
                pair: _beyond(one, usual[pair], OUTLYING_WORDS)
                for pair, one in measured.items()
                if pair in usual
            }
        beyond = {pair: words for pair, words in beyond.items() if words}
        if beyond:
            found.append(_apart(patient, list(patients[patient]), kind, beyond, allowed))
    return found


OUTLYING_WORDS = " (in the cohort up to {})"


def _pair(a: Row, b: Row) -> dict:
    centres = np.array([[float(one[f"centre_{axis}_mm"]) for axis in "xyz"] for one in (a, b)])
    low, high = (
        np.array([[float(x) for x in one[f"field_{end}_mm"].split()] for one in (a, b)])
        for end in ("low", "high")
    )
    volumes = sorted(float(one["volume_mm3"]) for one in (a, b))
    return {
        # Rounded, so that it does not hang on where the coordinates begin.
        "centre_mm": round(float(np.linalg.norm(centres[0] - centres[1])), 6),
        "volume_ratio": volumes[1] / volumes[0],
        "meet": bool((low.max(axis=0) - high.min(axis=0) <= 1e-3).all()),
    }


def _usual(pairs: dict) -> dict:
    """Limits by pair of phases that follow from the cohort, where it is large enough."""
    measured = defaultdict(list)
    for of_patient in pairs.values():
        for pair, one in of_patient.items():
            measured[pair].append((one["centre_mm"], np.log(one["volume_ratio"])))
    limits = {}
    for pair, values in measured.items():
        if len(values) < MINIMUM_PATIENTS:
            continue
        middle, spread = _robust(np.array(values))
        far, ratio = middle + OUTLYING * spread
        limits[pair] = {
            "centre_mm": max(float(far), FLOOR_MM),
            "volume_ratio": float(np.exp(max(ratio, np.log(FLOOR_RATIO)))),
        }
    return limits


def _robust(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median, and the SD that the median absolute deviation stands for in normal values."""
    middle = np.median(values, axis=0)
    return middle, 1.4826 * np.median(np.abs(values - middle), axis=0)


def _beyond(one: dict, limits: dict, words: str = "") -> list[str]:
    said = [] if one["meet"] or words else ["fields of view that do not meet"]
    if one["centre_mm"] > float(limits["centre_mm"]):
        limit = f"{float(limits['centre_mm']):.0f} mm"
        said.append(f"centres {one['centre_mm']:.0f} mm apart" + words.format(limit))
    if one["volume_ratio"] > float(limits["volume_ratio"]):
        limit = f"{float(limits['volume_ratio']):.1f} times"
        said.append(f"volumes {one['volume_ratio']:.1f} times" + words.format(limit))
    return said


def _apart(patient, phases: list[str], kind: str, beyond: dict, allowed: str) -> ImageProblem:
    alone = _odd_one(phases, list(beyond))
    said = [f"{' and '.join(pair)}: {', '.join(words)}" for pair, words in sorted(beyond.items())]
    return ImageProblem(
        kind=kind,
        severity=WARNING,
        problem=f"phase {alone} does not fit the patient's others"
        if alone
        else "the phases of the patient do not fit each other",
        found="; ".join(said),
        allowed=allowed,
        remedy="look whether image and mask are this patient's, and of this phase",
        patient=patient,
        phase=alone,
        reading="a1" if alone else "",
    )


def _odd_one(phases: list[str], pairs: list[tuple[str, str]]) -> str:
    """The one phase that every pair has in common, where the others agree; empty if none."""
    if len(phases) < 3:
        return ""
    count = Counter(phase for pair in pairs for phase in pair)
    shared = [phase for phase in phases if count[phase] == len(pairs)]
    return shared[0] if len(shared) == 1 else ""


def phases_exchanged(rows: Iterable[Row]) -> list[ImageProblem]:
    """Patients whose phases look exchanged: by values, order of acquisition or description."""
    patients = _by_patient(rows)
    evidence = defaultdict(list)
    for judge in (_by_values, _by_time, _by_description):
        for patient, words in judge(patients).items():
            evidence[patient].append(words)
    return [
        ImageProblem(
            kind="phases_exchanged",
            severity=WARNING,
            problem="the phases of the patient look exchanged",
            found="; ".join(evidence[patient]),
            allowed="phases that look as in the cohort's other patients",
            remedy="look at the images; correct the phases in the scans table if it is so",
            patient=patient,
        )
        for patient in sorted(evidence)
    ]


def misfits(values: np.ndarray) -> dict[tuple[int, ...], np.ndarray]:
    """How badly each patient's phases fit the cohort's in every order of their names.

    values : patients x phases x statistics. Differences between two phases of a patient, of which
    what sets the patient apart has gone, are compared with the cohort's median difference in units
    of its robust SD; squares, held below ``CAP``, are averaged over statistics and summed over
    pairs, times 2 / phases: about the count of phases less one where all is as it should be. The
    key (1, 0, 2) means that what is called the first phase is the second, and the other way round.
    """
    n = values.shape[1]
    apart = values[:, :, None, :] - values[:, None, :, :]
    middle, spread = _robust(apart)
    # Where all patients but a few have one value, a small difference is not an infinite one.
    spread = np.maximum(spread, 1e-6 * np.abs(values).max(initial=0) + 1e-12)
    found = {}
    for order in permutations(range(n)):
        total = np.zeros(len(values))
        for i, j in combinations(range(n), 2):
            a, b = order[i], order[j]
            z = (apart[:, i, j] - middle[a, b]) / spread[a, b]
            total += np.minimum(z**2, CAP).mean(axis=1)
        found[order] = total * 2 / n
    return found


def _by_values(patients: dict) -> dict[str, str]:
    complete = _complete(patients, STATISTICS)
    if len(complete) < MINIMUM_PATIENTS:
        return {}
    phases = sorted(next(iter(complete.values())))
    if not 2 <= len(phases) <= MOST_PHASES:
        return {}
    values = np.array(
        [[[float(of[p][s]) for s in STATISTICS] for p in phases] for of in complete.values()]
    )
    fits = misfits(values)
    orders = list(fits)
    scores = np.array([fits[order] for order in orders])
    # An order says something only where it would fit the cohort's usual patient badly: phases that
    # look alike cannot be told apart, and some patient always fits a little better otherwise.
    told_apart = np.median(scores - scores[0], axis=1) >= GAIN
    scores[1:][~told_apart[1:]] = np.inf
    found = {}
    for k, patient in enumerate(complete):
        best = int(scores[:, k].argmin())
        named, least = scores[0, k], scores[best, k]
        if named - least >= GAIN and least <= named / 2:
            moved = [
                f"{phases[i]} looks like {phases[j]}" for i, j in enumerate(orders[best]) if i != j
            ]
            found[patient] = (
                f"by the values in and around the mask {', '.join(moved)} (misfit {least:.1f} "
                f"instead of {named:.1f})"
            )
    return found


def _complete(patients: dict, columns) -> dict:
    """The patients who have all phases of the cohort, with values in these columns."""
    phases = {phase for of in patients.values() for phase in of}
    return {
        patient: of
        for patient, of in patients.items()
        if set(of) == phases and all(str(row[c]) != "" for row in of.values() for c in columns)
    }


def _by_time(patients: dict) -> dict[str, str]:
    """Patients in whom phases were acquired in another order than in nearly all others."""
    found, gaps = defaultdict(list), defaultdict(dict)
    for patient, of in patients.items():
        told = [phase for phase in of if str(of[phase]["acquired_s"]) != ""]
        for a, b in combinations(told, 2):
            gap = float(of[b]["acquired_s"]) - float(of[a]["acquired_s"])
            if 0 < abs(gap) <= LONGEST_S:
                gaps[a, b][patient] = gap
    for (a, b), of_pair in sorted(gaps.items()):
        later = sum(gap > 0 for gap in of_pair.values())
        usual = max(later, len(of_pair) - later)
        if len(of_pair) < MINIMUM_PATIENTS or usual < ORDERED * len(of_pair):
            continue
        for patient, gap in of_pair.items():
            if (gap > 0) != (2 * later > len(of_pair)):
                first, second = (a, b) if gap > 0 else (b, a)
                found[patient].append(
                    f"{first} was acquired {abs(gap):.0f} s before {second}, which came first in "
                    f"{usual} of {len(of_pair)} patients"
                )
    return {patient: "; ".join(said) for patient, said in found.items()}


def _by_description(patients: dict) -> dict[str, str]:
    """Patients in whom a phase has the description that another phase has in most patients."""
    counts = defaultdict(Counter)
    for of in patients.values():
        for phase, row in of.items():
            if row["described"]:
                counts[phase][row["described"]] += 1
    usual = {}
    for phase, counted in counts.items():
        # Of two that are equally common neither is usual: more than half have it.
        word, times = counted.most_common(1)[0]
        if counted.total() >= MINIMUM_PATIENTS and 2 * times > counted.total():
            usual[phase] = word
    found = defaultdict(list)
    for patient, of in patients.items():
        for phase in sorted(of.keys() & usual.keys()):
            others = [
                other
                for other in sorted(usual)
                if usual[other] == of[phase]["described"] != usual[phase]
            ]
            found[patient] += [f"{phase} is described as {other} is" for other in others]
    return {patient: "; ".join(said) for patient, said in found.items() if said}


def _by_patient(rows: Iterable[Row]) -> dict[str, dict[str, Row]]:
    """The analysed readings by patient and phase, sorted."""
    patients = defaultdict(dict)
    for row in sorted(rows, key=_key):
        if row["reading"] == "a1":
            patients[row["patient"]][row["phase"]] = row
    return dict(patients)


def _key(row: Row) -> tuple[str, str, str]:
    return row["patient"], row["phase"], row["reading"]
