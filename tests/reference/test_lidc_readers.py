"""Thirty lung nodules, each drawn by four radiologists (LIDC-IDRI): overlap, distances, volumes."""

from itertools import combinations

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.ndimage import binary_erosion
from scipy.spatial import cKDTree

from nomoflow.icc import intraclass_correlation
from nomoflow.mask_distances import compare
from nomoflow.run import read_rows

READERS = (1, 2, 3, 4)


@pytest.fixture(scope="module")
def lidc(study_data):
    folder = study_data / "lidc_four_readers"
    if not folder.is_dir():
        pytest.skip("the folder lidc_four_readers is not among the real data")
    return folder


@pytest.fixture(scope="module")
def masks(lidc):
    nodules = sorted({row["nodule"] for row in read_rows(lidc / "readers.csv")})
    return {
        (nodule, reader): sitk.ReadImage(str(lidc / f"masks/{nodule}_reader{reader}.nii.gz"))
        for nodule in nodules
        for reader in READERS
    }


@pytest.fixture(scope="module")
def pairs(masks):
    """Every pair of readers of every nodule: both masks, and what is measured."""
    nodules = sorted({nodule for nodule, _ in masks})
    found = [
        (masks[nodule, a], masks[nodule, b])
        for nodule in nodules
        for a, b in combinations(READERS, 2)
    ]
    return [(a, b, compare(a, b)) for a, b in found]


def points(mask):
    """Surface voxels in mm: what scipy's erosion by faces takes away, the edge being outside."""
    inside = sitk.GetArrayFromImage(mask) != 0
    return np.argwhere(inside & ~binary_erosion(inside)) * mask.GetSpacing()[::-1]


def test_overlap_equals_that_of_itk(pairs):
    assert len(pairs) == 180
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    for a, b, measured in pairs:
        overlap.Execute(sitk.Cast(a != 0, sitk.sitkUInt8), sitk.Cast(b != 0, sitk.sitkUInt8))
        assert measured["dice"] == pytest.approx(overlap.GetDiceCoefficient(), abs=1e-12)
        assert measured["jaccard"] == pytest.approx(overlap.GetJaccardCoefficient(), abs=1e-12)


def test_distances_equal_those_of_a_k_d_tree(pairs):
    for a, b, measured in pairs:
        one, other = points(a), points(b)
        directed = cKDTree(other).query(one)[0], cKDTree(one).query(other)[0]
        expected = {
            "hausdorff_mm": max(map(np.max, directed)),
            "hausdorff95_mm": max(np.percentile(part, 95) for part in directed),
            "mean_surface_mm": np.concatenate(directed).mean(),
        }
        found = {name: measured[name] for name in expected}
        assert found == pytest.approx(expected, rel=1e-6)


def test_hausdorff_distance_against_itk(pairs):
    """ITK measures between the filled masks: never more, and the same where no voxel deep inside
    the other mask is the farthest from its surface."""
    itk = sitk.HausdorffDistanceImageFilter()
    same = 0
    for a, b, measured in pairs:
        itk.Execute(sitk.Cast(a != 0, sitk.sitkUInt8), sitk.Cast(b != 0, sitk.sitkUInt8))
        filled = itk.GetHausdorffDistance()
        assert filled <= measured["hausdorff_mm"] * (1 + 1e-6)
        same += filled == pytest.approx(measured["hausdorff_mm"], rel=1e-5)
    assert same > 150


def test_volumes_equal_the_readers_table(lidc, masks, pairs):
    told = {
        (row["nodule"], int(row["reader"])): (int(row["voxels"]), float(row["volume_mm3"]))
        for row in read_rows(lidc / "readers.csv")
    }
    assert set(told) == set(masks)
    for key, mask in masks.items():
        alone = compare(mask, mask)
        voxels, volume = told[key]
        assert alone["volume_a_mm3"] == pytest.approx(volume, abs=0.051)  # one decimal is told
        counted = alone["volume_a_mm3"] / np.prod(mask.GetSpacing())
        assert counted == pytest.approx(voxels, rel=1e-12)


def test_icc_of_the_volumes_equals_that_of_r(lidc):
    """irr::icc(volumes, model, type, unit = "single"): estimate and 95 % limits, 30 x 4 volumes."""
    rows = read_rows(lidc / "readers.csv")
    nodules = sorted({row["nodule"] for row in rows})
    volume = {(row["nodule"], int(row["reader"])): float(row["volume_mm3"]) for row in rows}
    ratings = np.array([[volume[nodule, reader] for reader in READERS] for nodule in nodules])
    forms = {
        ("oneway", "consistency"): "ICC(1,1)",
        ("twoway", "agreement"): "ICC(A,1)",
        ("twoway", "consistency"): "ICC(C,1)",
    }
    lines = (lidc / "reference_icc.txt").read_text(encoding="utf-8").splitlines()
    told = {tuple(line.split()[:2]): [float(x) for x in line.split()[2:]] for line in lines if line}
    assert set(told) == set(forms)
    for key, expected in told.items():
        found = intraclass_correlation(ratings[:, :, None], forms[key])
        assert [float(part[0]) for part in found] == pytest.approx(expected, rel=1e-6)


def test_no_mask_is_read_askew(pairs):
    """All four readers drew the same nodule: masks of one nodule overlap, most of them widely."""
    dice = np.array([measured["dice"] for _, _, measured in pairs])
    assert np.median(dice) > 0.75 and dice.min() > 0.25
