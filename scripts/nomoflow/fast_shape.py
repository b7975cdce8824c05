"""The surface mesh of a region: the numbers of pyradiomics' compiled code, sooner.

That code compares each vertex of the mesh with each other to find the largest diameters. Two
vertices that are farthest apart are corners of the convex hull, in space and in each plane that
holds both, so that corners alone are compared here. It gives area and volume in the same call, so
these are added up here too: by the same operations on 64-bit floats in the same order, which gives
the same bits unless a compiler has fused some of them (``hindrance``).
"""

from functools import cache

import numpy as np
from radiomics import cShape

# The corners (z, y, x) of a cube of eight neighbouring voxels, one bit each of the cube's number,
# and its edges; where one corner of an edge lies inside, its middle is a vertex of the mesh.
CORNERS = ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0))
EDGES = ((1, 0), (2, 1), (3, 2), (3, 0), (5, 4), (6, 5), (7, 6), (7, 4), (4, 0), (5, 1), (6, 2),
         (7, 3))  # fmt: skip
MIDDLES = np.array(CORNERS)[np.array(EDGES)].mean(axis=1)
# The triangles of cubes 1 to 127 by marching cubes (Lorensen and Cline 1987), as pyradiomics has
# them: an edge is a digit of base 16, a triangle three. Cubes from 128 on are those inside out.
TRIANGLES = """\
    083 190 183198 12a 08312a 92a029 2832a8a98 b23 b2008b 190b23 b2119b98b 3a1ba3 a1008a8ba
    9033b9ba9 98aba8 478 043473 190478 194147173 12a478 34730412a 92a902478 2a9297273479 478b23
    b47b24204 190478b23 47b94bb29192 3a1ba3478 ba114b10447b 4789033b9ba9 47b4b99ba 954 954083
    054015 854835315 12a954 08312a954 2a5542240 2a5325354834 954b23 b2008b954 054015b23
    215258b28548 3a1ba3954 549a1008a8ba 54050ba5bb03 548a58ba8 789579 309539357 780017715 157173
    78957912a 12a309395357 0288258572a5 2a5253357 579789b23 579972209b27 b23018178157 21b17b157
    7895793a1ba3 5705097b0a10ba0 ba003ba50078570 ba557b 65a 08365a 19065a 18319865a 165126
    165126083 965906026 598582526832 b2365a b2008b65a 190b2365a b2119b98b65a 63b653513 08b0b50515b6
    63b036065059 65969bb98 47865a 04347365a 19047865a 19414717365a 478165126 043473165126
    478965906026 739479329596269 b2347865a b47b2420465a 190b2347865a 47b94bb2919265a 47863b653513
    51b5b610b47b04b 47863b036065059 65969b4797b9 a4964a a4964a083 01aa60640 18316886461a 149124264
    149124264083 024426 832824426 b23a4964a b2008ba4964a b2301aa60640 64161a148b2118b 964369139b63
    18b081b61149641 63b036640 86468b 67a78a89a 67a0a709a073 67a1a7178018 67a1a7173 126168189678
    269129679309739 078706602 273267 b2367a78a89a 207b2709767a9a7 67a1a7178018b23 b2117ba61167
    896678169b63136 09167b 07870603bb60 67b
"""
CORNERS_OF_TRIANGLES = np.array([int(one, 16) for one in TRIANGLES if one > " "]).reshape(-1, 3)
COUNTS = np.array([0, *(len(one) // 3 for one in TRIANGLES.split())])  # triangles of each cube
FIRST = np.cumsum(COUNTS) - COUNTS
AT_ONCE = 10_000  # cubes
PAIRS_AT_ONCE = 50_000


@cache
def hindrance() -> str:
    """Why these numbers are not those of the compiled code here; empty where they are."""
    # A region of no pattern: 666 triangles.
    mask = np.pad((np.arange(210) ** 2 % 211 % 2 > 0).reshape(5, 6, 7), 1)
    spacing = np.array([1.1, 0.7, 0.9])
    if calculate_coefficients(mask, spacing) != cShape.calculate_coefficients(mask, spacing):
        return "pyradiomics' compiled code rounds otherwise on this machine"
    return ""


def calculate_coefficients(mask: np.ndarray, spacing: np.ndarray) -> tuple:
    """As in pyradiomics' module cShape: area in mm2, volume in mm3, diameters in mm.

    mask : of bool, False in its outermost layer
    spacing : mm, in the order of the mask's axes
    The diameters are the largest in planes across the first, second and third axis, and in space.
    """
    return *_surface(mask, spacing), _diameters(_vertices(mask), spacing)


def _surface(mask, spacing) -> tuple[float, float]:
    """Area and volume of the mesh."""
    shape = np.array(mask.shape) - 1
    cubes = np.zeros(shape, np.uint8)
    for bit, corner in enumerate(CORNERS):
        inside = mask[tuple(np.s_[at : at + n] for at, n in zip(corner, shape, strict=True))]
        cubes |= inside.view(np.uint8) << bit
    cubes = cubes.reshape(-1)
    places = np.flatnonzero((cubes != 0) & (cubes != 255))
    area = volume = 0.0
    for start in range(0, len(places), AT_ONCE):
        some = places[start : start + AT_ONCE]
        cube = cubes[some]
        turned = cube > 127
        areas, volumes = _triangles(some, np.where(turned, ~cube, cube), turned, shape, spacing)
        area, volume = _added(area, areas), _added(volume, volumes)
    return area, volume / 6


def _added(total: float, terms: np.ndarray) -> float:
    """The total and the terms, one after the other (numpy's sum takes another order)."""
    return float(np.cumsum(np.append(total, terms))[-1])


def _triangles(places, cube, turned, shape, spacing) -> tuple[np.ndarray, np.ndarray]:
    """Area, and six times the volume below it, of each triangle of these cubes."""
    count = COUNTS[cube]
    first = np.repeat(FIRST[cube] - (np.cumsum(count) - count), count)
    edges = CORNERS_OF_TRIANGLES[first + np.arange(len(first))]
    position = np.repeat(np.unravel_index(places, shape), count, axis=1)
    a, b, c = (
        [(position[axis] + MIDDLES[edges[:, corner], axis]) * spacing[axis] for axis in range(3)]
        for corner in range(3)
    )
    normal = _cross(a, b)
    volumes = normal[0] * c[0] + normal[1] * c[1] + normal[2] * c[2]
    normal = _cross(*([p - q for p, q in zip(one, c, strict=True)] for one in (a, b)))
    areas = 0.5 * np.sqrt(_squared(*normal))
    return areas, np.where(np.repeat(turned, count), -volumes, volumes)


def _cross(a, b) -> tuple:
    return (
        a[1] * b[2] - b[1] * a[2],
        a[2] * b[0] - b[2] * a[0],
        a[0] * b[1] - b[0] * a[1],
    )


def _squared(z, y, x):
    return z * z + y * y + x * x


def _vertices(mask) -> np.ndarray:
    """The mesh's vertices (3, vertices) in half voxels."""
    found = []
    for axis in range(3):
        places = 2 * np.array(np.nonzero(np.diff(mask, axis=axis)))
        places[axis] += 1
        found.append(places)
    return np.concatenate(found, axis=1)


def _diameters(vertices: np.ndarray, spacing) -> tuple[float, float, float, float]:
    """The largest distance in planes across each axis, and in space.

    Where a point lies between two others of its plane, one of these is farther from any other point
    than it is: the squares differ by half the square of a voxel's shortest side or more, which is
    far beyond their rounding in any image of less than a million voxels a side.
    """
    found, of_all = [], np.ones(vertices.shape[1], bool)
    for axis in range(3):
        corners = _corners(*vertices[[axis, *({0, 1, 2} - {axis})]])
        of_plane = vertices[:, corners]
        found.append(_farthest(of_plane, of_plane[axis], spacing))
        of_all &= corners
    rest = vertices[:, of_all]
    return *found, _farthest(rest, np.zeros(rest.shape[1]), spacing)


def _corners(plane, u, v) -> np.ndarray:
    """Which points are corners of the convex hull of their plane, and perhaps some others.

    plane, u, v : whole numbers; u and v are the points' coordinates in their plane
    """
    kept = np.zeros(len(plane), bool)
    for side in (v, -v):
        order = np.lexsort((side, u, plane))
        lowest = np.ones(len(order), bool)  # of those with the same u
        lowest[1:] = np.diff(plane[order]) | np.diff(u[order])
        order, left = order[lowest], 0
        while left != len(order):  # drop what lies on or above the line between its neighbours
            left = len(order)
            p, across, up = plane[order], np.diff(u[order]), np.diff(side[order])
            corner = np.ones(left, bool)
            corner[1:-1] = (p[2:] != p[:-2]) | (across[:-1] * up[1:] > up[:-1] * across[1:])
            order = order[corner]
        kept[order] = True
    return kept


def _farthest(points, plane, spacing) -> float:
    """The largest distance of two points of the same plane, in mm."""
    order = np.argsort(plane, kind="stable")
    _, first, count = np.unique(plane[order], return_index=True, return_counts=True)
    most = int(count.max())  # planes with fewer repeat their last one
    table = order[first[:, None] + np.minimum(np.arange(most), count[:, None] - 1)]
    z, y, x = (0.5 * points[axis, table] * spacing[axis] for axis in range(3))
    largest, rows = 0.0, max(PAIRS_AT_ONCE // table.size, 1)
    for start in range(0, most, rows):
        one, other = np.s_[:, start : start + rows, None], np.s_[:, None, start:]
        squared = _squared(z[one] - z[other], y[one] - y[other], x[one] - x[other])
        largest = max(largest, squared.max())
    return float(np.sqrt(largest))
