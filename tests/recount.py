"""Caps, counted once more from a list of what was given: slow, obvious, and without the engine. Not a test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from geooffer.model.policy import DAY_MS, Policy


class Given(NamedTuple):
    """An offer that counts against somebody's caps."""

    person: Any
    store: Any
    offer: Any
    time_ms: int
    is_limited: bool


def over_caps(given: Sequence[Given], budget_count: int) -> list[str]:
    """Counted once more, slowly: 3 a day and 8 a week a person, 1 a store and day, the offer once in 24 h, 30 minutes
    between two, `budget_count` of the limited campaign.
    """
    policy = Policy()
    faults = []
    by_person: dict[Any, list[Given]] = {}
    for item in given:
        by_person.setdefault(item.person, []).append(item)
    for items in by_person.values():
        items.sort(key=lambda item: item.time_ms)
        for index, item in enumerate(items):
            before = items[:index]
            day = [other for other in before if item.time_ms - other.time_ms < DAY_MS]
            week = [other for other in before if item.time_ms - other.time_ms < 7 * DAY_MS]
            if any(item.time_ms - other.time_ms < policy.cooldown_ms for other in before):
                faults.append(f"two offers within the cooldown at {item.time_ms}")
            if any(other.offer == item.offer for other in day):
                faults.append(f"the same offer twice within a day at {item.time_ms}")
            if len(day) >= 3 or len(week) >= 8 or any(other.store == item.store for other in day):
                faults.append(f"a frequency cap was exceeded at {item.time_ms}")
    if sum(item.is_limited for item in given) > budget_count:
        faults.append("the campaign's budget was exceeded")
    return faults
