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
from geooffer.model.kinds import Channel
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
