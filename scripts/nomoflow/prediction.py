"""What a scan will cost before anything of it is computed: voxels, bins, memory and time.

The memory of the larger arrays follows from pyradiomics' own sources (cmatrices.c, glcm.py,
glszm.py, imageoperations.py): the GLCM of a region with g grey levels takes 8 bytes x g x g x 13
directions, of which four copies are alive at once; the GLSZM grey levels x largest zone. What is
left (bytes a voxel, the interpreter) was fitted; benchmarks/predicted_memory.py prints both.
"""

import numpy as np
import SimpleITK as sitk

from nomoflow.image_regions import bounding_box

MB = 1e6
# Interpreter and libraries, as measured; what small cases take beyond it.
BASE_MB = 166.0
SMALL_MB = 17.0
# Resampling, bytes: a voxel of the file (beside its own), of the image up to the region's far
# corner (two splines, 64 bit), of the part that is prefiltered, and of the result.
FILE_BYTES, CORNER_BYTES, PART_BYTES, RESULT_BYTES = 1.6, 16.0, 9.0, 12.0
PACKED_BYTES = 0.6  # of a compressed file's voxel, more, for each byte of its kind of pixel
NORMAL_BYTES = 17.0  # of a file's voxel, more, where the image is normalised
SPLINE_MARGIN = 48  # as in image_resampling
# Extraction, bytes a voxel of the box: of any image, of wavelets, of each further level; of an
# image that was not resampled and so not cropped, more.
BOX_BYTES, WAVELET_BYTES, LEVEL_BYTES, WHOLE_BYTES = 36.0, 95.0, 56.0, 25.0
LINE_BYTES = 65.0  # of a region's voxel, more: its lines along the 13 directions (fast_matrices)
DIRECTIONS = 13
GLCM_COPIES, RUN_COPIES, ZONE_COPIES = 4, 3, 2
# The stationary wavelet's low-pass filter (coif1), whose image has the widest range of values:
# a constant comes out 2 * sqrt(2) times larger.
COIF1 = (-0.01565572813546454, -0.0727326195128539, 0.38486484686420286, 0.8525720202122554,
         0.3378976624578092, -0.0727326195128539)  # fmt: skip
LARGEST_FILTERED = 8_000_000  # voxels; a larger box takes a bound for the filter's range
FEW_BINS = 100  # below, the matrices of grey levels weigh nothing beside the image

PREDICTED_COLUMNS = (
    "patient", "phase", "reading", "voxels", "volume_mm3", "extent", "centre_x_mm", "centre_y_mm",
    "centre_z_mm", "field_low_mm", "field_high_mm", "inside_mean", "inside_sd", "around_mean",
    "around_sd", "around_p90", "acquired_s", "described", "digest", "voxels_after",
    "box_voxels_after", "bins", "resample_mb", "extract_mb", "memory_mb", "resample_s",
    "extract_s", "seconds",
)  # fmt: skip


def predict(image, mask, settings: dict, spacing_mm, subbands: list | None = None) -> dict:
    """Size of the region, and what its resampling and extraction will take.

    image, mask : on one grid; the mask is 1 in the region, which is not empty
    settings : the phase's pyradiomics parameters; spacing_mm : as ``image_resampling.resample``
    subbands : wavelet images that are computed; None for all
    Volumes in mm3, memory in MB (1e6 bytes; peak of a process, interpreter included), time in
    seconds of one core. bins: grey levels of the region in the original image.
    """
    setting = settings.get("setting") or {}
    grid = _grid(mask, spacing_mm, int(setting.get("padDistance", 5)))
    values = _values(image, mask, setting)
    levels = _levels(image, mask, values, settings, grid["spacing"], subbands)
    resample_mb = BASE_MB + SMALL_MB + _resampling_bytes(image, mask, settings, grid) / MB
    extract_mb = BASE_MB + SMALL_MB + _extraction_bytes(image, settings, grid, levels) / MB
    resample_s = 0.05 + 2.5e-8 * mask.GetNumberOfPixels()
    resample_s += 4e-7 * grid["box"] * grid["resampled"]
    extract_s = _extraction_seconds(settings, grid, levels, subbands)
    return {
        "voxels": grid["native"],
        "volume_mm3": grid["native"] * float(np.prod(mask.GetSpacing())),
        "extent": " ".join(map(str, grid["extent"])),
        "voxels_after": round(grid["voxels"]),
        "box_voxels_after": round(grid["box"]),
        "bins": levels["Original"]["bins"],
        "resample_mb": round(resample_mb),
        "extract_mb": round(extract_mb),
        "memory_mb": round(max(resample_mb, extract_mb)),
        "resample_s": round(resample_s, 2),
        "extract_s": round(extract_s, 2),
        "seconds": round(resample_s + extract_s, 2),
    }


def _grid(mask: sitk.Image, spacing_mm, pad: int) -> dict:
    """Voxels of the region and of its padded box, before and after resampling."""
    native = np.array(mask.GetSpacing())
    new = native
    if spacing_mm is not None:
        new = np.array(spacing_mm if np.ndim(spacing_mm) else [spacing_mm] * 3, dtype=float)
        new = np.where(new == 0, native, new)
    start, extent = bounding_box(mask)
    steps = native / new
    voxels = int(np.count_nonzero(sitk.GetArrayViewFromImage(mask)))
    whole = np.array(mask.GetSize())
    inner = np.ceil(extent * steps) + 1
    size = np.minimum(inner + 2 * pad, np.ceil(whole * steps))  # never beyond the image
    if spacing_mm is None:  # pyradiomics then leaves the image as large as it is
        size = whole
    # Whole-image positions up to which the spline's coefficients are kept, and from which.
    padding = pad / steps
    low = np.maximum(start - padding - SPLINE_MARGIN, 0)
    high = np.minimum(start + extent + padding + SPLINE_MARGIN + 2, whole)
    return {
        "resampled": spacing_mm is not None,
        "native": voxels,
        "extent": extent,
        "spacing": new,
        "voxels": max(voxels * float(np.prod(steps)), 1.0),
        "box": float(np.prod(size)),
        "longest": float(inner.max()),
        "corner": float(np.prod(high)),
        "part": float(np.prod(high - low)),
    }


def _values(image, mask, setting: dict) -> np.ndarray:
    """The region's values as pyradiomics has them before any filter."""
    inside = sitk.GetArrayViewFromImage(mask) == 1
    values = _held(sitk.GetArrayViewFromImage(image)[inside])
    if setting.get("normalize"):
        whole = sitk.StatisticsImageFilter()
        whole.Execute(image)
        values = (values - whole.GetMean()) / (whole.GetSigma() or 1.0)
        if setting.get("removeOutliers"):
            values = values.clip(-setting["removeOutliers"], setting["removeOutliers"])
        values *= setting.get("normalizeScale", 1)
    limits = setting.get("resegmentRange")
    if limits and setting.get("resegmentMode", "absolute") == "absolute":
        values = values.clip(*limits) if len(limits) == 2 else values.clip(limits[0], None)
    return values


def _held(values: np.ndarray) -> np.ndarray:
    """Values as 64-bit floats, so far from their limit that no sum of a few leaves it."""
    return values.astype(np.float64).clip(-1e300, 1e300)


def _levels(image, mask, values, settings: dict, spacing, subbands) -> dict:
    """Of each image type: bins, grey levels that occur, and the share of the commonest."""
    setting = settings.get("setting") or {}
    types = {"Original": {}, **(settings.get("imageType") or {})}
    levels = {}
    for kind in sorted(types):
        own = {**setting, **(types[kind] or {})}
        width, count = float(own.get("binWidth") or 25), own.get("binCount")
        found = values
        if kind == "Wavelet" and not count and _has_low_pass(subbands):
            found = _low_passed(image, mask, values, width, spacing, int(own.get("level", 1)))
        levels[kind] = binned(found, width, count)
    return levels


def _has_low_pass(subbands) -> bool:
    return subbands is None or any(set(band) == {"L"} for band in subbands)


def binned(values: np.ndarray, width: float, count: int | None = None) -> dict:
    """Bins from the lowest to the highest value, those that hold one, and the fullest's share."""
    low, high = float(values.min()), float(values.max())
    if count:
        bins, scale = int(count), (high - low) / int(count)
        places = (values - low) / scale if scale > 0 else np.zeros(len(values))
    else:
        first = np.floor(low / width)
        # A header or a width that is absurd must not fill the memory here either.
        bins = int(min(np.floor(high / width) - first + 1, 1e9))
        places = values / width - first
    _, found = np.unique(np.floor(places), return_counts=True)
    return {"bins": max(bins, 1), "levels": len(found), "share": float(found.max() / len(values))}


def _low_passed(image, mask, values, width: float, spacing, level: int) -> np.ndarray:
    """The region's values in the wavelet's smoothest image, near enough to count its bins."""
    gain = 2.0 ** (1.5 * level)
    start, extent = bounding_box(mask)
    steps = np.array(mask.GetSpacing()) / spacing
    if gain * np.ptp(values) < FEW_BINS * width:
        return gain * values
    margin = np.minimum(start, 4)
    size = np.minimum(extent + margin + 4, np.array(mask.GetSize()) - start + margin)
    new_size = np.maximum(np.ceil(size * steps), 1).astype(int)
    if np.prod(new_size.astype(float)) > LARGEST_FILTERED:
        return gain * values
    first = (start - margin).tolist()
    part = [sitk.RegionOfInterest(one, size.tolist(), first) for one in (image, mask)]
    geometry = (part[0].GetOrigin(), spacing.tolist(), part[0].GetDirection())
    grey, inside = (
        sitk.GetArrayFromImage(
            sitk.Resample(one, new_size.tolist(), sitk.Transform(), how, *geometry, 0.0, kind)
        )
        for one, how, kind in zip(
            part,
            (sitk.sitkLinear, sitk.sitkNearestNeighbor),
            (sitk.sitkFloat64, sitk.sitkUInt8),
            strict=True,
        )
    )
    if not inside.any():
        return gain * values
    # Normalising moves and stretches all values alike: as the region's own were.
    native = sitk.GetArrayViewFromImage(image)[sitk.GetArrayViewFromImage(mask) == 1]
    spread = float(np.ptp(_held(native)))
    grey = _held(grey)
    stretch = float(np.ptp(values)) / spread if spread else 1.0
    for _ in range(level):
        for axis in range(3):
            shifts = range(-(len(COIF1) // 2), len(COIF1) - len(COIF1) // 2)
            # Edges wrap around in pywt as well.
            grey = sum(
                tap * np.roll(grey, shift, axis) for tap, shift in zip(COIF1, shifts, strict=True)
            )
    return stretch * grey[inside == 1]


def _resampling_bytes(image, mask, settings: dict, grid: dict) -> float:
    voxels = float(mask.GetNumberOfPixels())
    pixel = image.GetSizeOfPixelComponent() * image.GetNumberOfComponentsPerPixel()
    a_voxel = pixel + FILE_BYTES + PACKED_BYTES * pixel
    if (settings.get("setting") or {}).get("normalize"):
        a_voxel += NORMAL_BYTES
    spline = CORNER_BYTES * grid["corner"] + PART_BYTES * grid["part"] if grid["resampled"] else 0
    return voxels * a_voxel + spline + RESULT_BYTES * grid["box"]


def _extraction_bytes(image, settings: dict, grid: dict, levels: dict) -> float:
    types = settings.get("imageType") or {"Original": {}}
    pixel = image.GetSizeOfPixelComponent()
    a_voxel = BOX_BYTES + 2 * max(pixel - 2, 0)
    if "Wavelet" in types:
        deeper = int((types["Wavelet"] or {}).get("level", 1)) - 1
        a_voxel += WAVELET_BYTES + LEVEL_BYTES * max(deeper, 0)
    if not grid["resampled"]:
        a_voxel += WHOLE_BYTES
    matrices = max(_matrix_bytes(levels[kind], grid, settings) for kind in sorted(types))
    return a_voxel * grid["box"] + LINE_BYTES * grid["voxels"] + matrices


def _matrix_bytes(level: dict, grid: dict, settings: dict) -> float:
    """The largest of the matrices of grey levels; they are made one after another."""
    classes = settings.get("featureClass") or dict.fromkeys(("glcm", "glrlm", "glszm"))
    bins, found = level["bins"], level["levels"]
    cell, sizes = 8.0 * DIRECTIONS, [0.0]
    if "glcm" in classes:
        sizes += [cell * bins * (bins + found), cell * GLCM_COPIES * found**2]
    if "glrlm" in classes:
        sizes.append(cell * RUN_COPIES * bins * grid["longest"])
    if "glszm" in classes:
        zone = level["share"] * grid["voxels"] if level["share"] > 0.1 else 0.0
        sizes.append(8.0 * ZONE_COPIES * bins * zone + 8 * grid["voxels"])
    return max(sizes)


def _extraction_seconds(settings: dict, grid: dict, levels: dict, subbands) -> float:
    """Fitted to ``fast_radiomics`` on one core; a guide to what takes minutes or hours.

    pyradiomics as it is takes about twice as long, and for a large region's shape much longer.
    """
    types = settings.get("imageType") or {"Original": {}}
    seconds = 0.01 + 3e-7 * grid["voxels"]  # shape
    for kind in sorted(types):
        own, images = types[kind] or {}, 1
        if kind == "Wavelet":
            images = 8 if subbands is None else len(subbands)
        elif kind == "LoG":
            images = len(own.get("sigma") or [1])
        bins, found = levels[kind]["bins"], levels[kind]["levels"]
        # The grey levels' share grows with their third power: sums along the GLCM's diagonals
        # and, for the coefficient MCC, a product of matrices for each of the levels.
        classes = settings.get("featureClass") or {"glcm": None}
        wanted = classes.get("glcm") or ["MCC"] if "glcm" in classes else []
        cubic = 1.2e-8 * bins * found**2 if "glcm" in classes else 0.0
        cubic += 3.3e-8 * found**3 if "MCC" in wanted else 0.0
        # One of eight wavelet images has the widest range, the others far fewer levels.
        wide = 1 if kind in ("Wavelet", "LoG") else images
        filtered = {"Original": 0.0, "LoG": 1.5e-7}.get(kind, 2e-8) * grid["box"]
        seconds += images * (0.006 + 6e-7 * grid["voxels"] + filtered) + wide * cubic
    return seconds
