"""Whose consent word may change by the mere passing of time: consent that expires, a snooze that ends.

    near   a heap of (moment, person) for today
    far    per later day the persons alone, 8 bytes each; when the day comes they are looked at and put near

What is taken out is only a hint: who takes it looks at the person's events. Entries that later events made
meaningless stay and cost one look.
"""

from __future__ import annotations

from array import array
from heapq import heappop, heappush

from geooffer.model.policy import DAY_MS

NEVER_AGAIN_MS = 2**62


class ConsentWheel:
    """Derived from the ledger, never written (engine/parts.py fills it again)."""

    def __init__(self) -> None:
        self.next_ms = NEVER_AGAIN_MS
        """Before this moment nothing is due."""
        self._near: list[tuple[int, int]] = []
        self._far: dict[int, array[int]] = {}
        self._today = -1

    def add(self, time_ms: int, person_key: int) -> None:
        """Have the person looked at at `time_ms`."""
        day = time_ms // DAY_MS
        if day <= self._today:
            heappush(self._near, (time_ms, person_key))
            self.next_ms = min(self.next_ms, time_ms)
        else:
            self._far.setdefault(day, array("q")).append(person_key)
            self.next_ms = min(self.next_ms, day * DAY_MS)

    def take_due(self, now_ms: int) -> list[int]:
        """Person keys to be looked at now, each once; who has more to come is to be added again."""
        found: dict[int, None] = {}
        self._today = max(self._today, now_ms // DAY_MS)
        for day in [day for day in self._far if day <= self._today]:
            found.update(dict.fromkeys(self._far.pop(day)))
        while self._near and self._near[0][0] <= now_ms:
            found[heappop(self._near)[1]] = None
        near_ms = self._near[0][0] if self._near else NEVER_AGAIN_MS
        self.next_ms = min(near_ms, min(self._far) * DAY_MS if self._far else NEVER_AGAIN_MS)
        return list(found)
