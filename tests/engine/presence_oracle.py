"""Enter, dwell, exit of one device, slow and obvious: plain Python over circles and boxes in metres. Not a test file.

P1–P3 and P5 (INITIAL, SILENT) read off the semantics page. Geometry is the haversine and a flat plane; a walk keeps
away from every threshold by more than the difference, so that only the rules are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import asin, cos, hypot, radians, sin, sqrt

from geooffer.model.policy import Policy
from geooffer.model.units import EARTH_RADIUS_M

Event = tuple[int, str, str, int, int]
"""(row, kind, cause, fence index, event time in ms)."""


@dataclass(frozen=True)
class Area:
    """A circle around (latitude, longitude) in degrees, or a box of half sides in degrees."""

    latitude: float
    longitude: float
    radius_m: float = 0.0
    half_degrees: float = 0.0

    def distance_m(self, latitude: float, longitude: float) -> float:
        """From the boundary outwards; negative inside."""
        if self.radius_m:
            return _haversine_m(latitude, longitude, self.latitude, self.longitude) - self.radius_m
        north = abs(latitude - self.latitude) - self.half_degrees
        east = abs(longitude - self.longitude) - self.half_degrees
        metres = radians(1) * EARTH_RADIUS_M
        north_m, east_m = north * metres, east * metres * cos(radians(latitude))
        if north_m <= 0 and east_m <= 0:
            return max(north_m, east_m)
        return hypot(max(north_m, 0.0), max(east_m, 0.0))

    def equivalent_radius_m(self) -> float:
        """√(area / π)."""
        if self.radius_m:
            return self.radius_m
        metres = radians(1) * EARTH_RADIUS_M * 2 * self.half_degrees
        return sqrt(metres * metres * cos(radians(self.latitude)) / 3.141592653589793)


def _haversine_m(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> float:
    dy, dx = radians(latitude_b - latitude_a) / 2, radians(longitude_b - longitude_a) / 2
    h = sin(dy) ** 2 + cos(radians(latitude_a)) * cos(radians(latitude_b)) * sin(dx) ** 2
    return 2 * EARTH_RADIUS_M * asin(sqrt(h))


@dataclass
class Visit:
    inside: bool = False
    inside_times: list[int] = field(default_factory=list)
    outside_times: list[int] = field(default_factory=list)
    enter_ms: int = 0
    initial: bool = False
    dwelt: bool = False


@dataclass
class Device:
    """One device; `take` is told accepted fixes only."""

    areas: list[Area]
    policy: Policy
    last_fix_ms: int | None = None
    heard_ms: int = 0
    visits: dict[int, Visit] = field(default_factory=dict)

    def take(
        self, row: int, time_ms: int, now_ms: int, latitude: float, longitude: float, accuracy_m: float
    ) -> list[Event]:
        events: list[Event] = []
        silent_ms = self.policy.silent_after_ms
        fresh = self.last_fix_ms is None
        if self.last_fix_ms is not None and (
            time_ms - self.last_fix_ms > silent_ms or now_ms - self.heard_ms > silent_ms
        ):
            ended = sorted(index for index, visit in self.visits.items() if visit.inside)
            events += [(row, "EXIT", "SILENT", index, self.last_fix_ms) for index in ended]
            self.visits.clear()
            fresh = True
        self.last_fix_ms, self.heard_ms = time_ms, now_ms
        entered, dwelt = [], []
        for index, area in enumerate(self.areas):
            evidence = self.evidence(area, latitude, longitude, accuracy_m)
            visit = self.visits.setdefault(index, Visit())
            if evidence == "outside":
                visit.inside_times.clear()
                visit.outside_times.append(time_ms)
                if visit.inside and len(visit.outside_times) >= self.policy.exit_fix_count:
                    events.append((row, "EXIT", "MOVEMENT", index, visit.outside_times[0]))
                    self.visits[index] = Visit()
            elif evidence == "inside":
                visit.outside_times.clear()
                if not visit.inside:
                    visit.initial = fresh if not visit.inside_times else visit.initial
                    visit.inside_times.append(time_ms)
                    if len(visit.inside_times) >= self.policy.enter_fix_count:
                        visit.inside, visit.enter_ms = True, visit.inside_times[0]
                        cause = "INITIAL" if visit.initial else "MOVEMENT"
                        entered.append((row, "ENTER", cause, index, visit.enter_ms))
                if visit.inside and not visit.dwelt and time_ms >= visit.enter_ms + self.policy.dwell_ms:
                    visit.dwelt = True
                    dwelt.append((row, "DWELL", "MOVEMENT", index, time_ms))
        return events + entered + dwelt

    def evidence(self, area: Area, latitude: float, longitude: float, accuracy_m: float) -> str:
        used_m = accuracy_m or self.policy.assumed_accuracy_cm / 100
        distance_m = area.distance_m(latitude, longitude)
        if distance_m <= 0:
            floor_m = self.policy.inside_accuracy_floor_cm / 100
            bound_m = min(self.policy.accuracy_max_cm / 100, max(floor_m, area.equivalent_radius_m()))
            return "inside" if used_m <= bound_m else "none"
        share = self.policy.outside_accuracy_percent / 100
        return "outside" if distance_m > max(self.policy.outside_margin_cm / 100, used_m * share) else "none"

    def is_near_a_threshold(self, latitude: float, longitude: float, accuracy_m: float) -> bool:
        """Geometry of two kinds may disagree here (a metre is far more than they differ at these sizes)."""
        used_m = accuracy_m or self.policy.assumed_accuracy_cm / 100
        margin_m = max(self.policy.outside_margin_cm / 100, used_m * self.policy.outside_accuracy_percent / 100)
        for area in self.areas:
            distance_m = area.distance_m(latitude, longitude)
            # at the policy's bound nothing is measured: 100 m are accepted by both
            bound_m = min(area.equivalent_radius_m(), self.policy.accuracy_max_cm / 100 - 1.5)
            if min(abs(distance_m), abs(distance_m - margin_m), abs(bound_m - used_m)) < 1.0:
                return True
        return False
