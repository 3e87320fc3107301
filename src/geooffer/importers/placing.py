"""Moving walks to another place: metres east and north of an anchor become degrees, and back.

    latitude  = place's latitude  + north_m / M
    longitude = place's longitude + east_m / (M · cos(place's latitude))

with M = 111,195.08 m, one degree of a great circle of the sphere of semantics G2.

Every device is moved on its own: its anchor, the first fix or the centroid of its fixes, lies at the place afterwards.
What that plane gets wrong: a step east that begins n metres north of the place is off by the factor
1 − tan(latitude) · n / R, so 0.1 % at 52.5° and 5 km; steps north are right. Rounding to E7 adds at most 0.6 cm
to each coordinate. A walk beyond TRACE_SPAN_MAX_M of its anchor is refused, and so is a place near a pole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from geooffer.errors import InvalidArgumentError
from geooffer.importers import values
from geooffer.importers.local_traces import LocalTrace
from geooffer.importers.traces import Trace
from geooffer.model import limits, units
from geooffer.model.columns import Int64Array

_M_PER_DEGREE = units.METRES_PER_E7 * units.E7_PER_DEGREE
_TURN_E7 = 2 * limits.LONGITUDE_MAX_E7

MetresArray = npt.NDArray[np.floating]


class Anchor(Enum):
    """Which point of a device's fixes is put at the place."""

    FIRST = "first"
    """Her first fix: she sets out at the place."""
    CENTROID = "centroid"
    """The mean of her fixes: she is around the place. GOAL's own origin."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where walks are put."""

    latitude_e7: int
    longitude_e7: int

    def __post_init__(self) -> None:
        """Raises InvalidArgumentError near a pole."""
        if abs(self.latitude_e7) > limits.PLACE_LATITUDE_MAX_E7:
            degrees = limits.PLACE_LATITUDE_MAX_E7 // units.E7_PER_DEGREE
            raise InvalidArgumentError(f"a place must lie within ±{degrees} degrees of latitude", field="place")


def parse_place(text: str) -> Place:
    """`LAT,LON` in degrees. Raises InvalidArgumentError that does not repeat the coordinates."""
    cells = [cell.strip() for cell in text.split(",")]
    if len(cells) != 2:
        raise InvalidArgumentError("--place is LAT,LON in degrees with a point, such as 52.52,13.405", field="place")
    return Place(values.latitude_e7(cells[0], "--place latitude"), values.longitude_e7(cells[1], "--place longitude"))


def place_walks(walks: LocalTrace, place: Place, anchor: Anchor) -> Trace:
    """Walks in local metres as a trace around a place; times stay. Raises InvalidArgumentError: see above."""
    fixes = walks.fixes
    trace = Trace(
        device_keys=np.ascontiguousarray(fixes["device_key"]),
        fix_times_ms=np.ascontiguousarray(fixes["fix_time_ms"]),
        latitudes_e7=np.zeros(len(fixes), dtype=np.int32),
        longitudes_e7=np.zeros(len(fixes), dtype=np.int32),
        accuracies_cm=np.ascontiguousarray(fixes["accuracy_cm"]),
        speeds_cm_per_s=np.ascontiguousarray(fixes["speed_cm_per_s"]),
        labels=np.ascontiguousarray(fixes["label"]),
        was_sorted=False,
        refusals=walks.refusals,
    )
    return _at(trace, fixes["east_m"], fixes["north_m"], place, anchor)


def move_trace(trace: Trace, place: Place, anchor: Anchor) -> Trace:
    """A trace with real coordinates, moved: metres are measured around each device's first fix and laid out anew
    around the place, so that speeds and shapes are kept rather than degrees. Raises InvalidArgumentError: see above.
    """
    device, first_row = _devices(trace.device_keys, trace.fix_times_ms)
    origin_latitude_e7 = trace.latitudes_e7[first_row].astype(np.int64)[device]
    origin_longitude_e7 = trace.longitudes_e7[first_row].astype(np.int64)[device]
    # the shorter way round, so that a walk over the antimeridian stays one walk
    east_e7 = (trace.longitudes_e7 - origin_longitude_e7 + _TURN_E7 // 2) % _TURN_E7 - _TURN_E7 // 2
    shrink = np.cos(np.radians(origin_latitude_e7 / units.E7_PER_DEGREE))
    north_m = (trace.latitudes_e7 - origin_latitude_e7) * units.METRES_PER_E7
    return _at(trace, east_e7 * units.METRES_PER_E7 * shrink, north_m, place, anchor)


def _at(trace: Trace, east_m: MetresArray, north_m: MetresArray, place: Place, anchor: Anchor) -> Trace:
    if not trace.fix_count:
        return trace
    device, first_row = _devices(trace.device_keys, trace.fix_times_ms)
    if anchor is Anchor.FIRST:
        anchor_east_m, anchor_north_m = east_m[first_row], north_m[first_row]
    else:
        count = np.bincount(device)
        anchor_east_m = np.bincount(device, weights=east_m) / count
        anchor_north_m = np.bincount(device, weights=north_m) / count
    east_m, north_m = east_m - anchor_east_m[device], north_m - anchor_north_m[device]
    if max(np.abs(east_m).max(), np.abs(north_m).max()) > limits.TRACE_SPAN_MAX_M:
        rule = f"a walk that goes more than {limits.TRACE_SPAN_MAX_M // 1000} km from its anchor cannot be moved"
        raise InvalidArgumentError(rule, field="place")
    shrink = math.cos(math.radians(units.e7_to_degrees(place.latitude_e7)))
    north_e7 = np.rint(north_m / _M_PER_DEGREE * units.E7_PER_DEGREE).astype(np.int64)
    east_e7 = np.rint(east_m / (_M_PER_DEGREE * shrink) * units.E7_PER_DEGREE).astype(np.int64)
    longitudes_e7 = (place.longitude_e7 + east_e7 + limits.LONGITUDE_MAX_E7) % _TURN_E7 - limits.LONGITUDE_MAX_E7
    return replace(
        trace,
        latitudes_e7=(place.latitude_e7 + north_e7).astype(np.int32),
        longitudes_e7=longitudes_e7.astype(np.int32),
    )


def _devices(device_keys: Int64Array, fix_times_ms: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Per fix the index of its device, shape (n,), and per device the row of its first fix by time."""
    by_time = np.lexsort((device_keys, fix_times_ms))
    _, first, inverse = np.unique(device_keys[by_time], return_index=True, return_inverse=True)
    device = np.empty(len(by_time), dtype=np.int64)
    device[by_time] = inverse
    return device, by_time[first]
