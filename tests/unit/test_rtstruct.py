"""RTSTRUCT: polygons filled as by hand and by another library, and each fault by its name."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path as Polygon
from synthetic_dicom import in_mm, save_series, save_structures, scan_of, slice_corner

from nomoflow.images import ImageProblem, check_scan, read_scan
from nomoflow.rtstruct import fill_polygon, filled

SQUARE = np.array([(2.5, 3.5), (8.5, 3.5), (8.5, 10.5), (2.5, 10.5)])  # 6 columns, 7 rows
HOLE = np.array([(4.5, 5.5), (6.5, 5.5), (6.5, 8.5), (4.5, 8.5)])  # 2 columns, 3 rows
OBLIQUE = (0.96, 0.28, 0, -0.28, 0.96, 0)


def test_square_by_hand():
    inside = fill_polygon(SQUARE, (18, 20))
    expected = np.zeros((18, 20), dtype=bool)
    expected[4:11, 3:9] = True
    assert np.array_equal(inside, expected)


@given(st.lists(st.tuples(st.floats(-4, 24), st.floats(-4, 20)), min_size=3, max_size=12))
def test_any_polygon_as_even_odd_counting_has_it(corners):
    """Each centre by itself: how often a ray to the right crosses the outline (brute force)."""
    corners = np.array(corners)
    following = np.roll(corners, -1, axis=0)
    expected = np.zeros((18, 20), dtype=bool)
    near = np.zeros_like(expected)
    for row, column in np.ndindex(18, 20):
        crossings = 0
        for (x1, y1), (x2, y2) in zip(corners, following, strict=True):
            if (y1 > row) != (y2 > row):
                at = x1 + (row - y1) * (x2 - x1) / (y2 - y1)
                crossings += at > column
                near[row, column] |= abs(at - column) < 1e-9
            near[row, column] |= min(abs(y1 - row), abs(y2 - row)) < 1e-9
        expected[row, column] = crossings % 2 == 1
    assert np.array_equal(fill_polygon(corners, (18, 20))[~near], expected[~near])


def test_outline_as_matplotlib_has_it():
    """A simple outline of many points; matplotlib.path.Path.contains_points."""
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    radius = 30 + 8 * np.sin(5 * angle) + 3 * np.cos(11 * angle)
    corners = np.column_stack([50.2 + radius * np.cos(angle), 44.3 + radius * np.sin(angle)])
    y, x = np.mgrid[:90, :100]
    centres = np.column_stack([x.ravel(), y.ravel()])
    expected = Polygon(corners).contains_points(centres).reshape(90, 100)
    assert np.array_equal(fill_polygon(corners, (90, 100)), expected)


@given(st.integers(0, 16), st.integers(0, 18))
def test_polygons_that_share_a_side_share_no_pixel(row, column):
    """A rectangle cut through pixel centres: each centre belongs to one part."""
    whole = np.array([(0, 0), (19, 0), (19, 17), (0, 17)], dtype=float)
    middle = np.array([(column, 0), (19, 0), (19, 17), (row, 17)], dtype=float)
    rest = np.array([(0, 0), (column, 0), (row, 17), (0, 17)], dtype=float)
    parts = fill_polygon(middle, (18, 20)).astype(int) + fill_polygon(rest, (18, 20))
    assert np.array_equal(parts, fill_polygon(whole, (18, 20)).astype(int))


def test_channel_to_a_hole_has_no_width():
    """The outline goes through a channel around the hole and back the same way."""
    channel = np.array([*SQUARE, SQUARE[0], HOLE[0], *HOLE[::-1], SQUARE[0]])
    expected = fill_polygon(SQUARE, (18, 20)) & ~fill_polygon(HOLE, (18, 20))
    assert np.array_equal(fill_polygon(channel, (18, 20)), expected)
    assert expected.sum() == 6 * 7 - 2 * 3


def test_hole_island_and_a_second_part():
    island = np.array([(4.9, 6.5), (5.5, 6.5), (5.5, 7.5), (4.9, 7.5)])
    apart = np.add(SQUARE, [9, 0])
    array = filled([(1, SQUARE), (1, HOLE), (1, island), (1, apart)], (20, 18, 3))
    assert array[1].sum() == 2 * 42 - 6 + 1
    assert array[1, 7, 5] == 1 and array[1, 6, 5] == 0
    assert not array[[0, 2]].any()


def contours(*slices, corners=SQUARE, orientation=(1, 0, 0, 0, 1, 0)):
    return [in_mm(corners, k, orientation) for k in slices]


@pytest.fixture
def series(tmp_path):
    return save_series(tmp_path / "series")


def fault(series, tmp_path, drawn, label="tumour", **entries) -> ImageProblem:
    mask = save_structures(tmp_path / "rs.dcm", {"tumour": drawn}, **entries)
    rows = check_scan(scan_of(series, mask, label), {"minimum_voxels": 1})
    assert len(rows) == 1
    assert rows[0]["file"] == str(mask) and rows[0]["remedy"] and "Doe" not in str(rows)
    return rows[0]


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1), OBLIQUE])
@pytest.mark.parametrize("label", ["tumour", "Tumour ", "2"])
def test_structure_lies_where_it_was_drawn(tmp_path, orientation, label):
    folder = save_series(tmp_path / "series", orientation=orientation)
    drawn = contours(1, 2, 3, orientation=orientation)
    other = contours(0, corners=HOLE, orientation=orientation)
    mask = save_structures(tmp_path / "rs" / "rs.dcm", {"organ": other, "tumour": drawn})
    image, region = read_scan(scan_of(folder, mask.parent, label))
    expected = np.zeros((6, 18, 20), dtype=np.uint8)
    expected[1:4, 4:11, 3:9] = 1
    assert np.array_equal(sitk.GetArrayFromImage(region), expected)
    assert region.GetDirection() == image.GetDirection()


def test_structure_on_an_image_that_is_no_dicom(tmp_path, series):
    image, _ = read_scan(scan_of(series, save_structures(tmp_path / "a.dcm", {"t": contours(1)})))
    sitk.WriteImage(image, str(tmp_path / "image.nii.gz"))
    mask = save_structures(tmp_path / "rs.dcm", {"t": contours(1, 2)})
    _, region = read_scan(scan_of(tmp_path / "image.nii.gz", mask))
    assert sitk.GetArrayFromImage(region)[1:3, 4:11, 3:9].all()
    assert sitk.GetArrayFromImage(region).sum() == 2 * 42


def test_structures_are_listed(tmp_path, series):
    row = fault(series, tmp_path, contours(1), label="GTV")
    assert row["problem"] == "label GTV is not in the mask"
    assert row["found"] == "labels 1 'tumour'"


def test_points_alone(tmp_path, series):
    row = fault(series, tmp_path, contours(1), kind="POINT")
    assert "not made of closed contours" in row["problem"]
    assert row["found"] == "1 contours: POINT"


def test_structure_without_contours(tmp_path, series):
    assert fault(series, tmp_path, [])["found"] == "0 contours"


def test_contour_of_two_points_encloses_nothing(tmp_path, series):
    row = fault(series, tmp_path, contours(1, corners=SQUARE[:2]))
    assert "encloses anything" in row["problem"]


def test_other_frame_of_reference(tmp_path, series):
    row = fault(series, tmp_path, contours(1), FrameOfReferenceUID="9.9.9")
    assert "another frame of reference" in row["problem"]


@pytest.mark.parametrize(
    ("drawn", "problem", "found"),
    [
        (contours(1, 2.4), "between the image's slices", "up to 0.4 slices off"),
        (contours(1, 7), "outside the image", "1 of 2 contours"),
        (contours(1, corners=SQUARE - [5, 0]), "outside the image", "1 of 1 contours"),
        (contours(1, 1), "a contour is there twice", "slice 2: 42 voxels inside both"),
        (
            [in_mm(SQUARE, 1), in_mm(np.add(SQUARE, [3, 0]), 1)],
            "contours cross each other",
            "slice 2: 21 voxels inside both",
        ),
        (
            contours(0, 1, 4),
            "slices without a contour",
            "none from slice 3 to 4; contours on 3 of 5 slices",
        ),
    ],
)
def test_faulty_contours(tmp_path, series, drawn, problem, found):
    row = fault(series, tmp_path, drawn)
    assert problem in row["problem"]
    assert found in row["found"]


def test_contour_that_leaves_its_plane(tmp_path, series):
    points = in_mm(SQUARE, 1)
    points[0, 2] += 1.0
    assert "do not lie in the image's planes" in fault(series, tmp_path, [points])["problem"]


def test_bodies_apart_need_no_contours_between_them(tmp_path, series):
    drawn = [*contours(0), *contours(3, corners=np.add(SQUARE, [9, 0]))]
    mask = save_structures(tmp_path / "rs.dcm", {"tumour": drawn})
    _, region = read_scan(scan_of(series, mask))
    assert sitk.GetArrayFromImage(region).sum() == 2 * 42


def test_contours_follow_slices_that_are_nearly_even(tmp_path):
    """A slice 0.1 mm beside its place, its contour with it: the contour lies on that slice."""
    places = {k: [*slice_corner(k)[:2], -63 + 2.5 * k + 0.1 * (k == 3)] for k in range(6)}
    folder = save_series(tmp_path / "s", change=lambda k: {"ImagePositionPatient": places[k]})
    points = np.add(in_mm(SQUARE, 3), [0, 0, 0.1])
    mask = save_structures(tmp_path / "rs.dcm", {"tumour": [points]})
    _, region = read_scan(scan_of(folder, mask))
    assert sitk.GetArrayFromImage(region)[3].sum() == 42
