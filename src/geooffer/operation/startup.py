"""How far the start of a server has come: told while the ports that it is for are not bound yet."""

from __future__ import annotations

import time
from enum import StrEnum

import structlog

log = structlog.get_logger(__name__)


class Phase(StrEnum):
    """From the first to the last; the value is what probes and metrics call it."""

    STARTING = "starting"
    KERNELS = "kernels"
    RECOVERY = "recovery"
    CATALOG = "catalog"
    SERVING = "serving"
    DRAINING = "draining"
    STOPPED = "stopped"


#: In these no call is taken yet.
BEFORE_SERVING = frozenset({Phase.STARTING, Phase.KERNELS, Phase.RECOVERY, Phase.CATALOG})


class StartUp:
    """Written by the thread that starts the server, read by any."""

    def __init__(self) -> None:
        self.phase = Phase.STARTING
        self.progress = ""
        """How far the phase is, in words, where it says so."""
        self.seconds: dict[Phase, float] = {}
        """How long each phase of the start took that is over."""
        self._entered_s = time.monotonic()

    def enter(self, phase: Phase) -> None:
        """A phase begins, and with it the one before is over."""
        now_s = time.monotonic()
        if self.phase in BEFORE_SERVING:
            self.seconds[self.phase] = now_s - self._entered_s
            log.info("start_phase_over", phase=self.phase.value, seconds=round(self.seconds[self.phase], 3))
        self._entered_s = now_s
        self.progress = ""
        self.phase = phase

    def tell(self, progress: str) -> None:
        """So much of the phase is done: kernels, or parts of a snapshot, or records folded."""
        self.progress = progress

    @property
    def is_over(self) -> bool:
        """Whether calls are, or were, taken."""
        return self.phase not in BEFORE_SERVING
