"""A candidate policy tried beside the one in force, on live pings, from the same state; nothing stays of it (A4).

    before: rows of ≤ 32 persons, first ping of each ──► note their rows ──► decide by the candidate ──► put them back
    then the batch is decided as ever ──► after: compare try by try, count

Equal state is what makes the comparison honest, and short-sighted: what the candidate would have changed at an earlier
ping is not in it; the made-up population of bench/policy_run.py has that. Nobody's data is used that may not be used by
what is in force: a candidate by whose notices more consents would count is refused (services/policies.py), and a trial
only ever closes bits of the consent word. Retention is tried nowhere: it is swept, not decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geooffer.engine.campaigns import with_policy
from geooffer.engine.consent_ledger import accepts
from geooffer.engine.shadow_counts import Counts, Try
from geooffer.engine.totals import total_rules
from geooffer.kernels.consent import admit_rows
from geooffer.model import tables
from geooffer.model.catalog import Campaign
from geooffer.model.columns import Int32Array, Int64Array, Outcome, StructArray
from geooffer.model.kinds import CapScope
from geooffer.model.limits import FENCE_OVERLAP_COUNT_MAX
from geooffer.model.policy_document import PolicyDocument
from geooffer.model.tables import CommerceTables, PeopleTables

if TYPE_CHECKING:
    from geooffer.engine.pipeline import Pipeline

PERSONS_PER_BATCH_COUNT_MAX = 32
_ROOM = 4 * FENCE_OVERLAP_COUNT_MAX


class _Tried(NamedTuple):
    rows: list[int]
    outcome: Outcome


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
        """`now_ns`: a clock that tells what deciding by each of the two costs."""
        self.candidate = candidate
        self.base_version = base_version
        self.counts = Counts()
        self._person_count_max = person_count_max
        self._now_ns = now_ns
        self._base_started_ns = 0
        self._compiled: tuple[CommerceTables, CommerceTables] | None = None
        """(live catalog, the same with the candidate's caps)."""

    def before(self, engine: Pipeline, pings: StructArray) -> _Tried | None:
        """Decide a sample by the candidate; the state is as it was when this returns."""
        self.counts.seen_pings += len(pings)
        rows = _first_rows(engine, pings, self._person_count_max)
        tried = _Tried(rows, self.decide(engine, pings[rows])) if rows else None
        self.counts.pings += len(rows)
        self._base_started_ns = self._now_ns()
        return tried

    def decide(self, engine: Pipeline, pings: StructArray) -> Outcome:
        """What the candidate makes of pings of different persons, by the state as it is; changes nothing of it."""
        with engine.lock:
            return self._decide(engine, pings)

    def _decide(self, engine: Pipeline, pings: StructArray) -> Outcome:
        held = engine.policy
        policy = self.candidate.numbers._replace(
            version=held.version, retry_count=held.retry_count, offers_stopped=held.offers_stopped
        )
        commerce = self._commerce(engine.snapshot.commerce)
        noted = _Noted(engine, pings)
        verdicts = np.zeros(len(pings), dtype=np.uint8)
        try:
            self._close_consents(engine, noted.persons)
            self._set_totals(engine, int(pings["now_ms"][0]))
            started_ns = self._now_ns()
            parts = engine.decide_by(pings, verdicts, policy, commerce)
            self.counts.candidate_ns += self._now_ns() - started_ns
        finally:
            noted.put_back()
        joined = [
            np.concatenate([getattr(part, name) for part in parts]) for name in ("transitions", "tries", "winners")
        ]
        return Outcome(verdicts, *joined)

    def after(self, tried: _Tried | None, parts: Iterable[Outcome], offset: int) -> None:
        """Compare with what was decided since `before`; `offset`: of the rows in `parts`."""
        self.counts.base_ns += self._now_ns() - self._base_started_ns
        if tried is None:
            return
        place = {offset + row: index for index, row in enumerate(tried.rows)}
        before, won_before = _by_try(parts, place)
        after, won_after = _by_try([tried.outcome], {index: index for index in range(len(tried.rows))})
        self.counts.compare(before, won_before, after, won_after)

    def _commerce(self, live: CommerceTables) -> CommerceTables:
        """The live catalog with the candidate's caps and control group; compiled once for each."""
        if self._compiled is None or self._compiled[0] is not live:
            self._compiled = live, with_policy(live, self.candidate.cap_rules, self.candidate.numbers)
        return self._compiled[1]

    def _close_consents(self, engine: Pipeline, person_slots: Int64Array) -> None:
        """Take what the candidate's minimum notices do not accept out of the words of these persons."""
        if not self.candidate.minimum_notices:
            return
        accepted = engine.notices_accepted_by(dict(self.candidate.minimum_notices))
        persons = engine.state.people.view.persons
        for slot in person_slots.tolist():
            ledger = engine.state.consents.get(int(persons["person_key"][slot]), {})
            for purpose in accepted:
                held = ledger.get(purpose)
                if held is not None and not accepts(accepted, purpose, held):
                    persons["consent_bits"][slot] &= ~purpose.bit

    def _set_totals(self, engine: Pipeline, now_ms: int) -> None:
        """What the candidate's caps leave of each campaign's total, where it or the policy in force has any."""
        rules = self.candidate.cap_rules
        if not any(rule.scope is CapScope.CAMPAIGN_TOTAL for rule in (*rules, *engine.cap_rules)):
            return
        remaining = engine.state.live.view.campaign_remaining
        for campaign_id, campaign in engine.registry.campaigns.items():
            number = engine.registry.number(Campaign, campaign_id)
            if number < len(remaining):
                totals = total_rules(campaign, rules)
                remaining[number] = engine.state.totals.remaining(number, campaign, totals, now_ms)


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
    """(verdict and person slot of each try, tries that made an offer) of the rows in `place`, under their new numbers.
    Who is held out is made none.
    """
    tries: dict[Try, tuple[int, int]] = {}
    won: set[Try] = set()
    for part in parts:
        for item in part.tries:
            row = place.get(int(item["row"]))
            if row is not None:
                tries[row, int(item["fence_number"])] = int(item["verdict"]), int(item["person_slot"])
        for item in part.winners:
            row = place.get(int(item["row"]))
            if row is not None and not item["is_shadow"]:
                won.add((row, int(item["fence_number"])))
    return tries, won


class _Noted:
    """All rows that deciding these pings may write, to be put back."""

    def __init__(self, engine: Pipeline, pings: StructArray) -> None:
        people = engine.state.people
        hit_count = _hit_count(engine, pings) + len(pings)  # and a row for each fix that is not believed
        people.make_room(_ROOM + hit_count, _ROOM + hit_count)  # so that nothing grows meanwhile
        view = self._view = people.view
        slots = [people.device_slots.get(key, -1) for key in pings["device_key"].tolist()]
        devices = np.array([slot for slot in slots if slot >= 0], dtype=np.int64)
        persons = self.persons = np.unique(view.devices["person_slot"][devices]).astype(np.int64)
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
        self._remaining = engine.state.live.view.campaign_remaining
        self._held_remaining = self._remaining.copy()

    def put_back(self) -> None:
        """As if nothing had been decided."""
        for array, index, rows in self._rows:
            array[index] = rows
        self._view.free[:] = self._free
        self._remaining[:] = self._held_remaining


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
