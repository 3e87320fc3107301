"""The control services of one start of a simulated life, and the erasure ledger, which outlives the start. Not a test.

Everything is the service's own but time: threads, answers and snapshots wait for the simulation, and the catalog goes
live when it says so.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
from held_threads import HeldThreads, Job
from sim_town import NAMES

from geooffer.engine.engine import Engine
from geooffer.errors import GeoofferError
from geooffer.journal.erasures import KEY_SIZE_BYTES, LEDGER_NAME, ErasureLedger
from geooffer.model.keys import person_key
from geooffer.rpc.auth import ALL_DEVICE_KEYS, Identity
from geooffer.rpc.durability import Durability
from geooffer.rpc.roles import OPERATOR
from geooffer.services.campaign import CampaignService
from geooffer.services.control import Control
from geooffer.services.decision import DecisionService
from geooffer.services.erasures import Erasures
from geooffer.services.privacy import PrivacyService
from geooffer.services.store import StoreService

OFFICER = Identity(OPERATOR, "simulation", None, np.array(ALL_DEVICE_KEYS, dtype=np.int64), float("inf"))
_KEY = bytes(KEY_SIZE_BYTES)


class ErasureFile:
    """The ledger's file: what is in it is there after a crash, but for a line that was being written."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / LEDGER_NAME

    @property
    def size_bytes(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def open(self) -> ErasureLedger:
        return ErasureLedger(self.path, _KEY)

    def lose_from(self, size_bytes: int, random: np.random.Generator) -> None:
        """The power went while what lies behind `size_bytes` was written: nothing of it, some or all is there."""
        if self.size_bytes > size_bytes:
            kept_bytes = int(random.integers(size_bytes, self.size_bytes + 1))
            with self.path.open("r+b") as file:
                file.truncate(kept_bytes)

    def crash(self, doing: Job | None, random: np.random.Generator) -> None:
        """`doing`: what a thread was at."""
        if doing is not None:
            size_bytes = self.size_bytes
            doing()
            self.lose_from(size_bytes, random)

    def begun(self) -> dict[str, set[str]]:
        """Erasure → names, of those that the file says were begun, and not that they came to their end: read without
        the ledger.
        """
        ledger = self.open()  # for its hash; opening it drops a torn line, too
        by_hash = {ledger.name_of(person_key(name)): name for name in NAMES}
        found: dict[str, set[str]] = {}
        for line in self.path.read_text().splitlines() if self.path.exists() else ():
            said = json.loads(line.partition(" ")[2])
            if said["kind"] == "begun":
                found.setdefault(said["erasure_id"], set()).update(by_hash[name] for name in said["names"])
            elif said["kind"] in ("erased", "given_up"):
                found.pop(said["erasure_id"])
        return found


class _Unhurried:
    """services/publisher.py without its timer: the simulation publishes."""

    def changed(self) -> None:
        """Later."""


class Service:
    """From a start to a crash."""

    def __init__(
        self,
        engine: Engine,
        durability: Durability,
        file: ErasureFile,
        threads: HeldThreads,
        *,
        real_now_ms: Callable[[], int],
        last_lsn: Callable[[], int],
    ) -> None:
        self._threads, self._durability = threads, durability
        self._tasks: set[asyncio.Task[None]] = set()
        self._snapshot: asyncio.Future[int] | None = None
        erasures = Erasures(
            engine, real_now_ms=real_now_ms, ledger=file.open(), durable=durability.wait, last_lsn=last_lsn
        )
        erasures.compact = self._compact
        self.erasures = erasures
        control = Control(engine, real_now_ms=real_now_ms, durable=durability.wait, erasures=erasures)
        control.publisher = _Unhurried()  # type: ignore[assignment]
        self.methods: dict[str, Callable[[Any], Coroutine[Any, Any, Any]]] = {
            "Decide": lambda message: DecisionService(control).Decide(message, None),
            "CreateAudience": lambda message: CampaignService(control).CreateAudience(message, None),
            "PauseOffers": lambda message: StoreService(control).PauseOffers(message, None),
            "EraseSubject": lambda message: PrivacyService(control).EraseSubject(message, None),
        }
        self.begin(erasures.run())

    def begin(self, call: Coroutine[Any, Any, None]) -> None:
        """Something that ends with the process at the latest."""
        task = asyncio.get_running_loop().create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def answer(self, method: str, message: Any) -> Any:
        """As rpc/interceptors.py: no answer, be it an error, leaves before what it may tell of is durable."""
        try:
            answer = await self.methods[method](message)
        except GeoofferError:
            await self._durability.wait()
            raise
        if method != "Decide":  # which waits by itself, and looks at consent after the waiting
            await self._durability.wait()
        return answer

    async def _compact(self) -> int:
        self._snapshot = asyncio.get_running_loop().create_future()
        return await self._snapshot

    def snapshot_written(self, lsn: int) -> None:
        """Whoever waits for a snapshot has one."""
        if self._snapshot is not None and not self._snapshot.done():
            self._snapshot.set_result(lsn)

    def end(self) -> Job | None:
        """The process is gone; returns what a thread of it was doing."""
        for task in (*self._tasks, *self.erasures._running):
            task.cancel()
        return self._threads.drop()
