"""Journal frames: whatever is written reads back equal; what is damaged is a JournalError, never another error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geooffer.errors import JournalError
from geooffer.journal.frames import _CODES, decode_entry, encode_entry, pack
from geooffer.model import catalog, records, shapes
from geooffer.model.records import CATALOG_PARTITION, Entry
from geooffer.model.verdicts import OfferTrigger

INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(max_size=12)
SIZE = st.builds(catalog.Size, TEXT, TEXT)
TEXTS = st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple)
CIRCLE = st.builds(shapes.Circle, INT64, INT64, INT64)
PART = st.builds(shapes.Part, st.lists(st.binary(max_size=32), max_size=3).map(tuple))
POLYGON = st.builds(shapes.Polygon, st.lists(PART, max_size=3).map(tuple))
OFFER = st.builds(
    catalog.Offer,
    TEXT,
    TEXT,
    INT64,
    INT64,
    st.lists(TEXT, max_size=3).map(tuple),
    INT64,
    st.sampled_from(OfferTrigger),
    st.booleans(),
    INT64,
)
CUSTOMER = st.builds(catalog.Customer, TEXT, st.lists(INT64, max_size=3).map(tuple), TEXT)
PRICE = st.builds(catalog.Price, TEXT, INT64, TEXT, INT64, TEXT)
NOUN = st.one_of(
    st.builds(
        catalog.Store,
        TEXT,
        TEXT,
        INT64,
        INT64,
        TEXT,
        TEXT,
        TEXT,
        TEXT,
        st.lists(TEXT, max_size=3).map(tuple),
        st.booleans(),
    ),
    st.builds(catalog.Geofence, TEXT, CIRCLE | POLYGON, TEXT, TEXT, INT64),
    st.builds(catalog.Category, TEXT, TEXTS),
    st.builds(catalog.Product, TEXT, TEXT, TEXTS, st.lists(SIZE, max_size=3).map(tuple), st.booleans()),
    OFFER,
)
RECORDS: dict[type, st.SearchStrategy[Any]] = {
    records.NounPut: st.builds(records.NounPut, NOUN, INT64),
    records.NounDeleted: st.builds(records.NounDeleted, TEXT, TEXT, INT64),
    records.PricePut: st.builds(records.PricePut, PRICE, INT64),
    records.StockPut: st.builds(records.StockPut, INT64, INT64, INT64, INT64),
    records.CustomerPut: st.builds(records.CustomerPut, INT64, CUSTOMER),
    records.CustomerDeleted: st.builds(records.CustomerDeleted, INT64),
    records.TouchpointRecord: st.builds(records.TouchpointRecord, INT64, INT64, INT64, INT64, INT64, INT64),
    records.ConsentRecord: st.builds(records.ConsentRecord, INT64, INT64, st.booleans(), INT64, TEXT),
    records.DecisionRecord: st.builds(records.DecisionRecord, *[INT64] * 10),
    records.DecisionReleased: st.builds(records.DecisionReleased, INT64, INT64, INT64, INT64),
}
ENTRY = st.builds(Entry, st.integers(CATALOG_PARTITION, 63), st.integers(1, 2**62), st.one_of(*RECORDS.values()))


def test_every_record_has_a_strategy_and_a_code_of_its_own() -> None:
    assert set(RECORDS) == set(records.Record.__args__)
    assert set(RECORDS) < set(_CODES)
    assert len(set(_CODES.values())) == len(_CODES)


@given(ENTRY)
def test_an_entry_reads_back_as_written(entry: Entry) -> None:
    again = decode_entry(encode_entry(entry))
    assert again == entry
    assert encode_entry(again) == encode_entry(entry)
    if isinstance(entry.record, records.NounPut) and isinstance(entry.record.noun, catalog.Offer):
        assert isinstance(again.record.noun.trigger, OfferTrigger)  # type: ignore[union-attr]


@given(ENTRY, st.data())
def test_a_truncated_frame_is_a_journal_error(entry: Entry, data: st.DataObject) -> None:
    frame = encode_entry(entry)
    length = data.draw(st.integers(0, len(frame) - 1))
    with pytest.raises(JournalError):
        decode_entry(frame[:length])


@given(ENTRY)
def test_bytes_after_a_frame_are_a_journal_error(entry: Entry) -> None:
    with pytest.raises(JournalError):
        decode_entry(encode_entry(entry) + b"\x00")


@given(st.binary(max_size=64))
def test_noise_is_a_journal_error(noise: bytes) -> None:
    with pytest.raises(JournalError):
        decode_entry(noise)


@given(ENTRY, st.data())
def test_a_flipped_byte_is_an_entry_or_a_journal_error(entry: Entry, data: st.DataObject) -> None:
    frame = bytearray(encode_entry(entry))
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = decode_entry(bytes(frame))
    except JournalError:
        return
    assert isinstance(found.record, records.Record)


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
        decode_entry(pack(value))


def test_a_class_without_a_code_is_refused_when_written() -> None:
    with pytest.raises(JournalError):
        encode_entry(Entry(0, 1, object()))  # type: ignore[arg-type]


def test_the_frame_of_a_decision_is_the_one_of_schema_1() -> None:
    """Golden bytes: what an older version wrote must read back for good."""
    entry = Entry(3, 7, records.DecisionRecord(-5, 1_772_528_400_000, 1, 2, 3, 4, 8_000, 10_000, 1_190, 9))
    assert encode_entry(entry).hex() == GOLDEN
    assert decode_entry(bytes.fromhex(GOLDEN)) == entry


GOLDEN = "94010307c719099afbcf0000019cb2ecf68001020304cd1f40cd2710cd04a609"
