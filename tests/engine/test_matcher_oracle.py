"""The compiled matcher, the slow explanation and the obvious matcher must agree on every try of random worlds."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from random_market import RandomMarket, random_market
from world import MINUTE_MS, NOW_MS, east_e7, north_e7, ping

from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.verdicts import OfferTrigger, OfferVerdict, TransitionKind

Told = list[tuple[str, OfferVerdict, str]]
"""(fence id, verdict, winning offer id) of each try of a ping."""


def step_and_commit(world: RandomMarket, device: int, now_ms: int) -> tuple[Told, set[str]]:
    """What the compiled matcher says, and the fences it dwelt in."""
    outcome = world.engine.step(ping(now_ms, device=device))
    winners = {int(w["try_index"]): world.engine.registry.offer_id(int(w["offer_number"])) for w in outcome.winners}
    decisions = world.engine.commit(outcome)
    assert [decision.offer.offer_id for decision in decisions] == list(winners.values())
    registry = world.engine.registry
    told = [
        (registry.fence_id(int(item["fence_number"])), OfferVerdict(int(item["verdict"])), winners.get(index, ""))
        for index, item in enumerate(outcome.tries)
    ]
    dwelt = outcome.transitions[outcome.transitions["kind"] == TransitionKind.DWELL]
    return told, {registry.fence_id(int(item["fence_number"])) for item in dwelt}


def explained(world: RandomMarket, device: int, now_ms: int) -> Told:
    explanation = world.engine.explain(
        device_key=device, latitude_e7=north_e7(0), longitude_e7=east_e7(0), accuracy_cm=1_000, now_ms=now_ms
    )
    told: Told = []
    for item in explanation.fences:
        assert item.verdict is not None
        winners = [c.offer_id for c in item.candidates if c.verdict is OfferVerdict.OFFERED]
        told.append((item.geofence_id, item.verdict, winners[0] if winners else ""))
        assert len(winners) <= 1
    return told


def obvious(world: RandomMarket, device: int, now_ms: int, triggers: set[OfferTrigger], fences: list[str]) -> Told:
    person = world.people[world.devices[device]]
    told: Told = []
    for fence_id in fences:
        store = world.stores[world.fence_stores[int(fence_id.removeprefix("fence-"))]]
        verdict, winner = world.market.attempt(store, person, triggers, now_ms)
        told.append((fence_id, verdict, winner))
    return told


def compare(seed: int, ping_count: int) -> Counter[OfferVerdict]:
    """Fresh visits of random people at random times, each with a dwell a minute later."""
    world = random_market(seed)
    rng = np.random.default_rng(seed + 10**6)
    fences = [f"fence-{index}" for index in range(len(world.fence_stores))]
    seen: Counter[OfferVerdict] = Counter()
    now_ms = NOW_MS
    for _ in range(ping_count):
        now_ms += int(rng.choice([20 * MINUTE_MS, HOUR_MS, 5 * HOUR_MS, DAY_MS], p=[0.5, 0.3, 0.15, 0.05]))
        now_ms += int(rng.integers(0, MINUTE_MS))
        device = int(rng.choice(list(world.devices)))
        by_explain = explained(world, device, now_ms)
        by_step, _ = step_and_commit(world, device, now_ms)
        by_hand = obvious(world, device, now_ms, {OfferTrigger.ENTER}, fences)
        assert by_step == by_hand
        assert by_step == by_explain
        seen.update(verdict for _, verdict, _ in by_step)
        dwell_ms = now_ms + MINUTE_MS
        asking = [
            fence_id
            for fence_id, store_id in zip(fences, world.fence_stores, strict=True)
            if any(
                item.trigger is OfferTrigger.DWELL and (not item.store_ids or store_id in item.store_ids)
                for item in world.market.offers.values()
            )
        ]
        by_step, dwelt = step_and_commit(world, device, dwell_ms)
        assert dwelt == set(fences)
        assert by_step == obvious(world, device, dwell_ms, {OfferTrigger.DWELL}, asking)
        seen.update(verdict for _, verdict, _ in by_step)
    return seen


def test_the_matcher_agrees_with_explain_and_with_the_obvious_matcher() -> None:
    """D1, D8 over random worlds; together they meet every verdict of step 1 that a try can end in."""
    seen: Counter[OfferVerdict] = Counter()
    for seed in range(40):
        seen += compare(seed, 25)
    assert set(seen) == {
        OfferVerdict.STORE_CLOSED,
        OfferVerdict.PURPOSE_NOT_CONSENTED,
        OfferVerdict.OFFER_INACTIVE,
        OfferVerdict.NO_INTENT,
        OfferVerdict.SIZE_MISMATCH,
        OfferVerdict.OUT_OF_STOCK,
        OfferVerdict.NO_PRICE_ADVANTAGE,
        OfferVerdict.ALREADY_OFFERED,
        OfferVerdict.COOLDOWN,
        OfferVerdict.FREQUENCY_CAP,
        OfferVerdict.OFFERED,
    }


@pytest.mark.long
@pytest.mark.parametrize("block", range(10))
def test_the_matcher_agrees_in_many_worlds(block: int) -> None:
    for seed in range(1_000 + 60 * block, 1_060 + 60 * block):
        compare(seed, 40)
