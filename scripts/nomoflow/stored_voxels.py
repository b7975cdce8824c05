"""Whether a file holds the voxels that its header announces: all, undamaged, and no more.

The libraries do not tell: of a NIfTI, NRRD or MetaImage file whose packed data are damaged or cut
off, they give what memory held before. Packed data are expanded here piece by piece, to the length
that the header announces and no farther.
"""

import math
import zlib
from collections.abc import Iterator
from pathlib import Path

import SimpleITK as sitk

from nomoflow.header_limits import TextHeader, text_header
from nomoflow.image_problems import ImageProblem

AGAIN = "copy or export it again"
PIECE = 1 << 22  # bytes
SPARE = 1024  # bytes: some programs fill the last block of a NIfTI file with zeros
AUTOMATIC = 47  # zlib or gzip, by the stream's own mark
TRUE = ("t", "1")  # by its first letter, as the library reads it
MOST_PACKED = 1032  # deflate makes no 1033 bytes of one


def check_voxels(path: Path, reader: sitk.ImageFileReader) -> None:
    """Refuse a file whose voxels are fewer or more than its header announces, or damaged.

    reader : has read the header. Raises ImageProblem of the kinds ``truncated``, ``too_long``,
    ``corrupted``. Files of other formats than NIfTI, NRRD and MetaImage are left to the library.
    """
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")) and reader.HasMetaDataKey("bitpix"):
        keys = ["bitpix", "vox_offset", "dim[0]"]
        bits, start, dimensions = (float(reader.GetMetaData(key)) for key in keys)
        sides = [float(reader.GetMetaData(f"dim[{n + 1}]")) for n in range(int(dimensions))]
        wanted = int(start + math.prod(sides) * bits / 8)
        _check_length(path, 0, wanted, packed=name.endswith(".gz"), spare=SPARE)
    elif name.endswith((".mha", ".mhd", ".nrrd", ".nhdr")):
        wanted = math.prod(reader.GetSize()) * reader.GetNumberOfComponents()
        wanted *= sitk.Image([1] * 3, reader.GetPixelID()).GetSizeOfPixelComponent()
        _check_text_format(path, text_header(path), wanted)


def _check_text_format(path: Path, header: TextHeader, wanted: int) -> None:
    told = header.told
    if header.nrrd:
        encoding = told.get("encoding", "").lower()
        packed = encoding in ("gzip", "gz")
        if not (packed or encoding == "raw") or {"byte skip", "line skip"} & told.keys():
            return  # text, or a start that only the library finds: it refuses what is too short
    else:
        packed = told.get("compresseddata", "").lower().startswith(TRUE)
        if not told.get("binarydata", "true").lower().startswith(TRUE) or "headersize" in told:
            return
    data = header.data_file(path)
    _check_length(data or path, 0 if data else header.end, wanted, packed)
    if packed and not header.nrrd:
        # The library unpacks as many bytes as are announced, and keeps quiet where that fails.
        there = (data or path).stat().st_size - (0 if data else header.end)
        said = told.get("compresseddatasize", "" if data is None else str(there))
        if said != str(there):
            kind = "too_long" if said.isdigit() and int(said) < there else "truncated"
            raise _problem(kind, f"{there} packed bytes, CompressedDataSize {said[:20]!r}", wanted)


def _check_length(path: Path, start: int, wanted: int, packed: bool, spare: int = 0) -> None:
    """wanted : bytes that follow ``start``, once they are expanded; spare : zeros after them"""
    there, filled = path.stat().st_size - start, True
    if not packed:
        found = there
        if wanted < found <= wanted + spare:
            with open(path, "rb") as file:
                file.seek(start + wanted)
                filled = not file.read().strip(b"\0")
    elif there * MOST_PACKED < wanted:
        raise _problem("truncated", f"{there} packed bytes", wanted)
    else:
        found = 0
        try:
            for piece in _expanded(path, start):
                filled = filled and not piece[max(wanted - found, 0) :].strip(b"\0")
                found += len(piece)
                if found > wanted + spare:
                    break
        except EOFError:
            if found < wanted:
                raise _problem("truncated", f"{found} bytes", wanted) from None
            raise _problem("corrupted", "the end of the packed data is missing", wanted) from None
        except zlib.error as error:
            said = f"after {found} bytes: {str(error).partition(': ')[2] or error}"
            raise _problem("corrupted", said, wanted) from error
    if found < wanted:
        raise _problem("truncated", f"{found} bytes", wanted)
    if found > wanted + spare or not filled:
        more = "more than " if packed else ""
        raise _problem("too_long", f"{more}{wanted if packed else found} bytes", wanted)


def _expanded(path: Path, start: int) -> Iterator[bytes]:
    """The pieces to which a file's packed data expand; gzip files may be joined.

    Raises zlib.error where they are damaged (check sums included), EOFError where they are cut off.
    """
    with open(path, "rb") as file:
        file.seek(start)
        stream, data = zlib.decompressobj(AUTOMATIC), file.read(PIECE)
        while True:
            piece = stream.decompress(data, PIECE)
            yield piece
            data = stream.unconsumed_tail or stream.unused_data or file.read(PIECE)
            if stream.eof:
                data = data.lstrip(b"\0")  # a last block that was filled
                if not data and not (data := file.read(PIECE).lstrip(b"\0")):
                    return
                stream = zlib.decompressobj(AUTOMATIC)
            elif not data and not piece:
                raise EOFError


WORDS = {
    "truncated": "the file is not whole",
    "too_long": "the file holds more than its header announces",
    "corrupted": "the file's packed data are damaged",
}


def _problem(kind: str, found: str, wanted: int) -> ImageProblem:
    return ImageProblem(
        kind,
        WORDS[kind],
        found=found,
        allowed=f"{wanted} bytes, by its header",
        remedy=AGAIN,
    )
