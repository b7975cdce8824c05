"""The IBSI digital phantom and its consensus values: is this installation of pyradiomics right?

Values: Zwanenburg A, Vallieres M, Abdalah MA, et al. The Image Biomarker Standardization
Initiative. Radiology 2020;295:328-338, doi 10.1148/radiol.2020191145, and the IBSI reference
manual (arXiv 1612.07003), digital phantom; 3D, texture matrices of the 13 directions averaged
(GLCM, GLRLM), distance 1, no discretisation. GLDM is the manual's NGLDM with coarseness 0.
"""

import math

import numpy as np
import SimpleITK as sitk

SPACING_MM = 2.0
# Slices z, rows y, columns x; 0 lies outside the region of interest.
PHANTOM = (
    ((1, 4, 4, 1, 1), (1, 4, 6, 1, 1), (4, 1, 6, 4, 1), (4, 4, 6, 4, 1)),
    ((1, 4, 4, 1, 1), (1, 1, 6, 1, 1), (0, 1, 3, 1, 1), (4, 4, 6, 1, 1)),
    ((1, 4, 4, 0, 0), (1, 1, 1, 1, 1), (1, 1, 0, 1, 1), (1, 1, 6, 1, 1)),
    ((1, 4, 4, 0, 0), (1, 1, 1, 1, 1), (1, 1, 1, 1, 1), (1, 1, 6, 1, 1)),
)
SETTINGS = {
    "setting": {"binWidth": 1, "minimumROIDimensions": 1},
    "featureClass": dict.fromkeys(("firstorder", "glcm", "glrlm", "glszm", "gldm")),
}
# Published value, and the published tolerance where it is not 0.
CONSENSUS = {
    "shape": {
        "MeshVolume": (556, 4),
        "VoxelVolume": (592, 4),
        "SurfaceArea": (388, 3),
        "SurfaceVolumeRatio": (0.698, 0.004),
        "Sphericity": (0.843, 0.005),
        "Maximum3DDiameter": (13.1, 0.1),
        "MajorAxisLength": (11.4, 0.1),
        "MinorAxisLength": (9.31, 0.06),
        "LeastAxisLength": (8.54, 0.05),
        "Elongation": (0.816, 0.005),
        "Flatness": (0.749, 0.005),
    },
    "firstorder": {
        "Mean": 2.15, "Variance": 3.05, "Skewness": 1.08, "Kurtosis": -0.355, "Median": 1,
        "Minimum": 1, "10Percentile": 1, "90Percentile": 4, "Maximum": 6,
        "InterquartileRange": 3, "Range": 5, "MeanAbsoluteDeviation": 1.55,
        "RobustMeanAbsoluteDeviation": 1.11, "Energy": 567, "RootMeanSquared": 2.77,
        "Entropy": 1.27, "Uniformity": 0.512,
    },
    "glcm": {
        "MaximumProbability": 0.503, "JointAverage": 2.14, "SumSquares": 3.1,
        "JointEntropy": 2.4, "DifferenceAverage": 1.43, "DifferenceVariance": 3.06,
        "DifferenceEntropy": 1.56, "SumAverage": 4.29, "SumEntropy": 1.92,
        "JointEnergy": 0.303, "Contrast": 5.32, "Id": 0.677, "Idn": 0.851, "Idm": 0.618,
        "Idmn": 0.898, "InverseVariance": 0.0604, "Correlation": 0.157,
        "Autocorrelation": 5.06, "ClusterTendency": 7.07, "ClusterShade": 16.6,
        "ClusterProminence": 145, "Imc1": -0.157, "Imc2": 0.52,
    },
    "glrlm": {
        "ShortRunEmphasis": 0.705, "LongRunEmphasis": 3.06, "LowGrayLevelRunEmphasis": 0.603,
        "HighGrayLevelRunEmphasis": 9.7, "ShortRunLowGrayLevelEmphasis": 0.352,
        "ShortRunHighGrayLevelEmphasis": 8.54, "LongRunLowGrayLevelEmphasis": 2.39,
        "LongRunHighGrayLevelEmphasis": 17.6, "GrayLevelNonUniformity": 21.8,
        "GrayLevelNonUniformityNormalized": 0.43, "RunLengthNonUniformity": 26.9,
        "RunLengthNonUniformityNormalized": 0.513, "RunPercentage": 0.68,
        "GrayLevelVariance": 3.46, "RunVariance": 0.574, "RunEntropy": 2.43,
    },
    "glszm": {
        "SmallAreaEmphasis": 0.255, "LargeAreaEmphasis": 550, "LowGrayLevelZoneEmphasis": 0.253,
        "HighGrayLevelZoneEmphasis": 15.6, "SmallAreaLowGrayLevelEmphasis": 0.0256,
        "SmallAreaHighGrayLevelEmphasis": 2.76, "LargeAreaLowGrayLevelEmphasis": 503,
        "LargeAreaHighGrayLevelEmphasis": 1490, "GrayLevelNonUniformity": 1.4,
        "GrayLevelNonUniformityNormalized": 0.28, "SizeZoneNonUniformity": 1,
        "SizeZoneNonUniformityNormalized": 0.2, "ZonePercentage": 0.0676,
        "GrayLevelVariance": 2.64, "ZoneVariance": 331, "ZoneEntropy": 2.32,
    },
    "gldm": {
        "SmallDependenceEmphasis": 0.045, "LargeDependenceEmphasis": 109,
        "LowGrayLevelEmphasis": 0.693, "HighGrayLevelEmphasis": 7.66,
        "SmallDependenceLowGrayLevelEmphasis": 0.00963,
        "SmallDependenceHighGrayLevelEmphasis": 0.736,
        "LargeDependenceLowGrayLevelEmphasis": 102,
        "LargeDependenceHighGrayLevelEmphasis": 235, "GrayLevelNonUniformity": 37.9,
        "DependenceNonUniformity": 4.86, "DependenceNonUniformityNormalized": 0.0657,
        "GrayLevelVariance": 3.05, "DependenceVariance": 22.1, "DependenceEntropy": 4.4,
    },
}  # fmt: skip
COLUMNS = ("feature", "value", "expected", "tolerance", "agrees", "note")


def phantom() -> tuple[sitk.Image, sitk.Image]:
    """Image and mask (1 inside) of the digital phantom, 5 x 4 x 4 voxels of 2 mm."""
    grey = np.array(PHANTOM, dtype=np.int16)
    images = sitk.GetImageFromArray(grey), sitk.GetImageFromArray((grey > 0).astype(np.uint8))
    for image in images:
        image.SetSpacing([SPACING_MM] * 3)
    return images


def as_ibsi(feature: str, value: float) -> tuple[float, str]:
    """pyradiomics' value by IBSI's definition, and how the two definitions differ."""
    if feature == "original_firstorder_Kurtosis":
        return value - 3, "pyradiomics gives kurtosis, IBSI excess kurtosis: 3 less"
    if feature.startswith("original_shape_") and feature.endswith("AxisLength"):
        voxels = int(np.count_nonzero(PHANTOM))
        factor = math.sqrt(voxels / (voxels - 1))
        return value * factor, "pyradiomics' covariance divides by n voxels, IBSI's by n - 1"
    return value, ""


def compare(values: dict[str, float]) -> list[dict]:
    """Rows with the columns ``COLUMNS``: features of the phantom beside the consensus.

    Values are published with three significant digits; the tolerance is the published one, but
    at least half a unit of the third digit.
    """
    rows = []
    for group, published in CONSENSUS.items():
        for name, entry in published.items():
            feature = f"original_{group}_{name}"
            expected, given = entry if isinstance(entry, tuple) else (entry, 0)
            tolerance = max(given, half_unit(expected))
            value, note = as_ibsi(feature, values[feature])
            agrees = abs(value - expected) <= tolerance * (1 + 1e-9)
            rows.append(
                dict(zip(COLUMNS, (feature, value, expected, tolerance, agrees, note), strict=True))
            )
    return rows


def half_unit(value: float) -> float:
    """Half a unit of the third significant digit."""
    return 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - 2)
