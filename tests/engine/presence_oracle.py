"""One device's fixes, believed or not, and its visits, slow and obvious: plain Python. Not a test file.

T2 (watermark, sequence), T4 and P1–P5 read off the semantics page. What a cause says of a fence is not told by stamps,
as in the tables, but by remembering with each device the fences that were in force at its last fix. Geometry is of
circles and boxes, by haversine and a flat plane; a walk keeps away from every threshold by more than the difference, so
that only the rules are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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


@dataclass(frozen=True)
class Fence:
    """A fence as published. `life` counts how often it came into force anew; `ended`: how the life before this did."""

    area: Area
    valid_from_ms: int = 0
    valid_until_ms: int = 2**62
    enter_fix_count: int = 0
    exit_fix_count: int = 0
    inside_accuracy_m: float = 0.0
    outside_margin_m: float = 0.0
    dwell_ms: int = 0
    removed_ms: int | None = None
    life: int = 0
    ended: tuple[int, str] = (0, "")

    def is_in_force(self, now_ms: int) -> bool:
        return self.removed_ms is None and self.valid_from_ms <= now_ms < self.valid_until_ms

    def end(self, now_ms: int) -> tuple[int, str] | None:
        """When and why this life ended, seen from now."""
        if self.removed_ms is not None:
            return min((self.removed_ms, "FENCE_REMOVED"), (self.valid_until_ms, "FENCE_EXPIRED"), key=_first_end)
        return (self.valid_until_ms, "FENCE_EXPIRED") if now_ms >= self.valid_until_ms else None


def _first_end(end: tuple[int, str]) -> tuple[int, bool]:
    return end[0], end[1] != "FENCE_EXPIRED"


Book = Mapping[int, Fence]


def published(before: Fence | None, after: Fence, changed_ms: int) -> Fence:
    """What comes into force in place of `before`, saved at `changed_ms`."""
    if before is None or after.removed_ms is not None:
        return replace(after, life=before.life, ended=before.ended) if before else after
    end = before.end(changed_ms)
    if end is None and before.valid_from_ms <= changed_ms < after.valid_from_ms:
        end = changed_ms, "FENCE_REMOVED"
    if end is None:
        return replace(after, life=before.life, ended=before.ended)
    return replace(after, life=before.life + 1, ended=end)


@dataclass(frozen=True)
class Fix:
    time_ms: int
    now_ms: int
    latitude: float
    longitude: float
    accuracy_m: float
    session: int = 0
    sequence: int = 0


@dataclass
class Visit:
    life: int
    cause: str
    inside: bool = False
    inside_times: list[int] = field(default_factory=list)
    outside_times: list[int] = field(default_factory=list)
    enter_ms: int = 0
    told_ms: int = 0
    """Of what was told or begun last: no EXIT is before it."""
    dwelt: bool = False


class Device:
    """One device, told every fix that is neither malformed, too coarse nor excluded; answers verdict and events."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.last: Fix | None = None
        self.watermark_ms: int | None = None
        self.order = (0, 0)
        self.in_force: Book = {}
        """At the last accepted fix."""
        self.suspects: list[Fix] = []
        self.visits: dict[int, Visit] = {}

    def take(self, row: int, fix: Fix, book: Book) -> tuple[str, list[Event]]:
        """One fix, by the fences that are published."""
        policy = self.policy
        if fix.sequence > 0 and fix.session == self.order[0] and fix.sequence <= self.order[1]:
            return "DUPLICATE", []
        if fix.time_ms > fix.now_ms + policy.future_tolerance_ms:
            return "FUTURE_FIX", []
        if self.watermark_ms is not None and fix.time_ms <= self.watermark_ms:
            return "STALE_FIX", []
        events: list[Event] = []
        if self.last is not None and self.is_silent(fix):
            events = self.fall_silent(row, fix.now_ms, book)
        if self.last is not None and self.is_unbelievable(fix):
            self.order = fix.session, fix.sequence
            return "SUSPECT_JUMP", events
        events += self.move(row, fix, book)
        self.suspects, self.last, self.watermark_ms = [], fix, fix.time_ms
        self.order = fix.session, fix.sequence
        self.in_force = {index: fence for index, fence in book.items() if fence.is_in_force(fix.now_ms)}
        return "ACCEPTED", events

    # -- T4 --------------------------------------------------------------------------------------------------

    def accuracy_m(self, fix: Fix) -> float:
        return fix.accuracy_m or self.policy.assumed_accuracy_cm / 100

    def outruns(self, earlier: Fix, later: Fix) -> bool:
        way_m = _haversine_m(earlier.latitude, earlier.longitude, later.latitude, later.longitude)
        way_m -= self.accuracy_m(earlier) + self.accuracy_m(later)
        return way_m > self.policy.jump_cm_per_s / 100 * (later.time_ms - earlier.time_ms) / 1000

    def is_unbelievable(self, fix: Fix) -> bool:
        assert self.last is not None
        if not self.outruns(self.last, fix):
            return False
        if self.suspects and fix.time_ms <= self.suspects[-1].time_ms:
            return True
        agreeing: list[Fix] = []
        for suspect in reversed(self.suspects):
            if self.outruns(suspect, fix):
                break
            agreeing.insert(0, suspect)
        self.suspects = [*agreeing, fix]
        return len(self.suspects) < self.policy.jump_fix_count

    # -- P1–P5 -----------------------------------------------------------------------------------------------

    def is_silent(self, fix: Fix) -> bool:
        assert self.last is not None
        silent_ms = self.policy.silent_after_ms
        return fix.time_ms - self.last.time_ms > silent_ms or fix.now_ms - self.last.now_ms > silent_ms

    def fall_silent(self, row: int, now_ms: int, book: Book) -> list[Event]:
        assert self.last is not None
        noticed_ms = self.last.now_ms + self.policy.silent_after_ms
        events: list[Event] = []
        for index, visit in sorted(self.visits.items()):
            if visit.inside:
                end = self.end_of(visit, book[index], now_ms)
                time_ms, cause = end if end and end[0] <= noticed_ms else (self.last.time_ms, "SILENT")
                events.append((row, "EXIT", cause, index, time_ms))
        self.visits, self.suspects, self.last = {}, [], None
        return events

    def sweep(self, now_ms: int, book: Book) -> list[Event]:
        """Somebody looks."""
        if self.last is None:
            return []
        if now_ms - self.last.now_ms > self.policy.silent_after_ms:
            return self.fall_silent(-1, now_ms, book)
        return self.end_outlived(-1, now_ms, book)

    def end_of(self, visit: Visit, fence: Fence, now_ms: int) -> tuple[int, str] | None:
        end = fence.end(now_ms) if visit.life == fence.life else fence.ended
        return (max(end[0], visit.told_ms), end[1]) if end else None

    def end_outlived(self, row: int, now_ms: int, book: Book) -> list[Event]:
        events: list[Event] = []
        for index, visit in sorted(self.visits.items()):
            end = self.end_of(visit, book[index], now_ms)
            if end is not None:
                if visit.inside:
                    events.append((row, "EXIT", end[1], index, end[0]))
                del self.visits[index]
        return events

    def move(self, row: int, fix: Fix, book: Book) -> list[Event]:
        exits, enters, dwells = self.end_outlived(row, fix.now_ms, book), [], []
        for index, fence in sorted(book.items()):
            if not fence.is_in_force(fix.now_ms):
                continue
            evidence, is_covered = self.evidence(fence, fix)
            visit = self.visits.get(index)
            if visit is None and is_covered:
                cause = self.enter_cause(index, fence)
                if evidence == "inside" or cause.startswith("FENCE"):
                    visit = self.visits[index] = Visit(fence.life, cause)
            if visit is None:
                continue
            if visit.inside and not is_covered and not visit.outside_times and self.was_moved_away(index, fence):
                visit.cause = "FENCE_UPDATED"
            if evidence == "outside":
                if visit.inside and not visit.outside_times:
                    visit.told_ms = fix.time_ms
                visit.outside_times.append(fix.time_ms)
                if not visit.inside:
                    del self.visits[index]
                elif len(visit.outside_times) >= (fence.exit_fix_count or self.policy.exit_fix_count):
                    exits.append((row, "EXIT", visit.cause, index, visit.outside_times[0]))
                    del self.visits[index]
            elif evidence == "inside":
                visit.outside_times.clear()
                if visit.inside:
                    visit.cause = "MOVEMENT"
                else:
                    visit.inside_times.append(fix.time_ms)
                    if len(visit.inside_times) >= (fence.enter_fix_count or self.policy.enter_fix_count):
                        visit.inside, visit.enter_ms = True, visit.inside_times[0]
                        visit.told_ms = visit.enter_ms
                        enters.append((row, "ENTER", visit.cause, index, visit.enter_ms))
                        visit.cause = "MOVEMENT"
                dwell_ms = fence.dwell_ms or self.policy.dwell_ms
                if visit.inside and not visit.dwelt and fix.time_ms >= visit.enter_ms + dwell_ms:
                    visit.dwelt, visit.told_ms = True, fix.time_ms
                    dwells.append((row, "DWELL", "MOVEMENT", index, fix.time_ms))
        return sorted(exits, key=lambda event: event[3]) + enters + dwells

    def enter_cause(self, index: int, fence: Fence) -> str:
        """What of her last fix: was the fence in force, in this shape; would it have covered it?"""
        if self.last is None:
            return "INITIAL"
        before = self.in_force.get(index)
        is_known = before is not None and before.life == fence.life
        if is_known and before is not None and before.area == fence.area:
            return "MOVEMENT"
        if fence.area.distance_m(self.last.latitude, self.last.longitude) > 0:
            return "MOVEMENT"
        return "FENCE_UPDATED" if is_known else "FENCE_CREATED"

    def was_moved_away(self, index: int, fence: Fence) -> bool:
        before = self.in_force.get(index)
        if self.last is None or before is None or before.area == fence.area:
            return False
        return fence.area.distance_m(self.last.latitude, self.last.longitude) > 0

    def evidence(self, fence: Fence, fix: Fix) -> tuple[str, bool]:
        """(evidence, whether the point is covered)."""
        used_m = self.accuracy_m(fix)
        distance_m = fence.area.distance_m(fix.latitude, fix.longitude)
        if distance_m <= 0:
            floor_m = self.policy.inside_accuracy_floor_cm / 100
            own_m = fence.inside_accuracy_m or max(floor_m, fence.area.equivalent_radius_m())
            return ("inside" if used_m <= min(self.policy.accuracy_max_cm / 100, own_m) else "none"), True
        return ("outside" if distance_m > self.margin_m(fence, used_m) else "none"), False

    def margin_m(self, fence: Fence, used_m: float) -> float:
        least_m = fence.outside_margin_m or self.policy.outside_margin_cm / 100
        return max(least_m, used_m * self.policy.outside_accuracy_percent / 100)

    def is_near_a_threshold(self, fences: list[Fence], latitude: float, longitude: float, accuracy_m: float) -> bool:
        """Geometry of two kinds may disagree here (a metre is far more than they differ at these sizes)."""
        used_m = accuracy_m or self.policy.assumed_accuracy_cm / 100
        for fence in fences:
            distance_m = fence.area.distance_m(latitude, longitude)
            # at the policy's bound nothing is measured: 100 m are accepted by both
            bound_m = min(fence.area.equivalent_radius_m(), self.policy.accuracy_max_cm / 100 - 1.5)
            if min(abs(distance_m), abs(distance_m - self.margin_m(fence, used_m)), abs(bound_m - used_m)) < 1.0:
                return True
        return False
