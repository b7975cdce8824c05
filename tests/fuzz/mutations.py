"""Damage to files: by bytes, and by what their headers say."""

import gzip
import random
import re
import struct
from io import BytesIO

from fuzz.scans import RTSTRUCT, SEG, SERIES

from nomoflow.dicom_headers import lenient

ABSURD = (
    "0", "-1", "1", "2", "nan", "inf", "-inf", "1e300", "1e-300", "1e9", "999999999", "2147483647",
    "-2147483648", "4294967296", "9223372036854775807", "99999999999999999999999", "0.5", "", "x",
    "1 1", "(1,0,0)", "\x00", "%n%n", "../../x", "65535", "256", "7",
)  # fmt: skip
# NIfTI-1: name, place, struct's code, count
NIFTI = (
    ("sizeof_hdr", 0, "i", 1), ("dim", 40, "h", 8), ("datatype", 70, "h", 1),
    ("bitpix", 72, "h", 1), ("pixdim", 76, "f", 8), ("vox_offset", 108, "f", 1),
    ("scl_slope", 112, "f", 1), ("scl_inter", 116, "f", 1), ("xyzt_units", 123, "B", 1),
    ("qform_code", 252, "h", 1), ("sform_code", 254, "h", 1), ("quatern", 256, "f", 6),
    ("srow", 280, "f", 12), ("magic", 344, "B", 4),
)  # fmt: skip
NUMBERS = {
    "i": (0, -1, 1, 348, 540, 2**31 - 1, -(2**31)),
    "h": (0, -1, 1, 2, 3, 4, 5, 7, 8, 16, 64, 256, 512, 768, 32767, -32768),
    "B": (0, 1, 2, 10, 255, 110, 43),
    "f": (0.0, -1.0, 1.0, 1e-30, 1e30, 1e9, float("nan"), float("inf"), -1e30, 352.0, 353.0, 1e7),
}
BITS, SPLICE, TRUNCATE, EXTEND, SWAP, NUMBER, DELETE = (
    "bits", "splice", "truncation", "extension", "fields swapped", "absurd number", "field deleted",
)  # fmt: skip
BITS_OF_DATA, BITS_OF_HEADER = "bits of the data", "bits of the header"
KINDS = (BITS_OF_HEADER, BITS_OF_DATA, SPLICE, TRUNCATE, EXTEND, SWAP, NUMBER, DELETE)


def mutated(name: str, content: bytes, kind: str, rng: random.Random) -> bytes:
    """A file's bytes, damaged in one way. name : the format's."""
    if name == "NIfTI, gzip" and kind in (BITS_OF_HEADER, SWAP, NUMBER, DELETE):
        # Inside the packing, whose check sum is made anew.
        inner = mutated("NIfTI", gzip.decompress(content), kind, rng)
        return gzip.compress(inner, mtime=0)
    header = header_length(name, content)
    if kind == BITS_OF_HEADER:
        return _flipped(content, 0, header, rng)
    if kind == BITS_OF_DATA:
        return _flipped(content, min(header, len(content) - 1), len(content), rng)
    if kind == SPLICE:
        return _spliced(content, rng)
    if kind == TRUNCATE:
        # Also within the header, and by a few bytes.
        length = rng.choice((rng.randrange(len(content)), len(content) - rng.randint(1, 9)))
        return content[:length]
    if kind == EXTEND:
        more = rng.choice((1, 2, 8, 100, 4096))
        return content + rng.choice((bytes(more), rng.randbytes(more), content[-more:]))
    if name in (SERIES, SEG, RTSTRUCT):
        return _dicom(content, kind, rng)
    if name.startswith("NIfTI"):
        return _nifti(content, kind, rng)
    return _lines(content, header, kind, rng)


def header_length(name: str, content: bytes) -> int:
    """Where the voxels begin; in a packed NIfTI file the first bytes alone are a header."""
    if name == "NIfTI":
        return 352
    if name == "NIfTI, gzip":
        return 10
    if name in (SERIES, SEG):
        return max(content.rfind(b"\xe0\x7f\x10\x00") + 12, 132)
    if name == RTSTRUCT:
        return max(content.find(b"ROIContour"), len(content) // 2)
    mark = re.search(
        rb"\n\r?\n" if content.startswith(b"NRRD") else rb"ElementDataFile.*\n", content
    )
    return mark.end() if mark else len(content)


def _flipped(content: bytes, start: int, end: int, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        changed[rng.randrange(start, max(end, start + 1))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _spliced(content: bytes, rng: random.Random) -> bytes:
    """A run of bytes taken out, put in, or replaced by others of the file."""
    at, length = rng.randrange(len(content)), rng.choice((1, 4, 16, 200))
    other = rng.randrange(len(content))
    piece = rng.choice((b"", content[other : other + length], rng.randbytes(length)))
    kept = rng.choice((at, at + length))
    return content[:at] + piece + content[kept:]


def _nifti(content: bytes, kind: str, rng: random.Random) -> bytes:
    changed = bytearray(content)
    _, place, code, count = rng.choice(NIFTI)
    size = struct.calcsize(code)
    place += size * rng.randrange(count)
    if kind == SWAP:
        same = [(p, c) for _, p, code2, c in NIFTI if code2 == code]
        p, c = rng.choice(same)
        other = p + size * rng.randrange(c)
        one, two = changed[place : place + size], changed[other : other + size]
        changed[place : place + size], changed[other : other + size] = two, one
    else:
        value = 0 if kind == DELETE else rng.choice(NUMBERS[code])
        changed[place : place + size] = struct.pack(f"<{code}", value)
    return bytes(changed)


def _lines(content: bytes, header: int, kind: str, rng: random.Random) -> bytes:
    """NRRD and MetaImage: a field is a line, its values separated by blanks."""
    lines = content[:header].split(b"\n")
    fields = [n for n, line in enumerate(lines) if re.search(rb"[:=]", line)]
    one, two = rng.sample(fields, 2)
    if kind == DELETE:
        del lines[one]
    elif kind == SWAP:
        parts = [re.split(rb"(:=|: ?| = )", lines[n], maxsplit=1) for n in (one, two)]
        if all(len(part) == 3 for part in parts):
            lines[one] = b"".join((*parts[0][:2], parts[1][2]))
            lines[two] = b"".join((*parts[1][:2], parts[0][2]))
    else:
        numbers = list(re.finditer(rb"-?\d[\d.e+-]*", lines[one]))
        value = rng.choice(ABSURD).encode()
        if numbers:
            found = rng.choice(numbers)
            lines[one] = lines[one][: found.start()] + value + lines[one][found.end() :]
        else:
            lines[one] = re.sub(rb"((?::=|:|=) ?).*", lambda m: m[1] + value, lines[one])
    return b"\n".join(lines) + content[header:]


def _dicom(content: bytes, kind: str, rng: random.Random) -> bytes:
    """One element, of the file or of an item in it, deleted, swapped with another or set."""
    with lenient() as pydicom:
        pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
        return _edited(pydicom, content, kind, rng)


def _edited(pydicom, content: bytes, kind: str, rng: random.Random) -> bytes:
    read = pydicom.dcmread(BytesIO(content), force=True)
    places = list(_elements(read))
    owner, tag = rng.choice(places)
    element = owner[tag]
    if kind == DELETE:
        del owner[tag]
    elif kind == SWAP:
        same = [(o, t) for o, t in places if o[t].VR == element.VR]
        other_owner, other = rng.choice(same)
        one, two = element.value, other_owner[other].value
        element.value, other_owner[other].value = two, one
    else:
        _set_absurd(element, rng)
    written = BytesIO()
    try:
        pydicom.dcmwrite(written, read, enforce_file_format=False)
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError, struct.error):
        return _flipped(content, 132, len(content), rng)  # pydicom itself would not write it
    return written.getvalue()


def _elements(read):
    for element in read:
        yield read, element.tag
        if element.VR == "SQ":
            for item in element.value:
                yield from _elements(item)


def _set_absurd(element, rng: random.Random) -> None:
    representation = element.VR
    if representation in ("US", "SS", "UL", "SL"):
        element.value = rng.choice((0, 1, 2, 3, 7, 12, 255, 1000, 32767, 65535))
    elif representation in ("DS", "IS"):
        several = list(element.value) if element.VM > 1 else [element.value]
        allowed = ABSURD[:17] if representation == "DS" else ABSURD[:4] + ABSURD[10:12]
        words = [value for value in allowed if value] + ["1e9", "3", "0.001"]
        several[rng.randrange(len(several))] = rng.choice(words)
        element.value = [_lenient(word) for word in several]
    elif representation == "SQ":
        element.value = [] if rng.random() < 0.5 else [*element.value, *element.value]
    elif representation in ("OW", "OB", "UN"):
        element.value = element.value[: rng.choice((0, 1, 2, len(element.value) // 2))]
    elif representation == "UI":
        element.value = rng.choice(("", "1", "1.2.3.4", "1.2.840.10008.1.2.4.70", "x"))
    else:
        element.value = rng.choice(ABSURD)


def _lenient(word):
    """A number as text, whatever the standard allows: written as it is."""
    from pydicom.valuerep import DSfloat

    try:
        return DSfloat(str(word), validation_mode=0)
    except (ValueError, OverflowError):
        return 0
