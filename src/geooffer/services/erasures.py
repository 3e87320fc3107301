"""Erasing a person, from the call to the last byte (privacy D2).

    begun    her ids stand in the ledger, hashed and synced: from here on no restored backup keeps her
    erased   her erase record is durable; she is in no table, list or memory of the service; the call is answered
    done     a snapshot without her was written, the journal begins after it: no file says anything of her

Erasures run one after the other; the snapshot that ends them is shared by all that wait for one. A line of the ledger
that could not be written (a full disk) is owed: it comes before the next erasure begins and before the journal is
truncated, which tells a start after a crash that she was erased and that who bears her id now is somebody new.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress

import structlog

from geooffer.engine.engine import Engine
from geooffer.errors import JournalError, NotFoundError
from geooffer.journal.committer import GroupCommitter
from geooffer.journal.erasures import Erasure, ErasureLedger
from geooffer.journal.sqlite import SqliteStore
from geooffer.model.keys import person_key
from geooffer.rpc.durability import at_once
from geooffer.rpc.faults import text_of

RETRY_S = 60.0
"""After a compaction that failed; the next erasure tries sooner."""
NO_COMPACTOR_S = 1.0
WIPE_PAUSE_S = 0.05
WIPE_ATTEMPT_COUNT = 600

log = structlog.get_logger(__name__)
Compact = Callable[[], Awaitable[int]]
"""Write a snapshot of all that is durable now, drop what is older, and return its LSN."""
Forget = Callable[[Iterable[int]], None]


async def wiped(committer: GroupCommitter) -> None:
    """Return once no byte of a truncated commit stands in the journal's files: not after a while in which nobody wrote,
    as the journal would by itself, but now. Raises JournalError, also where another process reads the journal and does
    not end: then it cannot be done.
    """
    store = committer.store
    for _ in range(WIPE_ATTEMPT_COUNT):
        if not isinstance(store, SqliteStore) or not store.has_remains:
            return
        await asyncio.wrap_future(committer.call(lambda: store.tidy(idle=True)))
        await asyncio.sleep(WIPE_PAUSE_S)
    raise JournalError("somebody reads the journal all the while: its log cannot be wiped")


class Erasures:
    """All calls come from the loop's thread; the ledger is written on another."""

    def __init__(
        self,
        engine: Engine,
        *,
        real_now_ms: Callable[[], int],
        ledger: ErasureLedger | None = None,
        durable: Callable[[], Awaitable[None]] = at_once,
        last_lsn: Callable[[], int] = lambda: 0,
        wipe: Callable[[], Awaitable[None]] = at_once,
    ) -> None:
        """`ledger` None: one in memory, beside a journal in memory. `last_lsn`: of the commits durable so far. `wipe`:
        returns once nothing of truncated commits stands in any file.
        """
        self.ledger = ledger or ErasureLedger(None, secrets.token_bytes(32))
        self.compact: Compact | None = None
        """Where the journal is in memory there is none, and an erasure is done when she is erased."""
        self.forgetting: list[Forget] = []
        """What else remembers persons, each told the keys of whoever is erased."""
        self._engine = engine
        self._real_now_ms = real_now_ms
        self._durable = durable
        self._last_lsn = last_lsn
        self._wipe = wipe
        self._is_in_files = ledger is not None
        self._turn = asyncio.Lock()
        self._asked = asyncio.Event()
        self._running: set[asyncio.Task[Erasure]] = set()
        self._unrecorded: dict[str, Mapping[str, int]] = {}
        """Erased, with its counts, and the ledger does not say so yet."""
        self._aborted: set[str] = set()
        """Begun, nobody was erased, and the ledger does not say so yet."""
        if self.ledger.unfinished() or self.ledger.needs_compaction:
            self._asked.set()

    def get(self, erasure_id: str) -> Erasure:
        """Raises NotFoundError."""
        held = self.ledger.erasures.get(erasure_id)
        if held is None:
            raise NotFoundError("no such erasure", field="erasure_id")
        return held

    async def erase(self, customer_id: str) -> Erasure:
        """Erase a customer from every table and memory, durably. Raises NotFoundError, JournalError.

        Once begun it goes on, whether or not the caller still waits.
        """
        self._engine.check_erasable(customer_id)
        task = asyncio.get_running_loop().create_task(self._erase(customer_id))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def erase_or_repeat(self, customer_id: str) -> Erasure:
        """As `erase`; where nothing is held and she was erased before, her latest receipt: whoever got no answer, be it
        for a crash, asks again. Raises NotFoundError where no such customer was ever erased, JournalError.
        """
        try:
            return await self.erase(customer_id)
        except NotFoundError:
            async with self._turn:  # an erasure under way may be hers
                held = self._latest_of(customer_id)
                if held is not None and held.erased_ms is None:
                    await self._settle()
                    held = self._latest_of(customer_id)
                if held is None:
                    raise
                if held.erased_ms is None:
                    raise JournalError("the journal failed in the middle of it: the next start finishes it") from None
            self._asked.set()
            return self.ledger.erasures[held.erasure_id]

    def _latest_of(self, customer_id: str) -> Erasure | None:
        """Her latest erasure, also one from before this directory had a key for pseudonyms."""
        keys = (self._engine.pseudonyms.person(customer_id), person_key(customer_id))
        found = [erasure for key in keys if (erasure := self.ledger.latest_of(key)) is not None]
        return max(found, key=lambda erasure: erasure.begun_ms, default=None)

    async def _erase(self, customer_id: str) -> Erasure:
        async with self._turn:
            await self._settle()
            erasure_id = secrets.token_hex(12)
            recorded = await self._begin(erasure_id, customer_id)
            self._unrecorded[erasure_id] = self._engine.delete_customer(customer_id)
            self._asked.set()  # whatever fails from here on, her bytes are to go
            for forget in self.forgetting:
                forget(recorded)
            await self._settle()
        log.info("person_erased", erasure_id=erasure_id)
        return self.ledger.erasures[erasure_id]

    async def _begin(self, erasure_id: str, customer_id: str) -> set[int]:
        """Record all her names; they mean her until the loop goes on. Where that fails it is given up."""
        recorded = set[int]()
        received_ms, due_ms = self._engine.erasure_asked_for(customer_id)
        try:
            # while the ledger is being synced she may be united with another: then that name has to be in it, too
            own_key = self._engine.pseudonyms.person(customer_id)
            while missing := {own_key, *self._engine.keys_of(customer_id)} - recorded:
                now_ms, lsn = self._real_now_ms(), self._last_lsn()
                asked = {"received_ms": received_ms, "due_ms": due_ms}
                await asyncio.to_thread(self.ledger.begin, erasure_id, missing, time_ms=now_ms, lsn=lsn, **asked)
                recorded |= missing
            self._engine.check_erasable(customer_id)  # a restriction that came meanwhile was answered: she is kept
        except Exception:
            if erasure_id in self.ledger.erasures:
                self._aborted.add(erasure_id)
                self._asked.set()
                with suppress(JournalError):  # then it is owed, and the caller is told of the fault that came first
                    await self._settle()
            raise
        return recorded

    async def settle(self, _lsn: int = 0) -> None:
        """Return once the ledger says of every erasure what is known of it. Raises JournalError where it cannot."""
        async with self._turn:
            await self._settle()

    async def _settle(self) -> None:
        for erasure_id in sorted(self._aborted):
            await asyncio.to_thread(self.ledger.given_up, erasure_id, time_ms=self._real_now_ms())
            self._aborted.discard(erasure_id)
        for erasure_id, counts in list(self._unrecorded.items()):
            await self._record_erased(erasure_id, counts)
            del self._unrecorded[erasure_id]

    async def _record_erased(self, erasure_id: str, counts: Mapping[str, int]) -> None:
        await self._durable()
        now_ms, lsn = self._real_now_ms(), self._last_lsn()
        await asyncio.to_thread(self.ledger.erased, erasure_id, time_ms=now_ms, lsn=lsn, counts=counts)
        if not self._is_in_files:
            await asyncio.to_thread(self.ledger.done, erasure_id, time_ms=now_ms, snapshot_lsn=0)

    # -- the files -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Have snapshots written as erasures ask for them, until cancelled."""
        while True:
            await self._asked.wait()
            if self.compact is None:
                await asyncio.sleep(NO_COMPACTOR_S)
                continue
            self._asked.clear()
            try:
                await self._finish(self.compact)
            except Exception as error:  # noqa: BLE001  (whatever it is, she is to be gone from the files)
                pending = len(self.ledger.unfinished()) + len(self._unrecorded)
                log.error("erasure_not_finished", error=text_of(error), pending=pending)
                asyncio.get_running_loop().call_later(RETRY_S, self._asked.set)

    async def _finish(self, compact: Compact) -> None:
        await self.settle()
        waiting, is_restored = self.ledger.unfinished(), self.ledger.needs_compaction
        if not waiting and not is_restored:
            return
        snapshot_lsn = await compact()
        await self._wipe()
        done = [item.erasure_id for item in waiting if snapshot_lsn >= item.lsn]
        async with self._turn:
            for erasure_id in [*done, *([""] if is_restored else [])]:
                now_ms = self._real_now_ms()
                await asyncio.to_thread(self.ledger.done, erasure_id, time_ms=now_ms, snapshot_lsn=snapshot_lsn)
        log.info("erasures_done", count=len(done), snapshot_lsn=snapshot_lsn)
        if len(done) < len(waiting):
            self._asked.set()
