"""Checks of single wire values. Each names the field and its rule, never the value: it may be a person's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from geooffer.engine.hours import check_opening_hours, zone_names
from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.v1 import resources_pb2 as pb

_ID = re.compile(rf"[A-Za-z0-9._:/-]{{1,{limits.ID_LENGTH_MAX}}}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
# C0, DEL and C1 control characters: they forge log lines and terminals
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def identifier(value: str, field: str, *, required: bool = True) -> str:
    """An id of the caller's; '' is allowed where it is not required."""
    if not value and not required:
        return value
    if not _ID.fullmatch(value):
        rule = f"{field} must be 1..{limits.ID_LENGTH_MAX} characters of A-Z a-z 0-9 . _ : / -"
        raise InvalidArgumentError(rule, field=field)
    return value


def text(value: str, field: str, *, required: bool = False, length_max: int = limits.TEXT_LENGTH_MAX) -> str:
    """A text without control characters."""
    if len(value) > length_max or (required and not value):
        raise InvalidArgumentError(f"{field} must be {int(required)}..{length_max} characters", field=field)
    if _CONTROL.search(value):
        raise InvalidArgumentError(f"{field} must not hold control characters", field=field)
    return value


def integer(value: int, low: int, high: int, field: str) -> int:
    """An integer within its stated range."""
    if not low <= value <= high:
        raise InvalidArgumentError(f"{field} must lie in {low}..{high}", field=field)
    return value


def latitude(value_e7: int, field: str = "latitude_e7") -> int:
    """Degrees × 10⁷ (semantics G1)."""
    return integer(value_e7, -limits.LATITUDE_MAX_E7, limits.LATITUDE_MAX_E7, field)


def longitude(value_e7: int, field: str = "longitude_e7") -> int:
    """Degrees × 10⁷ (semantics G1)."""
    return integer(value_e7, -limits.LONGITUDE_MAX_E7, limits.LONGITUDE_MAX_E7, field)


def present(message: Message, field: str) -> None:
    """A message field that must be set."""
    if not message.HasField(field):
        raise InvalidArgumentError(f"{field} is required", field=field)


def time_ms(message: Message, field: str) -> int:
    """A required Timestamp field in whole milliseconds since 1970 (finer digits are cut)."""
    present(message, field)
    stamp: Timestamp = getattr(message, field)
    value = stamp.seconds * 1000 + stamp.nanos // 1_000_000
    if not 0 <= stamp.nanos < 1_000_000_000 or not limits.TIME_MIN_MS <= value <= limits.TIME_MAX_MS:
        raise InvalidArgumentError(f"{field} must lie between 1970 and 2100", field=field)
    return value


def timestamp(value_ms: int) -> Timestamp:
    """Milliseconds since 1970 as a Timestamp, exact."""
    return Timestamp(seconds=value_ms // 1000, nanos=value_ms % 1000 * 1_000_000)


def time_zone(value: str, field: str = "time_zone") -> str:
    """A name of the IANA zone database."""
    if value not in zone_names():
        raise InvalidArgumentError(f"{field} must be an IANA name such as Europe/Berlin", field=field)
    return value


def opening_hours(value: str, field: str = "opening_hours") -> str:
    """'' or an expression in OpenStreetMap's syntax (semantics H1)."""
    return check_opening_hours(text(value, field, length_max=limits.OPENING_HOURS_LENGTH_MAX))


def country(value: str, field: str = "country") -> str:
    """'' or ISO 3166-1 alpha-2."""
    if value and not _COUNTRY.fullmatch(value):
        raise InvalidArgumentError(f"{field} must be two upper-case letters (ISO 3166-1)", field=field)
    return value


def language(value: str, field: str = "language_code") -> str:
    """ISO 639-1."""
    if not _LANGUAGE.fullmatch(value):
        raise InvalidArgumentError(f"{field} must be two lower-case letters (ISO 639-1)", field=field)
    return value


def currency(value: str, field: str = "currency_code") -> str:
    """ISO 4217."""
    if not _CURRENCY.fullmatch(value):
        raise InvalidArgumentError(f"{field} must be three upper-case letters (ISO 4217)", field=field)
    return value


def texts(values: Iterable[pb.LocalizedText], field: str, *, required: bool) -> tuple[tuple[str, str], ...]:
    """Texts by language, sorted, each language once."""
    pairs = _texts(values, field)
    if required and not pairs:
        raise InvalidArgumentError(f"{field} needs at least one text", field=field)
    if len({code for code, _ in pairs}) != len(pairs):
        raise InvalidArgumentError(f"{field} must name each language once", field=field)
    return tuple(sorted(pairs))


def synonyms(values: Iterable[pb.LocalizedText], field: str) -> tuple[tuple[str, str], ...]:
    """Texts by language, sorted, any number of a language, each once."""
    pairs = _texts(values, field)
    if len(pairs) > limits.SYNONYM_COUNT_MAX or len(set(pairs)) != len(pairs):
        raise InvalidArgumentError(f"{field} may be {limits.SYNONYM_COUNT_MAX} at most, each once", field=field)
    return tuple(sorted(pairs))


def _texts(values: Iterable[pb.LocalizedText], field: str) -> list[tuple[str, str]]:
    return [
        (
            language(item.language_code, f"{field}.language_code"),
            text(item.text, f"{field}.text", required=True),
        )
        for item in values
    ]


def one_of(value: str, names: Collection[str], field: str) -> str:
    """A name of a closed list, which holds '' where it may be left out."""
    if value not in names:
        raise InvalidArgumentError(f"{field} must be one of {', '.join(filter(None, names))}", field=field)
    return value


def row_count(count: int, field: str, *, high: int = limits.BATCH_RESOURCE_COUNT_MAX) -> int:
    """The number of rows of a batch: 1 to `high`."""
    if not 1 <= count <= high:
        raise InvalidArgumentError(f"{field} must have 1..{high} rows", field=field)
    return count
