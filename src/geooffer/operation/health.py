"""gRPC health of both ports says what /readyz says, at every beat of the loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog

from geooffer.operation.checks import ready_checks
from geooffer.operation.startup import Phase
from geooffer.operation.watched import Watched

log = structlog.get_logger(__name__)


class ReportsReady(Protocol):
    """A port (rpc/server.py)."""

    async def report_ready(self, ready: bool) -> None:
        """Report SERVING or NOT_SERVING."""


class HealthReporter:
    """To be awaited at every beat, on the loop's thread."""

    def __init__(self, watched: Watched, ports: Sequence[ReportsReady]) -> None:
        self._watched = watched
        self._ports = ports

    async def report(self) -> None:
        """Look once; tell the ports and the log what has changed."""
        watched = self._watched
        watched.look_at_catalog()
        if watched.startup.phase is not Phase.SERVING:
            watched.is_ready = False  # a drain has told the ports itself
            return
        failing = [check.name for check in ready_checks(watched) if not check.is_good]
        if watched.is_ready == (not failing):
            return
        watched.is_ready = not failing
        for port in self._ports:
            await port.report_ready(watched.is_ready)
        if failing:
            log.warning("not_ready", checks=failing)
        else:
            log.info("ready_for_calls")
