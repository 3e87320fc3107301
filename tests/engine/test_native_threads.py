"""Two native threads decide while the loop's thread changes everything: nothing is lost, or linked twice."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from time import monotonic

import numpy as np
import pytest
from native_caller import NativeCaller
from native_twins import Twins
from random_events import something_happens

from geooffer.engine.apply import fold
from geooffer.engine.decisions import Decision
from geooffer.engine.engine import Engine
from geooffer.engine.join import Join
from geooffer.engine.parts import PARTITIONS
from geooffer.engine.state import State, digest
from geooffer.errors import GeoofferError
from geooffer.model import context as c
from geooffer.model.columns import Int64Array, Outcome, StructArray
from geooffer.model.tables import (
    CONTACT_FREE_COUNT,
    CONTACT_FREE_HEAD,
    PRESENCE_FREE_COUNT,
    PRESENCE_FREE_HEAD,
)

Left = tuple[StructArray, Int64Array, int]
Won = tuple[Outcome, int]


class Worker(threading.Thread):
    """Decides batches under the lock, hands over winners and what it cannot decide, and waits for that."""

    def __init__(
        self, caller: NativeCaller, lock: threading.Lock, batches: list[tuple[StructArray, Int64Array]]
    ) -> None:
        super().__init__(daemon=True)
        self.caller, self.lock, self.batches = caller, lock, batches
        self.won: deque[Won] = deque()
        self.left: deque[Left] = deque()
        self.settled = threading.Event()
        self.stop = threading.Event()
        self.decided = 0

    def run(self) -> None:
        """What is raised here fails the test: pytest tells of threads."""
        turn = 0
        while not self.stop.is_set():
            pings, ages = (part.copy() for part in self.batches[turn % len(self.batches)])
            turn += 1
            self._decide(pings, ages, turn)

    def _decide(self, pings: StructArray, ages: Int64Array, turn: int) -> None:
        real_now_ms = int(self.caller.engine.clock.cells[c.CLOCK_NOW_MS]) + turn % 3
        start = 0
        while start < len(pings) and not self.stop.is_set():
            with self.lock:
                done, outcome = self.caller.decide(pings[start:], ages[start:], real_now_ms)
                number = self.caller.context_number
            assert done >= 0
            self.caller.check()
            self.decided += done
            if len(outcome.winners):
                self.won.append((outcome, number))
            if done == 0:
                end = min(start + 8, len(pings))
                self.settled.clear()
                self.left.append((pings[start:end], ages[start:end], real_now_ms))
                while not self.settled.wait(0.1) and not self.stop.is_set():
                    pass
                done = end - start
            start += done


def check_lists(engine: Engine) -> None:
    """Every slot of visits and of contacts is in exactly one list, or free."""
    view = engine.state.people.view
    for rows, heads, free_head, free_count in (
        (view.presences, view.devices["presence_head"], PRESENCE_FREE_HEAD, PRESENCE_FREE_COUNT),
        (view.contacts, view.persons["contact_head"], CONTACT_FREE_HEAD, CONTACT_FREE_COUNT),
    ):
        keys = view.devices["device_key"] if rows is view.presences else view.persons["person_key"]
        seen = np.zeros(len(rows), np.int64)
        free = 0
        for slot in [*heads[keys != 0].tolist(), int(view.free[free_head])]:
            is_free = slot == int(view.free[free_head])
            while slot >= 0:
                seen[slot] += 1
                free += is_free
                slot = int(rows["next"][slot])
        assert (seen == 1).all()
        assert free == view.free[free_count]


def run(seed: int, seconds: float) -> tuple[int, int]:
    """(rows decided natively, offers)."""
    twins = Twins(seed, "system")
    market, engine = twins.native, twins.native.engine
    twins.caller.join.close()
    lock = threading.Lock()
    join = Join(engine, acquire=lock.acquire, release=lock.release)
    join.keep_ahead(twins.now_ms)
    workers = [Worker(NativeCaller(engine, join), lock, [twins.rows(200) for _ in range(20)]) for _ in range(2)]
    for worker in workers:
        worker.start()
    rng, decisions, offers = np.random.default_rng(seed), list[Decision](), 0
    end_s = monotonic() + seconds
    while monotonic() < end_s:
        now_ms = engine.clock.now_ms(int(engine.clock.cells[c.CLOCK_NOW_MS]) + int(rng.integers(0, 60_000)))
        with suppress(GeoofferError):
            something_happens(rng, market, decisions, now_ms)
        engine.publish()
        engine.advance(now_ms)
        join.keep_ahead(now_ms)
        for worker in workers:
            while worker.won:
                outcome, number = worker.won.popleft()
                decided = join.commit(outcome, number)
                decisions += decided
                offers += len(decided)
            while worker.left:
                outcome = join.decide(*worker.left.popleft())
                join.commit(outcome, join.context_number)
                worker.settled.set()
    for worker in workers:
        worker.stop.set()
        worker.join(30)
        assert not worker.is_alive()
        for outcome, number in worker.won:
            join.commit(outcome, number)
    join.close()
    check_lists(engine)
    again = fold(State(), engine.journal.read())
    assert [digest(again, each) for each in PARTITIONS] == [digest(engine.state, each) for each in PARTITIONS]
    decided = sum(worker.decided for worker in workers)
    assert sum(engine.statistics.ping_verdicts.values()) >= decided, "each row was counted"
    return decided, offers


def test_two_workers_beside_a_loop_that_changes_everything() -> None:
    decided, _ = run(1, 1.5)
    assert decided > 1_000


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(2, 8))
def test_two_workers_for_a_while(seed: int) -> None:
    decided, _ = run(seed, 20)
    assert decided > 10_000
