"""The texts of a study's results, of whatever kind the file is, for a search in them.

Blocks of bounded length, whose lines are rows, so that what stands in one row stays together.
Pictures give the texts beside their pixels, images their headers, PDF files what they print.
"""

import base64
import gzip
import html
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

BLOCK = 1 << 22  # characters read at once
OVERLAP = 400  # characters seen twice where a long line is cut
HEADER = 1 << 20  # bytes, more than any image's header
MARKUP = (".html", ".htm", ".svg", ".xml", ".xhtml")
IMAGES = (".mha", ".mhd", ".nrrd", ".nhdr")
PNG = b"\x89PNG\r\n\x1a\n"
# Attributes that hold shapes and looks: letters without a meaning.
DRAWN = re.compile(
    r"""\s(?:style|d|transform|class|points|viewBox|clip-path|xmlns(?::\w+)?)\s*=\s*"[^"]*\""""
)
TAGS = re.compile(r"</?[A-Za-z][\w:.-]*|\s[\w:.-]+\s*=(?=\s*[\"'])")
ROW_ENDS = re.compile(r"</(?:tr|p|li|div|h\d|text|g|dt|dd|caption|figcaption)>|<br ?/?>")
ENCODED = re.compile(r"[A-Za-z0-9+/]{256,}={0,2}")
RUN = re.compile(rb"[\x20-\x7e\x80-\xff]{4,}")
NIFTI = {"db_name": (14, 18), "descrip": (148, 80), "aux_file": (228, 24), "intent_name": (328, 16)}
NIFTI2 = {"descrip": (240, 80), "aux_file": (320, 24), "intent_name": (508, 16)}


def texts(path: Path) -> Iterator[str]:
    """The texts of a file, block by block; a file that cannot be read as its name says is read as
    what it is: text, or bytes among which stands text."""
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        yield "\n".join(nifti_entries(path).values())
    elif name.endswith(IMAGES):
        yield image_header(path)
    elif name.endswith(".parquet"):
        yield from _parquet(path)
    elif name.endswith(MARKUP):
        for block in _blocks(path, row="</tr>"):
            yield from markup(block)
    elif name.endswith(".json"):
        yield from _json(path)
    else:
        yield from _by_content(path)


def _by_content(path: Path) -> Iterator[str]:
    with open(path, "rb") as file:
        start = file.read(4096)
    if start.startswith(PNG):
        yield png_texts(path.read_bytes())
    elif start.startswith(b"\xff\xd8\xff"):
        yield jpeg_texts(path.read_bytes())
    elif start.startswith(b"%PDF"):
        yield pdf_texts(path.read_bytes())
    elif start.startswith(b"\x1f\x8b") or b"\0" not in start:
        yield from _blocks(path)
    else:
        yield "\n".join(_runs(path.read_bytes()))


def _blocks(path: Path, size: int = BLOCK, row: str = "\n") -> Iterator[str]:
    """A text file, plain or gzip, in blocks that end with a row; they overlap in a long one."""
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    opened = gzip.open if packed else open
    rest = ""
    with opened(path, "rt", encoding="utf-8", errors="replace") as file:
        while more := file.read(size):
            text, rest = rest + more, ""
            if len(more) == size:
                end = text.rfind(row) + len(row) if row in text else 0
                text, rest = (text[:end], text[end:]) if end else (text, text[-OVERLAP:])
            yield text
    if rest:
        yield rest


def markup(text: str) -> Iterator[str]:
    """What HTML or SVG says: its text, comments and attributes; a table's row is a line."""
    for run in ENCODED.findall(text):
        yield from _decoded(run)
    text = DRAWN.sub(" ", ENCODED.sub(" ", text))
    text = ROW_ENDS.sub("\v", text).replace("\n", " ").replace("\v", "\n")
    yield html.unescape(TAGS.sub(" ", text))


def _decoded(run: str) -> Iterator[str]:
    """The text of a picture that stands in a page as base64."""
    run = run.rstrip("=")
    content = base64.b64decode(run[: len(run) // 4 * 4])
    if content.startswith(PNG):
        yield png_texts(content)
    elif content.startswith(b"\xff\xd8\xff"):
        yield jpeg_texts(content)
    elif content.lstrip().startswith(b"<"):
        yield from markup(content.decode("utf-8", "replace"))


def _json(path: Path) -> Iterator[str]:
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        yield from _blocks(path)
        return
    lines = list(_lines(content))
    for start in range(0, len(lines), 10_000):
        yield "\n".join(lines[start : start + 10_000])


def _lines(content) -> Iterator[str]:
    """One line for what stands directly in an object or list; numbers with decimals say nothing."""
    inner = [content]
    while inner:
        one = inner.pop()
        items = list(one.values()) if isinstance(one, dict) else one
        items = items if isinstance(items, list) else [items]
        said = [*one] if isinstance(one, dict) else []
        said += [str(item) for item in items if isinstance(item, str | int)]
        yield " | ".join(part.replace("\n", " ") for part in said)
        inner += [item for item in items if isinstance(item, dict | list)]


def _parquet(path: Path) -> Iterator[str]:
    """Names of columns, metadata, texts, and whole numbers beside the patient of their row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        entries = [part for item in (schema.metadata or {}).items() for part in item]
        yield "\n".join([*schema.names, *(part.decode("utf-8", "replace") for part in entries)])
        floating = [pa.types.is_floating(field.type) for field in schema]
        for batch in file.iter_batches(batch_size=20_000):
            columns = list(zip(schema.names, floating, batch.columns, strict=True))
            said = [column.to_pylist() for _, real, column in columns if not real]
            yield "\n".join(" | ".join(map(str, row)) for row in zip(*said, strict=True))
            keys = next((c for name, _, c in columns if name == "patient"), None)
            for _, real, column in columns:
                if real:
                    yield "\n".join(_whole_numbers(column, keys))


def _whole_numbers(column, keys) -> Iterator[str]:
    """What was a whole number before a missing value made its column one of decimals."""
    import numpy as np

    values = column.to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):
        kept = (np.abs(values) >= 1000) & (np.abs(values) < 1e15) & (values == np.round(values))
    for row in np.flatnonzero(kept):
        yield f"{keys[row] if keys is not None else ''} | {int(values[row])}"


def png_texts(content: bytes) -> str:
    """The text entries of a PNG file."""
    found, place = [], len(PNG)
    while place + 8 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        if kind == b"zTXt" or (kind == b"iTXt" and b"\0\1\0" in data[:90]):
            key, _, packed = data.partition(b"\0")
            found += [key, _inflated(packed[packed.find(b"\x78") :])]
        elif kind in (b"tEXt", b"iTXt", b"eXIf"):
            found.append(data)
        place += 12 + length
    return "\n".join(line for data in found for line in _runs(data))


def jpeg_texts(content: bytes) -> str:
    """What stands in a JPEG file before its pixels: comments, EXIF and other entries."""
    found, place = [], 2
    while place + 4 <= len(content) and content[place] == 0xFF and content[place + 1] != 0xDA:
        length = int.from_bytes(content[place + 2 : place + 4], "big")
        found += _runs(content[place + 4 : place + 2 + length])
        place += 2 + max(length, 2)
    return "\n".join(found)


def pdf_texts(content: bytes) -> str:
    """What a PDF file prints and its entries; letters set apart by kerning are joined.

    Letters are read by their codes, in one or two bytes, as matplotlib and most programs write
    them; glyphs that have another code in their font are not.
    """
    parts = []
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        parts.append(_inflated(found[1]) or found[1])
    parts.append(re.sub(rb"stream\r?\n.*?endstream", b"", content, flags=re.DOTALL))
    lines = []
    for part in parts:
        if b"\0\0\0\0" in part[:4096]:
            continue  # a font or a picture
        # In an array of pieces a step of more than a fifth of a letter is a blank.
        joined = re.sub(rb"\)\s*(-?[\d.]+)\s*\(", _gap, part)
        for said in re.findall(rb"\(((?:\\.|[^\\()])*)\)", joined, re.DOTALL):
            lines.append(_pdf_string(said))
        for said in re.findall(rb"<((?:[0-9A-Fa-f]{2}){2,})>", part):
            lines.append(_pdf_string(bytes.fromhex(said.decode())))
        lines += [run for run in _runs(part) if "(" not in run and re.search(r"[:=/<]", run)]
    return "\n".join(lines)


def _gap(found: re.Match) -> bytes:
    return b"\0 " if float(found[1]) < -200 else b""


def _pdf_string(said: bytes) -> str:
    said = re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8) % 256]), said)
    said = re.sub(rb"\\(.)", rb"\1", said, flags=re.DOTALL)
    if len(said) % 2 == 0 and said[::2].count(0) > len(said) / 4:  # two bytes a letter
        return said.decode("utf-16-be", "replace")
    if said.startswith(b"\xfe\xff"):
        return said[2:].decode("utf-16-be", "replace")
    said = said.replace(b"\0 ", b" ")
    return said.decode("utf-8" if _is_utf8(said) else "latin-1")


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _inflated(content: bytes, most: int = BLOCK) -> bytes:
    """Unpacked, up to a length; empty where it is not packed."""
    try:
        return zlib.decompressobj().decompress(content, most)
    except zlib.error:
        return b""


def _runs(content: bytes) -> Iterable[str]:
    """The text among bytes: four letters or more side by side; UTF-16 as well."""
    for found in RUN.findall(content):
        yield found.decode("utf-8" if _is_utf8(found) else "latin-1")
    for found in re.findall(rb"(?:[\x20-\x7e]\0){4,}", content):
        yield found.decode("utf-16-le")


def image_header(path: Path) -> str:
    """The header of a MetaImage or NRRD file, a line an entry."""
    with open(path, "rb") as file:
        content = file.read(HEADER)
    if content.startswith(b"NRRD"):
        head = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
    else:
        end = re.search(rb"(?m)^ElementDataFile\s*=.*$", content)
        head = content[: end.end()] if end else content
    return "\n".join(line.strip() for line in head.decode("utf-8", "replace").splitlines())


def nifti_entries(path: Path) -> dict[str, str]:
    """The text entries of a NIfTI header by name, its extensions' text as well; best effort."""
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with (gzip.open if packed else open)(path, "rb") as file:
            content = file.read(HEADER)
    except (OSError, EOFError, zlib.error):
        return {}
    second = content[:4] in (b"\x1c\x02\0\0", b"\0\0\x02\x1c")
    length = 540 if second else 348
    found = {
        name: content[start : start + size].split(b"\0")[0].decode("utf-8", "replace").strip()
        for name, (start, size) in (NIFTI2 if second else NIFTI).items()
    }
    # An extension follows its mark: its size, its code, its text.
    place, order = length + 4, "little" if content[:1] in (b"\x5c", b"\x1c") else "big"
    if content[length : length + 1] == b"\x01":
        size = int.from_bytes(content[place : place + 4], order)
        found["extension"] = "\n".join(_runs(content[place + 8 : place + size]))
    return {name: said for name, said in found.items() if said}


def own_texts(root: Path) -> Iterator[str]:
    """The program's own texts: what it may write of itself."""
    for pattern in ("report/**/*", "scripts/**/*.py", "config/config.yaml", "config/schemas/*"):
        for path in sorted(root.glob(pattern)):
            if path.is_file():
                yield path.read_text(encoding="utf-8", errors="replace")


def config_texts(config) -> Iterator[str]:
    """The words of a study's config, such as phases and levels; paths are left out."""
    if isinstance(config, dict):
        for key, value in config.items():
            yield str(key)
            yield from config_texts(value)
    elif isinstance(config, list | tuple):
        for value in config:
            yield from config_texts(value)
    elif isinstance(config, str) and not re.search(r"[/\\]|\.\w+$", config):
        yield config


def files_of(folders: Iterable[str | Path], without: Iterable[str | Path]) -> Iterator[Path]:
    """All files below some folders, in order; what is being written now (a name with a dot) not."""
    left_out = {Path(path).resolve() for path in without}
    for folder in map(Path, folders):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.startswith(".") and path.resolve() not in left_out:
                yield path


def version_files(project: Path) -> list[Path]:
    """What DVC writes beside data, models and results: it goes wherever the code goes.

    A file that DVC tracks by itself stands there by its name; a folder by the folder's alone.
    """
    places = ("dvc.*", "data/*.dvc", "data/*/*.dvc", "models/*/*.dvc", "results/*.dvc")
    return sorted(path for place in places for path in project.glob(place))
