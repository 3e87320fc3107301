"""What presence makes of recorded fixes, with hysteresis and without: plain point-in-polygon is the rival.

Hysteresis is everything semantics P1 and P2 put between a fix and an event: that a fix must be accurate to count as
inside, farther away than its accuracy to count as outside, and that two such fixes end a visit. Off, an event is told
wherever a fix falls on the other side of the edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.engine.shapes import to_shapely
from geooffer.importers.traces import Trace
from geooffer.journal.memory import MemoryJournal
from geooffer.model import units
from geooffer.model.catalog import Customer, Geofence
from geooffer.model.columns import PING, StructArray
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.verdicts import PingVerdict, Purpose, TransitionCause, TransitionKind

_M_PER_DEGREE = units.METRES_PER_E7 * units.E7_PER_DEGREE


@dataclass(frozen=True, slots=True)
class Event:
    """One transition of one device. `fix` is the row of the trace that told it."""

    fix: int
    device_key: int
    fence_id: str
    kind: TransitionKind
    cause: TransitionCause
    time_ms: int


def without_hysteresis(policy: Policy) -> Policy:
    """The same policy with P1's margins and P2's counts taken away, and every jump (T4) believed."""
    return policy._replace(
        inside_accuracy_floor_cm=policy.accuracy_max_cm,
        outside_margin_cm=0,
        outside_accuracy_percent=0,
        enter_fix_count=1,
        exit_fix_count=1,
        jump_fix_count=1,
    )


def pings_of(trace: Trace) -> StructArray:
    """The fixes as PING rows, each arriving when it was fixed."""
    pings = np.zeros(trace.fix_count, dtype=PING)
    pings["device_key"] = trace.device_keys
    pings["fix_time_ms"] = pings["now_ms"] = trace.fix_times_ms
    pings["latitude_e7"], pings["longitude_e7"] = trace.latitudes_e7, trace.longitudes_e7
    pings["accuracy_cm"], pings["speed_cm_per_s"] = trace.accuracies_cm, trace.speeds_cm_per_s
    return pings


def events_of(trace: Trace, fences: Sequence[Geofence], policy: Policy) -> tuple[list[Event], dict[str, int]]:
    """What the engine tells of these fixes, in order; and how many pings had which verdict."""
    pings = pings_of(trace)
    engine = engine_of(pings, fences, policy)
    outcome = engine.step(pings)
    counts = {
        verdict.name: int((outcome.verdicts == verdict).sum())
        for verdict in PingVerdict
        if (outcome.verdicts == verdict).any()
    }
    return [event_of(engine, item) for item in outcome.transitions.tolist()], counts


def engine_of(pings: StructArray, fences: Sequence[Geofence], policy: Policy) -> Engine:
    """An engine with these fences, and a consenting customer for each device of the pings."""
    start_ms = int(pings["now_ms"][0])
    engine = Engine(
        journal=MemoryJournal(), clock=EngineClock("client", start_ms), policy=policy, decision_key=b"flaps"
    )
    engine.put_nouns(list(fences), now_ms=start_ms - DAY_MS)
    for device_key in np.unique(pings["device_key"]).tolist():
        name = f"device-{device_key}"
        engine.upsert_customers([Customer(name, (device_key,))])
        engine.record_consent(
            name,
            Purpose.PRECISE_LOCATION_FOR_OFFERS.bit,
            granted=True,
            time_ms=start_ms - DAY_MS,
            now_ms=start_ms,
            notice_version="1",
        )
    engine.publish()
    return engine


def event_of(engine: Engine, item: tuple[int, ...]) -> Event:
    """A TRANSITION row, as a tuple."""
    device_key, time_ms, row, fence_number, _, kind, cause = item[:7]
    fence_id = engine.registry.fence_id(fence_number)
    return Event(row, device_key, fence_id, TransitionKind(kind), TransitionCause(cause), time_ms)


@dataclass(frozen=True, slots=True)
class Stay:
    """Consecutive fixes of one device with the same covering fences, by point-in-polygon alone."""

    first_fix: int
    fence_ids: tuple[str, ...]
    fix_count: int


def naive_stays(trace: Trace, fences: Sequence[Geofence], accuracy_max_m: float) -> list[Stay]:
    """What plain point-in-polygon (shapely) makes of the fixes of one device that are accurate to `accuracy_max_m`."""
    shapes = [(fence.geofence_id, to_shapely(fence.shape)) for fence in fences]
    usable = np.flatnonzero(trace.accuracies_cm <= round(accuracy_max_m * 100))
    x, y = _degrees(trace.longitudes_e7[usable]), _degrees(trace.latitudes_e7[usable])
    covered = np.array([shapely.intersects_xy(shape, x, y) for _, shape in shapes])
    stays: list[Stay] = []
    for place, row in enumerate(usable.tolist()):
        ids = tuple(shapes[index][0] for index in np.flatnonzero(covered[:, place]))
        if stays and stays[-1].fence_ids == ids:
            last = stays.pop()
            stays.append(Stay(last.first_fix, ids, last.fix_count + 1))
        else:
            stays.append(Stay(row, ids, 1))
    return stays


def _degrees(values_e7: np.ndarray) -> np.ndarray:
    return values_e7.astype(np.float64) / units.E7_PER_DEGREE


def distance_to_edge_m(fence: Geofence, latitude_e7: int, longitude_e7: int) -> float:
    """From a fix to the fence's boundary in the plane that touches the sphere there (semantics G2); < 0 = inside.

    By shapely, not by the kernels that decide.
    """
    latitude, longitude = latitude_e7 / units.E7_PER_DEGREE, longitude_e7 / units.E7_PER_DEGREE
    shrink = float(np.cos(np.radians(latitude)))

    def to_plane(points: np.ndarray) -> np.ndarray:
        flat: np.ndarray = (points - (longitude, latitude)) * _M_PER_DEGREE
        flat[:, 0] *= shrink
        return flat

    here = shapely.Point(0.0, 0.0)
    flat_shape = shapely.transform(to_shapely(fence.shape), to_plane)
    way_m = float(shapely.distance(shapely.boundary(flat_shape), here))
    return -way_m if shapely.covers(flat_shape, here) else way_m


def picked(trace: Trace, rows: npt.NDArray[Any]) -> Trace:
    """These fixes of a trace, by index or by mask."""
    return replace(
        trace,
        device_keys=trace.device_keys[rows],
        fix_times_ms=trace.fix_times_ms[rows],
        latitudes_e7=trace.latitudes_e7[rows],
        longitudes_e7=trace.longitudes_e7[rows],
        accuracies_cm=trace.accuracies_cm[rows],
        speeds_cm_per_s=trace.speeds_cm_per_s[rows],
        labels=trace.labels[rows],
    )


def first_device(trace: Trace) -> Trace:
    """The fixes of the device that is heard first."""
    return picked(trace, trace.device_keys == trace.device_keys[0])


def evidence_of(trace: Trace, fence: Geofence, event: Event) -> list[tuple[float, float]]:
    """(accuracy, distance to the fence's edge, negative inside) in metres of the fixes that an event rests on.

    ENTER and DWELL: the fix of the event. EXIT by movement: from the first outside fix to the one that confirms it,
    those between that say nothing left out. SILENT: the last fix before the silence.
    """
    policy = Policy()
    last = int(np.flatnonzero(trace.fix_times_ms <= event.time_ms)[-1])
    rows = [last]
    if event.kind is TransitionKind.EXIT and event.cause is TransitionCause.MOVEMENT:
        rows = [row for row in range(last, event.fix + 1) if trace.accuracies_cm[row] <= policy.accuracy_max_cm]
    elif event.kind is TransitionKind.EXIT:
        usable = np.flatnonzero((trace.fix_times_ms <= event.time_ms) & (trace.accuracies_cm <= policy.accuracy_max_cm))
        rows = [int(usable[-1])]
    return [
        (
            float(trace.accuracies_cm[row]) / 100,
            distance_to_edge_m(fence, int(trace.latitudes_e7[row]), int(trace.longitudes_e7[row])),
        )
        for row in rows
    ]
