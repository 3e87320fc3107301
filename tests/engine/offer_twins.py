"""What is asked, reported and changed in a town, to the engine and to the obvious model alike. Not a test file."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from offer_model import CATEGORY_OF, Contact
from offer_people import PeopleTwins
from offer_scene import DEVICES, NEAREST_STORES, PLACES_E7, Rules
from offer_streams import OFFER_BY_ID, Sent, Win

from geooffer.engine.engine import Engine
from geooffer.engine.state import digest
from geooffer.errors import (
    JournalError,
    NotFoundError,
)
from geooffer.model.catalog import Campaign
from geooffer.model.kinds import Channel, OutcomeKind
from geooffer.model.limits import INTENT_RETENTION_MS
from geooffer.model.policy import DAY_MS
from geooffer.model.records import DecisionRecord
from geooffer.model.verdicts import OfferVerdict

V = OfferVerdict
REPORTABLE_MS = 31 * DAY_MS
"""Later than this a decision may be forgotten, and reports about it refused."""


class Twins(PeopleTwins):
    """One town, twice, with all its people in it."""

    def __init__(self, rules: Rules, counts: Counter[str], planted: str = "") -> None:
        super().__init__(rules, counts, planted)
        for name, devices in DEVICES.items():
            self.register(name, devices)
            self.welcome(name)

    # -- asked -----------------------------------------------------------------------------------------------

    def ask(self, name: str, channel: Channel, place: int | None, subject: str, *, is_broken: bool) -> None:
        """Decide without a walk: the stores in turn, at most one offer."""
        self.sync()
        subjects = {"product_id" if subject in CATEGORY_OF else "category_id": subject} if subject else {}
        at = None if place is None else PLACES_E7[place]
        human = self.model.humans.get(name)
        if human is None:
            with pytest.raises(NotFoundError):
                self.engine.decide(name, channel=channel, now_ms=self.now_ms, place=at, **subjects)
            return
        spent = {key for key in self.model.campaigns if self.model.is_spent(key, self.now_ms)}
        verdicts, possible, store_id = [], set[str](), ""
        for store_id in ("web",) if place is None else NEAREST_STORES[place]:
            verdict, possible = self.model.attempt(
                human, store_id, self.now_ms, channel=channel, is_asked=True, spent=spent, subject=subject
            )
            verdicts.append(verdict)
            if possible:
                break
        self.journal.is_broken, self.journal.latest = is_broken, ()
        self.counts["asked"] += 1
        if is_broken and possible:
            with pytest.raises(JournalError):
                self.engine.decide(name, channel=channel, now_ms=self.now_ms, place=at, **subjects)
            self.journal.is_broken = False
            return
        answer = self.engine.decide(name, channel=channel, now_ms=self.now_ms, place=at, **subjects)
        self.journal.is_broken = False
        if not possible:
            assert (answer.decision, answer.verdict) == (None, max(verdicts))
            self.counts[answer.verdict.name] += 1
            return
        assert answer.verdict in (V.OFFERED, V.HELD_OUT)
        (record,) = (entry.record for entry in self.journal.latest)
        assert isinstance(record, DecisionRecord)
        offer = OFFER_BY_ID[self.engine.registry.offer_id(record.offer_number)]
        assert offer.offer_id in possible
        assert self.engine.registry.store_id(record.store_number) == store_id
        self._expect_group(human, offer.campaign_id, answer.verdict is V.HELD_OUT)
        contact = Contact(next(self.model.serials), self.now_ms, store_id, offer, is_shadow=record.is_shadow)
        human.contacts.append(contact)
        decisions = [] if answer.decision is None else [answer.decision]
        self._take_decisions(decisions, [Win(human, contact, -1, -1)])

    # -- what becomes of decisions ---------------------------------------------------------------------------

    def report(self, number: int, kind: OutcomeKind, age_ms: int) -> None:
        """An outcome of one of the decisions that were told."""
        self.sync()
        if not self.sent:
            return
        sent = self.sent[number % len(self.sent)]
        if abs(self.now_ms - sent.contact.time_ms) > REPORTABLE_MS:
            return
        time_ms = self.now_ms - age_ms
        self.engine.report_outcome(sent.decision.decision_id, kind, time_ms=time_ms, now_ms=self.now_ms)
        self.counts["outcomes"] += 1
        if kind is OutcomeKind.FAILED:
            if not sent.outcomes and not sent.is_released:
                self._take_back(sent)
            return
        if sent.is_released:
            self._revive(sent)
        sent.outcomes.add(kind)
        # only her own log hears of it: a copy that somebody took along stays as it was
        for contact in self.model.humans[sent.name].contacts:
            if contact.serial == sent.contact.serial:
                contact.hear(kind, max(time_ms, contact.time_ms))  # nothing becomes of it before it was decided

    def release(self, number: int) -> None:
        """The bytes of a decision never left."""
        self.sync()
        if not self.sent:
            return
        sent = self.sent[number % len(self.sent)]
        if sent.outcomes or abs(self.now_ms - sent.contact.time_ms) > REPORTABLE_MS:
            return
        self.engine.release(sent.decision)
        if not sent.is_released:
            self._take_back(sent)
        self.counts["released"] += 1

    def _take_back(self, sent: Sent) -> None:
        sent.is_released = True
        human, campaign_id = self.model.humans[sent.name], sent.contact.offer.campaign_id
        human.contacts = [item for item in human.contacts if item.serial != sent.contact.serial]
        if campaign_id:
            spent = self.model.spent[campaign_id]
            self.model.spent[campaign_id] = [item for item in spent if item[0] != sent.contact.serial]

    def _revive(self, sent: Sent) -> None:
        """It reached her after all: it counts, also where a rule or budget is overdrawn by that."""
        sent.is_released = False
        human, campaign_id = self.model.humans[sent.name], sent.contact.offer.campaign_id
        if all(item.serial != sent.contact.serial for item in human.contacts):
            told = sent.contact
            human.contacts.append(Contact(told.serial, told.time_ms, told.store_id, told.offer))
        if campaign_id:
            self.model.spent[campaign_id].append((sent.contact.serial, sent.contact.time_ms))
        self.counts["revived"] += 1

    def check_gate(self) -> None:
        """D3: whoever changed her consent since, or is not herself any more, gets nothing of what is on its way."""
        for sent in self.sent:
            if sent.is_as_decided is not None:
                assert self.engine.may_send(sent.decision) is sent.is_as_decided

    # -- the town --------------------------------------------------------------------------------------------

    def change_campaign(self, campaign_id: str, change: dict[str, Any]) -> None:
        """Another budget, paused or not."""
        self.sync()
        changed: Campaign = replace(self.model.campaigns[campaign_id], **change)
        self.model.campaigns[campaign_id] = changed
        engine_has = next(item for item in self._engine_rules().campaigns if item.campaign_id == campaign_id)
        self.engine.put_nouns([engine_has], now_ms=self.now_ms)
        self.engine.publish()

    def sweep(self) -> None:
        """Silent devices leave their visits."""
        self.sync()
        self.engine.advance(self.now_ms)

    def step_wall(self, by_ms: int) -> None:
        """Somebody sets the wall clock; a running engine follows it forwards only."""
        self.wall_ms += by_ms
        self.sync()

    def forget_what_is_old(self) -> None:
        """All slices, at once. Only under a policy that lets interest live as long as it may be held."""
        self.sync()
        if self.rules.policy.intent_max_age_ms <= INTENT_RETENTION_MS and self.engine.clock.started:
            while self.engine.sweep_retention(self.now_ms):
                self.counts["swept"] += 1

    def restart(self) -> None:
        """The fold from the start: the same state in every partition, the same totals, the same names."""
        old = self.engine
        self.check_contacts()
        self.engine = new = self.new_engine()
        if self.planted == "restart":
            _lose_contacts(new)
        for partition in range(-1, 64):
            assert digest(new.state, partition) == digest(old.state, partition)
        for field in ("decisions", "released", "outcomes", "aliases", "identities", "sequences"):
            assert getattr(new.state, field) == getattr(old.state, field), field
        assert new.state.totals.items() == old.state.totals.items()
        self.engine.publish()
        for human in set(self.model.humans.values()):
            self._renew_devices(human.devices)
        self.sent = [replace(sent, is_as_decided=None) for sent in self.sent]
        self.counts["restarts"] += 1

    def check_contacts(self) -> None:
        """What the engine counts against each of them is what the model does, as far back as rules look."""
        people = self.engine.state.people
        for human in set(self.model.humans.values()):
            slot = people.person_slots[self.engine.key_of(human.name)]
            told = []
            index = int(people.view.persons["contact_head"][slot])
            while index >= 0:
                row = people.view.contacts[index]
                if row["kind"] == 1:
                    offer_id = self.engine.registry.offer_id(int(row["offer_number"]))
                    told.append((int(row["decided_ms"]), offer_id, bool(row["is_shadow"])))
                index = int(row["next"])
            known = [(item.time_ms, item.offer.offer_id, item.is_shadow) for item in human.contacts]
            newest_ms = max((time_ms for time_ms, _, _ in known), default=0)
            recent = sorted(item for item in known if item[0] > newest_ms - REPORTABLE_MS)
            assert sorted(item for item in told if item[0] > newest_ms - REPORTABLE_MS) == recent


def _lose_contacts(engine: Engine) -> None:
    for slot in engine.state.people.person_slots.values():
        engine.state.people.view.persons["contact_head"][slot] = -1
