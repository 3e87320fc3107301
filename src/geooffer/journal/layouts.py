"""Fixed-width layouts of the records that come by the thousand: little-endian, packed, numbers first.

    ┌──────┬────────┬───────────────────────────┬──────────────┬───────────────────────────┐
    │ code │ layout │ numbers, in field order   │ lengths      │ texts and tuples          │
    │ u8   │ u8     │ fixed width per layout    │ u16 per part │ UTF-8, or int32 each      │
    └──────┴────────┴───────────────────────────┴──────────────┴───────────────────────────┘

A layout is for good once a release has written it. A record that gains a field (at its end, with a default) gets one
more line in `LAYOUTS`, with the next version and all fields; the last line of a class is what is written, the others
are read. A value that does not fit (a number beyond int32 where int32 is set aside) makes its record a field array:
wide, slow and right.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from geooffer.errors import JournalError
from geooffer.journal.field_arrays import CODES
from geooffer.model import records

TEXT, BYTES, INT32S = "text", "bytes", "int32s"
"""Kinds of variable parts; all others are format characters of `struct`: q int64, i int32, h int16, b int8, ? bool."""
_PREFIX = "<BB"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a class is written; `size_bytes` is that of its fixed part, prefix included."""

    cls: type
    version: int
    size_bytes: int
    fields: tuple[tuple[str, str], ...]
    """(name, format), in the order of the class."""


def _layout(cls: type, version: int, size_bytes: int, *runs: tuple[str, str]) -> Layout:
    """`runs`: (format, names with spaces between)."""
    pairs = tuple((name, kind) for kind, names in runs for name in names.split())
    return Layout(cls, version, size_bytes, pairs)


LAYOUTS: tuple[Layout, ...] = (
    _layout(records.StockPut, 1, 22, ("i", "store_number variant_number available_count"), ("q", "as_of_ms")),
    _layout(records.CustomerDeleted, 1, 10, ("q", "person_key")),
    _layout(
        records.TouchpointRecord, 1, 47, ("q", "person_key"), ("b", "kind"), ("q", "time_ms"),
        ("i", "category_number product_number size_code"), ("q", "source_key"), ("b", "channel"), (TEXT, "language"),
        ("b", "fulfilment is_interested"), ("h", "tier"), ("b", "account_kind"),
    ),
    _layout(
        records.ConsentRecord, 1, 27, ("q", "person_key"), ("i", "purposes"), ("?", "granted"), ("q", "time_ms"),
        (TEXT, "notice_version"), (INT32S, "special_category_numbers"),
    ),
    _layout(
        records.ConsentTaken, 1, 48, ("q", "person_key"), ("i", "purposes"), ("?", "granted"),
        ("q", "time_ms recorded_ms valid_until_ms"), ("b", "method"), (TEXT, "notice_version language"),
        (BYTES, "notice_hash"), (INT32S, "special_category_numbers"),
    ),
    _layout(
        records.DecisionRecord, 1, 88, ("q", "person_key time_ms"),
        ("i", "store_number offer_number product_number category_number campaign_number size_code"),
        ("q", "amount_minor reference_amount_minor"), ("i", "score"), (INT32S, "points"),
        ("b", "reason_kind fulfilment"), ("i", "supply_store_number"), ("b", "channel"), ("?", "is_shadow"),
        ("q", "catalog_generation policy_version"),
    ),
    _layout(records.DecisionReleased, 1, 26, ("q", "person_key decision_key time_ms")),
    _layout(
        records.OutcomeRecord, 1, 27, ("q", "person_key decision_key"), ("b", "kind"), ("q", "time_ms"),
    ),
    _layout(
        records.AudiencePut, 1, 23, ("q", "person_key"), ("i", "audience_number"), ("?", "is_member"), ("q", "time_ms"),
    ),
    _layout(records.IdentityLinked, 1, 19, ("q", "person_key"), ("b", "kind"), ("q", "identity_key")),
    _layout(records.IdentityUnlinked, 1, 19, ("q", "person_key"), ("b", "kind"), ("q", "identity_key")),
    _layout(records.PersonDeparted, 1, 18, ("q", "person_key into_key")),
    _layout(
        records.RequestAnswered, 1, 32, ("q", "person_key"), (BYTES, "request_key request_digest"), ("q", "time_ms"),
        (BYTES, "answer"), ("q", "decision_key"),
    ),  # without a person it is a field array
)  # fmt: skip


def _text_bytes(value: str) -> bytes:
    return value.encode()


def _int32s_bytes(value: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(value)}i", *value)


def _int32s(part: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(part) // 4}i", part)


_PARTS: dict[str, tuple[Callable[[Any], bytes], Callable[[bytes], Any], Any]] = {
    TEXT: (_text_bytes, bytes.decode, ""),
    BYTES: (bytes, bytes, b""),
    INT32S: (_int32s_bytes, _int32s, ()),
}
"""How each kind is written and read, and what it is when it has no bytes (most have none)."""


class LayoutCodec:
    """A layout at work: one `struct.Struct` and where the variable parts belong."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        numbers = [(name, kind) for name, kind in layout.fields if kind not in _PARTS]
        self._parts = [
            (place, name, *_PARTS[kind]) for place, (name, kind) in enumerate(layout.fields) if kind in _PARTS
        ]
        formats = "".join(kind for _, kind in numbers)
        self._struct = struct.Struct(_PREFIX + formats + "H" * len(self._parts))
        assert self._struct.size == layout.size_bytes, (layout.cls.__name__, self._struct.size)
        self._prefix = (CODES[layout.cls], layout.version)
        self._number_end = 2 + len(numbers)
        self._numbers: Callable[[Any], Any] = attrgetter(*(name for name, _ in numbers))
        self._is_single = len(numbers) == 1

    def encode(self, record: Any) -> bytes:
        """The record, prefix first. Raises struct.error, TypeError or ValueError for a value that does not fit."""
        numbers = (self._numbers(record),) if self._is_single else self._numbers(record)
        if not self._parts:
            return self._struct.pack(*self._prefix, *numbers)
        parts = [encode(getattr(record, name)) for _, name, encode, _, _ in self._parts]
        return self._struct.pack(*self._prefix, *numbers, *map(len, parts)) + b"".join(parts)

    def decode(self, raw: bytes) -> Any:
        """The record of `raw`, which has to be used up. Raises JournalError, struct.error, ValueError, TypeError."""
        values = self._struct.unpack_from(raw)
        end = self._struct.size
        if not self._parts:
            if end != len(raw):
                raise self._size_fault(raw, end)
            return self.layout.cls(*values[2:])
        found = list(values[2 : self._number_end])
        number = self._number_end
        for place, _, _, decode, nothing in self._parts:
            length = values[number]
            number += 1
            if length:
                start, end = end, end + length
                found.insert(place, decode(raw[start:end]))
            else:
                found.insert(place, nothing)
        if end != len(raw):
            raise self._size_fault(raw, end)
        return self.layout.cls(*found)

    def _size_fault(self, raw: bytes, expected: int) -> JournalError:
        return JournalError(f"a {self.layout.cls.__name__} in the journal has {len(raw)} bytes, not {expected}")


_CODECS = [LayoutCodec(layout) for layout in LAYOUTS]
READERS: dict[tuple[int, int], LayoutCodec] = {
    (CODES[codec.layout.cls], codec.layout.version): codec for codec in _CODECS
}
"""By code and layout version, for good."""
WRITERS: dict[type, LayoutCodec] = {codec.layout.cls: codec for codec in _CODECS}
"""The latest of each class."""

assert len(READERS) == len(LAYOUTS)
assert all(1 <= layout.version < 256 for layout in LAYOUTS)
for _writer in WRITERS.values():
    _names = tuple(field.name for field in fields(_writer.layout.cls))
    assert tuple(name for name, _ in _writer.layout.fields) == _names, (
        f"{_writer.layout.cls.__name__} has changed: add a layout of the next version to LAYOUTS"
    )
