"""Rule simulate_patient: the same bytes each time, and images and masks that are what they say."""

import hashlib
from pathlib import Path
from types import SimpleNamespace as Job

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.distance import pdist
from simulate_patient import main

from nomoflow.phantom import draw_image, draw_mask, draw_noise, draw_scans
from nomoflow.phantom_fields import LATTICE_MM, ellipse, largest_distance, sampled, stream
from nomoflow.phantom_patient import breathing, draw_enhancement, draw_patient
from nomoflow.simulation import PHASES, READINGS, draw_cohort

CLASSES = ("ccRCC", "AML.wovf")


@pytest.fixture(scope="module")
def rows():
    return draw_cohort("t", 6, 6, 0, seed=4)[0]


@pytest.fixture(scope="module")
def small(rows):
    """The patient with the smallest tumour, quickest to draw."""
    return min(rows, key=lambda row: float(row["diameter_mm"]))


def simulate(folder: Path, row, cohort="t", seed=1, phases=PHASES):
    folder.mkdir(parents=True, exist_ok=True)
    output = Job(
        images=[str(folder / f"{phase}.nii.gz") for phase in phases],
        masks=[str(folder / f"{p}_{r}.nii.gz") for p in phases for r in READINGS],
    )
    params = Job(participant=row, seed=seed, phases=list(phases), scanner="A")
    wildcards = Job(cohort=cohort, patient=row["patient"])
    main(Job(output=output, params=params, wildcards=wildcards))
    return output


def digests(output):
    return {
        Path(path).name: hashlib.sha256(Path(path).read_bytes()).hexdigest()
        for path in (*output.images, *output.masks)
    }


def dice(a, b):
    return 2 * np.logical_and(a, b).sum() / (a.sum() + b.sum())


def test_the_same_bytes_twice_and_others_for_another_patient_cohort_or_seed(tmp_path, small):
    first = digests(simulate(tmp_path / "a", small))
    assert first == digests(simulate(tmp_path / "b", small))
    assert len(set(first.values())) == len(first) == 12
    for name, changed in (
        ("id", {"row": small | {"patient": "D999"}}),
        ("cohort", {"row": small, "cohort": "other"}),
        ("seed", {"row": small, "seed": 2}),
    ):
        assert not set(first.values()) & set(digests(simulate(tmp_path / name, **changed)).values())


def test_a_phase_less_leaves_the_others_as_they_were(tmp_path, small):
    whole = digests(simulate(tmp_path / "a", small))
    fewer = digests(simulate(tmp_path / "b", small, phases=("excretory", "corticomedullary")))
    assert fewer.items() <= whole.items() and len(fewer) == 8


def test_streams_are_told_apart_by_every_part_of_their_name():
    names = [(1, "ab", "c"), (1, "a", "bc"), (2, "ab", "c"), (1, "ab", "c", "x"), (1, "ab", "cx")]
    assert len({stream(*name).integers(2**62) for name in names}) == len(names)
    assert stream(1, "a", "b").integers(2**62) == stream(1, "a", "b").integers(2**62)


def test_files_hold_ct_numbers_and_masks_on_one_geometry(tmp_path, small):
    output = simulate(tmp_path, small)
    for k, path in enumerate(output.images):
        image = sitk.ReadImage(path)
        assert image.GetPixelID() == sitk.sitkInt16
        assert 0.6 <= image.GetSpacing()[0] <= 0.9 and 1 <= image.GetSpacing()[2] <= 5
        values = sitk.GetArrayViewFromImage(image)
        assert values.min() < -60 and values.max() > 150  # fat and contrast medium at least
        for mask_path in output.masks[3 * k : 3 * k + 3]:
            assert Path(mask_path).name.startswith(Path(path).name.removesuffix(".nii.gz"))
            mask = sitk.ReadImage(mask_path)
            assert mask.GetPixelID() == sitk.sitkUInt8
            for ask in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
                assert getattr(mask, ask)() == getattr(image, ask)()
            inside = sitk.GetArrayViewFromImage(mask)
            assert set(np.unique(inside)) == {0, 1}
            components = sitk.ConnectedComponent(mask)
            assert sitk.GetArrayViewFromImage(components).max() == 1
            # Room for the filters: nothing is drawn within 20 mm of the first and last slice.
            z = np.flatnonzero(inside.any(axis=(1, 2)))
            margin = min(z[0], len(inside) - 1 - z[-1]) * image.GetSpacing()[2]
            assert margin >= 20


def test_no_temporary_file_is_left(tmp_path, small):
    output = simulate(tmp_path, small)
    assert {path.name for path in tmp_path.iterdir()} == set(digests(output))


def test_the_largest_diameter_is_the_tables(rows):
    for row in rows:
        patient = draw_patient(row, "t", 1)
        wanted = float(row["diameter_mm"])
        assert pdist(patient.tumour.surface).max() == pytest.approx(wanted, abs=0.01)
        # The same from the lattice, on which a border is known to a millimetre at either end.
        depth = patient.tumour.depth
        rim = np.argwhere((depth < 0) & (depth > -1)) * LATTICE_MM
        assert -2.0 < pdist(rim[:: 1 + len(rim) // 1500]).max() - wanted < 0.1


def test_largest_distance_is_that_of_the_farthest_pair():
    points = np.random.default_rng(3).normal(size=(60, 3))
    assert largest_distance(points) == pytest.approx(pdist(points).max(), rel=1e-12)


def test_ellipse_is_a_distance_at_its_border():
    angle = np.linspace(0, 2 * np.pi, 25)
    semi = np.array((20.0, 35.0))
    border = np.stack((semi[0] * np.sin(angle), semi[1] * np.cos(angle)))
    normal = np.stack((np.sin(angle) / semi[0], np.cos(angle) / semi[1]))
    normal /= np.linalg.norm(normal, axis=0)
    for step in (-0.5, 0.0, 0.5):
        points = (border + step * normal).astype(np.float32)
        np.testing.assert_allclose(ellipse(points, (0, 0), semi), step, atol=0.03)


def test_masks_lie_inside_the_border_by_about_the_inset(rows):
    for row in rows[:4]:
        patient = draw_patient(row, "t", 1)
        for phase in PHASES:
            centre = patient.tumour.centre + breathing(patient, phase)
            part = tuple(slice(0, n) for n in patient.grid.shape)
            truth = sampled(patient.tumour.depth, patient.grid, part, centre) < 0
            mask = draw_mask(patient, phase, "a1") > 0
            assert (mask & ~truth).sum() < 0.03 * mask.sum()
            assert 0.65 < mask.sum() / truth.sum() < 0.97


def test_readers_agree_as_readers_do(rows):
    within, between = [], []
    for row in rows:
        patient = draw_patient(row, "t", 1)
        for phase in PHASES[:2]:
            a1, b1, a2 = (draw_mask(patient, phase, reading) for reading in READINGS)
            within.append(dice(a1, a2))
            between.append(dice(a1, b1))
    assert 0.93 < np.mean(within) < 0.96
    assert 0.87 < np.mean(between) < 0.93
    assert min(within) > 0.88 and min(between) > 0.75
    assert np.mean(np.array(within) > between) > 0.85


def test_classes_are_ordered_in_every_phase_as_published():
    """ccRCC enhances more and unevenly, then washes out; AML.wovf evenly and for longer."""
    drawn = draw_cohort("hu", 600, 600, 0, seed=2)[0]
    hu = {d: {p: [] for p in PHASES} for d in CLASSES}
    texture = {d: {p: [] for p in PHASES} for d in CLASSES}
    for row in drawn:
        _, mean, spread = draw_enhancement(row, stream(1, "hu", row["patient"]))
        for phase in PHASES:
            hu[row["diagnosis"]][phase].append(mean[phase])
            texture[row["diagnosis"]][phase].append(spread[phase])
    gaps = []
    for phase in PHASES:
        positive, negative = (np.array(hu[d][phase]) for d in CLASSES)
        spread = np.sqrt(positive.std() * negative.std())
        gaps.append((positive.mean() - negative.mean()) / spread)
        # Overlap is wide: a single number never tells the classes apart.
        assert np.quantile(negative, 0.9) > np.quantile(positive, 0.2)
        assert np.mean(texture["ccRCC"][phase]) > np.mean(texture["AML.wovf"][phase])
    # Corticomedullary best, excretory hardly at all.
    assert gaps[0] > gaps[1] > gaps[2] > 0
    assert gaps[2] < 0.5 < gaps[0] < 1.5
    for diagnosis in CLASSES:
        means = [np.mean(hu[diagnosis][phase]) for phase in PHASES]
        assert means[0] > means[1] > means[2]
    washout = [np.mean(hu[d][PHASES[0]]) - np.mean(hu[d][PHASES[2]]) for d in CLASSES]
    assert washout[0] > washout[1] + 10


def test_the_image_shows_what_was_drawn_for_it(rows):
    """Attenuation inside the first reader's mask follows the patient's, dead tissue apart."""
    wanted, seen = [], []
    for row in rows:
        patient = draw_patient(row, "t", 1)
        image = draw_image(patient, "nephrographic")
        mask = draw_mask(patient, "nephrographic", "a1") > 0
        wanted.append(patient.tumour_hu["nephrographic"])
        seen.append(np.median(image[mask]))
    assert np.corrcoef(wanted, seen)[0, 1] > 0.9
    assert abs(np.median(np.subtract(seen, wanted))) < 8


def test_visible_fat_and_artefacts_are_in_the_images(small):
    row = small | {"diagnosis": "AML.wovf", "diameter_mm": "24"}
    plain, fat, streaks = (
        draw_patient(row | change, "t", 1)
        for change in ({}, {"visible_fat": "yes"}, {"artefact": "yes"})
    )
    phase = PHASES[1]
    inside = draw_mask(plain, phase, "a1") > 0
    assert (draw_image(plain, phase)[inside] < -20).mean() < 0.005
    assert (draw_image(fat, phase)[inside] < -20).mean() > 0.05
    difference = draw_image(streaks, phase).astype(float) - draw_image(plain, phase)
    assert np.abs(difference[inside]).mean() > 20


def test_noise_has_the_scanners_sd_and_goes_together_in_the_plane_alone():
    noise = draw_noise(np.random.default_rng(5), (40, 90, 90), sd=11.0, kernel=0.7)
    assert noise.std() == pytest.approx(11.0, rel=0.02)
    across, along, through = (
        np.corrcoef(noise.ravel(), np.roll(noise, 1, axis).ravel())[0, 1] for axis in (2, 1, 0)
    )
    # A Gaussian kernel of SD k voxels, on itself moved by one: exp(-1 / (4 k^2)).
    expected = np.exp(-1 / (4 * 0.7**2))
    assert across == pytest.approx(expected, abs=0.03)
    assert along == pytest.approx(expected, abs=0.03)
    assert abs(through) < 0.01


def test_a_phase_that_the_phantom_does_not_know_is_named(small):
    with pytest.raises(ValueError, match=r"unenhanced.*corticomedullary"):
        draw_scans(small, "t", 1, ["unenhanced"])
