"""The retention sweep (privacy M7): once a day each slice of persons is rid of what is older than it may be held.

One call sweeps one slice, some 2,000 of a million persons, and appends one record: the fold does the work, live and in
replay. What decides is a record's bounds, so a later change of policy does not change what was swept.
"""

from __future__ import annotations

from geooffer.engine.asking import Asking
from geooffer.engine.person_slices import SLICE_COUNT
from geooffer.engine.special_categories import moved_products
from geooffer.model.limits import (
    REQUEST_RETENTION_MS,
    RETENTION_SLICE_COUNT,
    RETENTION_SWEEP_INTERVAL_MS,
)
from geooffer.model.policy import Policy
from geooffer.model.records import CATALOG_PARTITION, RetentionSwept


def swept_at(
    now_ms: int,
    policy: Policy,
    partition: int,
    slice_number: int,
    special: tuple[int, ...] = (),
    special_products: tuple[int, ...] = (),
) -> RetentionSwept:
    """The record that sweeps a slice now. A policy may ask for less than the ceilings in limits.py, never for more."""
    return RetentionSwept(
        partition,
        slice_number,
        now_ms,
        intents_before_ms=now_ms - policy.intents_kept_ms,
        facts_before_ms=now_ms - policy.facts_kept_ms,
        contacts_before_ms=now_ms - policy.decisions_kept_ms,
        consents_before_ms=now_ms - policy.consent_evidence_kept_ms,
        special_category_numbers=special,
        special_product_numbers=special_products,
    )


class Retention(Asking):
    """What is due to be swept, in turn. Which slices were swept when is not durable: after a start all are due, and
    once another category has become a special one, or a product was moved into one (privacy M6).
    """

    _swept_ms: list[int | None] | None = None
    _next_number = 0
    _swept_special: tuple[int, ...] = ()
    _swept_moved_count = 0

    def sweep_retention(self, now_ms: int) -> bool:
        """Sweep the next slice that is due; False where none is. Two milliseconds at a million persons."""
        special = self.special_category_numbers()
        moved_count = self.registry.moved_to_special_count
        if not set(special) <= set(self._swept_special) or moved_count != self._swept_moved_count:
            self._swept_ms = None
        self._swept_special, self._swept_moved_count = special, moved_count
        swept_ms = self._swept_ms = self._swept_ms or [None] * (SLICE_COUNT + 1)
        for _ in range(len(swept_ms)):
            number = self._next_number
            self._next_number = (number + 1) % len(swept_ms)
            last_ms = swept_ms[number]
            if last_ms is not None and now_ms - last_ms < RETENTION_SWEEP_INTERVAL_MS:
                continue
            swept_ms[number] = now_ms
            if self._sweep_closures(now_ms) if number == SLICE_COUNT else self._sweep_persons(number, now_ms):
                return True
        return False

    def _sweep_persons(self, number: int, now_ms: int) -> bool:
        partition, slice_number = divmod(number, RETENTION_SLICE_COUNT)
        people = self.state.people
        slots = people.slices.slots(partition, slice_number)
        if not len(slots):
            return False
        special = self._swept_special
        moved = moved_products(people, slots, self.registry, special) if special else ()
        self.append([swept_at(now_ms, self.policy, partition, slice_number, special, moved)])
        self.recent_tries.forget_older(people.view.persons["person_key"][slots].tolist(), now_ms)
        return True

    def _sweep_closures(self, now_ms: int) -> bool:
        oldest_ms = self.state.requests.oldest_ms(CATALOG_PARTITION)
        has_old = oldest_ms is not None and oldest_ms < now_ms - REQUEST_RETENTION_MS
        if not has_old and all(closure.until_ms > now_ms for closure in self.state.live.closures):
            return False
        self.append([swept_at(now_ms, self.policy, CATALOG_PARTITION, 0)])
        return True
