import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_centres import summary

from nomoflow.centre_summary import FORMAT, SCHEMA
from nomoflow.run import write_json
from nomoflow.sealed import check_schema, digest, read_sealed, sealed


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("sealed") / "summary.json"
    write_json(summary(), path)
    return path


def test_what_was_written_is_read(file):
    assert read_sealed(file, SCHEMA, FORMAT) == json.loads(file.read_bytes())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_changed_byte_is_refused(file, tmp_path_factory, data):
    raw = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    other = tmp_path_factory.mktemp("changed") / "summary.json"
    other.write_bytes(bytes(raw))
    with pytest.raises(ValueError, match=r"summary\.json"):
        read_sealed(other, SCHEMA, FORMAT)


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda raw: raw + b"\n", "bytes do not"),
        (lambda raw: raw.replace(b"\n", b"\r\n"), "bytes do not"),
        (lambda raw: raw.replace(b'"n": 90', b'"n": 91', 1), "changed after it was written"),
        (lambda raw: raw.replace(b"summary/1", b"summary/9"), "format 'nomoflow-summary/9'"),
        (lambda raw: raw[:-20], "no JSON"),
        (lambda raw: b"[]", "format None"),
    ],
)
def test_the_error_names_the_cause(file, tmp_path, change, words):
    other = tmp_path / "b.json"
    other.write_bytes(change(file.read_bytes()))
    with pytest.raises(ValueError, match=words) as error:
        read_sealed(other, SCHEMA, FORMAT)
    assert str(other) in str(error.value) and "llowed is" in str(error.value)


@pytest.mark.parametrize("place", [(), ("cohort",), ("models", "nomogram"), ("case_mix",)])
def test_nothing_may_be_slipped_in(file, tmp_path, place):
    """A sealed document that holds rows is refused all the same: the schema is closed."""
    document = json.loads(file.read_bytes())
    node = document
    for key in place:
        node = node[key]
    node["patients"] = ["P1", "P2"]
    path = tmp_path / "b.json"
    write_json(sealed({k: v for k, v in document.items() if k != "digest"}), path)
    with pytest.raises(ValueError, match="departure"):
        read_sealed(path, SCHEMA, FORMAT)


def test_digest_is_of_the_content_whatever_the_order():
    assert digest({"a": 1, "b": [2, "é"]}) == digest({"b": [2, "é"], "a": 1, "digest": "x"})
    assert digest({"a": 1}) != digest({"a": 2})


def test_schema_error_names_the_place():
    with pytest.raises(ValueError, match=r"here: .* at cohort.n"):
        check_schema({**summary(), "cohort": {**summary()["cohort"], "n": -1}}, SCHEMA, "here")
