"""Where recorded walks stand still, and real outlines put so that their edge runs through the place.

A spell of standing is found by its fixes alone. They are smoothed by a running median of five, so that a single wrong
fix neither ends a spell nor begins one; a spell is a longest run of fixes, none more than 5 min after the one before,
whose smoothed places stay within 20 m of their mean so far, that lasts 5 min and has 10 fixes. Whoever stands may still
take some steps: what happens in a spell needs no movement of more than 20 m, it does not prove that there was none.

Each spell is taken out of its place and put, in metres, into a cell of a grid of its own, as a device of its own. There
it meets eight outlines, each moved so that a point of its edge lies on the median of the spell's fixes: the worst place
to stand. The first ENTER of a spell and a fence may be true; every further one is an enter that no movement explains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from geooffer.bench.flaps import events_of, picked
from geooffer.engine.shapes import polygon_from_lonlat, to_shapely
from geooffer.errors import InvalidArgumentError
from geooffer.importers.traces import Trace, merge_traces
from geooffer.model import units
from geooffer.model.catalog import Geofence
from geooffer.model.columns import Int64Array
from geooffer.model.policy import Policy
from geooffer.model.shapes import Polygon
from geooffer.model.verdicts import TransitionKind

MetresArray = npt.NDArray[np.float64]

SMOOTHED_FIX_COUNT = 5
SPELL_RADIUS_M = 20.0
SPELL_MIN_MS = 5 * 60_000
SPELL_MIN_FIX_COUNT = 10
GAP_MAX_MS = 5 * 60_000
EDGES_PER_SPELL = 8
_M_PER_DEGREE = units.METRES_PER_E7 * units.E7_PER_DEGREE
_GRID_LATITUDE, _GRID_WIDTH, _GRID_STEP_DEGREES = 52.0, 64, 0.02


@dataclass(frozen=True, slots=True)
class Spell:
    """Fixes of one device that stands: rows of the trace, and metres east and north of their median."""

    rows: Int64Array
    east_m: MetresArray
    north_m: MetresArray
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """All spells of a trace, each a device of its own in a cell of its own, among fences at their edges."""

    trace: Trace
    fences: list[Geofence]
    spell_count: int
    hours: float
    """Of all spells together."""


def find_spells(trace: Trace) -> list[Spell]:
    """All spells, by device, then time."""
    spells = []
    for device_key in np.unique(trace.device_keys).tolist():
        rows = np.flatnonzero(trace.device_keys == device_key)
        east_m, north_m = _metres(trace, rows)
        times_ms = trace.fix_times_ms[rows]
        for first, last in _runs(times_ms, _smoothed(east_m), _smoothed(north_m)):
            own = slice(first, last)
            x, y = east_m[own], north_m[own]
            spells.append(
                Spell(rows[own], x - np.median(x), y - np.median(y), int(times_ms[last - 1] - times_ms[first]))
            )
    return spells


def _metres(trace: Trace, rows: Int64Array) -> tuple[MetresArray, MetresArray]:
    """East and north of the device's first fix, in the plane of its latitude."""
    latitude = trace.latitudes_e7[rows].astype(np.float64) / units.E7_PER_DEGREE
    longitude = trace.longitudes_e7[rows].astype(np.float64) / units.E7_PER_DEGREE
    shrink = math.cos(math.radians(float(latitude[0])))
    return (longitude - longitude[0]) * _M_PER_DEGREE * shrink, (latitude - latitude[0]) * _M_PER_DEGREE


def _smoothed(values: MetresArray) -> MetresArray:
    """Running median; the ends are repeated."""
    half = SMOOTHED_FIX_COUNT // 2
    padded = np.pad(values, half, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, SMOOTHED_FIX_COUNT)
    median: MetresArray = np.median(windows, axis=1)
    return median


def _runs(times_ms: Int64Array, x: MetresArray, y: MetresArray) -> list[tuple[int, int]]:
    """[first, last) of each spell, taken greedily from the left."""
    found = []
    first = 0
    while first < len(times_ms):
        last, sum_x, sum_y = first + 1, float(x[first]), float(y[first])
        while last < len(times_ms) and times_ms[last] - times_ms[last - 1] <= GAP_MAX_MS:
            count = last - first
            if math.hypot(x[last] - sum_x / count, y[last] - sum_y / count) > SPELL_RADIUS_M:
                break
            sum_x, sum_y, last = sum_x + float(x[last]), sum_y + float(y[last]), last + 1
        if last - first >= SPELL_MIN_FIX_COUNT and times_ms[last - 1] - times_ms[first] >= SPELL_MIN_MS:
            found.append((first, last))
            first = last
        else:
            first += 1
    return found


def stand_at_edges(trace: Trace, outlines: Sequence[Geofence]) -> Standing:
    """The spells of a trace at the edges of polygons among `outlines`, which take turns.

    Raises InvalidArgumentError where there is no spell or no polygon.
    """
    spells = find_spells(trace)
    polygons = [fence for fence in outlines if isinstance(fence.shape, Polygon)]
    if not spells or not polygons:
        missing = "stands still anywhere" if not spells else "has an outline: a circle's edge is no shop's"
        raise InvalidArgumentError(f"nothing {missing}")
    fences = []
    parts = []
    for number, spell in enumerate(spells):
        latitude, longitude = _cell(number)
        parts.append(_placed(trace, spell, number, latitude, longitude))
        for edge in range(EDGES_PER_SPELL):
            outline = polygons[(number * EDGES_PER_SPELL + edge) % len(polygons)]
            share = (edge + 0.5) / EDGES_PER_SPELL
            fences.append(_at_edge(f"{number}-{edge}", outline, share, latitude, longitude))
    hours = sum(spell.duration_ms for spell in spells) / 3_600_000
    return Standing(merge_traces(parts, []), fences, len(spells), hours)


def _cell(number: int) -> tuple[float, float]:
    row, column = divmod(number, _GRID_WIDTH)
    return _GRID_LATITUDE + row * _GRID_STEP_DEGREES, column * _GRID_STEP_DEGREES


def _placed(trace: Trace, spell: Spell, number: int, latitude: float, longitude: float) -> Trace:
    """The spell's fixes around a place; device `number` + 1."""
    shrink = math.cos(math.radians(latitude))
    latitudes = latitude + spell.north_m / _M_PER_DEGREE
    longitudes = longitude + spell.east_m / (_M_PER_DEGREE * shrink)
    return replace(
        picked(trace, spell.rows),
        device_keys=np.full(len(spell.rows), number + 1, dtype=np.int64),
        latitudes_e7=np.rint(latitudes * units.E7_PER_DEGREE).astype(np.int32),
        longitudes_e7=np.rint(longitudes * units.E7_PER_DEGREE).astype(np.int32),
        refusals=[],
    )


def _at_edge(fence_id: str, outline: Geofence, share: float, latitude: float, longitude: float) -> Geofence:
    """The outline, in metres, with the point after that share of its first shell at the place."""
    shape = to_shapely(outline.shape)
    polygons = list(shape.geoms) if hasattr(shape, "geoms") else [shape]
    shell = polygons[0].exterior
    point = shell.interpolate(share, normalized=True)
    stretch = math.cos(math.radians(point.y)) / math.cos(math.radians(latitude))

    def moved(ring: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(longitude + (x - point.x) * stretch, latitude + (y - point.y)) for x, y in ring]

    rings = [[moved(ring.coords) for ring in (polygon.exterior, *polygon.interiors)] for polygon in polygons]
    return Geofence(fence_id, polygon_from_lonlat(rings, repair=True)[0])


def with_accuracy(standing: Standing, accuracy_cm: int) -> Standing:
    """The same, every fix claiming this accuracy (0 = unknown) where none is recorded."""
    accuracies = standing.trace.accuracies_cm
    claimed = np.where(accuracies == 0, accuracy_cm, accuracies).astype(np.int32)
    return replace(standing, trace=replace(standing.trace, accuracies_cm=claimed))


def false_enter_count(standing: Standing, policy: Policy) -> int:
    """ENTERs beyond the first of each spell and fence at its edge."""
    events, _ = events_of(standing.trace, standing.fences, policy)
    entered: set[tuple[int, str]] = set()
    count = 0
    for event in events:
        own = event.fence_id.startswith(f"{event.device_key - 1}-")
        if not own or event.kind is not TransitionKind.ENTER:
            continue
        key = (event.device_key, event.fence_id)
        count += key in entered
        entered.add(key)
    return count
