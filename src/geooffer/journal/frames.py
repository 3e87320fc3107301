"""Journal entries as msgpack frames: `[schema, [[partition, sequence, record], …]]`, one frame a commit.

A record (and every noun in it) is an ExtType whose code names its class and whose payload is the msgpack array of
its fields in order. Codes are for good; a new field goes to the end of its class, with a new schema version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import msgpack

from geooffer.errors import InvalidArgumentError, JournalError
from geooffer.model import catalog, frequency, records, repurchase, shapes
from geooffer.model.kinds import CapEvent, CapScope, CapWindow, CapZone
from geooffer.model.records import Entry
from geooffer.model.verdicts import OfferTrigger

SCHEMA_VERSION = 1

_CODES: dict[type, int] = {
    records.NounPut: 1,
    records.NounDeleted: 2,
    records.PricePut: 3,
    records.StockPut: 4,
    records.CustomerPut: 5,
    records.CustomerDeleted: 6,
    records.TouchpointRecord: 7,
    records.ConsentRecord: 8,
    records.DecisionRecord: 9,
    records.DecisionReleased: 10,
    records.AudiencePut: 11,
    records.IdentityLinked: 12,
    records.IdentityUnlinked: 13,
    records.PersonHistory: 14,
    records.PersonDeparted: 15,
    records.PersonArrived: 16,
    records.OutcomeRecord: 17,
    records.StoresSwitched: 18,
    records.StoresRestored: 19,
    catalog.Store: 32,
    catalog.Geofence: 34,
    catalog.Category: 35,
    catalog.Size: 36,
    catalog.Product: 37,
    catalog.Price: 38,
    catalog.Offer: 39,
    catalog.Customer: 40,
    catalog.Campaign: 41,
    catalog.Audience: 42,
    repurchase.RepurchaseRule: 43,
    frequency.CapRule: 44,
    shapes.Circle: 48,
    shapes.Part: 49,
    shapes.Polygon: 50,
}
_ENUMS: dict[type, dict[str, Any]] = {
    catalog.Offer: {"trigger": OfferTrigger},
    frequency.CapRule: {"scope": CapScope, "window": CapWindow, "zone": CapZone, "event": CapEvent},
}
"""Fields that are enums in the class and integers in the frame."""
_CLASSES = {code: cls for cls, code in _CODES.items()}
_FIELD_NAMES = {cls: tuple(field.name for field in fields(cls)) for cls in _CODES}


def _encode(value: Any) -> Any:
    if is_dataclass(value) and type(value) in _CODES:
        cls = type(value)
        return msgpack.ExtType(_CODES[cls], pack([getattr(value, name) for name in _FIELD_NAMES[cls]]))
    raise JournalError(f"a {type(value).__name__} has no place in a journal frame")


def _decode(code: int, payload: bytes) -> Any:
    cls = _CLASSES.get(code)
    if cls is None:
        raise JournalError(f"unknown record code {code}: written by a newer version")
    values = unpack(payload)
    enums = _ENUMS.get(cls)
    if enums:
        pairs = zip(_FIELD_NAMES[cls], values, strict=True)
        values = tuple(enums[name](value) if name in enums else value for name, value in pairs)
    return cls(*values)


def pack(value: Any) -> bytes:
    """`value` (nouns, records, tuples, scalars) as canonical msgpack."""
    return bytes(msgpack.packb(value, default=_encode, strict_types=False))


def unpack(payload: bytes) -> Any:
    """The inverse of `pack`; arrays come back as tuples."""
    return msgpack.unpackb(payload, ext_hook=_decode, use_list=False, strict_map_key=True)


def encode_entries(entries: Sequence[Entry]) -> bytes:
    """One frame."""
    return pack((SCHEMA_VERSION, [(entry.partition, entry.sequence, entry.record) for entry in entries]))


def decode_entries(frame: bytes) -> list[Entry]:
    """The entries of one frame. Raises JournalError for anything that is not a frame of this schema."""
    try:
        schema, rows = unpack(frame)
        if schema != SCHEMA_VERSION:
            raise JournalError(f"journal schema {schema} is not {SCHEMA_VERSION}")
        return [_entry(*row) for row in rows]
    except JournalError:
        raise
    except (ValueError, TypeError, InvalidArgumentError, msgpack.exceptions.UnpackException) as error:
        raise JournalError("a journal frame does not decode") from error


def _entry(partition: Any, sequence: Any, record: Any) -> Entry:
    if not isinstance(record, records.Record) or type(partition) is not int or type(sequence) is not int:
        raise JournalError("a journal frame holds no record")
    return Entry(partition, sequence, record)
