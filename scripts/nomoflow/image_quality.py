"""What is recorded of each scan: sizes, volumes and values before and after resampling."""

import numpy as np
import SimpleITK as sitk

from nomoflow.image_regions import SUFFIX, bounding_box

QUALITY_COLUMNS = (
    "patient", "phase", "reading", "label", "pixel_type", "size", "spacing_mm", "voxels",
    "volume_mm3", "components", "shift_mm", "touches_edge", "size_after", "spacing_after_mm",
    "voxels_after", "volume_after_mm3", "minimum", "mean", "maximum",
)  # fmt: skip


def stored_name(scan: dict, part: str) -> str:
    """File name of a scan's resampled ``image`` or ``mask``."""
    return f"{scan['patient']}_{scan['phase']}_{scan['reading']}_{part}{SUFFIX}"


def quality(scan: dict, shift_mm: float, before: tuple, after: tuple) -> dict:
    """One row with the columns ``QUALITY_COLUMNS``.

    before, after : image and mask, as read and as resampled. Volumes are voxel counts times the
    voxel's volume (mm3); components are connected by faces, edges or corners; minimum, mean and
    maximum are the resampled image's own values inside the region.
    """
    (image, mask), (image_after, mask_after) = before, after
    start, size = bounding_box(mask)
    whole = np.array(mask.GetSize())
    region = sitk.RegionOfInterest(mask, size.tolist(), start.tolist())
    components = sitk.ConnectedComponent(region, True)
    inside = sitk.GetArrayViewFromImage(image_after)[sitk.GetArrayViewFromImage(mask_after) == 1]
    return {
        **{key: scan[key] for key in ("patient", "phase", "reading")},
        "label": scan.get("label") or "1",
        "pixel_type": image.GetPixelIDTypeAsString(),
        "size": _list(image.GetSize()),
        "spacing_mm": _list(image.GetSpacing()),
        **_volume(mask, ""),
        "components": int(sitk.GetArrayViewFromImage(components).max()),
        "shift_mm": shift_mm,
        "touches_edge": "yes" if (start == 0).any() or (start + size == whole).any() else "no",
        "size_after": _list(image_after.GetSize()),
        "spacing_after_mm": _list(image_after.GetSpacing()),
        **_volume(mask_after, "_after"),
        "minimum": float(inside.min()),
        "mean": float(inside.mean(dtype=np.float64)),
        "maximum": float(inside.max()),
    }


def _volume(mask: sitk.Image, when: str) -> dict:
    voxels = int(np.count_nonzero(sitk.GetArrayViewFromImage(mask)))
    volume = voxels * float(np.prod(mask.GetSpacing()))
    return {f"voxels{when}": voxels, f"volume{when}_mm3": volume}


def _list(values) -> str:
    return " ".join(f"{value:.6g}" for value in values)
