"""Whose consent word may change by the mere passing of time: consent that expires, a snooze that ends.

    far    per later day the persons alone, 8 bytes each
    near   per moment of today its persons; a heap of the moments
    due    who is to be looked at before her consent is used: her day or her moment has come, or the policy changed

Making many due costs next to nothing, looking at them does: whoever uses consent looks at that person, the rest is done
in pieces (consent_clock.py). An entry is only a hint: who takes it looks at the person's events. Entries that later
events made meaningless stay and cost one look.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from heapq import heappop, heappush

from geooffer.model.policy import DAY_MS

NEVER_AGAIN_MS = 2**62


class ConsentWheel:
    """Derived from the ledger, never written (engine/parts.py fills it again)."""

    def __init__(self) -> None:
        self.next_ms = NEVER_AGAIN_MS
        """Before this moment nobody else becomes due."""
        self.due: dict[int, None] = {}
        """Person keys."""
        self._moments: list[int] = []
        self._near: dict[int, array[int]] = {}
        self._far: dict[int, array[int]] = {}
        self._today = -1

    def add(self, time_ms: int, person_key: int) -> None:
        """Have the person looked at at `time_ms`."""
        day = time_ms // DAY_MS
        if day > self._today:
            self._far.setdefault(day, array("q")).append(person_key)
            self.next_ms = min(self.next_ms, day * DAY_MS)
            return
        held = self._near.get(time_ms)
        if held is None:
            held = self._near[time_ms] = array("q")
            heappush(self._moments, time_ms)
        held.append(person_key)
        self.next_ms = min(self.next_ms, time_ms)

    def add_due(self, person_keys: Iterable[int]) -> None:
        """Have them looked at before their consent is used again."""
        self.due.update(dict.fromkeys(person_keys))

    def bring(self, now_ms: int) -> None:
        """Make due whose moment or day has come."""
        if now_ms < self.next_ms:
            return
        self._today = max(self._today, now_ms // DAY_MS)
        for day in sorted(day for day in self._far if day <= self._today):
            self.add_due(self._far.pop(day))
        while self._moments and self._moments[0] <= now_ms:
            self.add_due(self._near.pop(heappop(self._moments)))
        near_ms = self._moments[0] if self._moments else NEVER_AGAIN_MS
        self.next_ms = min(near_ms, min(self._far) * DAY_MS if self._far else NEVER_AGAIN_MS)

    def take(self, count_max: int | None = None) -> list[int]:
        """So many of those that are due, None = all; who has more to come is to be added again."""
        count = len(self.due) if count_max is None else min(count_max, len(self.due))
        return [self.due.popitem()[0] for _ in range(count)]

    def take_of(self, person_keys: Iterable[int]) -> list[int]:
        """Those of `person_keys` that are due, each once."""
        return [key for key in person_keys if self.due.pop(key, 0) is None]
