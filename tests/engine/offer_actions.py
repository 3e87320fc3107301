"""What may happen in the town of offer_scene.py, as actions of a state machine. Not a test file."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from offer_draws import AGE_MS, NAME, PURPOSES, ROWS, RULES, SIGNAL_KIND, SUBJECT, Row
from offer_scene import CAMPAIGN_IDS, DEVICE_KEYS, DEVICES, Rules
from offer_twins import Twins

from geooffer.model.kinds import Channel, OutcomeKind
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.verdicts import TouchpointKind

RARELY = st.sampled_from([False] * 7 + [True])
NUMBER = st.integers(0, 20)
IDENTITY = st.sampled_from(["web-1", "web-2"])
NEW_NAME = st.one_of(st.just(""), NAME)


class OfferActions(RuleBasedStateMachine):
    """Each rule does one thing to engine and model; `planted` names a bug the engine is to have."""

    planted: ClassVar[str] = ""
    counts: ClassVar[Counter[str]] = Counter()
    twins: Twins

    @initialize(rules=RULES)
    def open_town(self, rules: Rules) -> None:
        self.twins = Twins(rules, self.counts, self.planted)

    @rule(rows=ROWS, cut=st.integers(0, 6), are_late=RARELY, is_broken=RARELY)
    def send(self, rows: list[Row], cut: int, are_late: bool, is_broken: bool) -> None:
        self.twins.send(rows, cut=cut, are_late=are_late, is_broken=is_broken)

    @rule(rows=ROWS, again=ROWS)
    def send_more(self, rows: list[Row], again: list[Row]) -> None:
        """Walks are what there is most of."""
        self.twins.send([*rows, *again], cut=len(rows), are_late=False, is_broken=False)

    @rule(keys=st.permutations(DEVICE_KEYS), place=st.integers(0, 1), are_late=RARELY)
    def crowd(self, keys: list[int], place: int, are_late: bool) -> None:
        """After a while without a word everybody comes at once: every one of these visits must be tried."""
        rows = [Row(key, place, 20 * 60_000 if index == 0 else 0, "live") for index, key in enumerate(keys)]
        self.twins.send(rows, cut=0, are_late=are_late, is_broken=False)

    @rule(
        name=NAME,
        channel=st.sampled_from(Channel),
        place=st.sampled_from([None, 0, 1, 2]),
        subject=st.one_of(st.just(""), SUBJECT),
        is_broken=RARELY,
    )
    def ask(self, name: str, channel: Channel, place: int | None, subject: str, is_broken: bool) -> None:
        self.twins.ask(name, channel, place, subject, is_broken=is_broken)

    @rule(number=NUMBER, kind=st.sampled_from(OutcomeKind), age_ms=AGE_MS)
    def report(self, number: int, kind: OutcomeKind, age_ms: int) -> None:
        self.twins.report(number, kind, age_ms)

    @rule(number=NUMBER, kind=st.sampled_from(OutcomeKind))
    def contradict(self, number: int, kind: OutcomeKind) -> None:
        """It failed, says the channel, and then it did not."""
        self.twins.report(number, OutcomeKind.FAILED, 0)
        self.twins.report(number, kind, 0)

    @rule(number=NUMBER, name=NAME, new_name=NAME)
    def part_and_meet(self, number: int, name: str, new_name: str) -> None:
        """A copy of her contacts goes away and comes back, and what failed in between did not."""
        owner = self.twins.model.humans.get(name)
        if owner is not None and owner.devices:
            self.twins.unlink_device(name, min(owner.devices), new_name)
            self.twins.report(number, OutcomeKind.FAILED, 0)
            self.twins.unite(new_name, name)
            self.twins.report(number, OutcomeKind.DELIVERED, 0)

    @rule(number=NUMBER)
    def release(self, number: int) -> None:
        self.twins.release(number)

    @rule(name=NAME, purposes=PURPOSES, granted=st.sampled_from([True, True, False]), age_ms=AGE_MS)
    def consent(self, name: str, purposes: int, granted: bool, age_ms: int) -> None:
        self.twins.consent(name, purposes, granted=granted, age_ms=age_ms)

    @rule(name=NAME, kind=SIGNAL_KIND, subject=SUBJECT, age_ms=AGE_MS)
    def signal(self, name: str, kind: TouchpointKind, subject: str, age_ms: int) -> None:
        self.twins.signal(name, kind, subject, age_ms=age_ms)

    @rule(name=NAME, subject=SUBJECT, again=st.sampled_from([TouchpointKind.SEARCH, TouchpointKind.RETURN]))
    def second_thoughts(self, name: str, subject: str, again: TouchpointKind) -> None:
        """She bought it, and looks again, or brings it back."""
        self.twins.signal(name, TouchpointKind.PURCHASE, subject, age_ms=HOUR_MS)
        self.twins.signal(name, again, subject, age_ms=0)
        self.twins.ask(name, Channel.IN_APP, 0, subject, is_broken=False)

    @rule(identity=IDENTITY, kind=SIGNAL_KIND, subject=SUBJECT, age_ms=AGE_MS)
    def signal_by_identity(self, identity: str, kind: TouchpointKind, subject: str, age_ms: int) -> None:
        self.twins.signal("", kind, subject, age_ms=age_ms, identity=identity)

    @rule(from_name=NAME, into_name=NAME)
    def unite(self, from_name: str, into_name: str) -> None:
        self.twins.unite(from_name, into_name)

    @rule(name=NAME, key=st.sampled_from(DEVICE_KEYS))
    def link_device(self, name: str, key: int) -> None:
        self.twins.link_device(name, key)

    @rule(name=NAME, key=st.sampled_from(DEVICE_KEYS), new_name=NEW_NAME)
    def unlink_device(self, name: str, key: int, new_name: str) -> None:
        """Of whoever has it, mostly: a wrong name is refused."""
        owner = self.twins.human_with(key)
        self.twins.unlink_device(owner.name if owner is not None and name != new_name else name, key, new_name)

    @rule(name=NAME, identity=IDENTITY)
    def link_identity(self, name: str, identity: str) -> None:
        self.twins.link_identity(name, identity)

    @rule(name=NAME, identity=IDENTITY, new_name=NEW_NAME)
    def unlink_identity(self, name: str, identity: str, new_name: str) -> None:
        self.twins.unlink_identity(name, identity, new_name)

    @rule(name=NAME, is_gone=RARELY)
    def erase(self, name: str, is_gone: bool) -> None:
        """Forgotten she is seldom, and seldom comes back at once."""
        if is_gone:
            self.twins.erase(name)

    @rule()
    def forget_what_is_old(self) -> None:
        """What is too old to count goes; nobody notices."""
        self.twins.forget_what_is_old()

    @rule(name=NAME)
    def register(self, name: str) -> None:
        """A customer who is new or was forgotten starts with nothing, and soon with all."""
        if name not in self.twins.model.humans:
            self.twins.register(name, DEVICES[name])
            self.twins.welcome(name)

    @rule(
        campaign_id=st.sampled_from(CAMPAIGN_IDS),
        change=st.sampled_from([{"budget_count": 0}, {"budget_count": 2}, {"paused": True}, {"paused": False}]),
    )
    def change_campaign(self, campaign_id: str, change: dict[str, Any]) -> None:
        self.twins.change_campaign(campaign_id, change)

    @rule(by_ms=st.sampled_from([HOUR_MS, DAY_MS, 7 * DAY_MS, -HOUR_MS, -DAY_MS]))
    def step_wall(self, by_ms: int) -> None:
        self.twins.step_wall(by_ms)

    @rule()
    def sweep(self) -> None:
        self.twins.sweep()

    @rule()
    def restart(self) -> None:
        self.twins.restart()

    @invariant()
    def the_gate_is_right(self) -> None:
        if hasattr(self, "twins"):
            self.counts["steps"] += 1
            self.twins.check_gate()

    def teardown(self) -> None:
        if hasattr(self, "twins") and not self.planted:
            self.twins.restart()
