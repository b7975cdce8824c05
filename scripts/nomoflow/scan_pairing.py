"""The scans of a folder: each image with its masks, by patient, phase and reading."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from nomoflow.file_listing import MASK_MODALITIES, Found
from nomoflow.file_names import (
    LESION_WORDS,
    bare,
    is_mask,
    numbers,
    phase_name,
    phase_rank,
    phase_words,
    reading,
    rest,
    runs,
    squeezed,
    tokens,
)

MODALITY_NAMES = {"PT": "PET"}
SHORTEST_NUMBER = 2  # patients that numbers alone must tell apart, or they tell nothing


@dataclass
class Pairing:
    """What was made of a folder's files.

    scans : rows patient, phase, reading, image, mask; phases : in their order
    guesses : sentences on what was concluded; open : sentences on what could not be
    """

    scans: list[dict[str, str]] = field(default_factory=list)
    phases: list[str] = field(default_factory=list)
    guesses: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


def link(found: Iterable[Found], keys: Iterable[str]) -> dict[Found, tuple[str, tuple]]:
    """{file: (key, where in its words)} of the files whose path holds one of the keys.

    A key counts in whatever capitals and with whatever marks between its parts. Where no path
    holds one, whole numbers are compared (patient 6 in STS_006).
    """
    split = {one: tokens(one.stem) for one in found}
    whole = {squeezed(key): key for key in keys if squeezed(key)}
    linked = {}
    for one, parts in split.items():
        there = {run: place for run, place in runs(parts).items() if run in whole}
        if there:
            best = max(there, key=lambda run: (len(run), -there[run][0]))
            linked[one] = (whole[best], there[best])
    if linked:
        return linked
    of_number = {int(key): key for key in keys if key.isdigit()}
    for one, parts in split.items():
        there = [(of_number[n], place) for n, place in numbers(parts) if n in of_number]
        if there:
            linked[one] = there[0]
    enough = len({key for key, _ in linked.values()}) >= SHORTEST_NUMBER
    return linked if enough else {}


def pair(linked: dict[Found, tuple[str, tuple]], looks_like_mask: Callable[[Found], bool]):
    """The scans of files that a patient's key was found for.

    looks_like_mask : asked of files, two of each kind of name, where no name says "mask"
    """
    result = Pairing()
    left = {one: rest(tokens(one.stem), place) for one, (_, place) in linked.items()}
    masks = {one for one in linked if is_mask(left[one]) or one.modality in MASK_MODALITIES}
    if not masks:
        masks = _by_content(left, looks_like_mask)
        if masks:
            result.guesses.append("masks: told from images by what the files hold, not by names")
    images = [one for one in linked if one not in masks]
    phase_of = _phases({one: bare(left[one]) for one in images})
    by_patient = defaultdict(list)
    for one in images:
        by_patient[linked[one][0]].append(one)
    beside: dict[Found, tuple[Found, list[str]]] = {}
    lonely, nobodys = [], []
    for mask in sorted(masks, key=lambda one: one.path):
        image = _image_of(mask, by_patient[linked[mask][0]], left)
        if image is None:
            lonely.append(mask.path)
        else:
            known = {word.lower() for word in left[image]}
            beside[mask] = image, [w for w in bare(left[mask]) if w.lower() not in known]
    readings = _readings({mask: words for mask, (_, words) in beside.items()}, result)
    seen: dict[tuple, str] = {}
    for mask, (image, _) in beside.items():
        key = (linked[mask][0], phase_of[image], readings.get(mask))
        if key[2] is None:
            nobodys.append(mask.path)
        elif key in seen:
            result.open.append(f"{' '.join(key)}: {seen[key]} was taken, {mask.path} was not")
        else:
            seen[key] = mask.path
            row = dict(zip(("patient", "phase", "reading"), key, strict=True))
            result.scans.append({**row, "image": image.path, "mask": mask.path})
    with_mask = {image for image, _ in beside.values()}
    bare_images = [one.path for one in images if one not in with_mask]
    result.open += [
        f"{said}: {some(paths)}"
        for said, paths in (
            ("masks without an image", lonely),
            ("whose masks are these (a1, b1, a2)", nobodys),
            ("images without a mask", bare_images),
        )
        if paths
    ]
    choose_phases(result)
    return result


def some(names: list[str], most: int = 6) -> str:
    """Names in a sentence: the first of them, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _by_content(left: dict[Found, list[str]], looks_like_mask) -> set[Found]:
    kinds = defaultdict(list)
    for one, words in left.items():
        kinds[tuple(word.lower() for word in words)].append(one)
    found: set[Found] = set()
    for alike in kinds.values():
        if not alike[0].modality and all(map(looks_like_mask, alike[:2])):
            found |= set(alike)
    return found


def _phases(words: dict[Found, list[str]]) -> dict[Found, str]:
    """The phase of each image, by the words that not all images share."""
    sets = [{word.lower() for word in one} for one in words.values()]
    shared = set.intersection(*sets) if sets else set()
    apart = {one: [w for w in ws if w.lower() not in shared] for one, ws in words.items()}
    if all(apart.values()):
        words = apart
    return {
        one: phase_name(ws) or MODALITY_NAMES.get(one.modality, one.modality) or "scan"
        for one, ws in words.items()
    }


def _image_of(mask: Found, images: list[Found], left: dict[Found, list[str]]) -> Found | None:
    """The image that a mask is of: all of its words are in the mask's name; or the only one."""
    words = {word.lower() for word in left[mask]}
    telling = {one: {w.lower() for w in phase_words(bare(left[one]))} for one in images}
    fitting = [one for one in images if telling[one] <= words]
    if not fitting:
        return images[0] if len(images) == 1 else None
    most = max(len(telling[one]) for one in fitting)
    best = [one for one in fitting if len(telling[one]) == most]
    return best[0] if len(best) == 1 else _nearest(mask, best)


def _nearest(mask: Found, images: list[Found]) -> Found | None:
    """Of several, the one in the mask's own folder."""
    folder = mask.path.rpartition("/")[0]
    here = [one for one in images if folder in (one.path, one.path.rpartition("/")[0])]
    return here[0] if len(here) == 1 else None


def _readings(words: dict[Found, list[str]], result: Pairing) -> dict[Found, str | None]:
    """The reading of each mask, by the words that not all masks share."""
    kinds = Counter(tuple(w.lower() for w in ws) for ws in words.values())
    shared = set.intersection(*map(set, kinds)) if kinds else set()
    told = {kind: reading([w for w in kind if w not in shared]) for kind in kinds}
    unknown = sorted((kind for kind in kinds if told[kind] is None), key=lambda k: (-kinds[k], k))
    lesions = [kind for kind in unknown if LESION_WORDS & {*kind}]
    if len(lesions) == 1 and "a1" not in told.values():
        told[lesions[0]] = "a1"
    elif not lesions:
        free = [one for one in ("a1", "b1") if one not in told.values()]
        if 0 < len(unknown) <= len(free):
            told |= dict(zip(unknown, free, strict=False))
            names = ", ".join(f"{told[kind]} those with {' '.join(kind)!r}" for kind in unknown)
            result.open.append(f"masks of two readers, or of two structures? Taken as {names}")
    for kind in sorted(kinds):
        if kind and told[kind]:
            said = " ".join(kind)
            result.guesses.append(f"masks with {said!r} in their name: reading {told[kind]}")
    return {mask: told[tuple(w.lower() for w in ws)] for mask, ws in words.items()}


def choose_phases(result: Pairing) -> None:
    """Keep the phases that half of the patients have; every patient analysed has all of them."""
    first = Counter(row["phase"] for row in result.scans if row["reading"] == "a1")
    patients = {row["patient"] for row in result.scans}
    result.phases = sorted((p for p, n in first.items() if 2 * n >= len(patients)), key=phase_rank)
    for phase in sorted({row["phase"] for row in result.scans} - set(result.phases)):
        result.open.append(
            f"phase {phase} is left out: only {first[phase]} of {len(patients)} patients have it"
        )
    result.scans = sorted(
        (row for row in result.scans if row["phase"] in result.phases),
        key=lambda row: (row["patient"], phase_rank(row["phase"]), row["reading"]),
    )
    have = {(row["patient"], row["phase"]) for row in result.scans if row["reading"] == "a1"}
    lacking: dict[str, list[str]] = {}
    for patient in sorted(patients):
        for phase in result.phases:
            if (patient, phase) not in have:
                lacking.setdefault(phase, []).append(patient)
    result.open += [
        f"no {phase} of {some(names)}: left out, since each patient needs every phase"
        for phase, names in lacking.items()
    ]
