"""Has the retention sweep done, a slice at a time, in the engine's time (privacy M7)."""

from __future__ import annotations

import asyncio

import structlog

from geooffer.errors import JournalError
from geooffer.services.control import Control

PAUSE_S = 2.0
"""Between two slices: all 512 of them within 20 minutes after a start, then one every few minutes."""

log = structlog.get_logger(__name__)


class Sweeper:
    """Runs beside a server; each look costs nothing where nothing is due."""

    def __init__(self, control: Control, *, pause_s: float = PAUSE_S) -> None:
        self._control = control
        self._pause_s = pause_s

    async def run(self) -> None:
        """Until cancelled, or the journal has failed and the server is about to end."""
        engine = self._control.engine
        while True:
            await asyncio.sleep(self._pause_s)
            now_ms = self._control.now_ms()
            if not engine.clock.started:
                continue
            try:
                engine.sweep_retention(now_ms)
            except JournalError:
                log.error("retention_sweep_ended")
                return
