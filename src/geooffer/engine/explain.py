"""Why would this ping give an offer, or none? Slow, obvious Python over the same tables (semantics D8).

It shares no code with the compiled matcher beyond the look-up of fences and constants of the score, lists every
candidate instead of stopping early, and is therefore also the matcher's oracle: both must agree on verdict and winner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geooffer.engine.explain_candidate import Candidate, Contact, Shopper, judge
from geooffer.engine.hours import store_hours
from geooffer.kernels.locate import locate_batch
from geooffer.kernels.occasion import PROXIMITY_PURPOSES
from geooffer.model.catalog import Geofence, Store
from geooffer.model.limits import FENCE_OVERLAP_COUNT_MAX
from geooffer.model.policy import DAY_MS
from geooffer.model.verdicts import OfferTrigger, OfferVerdict, PingVerdict, Purpose

if TYPE_CHECKING:
    from geooffer.engine.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class CandidateExplanation:
    """One offer of the store: its verdict and score, and the figures behind them in one sentence."""

    offer_id: str
    verdict: OfferVerdict
    score: int
    detail: str


@dataclass(frozen=True, slots=True)
class FenceExplanation:
    """One fence over the point. `verdict` is None where no offer would be tried."""

    geofence_id: str
    store_id: str
    covered: bool
    evidence: str
    verdict: OfferVerdict | None
    candidates: tuple[CandidateExplanation, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the ping would give, and by which versions."""

    ping_verdict: PingVerdict
    fences: tuple[FenceExplanation, ...]
    catalog_generation: int
    policy_version: int


def explain_ping(
    engine: Pipeline, *, device_key: int, latitude_e7: int, longitude_e7: int, accuracy_cm: int, now_ms: int
) -> Explanation:
    """As if the device, now here for the first time, sent a live fix. Changes nothing about anybody.

    A saved catalog goes live first, as it would by itself within half a second.
    """
    engine.publish()
    fences: list[FenceExplanation] = []
    verdict = _ping_verdict(engine, device_key, accuracy_cm)
    if verdict is PingVerdict.ACCEPTED:
        shopper = Shopper.of_device(engine, device_key)
        for number in _covering(engine, latitude_e7, longitude_e7):
            geofence = engine.registry.geofences[engine.registry.fence_id(number)]
            fences.append(_explain_fence(engine, shopper, number, geofence, accuracy_cm, now_ms))
    return Explanation(verdict, tuple(fences), engine.live_generation, engine.policy.version)


def _ping_verdict(engine: Pipeline, device_key: int, accuracy_cm: int) -> PingVerdict:
    if not engine.location_wanted(device_key):
        return PingVerdict.NO_CONSENT
    if accuracy_cm > engine.policy.accuracy_max_cm:
        return PingVerdict.ACCURACY_TOO_COARSE
    return PingVerdict.ACCEPTED


def _covering(engine: Pipeline, latitude_e7: int, longitude_e7: int) -> list[int]:
    starts = np.zeros(2, dtype=np.int32)
    hits = np.zeros(2 * FENCE_OVERLAP_COUNT_MAX, dtype=np.int32)
    latitudes = np.array([latitude_e7], dtype=np.int32)
    longitudes = np.array([longitude_e7], dtype=np.int32)
    wanted = np.ones(1, dtype=np.uint8)
    locate_batch(engine.snapshot.fences, latitudes, longitudes, wanted, starts, hits, 1)
    return [int(number) for number in hits[: starts[1]]]


def _explain_fence(
    engine: Pipeline, shopper: Shopper, number: int, geofence: Geofence, accuracy_cm: int, now_ms: int
) -> FenceExplanation:
    policy = engine.policy
    used_cm = accuracy_cm or policy.assumed_accuracy_cm
    equivalent_cm = int(engine.snapshot.fences.fences["radius_equivalent_cm"][number])
    bound_cm = min(policy.accuracy_max_cm, max(policy.inside_accuracy_floor_cm, equivalent_cm))
    if used_cm > bound_cm:
        evidence = f"none: accuracy {used_cm / 100:.0f} m is worse than this fence's bound of {bound_cm / 100:.0f} m"
        return FenceExplanation(geofence.geofence_id, geofence.store_id, True, evidence, None, ())
    evidence = "inside"
    if not geofence.store_id:
        return FenceExplanation(geofence.geofence_id, "", True, evidence, None, ())
    store = engine.snapshot.nouns.stores[geofence.store_id]
    verdict, candidates = _explain_try(engine, shopper, store, now_ms)
    return FenceExplanation(geofence.geofence_id, store.store_id, True, evidence, verdict, candidates)


def _explain_try(
    engine: Pipeline, shopper: Shopper, store: Store, now_ms: int
) -> tuple[OfferVerdict, tuple[CandidateExplanation, ...]]:
    """The try's verdict and all candidates, by offer id; a winner's caps count for the fences after this one.

    Candidates are the store's offers, and what matches her interest but is for other stores (OFFER_INACTIVE).
    """
    nouns = engine.snapshot.nouns
    offers = [offer for offer in nouns.offers.values() if not offer.store_ids or store.store_id in offer.store_ids]
    offers.sort(key=lambda offer: offer.offer_id)
    if not _is_open(engine, store, now_ms):
        told = [_same(offer.offer_id, OfferVerdict.STORE_CLOSED, "closed, or about to close") for offer in offers]
        return OfferVerdict.STORE_CLOSED, tuple(told)
    missing = PROXIMITY_PURPOSES & ~shopper.consent_bits
    if missing:
        detail = f"missing consent: {_purpose_names(missing)}"
        told = [_same(offer.offer_id, OfferVerdict.PURPOSE_NOT_CONSENTED, detail) for offer in offers]
        return OfferVerdict.PURPOSE_NOT_CONSENTED, tuple(told)
    judged = [judge(engine, shopper, store, offer, OfferTrigger.ENTER, now_ms) for offer in nouns.offers.values()]
    judged = [candidate for candidate in judged if candidate.offer in offers or candidate.matches_intent]
    judged.sort(key=lambda candidate: candidate.offer.offer_id)
    winners = [candidate for candidate in judged if candidate.verdict is OfferVerdict.OFFERED]
    winner = min(winners, key=lambda item: (-item.score, item.offer.offer_id), default=None)
    told = [_told(candidate, winner) for candidate in judged]
    if winner is not None:
        shopper.contacts.append(Contact(now_ms, store.store_id, winner.offer.offer_id))
        return OfferVerdict.OFFERED, tuple(told)
    matching = [candidate.verdict for candidate in judged if candidate.matches_intent]
    return max(matching, default=OfferVerdict.NO_INTENT), tuple(told)


def _same(offer_id: str, verdict: OfferVerdict, detail: str) -> CandidateExplanation:
    return CandidateExplanation(offer_id, verdict, 0, detail)


def _told(candidate: Candidate, winner: Candidate | None) -> CandidateExplanation:
    verdict, detail = candidate.verdict, candidate.detail
    if verdict is OfferVerdict.OFFERED and winner is not None and candidate is not winner:
        verdict = OfferVerdict.OUTRANKED
        detail = f"score {candidate.score} is behind {winner.offer.offer_id} with {winner.score}"
    return CandidateExplanation(candidate.offer.offer_id, verdict, candidate.score, detail)


def _is_open(engine: Pipeline, store: Store, now_ms: int) -> bool:
    margin_ms = engine.policy.closing_margin_ms
    intervals = store_hours(store, now_ms // DAY_MS) or ()
    return any(opens <= now_ms < closes and closes - now_ms >= margin_ms for opens, closes in intervals)


def _purpose_names(mask: int) -> str:
    return ", ".join(purpose.name.lower() for purpose in Purpose if mask & purpose.bit)
