"""One way to write a document, and the digest over it.

Standard library only: a document can be checked where nothing else is installed.
"""

import hashlib
import json
from collections.abc import Mapping


def digest(document: Mapping) -> str:
    """SHA-256 of the document without its own ``digest``, written with sorted keys."""
    return digest_of_content({key: value for key, value in document.items() if key != "digest"})


def digest_of_content(content) -> str:
    """SHA-256 of any content of JSON, written with sorted keys; NaN is an error."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def as_text(document: Mapping) -> str:
    """The document as its file has it; ``files.write_json`` writes the same."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
