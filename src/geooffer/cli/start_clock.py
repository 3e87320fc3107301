"""What a start says of the machine's clock, beside what was recorded (semantics T0; docs/operation.md)."""

from __future__ import annotations

import structlog

from geooffer.engine.clock import EngineClock
from geooffer.model.policy import DAY_MS
from geooffer.model.tables import NEVER_MS

PASSED_MAX_MS = DAY_MS
"""Since the latest record, without a word: a server is rarely off for longer, a wrong clock often farther off."""

log = structlog.get_logger(__name__)


def read_first(clock: EngineClock, latest_ms: int, real_now_ms: int) -> None:
    """The first reading of an engine's clock; `latest_ms` of what was recovered, NEVER_MS = nothing was."""
    now_ms = clock.now_ms(real_now_ms)
    if clock.is_far_ahead:
        log.error("now_is_far_ahead", ahead_ms=clock.ahead_ms)
    elif clock.ahead_ms:
        log.warning("wall_clock_was_set_back", ahead_ms=clock.ahead_ms)
    elif clock.kind == "system" and latest_ms != NEVER_MS and now_ms - latest_ms > PASSED_MAX_MS:
        log.warning("wall_clock_is_far_ahead", passed_ms=now_ms - latest_ms)
