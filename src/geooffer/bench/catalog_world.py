"""The fences of the `catalog` shape: those of the `direct` shape with their stores, and as many more as are wanted."""

from __future__ import annotations

from geooffer.bench.direct_world import FENCE_COUNT
from geooffer.model.catalog import Geofence
from geooffer.model.shapes import Circle

_COLUMN_COUNT = 320
_STEP_LATITUDE_E7, _STEP_LONGITUDE_E7 = 45_000, 66_000
_ORIGIN_LATITUDE_E7, _ORIGIN_LONGITUDE_E7 = 480_000_000, 60_000_000
PROBE_LATITUDE_E7, PROBE_LONGITUDE_E7 = 460_000_000, 84_000_000
"""Where a device stands around which fences come and go; no other fence is near."""
PROBE_RADIUS_CM = 20_000


def further_count(fence_count: int) -> int:
    """How many there are beside those of the `direct` shape."""
    return max(fence_count - FENCE_COUNT, 0)


def further_id(number: int) -> str:
    """Of fence `number` among those."""
    return f"x{number}"


def further_fence(number: int, north_e7: int = 0) -> Geofence:
    """Circles of 50 to 230 m, 500 m apart; `north_e7`: moved by so much."""
    row, column = divmod(number, _COLUMN_COUNT)
    latitude_e7 = _ORIGIN_LATITUDE_E7 + row * _STEP_LATITUDE_E7 + north_e7
    longitude_e7 = _ORIGIN_LONGITUDE_E7 + column * _STEP_LONGITUDE_E7
    return Geofence(further_id(number), Circle(latitude_e7, longitude_e7, 5_000 + number % 7 * 3_000))
