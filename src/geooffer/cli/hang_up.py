"""SIGHUP to a running server, and to nothing else: whoever does not expect this signal dies of it."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path

from geooffer.errors import ConfigurationError
from geooffer.journal.service_lock import LOCK_NAME

_PROCESSES = Path("/proc")


def server_of(state_dir: Path) -> int:
    """The process that serves from `state_dir`. Raises ConfigurationError where none does."""
    none = ConfigurationError(f"no server uses {state_dir}", field="state_dir")
    try:
        lock = open(state_dir / LOCK_NAME, "rb")  # noqa: SIM115  (closed below)
    except FileNotFoundError:
        raise none from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            number = lock.read(20).strip()
            if number.isdigit():
                return int(number)
        raise none  # nobody holds the lock: the number is of a process that is gone


def hang_up(process_id: int) -> None:
    """Send it. Raises ConfigurationError where the process is none, not ours, or no `geooffer serve`."""
    if not _is_server(process_id):
        raise ConfigurationError(f"process {process_id} is no `geooffer serve`", field="pid")
    try:
        os.kill(process_id, signal.SIGHUP)
    except ProcessLookupError:
        raise ConfigurationError(f"there is no process {process_id}", field="pid") from None
    except PermissionError:
        raise ConfigurationError(f"process {process_id} belongs to somebody else", field="pid") from None


def _is_server(process_id: int) -> bool:
    """By its command line, where the system shows it; elsewhere whoever asks is believed."""
    if not (_PROCESSES / "self" / "cmdline").exists():
        return True
    try:
        words = (_PROCESSES / str(process_id) / "cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return False
    return b"serve" in words and any(b"geooffer" in word for word in words)
