"""Journal frames: whatever is written reads back equal; what is damaged is a JournalError, never another error."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geooffer.errors import JournalError
from geooffer.journal.frames import _CODES, decode_entries, encode_entries, pack, unpack
from geooffer.model import catalog, frequency, records, repurchase
from geooffer.model.kinds import CapEvent, CapScope, CapWindow, CapZone
from geooffer.model.records import CATALOG_PARTITION, Entry
from geooffer.model.verdicts import OfferTrigger

INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(max_size=12)
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    int: INT64,
    str: TEXT,
    bool: st.booleans(),
    bytes: st.binary(max_size=32),
    type(None): st.none(),
}
RULE = st.builds(repurchase.RepurchaseRule, st.integers(1, 7_300), st.booleans(), st.booleans())


@cache
def strategy_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a field's declared type, so that a field added to a record is drawn without a word here."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in SCALARS:
        return SCALARS[hint]
    if hint is repurchase.RepurchaseRule:
        return RULE  # it refuses what is out of bounds
    if isinstance(origin, type) and issubclass(origin, tuple):
        if arguments[-1] is Ellipsis:
            return st.lists(strategy_of(arguments[0]), max_size=3).map(tuple)
        return st.tuples(*map(strategy_of, arguments))
    if origin in (Union, UnionType):
        return st.one_of(*map(strategy_of, arguments))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    assert is_dataclass(hint), hint
    hints = get_type_hints(hint)
    return st.builds(hint, **{field.name: strategy_of(hints[field.name]) for field in fields(hint)})


RECORDS: tuple[type, ...] = get_args(records.Record)
ENTRY = st.builds(
    Entry, st.integers(CATALOG_PARTITION, 63), st.integers(1, 2**62), st.one_of(*map(strategy_of, RECORDS))
)


def test_every_record_and_noun_has_a_code_of_its_own() -> None:
    assert set(RECORDS) | set(get_args(catalog.Noun)) < set(_CODES)
    assert len(set(_CODES.values())) == len(_CODES)


@pytest.mark.parametrize("cls", _CODES, ids=lambda cls: cls.__name__)
@given(data=st.data())
@settings(max_examples=25)
def test_every_class_reads_back_as_written(cls: type, data: st.DataObject) -> None:
    value = data.draw(strategy_of(cls))
    again = unpack(pack(value))
    assert type(again) is cls
    assert again == value
    assert pack(again) == pack(value)


@given(ENTRY)
def test_an_entry_reads_back_as_written(entry: Entry) -> None:
    again = decode_entries(encode_entries([entry]))[0]
    assert again == entry
    assert encode_entries([again]) == encode_entries([entry])


@given(strategy_of(catalog.Offer), strategy_of(frequency.CapRule))
def test_enums_come_back_as_enums(offer: catalog.Offer, rule: frequency.CapRule) -> None:
    assert type(unpack(pack(offer)).trigger) is OfferTrigger
    again = unpack(pack(rule))
    assert [type(getattr(again, name)) for name in ("scope", "window", "zone", "event")] == [
        CapScope,
        CapWindow,
        CapZone,
        CapEvent,
    ]


@given(ENTRY, st.data())
def test_a_truncated_frame_is_a_journal_error(entry: Entry, data: st.DataObject) -> None:
    frame = encode_entries([entry])
    length = data.draw(st.integers(0, len(frame) - 1))
    with pytest.raises(JournalError):
        decode_entries(frame[:length])


@given(ENTRY)
def test_bytes_after_a_frame_are_a_journal_error(entry: Entry) -> None:
    with pytest.raises(JournalError):
        decode_entries(encode_entries([entry]) + b"\x00")


@given(st.binary(max_size=64))
def test_noise_is_a_journal_error(noise: bytes) -> None:
    with pytest.raises(JournalError):
        decode_entries(noise)


@given(ENTRY, st.data())
def test_a_flipped_byte_is_an_entry_or_a_journal_error(entry: Entry, data: st.DataObject) -> None:
    frame = bytearray(encode_entries([entry]))
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = decode_entries(bytes(frame))
    except JournalError:
        return
    assert all(isinstance(entry.record, records.Record) for entry in found)


def test_a_figure_out_of_bounds_is_a_journal_error() -> None:
    """As a flipped byte makes it: the record's own class refuses it."""
    category = catalog.Category("perfume", repurchase=repurchase.RepurchaseRule(7_300))
    frame = encode_entries([Entry(0, 1, records.NounPut(category, 0))])
    damaged = frame.replace((7_300).to_bytes(2), (7_301).to_bytes(2))
    assert damaged != frame
    with pytest.raises(JournalError):
        decode_entries(damaged)


@pytest.mark.parametrize(
    "value",
    [
        (2, 0, 1, records.CustomerDeleted(1)),
        (1, 0, 1, 5),
        (1, 0, 1, None),
        (1, 0, 1, catalog.Size("EU", "43")),
        (1, "0", 1, records.CustomerDeleted(1)),
        (1, 0, None, records.CustomerDeleted(1)),
        (1, 0, 1),
        7,
        {},
    ],
    ids=repr,
)
def test_what_is_no_entry_of_this_schema_is_a_journal_error(value: Any) -> None:
    with pytest.raises(JournalError):
        decode_entries(pack(value))


def test_a_class_without_a_code_is_refused_when_written() -> None:
    with pytest.raises(JournalError):
        encode_entries(Entry(0, 1, object()))  # type: ignore[arg-type]


def test_the_frame_of_a_decision_is_the_one_of_schema_1() -> None:
    """Golden bytes: what an older version wrote must read back for good."""
    record = records.DecisionRecord(
        person_key=-5,
        time_ms=1_772_528_400_000,
        store_number=1,
        offer_number=2,
        product_number=3,
        category_number=4,
        campaign_number=-1,
        size_code=77,
        amount_minor=8_000,
        reference_amount_minor=10_000,
        score=1_190,
        points=(990, 0, 0, 200, 0, 0, 0, 0, 0),
        reason_kind=1,
        fulfilment=1,
        supply_store_number=1,
        channel=1,
        is_shadow=False,
        catalog_generation=9,
        policy_version=1,
    )
    entry = Entry(3, 7, record)
    assert encode_entries([entry]).hex() == GOLDEN
    assert decode_entries(bytes.fromhex(GOLDEN)) == entry


GOLDEN = (
    "94010307c73009dc0013fbcf0000019cb2ecf68001020304ff4dcd1f40cd2710cd04a699cd03de0000ccc8000000000001010101c20901"
)
