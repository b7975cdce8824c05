"""What is recorded of each scan: sizes, volumes and values before and after resampling."""

import numpy as np
import SimpleITK as sitk

from nomoflow.curation import component_sizes, edges_touched, hole_sizes
from nomoflow.image_fingerprint import image_fingerprint
from nomoflow.image_regions import SUFFIX

QUALITY_COLUMNS = (
    "patient", "phase", "reading", "label", "pixel_type", "size", "spacing_mm", "voxels",
    "volume_mm3", "components", "holes", "shift_mm", "touches_edge", "size_after",
    "spacing_after_mm", "voxels_after", "volume_after_mm3", "volume_change", "minimum", "mean",
    "maximum", "fingerprint",
)  # fmt: skip


def stored_name(scan: dict, part: str) -> str:
    """File name of a scan's resampled ``image`` or ``mask``."""
    return f"{scan['patient']}_{scan['phase']}_{scan['reading']}_{part}{SUFFIX}"


def quality(scan: dict, shift_mm: float, before: tuple, after: tuple) -> dict:
    """One row with the columns ``QUALITY_COLUMNS``.

    before, after : image and mask, as read and as resampled. Volumes are voxel counts times the
    voxel's volume (mm3); components are connected by faces, edges or corners, holes are closed in
    by the region on all sides; volume_change is the volume gained by resampling, as a share of the
    volume before (negative: lost); minimum, mean and maximum are the resampled image's own values
    inside the region; fingerprint tells the same image at another centre.
    """
    (image, mask), (image_after, mask_after) = before, after
    volumes = _volume(mask, ""), _volume(mask_after, "_after")
    change = volumes[1]["volume_after_mm3"] / volumes[0]["volume_mm3"] - 1
    inside = sitk.GetArrayViewFromImage(image_after)[sitk.GetArrayViewFromImage(mask_after) == 1]
    return {
        **{key: scan[key] for key in ("patient", "phase", "reading")},
        "label": scan.get("label") or "1",
        "pixel_type": image.GetPixelIDTypeAsString(),
        "size": _list(image.GetSize()),
        "spacing_mm": _list(image.GetSpacing()),
        **volumes[0],
        "components": len(component_sizes(mask)),
        "holes": len(hole_sizes(mask)),
        "shift_mm": shift_mm,
        "touches_edge": "yes" if edges_touched(mask) else "no",
        "size_after": _list(image_after.GetSize()),
        "spacing_after_mm": _list(image_after.GetSpacing()),
        **volumes[1],
        "volume_change": change,
        "minimum": float(inside.min()),
        "mean": float(inside.mean(dtype=np.float64)),
        "maximum": float(inside.max()),
        "fingerprint": image_fingerprint(image),
    }


def _volume(mask: sitk.Image, when: str) -> dict:
    voxels = int(np.count_nonzero(sitk.GetArrayViewFromImage(mask)))
    volume = voxels * float(np.prod(mask.GetSpacing()))
    return {f"voxels{when}": voxels, f"volume{when}_mm3": volume}


def _list(values) -> str:
    return " ".join(f"{value:.6g}" for value in values)
