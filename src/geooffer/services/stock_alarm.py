"""The alarm for late stock feeds: a feed that stops must not silence every offer unseen."""

from __future__ import annotations

import asyncio

import structlog

from geooffer.services.control import Control

CHECK_INTERVAL_S = 60.0
REPEAT_MS = 3_600_000
NAMED_STORE_COUNT_MAX = 10

log = structlog.get_logger(__name__)


class StockAlarm:
    """Looks now and then, and logs when the number of stale stores changes, else once an hour while there are any."""

    def __init__(self, control: Control, age_max_ms: int | None = None) -> None:
        self._control = control
        self.age_max_ms = age_max_ms
        """Figures older than this are stale; None = by the policy, as offers are judged. May change while it runs."""
        self.stale_store_count = 0
        """As of the latest look."""
        self._told_count = 0
        self._told_ms = 0

    def check(self) -> None:
        """Look once, at the engine's time."""
        clock, now_ms = self._control.engine.clock, self._control.now_ms()
        if not clock.started:
            return
        stale = self._control.engine.stale_stores(now_ms, self.age_max_ms)
        self.stale_store_count = len(stale)
        repeats = bool(stale) and now_ms - self._told_ms >= REPEAT_MS
        if len(stale) == self._told_count and not repeats:
            return
        self._told_count, self._told_ms = len(stale), now_ms
        if not stale:
            log.info("stock_fresh")
            return
        oldest_ms = min(newest_ms for _, newest_ms in stale)
        log.warning(
            "stock_stale",
            store_count=len(stale),
            store_ids=[store_id for store_id, _ in stale[:NAMED_STORE_COUNT_MAX]],
            oldest_age_hours=round((now_ms - oldest_ms) / 3_600_000, 1),
        )

    async def run(self) -> None:
        """Look every minute of real time, until cancelled."""
        while True:
            await asyncio.sleep(CHECK_INTERVAL_S)
            self.check()
