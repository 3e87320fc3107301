"""A task that proves that the event loop turns, and looks at what only the loop's thread may look at."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

BEAT_EVERY_S = 0.25


class Heartbeat:
    """Beats four times a second while the loop turns; `age_s` may be asked from any thread."""

    def __init__(self) -> None:
        self._latest_s = time.monotonic()
        self.lag_s = 0.0
        """How much later than asked the latest beat came: what a ping would have waited."""

    @property
    def age_s(self) -> float:
        """Seconds since the latest beat."""
        return time.monotonic() - self._latest_s

    def beat_now(self) -> None:
        """The loop begins to turn."""
        self.beat(time.monotonic())

    def beat(self, due_s: float) -> None:
        """The loop turned; this beat was due at `due_s` of the monotonic clock."""
        self._latest_s = time.monotonic()
        self.lag_s = max(0.0, self._latest_s - due_s)

    async def run(self, each: Callable[[], Awaitable[None]]) -> None:
        """Beat and await `each` until cancelled."""
        while True:
            due_s = time.monotonic() + BEAT_EVERY_S
            await asyncio.sleep(BEAT_EVERY_S)
            self.beat(due_s)
            await each()
