"""One try, told slowly: what stops all candidates alike, each one's verdict, the winner and what becomes of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from geooffer.engine.explain_candidate import (
    Candidate,
    CandidateExplanation,
    Circumstances,
    judge,
    purpose_names,
)
from geooffer.engine.explain_shopper import Contact, Shopper
from geooffer.engine.explain_store import Opening, StoreState, quiet_detail, zone_of
from geooffer.model.catalog import Campaign, Offer
from geooffer.model.kinds import Channel, FulfilmentPreference
from geooffer.model.verdicts import OfferVerdict

if TYPE_CHECKING:
    from geooffer.engine.pipeline import Pipeline

V = OfferVerdict
_LOOKED_AT_BY_HERSELF = (Channel.IN_APP, Channel.WEB_SHOP)


def ships_only(engine: Pipeline, shopper: Shopper, state: StoreState) -> bool:
    """The store is closed, but she prefers shipping and there is a shop that ships (S11)."""
    ships = any(store.is_online for store in engine.snapshot.nouns.stores.values())
    return state.opening is Opening.CLOSED and ships and shopper.fulfilment is FulfilmentPreference.SHIP


def _shared_verdict(engine: Pipeline, case: Circumstances, fast: str | None) -> tuple[OfferVerdict, str] | None:
    """What stops all candidates of a try alike (the kill switch, D1.1–4)."""
    if engine.policy.offers_stopped:
        return V.OFFERS_STOPPED, "all offers are stopped (geooffer policy show)"
    if case.state.opening is Opening.CLOSED and not case.ships_only:
        return V.STORE_CLOSED, case.state.detail
    if fast:
        return V.TOO_FAST, fast
    by_herself = case.distance_m is None and case.channel in _LOOKED_AT_BY_HERSELF
    quiet = None if by_herself else quiet_detail(engine.policy, zone_of(case.shopper, case.store), case.now_ms)
    if quiet:
        return V.QUIET_HOURS, quiet
    missing = case.purposes & ~case.shopper.consent_bits
    return (V.PURPOSE_NOT_CONSENTED, f"missing consent: {purpose_names(missing)}") if missing else None


def explain_try(
    engine: Pipeline,
    case: Circumstances,
    offers: list[Offer],
    fast: str | None,
    *,
    is_late: bool,
    taken: Counter[str],
) -> tuple[OfferVerdict, str, tuple[CandidateExplanation, ...]]:
    """(the try's verdict, the offer that came furthest, all candidates by id).

    A winner's caps count for the fences after this one, also where it is taken back in the end: that comes later.
    """
    shared = _shared_verdict(engine, case, fast)
    if shared is not None:
        told = tuple(CandidateExplanation(offer.offer_id, shared[0], 0, shared[1]) for offer in offers)
        return shared[0], "", told
    judged = [judge(engine, case, offer) for offer in offers]
    winners = [candidate for candidate in judged if candidate.told.verdict is V.OFFERED]
    winner = min(winners, key=lambda item: (-item.told.score, item.offer.offer_id), default=None)
    if winner is None:
        wanted = [candidate for candidate in judged if candidate.is_wanted]
        furthest = min(wanted, key=lambda item: (-item.told.verdict, item.offer.offer_id), default=None)
        told = tuple(candidate.told for candidate in judged)
        if furthest is None:
            return (V.STORE_CLOSED if case.ships_only else V.NO_INTENT), "", told
        return furthest.told.verdict, furthest.offer.offer_id, told
    best = _committed(engine, winner, case.now_ms, is_late, taken)
    product = engine.snapshot.nouns.products[winner.offer.product_id]
    contact = Contact(
        is_offer=True,
        decided_ms=case.now_ms,
        store_id=case.store.store_id,
        offer_id=winner.offer.offer_id,
        category_id=product.category_id,
        campaign_id=winner.offer.campaign_id,
    )
    case.shopper.contacts.append(contact)
    told = tuple(best if candidate is winner else _outranked(candidate, best) for candidate in judged)
    return best.verdict, winner.offer.offer_id, told


def _committed(
    engine: Pipeline, winner: Candidate, now_ms: int, is_late: bool, taken: Counter[str]
) -> CandidateExplanation:
    """What becomes of the winner: held out, late, refused by the committer for its campaign's total, or offered."""
    told = winner.told
    if is_late:
        return replace(told, verdict=V.TOO_LATE, detail=f"the decision budget ran out; {told.detail}")
    if winner.is_held_out:
        return replace(
            told, verdict=V.HELD_OUT, detail=f"would have won, but she is in the control group; {told.detail}"
        )
    campaign = winner.campaign
    if campaign.campaign_id:
        number = engine.registry.number(Campaign, campaign.campaign_id)
        if engine.campaign_remaining(number, now_ms) - taken[campaign.campaign_id] <= 0:
            detail = f"campaign {campaign.campaign_id} has nothing left after the offers of this very ping"
            return replace(told, verdict=V.BUDGET_SPENT, detail=detail)
        taken[campaign.campaign_id] += 1
    return told


def _outranked(candidate: Candidate, best: CandidateExplanation) -> CandidateExplanation:
    """Whoever nothing stops but the winner is behind it."""
    told = candidate.told
    if told.verdict is not V.OFFERED:
        return told
    detail = f"score {told.score} is behind {best.offer_id} with {best.score}"
    return replace(told, verdict=V.OUTRANKED, detail=detail)
