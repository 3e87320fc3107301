"""Which of a phone's fixes are worth sending: the rules of docs/sleeping-phone.md, without any I/O.

    fix ──► `reason` ──► nothing: keep asleep
                └─────► why it is useful ──► send ──► `sent` ──► the answer's NextPing ──► `follow`

What is held back could have changed nothing: it enters nothing, is no evidence of having left, and ends no dwell
time. The rules rest on the last row that was answered with a hint, the anchor, and on what earlier hints said of the
places around theirs. Where an answer is still under way, or was lost, every fix is useful. A fix that may be a jump
goes with the one before it, by which the service judges it.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from geooffer.model.units import EARTH_RADIUS_M
from geooffer.v1 import offer_service_pb2 as offer_pb
from geooffer.v1 import ping_service_pb2 as pb

ACCURACY_MAX_M = 100.0
"""Coarser fixes are refused (semantics T1), so they are not worth sending."""
JUMP_M_PER_S = 45.0
"""From here on a fix may be taken for a jump (semantics T4: 70 m/s, and accuracies that were guessed)."""
JUMP_FIX_COUNT = 4
"""A jump is believed after three fixes that agree; one more where the first of them was not the first."""
PATH_MAX_M = 5_000.0
"""A gap between fixes that is longer than this crosses regions, for all one knows."""
QUIET_PLACE_COUNT_MAX = 64
"""So many places are remembered where nothing can be entered; the oldest is forgotten."""
SILENCE_SHARE = 1.5
"""Silence ends a visit after so many longest intervals (semantics P5; `longest_interval_ms` of engine/hints.py)."""


class Reason(StrEnum):
    """Why a fix is sent."""

    UNKNOWN = "nothing is known yet"
    INTERVAL = "the longest interval is over"
    DWELL = "a dwell time may be over"
    CONFIRM = "it confirms the one before"
    FINER = "accurate enough to enter"
    LEAVE = "far enough to have left"
    ENTER = "far enough to have entered"
    JUMP = "so far that it needs company"


@dataclass(frozen=True, slots=True)
class Fix:
    """Where the phone was, and when."""

    time_ms: int
    """By any clock that does not jump."""
    latitude: float
    longitude: float
    """Degrees."""
    accuracy_m: float = 0.0
    """68 % radius; 0 = unknown."""


def distance_m(a: Fix, latitude: float, longitude: float) -> float:
    """Great-circle metres (semantics G2)."""
    south, north = math.radians(a.latitude), math.radians(latitude)
    half = math.sin(math.radians(longitude - a.longitude) / 2)
    square = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * half * half
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(square)))


class Watch:
    """The regions a phone holds, and where they hold."""

    def __init__(self, place: Fix, regions: offer_pb.ListWakeRegionsResponse) -> None:
        self.place = place
        self.fences_generation = regions.fences_generation
        self.validity_radius_m = regions.validity_radius_m
        self._circles = [
            (region.centre.latitude_e7 / 1e7, region.centre.longitude_e7 / 1e7, float(region.radius_m))
            for region in regions.regions
        ]

    def holds_at(self, fix: Fix) -> bool:
        """Within the validity circle."""
        return distance_m(fix, self.place.latitude, self.place.longitude) <= self.validity_radius_m

    def is_crossed(self, before: Fix, fix: Fix) -> bool:
        """Whether the straight way between two fixes touches a region, or is too long to say."""
        way_m = distance_m(before, fix.latitude, fix.longitude)
        if way_m > PATH_MAX_M:
            return True
        for latitude, longitude, radius_m in self._circles:
            from_m, to_m = distance_m(before, latitude, longitude), distance_m(fix, latitude, longitude)
            # only where the rim is no farther than the way is long may the way touch it
            if from_m <= radius_m or to_m <= radius_m:
                return True
            if min(from_m, to_m) - radius_m <= way_m and _way_distance_m(from_m, to_m, way_m) <= radius_m + 1.0:
                return True
        return False


def _way_distance_m(from_m: float, to_m: float, way_m: float) -> float:
    """From a point to a way, by the three sides of their triangle: plane, which within 5 km is 1 m at most."""
    if way_m <= 0.0:
        return from_m
    along = (from_m * from_m - to_m * to_m + way_m * way_m) / (2 * way_m)
    if not 0.0 < along < way_m:
        return min(from_m, to_m)
    return math.sqrt(max(from_m * from_m - along * along, 0.0))


@dataclass(frozen=True, slots=True)
class QuietPlace:
    """A circle in which nothing can be entered: an earlier row and the `distance_m` of its hint."""

    place: Fix
    radius_m: int
    until_ms: int | None
    """None: no fence covers any of it. Else what covers it covered the row, was entered by it and has not been left;
    known up to this time, since one that was not open yet may open."""

    def has(self, fix: Fix) -> bool:
        """Nearer to the row than anything that did not cover it."""
        if self.until_ms is not None and fix.time_ms >= self.until_ms:
            return False
        return distance_m(fix, self.place.latitude, self.place.longitude) < self.radius_m


class Pacer:
    """What one phone knows. Fixes must come in the order of their times."""

    def __init__(self) -> None:
        self.watch: Watch | None = None
        """None: no regions are held, only hints count."""
        self.needs_before = False
        """The fix before the last one was not sent and must be, ahead of it: the last one is a jump from there."""
        self._hint: pb.NextPing | None = None
        self._hint_generation = 0
        self._anchor: Fix | None = None
        self._seen: Fix | None = None
        self._may_be_inside = True
        self._clear_count = 0
        self._confirm_count = 0
        self._fix_count = 2
        """How many in a row it takes to enter or to leave, as last told; at first the default."""
        self._reason: Reason | None = None
        self._dwell_due_ms: list[int] = []
        self._quiet: deque[QuietPlace] = deque(maxlen=QUIET_PLACE_COUNT_MAX)
        self._is_seen_sent = False

    @property
    def needs_regions(self) -> bool:
        """Whether what is held is missing or out of date, as far as the last fix and the last hint tell."""
        if self.watch is None:
            return True
        if self._hint is not None and self._hint.fences_generation > self.watch.fences_generation:
            return True
        return self._seen is not None and not self.watch.holds_at(self._seen)

    @property
    def next_fix_ms(self) -> int | None:
        """When a phone that does not look where it is should look again, by the clock of its fixes; None = now."""
        if self._hint is None or self._anchor is None or self._confirm_count:
            return None
        wake_ms = self._anchor.time_ms + self._hint.earliest_millis
        return min([wake_ms, self._anchor.time_ms + self._hint.latest_millis, *self._dwell_due_ms])

    def reason(self, fix: Fix) -> Reason | None:
        """Why a fix is useful; None = nothing could change by it. Call it once for each fix, in order."""
        self.needs_before = False
        self._reason = self._judge(fix)
        if fix.accuracy_m <= ACCURACY_MAX_M:
            self._is_seen_sent = self._reason is not None
        return self._reason

    def _judge(self, fix: Fix) -> Reason | None:
        if fix.accuracy_m > ACCURACY_MAX_M:
            return None
        before, self._seen = self._seen, fix
        if self._hint is None or self._anchor is None:
            # it may be the first of several that it takes to enter or leave
            self._confirm_count = max(self._confirm_count - 1, self._fix_count - 1)
            self._forget_visits()
            return Reason.UNKNOWN
        moved_m = distance_m(self._anchor, fix.latitude, fix.longitude)
        is_free = any(quiet.until_ms is None and quiet.has(fix) for quiet in self._quiet)
        may_leave = self._may_leave(fix, moved_m)
        may_enter = moved_m >= self._hint.distance_m and not self._is_quiet(fix) and self._is_watched(before, fix)
        accuracy_m = fix.accuracy_m or self._hint.assumed_accuracy_m
        is_finer = 0 < accuracy_m <= self._hint.enter_accuracy_m and not is_free
        is_confirming = self._confirm_count > 0
        self._confirm_count = max(
            self._confirm_count - 1,
            self._hint.leave_count - 1 if may_leave else 0,
            self._hint.enter_count - 1 if may_enter or is_finer else 0,
        )
        if may_leave:
            self._forget_visits()
        if _is_jump(self._anchor, fix) or (before is not None and _is_jump(before, fix)):
            # the service judges a jump by the fix before, so it must have that one
            self.needs_before = not self._is_seen_sent
            self._confirm_count = JUMP_FIX_COUNT
            self._forget_visits()
            return Reason.JUMP
        if may_enter:
            return Reason.ENTER
        if may_leave:
            return Reason.LEAVE
        if is_finer:
            return Reason.FINER
        if is_confirming:
            return Reason.CONFIRM
        if self._dwell_due_ms and fix.time_ms >= self._dwell_due_ms[0] and not is_free:
            # what does not cover this fix has not told its dwell time yet: it will where she comes back
            self._forget_visits()
            return Reason.DWELL
        return Reason.INTERVAL if self._is_interval_over(before, fix) else None

    def sent(self) -> None:
        """The last useful fix is under way: until `follow`, every further one is useful."""
        self._hint = None

    def follow(self, fix: Fix, hint: pb.NextPing, *, delay_ms: int = 0) -> None:
        """What the service said of a fix that was sent. delay_ms: how much later than `fix.time_ms` it may take it to
        be: a live fix has its age at sending, and what its way took is counted as if it were younger.
        """
        if self._hint_generation != hint.fences_generation:
            self._quiet.clear()
            self._hint_generation = hint.fences_generation
        self._anchor, self._hint = fix, hint
        self._fix_count = max(hint.enter_count, hint.leave_count)
        if self._reason is Reason.UNKNOWN:
            # only now it is known how many
            self._confirm_count = max(self._confirm_count, self._fix_count - 1)
        if hint.dwell_millis:
            self._may_be_inside, self._clear_count = True, 0
        elif not hint.HasField("leave_distance_m"):
            self._clear_count += 1
            if self._clear_count >= hint.leave_count:
                self._may_be_inside = False
        self._note_quiet(fix, hint)
        self._dwell_due_ms = [due for due in self._dwell_due_ms if due > fix.time_ms]
        if self._reason not in (Reason.DWELL, Reason.LEAVE, Reason.CONFIRM):
            # she may have entered with this fix: once its dwell time is over, one more tells
            due = [fix.time_ms + wait + delay_ms for wait in hint.dwell_millis]
            self._dwell_due_ms = sorted({*self._dwell_due_ms, *due})

    def _is_watched(self, before: Fix | None, fix: Fix) -> bool:
        """Whether a boundary may have been crossed on the way to this fix."""
        if self.watch is None or before is None or not (self.watch.holds_at(before) and self.watch.holds_at(fix)):
            return True
        return self.watch.is_crossed(before, fix)

    def _may_leave(self, fix: Fix, moved_m: float) -> bool:
        assert self._hint is not None
        if not self._may_be_inside or not self._hint.HasField("leave_distance_m"):
            return False
        accuracy_m = fix.accuracy_m or self._hint.assumed_accuracy_m
        return moved_m >= self._hint.leave_distance_m + max(0.0, accuracy_m - self._hint.leave_accuracy_m)

    def _is_quiet(self, fix: Fix) -> bool:
        """Whether what covers this fix, if anything, was entered before and not left since."""
        return any(quiet.has(fix) for quiet in self._quiet)

    def _note_quiet(self, fix: Fix, hint: pb.NextPing) -> None:
        """Remember where nothing can be entered: around a row that nothing covers, or whose fences were all entered."""
        if not hint.HasField("leave_distance_m"):
            self._quiet.append(QuietPlace(fix, hint.distance_m, None))
        elif not self._confirm_count and not hint.enter_accuracy_m:
            self._quiet.append(QuietPlace(fix, hint.distance_m, fix.time_ms + hint.latest_millis))

    def _forget_visits(self) -> None:
        """Something may have been left: what was entered may be entered again."""
        free = [quiet for quiet in self._quiet if quiet.until_ms is None]
        self._quiet.clear()
        self._quiet.extend(free)

    def _is_interval_over(self, before: Fix | None, fix: Fix) -> bool:
        """Whether the longest interval is over, or silence would end a visit before a fix as late again comes."""
        assert self._anchor is not None
        assert self._hint is not None
        elapsed_ms = fix.time_ms - self._anchor.time_ms
        gap_ms = fix.time_ms - before.time_ms if before is not None else 0
        latest_ms = self._hint.latest_millis
        return elapsed_ms >= latest_ms or elapsed_ms + gap_ms >= SILENCE_SHARE * latest_ms


def _is_jump(before: Fix, fix: Fix) -> bool:
    """Whether the service may take the way between two fixes for a jump (T4)."""
    way_m = distance_m(before, fix.latitude, fix.longitude) - before.accuracy_m - fix.accuracy_m
    return way_m * 1_000 > JUMP_M_PER_S * (fix.time_ms - before.time_ms)
