"""Resampling exactly as pyradiomics does it, at a fraction of the work."""

import numpy as np
import SimpleITK as sitk
from radiomics import imageoperations
from radiomics.featureextractor import RadiomicsFeatureExtractor as Extractor

from nomoflow.images import ImageProblem, bounding_box, times

# 0.8 m cubed at 1 mm: beyond this a header or a mask is wrong, not large.
MOST_VOXELS = 512_000_000
# The B-spline prefilter decays by 0.268 a voxel: after 48 voxels its start is below the last bit
# of a double.
SPLINE_MARGIN = 48


def resample(image, mask, spacing_mm, settings: dict) -> tuple[sitk.Image, sitk.Image]:
    """Image and mask as pyradiomics has them after loading, normalising and resampling.

    image, mask : as ``read_scan`` gives them
    spacing_mm : one number, three (x, y, z; 0 keeps the mask's own), or None (no resampling)
    settings : a pyradiomics parameter dictionary; of its ``setting`` the interpolator (default
        sitkBSpline), padDistance (5), normalize, normalizeScale, removeOutliers and preCrop count

    The result equals ``RadiomicsFeatureExtractor.loadImage`` of the whole image bit by bit, in
    the image's own pixel type, around the region of interest. With cubic B-splines only the
    neighbourhood of the region is prefiltered; the sampling itself keeps the coordinates of the
    whole image, since those of a cropped one are rounded differently. Raises ImageProblem where
    the grid would be beyond all measure or holds no voxel of the region; ValueError by pyradiomics.
    """
    setting = {**Extractor._getDefaultSettings(), **settings.get("setting", {}), "label": 1}
    setting["resampledPixelSpacing"] = spacing = _three(spacing_mm)
    _check_grid(mask, spacing, setting["padDistance"])
    if spacing is None or setting["interpolator"] not in ("sitkBSpline", sitk.sitkBSpline):
        image, mask = Extractor.loadImage(image, mask, None, **setting)
    else:
        if setting["normalize"]:  # over the whole image, so before anything is left out
            image = imageoperations.normalizeImage(image, **setting)
        near = {**setting, "interpolator": sitk.sitkNearestNeighbor}
        _, grid = imageoperations.resampleImage(mask, mask, **near)
        if np.allclose(image.GetSpacing(), grid.GetSpacing()):  # pyradiomics only crops then
            image, mask = imageoperations.resampleImage(image, mask, **setting)
        else:
            image, mask = _spline(image, grid), grid
    mask = sitk.Cast(mask, sitk.sitkUInt8)
    if not sitk.GetArrayViewFromImage(mask).any():
        raise ImageProblem(
            "region_lost",
            "nothing of the region of interest is left after resampling",
            allowed="a spacing finer than the region",
            remedy="lower images.spacing_mm",
        )
    return image, mask


def _three(spacing_mm) -> list[float] | None:
    if spacing_mm is None:
        return None
    return [float(x) for x in (spacing_mm if np.ndim(spacing_mm) else [spacing_mm] * 3)]


def _check_grid(mask: sitk.Image, spacing: list[float] | None, pad: int) -> None:
    native = np.array(mask.GetSpacing())
    new = native if spacing is None else np.where(np.array(spacing) == 0, native, spacing)
    extent = bounding_box(mask)[1] * native
    voxels = np.prod(extent / new + 2 * pad + 1)
    if voxels > MOST_VOXELS:
        raise ImageProblem(
            "grid_too_large",
            "the resampled image would be too large",
            found=f"{times(np.round(extent).astype(int))} mm, {voxels:.3g} voxels",
            allowed=f"{MOST_VOXELS:.3g} voxels",
            remedy="check the spacing in the image's header, or raise images.spacing_mm",
        )


def _spline(image: sitk.Image, grid: sitk.Image) -> sitk.Image:
    """Cubic B-spline of ``image`` on ``grid``: ITK's own two steps, the first one near the grid."""
    last = grid.TransformIndexToPhysicalPoint([n - 1 for n in grid.GetSize()])
    ends = [image.TransformPhysicalPointToContinuousIndex(p) for p in (grid.GetOrigin(), last)]
    low = np.maximum(np.floor(np.min(ends, axis=0)).astype(int) - SPLINE_MARGIN, 0).tolist()
    high = np.ceil(np.max(ends, axis=0)).astype(int) + 1 + SPLINE_MARGIN
    high = np.minimum(high, image.GetSize()).tolist()
    part = sitk.RegionOfInterest(image, np.subtract(high, low).tolist(), low)
    part = sitk.BSplineDecomposition(sitk.Cast(part, sitk.sitkFloat64))
    # Zeros stand before the part, so that its voxels keep their indices and the origin stays.
    spline = sitk.Image(high, sitk.sitkFloat64)
    for name in ("Origin", "Spacing", "Direction"):
        getattr(spline, f"Set{name}")(getattr(image, f"Get{name}")())
    spline = sitk.Paste(spline, part, part.GetSize(), destinationIndex=low)
    geometry = (grid.GetOrigin(), grid.GetSpacing(), grid.GetDirection())
    result = sitk.Resample(
        spline, grid.GetSize(), sitk.Transform(), sitk.sitkBSplineResampler, *geometry, 0.0,
        sitk.sitkFloat64,
    )  # fmt: skip
    # Whole-number types as ITK's resampling makes them: held within the type, then cut off.
    values = sitk.GetArrayFromImage(result)
    kind = sitk.GetArrayViewFromImage(image[:1, :1, :1]).dtype
    if kind.kind in "iu":
        values = np.clip(values, np.iinfo(kind).min, np.iinfo(kind).max)
    result = sitk.GetImageFromArray(values.astype(kind))
    result.CopyInformation(grid)
    return result
