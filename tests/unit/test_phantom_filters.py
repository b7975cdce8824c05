"""The simulated CT's filters against scipy.ndimage, to the last bit."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import ndimage

from nomoflow.phantom_filters import correlated, gaussian_filtered, interpolated
from nomoflow.study_history import ROOT


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def same(ours, scipys):
    assert ours.dtype == scipys.dtype and ours.shape == scipys.shape
    assert ours.tobytes() == scipys.tobytes()


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("half", [0, 2, 9])  # the last reaches round an axis of 7 more than once
def test_correlated(rng, axis, half):
    array = rng.standard_normal((11, 30, 7), dtype=np.float32)
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / 0.7) ** 2) * 11.3
    same(
        correlated(array, weights, axis),
        ndimage.correlate1d(array, weights, axis=axis, mode="wrap"),
    )


@pytest.mark.parametrize("sd", [0.4, 1.0, 2.63, 5.1])
def test_gaussian_filtered(rng, sd):
    array = rng.standard_normal((31, 40, 13), dtype=np.float32)
    expected = ndimage.gaussian_filter(array, sd, mode="wrap", truncate=3.0)
    same(gaussian_filtered(array, sd), expected)


@pytest.mark.parametrize("step", [(1.0, 1.0, 1.0), (1.25, 0.727, 0.727), (2.5, 0.61, 0.613)])
@pytest.mark.parametrize("first", [(0.0, 0.0, 0.0), (-3.7, 4.2, 11.0), (3.3, -0.1, 29.95)])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_interpolated(rng, step, first, kind):
    field = rng.standard_normal((9, 20, 31)).astype(kind)
    shape = (12, 21, 40)  # beyond the field at its far ends, and with some first beyond its near
    expected = ndimage.affine_transform(field, step, first, shape, order=1, mode="nearest")
    same(interpolated(field, first, step, shape), expected)


def test_drawing_a_patient_imports_no_scipy():
    code = "import sys, simulate_patient; sys.exit('scipy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT / "scripts", check=True)
