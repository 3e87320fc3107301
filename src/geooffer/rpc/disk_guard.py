"""Low disk is met before it is a full one: below a reserve nothing is taken that has to be written.

A write that meets a full disk is a fault of the journal, and the process ends (journal/committer.py). Above it stands
this reserve: what is in flight still fits, withdrawals and erasures too, and when space is back all goes on by itself.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import structlog

from geooffer.errors import DiskFullError

CHECK_EVERY_S = 1.0

log = structlog.get_logger(__name__)


class DiskGuard:
    """Looks at the free space of one directory. Reading `is_low` and `free_bytes` is allowed from any thread."""

    def __init__(self, directory: Path, reserve_bytes: int) -> None:
        """`directory` exists; `reserve_bytes` may be changed while it runs, 0 = never low."""
        self.directory = directory
        self.reserve_bytes = reserve_bytes
        self.free_bytes = 0
        self.is_low = False
        self.check()

    def check(self) -> None:
        """Look now. A directory that cannot be asked counts as full: in doubt nothing is taken."""
        try:
            found = os.statvfs(self.directory)
            self.free_bytes = found.f_bavail * found.f_frsize
        except OSError as error:
            log.error("disk_not_readable", error=type(error).__name__)
            self.free_bytes = 0
        is_low = self.free_bytes < self.reserve_bytes
        if is_low != self.is_low:
            self.is_low = is_low
            if is_low:
                log.error("disk_low", free_bytes=self.free_bytes)
            else:
                log.warning("disk_has_room_again", free_bytes=self.free_bytes)

    def refusal(self) -> DiskFullError | None:
        """Why nothing may be written now."""
        return DiskFullError("the disk is nearly full; nothing new is written") if self.is_low else None

    async def run(self) -> None:
        """Look every second until cancelled."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            self.check()
