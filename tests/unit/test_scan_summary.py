"""What a scan shows that lets it be compared with others."""

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage
from synthetic_dicom import save_series, scan_of, values
from synthetic_scans import OBLIQUE, make, save

from nomoflow.image_fingerprint import image_fingerprint
from nomoflow.images import examine
from nomoflow.prediction import PREDICTED_COLUMNS, predict
from nomoflow.scan_summary import SHELL_MM, field_of_view, summarise

SCAN = {"patient": "P1", "phase": "CT", "reading": "a1", "image": "x.nii", "mask": "y.nii"}


def test_predictions_and_summary_fill_a_row():
    image, mask = make()
    row = summarise(SCAN, image, mask) | predict(image, mask, {}, 1) | SCAN
    assert set(row) - {"image", "mask"} == set(PREDICTED_COLUMNS)


def test_values_inside_and_around_by_another_way():
    image, mask = make(size=(60, 56, 24), radius_mm=8.0)
    row = summarise(SCAN, image, mask)
    grey, inside = sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(mask) == 1
    assert row["inside_mean"] == pytest.approx(grey[inside].mean())
    assert row["inside_sd"] == pytest.approx(grey[inside].std())
    away = ndimage.distance_transform_edt(~inside, sampling=mask.GetSpacing()[::-1])
    # Both measure from voxel centre to voxel centre, ITK from those at the region's border.
    shell = grey[(away >= SHELL_MM[0]) & (away <= SHELL_MM[1])]
    assert row["around_mean"] == pytest.approx(shell.mean(), abs=0.5)
    assert row["around_sd"] == pytest.approx(shell.std(), rel=0.02)
    assert row["around_p90"] == pytest.approx(np.percentile(shell, 90), rel=0.02)


def test_centre_and_field_of_view_in_mm():
    image, mask = make(direction=OBLIQUE)
    row = summarise(SCAN, image, mask)
    places = np.argwhere(sitk.GetArrayFromImage(mask) == 1)[:, ::-1]
    centre = mask.TransformContinuousIndexToPhysicalPoint(places.mean(axis=0).tolist())
    assert [row[f"centre_{axis}_mm"] for axis in "xyz"] == pytest.approx(centre)
    low, high = field_of_view(image)
    index = np.indices(image.GetSize()).reshape(3, -1).T[::7]
    points = np.array([image.TransformIndexToPhysicalPoint(i.tolist()) for i in index])
    assert (points >= low - 1e-9).all() and (points <= high + 1e-9).all()
    assert [float(x) for x in row["field_low_mm"].split()] == pytest.approx(low, rel=1e-5)
    assert [float(x) for x in row["field_high_mm"].split()] == pytest.approx(high, rel=1e-5)


def test_a_region_that_fills_the_image_has_no_surrounding():
    image, mask = make()
    row = summarise(SCAN, image, mask * 0 + 1)
    assert row["around_mean"] == row["around_sd"] == row["around_p90"] == ""


def test_the_digest_is_that_of_content_not_of_file(tmp_path):
    image, mask = make()
    told = image_fingerprint(image)
    for suffix, pixel in (
        (".nii.gz", sitk.sitkInt16),
        (".nrrd", sitk.sitkFloat32),
        (".mha", sitk.sitkInt32),
    ):
        scan = save(tmp_path, sitk.Cast(image, pixel), mask, suffix=suffix)
        assert image_fingerprint(examine(scan)[0]) == told
    assert image_fingerprint(image + 1) != told
    one = sitk.Image(image)
    one[3, 4, 5] = one[3, 4, 5] + 1
    assert image_fingerprint(one) != told
    assert image_fingerprint(make(seed=1)[0]) != told
    negative = sitk.Cast(image, sitk.sitkFloat32) * -0.0
    assert image_fingerprint(negative) == image_fingerprint(image * 0)


def test_a_series_tells_when_it_was_acquired_and_how_it_is_described(tmp_path):
    def row(folder, **entries):
        stored = values()
        save_series(tmp_path / folder, stored, **entries)
        mask = sitk.GetImageFromArray((stored > 1500).astype(np.uint8))
        scan = scan_of(tmp_path / folder, "none")
        image = examine(scan)[0]
        mask.CopyInformation(image)
        return summarise(scan, image, mask)

    late = row("late", AcquisitionTime="143005.50")
    assert late["acquired_s"] == 14 * 3600 + 30 * 60 + 5.5
    assert row("untold")["acquired_s"] == ""
    early = row("early", SeriesDescription="early phase of Doe")
    assert len({late["described"], early["described"], ""}) == 3
    # The patient's name is no part of it.
    same = row("same", SeriesDescription="late phase of Miller", PatientName="Miller^Ann")
    assert same["described"] == late["described"]
    assert summarise(SCAN, *make())["described"] == ""
