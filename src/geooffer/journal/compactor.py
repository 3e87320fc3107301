"""The compactor: a process of its own that writes the next snapshot, from the last one and the journal after it.

    python -m geooffer.journal.compactor STATE_DIR      one line of JSON: lsn, hash, records, persons, seconds

It reads what the server writes, folds one partition after the other, at the lowest priority, with the code that folded
it live, and touches nothing but its own new directory. So a snapshot never holds up a ping, and each is a recovery
that worked. Killed at any point it leaves a draft that the next run throws away.
"""

from __future__ import annotations

import argparse
import fcntl
import gc
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from geooffer.engine.parts import PARTITIONS, Part, take_part
from geooffer.errors import GeoofferError, JournalError
from geooffer.journal.commits import Position
from geooffer.journal.core_dumps import forbid_core_dumps
from geooffer.journal.keyring import Keyring, load_keyring
from geooffer.journal.snapshots import SnapshotDraft, newest_snapshot
from geooffer.journal.sqlite import SqliteReader
from geooffer.journal.tail import JOURNAL_NAME, fold_partitions, read_tail, refuse_half_restored

ROUND_SIZE_BYTES_MAX = 64 * 1024 * 1024
"""Of journal that is folded at once; what is more waits for the next snapshot. It is held in memory twice or so."""
LOCK_NAME = "compactor.lock"
NICENESS = 19
EXIT_ORPHANED = 4


@dataclass(frozen=True, slots=True)
class Compacted:
    """A snapshot was written, or nothing had happened since the last."""

    position: Position
    record_count: int
    person_count: int
    seconds: float


@contextmanager
def only_compactor(directory: Path, wait_s: float = 0.0) -> Iterator[None]:
    """Keep others from writing or removing snapshots meanwhile. Raises JournalError where somebody else does."""
    descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline_s = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= deadline_s:
                    raise JournalError("another compaction or backup of this state directory is under way") from error
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def compact(
    directory: Path,
    *,
    size_bytes_max: int = ROUND_SIZE_BYTES_MAX,
    reserve_bytes: int = 0,
    is_background: bool = False,
    keyring: Keyring | None = None,
    on_step: Callable[[str], None] = lambda step: None,
) -> Compacted:
    """Write the snapshot that follows the newest one; the caller holds `only_compactor`. Raises JournalError, OSError.

    `reserve_bytes`: room that is left on the disk; a snapshot that would take it, and one that fails in any other way,
    is gone again. `is_background`: what costs time runs at the lowest priority. `keyring`: it is encrypted. `on_step`:
    told of every step, for fault tests.
    """
    started_s = time.perf_counter()
    refuse_half_restored(directory)
    snapshot = newest_snapshot(directory, keyring)
    reader = SqliteReader(directory / JOURNAL_NAME, keyring=keyring)
    try:
        tail = read_tail(reader, snapshot, size_bytes_max=size_bytes_max)
    finally:
        reader.close()
    on_step("read")
    person_count = 0 if snapshot is None else snapshot.counts.persons
    if tail.record_count and (snapshot is None or tail.position != snapshot.position):
        draft = SnapshotDraft(directory, tail.position, reserve_bytes=reserve_bytes, keyring=keyring)
        try:
            on_step("draft")
            states = fold_partitions(snapshot, tail, PARTITIONS)
            parts = (take_part(state, partition) for partition, state in states)
            made = _at_low_priority(parts) if is_background else parts
            for partition, part in zip(PARTITIONS, made, strict=True):
                draft.write(part)
                tail.entries.pop(partition, None)
                on_step(f"part {partition}")
            person_count = draft.finish().counts.persons
        except BaseException:
            draft.discard()
            raise
        on_step("finished")
    return Compacted(tail.position, tail.record_count, person_count, time.perf_counter() - started_s)


def _end_with_parent() -> None:
    """The server holds the other end of stdin: when it is gone, so is the reason for this process."""

    def wait() -> None:
        while os.read(0, 64):  # not sys.stdin: a thread inside its buffer makes the interpreter abort at its end
            pass
        os._exit(EXIT_ORPHANED)

    threading.Thread(target=wait, daemon=True).start()


def _at_low_priority(parts: Iterator[Part]) -> Iterator[Part]:
    """Each part is made by a thread of the lowest priority; files are not its business.

    A process of that priority would hold up the server: preempted in the middle of writing, it keeps the file system's
    transaction open, and the server's fdatasync waits for it. Measured on two busy cores: up to 7 s (bench offers).
    """

    def lower() -> None:
        if sys.platform == "linux":  # elsewhere threads have no priority of their own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)

    with ThreadPoolExecutor(1, initializer=lower) as worker:
        while (part := worker.submit(next, parts, None).result()) is not None:
            yield part


def _leave_the_cores_of_the_server() -> None:
    """A server may be pinned to a core, and its children are with it; this one takes any."""
    if hasattr(os, "sched_setaffinity"):
        with suppress(OSError):  # then it stays where it is
            os.sched_setaffinity(0, range(os.cpu_count() or 1))


def main(arguments: list[str]) -> int:
    """The process."""
    from geooffer.kernels.compile import compile_all

    parser = argparse.ArgumentParser(prog="compactor")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--with-parent", action="store_true", help="end when stdin does")
    parser.add_argument("--reserve-bytes", type=int, default=0, help="room to leave on the disk")
    parser.add_argument("--encryption-key-file", type=Path, help="encrypt it under the first key in there")
    told_to = parser.parse_args(arguments)
    directory: Path = told_to.directory
    forbid_core_dumps()
    if told_to.with_parent:
        _end_with_parent()
    _leave_the_cores_of_the_server()

    compile_all()
    gc.collect()
    gc.freeze()
    gc.disable()  # what this process makes is freed by its counts, and it does not live long
    try:
        with only_compactor(directory, wait_s=60.0):
            keyring = load_keyring(told_to.encryption_key_file)
            done = compact(directory, reserve_bytes=told_to.reserve_bytes, is_background=True, keyring=keyring)
    except (GeoofferError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except Exception as error:  # noqa: BLE001  (the server logs what is said here; a foreign text may name persons)
        sys.stderr.write(f"it does not fold ({type(error).__name__})\n")
        return 1
    told = {
        "lsn": done.position.lsn,
        "hash": done.position.hash.hex(),
        "record_count": done.record_count,
        "person_count": done.person_count,
        "seconds": round(done.seconds, 3),
    }
    sys.stdout.write(f"{json.dumps(told)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
