"""Cells of text into values, each refusal naming its column and the rule, never the cell's content.

All functions raise InvalidArgumentError with `field` = the column.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Collection

from geooffer.engine.hours import check_opening_hours, zone_names
from geooffer.errors import InvalidArgumentError
from geooffer.model import limits, units
from geooffer.model.catalog import Size

_ID = re.compile(rf"[A-Za-z0-9._:/-]{{1,{limits.ID_LENGTH_MAX}}}")
_ILLEGAL_RUN = re.compile(r"[^A-Za-z0-9._:/-]+")
_LANGUAGE = re.compile(r"[a-z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_NUMBER_MAX = 1e15  # times a million it is still a finite number
_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?")
_SECONDS = re.compile(r"([0-9]{1,9})\.([0-9]{1,3})")
_TRUE = frozenset(("true", "yes", "1"))
_FALSE = frozenset(("false", "no", "0"))


def refuse(column: str, rule: str) -> InvalidArgumentError:
    """The error for a cell that breaks `rule`."""
    return InvalidArgumentError(f"{column}: {rule}", field=column)


def identifier(text: str, column: str) -> str:
    """A resource id."""
    if not text:
        raise refuse(column, "is missing")
    if not _ID.fullmatch(text):
        raise refuse(column, f"an id is 1 to {limits.ID_LENGTH_MAX} characters of A-Z a-z 0-9 . _ : / -")
    return text


def legal_id(name: str) -> str:
    """A name as an id: accents dropped, other illegal runs become one '-' ("Escher Wyss" → "Escher-Wyss")."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return _ILLEGAL_RUN.sub("-", plain).strip("-")[: limits.ID_LENGTH_MAX]


def short_text(value: str, column: str) -> str:
    """A text shown to people: bounded, without control characters; '' is allowed."""
    if len(value) > limits.TEXT_LENGTH_MAX:
        raise refuse(column, f"longer than {limits.TEXT_LENGTH_MAX} characters")
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise refuse(column, "holds a control character")
    return value


def number(text: str, column: str) -> float:
    """A finite decimal number with a point."""
    if not text:
        raise refuse(column, "is missing")
    if not _NUMBER.fullmatch(text):
        raise refuse(column, "not a number such as 47.3769")
    value = float(text)
    if not math.isfinite(value):
        raise refuse(column, "not a finite number")
    if abs(value) > _NUMBER_MAX:
        raise refuse(column, "a number too large")
    return value


def integer(text: str, column: str, low: int, high: int) -> int:
    """A whole number in low..high."""
    if not text:
        raise refuse(column, "is missing")
    if not _INTEGER.fullmatch(text):
        raise refuse(column, "not a whole number")
    value = int(text)
    if not low <= value <= high:
        raise refuse(column, f"outside {low}..{high}")
    return value


def percent(text: str, column: str) -> int:
    """0 to 100 with at most two decimals, in hundredths: "7.5" is 750."""
    match = _PERCENT.fullmatch(text)
    value = 100 * int(match[1]) + int((match[2] or "").ljust(2, "0")) if match else -1
    if not 0 <= value <= 10_000:
        raise refuse(column, "not a percentage of 0 to 100 with at most two decimals")
    return value


def seconds_as_ms(text: str, column: str, high_s: int) -> int:
    """Seconds of 0..high_s with at most three decimals, in milliseconds: "90.5" is 90,500."""
    match = _SECONDS.fullmatch(text)
    if match is None:
        return 1000 * integer(text, column, 0, high_s)
    return 1000 * integer(match[1], column, 0, high_s - 1) + int(match[2].ljust(3, "0"))


def latitude_e7(text: str, column: str = "latitude") -> int:
    """Degrees of latitude as E7."""
    return _renamed(units.latitude_from_degrees, number(text, column), column)


def longitude_e7(text: str, column: str = "longitude") -> int:
    """Degrees of longitude as E7."""
    return _renamed(units.longitude_from_degrees, number(text, column), column)


def place_e7(longitude: float, latitude: float) -> tuple[int, int]:
    """(latitude, longitude) in E7 of degrees, longitude first as files have them. Raises InvalidArgumentError."""
    # what is far outside is refused as such: as E7 it would be infinite, or more than an integer may say
    low, high = -_NUMBER_MAX, _NUMBER_MAX
    return (
        units.latitude_from_degrees(max(min(latitude, high), low)),
        units.longitude_from_degrees(max(min(longitude, high), low)),
    )


def _renamed(convert: Callable[[float], int], value: float, column: str) -> int:
    try:
        return convert(value)
    except InvalidArgumentError as error:
        raise refuse(column, error.message.removeprefix(f"{column} ")) from None


def time_ms(text: str, column: str) -> int:
    """An RFC 3339 time with a zone."""
    if not text:
        raise refuse(column, "is missing")
    try:
        return units.parse_time_ms(text)
    except InvalidArgumentError as error:
        raise refuse(column, error.message) from None


def truth(text: str, column: str, default: bool) -> bool:
    """true/false, yes/no, 1/0; '' is the default."""
    lowered = text.lower()
    if not lowered:
        return default
    if lowered in _TRUE or lowered in _FALSE:
        return lowered in _TRUE
    raise refuse(column, "neither true nor false")


def language(text: str, column: str) -> str:
    """An ISO 639-1 code."""
    if not _LANGUAGE.fullmatch(text):
        raise refuse(column, "not an ISO 639-1 language code such as en")
    return text


def currency(text: str, column: str) -> str:
    """An ISO 4217 code."""
    if not _CURRENCY.fullmatch(text):
        raise refuse(column, "not an ISO 4217 currency code such as EUR")
    return text


def time_zone(text: str, column: str) -> str:
    """An IANA time zone that the zone database knows."""
    if not text:
        raise refuse(column, "is missing")
    if text not in zone_names():
        raise refuse(column, "not an IANA time zone such as Europe/Zurich")
    return text


def opening_hours(text: str, column: str) -> str:
    """An expression in OpenStreetMap's `opening_hours` syntax; '' = unknown."""
    if len(text) > limits.OPENING_HOURS_LENGTH_MAX:
        raise refuse(column, f"longer than {limits.OPENING_HOURS_LENGTH_MAX} characters")
    try:
        return check_opening_hours(short_text(text, column))
    except InvalidArgumentError:
        raise refuse(column, 'not OpenStreetMap opening hours such as "Mo-Sa 08:00-20:00; PH off"') from None


def country(text: str, column: str) -> str:
    """An ISO 3166-1 code of two letters; '' is allowed."""
    if text and not _COUNTRY.fullmatch(text):
        raise refuse(column, "not an ISO 3166-1 country code such as DE")
    return text


def region(text: str, column: str) -> str:
    """An ISO 3166-2 code, or the network's own name of a region; '' is allowed."""
    if len(text) > limits.ID_LENGTH_MAX:
        raise refuse(column, f"longer than {limits.ID_LENGTH_MAX} characters")
    return short_text(text, column)


def tags(names: Collection[str], column: str) -> tuple[str, ...]:
    """Identifiers, sorted, each once."""
    found = sorted(identifier(name, column) for name in names)
    if len(found) > limits.TAGS_PER_STORE_COUNT_MAX:
        raise refuse(column, f"more than {limits.TAGS_PER_STORE_COUNT_MAX}")
    if len(set(found)) != len(found):
        raise refuse(column, "names a tag twice")
    return tuple(found)


def size(text: str, column: str) -> Size:
    """A size as "SYSTEM VALUE", such as "EU 43"."""
    system, _, value = text.partition(" ")
    value = value.strip()
    if not system or not value or len(system) > limits.ID_LENGTH_MAX or len(value) > limits.ID_LENGTH_MAX:
        raise refuse(column, 'a size is a system and a value, such as "EU 43"')
    return Size(short_text(system, column), short_text(value, column))


def parts(text: str) -> list[str]:
    """The parts of a cell that holds several values, separated by `|`; an empty cell has none."""
    return [part.strip() for part in text.split("|")] if text else []


def choice(text: str, column: str, members: Collection[str]) -> str:
    """One of the upper-case names, whatever case it is written in, `-` as good as `_`."""
    name = text.upper().replace("-", "_")
    if name not in members:
        raise refuse(column, f"not one of {', '.join(members)}")
    return name
