"""Journal frames: whatever is written reads back equal; what is damaged is a JournalError, never another error."""

from __future__ import annotations

import base64
import re
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from golden_entries import GOLDEN_ENTRIES
from hypothesis import given, settings
from hypothesis import strategies as st

from geooffer.errors import JournalError
from geooffer.journal import frames
from geooffer.journal.field_arrays import CODES, pack, unpack
from geooffer.journal.frames import (
    SCHEMA_VERSION,
    RawEntry,
    decode_entries,
    decode_raw,
    encode_entries,
    encode_raw,
    partitions_of,
)
from geooffer.journal.layouts import LAYOUTS, WRITERS
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
    assert set(RECORDS) | set(get_args(catalog.Noun)) < set(CODES)
    assert len(set(CODES.values())) == len(CODES)


@pytest.mark.parametrize("cls", CODES, ids=lambda cls: cls.__name__)
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
    assert decode_entries(frame)
    damaged = frame.replace((7_300).to_bytes(2), (7_301).to_bytes(2))
    assert damaged != frame
    with pytest.raises(JournalError):
        decode_entries(damaged)


_DELETED = pack(records.CustomerDeleted(1))


@pytest.mark.parametrize(
    "frame",
    [
        pack((1, (((0, 1, 5),)))),
        pack((1, ((0, 1, None),))),
        pack((1, ((0, 1, catalog.Size("EU", "43")),))),
        pack((1, (("0", 1, records.CustomerDeleted(1)),))),
        pack((1, ((0, None, records.CustomerDeleted(1)),))),
        pack((1, ((0, 0, records.CustomerDeleted(1)),))),
        pack((1, ((64, 1, records.CustomerDeleted(1)),))),
        pack((1, ((0, 1),))),
        pack((2, ((0, 1, records.CustomerDeleted(1)),))),
        pack((True, ((0, 1, records.CustomerDeleted(1)),))),
        pack((1, 7)),
        pack(7),
        b"",
        b"\x03\x00\x00\x00\x00",
        frames.encode_raw_entries([RawEntry(0, 1, b"")]),
        frames.encode_raw_entries([RawEntry(0, 1, b"\x06")]),
        frames.encode_raw_entries([RawEntry(0, 0, encode_raw(records.CustomerDeleted(1)))]),
        frames.encode_raw_entries([RawEntry(-2, 1, encode_raw(records.CustomerDeleted(1)))]),
        frames.encode_raw_entries([RawEntry(0, 1, encode_raw(records.CustomerDeleted(1)) + b"\x00")]),
        frames.encode_raw_entries([RawEntry(0, 1, bytes((36, 0)) + pack(("EU", "43")))]),
        frames.encode_raw_entries([RawEntry(0, 1, bytes((255, 0)) + pack((1,)))]),
        frames.encode_raw_entries([RawEntry(0, 1, bytes((6, 255)) + bytes(8))]),
    ],
    ids=repr,
)
def test_what_is_no_frame_of_entries_is_a_journal_error(frame: bytes) -> None:
    with pytest.raises(JournalError):
        decode_entries(frame)


@pytest.mark.parametrize("record", [object(), catalog.Size("EU", "43"), records.PersonHistory()], ids=type)
def test_what_is_no_record_is_refused_when_written(record: object) -> None:
    with pytest.raises(JournalError):
        encode_entries([Entry(0, 1, record)])  # type: ignore[arg-type]


@pytest.mark.parametrize(("partition", "sequence"), [(200, 1), (0, 2**63), (0, None)])
def test_a_place_that_does_not_fit_is_refused_when_written(partition: int, sequence: Any) -> None:
    with pytest.raises(JournalError):
        encode_entries([Entry(partition, sequence, records.CustomerDeleted(1))])


# -- layouts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: f"{layout.cls.__name__}-{layout.version}")
def test_layouts_that_were_released_do_not_change(layout: Any) -> None:
    """Sizes of the fixed parts. A line here is for good; a new layout adds one."""
    released = {
        ("StockPut", 1): 22,
        ("CustomerDeleted", 1): 10,
        ("TouchpointRecord", 1): 47,
        ("ConsentRecord", 1): 27,
        ("ConsentTaken", 1): 48,
        ("DecisionRecord", 1): 88,
        ("DecisionReleased", 1): 26,
        ("OutcomeRecord", 1): 27,
        ("AudiencePut", 1): 23,
        ("IdentityLinked", 1): 19,
        ("IdentityUnlinked", 1): 19,
        ("PersonDeparted", 1): 18,
        ("RequestAnswered", 1): 32,
    }
    assert layout.size_bytes == released[layout.cls.__name__, layout.version]


@pytest.mark.parametrize("entry", GOLDEN_ENTRIES, ids=lambda entry: type(entry.record).__name__)
def test_hot_records_are_packed_and_cold_ones_field_arrays(entry: Entry) -> None:
    raw = encode_raw(entry.record)
    assert raw[0] == CODES[type(entry.record)]
    assert (raw[1] != frames.FIELD_ARRAY) == (type(entry.record) in WRITERS)


def test_a_value_wider_than_its_layout_makes_a_field_array() -> None:
    wide = records.StockPut(2**40, 2, 3, 4)
    assert encode_raw(wide)[1] == frames.FIELD_ARRAY
    assert decode_raw(encode_raw(wide)) == wide
    long = records.ConsentRecord(1, 2, True, 3, "n" * 70_000)
    assert encode_raw(long)[1] == frames.FIELD_ARRAY
    assert decode_raw(encode_raw(long)) == long


def test_an_answer_is_packed_where_it_belongs_to_a_person() -> None:
    answered = records.RequestAnswered(-5, b"k" * 16, b"d" * 32, 7, b"answer", 9)
    raw = encode_raw(answered)
    assert raw.hex() == (
        "1501" + (-5).to_bytes(8, "little", signed=True).hex() + "0700000000000000" + "0900000000000000"
        "1000" + "2000" + "0600" + "6b" * 16 + "64" * 32 + b"answer".hex()
    )  # fmt: skip
    assert decode_raw(raw) == answered
    of_nobody = records.RequestAnswered(None, b"k", b"d", 7, b"")
    assert encode_raw(of_nobody)[1] == frames.FIELD_ARRAY
    assert decode_raw(encode_raw(of_nobody)) == of_nobody


def test_a_field_array_shorter_than_its_class_reads_with_defaults() -> None:
    """As an older release wrote it, before the class gained a field at its end."""
    raw = bytes((CODES[records.ConsentRecord], frames.FIELD_ARRAY)) + pack((1, 2, True, 3, "2026-01"))
    assert decode_raw(raw) == records.ConsentRecord(1, 2, True, 3, "2026-01", ())
    raw = bytes((CODES[records.ConsentRecord], frames.FIELD_ARRAY)) + pack((1, 2, True, 3, "2026-01", (), 9))
    with pytest.raises(JournalError):
        decode_raw(raw)


@given(st.lists(ENTRY, max_size=3))
@settings(max_examples=20)
def test_a_frame_is_split_by_partition_without_its_records(entries: list[Entry]) -> None:
    raws = partitions_of(encode_entries(entries))
    assert [(raw.partition, raw.sequence) for raw in raws] == [(entry.partition, entry.sequence) for entry in entries]
    assert [decode_raw(raw.raw) for raw in raws] == [entry.record for entry in entries]
    assert frames.encode_raw_entries(raws) == encode_entries(entries)


# -- golden frames ---------------------------------------------------------------------------------------------


def golden_frames() -> dict[int, bytes]:
    """By schema."""
    text = Path(__file__).with_name("golden_frames.txt").read_text(encoding="ascii")
    sections = re.findall(r"\[schema (\d+)\]\n([A-Za-z0-9+/=\n]+)", text)
    return {int(schema): base64.b64decode(body) for schema, body in sections}


@pytest.mark.parametrize("schema", range(1, SCHEMA_VERSION + 1))
def test_what_a_release_wrote_reads_back_for_good(schema: int) -> None:
    frame = golden_frames()[schema]
    assert tuple(decode_entries(frame)) == GOLDEN_ENTRIES
    raws = partitions_of(frame)
    assert [(raw.partition, raw.sequence) for raw in raws] == [(e.partition, e.sequence) for e in GOLDEN_ENTRIES]


def test_what_this_release_writes_is_the_golden_frame() -> None:
    """Byte by byte, for what is packed; a field array may have become longer since."""
    golden = partitions_of(golden_frames()[SCHEMA_VERSION])
    for entry, raw in zip(GOLDEN_ENTRIES, golden, strict=True):
        if type(entry.record) in WRITERS:
            assert encode_raw(entry.record) == raw.raw
    packed = [
        (entry, raw) for entry, raw in zip(GOLDEN_ENTRIES, golden, strict=True) if raw.raw[1] != frames.FIELD_ARRAY
    ]
    assert len(packed) >= 11
    head = frames.encode_raw_entries([raw for _, raw in packed])
    assert encode_entries([entry for entry, _ in packed]) == head


def test_schema_1_is_upgraded_by_writing_it_again() -> None:
    frame = encode_entries(decode_entries(golden_frames()[1]))
    assert frame[0] == SCHEMA_VERSION
    assert tuple(decode_entries(frame)) == GOLDEN_ENTRIES


def test_a_fence_keeps_its_time_and_settings_and_one_of_an_older_release_has_none() -> None:
    shape = GOLDEN_ENTRIES[1].record.noun.shape
    fence = catalog.Geofence("f", shape, "s-1", "", 0, 11, 12, 2, 3, 2_000, 4_000)
    (entry,) = decode_entries(encode_entries([Entry(CATALOG_PARTITION, 1, records.NounPut(fence, 5))]))
    assert entry.record.noun == fence
    old = next(
        entry.record.noun for entry in decode_entries(golden_frames()[1]) if entry.record == GOLDEN_ENTRIES[1].record
    )
    assert (old.valid_from_ms, old.valid_until_ms, old.enter_fix_count, old.outside_margin_cm) == (0, 0, 0, 0)
