"""One seeded life of the engine: a virtual clock, a journal whose writer is held, crashes, and checkers at every step.

What happens is a list of actions, drawn up before it begins; each draws its own numbers from (seed, its place), so a
shorter list of the same actions does the same things: that is how a failure is made small. Not a test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sim_town as town
from held_threads import HeldThreads
from ledger import Ledger, Told, Violation
from lost_power import KeptInMemory, KeptOnDisk
from sim_effects import DECISION_KEY, Effects, name_of
from sim_requests import Request, Requests
from sim_service import OFFICER, ErasureFile, Service
from staged_journal import StagedJournal
from traces import nobody_gone_is_known, nothing_of

from geooffer.engine import apply as fold_module
from geooffer.engine import parts
from geooffer.engine.clock import EngineClock
from geooffer.engine.decisions import Decision
from geooffer.engine.engine import Engine
from geooffer.engine.state import State, digest
from geooffer.errors import JournalError, NotFoundError
from geooffer.journal import erasing
from geooffer.journal.commits import CommitStore, Position
from geooffer.journal.field_arrays import pack, unpack
from geooffer.journal.frames import decode_entries
from geooffer.model.columns import Outcome
from geooffer.model.keys import person_key
from geooffer.model.limits import PARTITION_COUNT
from geooffer.model.policy import DAY_MS
from geooffer.model.records import CATALOG_PARTITION, Entry
from geooffer.model.verdicts import PingVerdict, Purpose, TransitionKind
from geooffer.rpc.auth import bind_identity
from geooffer.rpc.durability import Durability

RETURN_MS = DAY_MS * 31
LOOP_STEP_COUNT = 8


@dataclass(frozen=True)
class Action:
    """One thing that happens; `place` draws its numbers."""

    place: int
    kind: str


class Simulated:
    """The service without its transport: engine, journal, durability; and everybody who uses it."""

    def __init__(self, seed: int, kept: KeptInMemory | KeptOnDisk, directory: Path) -> None:
        self.seed = seed
        self.ledger = Ledger()
        self.requests = Requests()
        self.kept = kept
        self.erasure_file = ErasureFile(directory)
        self.effects = Effects(self.ledger, self.erasure_file)
        self.threads = HeldThreads()
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

    @property
    def is_far_ahead(self) -> bool:
        """Its time is so wrong that no offer may be made by it."""
        return self.now_ms - self.real_now_ms > 300_000

    # -- start and crash -------------------------------------------------------------------------------------

    @property
    def store(self) -> CommitStore:
        """What is on the disk."""
        return self.kept.store

    def _start(self, state: State | None) -> None:
        self.journal = StagedJournal(self.store, self._appended)
        self._wall_at_start_ms = self.wall_error_ms
        self.engine = Engine(journal=self.journal, clock=EngineClock("system"), decision_key=DECISION_KEY, state=state)
        self.durability = Durability(self.journal)
        self.service = Service(
            self.engine,
            self.durability,
            self.erasure_file,
            self.threads,
            real_now_ms=lambda: self.real_now_ms,
            last_lsn=lambda: self.store.last.lsn,
        )
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
        self.erasure_file.crash(self.service.end(), random)
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
        self.effects.check_after_crash()
        self._compare(state)
        state = self._finish_erasures(state, random)
        self._compare(state)
        self._start(state)

    def _finish_erasures(self, state: State, random: np.random.Generator) -> State:
        """What a start does next (cli/held_journal.py); now and then the power goes once more meanwhile."""
        file, known = self.erasure_file, self.ledger.known
        begun = file.begun()
        if begun and random.random() < 0.5:
            size_bytes = file.size_bytes
            self.kept.fail_soon(random)
            with suppress(JournalError):
                erasing.finish_erasures(state, self.store, file.open(), now_ms=self.real_now_ms)
            self.kept.reopen()
            file.lose_from(size_bytes, random)
            state = self.recovered()
        erasing.finish_erasures(state, self.store, file.open(), now_ms=self.real_now_ms)
        cut_short = [names for erasure_id, names in begun.items() if erasure_id not in known.carried_out]
        for name in sorted(set().union(*cut_short)):
            if name in known.present:
                self.ledger.call(0, "erased", name)
        return state

    def recovered(self) -> State:
        """What a start makes of the store."""
        state = State()
        if self.snapshot:
            parts.put_parts(state, map(unpack, self.snapshot))
        for commit in self.store.read():
            fold_module.fold(state, decode_entries(commit.payload))
        return state

    async def write_snapshot(self) -> None:
        """What the compactor does: the state at the latest commit, part by part, and a journal that begins after it as
        soon as nobody needs what is before (services/compactions.py).
        """
        position, state, known = self.store.last, self.recovered(), self.ledger.known_at(self.journal.durable)
        snapshot = [pack(parts.take_part(state, partition)) for partition in parts.PARTITIONS]
        await self.service.erasures.settle()
        self.snapshot = snapshot
        self.store.truncate(position)
        self.service.snapshot_written(position.lsn)
        try:
            nothing_of(known, snapshot)
        except Violation as violation:
            self.found(violation)

    def _compare(self, state: State) -> None:
        """What was told and what was durable is in the recovered state."""
        known = self.ledger.known
        for told in self.ledger.told:
            is_hers = known.tag(told.name) == told.tag and self.true_ms - told.time_ms < RETURN_MS
            if is_hers and told.decision_key not in state.decisions:
                raise Violation("an offer was told that is not in the journal")
        for name in town.NAMES:
            if (person_key(name) in state.people.person_slots) != (name in self.ledger.durable_names()):
                raise Violation(f"{name} is or is not a customer after a start, and should not or should be")
        nothing_of(known, (pack(parts.take_part(state, partition)) for partition in parts.PARTITIONS))
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
        nobody_gone_is_known(self.ledger.known, self.engine)

    # -- the journal and what waits for it -------------------------------------------------------------------

    def write(self, append_count: int) -> None:
        """Let appends become durable as one commit, and wake who waits."""
        self.journal.write(append_count)
        self.durability.wake()

    async def settle(self) -> None:
        """Let the loop run what was woken, step after step of it. Raises Violation."""
        for _ in range(LOOP_STEP_COUNT):
            await asyncio.sleep(0)
        if self.violation is not None:
            raise self.violation

    def call(self, kind: str, *what: object) -> None:
        """A control call was made just now."""
        self.ledger.call(self.journal.appended, kind, *what)

    def names(self, name: str, call: Callable[[], object]) -> bool:
        """Make a call that names a person, or nobody: whoever is not a customer is not found, and everybody else is.

        Returns whether she was found.
        """
        is_known = name in self.ledger.known.present
        try:
            call()
        except NotFoundError as error:
            if is_known:
                raise Violation(f"{name} was not found") from error
            return False
        if not is_known:
            raise Violation(f"{name} was erased, and was found")
        return True

    def send(self, request: Request, *, is_lost: bool) -> None:
        """A caller sends a request; the answer comes when it comes."""
        self.trace.append(f"    {request.method} {request.name}" + (", its answer will be lost" if is_lost else ""))
        self.service.begin(self.requests.ask(self, request, is_lost=is_lost))

    def found(self, violation: Violation) -> None:
        """A violation in a task or callback, which the loop would only log."""
        self.violation = self.violation or violation

    def _appended(self, ticket: int, entries: Sequence[Entry]) -> None:
        """What the journal is given: effects of requests are counted there, and a person's end is where it stands."""
        try:
            for entry in entries:
                self.effects.seen(ticket, entry.record)
        except Violation as violation:
            self.found(violation)

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
            known, names = self.ledger.known, [name_of(decision.person_key) for decision in decisions]
            people = [(known.tag(name), known.names(name)) for name in names]

            def settled() -> None:
                try:
                    if engine is self.engine and durability.is_durable(ticket):
                        for decision, (tag, names) in zip(decisions, people, strict=True):
                            self._send(decision, tag, names)
                except Violation as violation:
                    self.found(violation)

            durability.when_settled(ticket, settled)

    def _send(self, decision: Decision, tag: str, names: frozenset[str]) -> None:
        if not self.engine.may_send(decision):
            self.engine.release(decision)
            return
        is_limited = decision.offer.campaign_id == town.BUDGET_CAMPAIGN
        told = Told(
            decision.decision_key,
            name_of(decision.person_key),
            decision.store.store_id,
            decision.offer.offer_id,
            decision.time_ms,
            is_limited,
            tag,
            names,
        )
        self.tell(told)

    def tell(self, told: Told) -> None:
        """An offer leaves."""
        self.offer_count += 1
        self.trace.append(f"    told {told.name} {told.offer_id} at {told.store_id}")
        self.ledger.tell(told)

    def heard(self, rows: Any, outcome: Outcome) -> None:
        """One verdict a ping; none accepted twice, and none of a device that is nobody's; transitions in order."""
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
            if verdict is PingVerdict.ACCEPTED and key[0] not in self.ledger.known.owners:
                raise Violation("a ping of nobody's was accepted")
        self.passages(outcome.transitions)

    def passages(self, transitions: Any) -> None:
        """Check transitions of a step or a sweep."""
        for item in transitions:
            visit = int(item["device_key"]), int(item["fence_number"])
            self.ledger.moved(visit, TransitionKind(int(item["kind"])).name)


Act = Callable[[Simulated, np.random.Generator], None]


async def live(
    seed: int, actions: Sequence[Action], acts: dict[str, Act], kept: KeptInMemory | KeptOnDisk, directory: Path
) -> tuple[Violation | None, Simulated]:
    """Do the actions; stops at the first violation and returns it."""
    bind_identity(OFFICER)
    simulated = Simulated(seed, kept, directory)
    asyncio.get_running_loop().set_default_executor(simulated.threads)
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
