"""The spine: the life of a batch of pings, in numbered steps (docs/ARCHITECTURE.md tells it in words).

    1  consent     kernels/consent.py    who is it, may her location be used, is the row well-formed and accurate
    2  locate      kernels/exclusion.py  does it touch an exclusion zone? then the row is forgotten
                   kernels/locate.py     which fences cover the fix
    3  validate    kernels/matcher.py    duplicate, future, stale; jumps.py: too far to be believed
    4  transition  kernels/presence.py   evidence → exit, enter, dwell
    5  match       kernels/attempt.py    is it a moment for a try; then consider.py: category by category, best first;
                                         match.py, supply.py: each offer × audience × size × stock × price
    6  cap         kernels/caps.py       no repeat, cooldown, frequency caps
    7  rank        kernels/rank.py       score, total order, one winner; it alone consumes caps; control_group.py
    8  commit      here                  late winners are revoked, the others journaled and told

Steps 1–2 run over the whole batch, 3–7 row by row inside one compiled call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from geooffer.engine.apply import keep_decision
from geooffer.engine.consent_clock import ConsentClock
from geooffer.engine.core import Snapshot
from geooffer.engine.decisions import Decision, record_of
from geooffer.engine.exclusion import exclude
from geooffer.engine.pending import DecidedBy, is_pending, same_nouns
from geooffer.engine.recent_tries import RecentTries
from geooffer.engine.state import decision_key
from geooffer.kernels.consent import LOCATION_BIT, admit_rows
from geooffer.kernels.locate import locate_batch
from geooffer.kernels.matcher import decide_rows, sweep_presence
from geooffer.kernels.rows import COUNTS_LENGTH, SCRATCH_LENGTH, TRANSITION_COUNT, TRY_COUNT, WINNER_COUNT, OutcomeRows
from geooffer.model import columns
from geooffer.model.catalog import Campaign, Category, Product
from geooffer.model.columns import Int32Array, Outcome, StructArray, UInt8Array
from geooffer.model.kinds import AccountKind, Channel, Fulfilment
from geooffer.model.limits import FENCE_OVERLAP_COUNT_MAX
from geooffer.model.policy import Policy
from geooffer.model.records import DecisionReleased
from geooffer.model.tables import NEVER_MS, NO_LIMIT, CommerceTables
from geooffer.model.verdicts import OfferVerdict, TouchpointKind

if TYPE_CHECKING:
    from geooffer.engine.shadow import Shadow

_ROOM = 4 * FENCE_OVERLAP_COUNT_MAX
SWEPT_PER_SECTION_COUNT = 16_384
"""So many devices are looked at in one section of the lock: a tenth of a millisecond."""


def _outcome_rows(length: int) -> OutcomeRows:
    return OutcomeRows(
        np.zeros(length, dtype=columns.TRANSITION),
        np.zeros(length, dtype=columns.TRY),
        np.zeros(length, dtype=columns.WINNER),
        np.zeros(COUNTS_LENGTH, dtype=np.int64),
        np.zeros(SCRATCH_LENGTH, dtype=np.int64),
    )


class Pipeline(ConsentClock):
    """Pings in, outcomes and decisions out."""

    _rows: OutcomeRows | None = None
    _hits: Int32Array | None = None
    _recent_tries: RecentTries | None = None
    _shadow: Shadow | None = None
    gate_version = 0
    """The newest tightening that came into force: what was decided by an older policy does not leave any more."""

    @property
    def shadow(self) -> Shadow | None:
        """A candidate policy that is tried on what is decided; changes nothing (engine/shadow.py)."""
        return self._shadow

    @shadow.setter
    def shadow(self, shadow: Shadow | None) -> None:
        with self.lock:
            self._shadow = shadow

    @property
    def recent_tries(self) -> RecentTries:
        """The last tries of each person, in memory only (semantics D8)."""
        if self._recent_tries is None:
            self._recent_tries = RecentTries()
        return self._recent_tries

    def step(self, pings: StructArray) -> Outcome:
        """Decide n PING rows in the order given; `clock.stamp` has set their times. Winners' caps are consumed.

        The outcome's rows refer to `pings` by index. Results do not depend on how rows are cut into batches.
        """
        verdicts = np.zeros(len(pings), dtype=np.uint8)
        parts: list[Outcome] = []
        if len(pings) and pings["now_ms"][-1] >= self.snapshot.hours_until_ms:
            self.publish()  # not in the middle of the batch: `commit` tells all winners by one catalog
        if self._spent_campaigns and len(pings):
            self._refresh_totals(self._spent_campaigns, int(pings["now_ms"][0]))
        start = 0
        while start < len(pings):
            self.lapse_of_devices(pings["device_key"][start:], int(pings["now_ms"][start]))
            end = self._part_end(pings, start)
            with self.lock:
                parts.extend(self._step_part(pings[start:end], verdicts[start:end], start))
                self._decided_ms = max(self._decided_ms, int(pings["now_ms"][end - 1]))
            start = end
        outcome = _joined(verdicts, parts)
        self.statistics.count(outcome)
        return outcome

    def _part_end(self, pings: StructArray, start: int) -> int:
        """Rows from `start` up to this one share opening hours, and nobody's consent expires between them (`now` never
        decreases)."""
        self.cover_hours(int(pings["now_ms"][start]))
        end_ms = min(self.snapshot.hours_until_ms, self.state.consent_wheel.next_ms)
        until = np.searchsorted(pings["now_ms"][start:], end_ms, side="left")
        return start + max(int(until), 1)

    def _step_part(self, pings: StructArray, verdicts: UInt8Array, offset: int) -> list[Outcome]:
        if self.shadow is None:
            return self._decide(pings, verdicts, offset, self.policy, self.snapshot.commerce)
        tried = self.shadow.before(self, pings)
        parts = self._decide(pings, verdicts, offset, self.policy, self.snapshot.commerce)
        self.shadow.after(tried, parts, offset)
        return parts

    def _decide(
        self, pings: StructArray, verdicts: UInt8Array, offset: int, policy: Policy, commerce: CommerceTables
    ) -> list[Outcome]:
        count = len(pings)
        device_slots = np.empty(count, dtype=np.int32)
        wanted = np.empty(count, dtype=np.uint8)
        latitudes_e7 = np.zeros(count, dtype=np.int32)
        longitudes_e7 = np.zeros(count, dtype=np.int32)
        people = self.state.people
        admit_rows(people.view, policy, pings, verdicts, device_slots, wanted, latitudes_e7, longitudes_e7)
        exclude(self.exclusion, policy, pings, verdicts, wanted, use_cells=self.index_kind == "cells")
        hit_starts = np.zeros(count + 1, dtype=np.int32)
        hits = self._locate(self.snapshot, latitudes_e7, longitudes_e7, wanted, hit_starts)
        parts = []
        row = 0
        while True:
            rows = self._emptied_rows()
            people.make_room(_ROOM, _ROOM)
            done = decide_rows(
                people.view,
                self.snapshot.fences,
                self.state.live.view,
                commerce,
                policy,
                pings,
                verdicts,
                device_slots,
                hit_starts,
                hits,
                row,
                rows,
            )
            parts.append(_taken(rows, verdicts, offset))
            if done == count:
                return parts
            if done == row:  # one row alone wants more room than there is: double it
                self._rows = _outcome_rows(2 * len(rows.transitions))
                people.make_room(2 * len(rows.transitions), 2 * len(rows.transitions))
            row = done

    def decide_by(
        self, pings: StructArray, verdicts: UInt8Array, policy: Policy, commerce: CommerceTables
    ) -> list[Outcome]:
        """What another policy makes of these pings; whoever calls it puts back what it changes (engine/shadow.py)."""
        return self._decide(pings, verdicts, 0, policy, commerce)

    def hit_count(self, latitudes_e7: Int32Array, longitudes_e7: Int32Array, wanted: UInt8Array) -> int:
        """How many fences cover these positions, of all together."""
        hit_starts = np.zeros(len(wanted) + 1, dtype=np.int32)
        self._locate(self.snapshot, latitudes_e7, longitudes_e7, wanted, hit_starts)
        return int(hit_starts[-1])

    def _emptied_rows(self) -> OutcomeRows:
        """The one buffer that kernels write outcomes to; what they wrote is copied before the next call."""
        rows = self._rows = self._rows or _outcome_rows(_ROOM)
        rows.counts[:] = 0
        return rows

    def _locate(
        self,
        snapshot: Snapshot,
        latitudes_e7: Int32Array,
        longitudes_e7: Int32Array,
        wanted: UInt8Array,
        hit_starts: Int32Array,
    ) -> Int32Array:
        """Step 2 by the chosen index; grows the buffer of hits until they fit."""
        hits = self._hits if self._hits is not None else np.empty(4096, dtype=np.int32)
        while True:
            if self.index_kind == "rtree":
                done = self.index.locate(snapshot.fences, latitudes_e7, longitudes_e7, wanted, hit_starts, hits)
            else:
                cells = 1 if self.index_kind == "cells" else 0
                done = locate_batch(snapshot.fences, latitudes_e7, longitudes_e7, wanted, hit_starts, hits, cells)
            self._hits = hits
            if done == len(latitudes_e7):
                return hits
            hits = np.empty(2 * len(hits), dtype=np.int32)

    def _asked_outcome(self, rows: OutcomeRows) -> Outcome:
        """What an `ask_store` wrote: no ping, so no verdict and no transition."""
        taken = _taken(rows, np.zeros(0, dtype=np.uint8), 0)
        return Outcome(taken.verdicts, taken.transitions, taken.tries, taken.winners)

    # -- step 8 ----------------------------------------------------------------------------------------------

    def commit(
        self, outcome: Outcome, *, late_rows: Collection[int] = (), by: DecidedBy | None = None
    ) -> list[Decision]:
        """Make the winners of a step durable; returns what may now be sent (nothing of a person held out).

        late_rows: rows whose decision budget is over. Their caps come back and their try becomes TOO_LATE; that of a
        winner whose campaign has nothing left becomes BUDGET_SPENT (semantics D10: judged here, one after the other).
        by: what they were decided by, where that was some time ago; None: by what is in force, just now. What does not
        hold any more since (pending.py) becomes TOO_LATE, too: no offer rather than a wrong one.
        Raises JournalError: then every winner's caps are back and nothing may be sent.
        """
        late = set(late_rows)
        kept: list[StructArray] = []
        taken: Counter[int] = Counter()
        with self.lock:
            for winner in outcome.winners:
                campaign_number = int(winner["campaign_number"])
                if by is not None and not is_pending(self.state.people, winner):
                    self._retract(outcome, winner, OfferVerdict.TOO_LATE)
                elif int(winner["row"]) in late or (by is not None and not self._still_holds(winner, by)):
                    self._refuse(outcome, winner, OfferVerdict.TOO_LATE)
                elif winner["is_shadow"] or campaign_number < 0:
                    kept.append(winner)
                elif self.campaign_remaining(campaign_number, int(winner["time_ms"])) - taken[campaign_number] > 0:
                    taken[campaign_number] += 1
                    kept.append(winner)
                else:
                    self._refuse(outcome, winner, OfferVerdict.BUDGET_SPENT)
        if not kept:
            self._remember_tries(outcome, by)
            return []
        by = by or self.decided_by
        decided = [record_of(winner, by.generation, by.policy_version) for winner in kept]
        entries = self._place(decided)
        try:
            self._commit_later(entries)
        except BaseException:
            with self.lock:
                for winner in kept:
                    self._refuse(outcome, winner, OfferVerdict.TOO_LATE)
            self._remember_tries(outcome, by)
            raise
        self._remember_tries(outcome, by)
        decisions = []
        with self.lock:
            for winner, record, entry in zip(kept, decided, entries, strict=True):
                self.state.sequences[entry.partition] = entry.sequence
                key = decision_key(entry.partition, entry.sequence)
                self.state.people.view.contacts["decision_key"][winner["contact_slot"]] = key
                keep_decision(self.state, int(winner["person_slot"]), record, key)
                name = self._name_decision(key)
                if not record.is_shadow:
                    decisions.append(self._decision_of(winner, name, key, by))
            for campaign_number in taken:
                self._refresh_total(campaign_number, int(kept[-1]["time_ms"]))
        self.statistics.count_committed(offer_count=len(decisions), shadow_count=len(kept) - len(decisions))
        return decisions

    @property
    def decided_by(self) -> DecidedBy:
        """What pings are decided by now."""
        return DecidedBy(
            self.live_generation, self.policy.version, self.snapshot.nouns, self.state.people.vacancy_count
        )

    def _still_holds(self, winner: StructArray, by: DecidedBy) -> bool:
        """Consent, policy and nouns are what they were when a pending winner was decided."""
        person = self.state.people.view.persons[winner["person_slot"]]
        return bool(
            person["consent_epoch"] == winner["consent_epoch"]
            and not self.policy.offers_stopped
            and by.policy_version >= self.gate_version
            and (by.nouns is self.snapshot.nouns or same_nouns(self.registry, by.nouns, self.snapshot.nouns, winner))
        )

    def _remember_tries(self, outcome: Outcome, by: DecidedBy | None) -> None:
        people = self.state.people
        persons = people.view.persons
        for attempt in outcome.tries:
            slot = int(attempt["person_slot"])
            if by is None or people.has_stayed(slot, by.vacancy_count):
                self.recent_tries.add(int(persons["person_key"][slot]), attempt)

    def _refresh_total(self, campaign_number: int, now_ms: int) -> None:
        if self.state.live.remaining(campaign_number) != NO_LIMIT:
            self._refresh_totals([campaign_number], now_ms)

    def _refuse(self, outcome: Outcome, winner: StructArray, verdict: OfferVerdict) -> None:
        """A winner is taken back: its caps return and its try says why. There is no second-best."""
        self._give_back(winner)
        self._retract(outcome, winner, verdict)

    def _retract(self, outcome: Outcome, winner: StructArray, verdict: OfferVerdict) -> None:
        held = OfferVerdict(int(outcome.tries["verdict"][winner["try_index"]]))
        outcome.tries["verdict"][winner["try_index"]] = verdict
        self.statistics.recount(held, verdict)

    def _give_back(self, winner: StructArray) -> None:
        self.state.people.remove_contact(int(winner["person_slot"]), int(winner["contact_slot"]))

    def _decision_of(self, winner: StructArray, name: str, key: int, by: DecidedBy) -> Decision:
        registry = self.registry
        nouns = self.snapshot.nouns
        product = nouns.products[registry.identifier(Product, int(winner["product_number"]))]
        person_slot, person_key = int(winner["person_slot"]), int(winner["person_key"])
        available = int(winner["available_count"])
        as_of_ms = int(winner["stock_as_of_ms"])
        fence_number = int(winner["fence_number"])
        person = self.state.people.view.persons[person_slot]
        return Decision(
            decision_id=name,
            decision_key=key,
            row=int(winner["row"]),
            device_key=int(winner["device_key"]),
            time_ms=int(winner["time_ms"]),
            offer=nouns.offers[registry.offer_id(int(winner["offer_number"]))],
            product=product,
            category=nouns.categories[registry.identifier(Category, int(winner["category_number"]))],
            store=nouns.stores[registry.store_id(int(winner["store_number"]))],
            supply_store=nouns.stores[registry.store_id(int(winner["supply_store_number"]))],
            fulfilment=Fulfilment(int(winner["fulfilment"])),
            geofence_id=registry.fence_id(fence_number) if fence_number >= 0 else "",
            size=registry.size(int(winner["size_code"])) if product.sizes else None,
            amount_minor=int(winner["amount_minor"]),
            reference_amount_minor=int(winner["reference_amount_minor"]),
            currency=nouns.currencies[product.product_id],
            account_kind=AccountKind(int(person["account_kind"])),
            available_count=None if available < 0 else available,
            stock_as_of_ms=None if as_of_ms == NEVER_MS else as_of_ms,
            score=int(winner["score"]),
            points=tuple(int(winner[f"{name}_points"]) for name in columns.FACTORS),
            reason_kind=TouchpointKind(int(winner["reason_kind"])),
            channel=Channel(int(winner["channel"])),
            language=self.state.people.language_of(person_key),
            catalog_generation=by.generation,
            policy_version=by.policy_version,
            person_slot=person_slot,
            person_key=person_key,
            # of the decision: consent that ended since was decided in time, and is too late to be sent
            consent_epoch=int(winner["consent_epoch"]),
        )

    # -- after commit ----------------------------------------------------------------------------------------

    def may_send(self, decision: Decision, now_ms: int | None = None) -> bool:
        """The send gate: the person still exists and her consent has not changed since the decision (D3), nor expired
        by `now_ms`; and nobody has stopped all offers. Raises JournalError."""
        if self.policy.offers_stopped:
            return False
        if now_ms is not None:
            self.lapse_of([decision.person_key], now_ms)
        person = self.state.people.view.persons[decision.person_slot]
        return bool(person["person_key"] == decision.person_key and person["consent_epoch"] == decision.consent_epoch)

    def release(self, decision: Decision) -> None:
        """The bytes never left: the caps come back, durably (D3)."""
        if decision.decision_key not in self.state.decisions:
            return  # the person is gone, and with her the decision
        person_key = self.state.resolve(decision.person_key)
        self.append([DecisionReleased(person_key, decision.decision_key, decision.time_ms)])
        campaign_number = self.registry.number(Campaign, decision.offer.campaign_id)
        if campaign_number >= 0:
            self._refresh_total(campaign_number, decision.time_ms)
        self.statistics.offers -= 1
        self.statistics.recount(OfferVerdict.OFFERED, OfferVerdict.TOO_LATE)
        self.recent_tries.correct(person_key, decision.time_ms, OfferVerdict.OFFERED, OfferVerdict.TOO_LATE)

    def advance(self, now_ms: int) -> StructArray:
        """End the visits of silent devices and of fences that are no more; returns their TRANSITION rows (row = −1)."""
        found: list[StructArray] = []
        device = 0
        people = self.state.people
        while device < len(people.view.devices):
            rows = self._emptied_rows()
            with self.lock:
                view = people.view
                until = view.devices[: device + SWEPT_PER_SECTION_COUNT]
                piece = view._replace(devices=until)
                done = sweep_presence(piece, self.snapshot.fences, self.policy, device, now_ms, rows)
            found.append(rows.transitions[: rows.counts[TRANSITION_COUNT]].copy())
            if done == device:
                self._rows = _outcome_rows(2 * len(rows.transitions))
            device = done
        transitions = self.still_consented(np.concatenate(found), now_ms)
        self.statistics.count_transitions(transitions)
        return transitions

    def location_wanted(self, device_key: int) -> bool:
        """The device is known and its person consents to the use of her location, as of when she was last looked at."""
        slot = self.state.people.device_slots.get(device_key)
        if slot is None:
            return False
        view = self.state.people.view
        return bool(view.persons["consent_bits"][view.devices["person_slot"][slot]] & LOCATION_BIT)


def _taken(rows: OutcomeRows, verdicts: UInt8Array, offset: int) -> Outcome:
    """Copy what a call wrote, with rows counted from the start of the whole batch."""
    transitions = rows.transitions[: rows.counts[TRANSITION_COUNT]].copy()
    tries = rows.tries[: rows.counts[TRY_COUNT]].copy()
    winners = rows.winners[: rows.counts[WINNER_COUNT]].copy()
    for array in (transitions, tries, winners):
        array["row"] += offset
    return Outcome(verdicts, transitions, tries, winners)


def _joined(verdicts: UInt8Array, parts: list[Outcome]) -> Outcome:
    """One outcome from the calls of a step; winners point at tries of the joined array."""
    if len(parts) == 1:
        return Outcome(verdicts, parts[0].transitions, parts[0].tries, parts[0].winners)
    first_try = 0
    for part in parts:
        part.winners["try_index"] += first_try
        first_try += len(part.tries)
    empty = Outcome(
        verdicts,
        np.zeros(0, dtype=columns.TRANSITION),
        np.zeros(0, dtype=columns.TRY),
        np.zeros(0, dtype=columns.WINNER),
    )
    return Outcome(
        verdicts,
        np.concatenate([empty.transitions, *(part.transitions for part in parts)]),
        np.concatenate([empty.tries, *(part.tries for part in parts)]),
        np.concatenate([empty.winners, *(part.winners for part in parts)]),
    )
