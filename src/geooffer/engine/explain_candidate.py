"""One candidate offer, judged slowly: semantics D1 read from top to bottom, with the figures that decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from geooffer.engine.explain_caps import caps_problem
from geooffer.engine.explain_score import Wish, is_held_out, points_by_factor, waiting_detail, wish_for
from geooffer.engine.explain_shopper import Shopper
from geooffer.engine.explain_store import Opening, StoreState, written
from geooffer.engine.explain_supply import Supply, price_at, price_problem, supply_of
from geooffer.model.catalog import Campaign, Category, Offer, Product, Store
from geooffer.model.columns import FACTORS
from geooffer.model.kinds import PUSHED_CHANNELS, AccountKind, Channel, Fulfilment
from geooffer.model.policy import DAY_MS
from geooffer.model.verdicts import OfferTrigger, OfferVerdict, Purpose, TouchpointKind

if TYPE_CHECKING:
    from geooffer.engine.pipeline import Pipeline

V = OfferVerdict


@dataclass(frozen=True, slots=True)
class Circumstances:
    """One try: who, where, when, how. `distance_m` None = no place of hers is known."""

    shopper: Shopper
    store: Store
    state: StoreState
    now_ms: int
    triggers: frozenset[OfferTrigger]
    purposes: int
    channel: Channel
    distance_m: int | None
    has_dwelt: bool
    ships_only: bool
    """The store is closed, but she asked to be told of shipping then."""


@dataclass(frozen=True, slots=True)
class CandidateExplanation:
    """One offer of the store: its verdict and the figures behind it in one sentence.

    `score` is the sum of `points`, by model/columns.FACTORS; both are 0 where it did not come so far. `fulfilment` and
    `supply_store_id` say where the goods are, `reason_kind` what interest speaks for it (PURCHASE = due again).
    """

    offer_id: str
    verdict: OfferVerdict
    score: int
    detail: str
    points: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FACTORS, 0))
    fulfilment: Fulfilment | None = None
    supply_store_id: str = ""
    reason_kind: TouchpointKind | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer and how far it came; OFFERED means only that nothing stops it before ranking."""

    offer: Offer
    campaign: Campaign
    is_wanted: bool
    is_held_out: bool
    told: CandidateExplanation


def campaign_of(engine: Pipeline, offer: Offer) -> Campaign:
    """The offer's campaign, or one without any rule that stands for none."""
    return engine.snapshot.nouns.campaigns[offer.campaign_id] if offer.campaign_id else Campaign("")


def judge(engine: Pipeline, case: Circumstances, offer: Offer) -> Candidate:
    """The first verdict that applies, after what all candidates share (hours, speed, quiet hours, purposes)."""
    nouns, shopper = engine.snapshot.nouns, case.shopper
    product, campaign = nouns.products[offer.product_id], campaign_of(engine, offer)
    category = nouns.categories[product.category_id]
    wish = wish_for(engine, shopper, product, category, case.now_ms)
    supply = supply_of(engine, shopper, case.store, offer, campaign, case.ships_only, case.now_ms)
    stopped = (
        _closed(case, campaign, supply)
        or _not_allowed(case, offer, category)
        or _inactive(case, offer, campaign)
        or _not_for_her(case, campaign)
        or _not_wanted(engine, shopper, category, wish, case.now_ms)
    )
    if stopped is None and supply.verdict is not None:
        stopped = supply.verdict, supply.detail
    if stopped is None:
        problem = price_problem(engine, supply.store, offer, case.now_ms)
        stopped = (V.NO_PRICE_ADVANTAGE, problem) if problem else None
    if stopped is None:
        stopped = caps_problem(engine, shopper, case.store, offer, campaign, category.category_id, case.now_ms)
    if stopped is not None:
        told = CandidateExplanation(offer.offer_id, stopped[0], 0, stopped[1])
    else:
        told = _scored(engine, case, offer, campaign, product, wish, supply)
    return Candidate(offer, campaign, wish.is_there, is_held_out(engine, shopper, campaign), told)


def _closed(case: Circumstances, campaign: Campaign, supply: Supply) -> tuple[OfferVerdict, str] | None:
    if case.state.opening is Opening.UNKNOWN and not campaign.is_open_when_hours_unknown:
        return V.STORE_CLOSED, f"{case.state.detail}, which this campaign treats as closed"
    if supply.verdict is V.STORE_CLOSED:
        return V.STORE_CLOSED, f"{case.state.detail}; {supply.detail}"
    return None


def _not_allowed(case: Circumstances, offer: Offer, category: Category) -> tuple[OfferVerdict, str] | None:
    missing = offer.required_purposes & ~case.shopper.consent_bits
    if missing:
        return V.PURPOSE_NOT_CONSENTED, f"this offer needs consent to {purpose_names(missing)}"
    if category.is_special and not case.shopper.consent_bits & Purpose.SPECIAL_CATEGORY_OFFERS.bit:
        return V.SPECIAL_CATEGORY, f"{category.category_id} is a special category, to which she did not consent"
    return None


def _inactive(case: Circumstances, offer: Offer, campaign: Campaign) -> tuple[OfferVerdict, str] | None:
    zone = case.store.time_zone
    if offer.paused:
        return V.OFFER_INACTIVE, "the offer is paused"
    if campaign.paused:
        return V.OFFER_INACTIVE, f"campaign {campaign.campaign_id} is paused"
    if case.now_ms < offer.valid_from_ms:
        return V.OFFER_INACTIVE, f"valid from {written(zone, offer.valid_from_ms)}"
    if case.now_ms >= offer.valid_until_ms:
        return V.OFFER_INACTIVE, f"valid until {written(zone, offer.valid_until_ms)}"
    if offer.trigger not in case.triggers:
        return V.OFFER_INACTIVE, f"waits for {offer.trigger.name}"
    return None


def _not_for_her(case: Circumstances, campaign: Campaign) -> tuple[OfferVerdict, str] | None:
    shopper = case.shopper
    if shopper.channel is not None and case.channel in PUSHED_CHANNELS and shopper.channel is not case.channel:
        return V.AUDIENCE_MISMATCH, f"she wants to be addressed by {shopper.channel.name}, this is {case.channel.name}"
    if shopper.tier < campaign.minimum_tier:
        return V.AUDIENCE_MISMATCH, f"for tier {campaign.minimum_tier} and up, hers is {shopper.tier}"
    if not campaign.account_kinds & shopper.account_kind.bit:
        kinds = ", ".join(kind.name.lower() for kind in AccountKind if campaign.account_kinds & kind.bit)
        return V.AUDIENCE_MISMATCH, f"for {kinds or 'no'} accounts, hers is {shopper.account_kind.name.lower()}"
    if campaign.channels and not campaign.channels & case.channel.bit:
        names = ", ".join(channel.name for channel in Channel if campaign.channels & channel.bit)
        return V.AUDIENCE_MISMATCH, f"for {names}, this is {case.channel.name}"
    if campaign.audience_id and campaign.audience_id not in shopper.audience_ids:
        return V.AUDIENCE_MISMATCH, f"she is not on list {campaign.audience_id}"
    return None


def _not_wanted(
    engine: Pipeline, shopper: Shopper, category: Category, wish: Wish, now_ms: int
) -> tuple[OfferVerdict, str] | None:
    if not wish.is_there:
        days = engine.policy.intent_max_age_ms / DAY_MS
        return V.NO_INTENT, f"no live search, view, wish or cart of the last {days:g} days matches, nothing is due"
    waiting = waiting_detail(shopper, category, wish, now_ms)
    return (V.RECENTLY_BOUGHT, waiting) if waiting else None


def _scored(
    engine: Pipeline,
    case: Circumstances,
    offer: Offer,
    campaign: Campaign,
    product: Product,
    wish: Wish,
    supply: Supply,
) -> CandidateExplanation:
    points = points_by_factor(
        engine,
        case.shopper,
        product,
        wish,
        supply,
        distance_m=case.distance_m,
        has_dwelt=case.has_dwelt,
        closes_ms=case.state.closes_ms,
        now_ms=case.now_ms,
    )
    score = sum(points.values())
    floor = max(engine.policy.score_floor, campaign.score_floor)
    price = price_at(engine, supply.store, offer.product_id, case.now_ms)
    assert price is not None
    parts = " + ".join(f"{name} {value}" for name, value in points.items() if value) or "nothing"
    detail = f"price {price[0]}, lowest of 30 days {price[1]}; {supply.detail}; score {score} = {parts}"
    verdict = V.OFFERED
    if score < floor:
        verdict, detail = V.BELOW_RELEVANCE, f"score {score} = {parts}, under the floor of {floor}"
    is_due = wish.points is None or (wish.due is not None and wish.due > wish.points)
    return CandidateExplanation(
        offer_id=offer.offer_id,
        verdict=verdict,
        score=score,
        detail=detail,
        points=points,
        fulfilment=supply.fulfilment,
        supply_store_id=supply.store.store_id,
        reason_kind=TouchpointKind.PURCHASE if is_due else wish.kind,
    )


def purpose_names(mask: int) -> str:
    """The purposes of a mask, for a sentence."""
    return ", ".join(purpose.name.lower() for purpose in Purpose if mask & purpose.bit)
