"""Who waits for the journal: answers of durable calls, and offers, leave only once their records are durable.

State is changed at once, on the loop; the journal follows on its own thread (journal/committer.py). Whatever an answer
may tell of was appended before it was written, so waiting for the latest ticket of that moment is enough, for reads,
too: nobody is told what a power cut could take back. A call that finds nothing pending waits for nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from geooffer.engine.port import Journal
from geooffer.errors import JournalError

Settled = Callable[[], None]


async def at_once() -> None:
    """For a port whose answers depend on no journal, or on one that is durable when an append returns."""


class Durability:
    """The loop's side of a journal. All calls but `wake` come from the loop's thread."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[int, Settled]] = deque()
        self._latest: tuple[int, asyncio.Future[None]] | None = None
        """What all calls wait for that wait for the same ticket: however many give up and come again, it is one."""
        self._on_fault: list[Settled] = []

    def on_fault(self, failed: Settled) -> None:
        """Call `failed` once when the journal has failed, before those who wait learn it."""
        self._on_fault.append(failed)

    @property
    def fault(self) -> JournalError | None:
        """Why nothing becomes durable any more."""
        fault: JournalError | None = getattr(self._journal, "fault", None)
        return fault

    @property
    def ticket(self) -> int:
        """What an answer written now has to wait for."""
        return self._journal.appended

    @property
    def pending_record_count(self) -> int:
        """Records that are not durable yet; 0 for a journal that does not say."""
        appended: int = getattr(self._journal, "appended_record_count", 0)
        durable: int = getattr(self._journal, "record_count", 0)
        return appended - durable if appended else 0

    @property
    def pending_age_ms(self) -> int:
        """How long the oldest of them has been waiting."""
        age_ns: int = getattr(self._journal, "pending_age_ns", 0)
        return age_ns // 1_000_000

    def wake(self) -> None:
        """The journal went on, or failed; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._settle)

    def is_durable(self, ticket: int) -> bool:
        """Whether all up to `ticket` survives a power cut."""
        return self._journal.durable >= ticket

    def when_settled(self, ticket: int, settled: Settled) -> None:
        """Call `settled` once `ticket` is durable, or never will be: at once, if that is known. In order of tickets."""
        if self._journal.durable >= ticket or self.fault is not None:
            settled()
        else:
            self._waiting.append((ticket, settled))

    async def wait(self) -> None:
        """Return once all that was appended so far is durable. Raises JournalError if it never will be, and always
        after a failure: what was folded and then refused by the journal has no ticket (Engine.as_one_commit).
        """
        ticket = self.ticket
        is_lost = self.fault is not None
        if self._journal.durable < ticket and not is_lost:
            # wait, not await: a call that gives up must not end the others
            await asyncio.wait([self._settled_at(ticket)])
            is_lost = self._journal.durable < ticket
        if is_lost:
            raise JournalError("the journal failed; the service ends and recovers")

    def _settled_at(self, ticket: int) -> asyncio.Future[None]:
        if self._latest is None or self._latest[0] != ticket:
            future: asyncio.Future[None] = self._loop.create_future()
            self._latest = (ticket, future)
            self.when_settled(ticket, lambda: future.set_result(None))
        return self._latest[1]

    def _settle(self) -> None:
        durable, failed = self._journal.durable, self.fault is not None
        while failed and self._on_fault:
            self._on_fault.pop()()
        while self._waiting and (failed or self._waiting[0][0] <= durable):
            settled = self._waiting.popleft()[1]
            try:
                settled()
            except Exception:
                self._loop.call_soon(self._settle)  # a fault of one keeps nobody else waiting
                raise
