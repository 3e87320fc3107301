"""S5, relevant or silent: 100,000 pings of people without a matching intent give no offer at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from running_shoes import (
    LATITUDE,
    LONGITUDE,
    METRE_EAST,
    NOW_MS,
    World,
    branch,
    running_shoes_world,
    square_fence,
)
from scenario_stage import Stage

from geooffer.model.catalog import Customer, StockFigure
from geooffer.model.columns import PING, StructArray
from geooffer.model.policy import DAY_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import OfferVerdict, TouchpointKind, TransitionKind

BRANCH_COUNT = 40
BRANCH_SPACING_M = 150.0
PEOPLE_COUNT = 200
FIX_COUNT = 500


def _street_of_branches() -> World:
    """Forty branches in a row, each with the reduced running shoes in every size; nobody has a live intent.

    A third never searched, a third looked for novels, a third for running shoes a month ago.
    """
    world = running_shoes_world()
    store_ids = [f"branch-{number:02d}" for number in range(BRANCH_COUNT)]
    people = [f"walker-{number:03d}" for number in range(PEOPLE_COUNT)]
    old = [
        Touchpoint(person, TouchpointKind.SEARCH, NOW_MS - 30 * DAY_MS, "running-shoes", "", world.products[0].sizes[1])
        for person in people[::3]
    ]
    other = [Touchpoint(person, TouchpointKind.SEARCH, NOW_MS - DAY_MS, "novels") for person in people[1::3]]
    return replace(
        world,
        stores=tuple(branch(s, f"Branch {n}", east_m=n * BRANCH_SPACING_M) for n, s in enumerate(store_ids)),
        fences=tuple(square_fence(f"fence-{n:02d}", s, east_m=n * BRANCH_SPACING_M) for n, s in enumerate(store_ids)),
        offers=(replace(world.offers[0], store_ids=()),),
        stock=tuple(
            StockFigure(store, "veltra-glide", size, 9, NOW_MS - DAY_MS // 24)
            for store in store_ids
            for size in world.products[0].sizes
        ),
        customers=tuple(Customer(person, (number + 1,)) for number, person in enumerate(people)),
        touchpoints=(*old, *other),
    )


def _everybody_walks() -> StructArray:
    """Each walks the street at 1.2 m/s from a place of their own, a fix every ten seconds; rows in order of time."""
    rng = np.random.default_rng(5)
    starts_m = rng.uniform(-100, BRANCH_COUNT * BRANCH_SPACING_M - 2_000, PEOPLE_COUNT)
    aside_m = rng.uniform(-12, 12, PEOPLE_COUNT)
    steps, devices = np.meshgrid(np.arange(FIX_COUNT), np.arange(PEOPLE_COUNT), indexing="ij")
    steps, devices = steps.ravel(), devices.ravel()
    pings = np.zeros(len(steps), dtype=PING)
    pings["speed_cm_per_s"] = -1  # the phone does not tell
    pings["device_key"] = devices + 1
    pings["sequence"] = steps + 1
    pings["fix_time_ms"] = NOW_MS + steps * 10_000 + devices * 50
    pings["latitude_e7"] = np.rint(LATITUDE * 1e7 + aside_m[devices] / 0.0111195)
    pings["longitude_e7"] = np.rint((LONGITUDE + (starts_m[devices] + steps * 12.0) * METRE_EAST) * 1e7)
    pings["accuracy_cm"] = 900
    return pings


async def test_hundred_thousand_pings_without_intent_give_no_offer(stage: Stage) -> None:
    await stage.set_up(_street_of_branches())
    pings = _everybody_walks()
    assert len(pings) == 100_000
    told = await stage.send(pings, rows_per_message=1_000)
    assert told.offers == []
    assert told.rejected == {}
    # the silence is a judgement, not an idle path: thousands of visits were tried, and each found no intent
    enters = [t for t in told.transitions if t.kind == TransitionKind.ENTER]
    assert len(enters) > 4_000
    assert len(told.tries) == len(enters)
    assert set(told.try_verdicts) == {OfferVerdict.NO_INTENT}


async def test_the_same_street_speaks_to_the_one_who_asked(stage: Stage) -> None:
    """The silence above is not deafness: one of them searches, and he alone hears of it."""
    world = _street_of_branches()
    size = world.products[0].sizes[1]
    search = Touchpoint("walker-002", TouchpointKind.SEARCH, NOW_MS - DAY_MS, "running-shoes", "", size)
    await stage.set_up(replace(world, touchpoints=(*world.touchpoints, search)))
    pings = _everybody_walks()
    told = await stage.send(pings[pings["device_key"] <= 20], rows_per_message=1_000)
    assert [offer.device_key for offer in told.offers] == [3]
