"""Headers that no scan has are refused before a voxel is read, and without the memory for it."""

import resource
import struct
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydicom.uid import DeflatedExplicitVRLittleEndian
from scipy.spatial.transform import Rotation
from synthetic_dicom import save_segmentation, save_series, values
from synthetic_scans import make, save

from nomoflow.header_limits import MOST_VOXELS, check_place, check_size, text_header
from nomoflow.image_problems import ImageProblem
from nomoflow.images import check_scan, read_image

PLAIN = {"spacing": (1, 2, 3), "origin": (-101, 57, -33)}  # as text without decimals


def fault(path, kind="absurd_header") -> ImageProblem:
    with pytest.raises(ImageProblem) as caught:
        read_image(path)
    problem = caught.value
    assert problem.kind == kind, problem
    assert problem.found and problem.allowed and problem.remedy
    return problem


@pytest.fixture
def nifti(tmp_path):
    """Writes a NIfTI file, some bytes of its header replaced."""
    image, _ = make((6, 5, 4))
    sitk.WriteImage(image, str(tmp_path / "image.nii"))
    whole = (tmp_path / "image.nii").read_bytes()

    def written(offset=0, form="", *numbers):
        content = bytearray(whole)
        struct.pack_into(form, content, offset, *numbers)
        (tmp_path / "image.nii").write_bytes(bytes(content))
        return tmp_path / "image.nii"

    return written


# Offsets by the definition of the NIfTI-1 header (nifti1.h): dim 40, pixdim 76, qform_code 252,
# quatern_b 256, srow_x 280.
@pytest.mark.parametrize(
    ("offset", "form", "numbers", "found"),
    [
        (42, "<h", [0], "0 x 5 x 4 voxels"),
        (44, "<h", [-3], "6 x -3 x 4 voxels"),
        (40, "<h", [9], "9 dimensions"),
        (42, "<3h", [32767] * 3, "32767 x 32767 x 32767 voxels"),
        (80, "<f", [0.0], "spacing 0 x"),
        (80, "<f", [-0.8], "spacing -0.8 x"),
        (84, "<f", [np.nan], "x nan x"),
        (84, "<f", [np.inf], "x inf x"),
        (88, "<f", [101.0], "x 101 mm"),
        (268, "<f", [np.nan], "no number"),
        (280, "<f", [np.inf], "no number"),
    ],
)
def test_nifti(nifti, offset, form, numbers, found):
    assert found in fault(nifti(offset, form, *numbers)).found


def test_a_whole_nifti_file_is_read(nifti):
    assert read_image(nifti()).GetSize() == (6, 5, 4)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("ElementSpacing = 1 ", "ElementSpacing = 0 ", "spacing 0 x 2 x 3 mm"),
        ("ElementSpacing = 1 ", "ElementSpacing = -1 ", "spacing -1 x"),
        ("ElementSpacing = 1 ", "ElementSpacing = nan ", "elementspacing 'nan"),
        ("ElementSpacing = 1 ", "ElementSpacing = 100.5 ", "spacing 100.5"),
        ("DimSize = 6 5 4", "DimSize = 0 5 4", "0 x 5 x 4 voxels"),
        ("DimSize = 6 5 4", "DimSize = -6 5 4", "-6 x 5 x 4 voxels"),
        ("DimSize = 6 5 4", "DimSize = 1000 1000 1000", "1000 x 1000 x 1000 voxels"),
        ("Offset = -101 ", "Offset = inf ", "offset 'inf"),
        ("TransformMatrix = 1 0 0", "TransformMatrix = 1 0.5 0", "direction 1 0 0 0.5 1 0"),
        ("TransformMatrix = 1 0 0", "TransformMatrix = 0 0 0", "direction 0 0 0"),
    ],
)
def test_metaimage(tmp_path, old, new, found):
    path = tmp_path / "image.mha"
    sitk.WriteImage(make((6, 5, 4), **PLAIN)[0], str(path))
    content = path.read_bytes()
    assert old.encode() in content
    path.write_bytes(content.replace(old.encode(), new.encode()))
    assert found in fault(path).found


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("sizes: 6 5 4", "sizes: 6 0 4", "6 x 0 x 4 voxels"),
        ("sizes: 6 5 4", "sizes: 6 5 99999999999", "x 99999999999 voxels"),
        ("directions: (1,", "directions: (0,", "spacing 0 x"),
        ("directions: (1,", "directions: (800,", "spacing 800 x"),
        ("directions: (1,0,", "directions: (1,0.5,", "direction 0.8944"),
        ("origin: (-101", "origin: (nan", "space origin '(nan"),
    ],
)
def test_nrrd(tmp_path, old, new, found):
    path = tmp_path / "image.nrrd"
    sitk.WriteImage(make((6, 5, 4), **PLAIN)[0], str(path))
    content = path.read_bytes()
    assert content.count(old.encode()) == 1
    path.write_bytes(content.replace(old.encode(), new.encode()))
    assert found in fault(path).found


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ({"Rows": 0}, "20 x 0 x 6"),
        ({"Rows": 65535, "Columns": 65535}, "65535 x 65535 x 6 voxels"),
        ({"PixelSpacing": [0.5, 0]}, "spacing 0.5 x 0 mm"),
        ({"PixelSpacing": [-0.5, 0.5]}, "spacing -0.5 x 0.5 mm"),
        ({"PixelSpacing": [0.5, 250]}, "spacing 0.5 x 250 mm"),
    ],
)
def test_dicom_series(tmp_path, entries, found):
    assert found in fault(save_series(tmp_path, **entries)).found


def test_dicom_position_that_is_no_number(tmp_path):
    folder = save_series(tmp_path)
    path = folder / "900.dcm"
    read = pydicom.dcmread(path)
    place = str(read.ImagePositionPatient[0]).encode()
    path.write_bytes(path.read_bytes().replace(place, b"nan".ljust(len(place)), 1))
    assert "ImagePositionPatient" in fault(folder, "no_position").found


def test_dicom_segmentation_of_too_many_frames(tmp_path):
    series = save_series(tmp_path / "ct")
    mask = save_segmentation(tmp_path / "seg.dcm", {"tumour": values() > 500}, NumberOfFrames=10**9)
    scan = {"patient": "P1", "phase": "CT", "reading": "a1", "label": "1"}
    (row,) = check_scan(scan | {"image": str(series), "mask": str(mask)})
    assert row["kind"] == "absurd_header"
    assert row["found"].startswith("20 x 18 x 1000000000 pixels")


def test_a_deflated_dicom_file_is_not_expanded_beyond_measure(tmp_path):
    folder = save_series(tmp_path, values((1, 8, 8)))
    path = folder / "900.dcm"
    read = pydicom.dcmread(path)
    read.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    read.save_as(path)
    assert read_image(path).GetSize() == (8, 8, 1)
    content = path.read_bytes()
    start = 144 + int.from_bytes(content[140:144], "little")
    bomb = zlib.compressobj(9, wbits=-15)
    zeros = bytes(1 << 20)
    path.write_bytes(
        content[:start] + b"".join(bomb.compress(zeros) for _ in range(300)) + bomb.flush()
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "over 268,435,456 bytes" in fault(folder).found
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # in KiB


@given(
    axes=st.tuples(*[st.floats(0.01, 100)] * 3),
    origin=arrays.arrays(float, 3, elements=st.floats(-1e6, 1e6)),
    turn=st.tuples(*[st.floats(-180, 180)] * 3),
    mirrored=st.booleans(),
)
def test_every_real_place_is_taken(axes, origin, turn, mirrored):
    direction = Rotation.from_euler("xyz", turn, degrees=True).as_matrix()
    check_place(axes, origin, direction * [1, 1, -1 if mirrored else 1])


@given(st.lists(st.integers(1, 800), min_size=3, max_size=3))
def test_every_real_size_is_taken(size):
    check_size(size)


@given(
    size=st.lists(st.integers(-(10**6), 10**6), min_size=3, max_size=4),
)
def test_no_absurd_size_is_taken(size):
    if min(size) < 1 or np.prod(size, dtype=object) > MOST_VOXELS:
        with pytest.raises(ImageProblem, match="cannot be that of a scan"):
            check_size(size)
    else:
        check_size(size)


@pytest.mark.parametrize("name", ["/etc/hostname", "../other.raw", "LIST", "slice%03d.raw 1 4 1"])
@pytest.mark.parametrize(
    ("suffix", "key"), [(".mhd", "ElementDataFile ="), (".nhdr", "data file:")]
)
def test_voxels_elsewhere(tmp_path, name, suffix, key):
    """A header must not lead to a file out of the study's folders."""
    (tmp_path / "in").mkdir()
    scan = save(tmp_path / "in", *make((6, 5, 4)), suffix=suffix)
    path = Path(scan["image"])
    assert read_image(path).GetSize() == (6, 5, 4)
    (tmp_path / "other.raw").write_bytes(bytes(240))
    (line,) = [one for one in path.read_text(encoding="utf-8").splitlines() if one.startswith(key)]
    path.write_text(
        path.read_text(encoding="utf-8").replace(line, f"{key} {name}"), encoding="utf-8"
    )
    assert fault(path, "data_elsewhere").found == repr(name)


def test_a_link_beside_the_header_that_leads_away(tmp_path):
    (tmp_path / "in").mkdir()
    scan = save(tmp_path / "in", *make((6, 5, 4)), suffix=".mhd")
    data = text_header(Path(scan["image"])).data_file(Path(scan["image"]))
    (tmp_path / "other.raw").write_bytes(data.read_bytes())
    data.unlink()
    data.symlink_to(tmp_path / "other.raw")
    fault(scan["image"], "data_elsewhere")
