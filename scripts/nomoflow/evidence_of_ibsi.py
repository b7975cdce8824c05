"""Evidence on what IBSI asks for: single parameters of the extractor, and each feature's status."""

from collections.abc import Sequence

from nomoflow.evidence import (
    FAIL,
    NOT_EVIDENCED,
    PASS,
    Finding,
    Results,
    evidence,
    judged,
)
from nomoflow.evidence_of_images import setting_of

DISCRETISED = ("glcm", "glrlm", "glszm", "gldm", "ngtdm")
HISTOGRAM = ("Entropy", "Uniformity")  # the first-order features that need grey levels
AGREES, DIFFERS, NOT_IN_IBSI = "agrees", "differs", "not in IBSI"


@evidence("settings", "engine")
def normalisation(r: Results) -> Finding:
    return setting_of(r, "normalize", {"False": "intensities as stored"})


@evidence("settings", "engine")
def resegmentation(r: Results) -> Finding:
    return setting_of(r, "resegmentRange", {"None": "none"})


@evidence("settings", "engine")
def distance_weighting(r: Results) -> Finding:
    return setting_of(r, "weightingNorm", {"None": "distances are not weighted"})


@evidence("settings", "engine")
def symmetry(r: Results) -> Finding:
    return setting_of(r, "symmetricalGLCM", {"True": "symmetric", "False": "not symmetric"})


@evidence("settings", "engine")
def distances(r: Results) -> Finding:
    return setting_of(r, "distances", {"[1]": "Chebyshev distance 1"})


@evidence("settings", "engine")
def coarseness(r: Results) -> Finding:
    return setting_of(r, "gldm_a", {"0": "coarseness 0"})


@evidence("settings", "engine")
def aggregation(r: Results) -> Finding:
    """In 3D pyradiomics averages co-occurrence and run length features over 13 directions."""
    return setting_of(
        r, "force2D", {"False": "3D; GLCM and GLRLM averaged over 13 directions, others one matrix"}
    )


@evidence("settings", "engine")
def linkage(r: Results) -> Finding:
    return setting_of(r, "force2D", {"False": "zones of 26-connected voxels (Chebyshev 1)"})


@evidence("settings", "engine")
def first_bin(r: Results) -> Finding:
    """pyradiomics sets bins of fixed width at multiples of the width (its imageoperations)."""
    found = setting_of(r, "binCount", {"None": "first bin from a multiple of the bin width"})
    return found


@evidence("settings", "engine", "quality")
def rounding(r: Results) -> Finding:
    """pyradiomics resamples integer images to integers (ITK's rounding), others as they are."""
    kinds = sorted({row["pixel_type"] for row in r.rows("quality")})
    value = f"the pixel type is kept ({', '.join(kinds)}): integers are rounded by ITK"
    return judged(bool(kinds), value, r.files("settings", "quality"))


@evidence("settings", "engine", "quality")
def grid_position(r: Results) -> Finding:
    """As pyradiomics' imageoperations.resampleImage does it."""
    shifts = [float(row["shift_mm"] or 0) for row in r.rows("quality")]
    value = (
        "grid anchored at the mask's bounding box with its padding, as pyradiomics' resampleImage; "
        f"masks moved beforehand by up to {max(shifts, default=0):.3g} mm"
    )
    return judged(bool(shifts), value, r.files("settings", "quality"))


@evidence("settings", "engine", "quality")
def mask_interpolation(r: Results) -> Finding:
    """Nearest neighbour; what that did to the volumes."""
    changes = [float(row["volume_change"]) for row in r.rows("quality") if row["volume_change"]]
    if not changes:
        return Finding(NOT_EVIDENCED, note="no volume after resampling")
    value = (
        f"nearest neighbour; volumes changed by {100 * min(changes):+.1f} to "
        f"{100 * max(changes):+.1f} %"
    )
    return Finding(PASS, value, r.files("settings", "quality"))


@evidence("quality")
def registration(r: Results) -> Finding:
    """Each phase has its own masks, so nothing is registered."""
    phases = {(row["patient"], row["phase"]) for row in r.rows("quality") if row["reading"] == "a1"}
    value = f"none: {len(phases)} images, each with a mask of its own"
    return judged(bool(phases), value, r.files("quality"))


@evidence("acquisition")
def conversion(r: Results) -> Finding:
    """Units of the values, as the headers tell them."""
    if not r.rows("acquisition"):
        return Finding(NOT_EVIDENCED, note="no image is listed")
    units = sorted({row["units"] for row in r.rows("acquisition")} - {""})
    value = f"units {', '.join(units)}" if units else "values as stored in the files"
    return Finding(PASS, value, r.files("acquisition"))


def feature_rows(r: Results, phases: Sequence[str]) -> list[dict[str, str]]:
    """A row for each feature of the combined signature: its IBSI status, as checklists have it.

    pass: the engine's value on the digital phantom agrees by the same definition; fail: it agrees
    by another definition, or differs; not evidenced: IBSI has no such feature, or the image filter
    before it was not compared with IBSI's.
    """
    selected = r.of_signatures("statuses")["combined"]["features"]
    checked = {row["feature"]: row for row in r.rows("engine")} if r.has("engine") else None
    rows = []
    for place, name in enumerate(selected, start=1):
        finding = feature_status(_without_phase(name, phases), checked, r)
        rows.append(
            {"item": f"f{place}", "section": "Selected features", "topic": name, "finding": finding}
        )
    return rows


def _without_phase(name: str, phases: Sequence[str]) -> str:
    own = sorted((p for p in phases if name.startswith(f"{p}_")), key=len)
    return name.removeprefix(f"{own[-1]}_") if own else name


def feature_status(feature: str, checked: dict | None, r: Results) -> Finding:
    """The IBSI status of ``image_class_Name``; checked: rows of features/engine.csv by feature."""
    image, _, rest = feature.partition("_")
    if checked is None or "_" not in rest:
        return Finding(NOT_EVIDENCED, note="the engine that made this feature was not checked")
    row, files = checked.get(f"original_{rest}"), r.files("engine")
    if row is None:
        return Finding(NOT_EVIDENCED, NOT_IN_IBSI, files, "IBSI has no value for this feature")
    told = f"{float(row['value']):.4g} where IBSI has {row['expected']}"
    if row["agrees"] != "yes":
        return Finding(FAIL, f"{DIFFERS}: {told}", files, row["note"])
    if row["note"]:
        return Finding(FAIL, f"{DIFFERS} in definition: {row['note']}", files, f"converted: {told}")
    if image != "original":
        note = f"the feature agrees on the phantom ({told}); the image filter was not compared"
        return Finding(NOT_EVIDENCED, f"{AGREES}, but on the filtered image {image}", files, note)
    return Finding(PASS, f"{AGREES}: {told}", files)
