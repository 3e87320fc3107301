"""S12, endless aisle: the branch she passes does not have it, but the network does.

Where the campaign allows it, she is told of the nearest other branch that has her size, else that it can be shipped to
her; both are marked as what they are. Nothing is promised that is not there: the last pair is kept back, an old figure
counts for nothing, a closed branch is no alternative. Services need no stock. The app may ask where the next pair is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from network_calls import BRANCH_PLACE, ask, explained, place_east, points_of, report_stock, switch
from running_shoes import (
    EU_42,
    EU_43,
    LATITUDE,
    LONGITUDE,
    NOW_MS,
    PHONE,
    World,
    branch,
    running_shoes_world,
    square_fence,
    walk_past,
)
from scenario_stage import Stage

from geooffer.errors import InvalidArgumentError, NotFoundError
from geooffer.model.catalog import Campaign, Customer, Price, Product, Size, StockFigure, Store
from geooffer.model.kinds import Channel, Fulfilment
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.verdicts import OfferVerdict

S1 = running_shoes_world()
ONLINE = Store("web-shop", "Web shop", round(LATITUDE * 1e7), round(LONGITUDE * 1e7), "Europe/Berlin", "24/7",
               is_online=True)  # fmt: skip
EVERYTHING = Campaign("spring", offers_other_branch=True, offers_shipping=True)
OUT_OF_STOCK = OfferVerdict.OUT_OF_STOCK


def figure(store_id: str, count: int, *, size: Size = EU_43, age_ms: int = HOUR_MS) -> StockFigure:
    return StockFigure(store_id, "veltra-glide", size, count, NOW_MS - age_ms)


def aisle(campaign: Campaign = EVERYTHING, *, sold_online: bool = True, **counts: int | StockFigure) -> World:
    """S1 with branches 300 m east and 500 m west and a web shop. Stock of her size: none here, five elsewhere, else as
    said by branch (mitte, ost, west, online)."""
    names = {"mitte": "branch-mitte", "ost": "branch-ost", "west": "branch-west", "online": "web-shop"}
    held: dict[str, int | StockFigure] = {"mitte": 0, "ost": 5, "west": 5, "online": 5} | counts
    return replace(
        S1,
        stores=(
            branch(),
            branch("branch-ost", "Laufladen Ost", east_m=300.0),
            branch("branch-west", "Laufladen West", east_m=-500.0),
            ONLINE,
        ),
        fences=(square_fence("fence-mitte", "branch-mitte"),),
        products=(replace(S1.products[0], is_sold_online=sold_online),),
        campaigns=(campaign,),
        offers=(replace(S1.offers[0], store_ids=(), campaign_id=campaign.campaign_id),),
        stock=tuple(
            count if isinstance(count, StockFigure) else figure(names[name], count) for name, count in held.items()
        ),
    )


# -- where it is instead -------------------------------------------------------------------------------------


async def test_not_here_but_in_the_nearest_other_branch(stage: Stage) -> None:
    await stage.set_up(aisle(ost=StockFigure("branch-ost", "veltra-glide", EU_43, 3, NOW_MS - 2 * HOUR_MS)))
    [offer] = (await stage.send(walk_past())).offers
    assert (offer.offer_id, offer.size_value, offer.price_minor) == ("spring-run", "43", 8_990)
    assert (offer.store_id, offer.supply_store_id) == ("branch-mitte", "branch-ost")
    assert offer.fulfilment == Fulfilment.OTHER_BRANCH
    assert (offer.supply_store_name, offer.alternative) == ("Laufladen Ost", "available at Laufladen Ost")
    assert (offer.supply_place.latitude_e7, offer.supply_place.longitude_e7) == place_east(300.0)
    assert offer.in_stock_as_of_time.ToMilliseconds() == NOW_MS - 2 * HOUR_MS  # the other branch's figure
    assert offer.valid_until_time.ToMilliseconds() == NOW_MS + 5 * DAY_MS
    assert offer.reason == "because you searched for Running shoes"
    points = await points_of(stage, offer.decision_id)
    assert (points["distance"], points["dwell"], points["closing"]) == (0, 0, 0)


async def test_in_german(stage: Stage) -> None:
    await stage.set_up(replace(aisle(), customers=(Customer("anna", (PHONE,), "de"),)))
    [offer] = (await stage.send(walk_past())).offers
    assert offer.alternative == "erhältlich bei „Laufladen Ost“"


async def test_shipped_home_in_german(stage: Stage) -> None:
    await stage.set_up(replace(aisle(ost=0, west=0), customers=(Customer("anna", (PHONE,), "de"),)))
    [offer] = (await stage.send(walk_past())).offers
    assert offer.alternative == "kann zu Ihnen nach Hause geliefert werden"


IN_STORE, OTHER, SHIP = Fulfilment.IN_STORE, Fulfilment.OTHER_BRANCH, Fulfilment.SHIP_TO_HOME
NO_BRANCH = Campaign("spring", offers_shipping=True)
NO_SHIPPING = Campaign("spring", offers_other_branch=True)

SUPPLY: dict[str, tuple[World, Fulfilment, str]] = {
    "here, so here": (aisle(mitte=2), IN_STORE, "branch-mitte"),
    "the nearer is sold out": (aisle(ost=0), OTHER, "branch-west"),
    "the nearer keeps its last pair back": (aisle(ost=1), OTHER, "branch-west"),
    "the nearer has not counted since the day before yesterday": (
        aisle(ost=figure("branch-ost", 9, age_ms=2 * DAY_MS)), OTHER, "branch-west"),
    "the nearer has another size only": (aisle(ost=figure("branch-ost", 9, size=EU_42)), OTHER, "branch-west"),
    "the campaign knows this branch only, but ships": (aisle(NO_BRANCH), SHIP, "web-shop"),
    "no branch has it": (aisle(ost=0, west=0), SHIP, "web-shop"),
    "never carried here": (aisle(mitte=figure("branch-mitte", 9, size=EU_42)), OTHER, "branch-ost"),
}  # fmt: skip


@pytest.mark.parametrize("name", SUPPLY)
async def test_where_the_goods_are(stage: Stage, name: str) -> None:
    world, fulfilment, supply_store_id = SUPPLY[name]
    await stage.set_up(world)
    [offer] = (await stage.send(walk_past())).offers
    assert (offer.fulfilment, offer.supply_store_id) == (fulfilment, supply_store_id)
    assert offer.store_id == "branch-mitte"
    # marked as an alternative, with a way to go there only where there is one
    assert bool(offer.alternative) == (fulfilment is not IN_STORE)
    assert offer.HasField("supply_place") == (fulfilment is OTHER)
    decision = await stage.operator.control.decision(offer.decision_id)
    assert (decision.fulfilment, decision.supply_store_id) == (fulfilment, supply_store_id)


SILENT_TWINS: dict[str, tuple[World, OfferVerdict]] = {
    "the campaign allows neither": (aisle(Campaign("spring")), OUT_OF_STOCK),
    "the product may not be sold online, no branch has it": (aisle(sold_online=False, ost=0, west=0), OUT_OF_STOCK),
    "no shipping, no branch has it": (aisle(NO_SHIPPING, ost=0, west=0), OUT_OF_STOCK),
    "no branch allowed, sold out online": (aisle(NO_BRANCH, online=0), OUT_OF_STOCK),
    "the last pair everywhere is kept back": (aisle(mitte=1, ost=1, west=1, online=1), OUT_OF_STOCK),
    "old figures everywhere else": (
        aisle(**{name: figure(store, 9, age_ms=2 * DAY_MS)
                 for name, store in (("ost", "branch-ost"), ("west", "branch-west"), ("online", "web-shop"))}),
        OUT_OF_STOCK),
    "the figure of this branch is old: its feed is late, nobody knows": (
        aisle(mitte=figure("branch-mitte", 9, age_ms=2 * DAY_MS)), OfferVerdict.STOCK_STALE),
    "the offer is for this branch only": (
        replace(aisle(NO_SHIPPING), offers=(replace(S1.offers[0], campaign_id="spring"),)), OUT_OF_STOCK),
    "a size nobody carries": (
        aisle(**{name: figure(store, 9, size=EU_42)
                 for name, store in (("mitte", "branch-mitte"), ("ost", "branch-ost"), ("west", "branch-west"),
                                     ("online", "web-shop"))}),
        OfferVerdict.SIZE_MISMATCH),
}  # fmt: skip


@pytest.mark.parametrize("name", SILENT_TWINS)
async def test_never_promising_what_is_not_there(stage: Stage, name: str) -> None:
    world, verdict = SILENT_TWINS[name]
    await stage.set_up(world)
    assert await explained(stage) == {"spring-run": verdict}
    told = await stage.send(walk_past())
    assert (told.offers, told.try_verdicts) == ([], [verdict])


async def test_a_closed_branch_is_no_alternative(stage: Stage) -> None:
    await stage.set_up(aisle(NO_SHIPPING))
    await switch(stage, "CloseStores", store_ids=["branch-ost"])
    [offer] = (await stage.send(walk_past())).offers
    assert offer.supply_store_id == "branch-west"


async def test_no_alternative_where_all_others_are_closed(stage: Stage) -> None:
    """The silent twin; the one here is open, and sold out."""
    await stage.set_up(aisle(NO_SHIPPING))
    await switch(stage, "CloseStores", store_ids=["branch-ost", "branch-west"])
    told = await stage.send(walk_past())
    assert (told.offers, told.try_verdicts) == ([], [OUT_OF_STOCK])


async def test_a_closed_web_shop_ships_nothing(stage: Stage) -> None:
    """For stocktaking, say; reopened, it ships again."""
    await stage.set_up(aisle(NO_BRANCH))
    await switch(stage, "CloseStores", store_ids=["web-shop"])
    told = await stage.send(walk_past())
    assert (told.offers, told.try_verdicts) == ([], [OUT_OF_STOCK])
    await switch(stage, "ReopenStores", store_ids=["web-shop"])
    told = await stage.send(walk_past(start_ms=NOW_MS + HOUR_MS, first_sequence=100))
    assert [offer.supply_store_id for offer in told.offers] == ["web-shop"]


async def test_sold_while_she_walks(stage: Stage) -> None:
    """Two pairs in the east when she sets out, one when she arrives: that one is not promised."""
    await stage.set_up(aisle(NO_SHIPPING, ost=2, west=0))
    walk = walk_past()
    assert (await stage.send(walk[:6])).tries == []
    assert await explained(stage) == {"spring-run": OfferVerdict.OFFERED}
    await report_stock(stage, [figure("branch-ost", 1)], NOW_MS + 60_000)
    told = await stage.send(walk[6:])
    assert (told.offers, told.try_verdicts) == ([], [OUT_OF_STOCK])


# -- one price: that of where the goods are ------------------------------------------------------------------


def _own_prices(*amounts: int) -> tuple[Price, ...]:
    """Steps of the eastern branch: 90 and 2 days ago."""
    return tuple(
        Price("veltra-glide", amount, "EUR", NOW_MS - days * DAY_MS, "branch-ost")
        for amount, days in zip(amounts, (90, 2), strict=False)
    )


async def test_the_price_is_that_of_the_branch_that_has_it(stage: Stage) -> None:
    world = aisle(NO_SHIPPING)
    await stage.set_up(replace(world, prices=(*world.prices, *_own_prices(11_990, 7_990))))
    [offer] = (await stage.send(walk_past())).offers
    assert (offer.price_minor, offer.previous_price_minor) == (7_990, 11_990)


async def test_no_way_is_worth_a_price_that_is_not_reduced_there(stage: Stage) -> None:
    world = aisle(NO_SHIPPING)
    await stage.set_up(replace(world, prices=(*world.prices, *_own_prices(11_990))))
    told = await stage.send(walk_past())
    assert (told.offers, told.try_verdicts) == ([], [OfferVerdict.NO_PRICE_ADVANTAGE])


# -- services ------------------------------------------------------------------------------------------------


def _service(*, tracked: bool) -> World:
    """A gait analysis in the branch, without size or stock figure."""
    analysis = Product("gait-analysis", "running-shoes", (("en", "Gait analysis"),), stock_tracked=tracked)
    return replace(
        S1,
        products=(analysis,),
        prices=tuple(replace(price, product_id="gait-analysis") for price in S1.prices),
        offers=(replace(S1.offers[0], product_id="gait-analysis"),),
        stock=(),
        touchpoints=(replace(S1.touchpoints[0], size=None),),
    )


async def test_a_service_needs_no_stock_and_no_size(stage: Stage) -> None:
    await stage.set_up(_service(tracked=False))
    [offer] = (await stage.send(walk_past())).offers
    assert (offer.title, offer.size_value, offer.fulfilment) == ("Gait analysis", "", IN_STORE)
    assert not offer.HasField("in_stock_as_of_time")


async def test_goods_without_a_figure_are_not_there(stage: Stage) -> None:
    """The silent twin: the same product, counted like goods."""
    await stage.set_up(_service(tracked=True))
    told = await stage.send(walk_past())
    assert (told.offers, told.try_verdicts) == ([], [OUT_OF_STOCK])


# -- asking --------------------------------------------------------------------------------------------------


async def test_asked_by_the_web_shop_the_alternative_is_marked_too(stage: Stage) -> None:
    await stage.set_up(aisle())
    offer = (await ask(stage, Channel.WEB_SHOP, product_id="veltra-glide")).offer
    assert (offer.store_id, offer.supply_store_id) == ("branch-mitte", "branch-ost")
    assert offer.alternative == "available at Laufladen Ost"


async def _nearby(stage: Stage, **asked: object) -> list[tuple[str, int]]:
    given: dict[str, object] = {"size": EU_43} | asked
    found = await stage.phone(PHONE).find_nearby_stock("veltra-glide", BRANCH_PLACE, **given)  # type: ignore[arg-type]
    return [(near.store_id, near.distance_m) for near in found]


NEARBY: Mapping[str, tuple[World, list[tuple[str, int]]]] = {
    "everywhere": (aisle(mitte=2), [("branch-mitte", 0), ("branch-ost", 299), ("branch-west", 499)]),
    "not here": (aisle(), [("branch-ost", 299), ("branch-west", 499)]),
    "the last pair is kept back": (aisle(ost=1), [("branch-west", 499)]),
    "an old figure": (aisle(ost=figure("branch-ost", 9, age_ms=2 * DAY_MS)), [("branch-west", 499)]),
    "another size only": (aisle(west=figure("branch-west", 9, size=EU_42)), [("branch-ost", 299)]),
    "online only": (aisle(ost=0, west=0), []),
}


@pytest.mark.parametrize("name", NEARBY)
async def test_the_app_asks_where_the_next_pair_is(stage: Stage, name: str) -> None:
    world, expected = NEARBY[name]
    await stage.set_up(world)
    assert await _nearby(stage) == expected
    assert await _nearby(stage, limit_count=1) == expected[:1]


async def test_the_app_is_told_which_of_them_is_open(stage: Stage) -> None:
    await stage.set_up(aisle())
    await switch(stage, "CloseStores", store_ids=["branch-ost"])
    found = await stage.phone(PHONE).find_nearby_stock("veltra-glide", BRANCH_PLACE, size=EU_43)
    assert [(near.store_id, near.is_open) for near in found] == [("branch-ost", False), ("branch-west", True)]
    assert found[0].in_stock_as_of_time.ToMilliseconds() == NOW_MS - HOUR_MS


async def test_a_question_that_has_no_answer_is_refused(stage: Stage) -> None:
    await stage.set_up(aisle())
    phone = stage.phone(PHONE)
    with pytest.raises(NotFoundError):
        await phone.find_nearby_stock("no-such-shoe", BRANCH_PLACE, size=EU_43)
    for size in (None, Size("EU", "48"), Size("US", "43")):
        with pytest.raises(InvalidArgumentError):
            await phone.find_nearby_stock("veltra-glide", BRANCH_PLACE, size=size)
