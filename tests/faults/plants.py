"""Faults planted into a server process before it starts: what a control needs to fail. None of it is a product flag."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOST_S = 0.03
"""How long after its acknowledgement a commit is written, where it is acknowledged too early."""


def plant(name: str, argument: Any) -> None:
    """Install one. `argument` is what the plant takes, or None."""
    PLANTS[name](argument)


def acknowledge_early(_: Any) -> None:
    """What is appended counts as durable at once and is written later: `synchronous=OFF`, for kills to see."""
    from geooffer.journal import committer, sqlite

    append = sqlite.SqliteStore.append

    def slow_append(self: Any, *arguments: Any, **named: Any) -> Any:
        time.sleep(LOST_S)
        return append(self, *arguments, **named)

    sqlite.SqliteStore.append = slow_append  # type: ignore[method-assign]
    committer.GroupCommitter.durable = property(lambda self: self.appended)  # type: ignore[assignment,method-assign]


def set_wall_clock(path: str) -> None:
    """The wall clock is off by the milliseconds that a file holds now; the monotonic clock knows nothing of it.

    Stands for libfaketime, whose package builds C. It reaches every reader of the wall clock in this process that is
    written in Python: `time.time` and `time.time_ns` are replaced before the server starts.
    """
    real_ns = time.time_ns

    def shifted_ns() -> int:
        return real_ns() + int(Path(path).read_text() or 0) * 1_000_000

    time.time_ns = shifted_ns
    time.time = lambda: shifted_ns() / 1e9  # type: ignore[assignment]


def follow_the_wall(_: Any) -> None:
    """The engine's clock is the wall clock, whatever that does. After `set_wall_clock`."""
    from geooffer.cli import assembly
    from geooffer.engine.clock import EngineClock

    def now_ms(self: Any, real_now_ms: int) -> int:
        self._now_ms = real_now_ms
        return real_now_ms

    EngineClock.now_ms = now_ms  # type: ignore[method-assign]
    EngineClock.resume = lambda self, latest_ms: None  # type: ignore[method-assign]
    assembly.monotonic_now_ms = lambda: lambda: time.time_ns() // 1_000_000


def deaf_to_the_disk(_: Any) -> None:
    """A commit that fails counts as done, and the service goes on."""
    from geooffer.errors import JournalError
    from geooffer.journal import sqlite

    append = sqlite.SqliteStore.append

    def append_or_not(self: Any, *arguments: Any, **named: Any) -> Any:
        try:
            return append(self, *arguments, **named)
        except JournalError:
            return self.last

    sqlite.SqliteStore.append = append_or_not  # type: ignore[method-assign]
    sqlite.SqliteStore.tidy = lambda self, *, idle: None  # type: ignore[method-assign]


PLANTS: dict[str, Callable[[Any], None]] = {
    "acknowledge early": acknowledge_early,
    "deaf to the disk": deaf_to_the_disk,
    "set wall clock": set_wall_clock,
    "follow the wall": follow_the_wall,
}
