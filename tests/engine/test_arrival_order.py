"""Offers and events do not depend on the order in which different persons' pings arrive, nor on the batches.

In a tick all rows arrive in one millisecond; between the runs the persons of each tick are mingled otherwise, each in
her own order. What persons share is taken away: campaign totals go to whoever comes first (D10).

One person's devices do share something, her caps: mingled otherwise, another of them may get her offer. Presence is
each device's own, so her events stay the same.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from random_market import RandomMarket
from test_batches import market_without_totals
from world import MINUTE_MS, east_e7, north_e7

from geooffer.model.columns import PING, Int64Array, StructArray
from geooffer.model.policy import DAY_MS

STRANGER = 99
TICK_ROWS = 14
Told = dict[int, list[tuple[object, ...]]]


def ticking_pings(seed: int, market: RandomMarket, tick_count: int) -> StructArray:
    """Ticks of 14 rows of 12 known devices and a stranger; in and out of the fences, old, coarse and repeated too."""
    rng = np.random.default_rng(seed)
    count = tick_count * TICK_ROWS
    gaps_ms = rng.choice([1_000, 30_000, 40 * MINUTE_MS, DAY_MS], size=tick_count, p=[0.4, 0.45, 0.13, 0.02])
    rows = np.zeros(count, dtype=PING)
    rows["now_ms"] = np.repeat(market.start_ms + np.cumsum(gaps_ms), TICK_ROWS)
    rows["device_key"] = rng.choice([*market.devices, STRANGER], count)
    ages_ms = rng.choice([0, 200, 5_000, 90_000, -60_000], size=count, p=[0.6, 0.2, 0.1, 0.05, 0.05])
    rows["fix_time_ms"] = rows["now_ms"] - ages_ms
    rows["latitude_e7"] = [north_e7(float(north)) for north in rng.choice([0, 80, 150, 400], count)]
    rows["longitude_e7"] = [east_e7(float(east)) for east in rng.choice([0, 80, 150, 400], count)]
    rows["accuracy_cm"] = rng.choice([0, 500, 4_000, 20_000, -1], size=count, p=[0.1, 0.65, 0.2, 0.03, 0.02])
    rows["speed_cm_per_s"] = 100
    return rows


def person_of(device: int) -> int:
    return device if device == STRANGER else (device - 10) // 2


def mingled(rows: StructArray, seed: int, owner_of: Callable[[int], int]) -> StructArray:
    """Within each tick a random merge of the owners' own sequences."""
    rng = np.random.default_rng(seed)
    owners = np.array([owner_of(device) for device in rows["device_key"].tolist()], dtype=np.int64)
    order: list[int] = []
    for start in range(0, len(rows), TICK_ROWS):
        order += [start + place for place in _merge(rng, owners[start : start + TICK_ROWS])]
    return rows[order]


def _merge(rng: np.random.Generator, owners: Int64Array) -> list[int]:
    left = {owner: iter(np.flatnonzero(owners == owner).tolist()) for owner in np.unique(owners).tolist()}
    return [next(left[owner]) for owner in rng.permutation(owners).tolist()]


def run(seed: int, rows: StructArray, cut_seed: int, owner_of: Callable[[int], int]) -> tuple[Told, Told]:
    """(what happened to the pings of each owner in her order, offers of each person): no row numbers, no ids."""
    engine = market_without_totals(seed).engine
    rng = np.random.default_rng(cut_seed)
    cuts = sorted(rng.choice(np.arange(1, len(rows)), int(rng.integers(0, len(rows) // 2)), replace=False).tolist())
    events: Told = {}
    offers: Told = {}
    for start, end in pairwise([0, *cuts, len(rows)]):
        batch = rows[start:end].copy()
        outcome = engine.step(batch)
        decisions = engine.commit(outcome)
        devices = batch["device_key"].tolist()
        for row, verdict in enumerate(outcome.verdicts.tolist()):
            events.setdefault(owner_of(devices[row]), []).append(("ping", devices[row], verdict))
            own = outcome.transitions[outcome.transitions["row"] == row]
            for item in own[["device_key", "event_time_ms", "fence_number", "kind", "cause", "historical"]].tolist():
                events[owner_of(devices[row])].append(item)
        for item, row in zip(
            outcome.tries[["time_ms", "fence_number", "store_number", "offer_number", "verdict"]].tolist(),
            outcome.tries["row"].tolist(),
            strict=True,
        ):
            offers.setdefault(person_of(devices[row]), []).append(("try", devices[row], *item))
        for decision in decisions:
            person = person_of(devices[decision.row])
            offers.setdefault(person, []).append(
                ("offer", decision.offer.offer_id, decision.score, decision.reason_kind, devices[decision.row])
            )
    # tries are told before decisions of the same batch, so only each by itself has an order
    return events, {person: sorted(told, key=lambda item: str(item[0])) for person, told in offers.items()}


SEEDS = [0, 8, 20, *(pytest.param(seed, marks=pytest.mark.long) for seed in (3, 5, 6, 21))]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_persons_and_the_batches_change_no_event_and_no_offer(seed: int) -> None:
    rows = ticking_pings(seed, market_without_totals(seed), 60)
    whole = run(seed, rows, 1, person_of)
    assert sum(item[0] == "offer" for told in whole[1].values() for item in told) > 0
    for order_seed in (11, 12):
        other = mingled(rows, order_seed, person_of)
        assert other.tobytes() != rows.tobytes()
        assert run(seed, other, order_seed, person_of) == whole


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_devices_changes_no_event(seed: int) -> None:
    rows = ticking_pings(seed, market_without_totals(seed), 60)

    def own(device: int) -> int:
        return device

    events, _ = run(seed, rows, 1, own)
    assert run(seed, mingled(rows, 13, own), 13, own)[0] == events


def test_the_comparison_sees_an_order_that_matters() -> None:
    """Rows of one person the other way round are another story."""
    rows = ticking_pings(0, market_without_totals(0), 60)
    turned = np.concatenate([rows[start : start + TICK_ROWS][::-1] for start in range(0, len(rows), TICK_ROWS)])
    assert run(0, turned, 1, person_of) != run(0, rows, 1, person_of)
