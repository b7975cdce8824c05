"""Documents that go from centre to centre: written one way, checked by digest and schema.

The digest tells a changed file from the one that was written. It is no proof of who wrote it:
whoever can write the file can write a digest.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from jsonschema import Draft202012Validator

from nomoflow.model_file import as_text, digest

ROOT = Path(__file__).resolve().parents[2]


def sealed(document: Mapping) -> dict:
    """The document with its digest, last."""
    return {**document, "digest": digest(document)}


def check_schema(document, schema: str, file: str | Path) -> None:
    """Raise ValueError, naming the place and what is allowed, where the schema is not met.

    schema: its file in the project, as ``config/schemas/<name>``.
    """
    rules = json.loads((ROOT / schema).read_bytes())
    errors = sorted(Draft202012Validator(rules).iter_errors(document), key=lambda e: str(e.path))
    if errors:
        first = errors[0]
        place = ".".join(map(str, first.absolute_path)) or "the whole document"
        raise ValueError(
            f"{file}: {len(errors)} departure(s) from {Path(schema).name}; the first at {place}: "
            f"{first.message[:300]}. Allowed is what the schema describes and nothing beside it: "
            "ask the centre for the file as its run wrote it, by the same version of nomoflow"
        )


def read_sealed(path: str | Path, schema: str, form: str) -> dict:
    """The document of a file; ValueError where it is of another form, or a byte was changed.

    form: the value of its key ``format``. The checks come in this order: JSON, form, digest,
    bytes, schema, so that the error names the first cause.
    """
    raw = Path(path).read_bytes()
    try:
        document = json.loads(raw)
    except ValueError as error:
        raise ValueError(
            f"{path}: no JSON ({error}); allowed is the file as the centre's run wrote it: "
            "have it sent again"
        ) from None
    found = document.get("format") if isinstance(document, dict) else None
    if found != form:
        raise ValueError(
            f"{path}: format {found!r}; allowed is {form!r}: the centre and this place need the "
            "same version of nomoflow"
        )
    if document.get("digest") != digest(document):
        raise ValueError(
            f"{path}: its digest is {str(document.get('digest'))[:12]}, that of its content "
            f"{digest(document)[:12]}: it was changed after it was written; allowed is the file as "
            "the centre's run wrote it: have it sent again"
        )
    if raw != as_text(document).encode("utf-8"):
        raise ValueError(
            f"{path}: the content fits its digest, the bytes do not (blanks, line ends or order of "
            "keys); allowed is the file byte for byte: have it sent again, as an attachment"
        )
    check_schema(document, schema, path)
    return document
