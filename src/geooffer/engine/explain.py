"""Why would this ping give an offer, or none? Slow, obvious Python over plain values (semantics D8).

It shares no deciding code with the compiled matcher beyond the look-up of fences and the constants of the score, lists
every candidate instead of stopping early, and is therefore also the matcher's oracle: both must agree on verdict,
winner and points (tests/engine/test_matcher_oracle.py).

What a whole try shares (closed, fast, quiet, standing purposes) is the verdict of all its candidates.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geooffer.engine.explain_candidate import CandidateExplanation, Circumstances
from geooffer.engine.explain_jump import way_to
from geooffer.engine.explain_shopper import LastFix, Shopper, shopper_of_device, shopper_of_slot
from geooffer.engine.explain_store import StoreState, speed_detail, state_of, written
from geooffer.engine.explain_try import explain_try, ships_only
from geooffer.engine.neighbours import distance_m
from geooffer.engine.zone_freezing import NEVER_ENDS_MS
from geooffer.kernels.consent import LOCATION_BIT
from geooffer.kernels.locate import locate_batch
from geooffer.model.catalog import Geofence, Offer, Store
from geooffer.model.columns import StructArray
from geooffer.model.kinds import PUSHED_CHANNELS, Channel
from geooffer.model.limits import FENCE_OVERLAP_COUNT_MAX
from geooffer.model.shapes import Circle
from geooffer.model.verdicts import OfferTrigger, OfferVerdict, PingVerdict, Purpose

if TYPE_CHECKING:
    from geooffer.engine.pipeline import Pipeline

__all__ = ["CandidateExplanation", "Explanation", "FenceExplanation", "explain_asked", "explain_ping"]

_PERSONAL = Purpose.SEARCH_INTENT_USE.bit | Purpose.PERSONALISED_OFFERS.bit


@dataclass(frozen=True, slots=True)
class FenceExplanation:
    """One fence over the point, or a store asked about. `verdict` is None where no offer would be tried.

    `offer_id`: of the candidate that came furthest, '' = none matched her interests; `store`: hours and closures.
    """

    geofence_id: str
    store_id: str
    covered: bool
    evidence: str
    verdict: OfferVerdict | None
    candidates: tuple[CandidateExplanation, ...]
    offer_id: str = ""
    store: StoreState | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the ping would give, and by which versions."""

    ping_verdict: PingVerdict
    fences: tuple[FenceExplanation, ...]
    catalog_generation: int
    policy_version: int


@dataclass(frozen=True, slots=True)
class _Walk:
    """A hypothetical live ping."""

    latitude_e7: int
    longitude_e7: int
    accuracy_cm: int
    speed_cm_per_s: int
    last: LastFix | None
    now_ms: int
    is_late: bool
    taken: Counter[str]
    """Offers of this very ping by campaign, which the committer counts."""


def explain_ping(
    engine: Pipeline,
    *,
    device_key: int,
    latitude_e7: int,
    longitude_e7: int,
    accuracy_cm: int,
    now_ms: int,
    speed_cm_per_s: int = -1,
    is_late: bool = False,
) -> Explanation:
    """As if the device, now here for the first time, sent a live fix. Changes nothing about anybody.

    `speed_cm_per_s` −1: not reported, so that of the way from her last fix counts. `is_late`: as if the decision
    budget ran out on the way. A saved catalog goes live first, as it would by itself within half a second.
    """
    engine.publish()
    fences: list[FenceExplanation] = []
    verdict = _ping_verdict(engine, device_key, accuracy_cm, now_ms)
    if verdict is PingVerdict.ACCEPTED and _is_excluded(engine, latitude_e7, longitude_e7, accuracy_cm, now_ms):
        verdict = PingVerdict.EXCLUSION_ZONE
    here = LastFix(now_ms, latitude_e7, longitude_e7, accuracy_cm or engine.policy.assumed_accuracy_cm)
    last = None
    if verdict is PingVerdict.ACCEPTED:
        is_jump, last = way_to(engine, device_key, here)
        verdict = PingVerdict.SUSPECT_JUMP if is_jump else verdict
    if verdict is PingVerdict.ACCEPTED:
        shopper = shopper_of_device(engine, device_key, now_ms)
        walk = _Walk(
            latitude_e7,
            longitude_e7,
            here.accuracy_cm,
            speed_cm_per_s,
            last,
            now_ms,
            is_late,
            Counter(),
        )
        for number in _covering(engine, latitude_e7, longitude_e7):
            geofence = engine.registry.geofences[engine.registry.fence_id(number)]
            fences.append(_explain_fence(engine, shopper, number, geofence, walk))
    return Explanation(verdict, tuple(fences), engine.live_generation, engine.policy.version)


def explain_asked(
    engine: Pipeline,
    *,
    person_slot: int,
    store_id: str,
    channel: Channel,
    now_ms: int,
    product_id: str = "",
    category_id: str = "",
) -> FenceExplanation:
    """As if a channel asked about one store for a person (semantics D9), without fence. Changes nothing."""
    engine.publish()
    shopper, store = shopper_of_slot(engine, person_slot, now_ms), engine.snapshot.nouns.stores[store_id]
    state = state_of(engine, store, now_ms)
    case = Circumstances(
        shopper=shopper,
        store=store,
        state=state,
        now_ms=now_ms,
        triggers=frozenset(OfferTrigger),
        purposes=_PERSONAL | (Purpose.PUSH_MARKETING.bit if channel in PUSHED_CHANNELS else 0),
        channel=channel,
        distance_m=None,
        has_dwelt=False,
        ships_only=ships_only(engine, shopper, state),
    )
    offers = [
        offer
        for offer in _offers_of(engine, store)
        if product_id in ("", offer.product_id)
        and category_id in ("", engine.snapshot.nouns.products[offer.product_id].category_id)
    ]
    verdict, furthest, told = explain_try(engine, case, offers, None, is_late=False, taken=Counter())
    return FenceExplanation("", store_id, False, "asked", verdict, told, furthest, case.state)


def _ping_verdict(engine: Pipeline, device_key: int, accuracy_cm: int, now_ms: int) -> PingVerdict:
    person_key = engine.person_of_device(device_key)
    if person_key is None or not engine.word_now(person_key, now_ms) & LOCATION_BIT:
        return PingVerdict.NO_CONSENT
    if accuracy_cm > engine.policy.accuracy_max_cm:
        return PingVerdict.ACCURACY_TOO_COARSE
    return PingVerdict.ACCEPTED


def _is_excluded(engine: Pipeline, latitude_e7: int, longitude_e7: int, accuracy_cm: int, now_ms: int) -> bool:
    """As the distance of two shapes, one of them her accuracy circle: not by the index that pings are tested with."""
    circle = Circle(latitude_e7, longitude_e7, accuracy_cm or engine.policy.assumed_accuracy_cm)
    return any(
        zone.valid_from_ms <= now_ms < (zone.valid_until_ms or NEVER_ENDS_MS) for zone in engine.zones_near(circle)
    )


def _covering(engine: Pipeline, latitude_e7: int, longitude_e7: int) -> list[int]:
    starts = np.zeros(2, dtype=np.int32)
    hits = np.zeros(2 * FENCE_OVERLAP_COUNT_MAX, dtype=np.int32)
    latitudes = np.array([latitude_e7], dtype=np.int32)
    longitudes = np.array([longitude_e7], dtype=np.int32)
    wanted = np.ones(1, dtype=np.uint8)
    locate_batch(engine.snapshot.fences, latitudes, longitudes, wanted, starts, hits, 1)
    return [int(number) for number in hits[: starts[1]]]


def _explain_fence(
    engine: Pipeline, shopper: Shopper, number: int, geofence: Geofence, walk: _Walk
) -> FenceExplanation:
    policy = engine.policy
    row = engine.snapshot.fences.fences[number]
    validity = _not_in_force(row, walk.now_ms)
    if validity:
        return FenceExplanation(geofence.geofence_id, geofence.store_id, True, validity, None, ())
    equivalent_cm = int(row["inside_accuracy_cm"]) or max(
        policy.inside_accuracy_floor_cm, int(row["radius_equivalent_cm"])
    )
    bound_cm = min(policy.accuracy_max_cm, equivalent_cm)
    if walk.accuracy_cm > bound_cm:
        accuracy_m, bound_m = walk.accuracy_cm / 100, bound_cm / 100
        evidence = f"none: accuracy {accuracy_m:.0f} m is worse than this fence's bound of {bound_m:.0f} m"
        return FenceExplanation(geofence.geofence_id, geofence.store_id, True, evidence, None, ())
    if not geofence.store_id:
        return FenceExplanation(geofence.geofence_id, "", True, "inside", None, ())
    store = engine.snapshot.nouns.stores[geofence.store_id]
    state = state_of(engine, store, walk.now_ms)
    case = Circumstances(
        shopper=shopper,
        store=store,
        state=state,
        now_ms=walk.now_ms,
        triggers=frozenset({OfferTrigger.ENTER}),
        purposes=_PERSONAL | Purpose.PRECISE_LOCATION_FOR_OFFERS.bit,
        channel=Channel.IN_APP,
        distance_m=int(distance_m(walk.latitude_e7, walk.longitude_e7, store.latitude_e7, store.longitude_e7)),
        has_dwelt=False,
        ships_only=ships_only(engine, shopper, state),
    )
    fast = speed_detail(
        policy,
        speed_cm_per_s=walk.speed_cm_per_s,
        last=walk.last,
        here=(walk.latitude_e7, walk.longitude_e7),
        accuracy_cm=walk.accuracy_cm,
        now_ms=walk.now_ms,
    )
    verdict, furthest, told = explain_try(
        engine, case, _offers_of(engine, store), fast, is_late=walk.is_late, taken=walk.taken
    )
    return FenceExplanation(geofence.geofence_id, store.store_id, True, "inside", verdict, told, furthest, state)


def _not_in_force(row: StructArray, now_ms: int) -> str:
    """A sentence where the validity of a fence (FENCE_ROW) has not begun or is over, else ''."""
    if now_ms < row["valid_from_ms"]:
        return f"none: this fence is in force from {written('UTC', int(row['valid_from_ms']))} UTC"
    if now_ms >= row["valid_until_ms"]:
        return f"none: this fence was in force until {written('UTC', int(row['valid_until_ms']))} UTC"
    return ""


def _offers_of(engine: Pipeline, store: Store) -> list[Offer]:
    """The store's offers, by id."""
    offers = sorted(engine.snapshot.nouns.offers.items())
    return [offer for _, offer in offers if not offer.store_ids or store.store_id in offer.store_ids]
