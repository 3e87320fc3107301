"""Whether records may be added now: not while the disk is nearly full, or the journal far behind.

State is changed at once and the journal follows, so a disk that stalls would fill the memory with what waits for it.
Control calls are then refused with a typed error (rpc/call_admission.py), winners of pings become silence
(dataplane/gatherer.py); pings themselves write nothing and go on.
"""

from __future__ import annotations

from geooffer.errors import GeoofferError, OverloadedError
from geooffer.model import limits
from geooffer.rpc.disk_guard import DiskGuard
from geooffer.rpc.durability import Durability


class WriteGate:
    """Asked before every call that writes, and before every batch of pings that has winners."""

    def __init__(self, durability: Durability, disk: DiskGuard | None = None) -> None:
        """`disk`: None where the journal is in memory."""
        self._durability = durability
        self.disk = disk

    def refusal(self) -> GeoofferError | None:
        """Why no new record is taken; None where all is well."""
        low = self.disk.refusal() if self.disk is not None else None
        if low is not None:
            return low
        if (
            self._durability.pending_record_count > limits.JOURNAL_PENDING_RECORD_COUNT_MAX
            or self._durability.pending_age_ms > limits.JOURNAL_PENDING_AGE_MAX_MS
        ):
            return OverloadedError("the journal is behind; retry")
        return None

    @property
    def is_shut(self) -> bool:
        """Whether there is a refusal."""
        return self.refusal() is not None
