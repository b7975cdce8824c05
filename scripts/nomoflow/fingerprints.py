"""The same patient in two cohorts, found without a patient leaving either.

A fingerprint is a digest of an image's voxels, or of a row of features where there are no images.
What leaves a centre is its digest under the salt of one model: equal for equal images wherever that
model is used, of no use to link the lists of two models, and nothing from which an image, or whose
it is, can be computed. Who has an image can tell whether it is among them: that is its purpose.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

FEWEST_VALUES = 3  # below it two patients may agree by chance
METHOD = "SHA-256 of '<salt>:<fingerprint>'"


def row_fingerprint(values: Mapping[str, float]) -> str | None:
    """Of a patient's features by name, in full precision; None where fewer than three are there."""
    if len(values) < FEWEST_VALUES:
        return None
    content = {name: repr(float(value)) for name, value in values.items()}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8")).hexdigest()


def salted(fingerprint: str, salt: str) -> str:
    """The fingerprint as it may leave the centre."""
    return hashlib.sha256(f"{salt}:{fingerprint}".encode()).hexdigest()


def fingerprint_list(fingerprints: Iterable[str | None], salt: str, of: str) -> dict:
    """``of`` (images, features), ``salt``, ``method`` and ``values``: sorted, so no patient's."""
    values = sorted({salted(one, salt) for one in fingerprints if one})
    return {"of": of, "salt": salt, "method": METHOD, "values": values}


def patients_in_both(listed: Mapping, own: Mapping[str, Sequence[str]]) -> list[str]:
    """The own patients of whom an image (or row) is in a list that came from elsewhere.

    own : unsalted fingerprints by patient
    """
    known = set(listed["values"])
    return sorted(
        patient
        for patient, found in own.items()
        if any(one and salted(one, listed["salt"]) in known for one in found)
    )
