"""Whose consent word may change by the mere passing of time: consent that expires, a snooze that ends.

    far    per later hour the persons alone, 8 bytes each
    near   per moment of this hour its persons; heaps of moments and hours
    due    who is to be looked at before her consent is used: her hour or her moment has come, or the policy changed

Making many due costs next to nothing, looking at them does: whoever uses consent looks at that person, the rest is done
in pieces (consent_clock.py). An entry is only a hint: who takes it looks at the person's events. Entries that later
events made meaningless stay and cost one look.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from heapq import heappop, heappush

from geooffer.model.policy import HOUR_MS

NEVER_AGAIN_MS = 2**62


class ConsentWheel:
    """Derived from the ledger, never written (engine/parts.py fills it again)."""

    def __init__(self) -> None:
        self.next_ms = NEVER_AGAIN_MS
        """Before this moment nobody else becomes due."""
        self.due: dict[int, None] = {}
        """Person keys."""
        self._moments: list[int] = []
        self._hours: list[int] = []
        self._near: dict[int, array[int]] = {}
        self._far: dict[int, array[int]] = {}
        self._hour = -1

    def add(self, time_ms: int, person_key: int) -> None:
        """Have the person looked at at `time_ms`."""
        hour = time_ms // HOUR_MS
        if hour > self._hour:
            self._put(self._far, self._hours, hour, person_key)
            self.next_ms = min(self.next_ms, hour * HOUR_MS)
        else:
            self._put(self._near, self._moments, time_ms, person_key)
            self.next_ms = min(self.next_ms, time_ms)

    @staticmethod
    def _put(buckets: dict[int, array[int]], heap: list[int], when: int, person_key: int) -> None:
        held = buckets.get(when)
        if held is None:
            held = buckets[when] = array("q")
            heappush(heap, when)
        held.append(person_key)

    def add_due(self, person_keys: Iterable[int]) -> None:
        """Have them looked at before their consent is used again."""
        keys = dict.fromkeys(person_keys)
        if self.due:
            self.due.update(keys)
        else:
            self.due = keys  # at a million persons the copy would take a third of a second

    def bring(self, now_ms: int) -> None:
        """Make due whose moment or hour has come."""
        if now_ms < self.next_ms:
            return
        self._hour = max(self._hour, now_ms // HOUR_MS)
        while self._hours and self._hours[0] <= self._hour:
            self.add_due(self._far.pop(heappop(self._hours)))
        while self._moments and self._moments[0] <= now_ms:
            self.add_due(self._near.pop(heappop(self._moments)))
        near_ms = self._moments[0] if self._moments else NEVER_AGAIN_MS
        self.next_ms = min(near_ms, self._hours[0] * HOUR_MS if self._hours else NEVER_AGAIN_MS)

    def take(self, count_max: int | None = None) -> list[int]:
        """So many of those that are due, None = all; who has more to come is to be added again."""
        count = len(self.due) if count_max is None else min(count_max, len(self.due))
        return [self.due.popitem()[0] for _ in range(count)]

    def take_of(self, person_keys: Iterable[int]) -> list[int]:
        """Those of `person_keys` that are due, each once."""
        return [key for key in person_keys if self.due.pop(key, 0) is None]
