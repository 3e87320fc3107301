"""Step 8 of a ping's life: winners become durable, or give back what they took; and what is asked before they leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

import numpy as np

from geooffer.engine.apply import keep_decision
from geooffer.engine.consent_clock import ConsentClock
from geooffer.engine.decisions import Decision, record_of
from geooffer.engine.pending import DecidedBy, is_pending, same_nouns
from geooffer.engine.recent_tries import RecentTries
from geooffer.engine.state import decision_key
from geooffer.model import columns
from geooffer.model.catalog import Campaign, Category, Product
from geooffer.model.columns import Outcome, StructArray
from geooffer.model.kinds import AccountKind, Channel, Fulfilment
from geooffer.model.records import DecisionReleased
from geooffer.model.tables import NEVER_MS, NO_LIMIT
from geooffer.model.verdicts import OfferVerdict, TouchpointKind


class Committing(ConsentClock):
    """Winners in, decisions out."""

    _recent_tries: RecentTries | None = None
    gate_version = 0
    """The newest tightening that came into force: what was decided by an older policy does not leave any more."""

    collect_tries: Callable[[], None] | None = None
    """Native workers keep the tries nobody is told of until they are asked: hands them to `remember_tries`."""

    @property
    def recent_tries(self) -> RecentTries:
        """The last tries of each person, in memory only (semantics D8), with those that native workers hold."""
        if self.collect_tries is not None:
            self.collect_tries()
        return self._all_tries

    @property
    def _all_tries(self) -> RecentTries:
        if self._recent_tries is None:
            self._recent_tries = RecentTries()
        return self._recent_tries

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
            self._remember_outcome(outcome, by)
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
            self._remember_outcome(outcome, by)
            raise
        self._remember_outcome(outcome, by)
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

    def remember_tries(self, tries: StructArray, vacancy_count: int | None = None) -> None:
        """TRY rows, for `recent_tries`; of whoever has gone since so many slots had become free, nothing."""
        if not len(tries):
            return
        people = self.state.people
        if vacancy_count is not None and vacancy_count < people.vacancy_count:
            stayed = [people.has_stayed(slot, vacancy_count) for slot in tries["person_slot"].tolist()]
            tries = tries[np.array(stayed, dtype=np.bool_)]
        self._all_tries.add(people.view.persons["person_key"][tries["person_slot"]].tolist(), tries)

    def _remember_outcome(self, outcome: Outcome, by: DecidedBy | None) -> None:
        self.remember_tries(outcome.tries, None if by is None else by.vacancy_count)

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
