"""Adding an exclusion zone never adds an offer (privacy M3): where fences overlap, and what holds of a whole day.

From one and the same state a ping gives with the zone what it gave without, or nothing. Over a day only less holds,
because what a zone prevented does not count against her caps: an offer she did not get here may be made elsewhere. What
holds of a day is proved here: nobody who never came near a zone is told anything else; of whoever did, nothing changes
before her first ping that the zone swallowed; a ping in a zone tells nothing at all; and the rest is as if it had never
been sent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_market import RandomMarket
from test_batches import market_without_totals, random_pings
from world import (
    EU_43,
    HOUR_MS,
    MINUTE_MS,
    NOW_MS,
    SECOND_MS,
    World,
    circle_at,
    fence,
    offer,
    ping,
    product,
    store,
    touchpoint,
    try_verdicts,
)

from geooffer.engine.engine import Engine
from geooffer.model.catalog import Category, StockFigure
from geooffer.model.columns import StructArray
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.verdicts import OfferVerdict, PingVerdict

EXCLUDED = int(PingVerdict.EXCLUSION_ZONE)
BATCH = 40


def zone(name: str, east_m: float, north_m: float, radius_m: float, buffer_m: float = 0.0) -> ExclusionZone:
    shape = circle_at(radius_m, east_m, north_m)
    return ExclusionZone(name, ZoneCategory.CLINIC, shape, round(100 * buffer_m))


def told_from_here(market: RandomMarket, device: int, east_m: float, accuracy_m: float) -> tuple[set[Any], set[int]]:
    """({(fence, event)} and {offer} of one who stands there for 70 s, verdicts of her pings); the state is put back."""
    engine = market.engine
    second = [
        ping(market.start_ms + s * SECOND_MS, device=device, east_m=east_m, accuracy_m=accuracy_m) for s in (0, 70)
    ]
    outcome = engine.step(np.concatenate(second))
    told = {("event", int(item["fence_number"]), int(item["kind"])) for item in outcome.transitions}
    told |= {("offer", int(item["offer_number"]), int(item["fence_number"])) for item in outcome.winners}
    for winner in outcome.winners:
        engine._give_back(winner)
    engine.state.people.clear_presence(engine.key_of(market.customer_of(device)))
    engine.state.people.view.devices["watermark_ms"] = -(2**62)
    return told, {int(verdict) for verdict in outcome.verdicts}


def add_zones(seed: int) -> tuple[int, int, int]:
    """Zones beside, between and over the fences come one by one; six persons at nine places each time. Returns how much
    was told at first, and in the end, and how many offers at first.
    """
    market = market_without_totals(seed)
    rng = np.random.default_rng(seed)
    spots = [
        (device, east_m, float(rng.choice([0.0, 8.0, 40.0])))
        for device in market.devices[::2]
        for east_m in np.linspace(-180, 180, 9).tolist()
    ]
    before = [told_from_here(market, *spot)[0] for spot in spots]
    at_first = [item for told in before for item in told]
    for number in range(5):
        east_m, north_m = rng.uniform(-200, 200, 2).tolist()
        zones = [zone(f"z-{number}", east_m, north_m, float(rng.uniform(5, 40)), float(rng.choice([0.0, 20.0])))]
        market.engine.put_nouns(zones, now_ms=market.start_ms)
        for index, spot in enumerate(spots):
            told, verdicts = told_from_here(market, *spot)
            assert told == (set() if EXCLUDED in verdicts else before[index])
            before[index] = told
    left = [item for told in before for item in told]
    return len(at_first), len(left), sum(item[0] == "offer" for item in at_first)


@pytest.mark.parametrize("seed", [0, 8, 20])
def test_from_one_state_a_zone_only_removes_where_seven_fences_overlap(seed: int) -> None:
    at_first, left, offer_count = add_zones(seed)
    assert at_first > left > 0
    assert offer_count > 0


@pytest.mark.long
def test_from_one_state_a_zone_only_removes_in_many_markets() -> None:
    at_first, left, offer_count = np.sum([add_zones(seed) for seed in range(40, 70)], axis=0)
    assert at_first > left > 1_000
    assert offer_count > 100


def day(market: RandomMarket, rows: StructArray) -> list[list[tuple[Any, ...]]]:
    """What is told by each row: its verdict, then events, tries and offers, without ids."""
    told: list[list[tuple[Any, ...]]] = []
    for start in range(0, len(rows), BATCH):
        outcome = market.engine.step(rows[start : start + BATCH].copy())
        decisions = market.engine.commit(outcome)
        batch: list[list[tuple[Any, ...]]] = [[("ping", int(verdict))] for verdict in outcome.verdicts]
        for item in outcome.transitions:
            batch[int(item["row"])].append(("event", *(int(item[n]) for n in ("fence_number", "kind", "cause"))))
        for item in outcome.tries:
            batch[int(item["row"])].append(
                ("try", *(int(item[n]) for n in ("fence_number", "offer_number", "verdict")))
            )
        for decision in decisions:
            batch[decision.row].append(("offer", decision.offer.offer_id, decision.score))
        told += batch
    return told


def live_days(seed: int) -> tuple[int, int, int]:
    """Some days with a zone, without it, and without the pings that it swallowed. Returns how many it swallowed, how
    many pings of who had not come near were the same, and how many offers among them.
    """
    rows = random_pings(seed, market_without_totals(seed), 800)
    # three persons keep away from where the zone will be
    keeps_away = np.isin((rows["device_key"] - 10) // 2, [0, 2, 4])
    near = circle_at(10.0, 150.0, 80.0)
    rows["latitude_e7"][keeps_away & (rows["latitude_e7"] == near.latitude_e7)] = circle_at(1.0, 0.0, 0.0).latitude_e7
    without = day(market_without_totals(seed), rows)
    market = market_without_totals(seed)
    market.engine.put_nouns([zone("z", 150.0, 80.0, 10.0)], now_ms=market.start_ms)
    zoned = day(market, rows)
    swallowed = np.array([row[0] == ("ping", EXCLUDED) for row in zoned])
    came_near: set[str] = set()
    same_count = offer_count = 0
    for row, device in enumerate(rows["device_key"].tolist()):
        person = market.customer_of(device)
        if swallowed[row]:
            came_near.add(person)
            assert len(zoned[row]) == 1, "a ping in a zone tells nothing"
        elif person not in came_near:
            assert zoned[row] == without[row]
            same_count += 1
            offer_count += any(item[0] == "offer" for item in zoned[row])
    # and of everybody: all is as if those pings had never been sent
    left = [told for told, is_swallowed in zip(zoned, swallowed.tolist(), strict=True) if not is_swallowed]
    assert left == day(market_without_totals(seed), rows[~swallowed])
    assert zoned != without
    return int(swallowed.sum()), same_count, offer_count


@pytest.mark.parametrize("seed", [0, 5, 21])
def test_over_days_a_zone_changes_nothing_for_who_was_not_near_it_yet(seed: int) -> None:
    swallowed_count, same_count, offer_count = live_days(seed)
    assert swallowed_count > 10
    assert same_count > 200
    assert offer_count > 0


@pytest.mark.long
def test_over_days_of_many_markets() -> None:
    assert np.sum([live_days(seed) for seed in range(60, 90)], axis=0).min() > 100


def two_shops() -> Engine:
    """A and B, 600 m apart, with an offer each of what she searched; a cooldown of half an hour holds."""
    world = World(touchpoints=[touchpoint(size=EU_43)])
    world.nouns = [
        store("a"),
        store("b", east_m=600.0),
        fence("fence-a", "a"),
        fence("fence-b", "b", east_m=600.0),
        Category("running-shoes"),
        product(),
        offer("offer-a", store_ids=("a",)),
        offer("offer-b", store_ids=("b",)),
    ]
    world.stock = [StockFigure(name, "shoe", EU_43, 5, NOW_MS - HOUR_MS) for name in ("a", "b")]
    return world.build()


def test_over_a_day_an_offer_that_a_zone_prevented_leaves_room_for_another() -> None:
    """What cannot hold: caps count offers, and the zone took one away. She still gets no more than her caps allow."""
    told = []
    for with_zone in (False, True):
        engine = two_shops()
        if with_zone:
            engine.put_nouns([zone("z", 0.0, 0.0, 40.0)], now_ms=NOW_MS)
        offers = []
        for minute, east_m in ((0, 0.0), (10, 600.0)):
            outcome = engine.step(ping(NOW_MS + minute * MINUTE_MS, east_m=east_m))
            offers += [decision.offer.offer_id for decision in engine.commit(outcome)]
        told.append((offers, try_verdicts(outcome)))
    assert told == [
        (["offer-a"], [OfferVerdict.COOLDOWN]),
        (["offer-b"], [OfferVerdict.OFFERED]),
    ]
