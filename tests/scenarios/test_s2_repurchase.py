"""S2, repurchase: what was just bought is not advertised, on any channel, until it is about used up.

Anna buys a bottle of perfume. Her category waits 75 days (preset `perfume`); from then on she is *due again*: the
branch on her way tells her of its reduced perfume although she searched for nothing, and the more she is due, the
higher it ranks. A washing machine, bought once, is not advertised for eight years. A return undoes the purchase.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from network_calls import ask, explained, points_of, recent_verdicts, record, report_stock
from running_shoes import LATITUDE, LONGITUDE, NOW_MS, STANDING_PURPOSES, World, branch, square_fence, walk_past
from scenario_stage import Stage

from geooffer.model.catalog import Category, Customer, Offer, Price, Product, StockFigure, Store
from geooffer.model.kinds import PUSHED_CHANNELS, Channel, Fulfilment
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.repurchase import RepurchaseRule
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import OfferVerdict, Purpose, TouchpointKind
from geooffer.v1 import ping_service_pb2 as ping_pb

YEAR_DAYS = 365
ONLINE = Store("web-shop", "Web shop", round(LATITUDE * 1e7), round(LONGITUDE * 1e7), "Europe/Berlin", "24/7",
               is_online=True)  # fmt: skip


def bought(days_ago: float, category_id: str = "perfume") -> Touchpoint:
    return Touchpoint("anna", TouchpointKind.PURCHASE, NOW_MS - round(days_ago * DAY_MS), category_id)


def searched(days_ago: float, category_id: str = "perfume") -> Touchpoint:
    return Touchpoint("anna", TouchpointKind.SEARCH, NOW_MS - round(days_ago * DAY_MS), category_id)


def returned(days_ago: float, category_id: str = "perfume") -> Touchpoint:
    return Touchpoint("anna", TouchpointKind.RETURN, NOW_MS - round(days_ago * DAY_MS), category_id)


def _offer_of(product_id: str) -> Offer:
    return Offer(f"{product_id}-week", product_id, NOW_MS - DAY_MS, NOW_MS + 300 * DAY_MS, (), 10)


def drugstore(*touchpoints: Touchpoint) -> World:
    """A branch and a web shop that sell perfume, coffee and washing machines, all reduced and in stock."""
    products = {"nuit-bleue": "perfume", "alto-roast": "coffee", "aqua-7": "washing-machines"}
    return World(
        stores=(branch("branch-mitte", "Kaufhaus Mitte"), ONLINE),
        fences=(square_fence("fence-mitte", "branch-mitte"),),
        categories=(
            Category("perfume", (("de", "Parfüm"), ("en", "Perfume")), repurchase_preset="perfume"),
            Category("coffee", (("de", "Kaffee"), ("en", "Coffee")), repurchase_preset="coffee"),
            Category("washing-machines", (("en", "Washing machines"),), repurchase_preset="washing_machine"),
        ),
        products=(
            Product(
                "nuit-bleue",
                "perfume",
                (("de", "Nuit Bleue, 50 ml"), ("en", "Nuit Bleue, 50 ml spray")),
                is_sold_online=True,
            ),
            Product("alto-roast", "coffee", (("en", "Alto Roast, 1 kg"),), is_sold_online=True),
            Product("aqua-7", "washing-machines", (("en", "Aqua 7"),), is_sold_online=True),
        ),
        prices=tuple(
            Price(product, amount, "EUR", NOW_MS - days * DAY_MS)
            for product in products
            for days, amount in ((90, 7_990), (2, 5_990))
        ),
        offers=tuple(_offer_of(product) for product in products),
        stock=tuple(
            StockFigure(store, product, None, 9, NOW_MS - HOUR_MS)
            for store in ("branch-mitte", "web-shop")
            for product in products
        ),
        customers=(Customer("anna", (4711, 4712), "en"),),
        touchpoints=touchpoints,
        purposes=(*STANDING_PURPOSES, Purpose.PUSH_MARKETING),
    )


async def test_the_offer_when_it_is_about_used_up(stage: Stage) -> None:
    """100 days after the purchase, without any search: she is told why in words."""
    await stage.set_up(drugstore(bought(100)))
    told = await stage.send(walk_past())
    [offer] = told.offers
    assert (offer.offer_id, offer.title) == ("nuit-bleue-week", "Nuit Bleue, 50 ml spray")
    assert offer.reason == "because your Perfume may be running low"
    assert (offer.price_minor, offer.previous_price_minor, offer.currency_code) == (5_990, 7_990, "EUR")
    assert offer.price_kind == ping_pb.PRICE_KIND_GROSS
    assert (offer.size_system, offer.size_value) == ("", "")
    assert offer.valid_until_time.ToMilliseconds() == NOW_MS + 300 * DAY_MS
    assert offer.in_stock_as_of_time.ToMilliseconds() == NOW_MS - HOUR_MS
    assert (offer.fulfilment, offer.alternative) == (Fulfilment.IN_STORE, "")
    decision = await stage.operator.control.decision(offer.decision_id)
    assert decision.reason_kind == TouchpointKind.PURCHASE
    points = await points_of(stage, offer.decision_id)
    # a third of the waiting time over it; full points come half of it over: 2/3 of 1000
    assert (points["due_again"], points["interest"]) == (666, 0)


async def test_in_german(stage: Stage) -> None:
    await stage.set_up(replace(drugstore(bought(100)), customers=(Customer("anna", (4711,), "de"),)))
    [offer] = (await stage.send(walk_past())).offers
    assert (offer.title, offer.language_code) == ("Nuit Bleue, 50 ml", "de")
    assert offer.reason == "weil Ihr Vorrat an „Parfüm“ bald zur Neige gehen könnte"


SILENT_TWINS: dict[str, tuple[World, OfferVerdict]] = {
    "never bought": (drugstore(), OfferVerdict.NO_INTENT),
    "bought ten days ago": (drugstore(bought(10)), OfferVerdict.NO_INTENT),
    "bought ten days ago, searched before": (drugstore(searched(12), bought(10)), OfferVerdict.NO_INTENT),
    "bought ten days ago, searched since": (drugstore(bought(10), searched(2)), OfferVerdict.RECENTLY_BOUGHT),
    "the last day of waiting": (drugstore(bought(74.9)), OfferVerdict.NO_INTENT),
    "the last day of waiting, searched since": (drugstore(bought(74.9), searched(2)), OfferVerdict.RECENTLY_BOUGHT),
    "three waiting times later she buys elsewhere": (drugstore(bought(226)), OfferVerdict.NO_INTENT),
    "an older purchase told later": (drugstore(bought(10), bought(100)), OfferVerdict.NO_INTENT),
    "a washing machine last year": (
        drugstore(bought(YEAR_DAYS, "washing-machines"), searched(1, "washing-machines")),
        OfferVerdict.RECENTLY_BOUGHT),
    "a washing machine seven years ago": (
        drugstore(bought(7 * YEAR_DAYS, "washing-machines"), searched(1, "washing-machines")),
        OfferVerdict.RECENTLY_BOUGHT),
    "an old washing machine alone is no reason": (
        drugstore(bought(9 * YEAR_DAYS, "washing-machines")), OfferVerdict.NO_INTENT),
    "returned, never searched": (drugstore(bought(100), returned(98)), OfferVerdict.NO_INTENT),
    "returned before it was bought again": (
        drugstore(returned(12), bought(10), searched(2)), OfferVerdict.RECENTLY_BOUGHT),
}  # fmt: skip


@pytest.mark.parametrize("name", SILENT_TWINS)
async def test_silent_twin(stage: Stage, name: str) -> None:
    world, verdict = SILENT_TWINS[name]
    await stage.set_up(world)
    before = await explained(stage)
    told = await stage.send(walk_past())
    assert told.offers == []
    assert told.try_verdicts == [verdict]
    assert max(before.values()) == verdict  # foretold, candidate by candidate
    assert await recent_verdicts(stage) == [verdict]


SPEAKING_TWINS: dict[str, tuple[World, str, str]] = {
    "searched, never bought": (drugstore(searched(2)), "nuit-bleue-week", "because you searched for Perfume"),
    "the day after the wait": (
        drugstore(bought(76)), "nuit-bleue-week", "because your Perfume may be running low"),
    "a washing machine eight years ago, searched since": (
        drugstore(bought(2_921, "washing-machines"), searched(1, "washing-machines")),
        "aqua-7-week", "because you searched for Washing machines"),
    "a return revives the search": (
        drugstore(searched(4), bought(3), returned(1)), "nuit-bleue-week", "because you searched for Perfume"),
    "coffee: a new search lifts the wait": (
        drugstore(bought(5, "coffee"), searched(1, "coffee")), "alto-roast-week", "because you searched for Coffee"),
    "another category was bought": (
        drugstore(bought(1, "coffee"), searched(2)), "nuit-bleue-week", "because you searched for Perfume"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPEAKING_TWINS)
async def test_the_silence_is_no_deafness(stage: Stage, name: str) -> None:
    world, offer_id, reason = SPEAKING_TWINS[name]
    await stage.set_up(world)
    told = await stage.send(walk_past())
    assert [(offer.offer_id, offer.reason) for offer in told.offers] == [(offer_id, reason)]


async def test_due_points_rise_from_walk_to_walk(stage: Stage) -> None:
    """Days 80, 90 and 115 after the purchase: a line from 0 at 75 days to 1000 at 112.5."""
    world = drugstore(bought(80))
    await stage.set_up(world)
    due = []
    for walk, days in enumerate((0, 10, 35)):
        await report_stock(stage, world.stock, NOW_MS + days * DAY_MS)
        told = await stage.send(walk_past(start_ms=NOW_MS + days * DAY_MS, first_sequence=1 + 100 * walk))
        due.append((await points_of(stage, told.offers[0].decision_id))["due_again"])
    # decided on the eighth fix, 70 s after the start of each walk: the fractions are cut, so that changes nothing
    assert due == [133, 400, 1_000]


@pytest.mark.parametrize(
    ("perfume_days", "coffee_days", "winner"), [(80, 30, "alto-roast-week"), (115, 22, "nuit-bleue-week")]
)
async def test_who_is_further_due_ranks_first(stage: Stage, perfume_days: int, coffee_days: int, winner: str) -> None:
    await stage.set_up(drugstore(bought(perfume_days), bought(coffee_days, "coffee")))
    told = await stage.send(walk_past())
    assert [offer.offer_id for offer in told.offers] == [winner]


async def test_a_network_may_set_its_own_waiting_time(stage: Stage) -> None:
    """The twin of `bought ten days ago`: this network's bottles last a week."""
    world = drugstore(bought(10))
    perfume = replace(world.categories[0], repurchase=RepurchaseRule(7, is_consumable=True))
    await stage.set_up(replace(world, categories=(perfume, *world.categories[1:])))
    told = await stage.send(walk_past())
    assert [offer.reason for offer in told.offers] == ["because your Perfume may be running low"]


async def test_the_purchase_comes_between_two_walks(stage: Stage) -> None:
    """She would have got it; she buys; she does not get it; she brings it back; she gets it."""
    await stage.set_up(drugstore(searched(2)))
    assert (await explained(stage))["nuit-bleue-week"] == OfferVerdict.OFFERED
    await record(stage, bought(0))
    silent = await stage.send(walk_past())
    assert (silent.offers, silent.try_verdicts) == ([], [OfferVerdict.NO_INTENT])
    await record(stage, replace(returned(0), time_ms=NOW_MS + HOUR_MS))
    told = await stage.send(walk_past(start_ms=NOW_MS + 2 * HOUR_MS, first_sequence=100))
    assert [offer.reason for offer in told.offers] == ["because you searched for Perfume"]


@pytest.mark.parametrize("place", [None, (round(LATITUDE * 1e7), round(LONGITUDE * 1e7))], ids=["online", "branch"])
async def test_not_advertised_on_any_channel(stage: Stage, place: tuple[int, int] | None) -> None:
    await stage.set_up(drugstore(bought(10), searched(2)))
    for channel in Channel:
        for subject in ({"category_id": "perfume"}, {"product_id": "nuit-bleue"}, {}):
            answer = await ask(stage, channel, place=place, **subject)
            assert not answer.HasField("offer"), channel
            assert answer.verdict == OfferVerdict.RECENTLY_BOUGHT, channel
    assert set(await recent_verdicts(stage)) == {OfferVerdict.RECENTLY_BOUGHT}


@pytest.mark.parametrize("channel", [Channel.WEB_SHOP, *sorted(PUSHED_CHANNELS)[:2]])
async def test_and_then_again_on_every_channel(stage: Stage, channel: Channel) -> None:
    await stage.set_up(drugstore(bought(100)))
    answer = await ask(stage, channel, place=None, category_id="perfume")
    assert answer.verdict == OfferVerdict.OFFERED
    assert answer.offer.reason == "because your Perfume may be running low"
    assert (answer.offer.channel, answer.offer.device_key) == (channel.name.lower(), 0)
