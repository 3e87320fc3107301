"""Requests drawn from the descriptors: any field set or not, with values that break decoders."""

from __future__ import annotations

from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import strategies as st

DEPTH_MAX = 3
MARK = "s3cr3t-mark"
"""In every text that is drawn: nothing of it may come back but where a message names the caller's own catalog id."""

_INT32 = st.sampled_from([0, 1, -1, 7, 2**31 - 1, -(2**31), 900_000_001]) | st.integers(-(2**31), 2**31 - 1)
_INT64 = st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63), 253_402_300_800]) | st.integers(-(2**63), 2**63 - 1)
_FLOAT = st.sampled_from([0.0, float("nan"), float("inf"), float("-inf"), 90.0, -180.0, 1e308, 5e-324])
_TEXT = st.sampled_from(
    ["", MARK, f"=cmd|{MARK}", f"{MARK}\r\n{{}}", f"\x00\x1b[2J{MARK}", "\u202e" + MARK, "../" * 40 + MARK, MARK * 60]
) | st.text(max_size=8).map(lambda text: MARK + text)
_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_DOUBLE: _FLOAT,
    FieldDescriptor.TYPE_FLOAT: _FLOAT.map(lambda value: value if abs(value) < 3e38 or value != value else 3e38),
    FieldDescriptor.TYPE_INT64: _INT64,
    FieldDescriptor.TYPE_SINT64: _INT64,
    FieldDescriptor.TYPE_SFIXED64: _INT64,
    FieldDescriptor.TYPE_INT32: _INT32,
    FieldDescriptor.TYPE_SINT32: _INT32,
    FieldDescriptor.TYPE_SFIXED32: _INT32,
    FieldDescriptor.TYPE_ENUM: st.integers(-1, 40) | st.just(2**31 - 1),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_STRING: _TEXT,
    FieldDescriptor.TYPE_BYTES: _TEXT.map(str.encode),
}


def message_of(descriptor: Descriptor, depth: int = 0) -> st.SearchStrategy[Any]:
    """A message of this type; nested ones to a depth of three, repeated fields up to three items."""
    kind = message_factory.GetMessageClass(descriptor)

    @st.composite
    def drawn(draw: st.DrawFn) -> Any:
        value = kind()
        for field in descriptor.fields:
            if not draw(st.booleans()):
                continue
            if field.message_type is not None and depth >= DEPTH_MAX:
                continue
            _set(value, field, draw, depth)
        return value

    return drawn()


def _set(value: Any, field: FieldDescriptor, draw: st.DrawFn, depth: int) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return
    one = message_of(field.message_type, depth + 1) if field.message_type is not None else _SCALARS[field.type]
    if field.is_repeated:
        getattr(value, field.name).extend(draw(st.lists(one, max_size=3)))
    elif field.message_type is not None:
        getattr(value, field.name).CopyFrom(draw(one))
    else:
        setattr(value, field.name, draw(one))
