"""Enter, dwell and exit of one phone, computed slowly, with shapely and plain Python instead of the product.

Rules T1, T2, P1–P3 and P5 (SILENT) of the semantics, fence by fence: no index, no integers, no tables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import shapely
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

EARTH_RADIUS_M = 6_371_008.8
METRES_PER_DEGREE = EARTH_RADIUS_M * math.pi / 180
ACCURACY_MAX_M = 100.0
SILENT_AFTER_MS = 15 * 60_000
DWELL_MS = 60_000

Event = tuple[str, str, str, int]
"""(kind, cause, fence id, event time in ms)."""


@dataclass(frozen=True)
class Fix:
    time_ms: int
    latitude: float
    longitude: float
    accuracy_m: float


@dataclass
class Visit:
    enter_ms: int
    dwelt: bool = False
    outside_count: int = 0
    first_outside_ms: int = 0


@dataclass
class Walker:
    """One phone among areas (fence id → geometry in degrees)."""

    areas: dict[str, BaseGeometry]
    last_ms: int | None = None
    visits: dict[str, Visit] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)

    def take(self, fix: Fix) -> None:
        if fix.accuracy_m > ACCURACY_MAX_M:
            self.verdicts.append("ACCURACY_TOO_COARSE")
        elif self.last_ms is not None and fix.time_ms <= self.last_ms:
            self.verdicts.append("STALE_FIX")
        else:
            self.verdicts.append("ACCEPTED")
            self._move(fix)

    def _move(self, fix: Fix) -> None:
        silent = self.last_ms is not None and fix.time_ms - self.last_ms > SILENT_AFTER_MS
        if silent:
            for name in sorted(self.visits, key=self._order):
                self.events.append(("EXIT", "SILENT", name, self.last_ms or 0))
            self.visits.clear()
        cause = "INITIAL" if self.last_ms is None or silent else "MOVEMENT"
        self.last_ms = fix.time_ms
        inside = [name for name, area in self.areas.items() if self._is_inside(area, fix)]
        for name in [n for n in self.areas if n in self.visits and n not in inside]:
            self._maybe_exit(name, fix)
        for name in inside:
            if name not in self.visits:
                self.visits[name] = Visit(fix.time_ms)
                self.events.append(("ENTER", cause, name, fix.time_ms))
            self.visits[name].outside_count = 0
        for name in inside:
            visit = self.visits[name]
            if not visit.dwelt and fix.time_ms >= visit.enter_ms + DWELL_MS:
                visit.dwelt = True
                self.events.append(("DWELL", "MOVEMENT", name, fix.time_ms))

    def _order(self, name: str) -> int:
        return list(self.areas).index(name)

    def _is_inside(self, area: BaseGeometry, fix: Fix) -> bool:
        """P1. The areas of these tests are so large that their own accuracy bound is the general one."""
        return bool(shapely.covers(area, Point(fix.longitude, fix.latitude)))

    def _maybe_exit(self, name: str, fix: Fix) -> None:
        if distance_m(self.areas[name], fix) <= max(10.0, fix.accuracy_m):
            return
        visit = self.visits[name]
        visit.first_outside_ms = visit.first_outside_ms if visit.outside_count else fix.time_ms
        visit.outside_count += 1
        if visit.outside_count == 2:
            self.events.append(("EXIT", "MOVEMENT", name, visit.first_outside_ms))
            del self.visits[name]


def distance_m(area: BaseGeometry, fix: Fix) -> float:
    """From a fix to an area, in the plane that touches the sphere at the fix (semantics G2); 0 inside."""
    east = METRES_PER_DEGREE * math.cos(math.radians(fix.latitude))

    def to_plane(points: object) -> object:
        flat = shapely.get_coordinates(shapely.points(points))
        flat[:, 0] = (flat[:, 0] - fix.longitude) * east
        flat[:, 1] = (flat[:, 1] - fix.latitude) * METRES_PER_DEGREE
        return flat

    return float(shapely.distance(shapely.transform(area, to_plane), Point(0.0, 0.0)))


def expected_walk(fixes: list[Fix], areas: dict[str, BaseGeometry]) -> Walker:
    """Verdict of each fix and all events, fixes in order of time."""
    walker = Walker(areas)
    for fix in sorted(fixes, key=lambda f: f.time_ms):
        walker.take(fix)
    return walker
