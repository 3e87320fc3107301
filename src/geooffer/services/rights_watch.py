"""Whoever answers for requests hears of those that are late (GDPR Art. 12(3)), even if nobody looks at the list."""

from __future__ import annotations

import asyncio

import structlog

from geooffer.model.rights import RightsRequest
from geooffer.rpc.convert_rights import request_of_erasure
from geooffer.services.control import Control

CHECK_INTERVAL_S = 60.0
REPEAT_MS = 86_400_000

log = structlog.get_logger(__name__)


class RightsWatch:
    """Counts open and overdue requests every minute; logs when one more is overdue, else once a day while any is."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self.open_count = 0
        """As of the latest look."""
        self.overdue_count = 0
        self._told_count = 0
        self._told_ms = 0

    def check(self) -> None:
        """Look once, at the engine's time."""
        if not self._control.engine.clock.started:
            return
        now_ms = self._control.now_ms()
        requests = self._open()
        self.open_count = len(requests)
        self.overdue_count = sum(held.is_overdue(now_ms) for held in requests)
        repeats = self.overdue_count > 0 and now_ms - self._told_ms >= REPEAT_MS
        if self.overdue_count > self._told_count or repeats:
            self._told_ms = now_ms
            oldest_ms = min(held.due_ms for held in requests)
            late_days = round((now_ms - oldest_ms) / 86_400_000, 1)
            log.warning("rights_requests_overdue", count=self.overdue_count, oldest_late_days=late_days)
        self._told_count = self.overdue_count

    def _open(self) -> list[RightsRequest]:
        held = [request for _, request in self._control.engine.state.rights if request.is_open]
        erasures = self._control.erasures.ledger.erasures.values()
        return held + [request_of_erasure(erasure) for erasure in erasures if erasure.done_ms is None]

    async def run(self) -> None:
        """Look now and every minute of real time, until cancelled."""
        while True:
            self.check()
            await asyncio.sleep(CHECK_INTERVAL_S)
