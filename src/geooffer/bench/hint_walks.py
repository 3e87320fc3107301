"""Walks for `geooffer bench hints`: as recorded, or each put at one of the places where fences stand closest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from geooffer.engine.fence_parts import compile_shape
from geooffer.importers.local_files import read_archive
from geooffer.importers.local_traces import select_walks
from geooffer.importers.placing import Anchor, Place, move_trace, place_walks
from geooffer.importers.traces import Trace, merge_traces
from geooffer.importers.walks import Wishes, read_walks
from geooffer.model import units
from geooffer.model.catalog import Geofence

CLUSTER_RADIUS_M = 500.0
CLUSTERS_APART_M = 1_500.0
_CALENDAR_PERIOD_MS = 10_227 * 86_400_000


def cluster_places(fences: Sequence[Geofence], count: int) -> list[Place]:
    """Fences with the most neighbours within 500 m, at least 1,500 m apart, densest first; in the local plane."""
    boxes = np.array([_box(fence) for fence in fences], dtype=np.float64)
    middles = np.stack([boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]], axis=1) / 2
    metres = middles * units.METRES_PER_E7
    metres[:, 1] *= np.cos(np.radians(middles[:, 0] / units.E7_PER_DEGREE))
    neighbours = np.array([(np.hypot(*(metres - place).T) < CLUSTER_RADIUS_M).sum() for place in metres])
    places: list[Place] = []
    is_taken = np.zeros(len(fences), dtype=bool)
    for index in np.argsort(-neighbours, kind="stable"):
        if is_taken[index] or len(places) == count:
            continue
        places.append(Place(int(middles[index, 0]), int(middles[index, 1])))
        is_taken |= np.hypot(*(metres - metres[index]).T) < CLUSTERS_APART_M
    return places


def _box(fence: Geofence) -> tuple[int, int, int, int]:
    """South, west, north, east of a fence's first part."""
    part = compile_shape(fence.shape).parts[0]
    names = ("min_latitude_e7", "min_longitude_e7", "max_latitude_e7", "max_longitude_e7")
    south, west, north, east = (int(part[name]) for name in names)
    return south, west, north, east


def read_placed(paths: Sequence[Path], places: Sequence[Place], select: Sequence[str], accuracy_cm: int) -> Trace:
    """The fixes of all files in one order. places: where to put walks, in turn; none = as recorded.

    accuracy_cm: of fixes that have none; 0 = unknown.
    """
    traces: list[Trace] = []
    for path in paths:
        if path.suffix == ".zip" and places:
            traces += _placed_archive(path, places, select)
        else:
            trace = read_walks([path], Wishes()).trace
            traces.append(move_trace(trace, places[len(traces) % len(places)], Anchor.FIRST) if places else trace)
    merged = merge_traces(traces, paths)
    periods = max(0, -(int(merged.fix_times_ms[0]) // _CALENDAR_PERIOD_MS))
    accuracies = np.where(merged.accuracies_cm == 0, accuracy_cm, merged.accuracies_cm).astype(np.int32)
    return replace(merged, fix_times_ms=merged.fix_times_ms + periods * _CALENDAR_PERIOD_MS, accuracies_cm=accuracies)


def _placed_archive(path: Path, places: Sequence[Place], select: Sequence[str]) -> list[Trace]:
    """Walks in local metres, the centroid of the i-th at place i modulo their number."""
    walks = read_archive(path)
    walks = select_walks(walks, select) if select else walks
    names = sorted(walks.names, key=lambda key: walks.names[key])
    traces = []
    for index, place in enumerate(places):
        rows = np.isin(walks.fixes["device_key"], names[index :: len(places)])
        if rows.any():
            traces.append(place_walks(replace(walks, fixes=walks.fixes[rows]), place, Anchor.CENTROID))
    return traces
