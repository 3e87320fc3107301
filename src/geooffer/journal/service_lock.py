"""One server per state directory: an advisory lock that the system drops when its process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from geooffer.errors import ConfigurationError

LOCK_NAME = "service.lock"


class ServiceLock:
    """Held from construction to `close`. The file stays, and holds the number of the latest process."""

    def __init__(self, directory: Path) -> None:
        """Raises ConfigurationError where another process, or another lock of this one, has the directory."""
        self._descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise ConfigurationError(
                f"another server uses this state directory (process {holder or 'unknown'})", field="state_dir"
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode("ascii"), 0)

    def close(self) -> None:
        """Let others have it; may be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
