"""What must hold of everything that is told of many devices over a whole life, whatever the rules. Not a test file.

T6 one verdict a ping; G8 the order of the events of a ping; P2–P4 the order of the events of a visit; P5 what each
cause means. The judge knows no geometry and no policy but the shortest dwell time; it reads what was told, no more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from geooffer.model.columns import StructArray, UInt8Array
from geooffer.model.verdicts import PingVerdict, TransitionCause, TransitionKind

ENTER, DWELL, EXIT = TransitionKind.ENTER, TransitionKind.DWELL, TransitionKind.EXIT
CAUSES = {
    ENTER: {
        TransitionCause.MOVEMENT,
        TransitionCause.INITIAL,
        TransitionCause.FENCE_CREATED,
        TransitionCause.FENCE_UPDATED,
    },
    DWELL: {TransitionCause.MOVEMENT},
    EXIT: {
        TransitionCause.MOVEMENT,
        TransitionCause.FENCE_UPDATED,
        TransitionCause.FENCE_REMOVED,
        TransitionCause.FENCE_EXPIRED,
        TransitionCause.SILENT,
    },
}
ENDED_BY_CATALOG = {TransitionCause.FENCE_REMOVED, TransitionCause.FENCE_EXPIRED}
VERDICTS = {int(verdict) for verdict in PingVerdict} - {int(PingVerdict.SHED)}
"""SHED is admission's, before the engine."""


class BrokenLifeError(AssertionError):
    """Something that must never be told was told."""


@dataclass
class Visit:
    enter_ms: int
    told_ms: int
    """Of its last event."""
    dwelt: bool = False


@dataclass
class VisitJudge:
    """Takes batch after batch in the order told."""

    dwell_ms: int
    """The shortest of policy and fences."""
    ends_ms: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    """(fence number, cause) → when it was removed or was to expire; told by who does it, before the pings after it."""
    visits: dict[tuple[int, int], Visit] = field(default_factory=dict)
    """(device, fence) → the open visit."""
    counts: Counter[str] = field(default_factory=Counter)
    """What was seen, so that a test can say that there was enough of it."""

    def take(self, pings: StructArray, verdicts: UInt8Array, transitions: StructArray) -> None:
        """One step of the engine; a sweep has no pings. Raises BrokenLifeError."""
        self._verdicts(pings, verdicts)
        previous = (-1, 0, -1)
        for event in transitions.tolist():
            device_key, event_ms, row, fence_number, _, kind, cause = event[:7]
            if row >= 0:
                self._of_ping(pings, verdicts, row, device_key)
                if (row, kind, fence_number) <= previous:
                    raise BrokenLifeError("events of a ping are not EXIT, ENTER, DWELL, each by fence")
                previous = (row, kind, fence_number)
                if kind != EXIT and event_ms > int(pings[row]["fix_time_ms"]):
                    raise BrokenLifeError("an event is later than the fix that tells it")
            elif kind != EXIT:
                raise BrokenLifeError("a sweep tells something else than EXIT")
            if TransitionCause(cause) not in CAUSES[TransitionKind(kind)]:
                raise BrokenLifeError("a cause that this kind of event cannot have")
            self._of_visit(device_key, fence_number, kind, cause, event_ms)
            self.counts[f"{TransitionKind(kind).name} {TransitionCause(cause).name}"] += 1

    def end(self) -> None:
        """After the last sweep, long after the last ping: every visit has ended. Raises BrokenLifeError."""
        if self.visits:
            raise BrokenLifeError(f"{len(self.visits)} visits never end")

    def _verdicts(self, pings: StructArray, verdicts: UInt8Array) -> None:
        if len(pings) != len(verdicts):
            raise BrokenLifeError("not one verdict for each ping")
        numbers, counts = np.unique(verdicts, return_counts=True)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            if number not in VERDICTS:
                raise BrokenLifeError("a ping without a verdict, or with one that there is not")
            self.counts[PingVerdict(number).name] += count

    def _of_ping(self, pings: StructArray, verdicts: UInt8Array, row: int, device_key: int) -> None:
        if row >= len(pings) or int(pings[row]["device_key"]) != device_key:
            raise BrokenLifeError("an event of another device's ping")
        if verdicts[row] != PingVerdict.ACCEPTED:
            raise BrokenLifeError("an event of a ping that was not accepted")

    def _of_visit(self, device_key: int, fence_number: int, kind: int, cause: int, event_ms: int) -> None:
        visit = self.visits.get((device_key, fence_number))
        if kind == ENTER:
            if visit is not None:
                raise BrokenLifeError("a second ENTER")
            self.visits[device_key, fence_number] = Visit(event_ms, event_ms)
            return
        if visit is None:
            raise BrokenLifeError(f"{TransitionKind(kind).name} without ENTER")
        if kind == DWELL:
            if visit.dwelt:
                raise BrokenLifeError("a second DWELL")
            if event_ms < visit.enter_ms + self.dwell_ms:
                raise BrokenLifeError("a DWELL before its time")
            visit.dwelt, visit.told_ms = True, event_ms
            return
        if event_ms < visit.told_ms:
            raise BrokenLifeError("an EXIT before what was told of the visit")
        if cause in ENDED_BY_CATALOG:
            ends_ms = self.ends_ms.get((fence_number, cause), [])
            # of a fence that ended before she was there, as her fixes have it, the visit's last event is the end
            if event_ms not in ends_ms and not (event_ms >= visit.told_ms and ends_ms and min(ends_ms) <= event_ms):
                raise BrokenLifeError("an EXIT of a fence that did not end then")
        del self.visits[device_key, fence_number]
