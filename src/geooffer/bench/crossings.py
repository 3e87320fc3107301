"""What enters and exits a fence load's devices must have caused: computed slowly, without any code of the engine.

Who is in what follows from shapely's tree and, for circles, the haversine formula in float64; each server's own radius
of the earth is given, so that a rim lies for the computation where it lies for the server. From it, for every device
and every two phases of its path, how many fences it enters and leaves on the way from the one to the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geooffer.bench.fence_loads import DEVICE_COUNT, FenceWorld
from geooffer.model import units
from geooffer.model.columns import Int64Array
from geooffer.model.shapes import Circle

GEOOFFER_EARTH_M = units.EARTH_RADIUS_M
TILE38_EARTH_M = 6_371_000.0
_BOX_SLACK = 1.01

Counts = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Events:
    """Of a run."""

    enters: int
    exits: int


class Crossings:
    """Where each device was last, and what its next steps cause."""

    def __init__(self, world: FenceWorld, earth_radius_m: float) -> None:
        self._world = world
        self._phase_count = len(world.path_e7)
        keys = np.arange(1, DEVICE_COUNT + 1)
        bases = np.array(world.bases_e7, dtype=np.int64)[keys % len(world.bases_e7)]
        covered = [_covered(world, bases + np.array(offset), earth_radius_m) for offset in world.path_e7]
        self._first = keys * world.path_shift % self._phase_count
        self._last = np.full(DEVICE_COUNT, -1, dtype=np.int64)
        """Phase of each device's last ping; −1: it never sent one."""
        self._sizes = np.array([_counts(pairs, len(world.fences)) for pairs in covered])
        shape = (self._phase_count, self._phase_count, DEVICE_COUNT)
        self._common: Counts = np.zeros(shape, dtype=np.int32)
        for one, own in enumerate(covered):
            for other, others in enumerate(covered):
                both = np.intersect1d(own, others, assume_unique=True)
                self._common[one, other] = _counts(both, len(world.fences))

    @property
    def are_all_known(self) -> bool:
        """Every device sent a ping: from here on events are crossings, and not first sights."""
        return bool((self._last >= 0).all())

    def take(self, steps: Int64Array) -> Events:
        """Each device makes so many steps, from the beginning of its path; shape (DEVICE_COUNT,)."""
        moved = np.flatnonzero(steps)
        known = moved[self._last[moved] >= 0]
        fresh = moved[self._last[moved] < 0]
        enters, exits = self._between(self._last[known], self._first[known], known)
        enters += int(self._sizes[self._first[fresh], fresh].sum())
        rounds, rest = np.divmod(steps[moved] - 1, self._phase_count)
        for further in range(1, self._phase_count + 1):
            times = rounds + (further <= rest)
            before = (self._first[moved] + further - 1) % self._phase_count
            after = (before + 1) % self._phase_count
            more = self._between(before, after, moved, times)
            enters, exits = enters + more[0], exits + more[1]
        self._last[moved] = (self._first[moved] + steps[moved] - 1) % self._phase_count
        return Events(enters, exits)

    def _between(self, before: Any, after: Any, devices: Any, times: Any = 1) -> tuple[int, int]:
        common = self._common[before, after, devices]
        enters = (self._sizes[after, devices] - common) * times
        exits = (self._sizes[before, devices] - common) * times
        return int(enters.sum()), int(exits.sum())


def _covered(world: FenceWorld, places_e7: Int64Array, earth_radius_m: float) -> Int64Array:
    """Which fences cover each place: ascending device · fences + fence."""
    if not world.fences:
        return np.zeros(0, dtype=np.int64)
    latitudes, longitudes = (places_e7 / units.E7_PER_DEGREE).T
    points = shapely.points(longitudes, latitudes)
    if world.outlines:
        tree = shapely.STRtree([shapely.Polygon(outline) for outline in world.outlines])
        devices, fences = tree.query(points, predicate="intersects")
    else:
        devices, fences = _in_circles(world, points, latitudes, longitudes, earth_radius_m)
    pairs: Int64Array = np.sort(devices.astype(np.int64) * len(world.fences) + fences)
    return pairs


def _in_circles(world: FenceWorld, points: Any, latitudes: Any, longitudes: Any, earth_radius_m: float) -> Any:
    circles = [fence for fence in world.fences if isinstance(fence, Circle)]
    middles = np.array([(fence.latitude_e7, fence.longitude_e7) for fence in circles]) / units.E7_PER_DEGREE
    radii_m = np.array([fence.radius_cm for fence in circles]) / 100.0
    reach = radii_m / (units.METRES_PER_E7 * units.E7_PER_DEGREE) * _BOX_SLACK
    wide = reach / np.cos(np.radians(np.abs(middles[:, 0]) + reach))
    boxes = shapely.box(middles[:, 1] - wide, middles[:, 0] - reach, middles[:, 1] + wide, middles[:, 0] + reach)
    devices, fences = shapely.STRtree(boxes).query(points)
    latitude, middle = np.radians(latitudes[devices]), np.radians(middles[fences, 0])
    half_north = np.sin((latitude - middle) / 2)
    half_east = np.sin(np.radians(longitudes[devices] - middles[fences, 1]) / 2)
    chord = half_north**2 + np.cos(latitude) * np.cos(middle) * half_east**2
    is_inside = 2 * earth_radius_m * np.arcsin(np.sqrt(chord)) <= radii_m[fences]
    return devices[is_inside], fences[is_inside]


def _counts(pairs: Int64Array, fence_count: int) -> Counts:
    """Fences of each device, shape (DEVICE_COUNT,)."""
    return np.bincount(pairs // max(1, fence_count), minlength=DEVICE_COUNT).astype(np.int32)
