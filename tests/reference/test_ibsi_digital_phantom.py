"""IBSI's digital phantom: every consensus value that has a counterpart among pyradiomics' features.

The table of consensus values is read, tag by tag; what has no counterpart is left out by name.
"""

import csv

import numpy as np
import pytest
import SimpleITK as sitk

from nomoflow.extraction import extract, extractor
from nomoflow.ibsi import CONSENSUS, PHANTOM, as_ibsi, half_unit, phantom

CLASSES = ("firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
# IBSI's tag and pyradiomics' name, for features of the region's grey values and shape.
NAMES = {
    "morph_volume": "shape_MeshVolume", "morph_vol_approx": "shape_VoxelVolume",
    "morph_area_mesh": "shape_SurfaceArea", "morph_av": "shape_SurfaceVolumeRatio",
    "morph_sphericity": "shape_Sphericity", "morph_diam": "shape_Maximum3DDiameter",
    "morph_pca_maj_axis": "shape_MajorAxisLength", "morph_pca_min_axis": "shape_MinorAxisLength",
    "morph_pca_least_axis": "shape_LeastAxisLength", "morph_pca_elongation": "shape_Elongation",
    "morph_pca_flatness": "shape_Flatness",
    "stat_mean": "firstorder_Mean", "stat_var": "firstorder_Variance",
    "stat_skew": "firstorder_Skewness", "stat_kurt": "firstorder_Kurtosis",
    "stat_median": "firstorder_Median", "stat_min": "firstorder_Minimum",
    "stat_p10": "firstorder_10Percentile", "stat_p90": "firstorder_90Percentile",
    "stat_max": "firstorder_Maximum", "stat_iqr": "firstorder_InterquartileRange",
    "stat_range": "firstorder_Range", "stat_mad": "firstorder_MeanAbsoluteDeviation",
    "stat_rmad": "firstorder_RobustMeanAbsoluteDeviation", "stat_energy": "firstorder_Energy",
    "stat_rms": "firstorder_RootMeanSquared", "ih_entropy": "firstorder_Entropy",
    "ih_uniformity": "firstorder_Uniformity",
}  # fmt: skip
TEXTURE = {
    "cm_{}_3D_avg": ("glcm", {
        "joint_max": "MaximumProbability", "joint_avg": "JointAverage", "joint_var": "SumSquares",
        "joint_entr": "JointEntropy", "diff_avg": "DifferenceAverage",
        "diff_var": "DifferenceVariance", "diff_entr": "DifferenceEntropy",
        "sum_avg": "SumAverage", "sum_entr": "SumEntropy", "energy": "JointEnergy",
        "contrast": "Contrast", "dissimilarity": "DifferenceAverage", "inv_diff": "Id",
        "inv_diff_norm": "Idn", "inv_diff_mom": "Idm", "inv_diff_mom_norm": "Idmn",
        "inv_var": "InverseVariance", "corr": "Correlation", "auto_corr": "Autocorrelation",
        "clust_tend": "ClusterTendency", "clust_shade": "ClusterShade",
        "clust_prom": "ClusterProminence", "info_corr1": "Imc1", "info_corr2": "Imc2",
        "sum_var": "ClusterTendency",
    }),
    "rlm_{}_3D_avg": ("glrlm", {
        "sre": "ShortRunEmphasis", "lre": "LongRunEmphasis", "lgre": "LowGrayLevelRunEmphasis",
        "hgre": "HighGrayLevelRunEmphasis", "srlge": "ShortRunLowGrayLevelEmphasis",
        "srhge": "ShortRunHighGrayLevelEmphasis", "lrlge": "LongRunLowGrayLevelEmphasis",
        "lrhge": "LongRunHighGrayLevelEmphasis", "glnu": "GrayLevelNonUniformity",
        "glnu_norm": "GrayLevelNonUniformityNormalized", "rlnu": "RunLengthNonUniformity",
        "rlnu_norm": "RunLengthNonUniformityNormalized", "r_perc": "RunPercentage",
        "gl_var": "GrayLevelVariance", "rl_var": "RunVariance", "rl_entr": "RunEntropy",
    }),
    "szm_{}_3D": ("glszm", {
        "sze": "SmallAreaEmphasis", "lze": "LargeAreaEmphasis", "lgze": "LowGrayLevelZoneEmphasis",
        "hgze": "HighGrayLevelZoneEmphasis", "szlge": "SmallAreaLowGrayLevelEmphasis",
        "szhge": "SmallAreaHighGrayLevelEmphasis", "lzlge": "LargeAreaLowGrayLevelEmphasis",
        "lzhge": "LargeAreaHighGrayLevelEmphasis", "glnu": "GrayLevelNonUniformity",
        "glnu_norm": "GrayLevelNonUniformityNormalized", "zsnu": "SizeZoneNonUniformity",
        "zsnu_norm": "SizeZoneNonUniformityNormalized", "z_perc": "ZonePercentage",
        "gl_var": "GrayLevelVariance", "zs_var": "ZoneVariance", "zs_entr": "ZoneEntropy",
    }),
    "ngt_{}_3D": ("ngtdm", {
        "coarseness": "Coarseness", "contrast": "Contrast", "busyness": "Busyness",
        "complexity": "Complexity", "strength": "Strength",
    }),
    "ngl_{}_3D": ("gldm", {
        "lde": "SmallDependenceEmphasis", "hde": "LargeDependenceEmphasis",
        "lgce": "LowGrayLevelEmphasis", "hgce": "HighGrayLevelEmphasis",
        "ldlge": "SmallDependenceLowGrayLevelEmphasis",
        "ldhge": "SmallDependenceHighGrayLevelEmphasis",
        "hdlge": "LargeDependenceLowGrayLevelEmphasis",
        "hdhge": "LargeDependenceHighGrayLevelEmphasis", "glnu": "GrayLevelNonUniformity",
        "dcnu": "DependenceNonUniformity", "dcnu_norm": "DependenceNonUniformityNormalized",
        "gl_var": "GrayLevelVariance", "dc_var": "DependenceVariance",
        "dc_entr": "DependenceEntropy",
    }),
}  # fmt: skip
# Without a counterpart in pyradiomics (its Compactness and SphericalDisproportion are deprecated).
ABSENT = (
    "morph_comp", "morph_sph_dispr", "morph_asphericity", "morph_com", "morph_vol_dens",
    "morph_area_dens", "morph_integ_int", "morph_moran_i", "morph_geary_c", "loc_peak",
    "stat_medad", "stat_cov", "stat_qcod", "ih_", "ivh_", "dzm_", "ngl_glnu_norm", "ngl_dc_perc",
    "ngl_dc_energy",
)  # fmt: skip
OTHER_MERGING = ("_2D_avg", "_2D_comb", "_2_5D_avg", "_2_5D_comb", "_3D_comb", "_2D", "_2_5D")


def tags() -> dict[str, str]:
    found = dict(NAMES)
    for pattern, (group, names) in TEXTURE.items():
        found |= {pattern.format(tag): f"{group}_{name}" for tag, name in names.items()}
    return {tag: f"original_{name}" for tag, name in found.items()}


@pytest.fixture(scope="module")
def consensus(study_data):
    path = study_data / "ibsi_digital_phantom/reference/full_digital_phantom.csv"
    with open(path, newline="", encoding="utf-8-sig") as file:
        return {
            row["tag"]: (float(row["reference value"]), float(row["tolerance"] or 0))
            for row in csv.DictReader(file)
            if row["reference value"]
        }


@pytest.fixture(scope="module")
def values(study_data):
    """Features of the published files."""
    folder = study_data / "ibsi_digital_phantom/nifti"
    image, mask = (sitk.ReadImage(str(folder / f"{part}.nii.gz")) for part in ("image", "mask"))
    settings = {"setting": {"binWidth": 1}, "featureClass": dict.fromkeys(CLASSES)}
    return extract(image, mask, extractor(settings, shape=True))


def test_every_comparable_value_agrees(consensus, values):
    for tag, feature in tags().items():
        expected, tolerance = consensus[tag]
        tolerance = max(tolerance, half_unit(expected))
        found = as_ibsi(feature, values[feature])[0]
        assert abs(found - expected) <= tolerance * (1 + 1e-9), (tag, feature, found, expected)


def test_nothing_comparable_is_left_out(consensus):
    left = [
        tag for tag in consensus
        if tag not in tags() and not tag.startswith(ABSENT) and not tag.endswith(OTHER_MERGING)
    ]  # fmt: skip
    assert left == []
    assert len(tags()) == 104


def test_values_typed_into_the_workflow_are_the_published_ones(consensus):
    by_feature = {}
    for tag, feature in tags().items():
        by_feature.setdefault(feature, consensus[tag])
    for group, published in CONSENSUS.items():
        for name, entry in published.items():
            value = entry if isinstance(entry, tuple) else (entry, 0)
            assert by_feature[f"original_{group}_{name}"] == value, name
    typed = {f"original_{group}_{name}" for group, names in CONSENSUS.items() for name in names}
    assert {name for name in by_feature if "ngtdm" not in name} == typed


def test_phantom_typed_into_the_workflow_is_the_published_one(study_data):
    folder = study_data / "ibsi_digital_phantom/nifti"
    image, mask = (sitk.ReadImage(str(folder / f"{part}.nii.gz")) for part in ("image", "mask"))
    grey, inside = sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(mask)
    assert np.array_equal(np.where(inside == 1, grey, 0), np.array(PHANTOM))
    assert phantom()[0].GetSpacing() == image.GetSpacing()
