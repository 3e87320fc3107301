"""Faults planted into a server process before it starts: what a control needs to fail. None of it is a product flag."""

from __future__ import annotations

import asyncio
import os
import sys
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
    from geooffer.model.context import CLOCK_NOW_MS

    def now_ms(self: Any, real_now_ms: int) -> int:
        self.cells[CLOCK_NOW_MS] = real_now_ms
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


def compact_often(record_count: int) -> None:
    """No fault: a snapshot whenever so many records were written, in a process that is forked, not begun from nothing,
    so that kills often meet one. It ends with its server, as the real one does: by the end of its stdin.
    """
    from geooffer.errors import JournalError
    from geooffer.services import compactions

    os.environ["GEOOFFER_SNAPSHOT_RECORD_COUNT"] = str(record_count)
    compactions.CHECK_S = 0.05
    orders_in, orders_out = os.pipe()
    answers_in, answers_out = os.pipe()
    if os.fork() == 0:
        os.close(orders_out)
        os.close(answers_in)
        _fork_compactors(orders_in, answers_out)
    os.close(orders_in)
    os.close(answers_out)
    orders, answers = os.fdopen(orders_out, "w"), os.fdopen(answers_in, "rb")

    def ask(directory: Path) -> bytes:
        orders.write(f"{directory}\n")
        orders.flush()
        told = answers.readline()
        if not told.strip():
            raise JournalError("the compactor failed")
        return told

    async def child(self: Any) -> bytes:
        return await asyncio.to_thread(ask, self._directory)

    compactions.Compactions._child = child  # type: ignore[method-assign]


def _fork_compactors(orders_in: int, answers_out: int) -> None:
    """One after the other, for as long as the server lives. Never returns."""
    from geooffer.journal import compactor

    compactor.NICENESS = 0  # on two busy cores no snapshot would be finished between two kills

    while order := _line(orders_in):
        pid = os.fork()
        if pid == 0:
            os.dup2(orders_in, 0)
            os.dup2(answers_out, 1)
            code = compactor.main([order, "--with-parent"])
            sys.stdout.write("\n" if code else "")
            sys.stdout.flush()
            os._exit(code)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == compactor.EXIT_ORPHANED:
            break
    os._exit(0)


def _line(descriptor: int) -> str:
    """The next line, read byte by byte: what is left is another process's to read. '' at the end."""
    found = b""
    while (byte := os.read(descriptor, 1)) not in (b"", b"\n"):
        found += byte
    return found.decode() if byte else ""


PLANTS: dict[str, Callable[[Any], None]] = {
    "acknowledge early": acknowledge_early,
    "compact often": compact_often,
    "deaf to the disk": deaf_to_the_disk,
    "set wall clock": set_wall_clock,
    "follow the wall": follow_the_wall,
}
