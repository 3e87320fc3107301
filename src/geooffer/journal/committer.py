"""Group commit on a thread of its own: what comes while one commit is being written goes into the next.

loop ── append ──► pending ──► [thread: encode, write, fsync] ──► durable = ticket ──► on_durable

There is no timer: an idle journal commits at once, a busy one in larger groups. An append is never split. Chores
(truncation, folding in the log) run on the same thread: under load one between two commits, so neither starves the
other; what can wait is done once nothing came for IDLE_S.

The first failure is the last: nothing is retried, `fault` is set, and the process is to end and recover (a page that
failed to be synced may be gone from the system's cache, so a second fsync proves nothing).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future

from geooffer.errors import JournalError
from geooffer.journal.commits import CommitStore, Position
from geooffer.journal.frames import decode_entries, encode_entries
from geooffer.model.records import Entry
from geooffer.telemetry.observed import CommitHook, CommitObserved, ignore

GROUP_RECORD_COUNT_MAX = 256
IDLE_S = 0.2


class GroupCommitter:
    """engine/port.py: Journal over a store; `append` is for one thread, `on_durable` is called from another."""

    def __init__(self, store: CommitStore, *, on_durable: Callable[[], None] = lambda: None) -> None:
        self.store = store
        self.on_durable = on_durable
        self.fault: JournalError | None = None
        """Why nothing becomes durable any more."""
        self.commit_count = 0
        self.record_count = 0
        """Durable since the start."""
        self.size_bytes = 0
        """Of the payloads of those."""
        self.appended_record_count = 0
        """Taken since the start; more than `record_count` by what is pending."""
        self.on_commit: CommitHook = ignore
        """Told of every commit, on the writer's thread."""
        self._writing_since_ns: int | None = None
        self._appended = 0
        self._durable = 0
        self._pending: deque[tuple[int, Sequence[Entry], int]] = deque()
        self._chores: deque[tuple[Callable[[], None], Future[None]]] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._thread.start()

    @property
    def appended(self) -> int:
        """The latest ticket."""
        return self._appended

    @property
    def durable(self) -> int:
        """The latest ticket that survives a power cut."""
        return self._durable

    def append(self, entries: Sequence[Entry]) -> int:
        """Take `entries` for a next commit. Raises JournalError after a failure or `close`."""
        if not entries:
            return self._appended
        with self._wake:
            if self.fault is not None or self._closing:
                raise JournalError("the journal takes no more records")
            self._appended += 1
            self._pending.append((self._appended, entries, time.perf_counter_ns()))
            self.appended_record_count += len(entries)
            self._wake.notify()
        return self._appended

    def call(self, chore: Callable[[], None]) -> Future[None]:
        """Run `chore` on the writer's thread between two commits; its error is a fault of the journal.

        The future tells when it ran, and raises JournalError where the journal failed or was closed before.
        """
        future: Future[None] = Future()
        with self._wake:
            if self.fault is not None or self._closing:
                future.set_exception(self.fault or JournalError("the journal is closed"))
                return future
            self._chores.append((chore, future))
            self._wake.notify()
        return future

    def truncate(self, up_to: Position) -> Future[None]:
        """Have the store forget commits up to this one, in steps between commits.

        The future tells when all are gone; `close` breaks off, and the next truncation goes on from there.
        """
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()  # who stops waiting does not stop it: a step cannot end what was cancelled

        def step() -> None:
            if self.store.truncate_step(up_to) or self._closing:
                done.set_result(None)
            else:
                self.call(step).add_done_callback(fail)

        def fail(step_done: Future[None]) -> None:
            error = step_done.exception()
            if error is not None and not done.done():
                done.set_exception(error)

        self.call(step).add_done_callback(fail)
        return done

    @property
    def pending_record_count(self) -> int:
        """Records taken that are not durable yet. From any thread."""
        return self.appended_record_count - self.record_count

    @property
    def pending_age_ns(self) -> int:
        """How long the oldest record has been waiting to become durable; 0 where none is. From any thread."""
        since_ns = self._writing_since_ns
        if since_ns is None:
            try:
                since_ns = self._pending[0][2]
            except IndexError:
                return 0
        return time.perf_counter_ns() - since_ns

    def read(self) -> Iterable[Entry]:
        """All entries kept, in the order written."""
        return (entry for commit in self.store.read() for entry in decode_entries(commit.payload))

    def close(self) -> None:
        """Commit what is pending, run the chores that wait, then end the thread. The store is the caller's to close."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    # -- the thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._wake:
                if not self._wait_for_work():
                    return
                ticket, group = self._take()
                chore, ran = self._chores.popleft() if self._chores else (None, None)
            try:
                if group:
                    self._write(group, ticket)
                if chore is not None and ran is not None and ran.set_running_or_notify_cancel():
                    chore()
                self.store.tidy(idle=not group and chore is None)
            except BaseException as error:  # noqa: BLE001  (whatever it is, nothing after it becomes durable)
                self._fail(error, ran)
                return
            if ran is not None and not ran.cancelled():
                ran.set_result(None)

    def _wait_for_work(self) -> bool:
        """Return once something is to be written or done, or nothing came for IDLE_S; False at the end."""
        while not self._pending and not self._chores and not self._closing:
            if not self._wake.wait(None if self.store.is_tidy else IDLE_S):
                return True
        return bool(self._pending or self._chores)

    def _write(self, group: list[Entry], ticket: int) -> None:
        started_ns = time.perf_counter_ns()
        payload = encode_entries(group)
        self.store.append(payload, self.store.last.lsn)
        ended_ns = time.perf_counter_ns()
        self.commit_count += 1
        self.record_count += len(group)
        self.size_bytes += len(payload)
        self._writing_since_ns = None
        self._durable = ticket
        self.on_durable()
        self.on_commit(CommitObserved(len(group), len(payload), started_ns, ended_ns))

    def _take(self) -> tuple[int, list[Entry]]:
        """The oldest appends of together about GROUP_RECORD_COUNT_MAX records, and the ticket of the last of them."""
        group: list[Entry] = []
        ticket = 0
        while self._pending and (not group or len(group) + len(self._pending[0][1]) <= GROUP_RECORD_COUNT_MAX):
            ticket, entries, since_ns = self._pending.popleft()
            self._writing_since_ns = self._writing_since_ns or since_ns
            group.extend(entries)
        return ticket, group

    def _fail(self, error: BaseException, ran: Future[None] | None) -> None:
        fault = (
            error if isinstance(error, JournalError) else JournalError(f"the journal failed: {type(error).__name__}")
        )
        with self._wake:
            self.fault = fault
            self._pending.clear()
            left = [future for _, future in self._chores] + ([ran] if ran is not None else [])
            self._chores.clear()
        for future in left:
            if not future.cancelled():
                future.set_exception(fault)
        self.on_durable()
