"""A candidate policy tried beside the one in force, on live pings, from the same state; nothing stays of it (A4).

    before: rows of ≤ 32 persons, first ping of each ──► note their rows ──► decide by the candidate ──► put them back
    then the batch is decided as ever ──► after: compare try by try, count

Equal state is what makes the comparison honest, and short-sighted: what the candidate would have changed at an earlier
ping is not in it. Not tried are minimum notices (they change whose consent counts) and totals of campaigns in the
policy's own cap rules; the made-up population of bench/policy_run.py has both, and time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geooffer.engine.campaigns import compile_campaigns, is_standing
from geooffer.kernels.consent import admit_rows
from geooffer.model import tables
from geooffer.model.columns import Int32Array, Int64Array, Outcome, StructArray
from geooffer.model.limits import FENCE_OVERLAP_COUNT_MAX
from geooffer.model.policy_document import PolicyDocument
from geooffer.model.tables import CommerceTables, PeopleTables

if TYPE_CHECKING:
    from geooffer.engine.pipeline import Pipeline

PERSONS_PER_BATCH_COUNT_MAX = 32
FEW_PERSON_COUNT = 10
"""Numbers about fewer persons are not told."""
PERSON_COUNT_MAX = 100_000
"""So many affected persons are told apart; a slot each, in memory, until the trial ends."""
_ROOM = 4 * FENCE_OVERLAP_COUNT_MAX
Try = tuple[int, int]
"""(row, fence number)."""


class _Tried(NamedTuple):
    rows: list[int]
    outcome: Outcome


@dataclass(slots=True)
class Counts:
    """What was counted; persons by slot, as far as they have to be told apart."""

    pings: int = 0
    seen_pings: int = 0
    offers: int = 0
    candidate_offers: int = 0
    gained: int = 0
    lost: int = 0
    candidate_ns: int = 0
    shifts: Counter[tuple[int, int]] = field(default_factory=Counter)
    """(verdict by the policy in force, by the candidate) → tries; 0 = no try."""
    persons: dict[str | tuple[int, int], set[int]] = field(default_factory=dict)
    """Of each number, the persons behind it: all for 'affected', else as many as prove that they are not few."""

    def note(self, name: str | tuple[int, int], person_slot: int) -> None:
        """One person behind a number."""
        held = self.persons.setdefault(name, set())
        if len(held) < (PERSON_COUNT_MAX if name == "affected" else FEW_PERSON_COUNT):
            held.add(person_slot)

    def told(self, name: str | tuple[int, int], count: int) -> int:
        """The number, or −1 where it is about few persons and not about none."""
        return count if count == 0 or len(self.persons.get(name, ())) >= FEW_PERSON_COUNT else -1


class Shadow:
    """One candidate. Off until it is set as `Pipeline.shadow`."""

    def __init__(
        self,
        candidate: PolicyDocument,
        base_version: int,
        *,
        person_count_max: int = PERSONS_PER_BATCH_COUNT_MAX,
        now_ns: Callable[[], int] = lambda: 0,
    ) -> None:
        """`now_ns`: a clock that tells what the candidate costs."""
        self.candidate = candidate
        self.base_version = base_version
        self.counts = Counts()
        self._person_count_max = person_count_max
        self._now_ns = now_ns
        self._compiled: tuple[int, CommerceTables] | None = None

    def before(self, engine: Pipeline, pings: StructArray) -> _Tried | None:
        """Decide a sample by the candidate; the state is as it was when this returns."""
        self.counts.seen_pings += len(pings)
        if engine.live_generation != engine.saved_generation:
            return None  # half of a catalog has no campaigns to compile for
        started_ns = self._now_ns()
        rows = _first_rows(engine, pings, self._person_count_max)
        if not rows:
            return None
        outcome = self.decide(engine, pings[rows])
        self.counts.candidate_ns += self._now_ns() - started_ns
        self.counts.pings += len(rows)
        return _Tried(rows, outcome)

    def decide(self, engine: Pipeline, pings: StructArray) -> Outcome:
        """What the candidate makes of pings of different persons, by the state as it is; changes nothing of it."""
        held = engine.policy
        policy = self.candidate.numbers._replace(
            version=held.version, retry_count=held.retry_count, offers_stopped=held.offers_stopped
        )
        commerce = self._commerce(engine)
        noted = _Noted(engine, pings)
        verdicts = np.zeros(len(pings), dtype=np.uint8)
        try:
            parts = engine.decide_by(pings, verdicts, policy, commerce)
        finally:
            noted.put_back()
        joined = [
            np.concatenate([getattr(part, name) for part in parts]) for name in ("transitions", "tries", "winners")
        ]
        return Outcome(verdicts, *joined)

    def after(self, tried: _Tried | None, parts: Iterable[Outcome], offset: int) -> None:
        """Compare with what was decided; `offset`: of the rows in `parts`."""
        if tried is None:
            return
        place = {offset + row: index for index, row in enumerate(tried.rows)}
        before, won_before = _by_try(parts, place)
        after, won_after = _by_try([tried.outcome], {index: index for index in range(len(tried.rows))})
        self.compare(before, won_before, after, won_after)

    def compare(
        self,
        before: dict[Try, tuple[int, int]],
        won_before: set[Try],
        after: dict[Try, tuple[int, int]],
        won_after: set[Try],
    ) -> None:
        """Count; tries are (verdict, person slot) by (ping, fence)."""
        counts = self.counts
        counts.offers += len(won_before)
        counts.candidate_offers += len(won_after)
        counts.gained += len(won_after - won_before)
        counts.lost += len(won_before - won_after)
        for key in before.keys() | after.keys():
            (was, slot), (becomes, other) = before.get(key, (0, -1)), after.get(key, (0, -1))
            slot = max(slot, other)
            for name, is_behind in (
                ("offers", key in won_before),
                ("candidate_offers", key in won_after),
                ("gained", key in won_after and key not in won_before),
                ("lost", key in won_before and key not in won_after),
                ("affected", (key in won_before) != (key in won_after)),
            ):
                if is_behind:
                    counts.note(name, slot)
            if was != becomes:
                counts.shifts[was, becomes] += 1
                counts.note((was, becomes), slot)

    def _commerce(self, engine: Pipeline) -> CommerceTables:
        """The live catalog with the candidate's caps; its campaigns are compiled once a generation."""
        live = engine.snapshot.commerce
        if self._compiled is None or self._compiled[0] != engine.live_generation:
            cap_rules = self.candidate.cap_rules
            campaigns, rules = compile_campaigns(engine.registry, cap_rules, self.candidate.numbers)
            counts = np.array([sum(map(is_standing, cap_rules)), len(cap_rules)], dtype=np.int32)
            compiled = live._replace(campaigns=campaigns, cap_rules=rules, policy_cap_counts=counts)
            self._compiled = (engine.live_generation, compiled)
        held = self._compiled[1]
        return live._replace(
            campaigns=held.campaigns, cap_rules=held.cap_rules, policy_cap_counts=held.policy_cap_counts
        )


def _first_rows(engine: Pipeline, pings: StructArray, count_max: int) -> list[int]:
    """The first row of as many persons: what comes later of them depends on it."""
    people = engine.state.people
    owners = people.view.devices["person_slot"]
    seen: set[int] = set()
    rows = []
    for row, device_key in enumerate(pings["device_key"].tolist()):
        slot = people.device_slots.get(device_key)
        if slot is None or int(owners[slot]) in seen:
            continue
        seen.add(int(owners[slot]))
        rows.append(row)
        if len(rows) == count_max:
            break
    return rows


def _by_try(parts: Iterable[Outcome], place: dict[int, int]) -> tuple[dict[Try, tuple[int, int]], set[Try]]:
    """(verdict and person slot of each try, tries that were won) of the rows in `place`, under their new numbers."""
    tries: dict[Try, tuple[int, int]] = {}
    won: set[Try] = set()
    for part in parts:
        for item in part.tries:
            row = place.get(int(item["row"]))
            if row is not None:
                tries[row, int(item["fence_number"])] = int(item["verdict"]), int(item["person_slot"])
        for item in part.winners:
            row = place.get(int(item["row"]))
            if row is not None:
                won.add((row, int(item["fence_number"])))
    return tries, won


class _Noted:
    """All rows that deciding these pings may write, to be put back."""

    def __init__(self, engine: Pipeline, pings: StructArray) -> None:
        people = engine.state.people
        hit_count = _hit_count(engine, pings)
        people.make_room(_ROOM + hit_count, _ROOM + hit_count)  # so that nothing grows meanwhile
        view = self._view = people.view
        slots = [people.device_slots.get(key, -1) for key in pings["device_key"].tolist()]
        devices = np.array([slot for slot in slots if slot >= 0], dtype=np.int64)
        persons = np.unique(view.devices["person_slot"][devices])
        presences = _chains(view.presences, view.devices["presence_head"][devices])
        contacts = _chains(view.contacts, view.persons["contact_head"][persons])
        free_presences = _chain(view.presences, int(view.free[tables.PRESENCE_FREE_HEAD]), hit_count)
        free_contacts = _chain(view.contacts, int(view.free[tables.CONTACT_FREE_HEAD]), hit_count)
        self._rows = [
            (array, index, array[index].copy())
            for array, index in (
                (view.devices, devices),
                (view.persons, persons),
                (view.presences, np.concatenate([presences, free_presences])),
                (view.contacts, np.concatenate([contacts, free_contacts])),
            )
        ]
        self._free = view.free.copy()

    def put_back(self) -> None:
        """As if nothing had been decided."""
        for array, index, rows in self._rows:
            array[index] = rows
        self._view.free[:] = self._free


def _hit_count(engine: Pipeline, pings: StructArray) -> int:
    """Fences that cover the pings, of all together: no more visits and contacts than that can begin."""
    count = len(pings)
    verdicts, wanted = np.zeros(count, dtype=np.uint8), np.empty(count, dtype=np.uint8)
    device_slots = np.empty(count, dtype=np.int32)
    latitudes_e7, longitudes_e7 = np.zeros(count, dtype=np.int32), np.zeros(count, dtype=np.int32)
    view: PeopleTables = engine.state.people.view
    policy = engine.policy._replace(accuracy_max_cm=2**40)
    admit_rows(view, policy, pings, verdicts, device_slots, wanted, latitudes_e7, longitudes_e7)
    return engine.hit_count(latitudes_e7, longitudes_e7, wanted)


def _chains(rows: StructArray, heads: Int32Array) -> Int64Array:
    """All slots of several lists."""
    found: list[Int32Array] = []
    slots = heads[heads >= 0]
    while len(slots):
        found.append(slots)
        slots = rows["next"][slots]
        slots = slots[slots >= 0]
    return np.concatenate(found).astype(np.int64) if found else np.zeros(0, dtype=np.int64)


def _chain(rows: StructArray, head: int, count: int) -> Int64Array:
    """The first slots of one list."""
    found: list[int] = []
    while head >= 0 and len(found) < count:
        found.append(head)
        head = int(rows["next"][head])
    return np.array(found, dtype=np.int64)
