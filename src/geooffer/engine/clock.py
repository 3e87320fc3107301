"""The engine's time (semantics T0, T2). Pure: real time comes in as an argument.

`system`: the real clock as the rim reads it (monotonic since start-up), never backwards; also not over a restart: it
goes on from the latest moment that the recovered records are known to have been written at, where the wall is behind.
Ahead of the real clock it goes at 95 % of its pace until that has caught up: windows of caps last longer, never
shorter, so nothing is granted twice. No slower than that: a fix is dated arrival − age, and ages go at full pace, so
from one message to the next fixes come closer by what the clock lacks, and one that comes too close is stale (T2).
`client`: the time of the pings themselves: now = max(now, fix time + fix age), advanced row by row, so that days pass
in seconds and yesterday's traces are live in their own time. It starts at `start_ms`, else at the first time received.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from geooffer.engine.locking import EngineLock
from geooffer.kernels.clock import CATCH_UP_DIVISOR
from geooffer.model.columns import Int64Array, StructArray
from geooffer.model.context import (
    CLOCK_AHEAD_AT_BEGIN_MS,
    CLOCK_AHEAD_MS,
    CLOCK_BEGUN_MS,
    CLOCK_IS_CLIENT,
    CLOCK_LENGTH,
    CLOCK_NOW_MS,
)
from geooffer.model.tables import NEVER_MS

ClockKind = Literal["system", "client"]

AHEAD_MAX_MS = 5 * 60_000
"""Farther ahead of the real clock, quiet hours and opening hours are told wrongly: then it is not ready, and silent."""


class EngineClock:
    """Where `now` comes from."""

    def __init__(self, kind: ClockKind, start_ms: int | None = None) -> None:
        if kind not in ("system", "client"):
            raise ValueError("clock kind is 'system' or 'client'")
        self.kind: ClockKind = kind
        self.lock = EngineLock()
        """The engine's, once it has one."""
        self.cells: Int64Array = np.zeros(CLOCK_LENGTH, dtype=np.int64)
        """The clock itself, which kernels/clock.py reads and sets, too. A system clock is read without the lock: each
        reader's real time only grows, and so does what all of them set."""
        self.cells[CLOCK_IS_CLIENT] = kind == "client"
        self.cells[CLOCK_NOW_MS] = NEVER_MS if start_ms is None else start_ms
        self.cells[CLOCK_BEGUN_MS] = NEVER_MS  # the first real time read; NEVER_MS = none yet

    def resume(self, latest_ms: int) -> None:
        """Never be before `latest_ms`, when records were written that this engine goes on from; NEVER_MS = none are.

        Before the first reading.
        """
        self.cells[CLOCK_NOW_MS] = max(int(self.cells[CLOCK_NOW_MS]), latest_ms)

    @property
    def ahead_ms(self) -> int:
        """How far a system clock was ahead of the real one at the latest reading, because that was set back between two
        starts or had been wrong before. Any thread may ask.
        """
        return int(self.cells[CLOCK_AHEAD_MS])

    @property
    def is_far_ahead(self) -> bool:
        """Whether the time is known to be so wrong that no offer may be made by it. Any thread may ask."""
        return self.ahead_ms > AHEAD_MAX_MS

    @property
    def started(self) -> bool:
        """False while a client clock has not seen any time."""
        return bool(self.cells[CLOCK_NOW_MS] != NEVER_MS)

    def now_ms(self, real_now_ms: int) -> int:
        """The engine's time in milliseconds since 1970; 0 for a client clock that has not started."""
        cells = self.cells
        if self.kind == "system":
            if cells[CLOCK_BEGUN_MS] == NEVER_MS:
                ahead_ms = max(int(cells[CLOCK_NOW_MS]) - real_now_ms, 0) if self.started else 0
                cells[CLOCK_AHEAD_AT_BEGIN_MS] = ahead_ms
                cells[CLOCK_BEGUN_MS] = real_now_ms
            passed_ms = max(0, real_now_ms - int(cells[CLOCK_BEGUN_MS]))
            ahead_ms = max(0, int(cells[CLOCK_AHEAD_AT_BEGIN_MS]) - passed_ms // CATCH_UP_DIVISOR)
            cells[CLOCK_AHEAD_MS] = ahead_ms
            cells[CLOCK_NOW_MS] = max(int(cells[CLOCK_NOW_MS]), real_now_ms + ahead_ms)
        return int(cells[CLOCK_NOW_MS]) if self.started else 0

    def observe(self, time_ms: int) -> None:
        """A control call's own time starts a client clock that has none yet; it never advances one."""
        if self.kind == "client" and not self.started:
            with self.lock:
                if not self.started:
                    self.cells[CLOCK_NOW_MS] = time_ms

    def stamp(
        self,
        pings: StructArray,
        fix_age_ms: Int64Array,
        real_now_ms: int,
        arrival_ms: Int64Array | None = None,
    ) -> None:
        """Fill `now_ms` of every row, and `fix_time_ms` = now − age where it is NEVER_MS.

        pings: PING rows, shape (n,); fix_age_ms: shape (n,), when the row arrived. Malformed rows do not advance a
        client clock. arrival_ms: when that was, on the clock of `real_now_ms`, shape (n,); None = now. A system clock
        dates the fix back by the time the row waited: else two fixes of a phone that wait together are of one moment,
        and one of them is stale. A client clock knows no waiting: it is told the time, and says it twice alike.
        """
        if arrival_ms is not None and self.kind == "system":
            fix_age_ms = fix_age_ms + np.maximum(real_now_ms - arrival_ms, 0)
        with self.lock:
            self._stamp(pings, fix_age_ms, real_now_ms)

    def _stamp(self, pings: StructArray, fix_age_ms: Int64Array, real_now_ms: int) -> None:
        now = self.now_ms(real_now_ms)
        live = pings["fix_time_ms"] == NEVER_MS
        if self.kind == "client" and len(pings):
            advances = ~live & (pings["malformed"] == 0)
            times = np.where(advances, pings["fix_time_ms"] + fix_age_ms, NEVER_MS)
            times[0] = max(int(times[0]), now)
            pings["now_ms"] = np.maximum.accumulate(times)
            if self.started or advances.any():
                self.cells[CLOCK_NOW_MS] = pings["now_ms"][-1]
        else:
            pings["now_ms"] = now
        pings["fix_time_ms"][live] = pings["now_ms"][live] - fix_age_ms[live]
