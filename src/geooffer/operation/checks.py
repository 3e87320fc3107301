"""Liveness and readiness, check by check.

Live says: do not restart me. It is lost where a restart helps: the loop does not turn, the journal or the deciding
code has failed. Ready says: send me calls. It is lost where waiting helps: starting, draining, a disk nearly full, a
journal or catalog that is behind, a time far ahead of the real one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from geooffer.model import limits
from geooffer.operation.startup import Phase
from geooffer.operation.watched import Watched

HEARTBEAT_AGE_MAX_S = 15.0
"""A catalog of 100,000 fences takes the loop about a second; nothing may take it longer than this."""
CATALOG_BEHIND_MAX_S = 30.0
JOURNAL_PENDING_AGE_MAX_S = limits.JOURNAL_PENDING_AGE_MAX_MS / 1000
"""From there on writes are refused (rpc/write_gate.py)."""

Figure = str | int | float
_NO_FIGURES: Final[Mapping[str, Figure]] = MappingProxyType({})


class Check(NamedTuple):
    """One answer, with the figures it was given by."""

    name: str
    is_good: bool
    figures: Mapping[str, Figure] = _NO_FIGURES


LIVE_NAMES = ("loop", "journal", "decisions")
READY_NAMES = ("recovered", "kernels", "catalog", "not_draining", "disk", "journal_keeps_up", "audit", "clock", "live")


def live_checks(watched: Watched) -> list[Check]:
    """Before the server has started all of them are good: what a start may take is for the start-up probe to say."""
    age_s = watched.heartbeat.age_s
    is_over = watched.startup.is_over
    parts = watched.parts
    committer = parts.committer if parts is not None else None
    return [
        Check("loop", not is_over or age_s <= HEARTBEAT_AGE_MAX_S, {"age_s": round(age_s, 3)} if is_over else {}),
        Check("journal", committer is None or committer.fault is None),
        Check("decisions", parts is None or parts.plane.fault is None),
    ]


def ready_checks(watched: Watched) -> list[Check]:
    """Whether calls are welcome now, from any thread."""
    startup, parts = watched.startup, watched.parts
    phase = startup.phase
    started = startup.is_over and parts is not None
    progress = {"progress": startup.progress} if startup.progress else {}
    recovered: dict[str, Figure] = {} if parts is None else {"encrypted": "yes" if parts.is_encrypted else "no"}
    behind_s = watched.catalog_behind_s
    committer = parts.committer if parts is not None else None
    pending_s = committer.pending_age_ns / 1e9 if committer is not None else 0.0
    disk = parts.disk if parts is not None else None
    clock = parts.engine.clock if parts is not None else None
    ahead_s = round(clock.ahead_ms / 1000, 3) if clock is not None else 0.0
    return [
        Check("recovered", phase is Phase.CATALOG or started, progress if phase is Phase.RECOVERY else recovered),
        Check("kernels", phase not in (Phase.STARTING, Phase.KERNELS), progress if phase is Phase.KERNELS else {}),
        Check("catalog", started and behind_s <= CATALOG_BEHIND_MAX_S, {"behind_s": round(behind_s, 3)}),
        Check("not_draining", phase not in (Phase.DRAINING, Phase.STOPPED)),
        Check("disk", disk is None or not disk.is_low, {} if disk is None else {"free_bytes": disk.free_bytes}),
        Check("journal_keeps_up", pending_s <= JOURNAL_PENDING_AGE_MAX_S, {"pending_s": round(pending_s, 3)}),
        Check("audit", parts is None or parts.audit is None or parts.audit.fault is None),
        Check("clock", clock is None or not clock.is_far_ahead, {"ahead_s": ahead_s}),
        Check("live", all(check.is_good for check in live_checks(watched))),
    ]
