"""What a scan will cost, against pyradiomics itself and against what processes really took."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from radiomics import imageoperations
from synthetic_scans import OBLIQUE, make, save

from nomoflow.image_resampling import resample
from nomoflow.prediction import PREDICTED_COLUMNS, binned, predict

ROOT = Path(__file__).resolve().parents[2]
ALL = {
    "setting": {"binWidth": 25, "interpolator": "sitkBSpline", "padDistance": 5},
    "imageType": {"Original": {}, "Wavelet": {}, "LoG": {"sigma": [1.0, 3.0]}},
}


def with_setting(**setting):
    return {**ALL, "setting": {**ALL["setting"], **setting}}


@pytest.mark.parametrize("spacing", [None, 1.0, 2.0, [0.7, 0, 1.5]])
@pytest.mark.parametrize("direction", [OBLIQUE, (1, 0, 0, 0, 1, 0, 0, 0, 1)])
def test_voxels_are_those_that_resampling_gives(spacing, direction):
    image, mask = make(radius_mm=9.0, size=(40, 36, 20), direction=direction)
    told = predict(image, mask, ALL, spacing)
    after = resample(image, mask, spacing, ALL)[1]
    inside = sitk.GetArrayFromImage(after)
    assert told["voxels"] == int(sitk.GetArrayFromImage(mask).sum())
    assert told["volume_mm3"] == pytest.approx(told["voxels"] * 0.8 * 0.8 * 2.5)
    assert told["voxels_after"] == pytest.approx(float(inside.sum()), rel=0.1)
    if spacing is not None:  # without resampling pyradiomics keeps the whole image
        assert told["box_voxels_after"] == pytest.approx(inside.size, rel=0.15)
    assert set(told) < set(PREDICTED_COLUMNS)


@given(
    st.lists(st.integers(-3000, 3000), min_size=2, max_size=60),
    st.sampled_from([1, 2.5, 25, 40.0]),
)
def test_bins_are_those_of_pyradiomics(values, width):
    values = np.array(values, dtype=float)
    matrix, _ = imageoperations.binImage(
        values[None], np.ones((1, len(values)), bool), binWidth=width
    )
    levels, counts = np.unique(matrix, return_counts=True)
    told = binned(values, width)
    assert told["bins"] == levels.max()
    assert told["levels"] == len(levels)
    assert told["share"] == pytest.approx(counts.max() / len(values))


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=60), st.integers(2, 64))
def test_a_count_of_bins_is_the_count(values, count):
    assert binned(np.array(values, dtype=float), 25, count)["bins"] == count


def test_bins_follow_the_settings_of_the_phase():
    image, mask = make()
    values = sitk.GetArrayFromImage(image)[sitk.GetArrayFromImage(mask) == 1]
    span = np.floor(values.max() / 25) - np.floor(values.min() / 25) + 1
    assert predict(image, mask, ALL, 1)["bins"] == span
    assert predict(image, mask, with_setting(binCount=32), 1)["bins"] == 32
    assert predict(image, mask, with_setting(resegmentRange=[0, 24.9]), 1)["bins"] == 1
    normal = with_setting(normalize=True, normalizeScale=100)
    whole = sitk.GetArrayFromImage(image).astype(float)
    scaled = 100 * (values - whole.mean()) / whole.std(ddof=1)
    assert predict(image, mask, normal, 1)["bins"] == binned(scaled, 25)["bins"]


def test_more_of_anything_is_not_predicted_to_cost_less():
    image, mask = make(radius_mm=9.0, size=(40, 36, 20))

    def cost(settings, spacing, *rest):
        told = predict(image, mask, settings, spacing, *rest)
        return np.array([told["memory_mb"], told["seconds"]])

    assert (cost(ALL, 0.4) > cost(ALL, 1.0)).all()
    assert (cost(with_setting(binWidth=0.25), 0.4) > cost(ALL, 0.4)).all()
    assert (cost(ALL, 0.4) >= cost(ALL, 0.4, ["HHH"])).all()
    assert (cost(ALL, 0.4) > cost({**ALL, "imageType": {"Original": {}}}, 0.4)).all()


def test_an_absurd_scan_is_predicted_at_once_to_be_beyond_all_memory():
    image, mask = make()
    assert predict(image, mask, ALL, 0.001)["memory_mb"] > 1e8
    wide = sitk.Cast(image, sitk.sitkFloat64) * 1e200
    assert predict(wide, mask, ALL, 1)["memory_mb"] > 1e6


@pytest.mark.parametrize(
    ("size", "radius", "width", "spacing"),
    [((48, 44, 30), 12, 25, 1.0), ((48, 44, 30), 16, 0.5, 0.8), ((256, 256, 60), 9, 25, 1.0)],
)
def test_memory_is_neither_promised_too_low_nor_twice_too_high(
    tmp_path, size, radius, width, spacing
):
    scan = save(tmp_path, *make(size=size, radius_mm=radius))
    settings = with_setting(binWidth=width)
    settings["imageType"] = {"Original": {}}
    case = {
        "folder": str(tmp_path),
        "files": {part: scan[part] for part in ("image", "mask")},
        "settings": settings,
        "spacing_mm": spacing,
    }

    def step(name):
        # A process begins with its parent's peak, so it is not this one's child but a shell's.
        done = subprocess.run(
            ["/bin/sh", "-c", '"$0" "$1" --step "$2" "$3"; exit $?', sys.executable,
             str(ROOT / "benchmarks/predicted_memory.py"), name, json.dumps(case)],
            capture_output=True, check=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        return json.loads(done.stdout)

    told = step("predict")
    for name in ("resample", "extract"):
        assert 0.9 <= told[f"{name}_mb"] / step(name)["mb"] <= 2
