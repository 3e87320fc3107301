"""A frame: the entries of one commit in bytes. Schema 2 is written; all schemas are read, for good.

    schema 2   ┌────────┬─────────────┬──────────────────────────────────────────┬─────────────────┐
               │ 0x02   │ count  u32  │ count × (sequence i64, size u32, part i8)│ records, `size` │
               └────────┴─────────────┴──────────────────────────────────────────┴─ bytes each ────┘
    record     code u8, layout u8, body.  layout 0: a msgpack array of the fields (journal/field_arrays.py),
               layout ≥ 1: packed numbers and what is variable behind them (journal/layouts.py)
    schema 1   msgpack [1, [[partition, sequence, record as ExtType(code, array of fields)], …]]

Whose a record is stands before all records, so that a frame is sorted by partition without decoding one of them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgpack

from geooffer.errors import InvalidArgumentError, JournalError
from geooffer.journal.field_arrays import CLASSES, CODES, pack_fields, unpack_fields
from geooffer.journal.keyring import NO_KEY, is_sealed
from geooffer.journal.layouts import READERS, WRITERS
from geooffer.model.limits import PARTITION_COUNT
from geooffer.model.records import CATALOG_PARTITION, Entry, Record

SCHEMA_VERSION = 2
FIELD_ARRAY = 0
"""The layout of records without one."""

_HEADER = struct.Struct("<BI")
_PLACE = struct.Struct("<qIb")
_FAULTS = (
    ValueError, TypeError, struct.error, IndexError, InvalidArgumentError, msgpack.exceptions.UnpackException,
)  # fmt: skip
_MSGPACK_PAIR = 0x92
"""How frames of schema 1 begin; no schema will have this number."""


class RawEntry(NamedTuple):
    """An entry whose record is still bytes."""

    partition: int
    sequence: int
    raw: bytes
    """code, layout, body; `decode_raw` makes a record of it."""


def encode_raw(record: Record) -> bytes:
    """One record. Raises JournalError for a class without a code."""
    cls = type(record)
    writer = WRITERS.get(cls)
    if writer is not None:
        try:
            return writer.encode(record)
        except (struct.error, TypeError, ValueError):
            pass  # a value beyond its width: the field array below holds any
    code = CODES.get(cls)
    if code is None or not isinstance(record, Record):
        raise JournalError(f"a {cls.__name__} has no place in a journal frame")
    return bytes((code, FIELD_ARRAY)) + pack_fields(record)


def decode_raw(raw: bytes) -> Record:
    """The record of `raw`. Raises JournalError."""
    try:
        code, layout = raw[0], raw[1]
        if layout != FIELD_ARRAY:
            reader = READERS.get((code, layout))
            if reader is None:
                raise JournalError(f"unknown layout {layout} of record code {code}: written by a newer version")
            record = reader.decode(raw)
        else:
            record = unpack_fields(code, raw[2:])
    except _FAULTS as error:
        raise JournalError("a journal record does not decode") from error
    if not isinstance(record, Record):
        raise JournalError("a journal frame holds no record")
    return record


def encode_raw_entries(entries: Sequence[RawEntry]) -> bytes:
    """One frame of records that are bytes already."""
    places = [_PLACE.pack(sequence, len(raw), partition) for partition, sequence, raw in entries]
    return b"".join((_HEADER.pack(SCHEMA_VERSION, len(entries)), *places, *[raw for _, _, raw in entries]))


def encode_entries(entries: Sequence[Entry]) -> bytes:
    """One frame. Raises JournalError for what is no entry."""
    try:
        return encode_raw_entries(
            [RawEntry(entry.partition, entry.sequence, encode_raw(entry.record)) for entry in entries]
        )
    except (struct.error, TypeError, AttributeError) as error:
        raise JournalError("an entry does not fit into a journal frame") from error


def partitions_of(frame: bytes) -> list[RawEntry]:
    """Whose each record is, the records undecoded, in the order written. Raises JournalError for what is no frame."""
    if is_sealed(frame):
        raise JournalError(f"the journal {NO_KEY}")
    try:
        schema = frame[0]
        split = _SCHEMAS.get(1 if schema == _MSGPACK_PAIR else schema)
        if split is None:
            raise JournalError(f"journal schema {schema} is newer than {SCHEMA_VERSION}")
        entries = split(frame)
    except _FAULTS as error:
        raise JournalError("a journal frame does not decode") from error
    for partition, sequence, _ in entries:
        if not CATALOG_PARTITION <= partition < PARTITION_COUNT or sequence < 1:
            raise JournalError("a journal frame holds an entry of no partition")
    return entries


def decode_entries(frame: bytes) -> list[Entry]:
    """The entries of one frame. Raises JournalError for anything that is not a frame of a known schema."""
    return [Entry(partition, sequence, decode_raw(raw)) for partition, sequence, raw in partitions_of(frame)]


def _split_2(frame: bytes) -> list[RawEntry]:
    _, count = _HEADER.unpack_from(frame)
    start = _HEADER.size + count * _PLACE.size
    if start > len(frame):
        raise JournalError("a journal frame is cut short")
    entries = []
    for sequence, size, partition in _PLACE.iter_unpack(frame[_HEADER.size : start]):
        entries.append(RawEntry(partition, sequence, frame[start : start + size]))
        start += size
    if start != len(frame):
        raise JournalError(f"a journal frame has {len(frame)} bytes, not {start}")
    return entries


def _split_1(frame: bytes) -> list[RawEntry]:
    """Schema 1 in today's terms: all its records are field arrays."""
    schema, rows = msgpack.unpackb(frame, use_list=False, strict_map_key=True)
    if type(schema) is not int or schema != 1 or not isinstance(rows, tuple):
        raise JournalError("a journal frame of schema 1 is damaged")
    return list(_raw_rows(rows))


def _raw_rows(rows: Iterable[tuple[object, object, object]]) -> Iterable[RawEntry]:
    for partition, sequence, record in rows:
        if not isinstance(record, msgpack.ExtType) or record.code not in CLASSES:
            raise JournalError("a journal frame of schema 1 holds no record")
        if type(partition) is not int or type(sequence) is not int:
            raise JournalError("a journal frame of schema 1 holds an entry of no partition")
        yield RawEntry(partition, sequence, bytes((record.code, FIELD_ARRAY)) + record.data)


_SCHEMAS: dict[int, Callable[[bytes], list[RawEntry]]] = {1: _split_1, 2: _split_2}
"""How frames become entries of raw records. Written by any release, read by all later ones; a schema stays here."""
