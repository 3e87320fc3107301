"""The audit log follows the journal: on a thread of its own it reads what became durable and writes what is told of it.

    journal ──► [thread: read, derive, encrypt, append, sign] ──► audit/

So a ping or a call never waits for it, a commit is told exactly once whatever dies when, and what was acknowledged is
told, because it was durable first. The journal is cut only up to where the log has come (`passed`).

The thread works at most a quarter of the time: it shares Python's lock with the deciding thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import islice

import structlog

from geooffer.audit.derivation import Draft, drafts_of
from geooffer.audit.entries import Place
from geooffer.audit.log import AuditLog
from geooffer.errors import JournalError
from geooffer.journal.commits import Commit, Position
from geooffer.journal.frames import decode_entries
from geooffer.journal.sqlite import SqliteReader

POLL_S = 0.25
COMMIT_COUNT_MAX = 32
"""Read and written at once."""
SIZE_BYTES_MAX = 1024 * 1024
REST_FACTOR = 3.0
RETRY_MIN_S, RETRY_MAX_S = 1.0, 60.0

log = structlog.get_logger(__name__)
OpenReader = Callable[[], SqliteReader]


class AuditFollower:
    """Started at construction, ended by `close`, which first lets it catch up."""

    def __init__(self, audit_log: AuditLog, open_reader: OpenReader) -> None:
        self._log = audit_log
        self._open_reader = open_reader
        self._reader: SqliteReader | None = None
        self._changed = threading.Condition()
        self._position = audit_log.head.position
        self._wanted_lsn = 0
        self._fault: Exception | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    @property
    def position(self) -> Position:
        """All commits up to there are in the log. From any thread."""
        return self._position

    @property
    def place(self) -> Place:
        """Of the log's latest signed entry. From any thread."""
        return self._log.head.place

    @property
    def fault(self) -> Exception | None:
        """Why the latest attempt to write failed; None = it did not. It is tried again. From any thread."""
        return self._fault

    def passed(self, lsn: int, timeout_s: float) -> Place:
        """Return once all commits up to `lsn` are in the log, durably. Raises JournalError where they are not."""
        with self._changed:
            self._wanted_lsn = max(self._wanted_lsn, lsn)
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._position.lsn >= lsn or self._closing, timeout_s):
                raise JournalError("the audit log does not keep up: the journal is not cut before it has")
            if self._position.lsn < lsn:
                raise JournalError("the audit log was closed")
            return self.place

    def close(self) -> None:
        """Write what is durable in the journal and not told yet, seal it, and end the thread.

        What fails is logged: the next start tells it from the journal, and whoever ends the service has more to close.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        if self._reader is not None:
            self._reader.close()
        try:
            self._log.close()
        except Exception as error:  # noqa: BLE001  (without its last seal the log is whole)
            self._failed(error)

    # -- the thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        retry_s = RETRY_MIN_S
        while True:
            closing = self._closing
            started_s = time.monotonic()
            try:
                is_idle = not self._step()
                self._fault, retry_s = None, RETRY_MIN_S
            except Exception as error:  # noqa: BLE001  (whatever it is: what is not told yet stays in the journal)
                self._failed(error)
                if closing:
                    return
                self._rest(retry_s)
                retry_s = min(2 * retry_s, RETRY_MAX_S)
                continue
            if closing and is_idle:
                return
            if not self._closing:
                self._rest(POLL_S if is_idle else REST_FACTOR * (time.monotonic() - started_s))

    def _failed(self, error: Exception) -> None:
        self._fault = error
        log.error("audit_failed", error=str(error) if isinstance(error, JournalError) else type(error).__name__)

    def _rest(self, seconds: float) -> None:
        with self._changed:
            if self._wanted_lsn <= self._position.lsn or self._fault is not None:
                self._changed.wait_for(lambda: self._closing or self._wanted_lsn > self._position.lsn, seconds)

    def _step(self) -> bool:
        """Tell of the next commits; False where there are none."""
        if self._reader is None:
            self._reader = self._open_reader()
        drafts: list[Draft] = []
        size_bytes = 0
        last: Commit | None = None
        for commit in islice(self._reader.read(self._position.lsn), COMMIT_COUNT_MAX):
            drafts += drafts_of(commit.position.lsn, decode_entries(commit.payload))
            size_bytes += len(commit.payload)
            last = commit
            if size_bytes >= SIZE_BYTES_MAX:
                break
        if last is None:
            return False
        self._log.write(drafts, last.position)
        with self._changed:
            self._position = last.position
            self._changed.notify_all()
        return True


def begin_following(audit_log: AuditLog, open_reader: OpenReader, *, base: Position, last: Position) -> AuditFollower:
    """Follow the journal, which holds the commits after `base` up to `last`, from where the log has come.

    Raises JournalError where commits are missing in between: the log was put back, or the journal was cut without it.
    """
    position = audit_log.head.position
    if position.lsn > last.lsn:
        audit_log.exchange_journal(last)
    elif position.lsn < base.lsn:
        raise JournalError(
            f"the audit log ends at commit {position.lsn}, and the journal begins after commit {base.lsn}: "
            "the log is older than it was"
        )
    elif position != _position_at(open_reader, position.lsn, base):
        audit_log.exchange_journal(last)
    audit_log.keep_bounded()
    return AuditFollower(audit_log, open_reader)


def _position_at(open_reader: OpenReader, lsn: int, base: Position) -> Position:
    """Of the journal, at a commit that it holds or begins after."""
    if lsn == base.lsn:
        return base
    reader = open_reader()
    try:
        return next(iter(reader.read(lsn - 1))).position
    finally:
        reader.close()
