"""Who may get what, slow and obvious: plain lists, every rule worked out from scratch at every look. Not a test file.

It knows the nouns as they were registered and shares no code with the engine or its kernels: dates come from zoneinfo,
windows are counted by walking all contacts there ever were, and nothing is remembered that could be recomputed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from offer_scene import CATEGORIES, CUT_MS, OFFERS, PRODUCTS, STORES, Rules

from geooffer.model.catalog import Campaign, Offer
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import PUSHED_CHANNELS, CapEvent, CapScope, CapWindow, CapZone, Channel, OutcomeKind
from geooffer.model.policy import DAY_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import INTEREST_KINDS, OfferVerdict, Purpose, TouchpointKind

V = OfferVerdict
K = TouchpointKind
STORE_ZONES = {store.store_id: store.time_zone for store in STORES}
CATEGORY_OF = {product.product_id: product.category_id for product in PRODUCTS}
BY_CATEGORY = {category.category_id: category for category in CATEGORIES}
WALKED = {Purpose.PRECISE_LOCATION_FOR_OFFERS, Purpose.SEARCH_INTENT_USE, Purpose.PERSONALISED_OFFERS}
ASKED = {Purpose.SEARCH_INTENT_USE, Purpose.PERSONALISED_OFFERS}


@dataclass
class Contact:
    """An offer decided for her (also one that nobody saw because she is held out)."""

    serial: int
    time_ms: int
    store_id: str
    offer: Offer
    is_shadow: bool = False
    delivered_ms: int | None = None
    displayed_ms: int | None = None
    ended_ms: int | None = None

    def hear(self, kind: OutcomeKind, time_ms: int) -> None:
        """The first delivery and display hold, and the last end."""
        if kind is OutcomeKind.DELIVERED:
            self.delivered_ms = _pick(min, self.delivered_ms, time_ms)
        elif kind is OutcomeKind.DISPLAYED:
            self.displayed_ms = _pick(min, self.displayed_ms, time_ms)
        else:
            self.ended_ms = _pick(max, self.ended_ms, time_ms)


@dataclass(eq=False)
class Human:
    """A customer, or several that turned out to be one."""

    name: str
    zone: str
    devices: set[int] = field(default_factory=set)
    consents: dict[Purpose, tuple[int, bool]] = field(default_factory=dict)
    """(time, granted) of the latest event."""
    signals: list[Touchpoint] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    messages: dict[tuple[int, str], str] = field(default_factory=dict)
    """(time, source) of others' messages → category."""

    def consented(self) -> set[Purpose]:
        return {purpose for purpose, (_, granted) in self.consents.items() if granted}

    def hear_consent(self, purpose: Purpose, time_ms: int, granted: bool) -> None:
        """The latest event holds, at a tie the withdrawal."""
        held = self.consents.get(purpose)
        if held is None or time_ms > held[0] or (time_ms == held[0] and not granted):
            self.consents[purpose] = (time_ms, granted)

    def hear_message(self, time_ms: int, source: str, category_id: str) -> None:
        """Two of one source at one moment are the same one, about the greater category."""
        self.messages[time_ms, source] = max(category_id, self.messages.get((time_ms, source), ""))

    def drop_what_is_not_consented(self) -> None:
        given = self.consented()
        if Purpose.PERSONALISED_OFFERS not in given:
            self.messages.clear()
        kept = []
        for signal in self.signals:
            needed = {Purpose.SEARCH_INTENT_USE if signal.kind in INTEREST_KINDS else Purpose.PERSONALISED_OFFERS}
            if BY_CATEGORY[category_of(signal)].is_special:
                needed.add(Purpose.SPECIAL_CATEGORY_OFFERS)
            if needed <= given:
                kept.append(signal)
        self.signals = kept


def category_of(signal: Touchpoint) -> str:
    return signal.category_id or CATEGORY_OF[signal.product_id]


def local_date(time_ms: int, zone: str) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)).astimezone(ZoneInfo(zone)).date()


def first_date(window: CapWindow, today: date) -> date:
    if window is CapWindow.CALENDAR_WEEK:
        return today - timedelta(days=today.isoweekday() - 1)
    return date(today.year, today.month, 1) if window is CapWindow.CALENDAR_MONTH else today


def is_within(rule: CapRule, zone: str, time_ms: int, now_ms: int) -> bool:
    """Whether an event of `time_ms` counts in the window of a rule as it stands now."""
    if rule.window is CapWindow.SLIDING:
        return now_ms - time_ms < rule.window_ms
    return local_date(time_ms, zone) >= first_date(rule.window, local_date(now_ms, zone))


class OfferModel:
    """All humans, and what campaigns have spent."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.campaigns: dict[str, Campaign] = {item.campaign_id: item for item in rules.campaigns}
        self.humans: dict[str, Human] = {}
        """By every name that stands for one."""
        self.spent: dict[str, list[tuple[int, int]]] = {item.campaign_id: [] for item in rules.campaigns}
        """(serial, time) of every decision that counts against a campaign's totals."""
        self.serials = count(1)

    # -- people ------------------------------------------------------------------------------------------

    def unite(self, source: Human, target: Human) -> None:
        for purpose, (time_ms, granted) in source.consents.items():
            target.hear_consent(purpose, time_ms, granted)
        target.devices |= source.devices
        target.zone = target.zone or source.zone
        target.signals += source.signals
        for (time_ms, origin), category_id in source.messages.items():
            target.hear_message(time_ms, origin, category_id)
        self._add_contacts(target, source.contacts)
        target.drop_what_is_not_consented()
        for name, human in self.humans.items():
            if human is source:
                self.humans[name] = target

    def copy(self, source: Human, target: Human) -> None:
        """She takes contacts and purchases along when she turns out to be somebody else."""
        target.signals += [signal for signal in source.signals if signal.kind in (K.PURCHASE, K.RETURN)]
        for (time_ms, origin), category_id in source.messages.items():
            target.hear_message(time_ms, origin, category_id)
        self._add_contacts(target, source.contacts)
        target.drop_what_is_not_consented()

    def _add_contacts(self, target: Human, contacts: Iterable[Contact]) -> None:
        for contact in contacts:
            held = next((item for item in target.contacts if item.serial == contact.serial), None)
            if held is None:
                target.contacts.append(replace(contact))
                continue
            held.delivered_ms = _pick(min, held.delivered_ms, contact.delivered_ms)
            held.displayed_ms = _pick(min, held.displayed_ms, contact.displayed_ms)
            held.ended_ms = _pick(max, held.ended_ms, contact.ended_ms)

    def forget(self, human: Human) -> None:
        self.humans = {name: held for name, held in self.humans.items() if held is not human}

    # -- caps --------------------------------------------------------------------------------------------

    def cap_rules(self, offer: Offer) -> list[CapRule]:
        own = self.campaigns[offer.campaign_id].cap_rules if offer.campaign_id else ()
        return [*self.rules.cap_rules, *own]

    def is_full(self, rule: CapRule, human: Human, store_id: str, offer: Offer, now_ms: int) -> bool:
        """Whether one more event would be more than a rule about persons allows."""
        zone = {
            CapZone.UTC: "UTC",
            CapZone.STORE: STORE_ZONES[store_id],
            CapZone.CUSTOMER: human.zone or STORE_ZONES[store_id],
        }[rule.zone]
        category_id = CATEGORY_OF[offer.product_id]
        if rule.scope is CapScope.CAMPAIGN_TOTAL or (rule.scope is CapScope.PERSON_CAMPAIGN and not offer.campaign_id):
            return False
        if rule.event is CapEvent.CONTACTED:
            times = [
                time_ms
                for (time_ms, _), about in human.messages.items()
                if rule.scope is CapScope.PERSON or about == category_id
            ]
        else:
            times = []
            for contact in human.contacts:
                same = {
                    CapScope.PERSON: True,
                    CapScope.PERSON_STORE: contact.store_id == store_id,
                    CapScope.PERSON_CATEGORY: CATEGORY_OF[contact.offer.product_id] == category_id,
                    CapScope.PERSON_CAMPAIGN: contact.offer.campaign_id == offer.campaign_id,
                }[rule.scope]
                told_ms = {CapEvent.DELIVERED: contact.delivered_ms, CapEvent.DISPLAYED: contact.displayed_ms}
                known_ms = told_ms.get(rule.event)
                if same:
                    times.append(contact.time_ms if known_ms is None else known_ms)
        return sum(is_within(rule, zone, time_ms, now_ms) for time_ms in times) >= rule.limit_count

    def remaining(self, campaign_id: str, now_ms: int) -> int | None:
        """What a campaign's totals leave; None = they do not limit it."""
        campaign = self.campaigns[campaign_id]
        spent = self.spent[campaign_id]
        left = [campaign.budget_count - len(spent)] if campaign.budget_count else []
        for rule in (*self.rules.cap_rules, *campaign.cap_rules):
            if rule.scope is CapScope.CAMPAIGN_TOTAL:
                left.append(rule.limit_count - sum(is_within(rule, "UTC", time_ms, now_ms) for _, time_ms in spent))
        return min(left, default=None)

    def is_spent(self, campaign_id: str, now_ms: int) -> bool:
        left = self.remaining(campaign_id, now_ms)
        return left is not None and left <= 0

    def repeat(self, human: Human, offer: Offer, now_ms: int) -> OfferVerdict | None:
        policy = self.rules.policy
        for contact in human.contacts:
            if contact.offer.offer_id == offer.offer_id:
                if now_ms - contact.time_ms < policy.same_offer_after_ms:
                    return V.ALREADY_OFFERED
                if contact.ended_ms is not None and now_ms - contact.ended_ms < policy.ended_offer_after_ms:
                    return V.ALREADY_OFFERED
        if any(now_ms - contact.time_ms < policy.cooldown_ms for contact in human.contacts):
            return V.COOLDOWN
        return None

    # -- one try -----------------------------------------------------------------------------------------

    def is_quiet(self, human: Human, store_id: str, now_ms: int) -> bool:
        policy = self.rules.policy
        zone = human.zone or STORE_ZONES[store_id]
        wall = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=now_ms)).astimezone(ZoneInfo(zone))
        minute = wall.hour * 60 + wall.minute
        start, end = policy.quiet_start_minute, policy.quiet_end_minute
        return start <= minute < end if start <= end else minute >= start or minute < end

    def interest(self, human: Human, offer: Offer, now_ms: int) -> tuple[bool, bool, bool]:
        """(she is interested, she is due again, she bought too recently)."""
        category = BY_CATEGORY[CATEGORY_OF[offer.product_id]]
        about = [signal for signal in human.signals if category_of(signal) == category.category_id]
        bought_ms = max((signal.time_ms for signal in about if signal.kind is K.PURCHASE), default=None)
        returned_ms = max((signal.time_ms for signal in about if signal.kind is K.RETURN), default=None)
        if bought_ms is not None and returned_ms is not None and returned_ms >= bought_ms:
            bought_ms = None
        wanted = any(
            signal.kind in INTEREST_KINDS
            and signal.product_id in ("", offer.product_id)
            and (bought_ms is None or signal.time_ms > bought_ms)
            and now_ms - signal.time_ms <= self.rules.policy.intent_max_age_ms
            for signal in about
        )
        rule = category.repurchase
        if rule is None or bought_ms is None:
            return wanted, False, False
        wait_ms, age_ms = rule.wait_days * DAY_MS, now_ms - bought_ms
        due = rule.is_consumable and wait_ms < age_ms <= 3 * wait_ms
        return wanted, due, age_ms < wait_ms and not (wanted and rule.search_lifts_wait)

    def judge(self, human: Human, store_id: str, offer: Offer, channel: Channel, now_ms: int) -> OfferVerdict | None:
        """What stops an offer she is interested in, up to the campaign's totals; None = nothing."""
        given = human.consented()
        campaign = self.campaigns.get(offer.campaign_id)
        if offer.required_purposes & ~sum(purpose.bit for purpose in given):
            return V.PURPOSE_NOT_CONSENTED
        if BY_CATEGORY[CATEGORY_OF[offer.product_id]].is_special and Purpose.SPECIAL_CATEGORY_OFFERS not in given:
            return V.SPECIAL_CATEGORY
        if campaign is not None and campaign.paused:
            return V.OFFER_INACTIVE
        if campaign is not None and campaign.channels and not campaign.channels & channel.bit:
            return V.AUDIENCE_MISMATCH
        if self.interest(human, offer, now_ms)[2]:
            return V.RECENTLY_BOUGHT
        if now_ms < CUT_MS:
            return V.NO_PRICE_ADVANTAGE
        repeat = self.repeat(human, offer, now_ms)
        if repeat is not None:
            return repeat
        if any(self.is_full(rule, human, store_id, offer, now_ms) for rule in self.cap_rules(offer)):
            return V.FREQUENCY_CAP
        return None

    def attempt(
        self,
        human: Human,
        store_id: str,
        now_ms: int,
        *,
        channel: Channel = Channel.IN_APP,
        is_asked: bool = False,
        is_fast: bool = False,
        spent: Iterable[str] = (),
        subject: str = "",
    ) -> tuple[OfferVerdict, set[str]]:
        """(the try's verdict, the offers that may win). `spent`: campaigns known to have nothing left; `subject`: the
        product or category asked for.
        """
        needed = ASKED | ({Purpose.PUSH_MARKETING} if channel in PUSHED_CHANNELS else set()) if is_asked else WALKED
        may_be_quiet = not is_asked or channel not in (Channel.IN_APP, Channel.WEB_SHOP)
        if is_fast:
            return V.TOO_FAST, set()
        if may_be_quiet and self.is_quiet(human, store_id, now_ms):
            return V.QUIET_HOURS, set()
        if not needed <= human.consented():
            return V.PURPOSE_NOT_CONSENTED, set()
        verdicts: list[OfferVerdict] = []
        possible: set[str] = set()
        for offer in OFFERS:
            if offer.store_ids and store_id not in offer.store_ids:
                continue
            if subject not in ("", offer.product_id, CATEGORY_OF[offer.product_id]):
                continue
            wanted, due, _ = self.interest(human, offer, now_ms)
            if not wanted and not due:
                continue
            verdict = self.judge(human, store_id, offer, channel, now_ms)
            if verdict is None and offer.campaign_id in spent:
                verdict = V.BUDGET_SPENT
            if verdict is None:
                possible.add(offer.offer_id)
            else:
                verdicts.append(verdict)
        return (V.OFFERED if possible else max(verdicts, default=V.NO_INTENT)), possible


def _pick(choose: object, first: int | None, second: int | None) -> int | None:
    known = [value for value in (first, second) if value is not None]
    return choose(known) if known else None  # type: ignore[operator]
