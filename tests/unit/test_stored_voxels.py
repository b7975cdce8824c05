"""Voxels that are missing, damaged or too many, in each format and packing."""

import gzip
import resource
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from synthetic_scans import make

from nomoflow.image_problems import ImageProblem
from nomoflow.images import read_image
from nomoflow.stored_voxels import PIECE, check_voxels

FORMATS = [
    (".nii", False), (".nii.gz", True), (".mha", False), (".mha", True), (".nrrd", False),
    (".nrrd", True), (".mhd", False), (".mhd", True), (".nhdr", True),
]  # fmt: skip


def kind(path) -> str:
    with pytest.raises(ImageProblem) as caught:
        read_image(path)
    assert caught.value.found and caught.value.allowed and caught.value.remedy
    return caught.value.kind


def written(folder, suffix, packed) -> tuple[Path, Path]:
    """A file, and the one that holds its voxels; both parts of it are noise."""
    path = folder / f"image{suffix}"
    sitk.WriteImage(make()[0], str(path), useCompression=packed)
    (data,) = set(folder.iterdir()) - {path} or {path}
    return path, data


@pytest.mark.parametrize(("suffix", "packed"), FORMATS)
def test_whole_files_are_read(tmp_path, suffix, packed):
    path, _ = written(tmp_path, suffix, packed)
    assert np.array_equal(
        sitk.GetArrayFromImage(read_image(path)), sitk.GetArrayFromImage(make()[0])
    )


@pytest.mark.parametrize(("suffix", "packed"), FORMATS)
def test_missing_end(tmp_path, suffix, packed):
    path, data = written(tmp_path, suffix, packed)
    content = data.read_bytes()
    for lost in (1, 100, len(content) // 2):
        data.write_bytes(content[:-lost])
        assert kind(path) in ("truncated", "corrupted" if packed else "truncated")


@pytest.mark.parametrize(("suffix", "packed"), [one for one in FORMATS if one[1]])
def test_damaged_bits(tmp_path, suffix, packed):
    """SimpleITK reads such files and says nothing, or gives what memory held before."""
    path, data = written(tmp_path, suffix, packed)
    content = data.read_bytes()
    for at in np.random.default_rng(1).integers(len(content) // 10, len(content) - 8, 12):
        damaged = bytearray(content)
        damaged[at] ^= 1 << int(at) % 8
        data.write_bytes(bytes(damaged))
        assert kind(path) in ("corrupted", "truncated", "too_long", "unreadable")


@pytest.mark.parametrize(("suffix", "packed"), FORMATS)
def test_more_than_the_header_announces(tmp_path, suffix, packed):
    """As where the size in the header was damaged: it would give another image."""
    path, data = written(tmp_path, suffix, packed)
    content = data.read_bytes()
    more = bytes(5000)
    if not packed:
        data.write_bytes(content + more)
    elif suffix == ".nii.gz":
        data.write_bytes(gzip.compress(gzip.decompress(content) + more))
    else:
        start = content.index(b"\x1f\x8b" if "n" in suffix[1:2] else b"\x78")
        if suffix == ".mha":
            start = content.index(b"LOCAL\n") + 6
        pack = gzip if suffix in (".nrrd", ".nhdr") else zlib
        data.write_bytes(content[:start] + pack.compress(pack.decompress(content[start:]) + more))
    assert kind(path) == "too_long"


def test_a_filled_last_block_is_fine(tmp_path):
    path, _ = written(tmp_path, ".nii.gz", True)
    path.write_bytes(path.read_bytes() + bytes(300))
    assert read_image(path).GetSize() == (40, 36, 16)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_a_bomb_is_not_expanded(tmp_path, suffix):
    """A small header, and 1 GB of zeros behind it."""
    path, _ = written(tmp_path, suffix, False)
    content = path.read_bytes()
    if suffix == ".nii.gz":
        head, body, wbits = b"", gzip.decompress(content), 31
    elif suffix == ".nrrd":
        at = content.index(b"\n\n") + 2
        head, body, wbits = content[:at].replace(b"raw", b"gzip"), content[at:], 31
    else:
        at = content.index(b"LOCAL\n") + 6
        head = content[:at].replace(b"CompressedData = False", b"CompressedData = True")
        body, wbits = content[at:], 15
    stream = zlib.compressobj(1, wbits=wbits)
    zeros = bytes(1 << 22)
    packed = [stream.compress(body), *(stream.compress(zeros) for _ in range(256)), stream.flush()]
    path.write_bytes(head + b"".join(packed))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert kind(path) == "too_long"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # in KiB


def test_a_small_file_that_promises_much_takes_no_memory(tmp_path):
    """500 million voxels are within the limit; 1 GB is not asked for before they are there."""
    path, _ = written(tmp_path, ".mha", True)
    path.write_bytes(path.read_bytes().replace(b"DimSize = 40 36 16", b"DimSize = 800 800 781"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert kind(path) == "truncated"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # in KiB


def test_metaimage_without_its_packed_size(tmp_path):
    """SimpleITK gives random voxels for the one that is damaged."""
    path, _ = written(tmp_path, ".mha", True)
    content = path.read_bytes()
    start = content.index(b"CompressedDataSize")
    path.write_bytes(content[:start] + content[content.index(b"\n", start) + 1 : -200])
    assert kind(path) == "truncated"


class Reader:
    """As much of SimpleITK's reader as is asked of a NIfTI file of bytes."""

    def __init__(self, voxels):
        self.told = {"bitpix": "8", "vox_offset": "0", "dim[0]": "1", "dim[1]": str(voxels)}

    def HasMetaDataKey(self, key):
        return key in self.told

    def GetMetaData(self, key):
        return self.told[key]


@given(
    seed=st.integers(0, 99),
    length=st.sampled_from([1, 100, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE]),
    parts=st.integers(1, 3),
    zeros=st.booleans(),
)
def test_every_whole_stream_is_taken(tmp_path_factory, seed, length, parts, zeros):
    """Lengths at the border of a piece; gzip files that were joined."""
    rng = np.random.default_rng(seed)
    data = bytes(length) if zeros else rng.integers(0, 4, length, dtype=np.uint8).tobytes()
    cuts = np.linspace(0, length, parts + 1).astype(int)
    path = tmp_path_factory.mktemp("stream") / "x.nii.gz"
    pairs = pairwise(cuts)
    path.write_bytes(b"".join(gzip.compress(data[a:b], 1) for a, b in pairs))
    check_voxels(path, Reader(length))
