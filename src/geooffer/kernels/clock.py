"""The engine's time in cells that Python and native callers share: `EngineClock.stamp`, row by row."""

from __future__ import annotations

from geooffer.kernels.compile import kernel
from geooffer.model.columns import Int64Array, StructArray, UInt8Array
from geooffer.model.context import (
    CLOCK_AHEAD_AT_BEGIN_MS,
    CLOCK_AHEAD_MS,
    CLOCK_BEGUN_MS,
    CLOCK_IS_CLIENT,
    CLOCK_NOW_MS,
)
from geooffer.model.tables import NEVER_MS

CATCH_UP_DIVISOR = 20
"""Ahead of the real clock, each so many milliseconds bring it nearer by one."""


@kernel
def read_clock(clock: Int64Array, real_now_ms: int) -> int:
    """`EngineClock.now_ms`."""
    if clock[CLOCK_IS_CLIENT] == 0:
        if clock[CLOCK_BEGUN_MS] == NEVER_MS:
            clock[CLOCK_BEGUN_MS] = real_now_ms
            ahead_ms = 0
            if clock[CLOCK_NOW_MS] != NEVER_MS:
                ahead_ms = max(clock[CLOCK_NOW_MS] - real_now_ms, 0)
            clock[CLOCK_AHEAD_AT_BEGIN_MS] = ahead_ms
        passed_ms = max(real_now_ms - clock[CLOCK_BEGUN_MS], 0)
        clock[CLOCK_AHEAD_MS] = max(clock[CLOCK_AHEAD_AT_BEGIN_MS] - passed_ms // CATCH_UP_DIVISOR, 0)
        clock[CLOCK_NOW_MS] = max(clock[CLOCK_NOW_MS], real_now_ms + clock[CLOCK_AHEAD_MS])
    if clock[CLOCK_NOW_MS] == NEVER_MS:
        return 0
    return int(clock[CLOCK_NOW_MS])


@kernel
def advances_clock(clock: Int64Array, pings: StructArray, row: int) -> bool:
    """Whether this row's own time moves a client clock."""
    return bool(clock[CLOCK_IS_CLIENT] != 0 and pings[row].fix_time_ms != NEVER_MS and pings[row].malformed == 0)


@kernel
def stamp_rows(
    clock: Int64Array,
    pings: StructArray,
    ages_ms: Int64Array,
    is_live: UInt8Array,
    now_ms: int,
    from_ms: int,
    until_ms: int,
) -> int:
    """Set the times of rows as `EngineClock.stamp` does, up to the first whose `now` is not in [from_ms, until_ms).

    `now_ms`: what `read_clock` said. Returns how many rows were stamped; the clock is left to `keep_clock`.
    is_live: shape (n,), 1 where the fix was told by its age.
    """
    for row in range(len(pings)):
        if advances_clock(clock, pings, row):
            now_ms = max(now_ms, pings[row].fix_time_ms + ages_ms[row])
        if now_ms < from_ms or now_ms >= until_ms:
            return row
        is_live[row] = 0
        pings[row].now_ms = now_ms
        if pings[row].fix_time_ms == NEVER_MS:
            is_live[row] = 1
            pings[row].fix_time_ms = now_ms - ages_ms[row]
    return len(pings)


@kernel
def keep_clock(clock: Int64Array, pings: StructArray, is_live: UInt8Array, done: int, stamped: int) -> None:
    """Of the rows stamped, `done` were decided: a client clock is where they left it, the others are as they came."""
    for row in range(done, stamped):
        pings[row].now_ms = 0
        if is_live[row] != 0:
            pings[row].fix_time_ms = NEVER_MS
    if clock[CLOCK_IS_CLIENT] == 0 or done == 0:
        return
    started = clock[CLOCK_NOW_MS] != NEVER_MS
    for row in range(done):
        if is_live[row] == 0 and pings[row].malformed == 0:
            started = True
    if started:
        clock[CLOCK_NOW_MS] = pings[done - 1].now_ms
