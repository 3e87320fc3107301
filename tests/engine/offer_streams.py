"""Pings to the engine and to the obvious model alike; every verdict of row and try is predicted. Not a test file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from offer_draws import MINUTE_MS, Row
from offer_model import Contact, Human, OfferModel
from offer_scene import (
    OFFERS,
    PLACES_E7,
    STORES_BY_PLACE,
    Rules,
    build_engine,
    register_catalog,
)
from world import NOW_MS

from geooffer.engine.decisions import Decision
from geooffer.engine.engine import Engine
from geooffer.errors import JournalError
from geooffer.journal.memory import MemoryJournal
from geooffer.model.columns import PING, Outcome, StructArray
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapScope, OutcomeKind
from geooffer.model.policy import HOUR_MS
from geooffer.model.records import Entry
from geooffer.model.tables import NEVER_MS
from geooffer.model.verdicts import OfferVerdict, PingVerdict, Purpose

V = OfferVerdict
P = PingVerdict
SILENT_MS = 15 * MINUTE_MS
HISTORICAL_MS = 60_000
LATE_MS = 90_000
OFFER_BY_ID = {offer.offer_id: offer for offer in OFFERS}


class Flaky(MemoryJournal):
    """A journal that refuses when told to, and remembers its last commit."""

    is_broken = False
    latest: Sequence[Entry] = ()

    def append(self, entries: Sequence[Entry]) -> int:
        if self.is_broken:
            raise JournalError("the disk is full")
        ticket = super().append(entries)
        self.latest = entries
        return ticket


@dataclass
class Device:
    """What is remembered of a device between rows: durable nowhere."""

    watermark_ms: int | None = None
    heard_ms: int | None = None
    session: int = 0
    sequence: int = 0


@dataclass
class Sent:
    """A decision that was told, and under whose name."""

    decision: Decision
    contact: Contact
    name: str
    outcomes: set[OutcomeKind]
    is_released: bool = False
    is_as_decided: bool | None = True
    """Consent and person are those it was decided for; None = by an engine that is gone."""

    def close_gate(self) -> None:
        """Something about her changed since."""
        self.is_as_decided = None if self.is_as_decided is None else False


class Win:
    """A winner between step and commit."""

    def __init__(self, human: Human, contact: Contact, row: int, try_index: int) -> None:
        self.human, self.contact, self.row, self.try_index = human, contact, row, try_index


def _totals(rules: Iterable[CapRule]) -> tuple[CapRule, ...]:
    return tuple(rule for rule in rules if rule.scope is CapScope.CAMPAIGN_TOTAL)


class Streams:
    """One town, twice, and the rows that come in."""

    def __init__(self, rules: Rules, counts: Counter[str], planted: str = "") -> None:
        self.rules, self.counts, self.planted = rules, counts, planted
        self.model = OfferModel(rules)
        self.journal = Flaky()
        self.wall_ms = self.now_ms = NOW_MS
        self.devices: dict[int, Device] = {}
        self.last_rows: dict[int, StructArray] = {}
        self.sent: list[Sent] = []
        self.held_out: dict[tuple[str, str], bool] = {}
        self.identities: dict[str, Human] = {}
        self.engine = self.new_engine()
        register_catalog(self.engine, self._engine_rules().campaigns)

    # -- the engine, as it is or with a bug in it ----------------------------------------------------------

    def new_engine(self) -> Engine:
        engine = build_engine(self._engine_rules(), self.journal, start_ms=self.now_ms)
        self.now_ms = engine.clock.now_ms(self.wall_ms)
        # T0 over a restart: where the wall was set back, time goes on at 95 % of its pace until it has caught up
        self.ahead_ms, self.begun_ms = max(self.now_ms - self.wall_ms, 0), self.wall_ms
        if self.planted == "give_back":
            engine._give_back = lambda winner: None  # type: ignore[method-assign]
        return engine

    def sync(self) -> None:
        """The engine's time as control calls see it: never backwards while it runs."""
        if self.rules.clock_kind == "system":
            self._follow_wall()
        assert self.engine.clock.now_ms(self.wall_ms) == self.now_ms

    def _follow_wall(self) -> None:
        caught_up_ms = (self.wall_ms - self.begun_ms) // 20 if self.wall_ms > self.begun_ms else 0
        self.now_ms = max(self.now_ms, self.wall_ms + max(self.ahead_ms - caught_up_ms, 0))

    def human_with(self, device_key: int) -> Human | None:
        return next((human for human in self.model.humans.values() if device_key in human.devices), None)

    def _engine_rules(self) -> Rules:
        rules, campaigns = self.rules, tuple(self.model.campaigns.values())
        match self.planted:
            case "caps":
                bare = tuple(replace(item, cap_rules=_totals(item.cap_rules)) for item in campaigns)
                return replace(rules, cap_rules=_totals(rules.cap_rules), campaigns=bare)
            case "budgets":
                bare = tuple(replace(item, budget_count=0) for item in campaigns)
                return replace(rules, campaigns=bare)
            case "cooldown":
                return replace(rules, policy=rules.policy._replace(cooldown_ms=0), campaigns=campaigns)
            case "repeats":
                return replace(rules, policy=rules.policy._replace(same_offer_after_ms=0), campaigns=campaigns)
            case "dismissals":
                return replace(rules, policy=rules.policy._replace(ended_offer_after_ms=0), campaigns=campaigns)
            case "silence":
                quiet = rules.policy._replace(quiet_start_minute=0, quiet_end_minute=1_439)
                return replace(rules, policy=quiet, campaigns=campaigns)
            case _:
                return replace(rules, campaigns=campaigns)

    # -- streams -------------------------------------------------------------------------------------------

    def send(self, rows: Sequence[Row], *, cut: int, are_late: bool, is_broken: bool) -> None:
        """Rows in at most two batches."""
        for part in (rows[:cut], rows[cut:]):
            if part:
                self._send_batch(part, are_late, is_broken)

    def _send_batch(self, rows: Sequence[Row], are_late: bool, is_broken: bool) -> None:
        is_client = self.rules.clock_kind == "client"
        if not is_client:
            self.wall_ms += sum(row.after_ms for row in rows)
            self._follow_wall()
        pings = np.zeros(len(rows), dtype=PING)
        ages_ms = np.zeros(len(rows), dtype=np.int64)
        expected: list[tuple[int, int]] = []
        for index, row in enumerate(rows):
            ping = pings[index : index + 1]
            is_timed = self._fill(ping, row, is_client)
            self.last_rows[row.device] = ping.copy()
            expected.append((self.now_ms, int(ping["fix_time_ms"][0])))
            if row.kind == "historical":
                ages_ms[index] = LATE_MS
            if not is_timed:
                ping["fix_time_ms"] = NEVER_MS
        self.engine.clock.stamp(pings, ages_ms, self.wall_ms)
        assert [(int(ping["now_ms"]), int(ping["fix_time_ms"])) for ping in pings] == expected, "T0: the clock"
        outcome = self.engine.step(pings)
        wins = self._expect_rows(rows, pings, outcome)
        self._commit(outcome, wins, {win.row for win in wins[::2]} if are_late else set(), is_broken)

    def _fill(self, ping: StructArray, row: Row, is_client: bool) -> bool:
        """Write one row; True where it carries a time of its own and not only its age."""
        last = self.last_rows.get(row.device)
        if is_client and row.kind not in ("malformed", "again"):
            self.now_ms += row.after_ms
        if row.kind == "again" and last is not None:
            ping[:] = last
            if is_client and not ping["malformed"][0]:
                self.now_ms = max(self.now_ms, int(ping["fix_time_ms"][0]))
            return True
        ping["device_key"] = row.device
        ping["session_id"] = (1 if last is None else int(last["session_id"][0])) + (row.kind == "new session")
        ping["sequence"] = 1 if last is None or row.kind == "new session" else int(last["sequence"][0]) + 1
        ping["latitude_e7"], ping["longitude_e7"] = PLACES_E7[row.place]
        ping["accuracy_cm"] = 20_000 if row.kind == "coarse" else 1_000
        ping["speed_cm_per_s"] = 2_000 if row.kind == "fast" else 0
        ping["malformed"] = row.kind == "malformed"
        ping["fix_time_ms"] = self.now_ms - (LATE_MS if row.kind == "historical" else 0)
        if row.kind == "future" and not is_client:
            ping["fix_time_ms"] += HOUR_MS
            return True
        return is_client

    def _expect_rows(self, rows: Sequence[Row], pings: StructArray, outcome: Outcome) -> list[Win]:
        spent = {name for name in self.model.campaigns if self.model.is_spent(name, int(pings["now_ms"][0]))}
        wins: list[Win] = []
        for index, (row, ping) in enumerate(zip(rows, pings, strict=True)):
            human = self.human_with(int(ping["device_key"]))
            is_fresh, verdict = self._expect_verdict(human, ping)
            assert P(int(outcome.verdicts[index])) is verdict, (row, verdict)
            self.counts["pings"] += 1
            tried = [int(number) for number in np.flatnonzero(outcome.tries["row"] == index)]
            is_historical = ping["now_ms"] - ping["fix_time_ms"] > HISTORICAL_MS
            covering = STORES_BY_PLACE[PLACES_E7.index((int(ping["latitude_e7"]), int(ping["longitude_e7"])))]
            stores = [self.engine.registry.store_id(int(outcome.tries["store_number"][number])) for number in tried]
            if verdict is not P.ACCEPTED or is_historical:
                assert not tried, "T3: what is not live and accepted causes no offer"
                continue
            assert set(stores) <= set(covering)
            if is_fresh:
                assert tuple(stores) == covering, "liveness: a visit that begins is tried"
            for number, store_id in zip(tried, stores, strict=True):
                assert human is not None
                expected = self.model.attempt(
                    human, store_id, int(ping["now_ms"]), is_fast=ping["speed_cm_per_s"] > 800, spent=spent
                )
                win = self._expect_try(human, store_id, outcome, number, expected)
                wins += [win] if win else []
        return wins

    def _expect_verdict(self, human: Human | None, ping: StructArray) -> tuple[bool, PingVerdict]:
        """(the device was silent before, the verdict)."""
        fix_ms, now_ms = int(ping["fix_time_ms"]), int(ping["now_ms"])
        if ping["malformed"]:
            return False, P.MALFORMED
        if human is None or Purpose.PRECISE_LOCATION_FOR_OFFERS not in human.consented():
            return False, P.NO_CONSENT
        if ping["accuracy_cm"] > 10_000:
            return False, P.ACCURACY_TOO_COARSE
        device = self.devices.setdefault(int(ping["device_key"]), Device())
        if ping["session_id"] == device.session and ping["sequence"] <= device.sequence:
            return False, P.DUPLICATE
        if fix_ms > now_ms + 30_000:
            return False, P.FUTURE_FIX
        if device.watermark_ms is not None and fix_ms <= device.watermark_ms:
            return False, P.STALE_FIX
        is_silent = device.heard_ms is None or now_ms - device.heard_ms > SILENT_MS
        is_silent = is_silent or device.watermark_ms is None or fix_ms - device.watermark_ms > SILENT_MS
        device.watermark_ms, device.heard_ms = fix_ms, now_ms
        device.session, device.sequence = int(ping["session_id"]), int(ping["sequence"])
        return is_silent, P.ACCEPTED

    def _expect_try(
        self, human: Human, store_id: str, outcome: Outcome, number: int, expected: tuple[OfferVerdict, set[str]]
    ) -> Win | None:
        attempt = outcome.tries[number]
        verdict, possible = expected
        told = V(int(attempt["verdict"]))
        self.counts["tries"] += 1
        if told is not V.OFFERED:
            self.counts[told.name] += 1
        assert (V.OFFERED if told is V.HELD_OUT else told) is verdict, (told.name, verdict.name, human.name, store_id)
        if verdict is not V.OFFERED:
            return None
        offer = OFFER_BY_ID[self.engine.registry.offer_id(int(attempt["offer_number"]))]
        assert offer.offer_id in possible
        self._expect_group(human, offer.campaign_id, told is V.HELD_OUT)
        contact = Contact(
            next(self.model.serials), int(attempt["time_ms"]), store_id, offer, is_shadow=told is V.HELD_OUT
        )
        human.contacts.append(contact)
        return Win(human, contact, int(attempt["row"]), number)

    def _expect_group(self, human: Human, campaign_id: str, is_held_out: bool) -> None:
        """D6: sticky per campaign and person; nobody at 0, everybody at 10,000."""
        campaign = self.model.campaigns.get(campaign_id)
        share = campaign.held_out_per_10000 if campaign else self.rules.policy.held_out_per_10000
        if share in (0, 10_000):
            assert is_held_out == bool(share)
        assert self.held_out.setdefault((campaign_id, human.name), is_held_out) == is_held_out

    def _commit(self, outcome: Outcome, wins: list[Win], late: set[int], is_broken: bool) -> None:
        """Make the winners durable; but for late ones, those beyond a budget, and all where the journal fails."""
        kept: list[Win] = []
        taken: Counter[str] = Counter()
        fate: dict[int, OfferVerdict] = {}
        for win in wins:
            campaign_id = win.contact.offer.campaign_id
            left = self.model.remaining(campaign_id, win.contact.time_ms) if campaign_id else None
            if win.row in late:
                fate[win.try_index] = V.TOO_LATE
            elif win.contact.is_shadow or left is None or left - taken[campaign_id] > 0:
                kept.append(win)
                taken[campaign_id] += not win.contact.is_shadow
            else:
                fate[win.try_index] = V.BUDGET_SPENT
        self.journal.is_broken = is_broken
        if is_broken and kept:
            with pytest.raises(JournalError):
                self.engine.commit(outcome, late_rows=late)
            decisions = []
            fate |= {win.try_index: V.OFFERED for win in kept}
        else:
            decisions = self.engine.commit(outcome, late_rows=late)
        self.journal.is_broken = False
        for win in wins:
            if win.try_index in fate:
                win.human.contacts.remove(win.contact)
                if fate[win.try_index] is not V.OFFERED:
                    self.counts[fate[win.try_index].name] += 1
                    assert outcome.tries["verdict"][win.try_index] == fate[win.try_index]
        self._take_decisions(decisions, [win for win in wins if win.try_index not in fate])

    def _take_decisions(self, decisions: Sequence[Decision], wins: Sequence[Win]) -> None:
        told = [win for win in wins if not win.contact.is_shadow]
        assert len(decisions) == len(told)
        for decision, win in zip(decisions, told, strict=True):
            contact = win.contact
            assert (decision.offer.offer_id, decision.store.store_id) == (contact.offer.offer_id, contact.store_id)
            assert decision.time_ms == contact.time_ms
            campaign_id = contact.offer.campaign_id
            if campaign_id:
                left = self.model.remaining(campaign_id, contact.time_ms)
                assert left is None or left >= 1, "D10: a budget is never exceeded"
                self.model.spent[campaign_id].append((contact.serial, contact.time_ms))
            self._check_person(win)
            self.sent.append(Sent(decision, contact, win.human.name, set()))
            self.counts["offered"] += 1

    def _check_person(self, win: Win) -> None:
        """Once more, with the offer counted: no rule has been overdrawn, consent is there, the gate is open."""
        human, contact, model = win.human, win.contact, self.model
        others = [item for item in human.contacts if item.serial < contact.serial]
        before = replace(human, contacts=others)
        for rule in model.cap_rules(contact.offer):
            assert not model.is_full(rule, before, contact.store_id, contact.offer, contact.time_ms), rule
        assert model.repeat(before, contact.offer, contact.time_ms) is None
        assert {Purpose.SEARCH_INTENT_USE, Purpose.PERSONALISED_OFFERS} <= human.consented()
