"""Caps are exact over streams and devices: 64 concurrent streams of one person never get more than the rules allow.

Default rules: 30 minutes between two offers, 3 a sliding day, 8 a sliding week, 1 a store and day.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
from running_shoes import (
    EU_43,
    LATITUDE,
    LONGITUDE,
    METRE_EAST,
    MINUTE_MS,
    NOW_MS,
    World,
    branch,
    running_shoes_world,
    square_fence,
)
from scenario_stage import Stage

from geooffer.model.catalog import Customer, Offer, Price, Product, StockFigure
from geooffer.model.columns import PING, StructArray
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.verdicts import OfferVerdict
from planes import both_planes

pytestmark = both_planes

DEVICES = tuple(range(1, 33))
"""As many as one customer may have; each opens two streams."""
BRANCH_COUNT = 6
SPACING_M = 400.0
OUT_OF_TOWN_M = -5_000.0
DAY_COUNT = 4


def _one_person_many_devices() -> World:
    """Six branches, a product and an offer for each round of the test, so that only pacing and caps hold back."""
    world = running_shoes_world()
    stores = [f"branch-{number}" for number in range(BRANCH_COUNT)]
    products = [f"shoe-{number:02d}" for number in range(DAY_COUNT * BRANCH_COUNT)]
    return replace(
        world,
        stores=tuple(branch(s, f"Branch {n}", east_m=n * SPACING_M) for n, s in enumerate(stores)),
        fences=tuple(square_fence(f"fence-{n}", s, east_m=n * SPACING_M) for n, s in enumerate(stores)),
        products=tuple(Product(p, "running-shoes", (("en", p),), (EU_43,)) for p in products),
        prices=tuple(
            Price(p, amount, "EUR", NOW_MS - days * DAY_MS)
            for p in products
            for days, amount in ((90, 9_990), (2, 5_990))
        ),
        offers=tuple(Offer(f"offer-{p}", p, NOW_MS - DAY_MS, NOW_MS + 30 * DAY_MS) for p in products),
        stock=tuple(StockFigure(s, p, EU_43, 9, NOW_MS - HOUR_MS) for s in stores for p in products),
        customers=(Customer("anna", DEVICES),),
    )  # fmt: skip


def _one_fix(device_key: int, sequence: int, time_ms: int, east_m: float) -> StructArray:
    ping = np.zeros(1, dtype=PING)
    ping["device_key"], ping["sequence"], ping["fix_time_ms"] = device_key, sequence, time_ms
    ping["latitude_e7"] = round(LATITUDE * 1e7)
    ping["longitude_e7"] = round((LONGITUDE + east_m * METRE_EAST) * 1e7)
    ping["accuracy_cm"] = 800
    return ping


async def test_sixty_four_streams_of_one_person_never_exceed_a_cap(stage: Stage) -> None:
    """Four days, six rounds a day 31 minutes apart; in each round all streams enter the same branch at once.

    Any leak would show: without the caps each round would give an offer on each of 32 devices.
    """
    world = _one_person_many_devices()
    await stage.set_up(world)
    streams = [await stage.open_stream(device) for device in DEVICES for _ in range(2)]
    assert len(streams) == 64
    offers_per_round: list[int] = []
    sequence = 0
    for day in range(DAY_COUNT):
        if day:  # stock is counted each morning, when the clock has got there: what is older than a day silences
            morning_ms = NOW_MS + day * DAY_MS - HOUR_MS
            sequence += 1
            await streams[0].send(_one_fix(streams[0].device_key, sequence, morning_ms, OUT_OF_TOWN_M))
            counted = [replace(figure, as_of_ms=morning_ms) for figure in world.stock]
            assert (await stage.operator.control.report_stock(counted)).refused == []
        for number in range(BRANCH_COUNT):
            round_ms = NOW_MS + day * DAY_MS + number * 31 * MINUTE_MS
            sends = []
            for index, stream in enumerate(streams):
                sequence += 1
                fix = _one_fix(stream.device_key, sequence, round_ms + index, number * SPACING_M)
                sends.append(stream.send(fix))
            told = await asyncio.gather(*sends)
            offers_per_round.append(sum(len(answer.offers) for answer in told))
    for stream in streams:
        await stream.close()
    # three a day, at most one a round; on the third day the week's eighth; on the fourth none
    assert offers_per_round == [1, 1, 1, 0, 0, 0] * 2 + [1, 1, 0, 0, 0, 0] + [0] * 6
    verdicts = await stage.offer_verdicts()
    assert verdicts[OfferVerdict.OFFERED] == 8
    assert verdicts[OfferVerdict.COOLDOWN] > 0
    assert verdicts[OfferVerdict.FREQUENCY_CAP] > 0
