"""The simulated centres' scanners: other voxels, noise, calibration and readers than the demo's."""

from dataclasses import replace

import numpy as np
import pytest

from nomoflow.phantom import draw_image, draw_mask, draw_scans
from nomoflow.phantom_patient import draw_patient
from nomoflow.phantom_scanner import SCANNERS, THICKNESSES_MM
from nomoflow.simulation import PHASES, draw_cohort

PHASE = PHASES[1]
A = SCANNERS["A"]


@pytest.fixture(scope="module")
def rows():
    return draw_cohort("t", 4, 4, 0, seed=4, largest_mm=18)[0]


def scanned(row, scanner):
    return draw_patient(row, "t", 1, scanner)


def inside(row, scanner):
    """Hounsfield units within the first reader's mask of scanner A's image, on A's grid."""
    mask = draw_mask(scanned(row, A), PHASE, "a1") > 0
    return draw_image(scanned(row, scanner), PHASE)[mask].astype(float)


@pytest.mark.parametrize("name", sorted(SCANNERS))
def test_a_scanner_keeps_to_its_limits_and_its_probabilities_add_up(rows, name):
    scanner = SCANNERS[name]
    assert sum(scanner.thickness) == pytest.approx(1)
    possible = {t for t, p in zip(THICKNESSES_MM, scanner.thickness, strict=True) if p}
    for row in rows:
        patient = scanned(row, scanner)
        assert scanner.pixel_mm[0] - 0.001 <= patient.grid.spacing[1] <= scanner.pixel_mm[1] + 0.001
        assert patient.grid.spacing[0] in possible
        assert scanner.noise_hu[0] <= patient.noise_sd <= scanner.noise_hu[1]


def test_a_patient_is_the_same_whoever_scans(rows):
    for row in rows:
        tumours = [scanned(row, scanner) for scanner in SCANNERS.values()]
        for patient in tumours[1:]:
            assert (patient.tumour.depth == tumours[0].tumour.depth).all()
            assert patient.tumour_hu == tumours[0].tumour_hu


def test_without_a_scanner_it_is_scanner_a(rows):
    images, masks, grid = draw_scans(rows[0], "t", 1, [PHASE])
    own = draw_scans(rows[0], "t", 1, [PHASE], "A")
    assert grid == own[2]
    assert all((a == b).all() for a, b in zip([*images, *masks], [*own[0], *own[1]], strict=True))


def test_calibration_moves_every_voxel_alike(rows):
    shifts = []
    for row in rows:
        drifted = replace(A, offset_hu=(-4.0, 0.0))
        difference = inside(row, drifted) - inside(row, A)
        assert np.abs(difference + 4).max() <= 1  # rounded to whole units
        shifts.append(scanned(row, SCANNERS["C"]).offset_hu)
    assert np.std(shifts) > 0.5  # each patient's own


def test_gain_changes_contrast_alone(rows):
    row = rows[0]
    plain, bright = (draw_image(scanned(row, replace(A, gain=g)), PHASE) for g in (1.0, 1.1))
    quiet = [draw_image(replace(scanned(row, replace(A, gain=g)), noise_sd=0.0), PHASE)
             for g in (1.0, 1.1)]  # fmt: skip
    assert (quiet[0] < 0).any() and (quiet[0] > 100).any()
    below = quiet[0] < -1
    assert (quiet[1][below] == quiet[0][below]).all()
    above = quiet[0] > 20
    np.testing.assert_allclose(quiet[1][above], 1.1 * quiet[0][above], atol=1.2)
    assert (plain != bright).any()


def test_noise_is_finer_and_stronger_at_c_than_at_b(rows):
    """Between two draws that differ in noise alone: SD, and how neighbours go together."""

    def noise(row, scanner):
        patient = scanned(row, scanner)
        still = replace(patient, noise_sd=0.0)
        return draw_image(patient, PHASE).astype(float) - draw_image(still, PHASE)

    def next_to(field):
        return np.corrcoef(field[:, :, 1:].ravel(), field[:, :, :-1].ravel())[0, 1]

    b, c = ([noise(row, SCANNERS[name]) for row in rows[:4]] for name in "BC")
    assert max(one.std() for one in b) < 11.5
    assert min(one.std() for one in c) > 10.5
    assert min(map(next_to, b)) > max(map(next_to, c))


def test_readers_of_b_draw_half_a_millimetre_more(rows):
    """The mean radius, from the volume, on the same grid."""
    more = replace(A, inset_mm=SCANNERS["B"].inset_mm)
    for row in rows:
        volumes = [
            (draw_mask(scanned(row, one), PHASE, "a1") > 0).sum()
            * np.prod(scanned(row, one).grid.spacing)
            for one in (A, more)
        ]
        radii = [(3 * volume / (4 * np.pi)) ** (1 / 3) for volume in volumes]
        assert 0.3 < radii[1] - radii[0] < 0.7


def test_readers_of_c_draw_smoother_borders(rows):
    """Fewer faces of voxels on the border of as large a region."""

    def roughness(row, scanner):
        mask = draw_mask(scanned(row, scanner), PHASE, "a1").astype(np.int8)
        faces = sum(np.abs(np.diff(mask, axis=axis)).sum() for axis in (1, 2))
        return faces / mask.sum() ** (2 / 3)

    c = SCANNERS["C"]
    smooth = replace(A, border_sd=c.border_sd, border_mm=c.border_mm)
    ratios = [roughness(row, smooth) / roughness(row, A) for row in rows]
    assert np.mean(ratios) < 0.99 and np.mean(np.array(ratios) < 1) > 0.7


def test_a_scanner_that_there_is_not(rows):
    with pytest.raises(ValueError, match="'D'; allowed are A, B, C"):
        draw_scans(rows[0], "t", 1, [PHASE], "D")
