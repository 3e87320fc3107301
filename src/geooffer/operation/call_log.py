"""One line a call, at level debug: which method, how it ended, how long it took."""

from __future__ import annotations

import structlog

from geooffer.telemetry.observed import CallObserved

log = structlog.get_logger(__name__)


def log_call(observed: CallObserved) -> None:
    """Nothing of the request or the answer: both may hold a person."""
    duration_ms = round((observed.ended_ns - observed.started_ns) / 1e6, 3)
    log.debug("call", method=observed.method, code=observed.code, duration_ms=duration_ms)
