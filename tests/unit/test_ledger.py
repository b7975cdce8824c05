"""The ledger of looks: whatever is done to it is found, and the same look is written once."""

import hashlib
import json
import math
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nomoflow.ledger import (
    LedgerError,
    as_text,
    cohort_digest,
    empty_ledger,
    entry_digest,
    head_of,
    look,
    read_ledger,
    verify,
)


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def chain(*looks):
    """A ledger of looks (centre, model, cohort) and their entries."""
    ledger, entries = empty_ledger(), []
    for centre, model, cohort in looks:
        ledger, entry = look(ledger, centre, sha(model), sha(cohort))
        entries.append(entry)
    return ledger, entries


FOUR = [("b", "m1", "b1"), ("c", "m1", "c1"), ("b", "m2", "b1"), ("b", "m2", "b2")]


def test_each_look_is_counted_and_follows_the_one_before():
    ledger, entries = chain(*FOUR)
    assert [entry["count"] for entry in ledger["entries"]] == [1, 2, 3, 4]
    assert entries[0]["previous"] == "0" * 64
    for before, after in pairwise(entries):
        assert after["previous"] == before["digest"]
    verify(ledger, map(head_of, entries))


def test_a_digest_is_that_of_plain_json():
    """By hand, as an auditor would: the entry without its digest, keys sorted."""
    _, (entry,) = chain(FOUR[0])
    text = (
        f'{{"centre": "b", "cohort": "{sha("b1")}", "count": 1, "model": "{sha("m1")}", '
        f'"previous": "{"0" * 64}"}}'
    )
    assert entry["digest"] == sha(text)


def test_the_same_look_is_no_new_look():
    ledger, entries = chain(*FOUR)
    for (centre, model, cohort), expected in zip(FOUR, entries, strict=True):
        again, entry = look(ledger, centre, sha(model), sha(cohort))
        assert (as_text(again), entry) == (as_text(ledger), expected)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(FOUR), max_size=12))
def test_looks_repeated_in_any_order_count_what_is_different(looks):
    ledger, entries = chain(*looks)
    assert len(ledger["entries"]) == len(set(looks))
    verify(ledger, map(head_of, entries))


def test_the_ledger_given_is_left_as_it_was():
    before, _ = chain(*FOUR[:2])
    text = as_text(before)
    look(before, "b", sha("m9"), sha("b1"))
    assert as_text(before) == text


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1, exclude_max=True), other=st.integers(1, 255))
def test_any_single_byte_changed_is_found(tmp_path, place, other):
    content = bytearray(as_text(chain(*FOUR)[0]).encode())
    content[int(place * len(content))] ^= other
    path = tmp_path / "ledger.json"
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="version control"):
        read_ledger(path)


def test_every_byte_of_a_short_ledger(tmp_path):
    content = as_text(chain(FOUR[0])[0]).encode()
    path = tmp_path / "ledger.json"
    for at in range(len(content)):
        for changed in (content[:at] + content[at + 1 :], content[:at] + b"0" + content[at:]):
            path.write_bytes(changed)
            with pytest.raises(LedgerError):
                read_ledger(path)


@settings(max_examples=100, deadline=None)
@given(order=st.permutations(range(4)), kept=st.integers(0, 4))
def test_entries_taken_out_or_moved_are_found(order, kept):
    ledger, entries = chain(*FOUR)
    chosen = order[:kept]
    changed = {**ledger, "entries": [entries[at] for at in chosen]}
    heads = [head_of(entry) for entry in entries]
    if list(chosen) == list(range(4)):
        verify(changed, heads)
        return
    with pytest.raises(LedgerError):
        verify(changed, heads)
    if list(chosen) != list(range(kept)):  # only what is cut off the end needs the heads
        with pytest.raises(LedgerError):
            verify(changed)


def test_an_entry_signed_anew_breaks_the_chain_after_it():
    ledger, entries = chain(*FOUR)
    forged = entries[1] | {"centre": "x"}
    forged["digest"] = entry_digest(forged)
    with pytest.raises(LedgerError, match="entry 3 does not follow"):
        verify({**ledger, "entries": [entries[0], forged, *entries[2:]]})


def test_a_chain_made_wholly_anew_is_found_by_the_heads():
    _, entries = chain(*FOUR)
    other, _ = chain(FOUR[0], *FOUR[2:])
    verify(other)
    with pytest.raises(LedgerError, match=r"look 2 \(c\), whose results are here, is another one"):
        verify(other, [head_of(entries[1])])


def test_a_deleted_ledger_is_missed(tmp_path):
    _, entries = chain(*FOUR[:2])
    assert read_ledger(tmp_path / "ledger.json") == empty_ledger()
    with pytest.raises(LedgerError, match=r"look 2 .* is not in the ledger of 0"):
        read_ledger(tmp_path / "ledger.json", [head_of(entries[1])])


@pytest.mark.parametrize("change", [{"count": 1}, {"count": 0}, {"cohort": "0" * 64}])
def test_a_head_that_was_changed(change):
    ledger, entries = chain(*FOUR)
    with pytest.raises(LedgerError, match=r"look\.json of look . was changed"):
        verify(ledger, [head_of(entries[1]) | change])


@pytest.mark.parametrize(
    "content",
    [
        [], {}, {"format": "nomoflow-ledger/2", "entries": []}, {"format": "nomoflow-ledger/1"},
        {"format": "nomoflow-ledger/1", "entries": {}},
        {"format": "nomoflow-ledger/1", "entries": [1]},
        {"format": "nomoflow-ledger/1", "entries": [], "note": ""},
    ],
)  # fmt: skip
def test_what_is_no_ledger(tmp_path, content):
    (tmp_path / "ledger.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(LedgerError):
        read_ledger(tmp_path / "ledger.json")


def test_line_ends_may_be_another_systems(tmp_path):
    ledger, _ = chain(*FOUR)
    (tmp_path / "ledger.json").write_bytes(as_text(ledger).replace("\n", "\r\n").encode())
    assert read_ledger(tmp_path / "ledger.json") == ledger


ROWS = [
    {"patient": "0011", "outcome": 1, "age": 54.0, "feature": 0.1 + 0.2},
    {"patient": "0012", "outcome": 0, "age": None, "feature": -3.5},
]


def test_a_cohort_is_the_same_in_any_order_and_with_any_kind_of_number():
    digest = cohort_digest(ROWS)
    turned = [dict(reversed(row.items())) for row in reversed(ROWS)]
    assert cohort_digest(turned) == digest
    assert cohort_digest([ROWS[0] | {"age": 54}, ROWS[1] | {"age": math.nan}]) == digest


@pytest.mark.parametrize(
    "change",
    [{"outcome": 0}, {"patient": "11"}, {"age": 55}, {"feature": 0.3}, {"age": ""}, {"more": 1}],
)
def test_any_other_value_is_another_cohort(change):
    assert cohort_digest([ROWS[0] | change, ROWS[1]]) != cohort_digest(ROWS)


def test_a_patient_more_or_less_is_another_cohort():
    assert cohort_digest(ROWS[:1]) != cohort_digest(ROWS)
    with pytest.raises(ValueError, match="twice"):
        cohort_digest([*ROWS, ROWS[0]])
    with pytest.raises(ValueError, match="without patients"):
        cohort_digest([])
