"""Marked values, wherever a field of the wire or a column of a file may hold one, and the search for them.

Each mark belongs to a group. All groups but CATALOG are never to be told; catalog ids may be named.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

M = TypeVar("M", bound=Message)

PERSON, WORD, NOTICE, SIZE, OTHER = "canaryperson", "canaryword", "canarynotice", "canarysize", "canaryother"
SEARCHED = "canarysearched"
"""In what she searched for, and in no name of the catalog."""
CATALOG = "canarycatalog"
TOKEN = "canarytoken"

RAW_ID = "6D92078A-8246-4BA4-AE5B-76104861E7DC"
"""Looks like an advertising id."""
NOW_MS = 1_772_528_400_000
DEVICE, STRANGER = 7_310_586_092_416_653, 6_180_339_887_498_948
LATITUDE_E7, LONGITUDE_E7 = 473_918_264, 85_172_639
HERE_LATITUDE_E7, HERE_LONGITUDE_E7 = 473_918_217, 85_172_631
"""Where she is: a few steps from the shop, whose own place files may hold."""
LATITUDE, LONGITUDE = "47.3918264", "8.5172639"
LATITUDE_OUTSIDE_E7, LONGITUDE_OUTSIDE_E7 = 1_974_185_263, 2_083_146_295
LATITUDE_OUTSIDE, LONGITUDE_OUTSIDE = "97.4185263", "208.3146295"
NUMBER = 2_087_654_329
"""Of every other number field: far outside its range."""

FORBIDDEN: dict[str, tuple[str, ...]] = {
    "customer id": (PERSON, RAW_ID.lower()),
    "device key": tuple(form for key in (DEVICE, STRANGER) for form in (str(key), f"{key:x}")),
    "token": (TOKEN,),
    # cut, not whole: a rounded coordinate is one too
    "coordinate in degrees": ("47.3918", "8.5172", "97.4185", "208.3146", "197.4185"),
    "coordinate in E7": ("4739182", "8517263", "1974185263", "2083146295"),
    "search word": (WORD, SEARCHED),
    "size": (SIZE,),
    "notice version": (NOTICE,),
    "other value": (OTHER, str(NUMBER)),
}
"""Group → texts that show one of its marks, lower case. Tokens in use are added by their segments."""

ROW_COUNT = 1_025
"""More than any repeated field of a batch may have."""

_number = itertools.count(1)


def groups_in(text: str, forbidden: dict[str, tuple[str, ...]]) -> list[str]:
    """The groups of which a mark stands in the text, whatever its case and with digits grouped or not."""
    lowered = text.lower()
    plain = lowered.replace(",", "").replace("_", "")
    return [group for group, forms in forbidden.items() if any(form in lowered or form in plain for form in forms)]


def segments_of(token: str) -> tuple[str, ...]:
    """What must not be seen of a token: its claims and its signature (the header is the same in all)."""
    return tuple(part.lower() for part in token.split(".")[1:])


def mark_of(owner: str, name: str) -> str:
    """The mark of a text field or column. owner: the message or file it is part of."""
    name = name.removesuffix("s")
    if name.endswith("customer_id") or name in ("web_id", "loyalty_id"):
        return PERSON
    if name == "search_text" or (owner.lower().startswith("touchpoint") and name.endswith("_id")):
        return SEARCHED
    if name in ("text", "name", "title"):
        return WORD
    if name == "notice_version":
        return NOTICE
    if name in ("value", "size_value", "size"):
        return SIZE
    return CATALOG if name.endswith("_id") else OTHER


def wrong_variants(request: M) -> Iterator[M]:
    """Copies of a request, each with one value replaced by a marked one that is unknown, not legal, too long or out
    of range, or with one repeated field grown beyond any bound.
    """
    for path, field in _places(request):
        for wrong in _wrong_values(field):
            changed = type(request)()
            changed.CopyFrom(request)
            owner: Any = changed
            for name, index in path:
                owner = getattr(owner, name) if index is None else getattr(owner, name)[index]
            if not field.is_repeated:
                setattr(owner, field.name, wrong)
            else:
                getattr(owner, field.name)[0] = wrong
            yield changed
        if field.is_repeated:
            yield _grown(request, path, field)


Path = tuple[tuple[str, int | None], ...]


def _places(message: Message, path: Path = ()) -> Iterator[tuple[Path, FieldDescriptor]]:
    """Every field that is set, with the way to its owner; of a repeated field the first element."""
    for field, value in message.ListFields():
        if field.message_type is None:
            yield path, field
        elif field.is_repeated:
            yield path, field
            yield from _places(value[0], (*path, (field.name, 0)))
        else:
            yield from _places(value, (*path, (field.name, None)))


def _wrong_values(field: FieldDescriptor) -> Iterator[str | int | bytes]:
    name = field.name
    if field.type == FieldDescriptor.TYPE_STRING:
        mark = mark_of(field.containing_type.name, name)
        yield f"{mark}-unknown-{next(_number)}"
        yield f"{mark} \x07 not legal"
        yield mark * 100
    elif field.type == FieldDescriptor.TYPE_BYTES:
        yield OTHER.encode()
    elif field.type == FieldDescriptor.TYPE_ENUM:
        yield 99
    elif name.startswith("device_key"):
        yield from (STRANGER, -STRANGER)
    elif name.startswith("latitude"):
        yield from (LATITUDE_OUTSIDE_E7, -LATITUDE_OUTSIDE_E7)
    elif name.startswith("longitude"):
        yield from (LONGITUDE_OUTSIDE_E7, -LONGITUDE_OUTSIDE_E7)
    elif field.type not in (FieldDescriptor.TYPE_BOOL, FieldDescriptor.TYPE_MESSAGE):
        yield from (NUMBER, -NUMBER)


def _grown(request: M, path: Path, field: FieldDescriptor) -> M:
    grown = type(request)()
    grown.CopyFrom(request)
    owner: Any = grown
    for name, index in path:
        owner = getattr(owner, name) if index is None else getattr(owner, name)[index]
    values = getattr(owner, field.name)
    values.extend([values[0]] * ROW_COUNT)
    return grown
