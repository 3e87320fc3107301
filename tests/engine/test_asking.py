"""Asked, not walked (semantics D9): how far it came over several stores, and where the goods are if it stays silent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from world import (
    ALL_PURPOSES,
    EU_43,
    EU_44,
    LATITUDE_E7,
    LONGITUDE_E7,
    NOW_MS,
    World,
    consent,
    product,
    store,
    touchpoint,
)

from geooffer.engine.engine import Engine
from geooffer.model.catalog import Category, Customer, StockFigure
from geooffer.model.keys import person_key
from geooffer.model.kinds import Channel, Fulfilment
from geooffer.model.policy import HOUR_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import OfferVerdict, Purpose, TouchpointKind

HERE = (LATITUDE_E7, LONGITUDE_E7)


def ask(engine: Engine, **changes: object) -> tuple[OfferVerdict, list[str]]:
    """The verdict, and the ids of the stores nearby that have it."""
    values = {"channel": Channel.WEB_SHOP, "now_ms": NOW_MS, "product_id": "shoe", "place": HERE, **changes}
    answer = engine.decide("ann", **values)  # type: ignore[arg-type]
    return answer.verdict, [nearby.store.store_id for nearby in answer.nearby]


@pytest.mark.parametrize(
    ("world", "channel", "verdict"),
    [
        (World(), Channel.WEB_SHOP, OfferVerdict.OFFERED),
        (World(purposes=ALL_PURPOSES & ~Purpose.PUSH_MARKETING.bit), Channel.PUSH, OfferVerdict.PURPOSE_NOT_CONSENTED),
        (World(touchpoints=[]), Channel.WEB_SHOP, OfferVerdict.NO_INTENT),
    ],
)
def test_the_verdict_is_that_of_the_furthest_candidate_also_before_interest(
    world: World, channel: Channel, verdict: OfferVerdict
) -> None:
    assert ask(world.build(), channel=channel)[0] is verdict


def test_a_closed_store_says_so() -> None:
    world = World()
    shut = store(hours="08:00-09:00")
    assert ask(replace(world, nouns=[shut, *world.nouns[1:]]).build())[0] is OfferVerdict.STORE_CLOSED


def test_silence_still_tells_where_it_is_in_her_size() -> None:
    """S3: a product hint plus the nearest stores that have it."""
    engine = World().build()
    assert ask(engine) == (OfferVerdict.OFFERED, ["store-1"])
    assert ask(engine) == (OfferVerdict.ALREADY_OFFERED, ["store-1"])
    assert ask(engine, place=None) == (OfferVerdict.NO_INTENT, [])


@pytest.mark.parametrize("size", [None, EU_44])
def test_without_a_size_it_comes_in_no_store_is_told(size: object) -> None:
    engine = World(touchpoints=[touchpoint(size=size)]).build()
    assert ask(engine) == (OfferVerdict.SIZE_MISMATCH, [])


def test_a_product_without_sizes_needs_none() -> None:
    world = World()
    nouns = [*world.nouns[:3], product(sizes=()), *world.nouns[4:]]
    stock = [StockFigure("store-1", "shoe", None, 5, NOW_MS - HOUR_MS)]
    engine = World(nouns=nouns, stock=stock, touchpoints=[]).build()
    assert ask(engine) == (OfferVerdict.NO_INTENT, ["store-1"])


def test_of_several_persons_only_her_own_size_counts() -> None:
    people = [Customer("ann", (1,)), Customer("bea", (2,))]
    wishes = [touchpoint(), touchpoint(customer_id="bea", size=EU_43)]
    world = World(customers=people, touchpoints=wishes)
    engine = replace(world, nouns=[*world.nouns, Category("novels")]).build()
    assert ask(engine) == (OfferVerdict.SIZE_MISMATCH, [])


@pytest.mark.parametrize(
    ("channel", "verdict"),
    [
        (Channel.EMAIL, OfferVerdict.OFFERED),
        (Channel.SMS, OfferVerdict.AUDIENCE_MISMATCH),
        (Channel.WHATSAPP, OfferVerdict.AUDIENCE_MISMATCH),
        (Channel.WEB_SHOP, OfferVerdict.OFFERED),
        (Channel.IN_APP, OfferVerdict.OFFERED),
    ],
)
def test_she_is_called_on_by_the_channel_she_asked_for_only(channel: Channel, verdict: OfferVerdict) -> None:
    wanted = Touchpoint("ann", TouchpointKind.PREFERENCE, NOW_MS - HOUR_MS, channel=Channel.EMAIL)
    engine = World(touchpoints=[touchpoint(size=EU_43), wanted]).build()
    told = engine.explain_asked("ann", "store-1", channel=channel, now_ms=NOW_MS)
    assert told.verdict is verdict
    assert ask(engine, channel=channel)[0] is verdict


def test_who_takes_her_consent_back_has_no_preferred_channel_any_more() -> None:
    wanted = Touchpoint("ann", TouchpointKind.PREFERENCE, NOW_MS - HOUR_MS, channel=Channel.EMAIL)
    engine = World(touchpoints=[wanted]).build()
    consent(engine, Purpose.PERSONALISED_OFFERS.bit, granted=False, time_ms=NOW_MS)
    people = engine.state.people
    assert people.view.persons["channel"][people.person_slots[person_key("ann")]] == 0


def web_shop(*, sold_online: bool) -> Engine:
    """A web shop that has the shoe, and a branch that has not."""
    world = World()
    shop = replace(store("web"), is_online=True, opening_hours="")
    nouns = [shop, *world.nouns[:3], product(is_sold_online=sold_online), world.nouns[4]]
    stock = [StockFigure("web", "shoe", EU_43, 5, NOW_MS - HOUR_MS)]
    return replace(world, nouns=nouns, stock=stock).build()


def test_her_size_comes_before_what_the_web_shop_sells() -> None:
    """Seed 1206 of the matcher oracle: a warehouse that never had her size said OUT_OF_STOCK."""
    world = World(touchpoints=[touchpoint(size=EU_44)])
    shop = replace(store("web"), is_online=True, opening_hours="")
    shoe = product(is_sold_online=False, sizes=(EU_43, EU_44))
    stock = [StockFigure("web", "shoe", EU_43, 5, NOW_MS - HOUR_MS)]
    engine = replace(world, nouns=[shop, *world.nouns[:3], shoe, world.nouns[4]], stock=stock).build()
    told = engine.explain_asked("ann", "web", channel=Channel.WEB_SHOP, now_ms=NOW_MS)
    answer = engine.decide("ann", channel=Channel.WEB_SHOP, now_ms=NOW_MS)
    assert answer.verdict is told.verdict is OfferVerdict.SIZE_MISMATCH


def test_the_web_shop_ships_what_it_sells_at_any_hour() -> None:
    engine = web_shop(sold_online=True)
    answer = engine.decide("ann", channel=Channel.WEB_SHOP, now_ms=NOW_MS)
    assert answer.decision is not None
    assert answer.decision.fulfilment is Fulfilment.SHIP_TO_HOME


def test_the_web_shop_does_not_offer_what_lies_there_for_the_branches() -> None:
    engine = web_shop(sold_online=False)
    told = engine.explain_asked("ann", "web", channel=Channel.WEB_SHOP, now_ms=NOW_MS)
    assert told.verdict is OfferVerdict.OUT_OF_STOCK
    assert ask(engine, place=None, product_id="")[0] is OfferVerdict.OUT_OF_STOCK


def test_a_place_far_from_every_branch_gets_nothing() -> None:
    assert ask(World().build(), place=(LATITUDE_E7 + 3_000_000, LONGITUDE_E7)) == (OfferVerdict.NO_INTENT, ["store-1"])
    assert ask(World().build(), place=(356_800_000, 1_396_900_000)) == (OfferVerdict.NO_INTENT, [])


def test_what_is_saved_and_not_live_is_not_decided_by() -> None:
    engine = World().build()
    ask(engine, product_id="", place=None)  # the hours of the day are compiled
    engine.put_nouns([replace(store("new"), latitude_e7=LATITUDE_E7 + 10)], now_ms=NOW_MS)
    generation = engine.live_generation
    assert ask(engine)[0] is OfferVerdict.OFFERED
    assert engine.live_generation == generation
