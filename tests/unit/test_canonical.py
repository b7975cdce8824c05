"""One way to write a document, one digest over it."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomoflow.canonical import as_text, digest, digest_of_content
from nomoflow.files import write_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_the_digest_is_of_the_content_alone(document):
    document.pop("digest", None)
    backwards = dict(reversed(document.items()))
    assert digest(document) == digest(backwards) == digest({**document, "digest": "x"})
    assert digest(json.loads(as_text(document))) == digest(document)


def test_by_hand():
    # printf '{"a": "ä", "b": [1, 2.5]}' | sha256sum
    text = '{"a": "ä", "b": [1, 2.5]}'
    assert digest({"b": [1, 2.5], "a": "ä"}) == hashlib.sha256(text.encode()).hexdigest()


def test_no_number_that_json_lacks():
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest_of_content([float("nan")])


def test_files_are_written_so(tmp_path):
    document = {"b": "ü", "a": [1, {"c": None}]}
    write_json(document, tmp_path / "one.json")
    assert (tmp_path / "one.json").read_text(encoding="utf-8") == as_text(document)
