"""One seeded life of the engine: a virtual clock, a journal whose writer is held, crashes, and checkers at every step.

What happens is a list of actions, drawn up before it begins; each draws its own numbers from (seed, its place), so a
shorter list of the same actions does the same things: that is how a failure is made small. Not a test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import sim_town as town
from ledger import Ledger, Told, Violation
from lost_power import KeptInMemory, KeptOnDisk
from staged_journal import StagedJournal

from geooffer.engine import apply as fold_module
from geooffer.engine import parts
from geooffer.engine.clock import EngineClock
from geooffer.engine.decisions import Decision
from geooffer.engine.engine import Engine
from geooffer.engine.state import State, digest
from geooffer.errors import JournalError
from geooffer.journal.commits import CommitStore, Position
from geooffer.journal.field_arrays import pack, unpack
from geooffer.journal.frames import decode_entries
from geooffer.model.columns import Outcome
from geooffer.model.keys import person_key
from geooffer.model.limits import PARTITION_COUNT
from geooffer.model.policy import DAY_MS
from geooffer.model.records import CATALOG_PARTITION
from geooffer.model.verdicts import PingVerdict, Purpose, TransitionKind
from geooffer.rpc.durability import Durability

RETURN_MS = DAY_MS * 31


@dataclass(frozen=True)
class Action:
    """One thing that happens; `place` draws its numbers."""

    place: int
    kind: str


class Simulated:
    """The service without its transport: engine, journal, durability; and everybody who uses it."""

    def __init__(self, seed: int, kept: KeptInMemory | KeptOnDisk) -> None:
        self.seed = seed
        self.ledger = Ledger()
        self.kept = kept
        self.snapshot: list[bytes] = []
        """Its parts as they lie in files; the journal goes on after it."""
        self.true_ms = town.START_MS
        self.wall_error_ms = 0
        self.latest_now_ms = 0
        self.last_position = Position()
        """At the end of a life."""
        self.trace: list[str] = []
        self.violation: Violation | None = None
        """Found in a callback of the loop."""
        self.offer_count = self.crash_count = self.ping_count = 0
        self._wall_at_start_ms = 0
        self._start(None)
        self._build()

    # -- time ------------------------------------------------------------------------------------------------

    @property
    def real_now_ms(self) -> int:
        """As the rim reads it: the wall once at the start, then monotonic (cli/assembly.py)."""
        return self.true_ms + self._wall_at_start_ms

    @property
    def now_ms(self) -> int:
        """The engine's; it never goes back, not over a crash either (T0)."""
        now_ms = self.engine.clock.now_ms(self.real_now_ms)
        if self.ledger.told and now_ms < max(told.time_ms for told in self.ledger.told):
            raise Violation("now lies before an offer that was told")
        return now_ms

    # -- start and crash -------------------------------------------------------------------------------------

    @property
    def store(self) -> CommitStore:
        """What is on the disk."""
        return self.kept.store

    def _start(self, state: State | None) -> None:
        self.journal = StagedJournal(self.store)
        self._wall_at_start_ms = self.wall_error_ms
        self.engine = Engine(journal=self.journal, clock=EngineClock("system"), decision_key=b"simulation", state=state)
        self.durability = Durability(self.journal)
        self.sequences: dict[int, int] = {}
        self.accepted: set[tuple[int, int, int]] = set()
        self.ledger.begin()
        self.engine.publish()

    def _build(self) -> None:
        engine, before_ms = self.engine, town.START_MS - 90 * DAY_MS
        engine.put_nouns(town.nouns(), now_ms=before_ms)
        engine.put_prices(town.prices(), now_ms=before_ms)
        engine.report_stock(town.stock())
        for figure in town.stock():
            self.ledger.call(0, "stock", figure.store_id, figure.product_id, figure.available_count, figure.as_of_ms)
        engine.upsert_customers(town.customers())
        engine.publish()
        self.write(1_000)

    def crash(self, random: np.random.Generator) -> None:
        """The power goes; some of what was being written may have reached the disk. Then everything is compared."""
        durable, lsn = self.journal.durable, self.store.last.lsn
        self.kept.fail_soon(random)
        with suppress(JournalError):
            self.journal.write_untold(int(random.integers(0, 3)))
        self.crash_count += 1
        try:
            if self.kept.reopen().last.lsn > lsn:
                durable = self.journal.in_flight
            state = self.recovered()
        except JournalError as error:
            raise Violation(f"the journal does not recover: {error}") from error
        self.ledger.crash(durable)
        self._compare(state)
        self._start(state)

    def recovered(self) -> State:
        """What a start makes of the store."""
        state = State()
        if self.snapshot:
            parts.put_parts(state, map(unpack, self.snapshot))
        for commit in self.store.read():
            fold_module.fold(state, decode_entries(commit.payload))
        return state

    def write_snapshot(self) -> None:
        """What the compactor does: the state at the latest commit, part by part, and a journal that begins after it."""
        state = self.recovered()
        self.snapshot = [pack(parts.take_part(state, partition)) for partition in parts.PARTITIONS]
        self.store.truncate(self.store.last)

    def _compare(self, state: State) -> None:
        """What was told and what was durable is in the recovered state."""
        for told in self.ledger.told:
            if told.decision_key not in state.decisions and self.true_ms - told.time_ms < RETURN_MS:
                raise Violation("an offer was told that is not in the journal")
        known = self.ledger.known
        for name in self.ledger.durable_names():
            held = state.consents.get(person_key(name), {}).get(Purpose.PRECISE_LOCATION_FOR_OFFERS)
            if (None if held is None else (held.time_ms, held.granted)) != known.consents.get(name):
                raise Violation(f"the consent of {name} is not what was said last")

    def compare_digests(self) -> None:
        """With nothing in flight: a recovered state is the live one, partition by partition."""
        self.write(1_000)
        try:
            state = self.recovered()
        except JournalError as error:
            raise Violation(f"the journal does not recover: {error}") from error
        for partition in (CATALOG_PARTITION, *range(PARTITION_COUNT)):
            if digest(state, partition) != digest(self.engine.state, partition):
                raise Violation(f"partition {partition} was recovered as something else")

    # -- the journal and what waits for it -------------------------------------------------------------------

    def write(self, append_count: int) -> None:
        """Let appends become durable as one commit, and wake who waits."""
        self.journal.write(append_count)
        self.durability.wake()

    async def settle(self) -> None:
        """Let the loop run what was woken. Raises Violation."""
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if self.violation is not None:
            raise self.violation

    def call(self, kind: str, *what: object) -> None:
        """A control call was made just now."""
        self.ledger.call(self.journal.appended, kind, *what)

    def decide(self, outcome: Outcome) -> None:
        """Step 8 and what the data plane does with it: offers leave once durable, through the send gate."""
        decisions = self.engine.commit(outcome)
        self.take(decisions)

    def take(self, decisions: Sequence[Decision]) -> None:
        """Hold offers back until they are durable (dataplane/gatherer.py)."""
        for decision in decisions:
            is_counted = decision.product.product_id in town.COUNTED
            self.ledger.decided(
                decision.supply_store.store_id, decision.product.product_id, decision.time_ms, is_counted=is_counted
            )
        if decisions:
            ticket, durability, engine = self.journal.appended, self.durability, self.engine
            known = [self.ledger.known.names(_name(decision)) for decision in decisions]

            def settled() -> None:
                try:
                    if engine is self.engine and durability.is_durable(ticket):
                        for decision, names in zip(decisions, known, strict=True):
                            self._tell(decision, names)
                except Violation as violation:  # the loop would only log it
                    self.violation = self.violation or violation

            durability.when_settled(ticket, settled)

    def _tell(self, decision: Decision, names: frozenset[str]) -> None:
        if not self.engine.may_send(decision):
            self.engine.release(decision)
            return
        self.offer_count += 1
        is_limited = decision.offer.campaign_id == town.BUDGET_CAMPAIGN
        told = Told(
            decision.decision_key,
            _name(decision),
            decision.store.store_id,
            decision.offer.offer_id,
            decision.time_ms,
            is_limited,
            names,
        )
        self.trace.append(f"    told {told.name} {told.offer_id} at {told.store_id}")
        self.ledger.tell(told)

    def heard(self, rows: Any, outcome: Outcome, again: set[int]) -> None:
        """One verdict a ping; none accepted twice; transitions in order."""
        self.ping_count += len(rows)
        if len(outcome.verdicts) != len(rows):
            raise Violation("not one verdict a ping")
        for index, value in enumerate(outcome.verdicts.tolist()):
            verdict = PingVerdict(value)
            key = tuple(int(rows[field][index]) for field in ("device_key", "session_id", "sequence"))
            if verdict is PingVerdict.ACCEPTED and key in self.accepted:
                raise Violation("a ping was accepted twice")
            if verdict is PingVerdict.ACCEPTED:
                self.accepted.add(key)  # type: ignore[arg-type]
            if index in again and verdict is PingVerdict.ACCEPTED and key[0] == town.NOBODYS_DEVICE:
                raise Violation("a ping of nobody's was accepted")
        self.passages(outcome.transitions)

    def passages(self, transitions: Any) -> None:
        """Check transitions of a step or a sweep."""
        for item in transitions:
            visit = int(item["device_key"]), int(item["fence_number"])
            self.ledger.moved(visit, TransitionKind(int(item["kind"])).name)


def _name(decision: Decision) -> str:
    """The name that her key was made of."""
    return next(name for name in town.NAMES if person_key(name) == decision.person_key)


Act = Callable[[Simulated, np.random.Generator], None]


async def live(
    seed: int, actions: Sequence[Action], acts: dict[str, Act], kept: KeptInMemory | KeptOnDisk
) -> tuple[Violation | None, Simulated]:
    """Do the actions; stops at the first violation and returns it."""
    simulated = Simulated(seed, kept)
    try:
        for action in actions:
            simulated.trace.append(f"{action.place:>4} {action.kind}")
            acts[action.kind](simulated, np.random.default_rng([seed, action.place]))
            await simulated.settle()
        simulated.compare_digests()
        await simulated.settle()
        simulated.crash(np.random.default_rng([seed, len(actions)]))
        simulated.last_position = simulated.store.last
    except Violation as violation:
        return violation, simulated
    return None, simulated
