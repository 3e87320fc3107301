"""What the metrics port looks at: the parts of a running server, and what was observed of their work.

Everything here is read from the thread of an HTTP request while the loop goes on: plain integers and lengths, no lock,
nothing iterated that the loop changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from geooffer.operation.call_log import log_call
from geooffer.operation.heartbeat import Heartbeat
from geooffer.operation.observations import Observations
from geooffer.operation.startup import StartUp
from geooffer.telemetry.observed import BatchesHook, BatchHook, CallHook, CommitHook

if TYPE_CHECKING:
    from geooffer.dataplane.port import DataPlane
    from geooffer.engine.engine import Engine
    from geooffer.journal.committer import GroupCommitter
    from geooffer.operation.traces import Traces
    from geooffer.rpc.disk_guard import DiskGuard
    from geooffer.services.compactions import Compactions
    from geooffer.services.policies import Policies
    from geooffer.services.rights_watch import RightsWatch
    from geooffer.services.stock_alarm import StockAlarm

T = TypeVar("T")


class Audit(Protocol):
    """Who keeps the audit log."""

    @property
    def fault(self) -> Exception | None:
        """Why the latest attempt to write failed; None = it did not."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A server that has started."""

    engine: Engine
    plane: DataPlane
    committer: GroupCommitter | None
    """None where the journal is in memory."""
    disk: DiskGuard | None = None
    compactions: Compactions | None = None
    journal_path: Path | None = None
    audit: Audit | None = None
    """None where the journal is in memory."""
    is_encrypted: bool = False
    """Whether what is written to the journal and snapshots is encrypted."""


@dataclass(slots=True)
class Watched:
    """A server from before its start to after its end."""

    startup: StartUp = field(default_factory=StartUp)
    observations: Observations = field(default_factory=Observations)
    heartbeat: Heartbeat = field(default_factory=Heartbeat)
    traces: Traces | None = None
    """None where nobody asked for spans."""
    parts: Parts | None = None
    """None until it has started."""
    stock_alarm: StockAlarm | None = None
    """None where nobody looks for stale stock."""
    rights_watch: RightsWatch | None = None
    """None where nobody looks for requests that are late."""
    policies: Policies | None = None
    """None where no policy file can be refused."""
    reload_counts: dict[str, int] = field(default_factory=lambda: {"applied": 0, "unchanged": 0, "refused": 0})
    """By outcome of a reload (cli/reload.py)."""
    is_ready: bool = False
    """As the latest beat found; what gRPC health says."""
    _behind_since_s: float | None = None

    def look_at_catalog(self) -> None:
        """Note since when the live catalog is not the saved one. On the loop's thread."""
        parts = self.parts
        if parts is None or parts.engine.live_generation == parts.engine.saved_generation:
            self._behind_since_s = None
        elif self._behind_since_s is None:
            self._behind_since_s = time.monotonic()

    @property
    def catalog_behind_s(self) -> float:
        """How long the live catalog has not been the saved one; 0 where it is."""
        since_s = self._behind_since_s
        return 0.0 if since_s is None else time.monotonic() - since_s

    # -- hooks: one call where nobody traces -------------------------------------------------------------------

    @property
    def on_batch(self) -> BatchHook:
        """For the data plane."""
        return _one_of(self.observations.batch, None if self.traces is None else self.traces.batch)

    @property
    def on_batches(self) -> BatchesHook:
        """For the data plane."""
        return self.observations.batches

    @property
    def on_commit(self) -> CommitHook:
        """For the journal."""
        return _one_of(self.observations.commit, None if self.traces is None else self.traces.commit)

    @property
    def on_call(self) -> CallHook:
        """For both ports."""
        return _one_of(self.observations.call, log_call, None if self.traces is None else self.traces.call)


def _one_of(*hooks: Callable[[T], None] | None) -> Callable[[T], None]:
    """One hook that calls these in turn; None: nobody there."""
    present = [hook for hook in hooks if hook is not None]
    if len(present) == 1:
        return present[0]

    def each(observed: T) -> None:
        for hook in present:
            hook(observed)

    return each
