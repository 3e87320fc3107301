"""Conversions, each with what is exact about it.

E7 = degrees × 10⁷ in int32, about 1.1 cm of latitude (semantics G1). Degrees → E7 rounds half to even and is
the only lossy step; E7 → degrees → E7 returns the same integer for every legal value (tested).
Metres → centimetres rounds half to even.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius R1 of the sphere of semantics G2 (IUGG)."""

E7_PER_DEGREE = 10_000_000
METRES_PER_E7 = EARTH_RADIUS_M * math.pi / 180.0 / E7_PER_DEGREE
"""Metres along a meridian per E7 unit: 0.011119508… (a constant, not computed per ping)."""


def degrees_to_e7(degrees: float) -> int:
    """Degrees to E7, nearest, ties to even. Raises InvalidArgumentError for NaN and infinities."""
    if not math.isfinite(degrees):
        raise InvalidArgumentError("a coordinate is not a finite number")
    return round(degrees * E7_PER_DEGREE)


def e7_to_degrees(value_e7: int) -> float:
    """E7 to degrees, correctly rounded; degrees_to_e7 of the result gives the same integer back."""
    return value_e7 / E7_PER_DEGREE


def latitude_from_degrees(degrees: float) -> int:
    """A latitude in E7. Raises InvalidArgumentError outside ±90° or for NaN."""
    value = degrees_to_e7(degrees)
    if abs(value) > limits.LATITUDE_MAX_E7:
        raise InvalidArgumentError("latitude outside -90..90 degrees", field="latitude")
    return value


def longitude_from_degrees(degrees: float) -> int:
    """A longitude in E7. Raises InvalidArgumentError outside ±180° or for NaN."""
    value = degrees_to_e7(degrees)
    if abs(value) > limits.LONGITUDE_MAX_E7:
        raise InvalidArgumentError("longitude outside -180..180 degrees", field="longitude")
    return value


def metres_to_cm(metres: float) -> int:
    """Metres to whole centimetres, nearest, ties to even. Raises InvalidArgumentError for NaN and ±∞."""
    if not math.isfinite(metres):
        raise InvalidArgumentError("a length is not a finite number")
    return round(metres * 100)


def parse_time_ms(text: str) -> int:
    """An RFC 3339 time with a zone (`…Z` or `…+01:00`) as milliseconds since 1970-01-01T00:00:00Z.

    A time without a zone is refused: a guessed zone moves an offer by hours. Raises InvalidArgumentError.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidArgumentError("not an RFC 3339 time such as 2026-03-03T10:00:00Z") from None
    if moment.tzinfo is None:
        raise InvalidArgumentError("a time needs a zone, such as Z or +01:00")
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    value = (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000
    if not limits.TIME_MIN_MS <= value <= limits.TIME_MAX_MS:
        raise InvalidArgumentError("a time must lie between 1970 and 2100")
    return value


def format_time_ms(time_ms: int) -> str:
    """Milliseconds since 1970 as RFC 3339 in UTC; milliseconds are written only when there are any."""
    moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    fraction = f".{time_ms % 1000:03d}" if time_ms % 1000 else ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"
