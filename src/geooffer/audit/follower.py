"""The audit log follows the journal: on a thread of its own it reads what became durable and writes what is told of it.

    journal ──► [thread: read, derive, encrypt, append, sign] ──► audit/

So a ping or a call never waits for it, a commit is told exactly once whatever dies when, and what was acknowledged is
told, because it was durable first. The journal is cut only up to where the log has come (`passed`).

It shares Python's lock with the deciding thread, so after every half millisecond it gives way, three times as long (as
long, where a snapshot waits for it). And it shares the disk with the journal: one write is five syncs of files that
grow, which the journal's own commit waits behind, so there is one every ten seconds. Writing as it read, of 471 offers
that `geooffer bench offers --rate 1800` expects in 8 s, 229 to 284 left in time.
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
from geooffer.journal.commits import Position
from geooffer.journal.frames import decode_entries
from geooffer.journal.sqlite import SqliteReader

POLL_S = 0.25
COMMIT_COUNT_MAX = 32
"""Read at once."""
SIZE_BYTES_MAX = 64 * 1024
"""About 500 decisions; a commit is never split."""
WRITE_INTERVAL_S = 10.0
"""So far the log may be behind; nobody waits that long for it: `passed` and `close` ask for what is missing."""
HELD_COUNT_MAX = 1_000
"""Entries that may wait for the next write, about 1 MB."""
REST_FACTOR, REST_FACTOR_ASKED = 3.0, 1.0
"""Of the processor time it took."""
BREATH_S = 0.000_5
"""Computed before it gives way. With a backlog, beside a loop of turns of 0.5 ms on two busy cores: p99 of a turn 1.5
times that without it, 1,100 entries/s, 2,100 where a snapshot waits; giving way after 500 2.5 and 5 times, 2,700;
after each 1.7 times, p50 1.5 times, 600.
"""
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
        self._held: list[Draft] = []
        self._held_to = self._position
        """Read so far; `_held` is told of the commits up to there that the log has not."""
        self._written_s = -WRITE_INTERVAL_S
        self._worked_s = 0.0
        """Processor time of the thread when it rested last."""
        audit_log.breathe = self._breathe
        self._wanted_lsn = 0
        self._is_asked = False
        """Somebody began to wait since the latest rest."""
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
            self._wanted_lsn, self._is_asked = max(self._wanted_lsn, lsn), True
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
            self._worked_s = time.thread_time()
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
                self._rest(POLL_S if is_idle else self._owed_rest_s, until_asked=is_idle)

    @property
    def _owed_rest_s(self) -> float:
        factor = REST_FACTOR if self._wanted_lsn <= self._position.lsn else REST_FACTOR_ASKED
        return factor * (time.thread_time() - self._worked_s)

    def _breathe(self) -> None:
        """Give way; at the end, when nobody decides any more, to nobody."""
        if not self._closing and time.thread_time() - self._worked_s >= BREATH_S:
            time.sleep(self._owed_rest_s)
            self._worked_s = time.thread_time()

    def _failed(self, error: Exception) -> None:
        self._fault = error
        # from where the log is, not from what was told to others: the error may have come after it was signed
        self._held, self._held_to = [], self._log.head.position
        log.error("audit_failed", error=str(error) if isinstance(error, JournalError) else type(error).__name__)

    def _rest(self, seconds: float, *, until_asked: bool = False) -> None:
        """`until_asked`: at most until somebody begins to wait."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or (until_asked and self._is_asked), seconds)
            self._is_asked = False

    def _step(self) -> bool:
        """Read the next commits, and tell of what was read when it is time; False where there was nothing to do."""
        if self._reader is None:
            self._reader = self._open_reader()
        self._log.keep_bounded()
        size_bytes, read_to = 0, self._held_to
        for commit in islice(self._reader.read(read_to.lsn), COMMIT_COUNT_MAX):
            self._held += drafts_of(commit.position.lsn, decode_entries(commit.payload))
            self._breathe()
            size_bytes += len(commit.payload)
            self._held_to = commit.position
            if size_bytes >= SIZE_BYTES_MAX:
                break
        is_idle = self._held_to == read_to
        if self._held_to != self._log.head.position and self._is_due(is_all_read=is_idle):
            self._log.write(self._held, self._held_to)
            self._held, self._written_s, is_idle = [], time.monotonic(), False
        self._tell()
        return not is_idle

    def _is_due(self, *, is_all_read: bool) -> bool:
        if len(self._held) >= HELD_COUNT_MAX or time.monotonic() - self._written_s >= WRITE_INTERVAL_S:
            return True
        is_awaited = self._closing or self._wanted_lsn > self._position.lsn
        return is_awaited and (is_all_read or self._held_to.lsn >= self._wanted_lsn > self._position.lsn)

    def _tell(self) -> None:
        """Whoever waits: how far the log has come, also where an error came after it was signed."""
        if self._position != self._log.head.position:
            with self._changed:
                self._position = self._log.head.position
                self._changed.notify_all()


def begin_following(audit_log: AuditLog, open_reader: OpenReader, *, base: Position, last: Position) -> AuditFollower:
    """Follow the journal, which holds the commits after `base` up to `last`, from where the log has come.

    Raises JournalError where commits are missing in between: the log was put back, or the journal was cut without it.
    """
    position = audit_log.head.position
    if position.lsn < base.lsn:
        raise JournalError(
            f"the audit log ends at commit {position.lsn}, and the journal begins after commit {base.lsn}: "
            "the log is older than it was"
        )
    if position.lsn > last.lsn or position != _position_at(open_reader, position.lsn, base):
        audit_log.exchange_journal(last, _untold_erasures(audit_log, open_reader))
    audit_log.keep_bounded()
    return AuditFollower(audit_log, open_reader)


def _untold_erasures(audit_log: AuditLog, open_reader: OpenReader) -> list[Draft]:
    """Of a journal that was put back: who was erased in it and not in the log. The restore itself erases who was being
    erased when the disk was lost, and who is erased must be unreadable here, too.
    """
    told = audit_log.told_erasures()
    reader = open_reader()
    try:
        drafts = [
            draft
            for commit in reader.read()
            for draft in drafts_of(commit.position.lsn, decode_entries(commit.payload))
            if draft.is_erasure
        ]
    finally:
        reader.close()
    return [draft for draft in drafts if (draft.lsn, audit_log.subject_of(draft)) not in told]


def _position_at(open_reader: OpenReader, lsn: int, base: Position) -> Position:
    """Of the journal, at a commit that it holds or begins after."""
    if lsn == base.lsn:
        return base
    reader = open_reader()
    try:
        return next(iter(reader.read(lsn - 1))).position
    finally:
        reader.close()
