"""A store at a moment: open, closed or unknown by its hours, and what the network switched (semantics H1, H2)."""

from __future__ import annotations

from geooffer.kernels.compile import kernel
from geooffer.model.kinds import SwitchKind
from geooffer.model.policy import Policy
from geooffer.model.tables import CommerceTables, LiveTables

CLOSED, UNKNOWN, OPEN = 0, 1, 2
OFFERS_PAUSED = int(SwitchKind.OFFERS_PAUSED)


@kernel
def is_switched(live: LiveTables, store_number: int, now_ms: int) -> int:
    """0, or the SwitchKind in force; a closure goes before a pause."""
    found = 0
    slot = live.closure_heads[store_number]
    while slot >= 0:
        closure = live.closures[slot]
        if closure.from_ms <= now_ms < closure.until_ms:
            if closure.kind != OFFERS_PAUSED:
                return int(closure.kind)
            found = OFFERS_PAUSED
        slot = closure.next
    return found


@kernel
def ms_to_closing(commerce: CommerceTables, store_number: int, now_ms: int) -> int:
    """Milliseconds left of the opening interval [open, close) that holds `now_ms`, else 0."""
    start = commerce.stores[store_number].hours_start
    low = start
    high = start + commerce.stores[store_number].hours_count
    while low < high:  # first interval that opens after now
        middle = (low + high) // 2
        if commerce.hours[middle].open_ms <= now_ms:
            low = middle + 1
        else:
            high = middle
    if low == start:
        return 0
    return max(commerce.hours[low - 1].close_ms - now_ms, 0)


@kernel
def opening(
    live: LiveTables, commerce: CommerceTables, policy: Policy, store_number: int, now_ms: int
) -> tuple[int, int]:
    """(OPEN, UNKNOWN or CLOSED for offers; milliseconds to closing, 0 where not known)."""
    if is_switched(live, store_number, now_ms):
        return CLOSED, 0
    if not commerce.stores[store_number].hours_known:
        return UNKNOWN, 0
    left_ms = ms_to_closing(commerce, store_number, now_ms)
    if left_ms == 0 or left_ms < policy.closing_margin_ms:
        return CLOSED, 0
    return OPEN, left_ms
