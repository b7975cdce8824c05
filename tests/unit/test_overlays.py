"""Planes, outlines and letters of the pictures, against the voxels and the patient's axes."""

from itertools import permutations, product

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_erosion, binary_fill_holes
from synthetic_scans import OBLIQUE, make

from nomoflow.overlay_pictures import COLOURS, Case, draw_outlines, picture, printable, save
from nomoflow.overlays import (
    SHOWN,
    direction_letters,
    grey,
    outline,
    planes,
    region_values,
    sample,
    scale_bar,
    suits,
    window,
)
from nomoflow.surface_view import diagonal_mm, surface_view, view_axes

# All 48 ways in which a file may order and flip its axes.
DIRECTIONS = [
    np.eye(3)[:, list(order)] * np.array(signs)
    for order, signs in product(permutations(range(3)), product((1, -1), repeat=3))
]


@pytest.mark.parametrize("direction", DIRECTIONS, ids=lambda d: str(d.astype(int).tolist()))
def test_the_patient_is_shown_the_same_way_however_the_axes_lie(direction):
    """A voxel further left, back or up in the patient (ITK's own transform) lies further right,
    down or up in the picture; the letters say so."""
    image, mask = make((14, 12, 10), (1.0, 1.0, 1.0), direction=tuple(direction.ravel()),
                       radius_mm=3)  # fmt: skip
    middle = np.array([7, 6, 5])
    for plane in planes([mask], 60):
        letters = plane.letters()
        expected = {"axial": "RLAP", "coronal": "RLSI", "sagittal": "APSI"}[plane.name]
        assert "".join(letters[at] for at in ("left", "right", "top", "bottom")) == expected
        for axis, place in ((0, "left"), (1, "top")):
            patient_axis, sign = SHOWN[plane.name][axis]
            index_axis = int(np.argmax(np.abs(direction[patient_axis])))
            step = np.zeros(3, int)
            step[index_axis] = 2
            there = [
                image.TransformIndexToPhysicalPoint((middle + k * step).tolist())[patient_axis]
                for k in (0, 1)
            ]
            shown = []
            for k in (0, 1):
                one = sitk.Image(mask.GetSize(), sitk.sitkUInt8)
                one.CopyInformation(mask)
                slab = sitk.GetArrayFromImage(one)
                slab[(slice(None),) * (2 - index_axis) + ((middle + k * step)[index_axis],)] = 1
                drawn = sitk.GetImageFromArray(slab)
                drawn.CopyInformation(mask)
                shown.append(np.argwhere(sample(drawn, plane)[0])[:, 1 - axis].mean())
            assert np.sign(shown[1] - shown[0]) == sign * np.sign(there[1] - there[0]), place


def test_letters_of_leaning_directions():
    assert direction_letters(np.array([1.0, 0, 0])) == "L"
    assert direction_letters(np.array([0.0, 0.1, -0.99])) == "I"
    assert direction_letters(np.array([-0.8, -0.6, 0.0])) == "RA"
    assert direction_letters(np.array([0.0, 0.6, 0.8])) == "SP"


@pytest.mark.parametrize("direction", [np.eye(3), DIRECTIONS[17], np.reshape(OBLIQUE, (3, 3))])
def test_pixels_are_the_voxels_that_hold_them(direction):
    """Each pixel against ITK's TransformPhysicalPointToIndex, one by one."""
    image, mask = make((20, 18, 9), (0.8, 0.9, 3.1), direction=tuple(np.ravel(direction)),
                       centre=(11, 7, 5), radius_mm=5)  # fmt: skip
    for plane in planes([mask], 37):
        values, within = sample(image, plane)
        for (row, column), point in (
            ((r, c), plane.points()[r, c]) for r in range(0, 37, 3) for c in range(0, 37, 2)
        ):
            near = np.array(image.TransformPhysicalPointToContinuousIndex(point.tolist()))
            if np.any(np.abs(near % 1 - 0.5) < 1e-4):
                continue  # on the border of two voxels either will do
            index = image.TransformPhysicalPointToIndex(point.tolist())
            inside = all(0 <= i < n for i, n in zip(index, image.GetSize(), strict=True))
            assert within[row, column] == inside
            assert values[row, column] == (image[index] if inside else 0)


def test_slices_are_those_of_largest_area():
    _, mask = make((20, 18, 9), (1.0, 1.0, 3.0), centre=(12, 5, 3), radius_mm=6)
    array = sitk.GetArrayFromImage(mask)
    axial = planes([mask], 50)[0]
    index = mask.TransformPhysicalPointToIndex(axial.centre.tolist())
    assert array[index[2]].sum() == array.sum(axis=(1, 2)).max()
    assert {plane.pixel_mm for plane in planes([mask], 50)} == {axial.pixel_mm}
    with pytest.raises(ValueError, match="empty"):
        planes([mask * 0], 50)


def test_a_second_reader_is_never_cut_off():
    _, mask = make(centre=(12, 12, 8), radius_mm=4)
    _, other = make(centre=(30, 25, 9), radius_mm=4)
    whole = sitk.GetArrayFromImage(other).max(axis=0).any(axis=0).sum() * 0.8
    seen = [sample(mask | other, plane)[0] for plane in planes([mask, other], 400)]
    for edges in ([p[0].any(), p[-1].any(), p[:, 0].any(), p[:, -1].any()] for p in seen):
        assert not any(edges)
    coronal = planes([other, mask], 400)[1]
    drawn = sample(other, coronal)[0].any(axis=0).sum() * coronal.pixel_mm
    assert drawn == pytest.approx(whole, abs=coronal.pixel_mm)


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
@settings(max_examples=40)
def test_an_outline_encloses_the_mask_and_nothing_else(seed, share):
    """scipy: the outline is what erosion by edges takes away; it holds no pixel outside, and each
    pixel of the mask is on it or has all its four neighbours in the mask."""
    inside = np.random.default_rng(seed).random((17, 23)) < share
    drawn = outline(inside)
    assert np.array_equal(drawn, inside & ~binary_erosion(inside))
    blob = binary_fill_holes(inside)
    assert np.array_equal(binary_fill_holes(outline(blob)), blob)


def test_the_outline_in_the_picture_is_that_of_the_voxels():
    """Filled again and taken back to voxels, it is the mask's slice, voxel for voxel."""
    _, mask = make((30, 28, 9), (1.0, 1.0, 3.0), centre=(14, 13, 4), radius_mm=8)
    plane = planes([mask], 200)[0]
    drawn = outline(sample(mask, plane)[0] != 0)
    filled = binary_fill_holes(drawn)
    array = sitk.GetArrayFromImage(mask)[4]
    found = np.zeros_like(array, dtype=bool)
    for point in plane.points()[filled]:
        x, y, z = mask.TransformPhysicalPointToIndex(point.tolist())
        found[y, x] = True
        assert z == 4
    assert np.array_equal(found, array != 0)
    assert filled.sum() * plane.pixel_mm**2 == pytest.approx(array.sum(), rel=0.02)


def test_outlines_that_coincide_are_all_seen():
    ring = outline(np.pad(np.ones((40, 40), bool), 5))
    other = np.zeros_like(ring)
    other[7, 7:20] = True
    panel = np.zeros((*ring.shape, 3), np.uint8)
    drawn = draw_outlines(panel, {"a1": ring, "b1": ring, "a2": ring | other})
    painted = {name: (drawn == COLOURS[name]).all(axis=-1) for name in COLOURS}
    assert np.array_equal(sum(p.astype(int) for p in painted.values()) == 1, ring | other)
    shares = [painted[name][ring].mean() for name in ("a1", "b1", "a2")]
    assert min(shares) > 0.28
    assert painted["a2"][other].all()
    assert not panel.any()


def test_black_and_white():
    image, mask = make(pixel=sitk.sitkFloat32)
    inside = sitk.GetArrayFromImage(image)[sitk.GetArrayFromImage(mask) == 1]
    low, high = np.percentile(inside, [2, 98])
    assert region_values(image, mask) == pytest.approx((low, high), rel=1e-5)
    wide = np.array([-2000.0, 3000.0])
    assert window((10, 30), [wide]) == (-10, 50)
    assert window((10, 30), [np.array([5.0]), np.array([31.0]), np.array([])]) == (5, 31)
    assert window((10, 10), [wide]) == (-2000, 3000)
    assert suits((10, 30), -10, 50) and not suits((-20, 30), -10, 50)
    assert not suits((0, 1), -10, 50)
    shades = grey(np.array([-99, 0, 5, 10, 99]), 0, 10)
    assert shades.tolist() == [0, 0, 128, 255, 255]
    assert set(grey(np.arange(4), 3, 3)) == {128}


@pytest.mark.parametrize(("width", "length"), [(100, 20), (60, 20), (151, 50), (29, 5), (3, 1)])
def test_scale_bars_are_round(width, length):
    assert scale_bar(width) == pytest.approx(length)


def test_the_body_is_to_scale_and_lit_from_above():
    """A ball of 10 mm radius: its silhouette is a disc of that size from any side."""
    _, mask = make((40, 40, 24), (1.0, 1.0, 1.6), radius_mm=10)
    light, hit = surface_view(mask, 50.0, 200)
    assert hit.sum() * 0.25**2 == pytest.approx(np.pi * 10**2, rel=0.06)
    rows, columns = np.nonzero(hit)
    assert abs(rows.mean() - 99.5) < 4 and abs(columns.mean() - 99.5) < 4
    assert light[80:100, 60:100].mean() > light[120:135, 110:130].mean() + 30
    assert 20 * 3**0.5 * 0.9 < diagonal_mm(mask) < 20 * 3**0.5 * 1.2
    axes = view_axes()
    assert axes @ axes.T == pytest.approx(np.eye(3)) and np.linalg.det(axes) == pytest.approx(1)
    assert axes[0][0] > 0 and axes[1][2] < 0 and axes[2][1] > 0  # left, feet, back


@pytest.mark.parametrize("voxels", [[(8, 8, 8)], [(8, 8, 8), (8, 8, 9)]])
def test_the_smallest_body_is_still_seen(voxels):
    array = np.zeros((16, 16, 16), np.uint8)
    for voxel in voxels:
        array[voxel] = 1
    _, hit = surface_view(sitk.GetImageFromArray(array), 12.0, 100)
    assert hit.any() and not hit.all()
    with pytest.raises(ValueError, match="empty"):
        diagonal_mm(sitk.GetImageFromArray(array * 0))


def test_keys_of_any_script_and_length_are_written():
    assert printable("P001") == "P001"
    assert printable("患者1") == "\\u60a3\\u80051"
    long = printable("A" * 50 + "B" * 50)
    assert len(long) == 40 and long.startswith("AAAA") and long.endswith("BBBB") and "..." in long
    assert printable("a\nb\x07") == "a?b?"


def test_the_same_case_gives_the_same_bytes_and_no_words_beside(tmp_path):
    image, mask = make()
    _, other = make(radius_mm=6, seed=2)
    case = Case(image, {"a1": mask, "b1": other})
    pairs = [{"reading_a": "a1", "reading_b": "b1", "dice": "0.912345", "hausdorff95_mm": "1.2",
              "reason": ""}]  # fmt: skip
    for name in ("one.jpg", "two.jpg"):
        save(picture("患者 a very long key " * 5, case, case, pairs), tmp_path / name)
    content = (tmp_path / "one.jpg").read_bytes()
    assert content == (tmp_path / "two.jpg").read_bytes()
    assert len(content) < 100_000  # noise all over: real images take half of that
    # JPEG segments: neither comment (FFFE) nor EXIF (FFE1); only the plain JFIF header.
    assert (
        b"\xff\xfe" not in content[:200]
        and b"Exif" not in content
        and b"\xff\xe1" not in content[:200]
    )
    assert picture("x", case, case, []).size == (812, 493)
