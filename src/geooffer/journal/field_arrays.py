"""Records and nouns as msgpack: an ExtType whose code names the class and whose payload is the array of its fields.

Codes are for good. A new field goes to the end of its class and has a default, which is what older arrays, shorter
by that field, are read with.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import msgpack

from geooffer.errors import JournalError
from geooffer.model import catalog, consent, exclusion, frequency, records, repurchase, shapes
from geooffer.model.kinds import CapEvent, CapScope, CapWindow, CapZone
from geooffer.model.verdicts import OfferTrigger

CODES: dict[type, int] = {
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
    records.RetentionSwept: 20,
    records.RequestAnswered: 21,
    records.LocationSnoozed: 23,
    records.ConsentTaken: 24,
    records.ConsentLapsed: 25,
    records.PolicyMoved: 26,
    records.PolicyStopSwitched: 27,
    records.RightsRequested: 29,
    records.RightsStepTaken: 30,
    records.CallNoted: 31,
    exclusion.ExclusionZone: 28,
    catalog.Store: 32,
    records.AuditSealed: 33,
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
    consent.Notice: 45,
    shapes.Circle: 48,
    shapes.Part: 49,
    shapes.Polygon: 50,
}
"""A record is in a frame by its code; a new one needs no more than a line here (journal/layouts.py: what is hot)."""
CLASSES = {code: cls for cls, code in CODES.items()}

_ENUMS: dict[type, dict[str, Any]] = {
    catalog.Offer: {"trigger": OfferTrigger},
    exclusion.ExclusionZone: {"category": exclusion.ZoneCategory},
    frequency.CapRule: {"scope": CapScope, "window": CapWindow, "zone": CapZone, "event": CapEvent},
}
"""Fields that are enums in the class and integers in the frame."""
_FIELD_NAMES = {cls: tuple(field.name for field in fields(cls)) for cls in CODES}


def pack(value: Any) -> bytes:
    """`value` (nouns, records, tuples, scalars) as canonical msgpack. Raises JournalError for what has no code."""
    try:
        return bytes(msgpack.packb(value, default=_encode, strict_types=False))
    except (ValueError, TypeError, OverflowError) as error:
        raise JournalError("a value does not fit into a journal frame") from error


def pack_fields(value: Any) -> bytes:
    """The field array of one record, without code."""
    return pack([getattr(value, name) for name in _FIELD_NAMES[type(value)]])


def unpack(payload: bytes) -> Any:
    """The inverse of `pack`; arrays come back as tuples. Raises what msgpack and the classes raise."""
    return msgpack.unpackb(payload, ext_hook=unpack_fields, use_list=False, strict_map_key=True)


def unpack_fields(code: int, payload: bytes) -> Any:
    """The record or noun of this code. Raises JournalError for an unknown code, and as `unpack`."""
    cls = CLASSES.get(code)
    if cls is None:
        raise JournalError(f"unknown record code {code}: written by a newer version")
    values = unpack(payload)
    enums = _ENUMS.get(cls)
    if enums:
        pairs = zip(_FIELD_NAMES[cls], values, strict=False)
        values = tuple(enums[name](value) if name in enums else value for name, value in pairs)
    return cls(*values)


def _encode(value: Any) -> Any:
    if is_dataclass(value) and type(value) in CODES:
        return msgpack.ExtType(CODES[type(value)], pack_fields(value))
    raise JournalError(f"a {type(value).__name__} has no place in a journal frame")
