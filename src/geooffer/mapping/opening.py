"""Opening hours for a page: as text, and as UTC intervals around the moment the page is about.

The page knows no calendar. It is given the intervals that engine/hours.py makes, so that open and closed on the map
are what a ping would be decided by; stores with equal text, zone and intervals share them.
"""

from __future__ import annotations

from dataclasses import dataclass

from geooffer.engine import hours
from geooffer.model.catalog import Store
from geooffer.model.policy import DAY_MS

_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class OpeningTable:
    """Distinct opening hours, and which of them each store has."""

    texts: list[str]
    zones: list[str]
    intervals_minutes: list[list[int] | None]
    """Per entry opening, closing, opening, closing …: minutes since 1970. None: hours unknown."""
    entry_of_store: list[int]
    from_ms: int
    until_ms: int
    """Outside [from_ms, until_ms) the page knows nothing."""


def opening_table(stores: list[Store], time_ms: int) -> OpeningTable:
    """The hours of all stores around `time_ms`."""
    first_day = time_ms // DAY_MS
    entries: dict[tuple[str, str, tuple[hours.Interval, ...] | None], int] = {}
    entry_of_store = []
    for store in stores:
        key = store.opening_hours, store.time_zone, hours.store_hours(store, first_day)
        entry_of_store.append(entries.setdefault(key, len(entries)))
    from_ms, until_ms = hours.horizon_of(first_day)
    return OpeningTable(
        texts=[text for text, _, _ in entries],
        zones=[zone for _, zone, _ in entries],
        intervals_minutes=[_flat_minutes(intervals) for _, _, intervals in entries],
        entry_of_store=entry_of_store,
        from_ms=from_ms,
        until_ms=until_ms,
    )


def _flat_minutes(intervals: tuple[hours.Interval, ...] | None) -> list[int] | None:
    if intervals is None:
        return None
    return [moment_ms // _MINUTE_MS for interval in intervals for moment_ms in interval]
