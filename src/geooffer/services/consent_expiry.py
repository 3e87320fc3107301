"""Has consent end at its moment where nobody asks for it meanwhile: what was held on its ground goes (privacy C3)."""

from __future__ import annotations

import asyncio

import structlog

from geooffer.errors import JournalError
from geooffer.services.control import Control

PAUSE_S = 0.5
"""What is due and used meanwhile is refused without this: whatever uses consent looks at the time itself."""
PIECE_PERSON_COUNT = 100
PIECE_PAUSE_S = 0.01
"""Where many are due: pieces of some milliseconds each, and pings between them."""

log = structlog.get_logger(__name__)


class ConsentExpiry:
    """Runs beside a server; a look costs nothing where nothing is due."""

    def __init__(self, control: Control, *, pause_s: float = PAUSE_S) -> None:
        self._control = control
        self._pause_s = pause_s

    async def run(self) -> None:
        """Until cancelled, or the journal has failed and the server is about to end."""
        engine = self._control.engine
        while True:
            await asyncio.sleep(self._pause_s)
            if not engine.clock.started:
                continue
            try:
                while engine.lapse_consents(self._control.now_ms(), PIECE_PERSON_COUNT):
                    await asyncio.sleep(PIECE_PAUSE_S)
            except JournalError:
                log.error("consent_expiry_ended")
                return
