"""S1, running shoes: one offer where everything fits, and silence with the right verdict where one thing does not.

Over a real server and real gRPC; the clock is the pings' own (Tuesday 2026-03-03, from 10:00 in Berlin).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from network_calls import report_stock
from running_shoes import (
    EU_43,
    MINUTE_MS,
    NOW_MS,
    WATCH,
    World,
    branch,
    running_shoes_world,
    square_fence,
    walk_past,
    with_touchpoints,
)
from scenario_stage import Stage

from geooffer.model.catalog import Offer, Price, Product, Size, StockFigure
from geooffer.model.columns import StructArray
from geooffer.model.policy import DAY_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import OfferVerdict, PingVerdict, Purpose, TouchpointKind
from planes import both_planes

pytestmark = both_planes

S1 = running_shoes_world()


async def test_she_gets_one_offer_that_says_everything(stage: Stage) -> None:
    await stage.set_up(S1)
    told = await stage.send(walk_past())
    assert len(told.offers) == 1
    offer = told.offers[0]
    assert offer.title == "Veltra Glide running shoe"
    assert (offer.size_system, offer.size_value) == ("EU", "43")
    assert (offer.store_id, offer.store_name, offer.geofence_id) == ("branch-mitte", "Laufladen Mitte", "fence-mitte")
    assert (offer.price_minor, offer.previous_price_minor, offer.currency_code) == (8_990, 12_990, "EUR")
    assert offer.in_stock_as_of_time.ToMilliseconds() == NOW_MS - 60 * MINUTE_MS
    assert offer.valid_until_time.ToMilliseconds() == NOW_MS + 5 * DAY_MS
    assert offer.reason == "because you searched for Running shoes"
    assert offer.decision_id
    assert offer.channel == "in_app"
    assert told.try_verdicts == [OfferVerdict.OFFERED]
    # decided at the first fix inside the fence: 12 m before its middle, the eighth of the walk
    assert offer.decided_time.ToMilliseconds() == NOW_MS + 70_000


async def test_in_german_for_a_german_customer(stage: Stage) -> None:
    await stage.set_up(replace(S1, customers=(replace(S1.customers[0], language="de"),)))
    told = await stage.send(walk_past())
    assert told.offers[0].title == "Veltra Glide Laufschuh"
    assert told.offers[0].reason == "weil Sie nach „Laufschuhe“ gesucht haben"
    assert told.offers[0].language_code == "de"


async def test_her_own_phone_gets_it_over_its_own_stream(stage: Stage) -> None:
    await stage.set_up(S1)
    told = await stage.send(walk_past(), role="device")
    assert [offer.offer_id for offer in told.offers] == ["spring-run"]
    assert told.tries == []  # a phone is told offers, not attempts


async def test_fix_by_fix_within_a_budget_as_a_phone_sends_them(stage: Stage) -> None:
    """Single pings that each name how long an answer is of use; none is shed, the offer is not too late."""
    await stage.set_up(S1)
    told = await stage.send_singly(walk_past(), decision_budget_ms=30_000)
    assert [offer.offer_id for offer in told.offers] == ["spring-run"]
    assert told.offers[0].message_sequence == 8
    assert told.rejected == {}
    assert await stage.offer_verdicts() == {OfferVerdict.OFFERED: 1}


def _stock(count: int) -> tuple[StockFigure, ...]:
    return (S1.stock[0], replace(S1.stock[1], available_count=count))


def _search(age_ms: int, size: Size | None = EU_43, category_id: str = "running-shoes") -> tuple[Touchpoint, ...]:
    return (Touchpoint("anna", TouchpointKind.SEARCH, NOW_MS - age_ms, category_id, "", size),)


def _hours(text: str) -> World:
    return replace(S1, stores=(replace(S1.stores[0], opening_hours=text),))


def _offer(**changes: object) -> World:
    return replace(S1, offers=(replace(S1.offers[0], **changes),))  # type: ignore[arg-type]


def _prices(*steps: tuple[int, int]) -> World:
    """(days before now, amount) pairs."""
    return replace(S1, prices=tuple(Price("veltra-glide", a, "EUR", NOW_MS - d * DAY_MS) for d, a in steps))


PURCHASE = Touchpoint("anna", TouchpointKind.PURCHASE, NOW_MS - DAY_MS, "running-shoes")

SILENT_TWINS: dict[str, tuple[World, OfferVerdict]] = {
    "closed today": (_hours("Mo-Sa 09:00-20:00; Tu off"), OfferVerdict.STORE_CLOSED),
    "opens at eleven": (_hours("Tu 11:00-19:00"), OfferVerdict.STORE_CLOSED),
    "closes in ten minutes": (_hours("Tu 09:00-10:10"), OfferVerdict.STORE_CLOSED),
    "no hours known": (_hours(""), OfferVerdict.STORE_CLOSED),
    "no personalised offers wanted": (
        replace(S1, withdrawn=(Purpose.PERSONALISED_OFFERS,)), OfferVerdict.PURPOSE_NOT_CONSENTED),
    "use of searches withdrawn": (
        replace(S1, withdrawn=(Purpose.SEARCH_INTENT_USE,)), OfferVerdict.PURPOSE_NOT_CONSENTED),
    "offer over": (_offer(valid_until_ms=NOW_MS), OfferVerdict.OFFER_INACTIVE),
    "offer not begun": (_offer(valid_from_ms=NOW_MS + DAY_MS), OfferVerdict.OFFER_INACTIVE),
    "offer paused": (_offer(paused=True), OfferVerdict.OFFER_INACTIVE),
    "searched a fortnight ago and more": (replace(S1, touchpoints=_search(15 * DAY_MS)), OfferVerdict.NO_INTENT),
    "searched for novels": (replace(S1, touchpoints=_search(DAY_MS, None, "novels")), OfferVerdict.NO_INTENT),
    "searched for nothing": (replace(S1, touchpoints=()), OfferVerdict.NO_INTENT),
    "bought since": (with_touchpoints(S1, PURCHASE), OfferVerdict.NO_INTENT),
    "size unknown": (replace(S1, touchpoints=_search(3 * DAY_MS, None)), OfferVerdict.SIZE_MISMATCH),
    "size not made": (replace(S1, touchpoints=_search(3 * DAY_MS, Size("EU", "48"))), OfferVerdict.SIZE_MISMATCH),
    "43 of another system": (
        replace(S1, touchpoints=_search(3 * DAY_MS, Size("US", "43"))), OfferVerdict.SIZE_MISMATCH),
    "her size sold out here": (replace(S1, stock=_stock(0)), OfferVerdict.OUT_OF_STOCK),
    "the last pair is kept back": (replace(S1, stock=_stock(1)), OfferVerdict.OUT_OF_STOCK),
    "her size not carried here": (replace(S1, stock=S1.stock[:1]), OfferVerdict.SIZE_MISMATCH),
    "not reduced": (_prices((90, 8_990)), OfferVerdict.NO_PRICE_ADVANTAGE),
    "reduced by too little": (_prices((90, 9_890), (2, 8_990)), OfferVerdict.NO_PRICE_ADVANTAGE),
    "raised first, then reduced": (_prices((90, 8_990), (10, 12_990), (2, 8_990)), OfferVerdict.NO_PRICE_ADVANTAGE),
    "no earlier price known": (_prices((2, 8_990)), OfferVerdict.NO_PRICE_ADVANTAGE),
}  # fmt: skip


@pytest.mark.parametrize("name", SILENT_TWINS)
async def test_silent_twin(stage: Stage, name: str) -> None:
    world, verdict = SILENT_TWINS[name]
    await stage.set_up(world)
    told = await stage.send(walk_past())
    assert told.offers == []
    assert told.try_verdicts == [verdict]
    assert told.rejected == {}


async def test_without_location_consent_her_pings_are_forgotten(stage: Stage) -> None:
    world = replace(S1, purposes=(Purpose.SEARCH_INTENT_USE, Purpose.PERSONALISED_OFFERS))
    await stage.set_up(world)
    told = await stage.send(walk_past())
    assert told.offers == told.tries == told.transitions == []
    assert set(told.rejected.values()) == {PingVerdict.NO_CONSENT}
    assert len(told.rejected) == len(walk_past())


async def test_location_consent_withdrawn_on_the_way(stage: Stage) -> None:
    await stage.set_up(S1)
    walk = walk_past()
    assert (await stage.send(walk[:5])).rejected == {}
    await stage.withdraw("anna", (Purpose.PRECISE_LOCATION_FOR_OFFERS,))
    told = await stage.send(walk[5:])
    assert told.offers == told.tries == []
    assert set(told.rejected.values()) == {PingVerdict.NO_CONSENT}


async def test_on_the_other_side_of_the_street_nothing_is_tried(stage: Stage) -> None:
    await stage.set_up(S1)
    told = await stage.send(walk_past(aside_m=45.0))
    assert told.offers == told.tries == told.transitions == []


async def test_a_coarse_fix_proves_nothing(stage: Stage) -> None:
    await stage.set_up(S1)
    told = await stage.send(walk_past(accuracy_m=130.0))
    assert told.offers == told.tries == []
    assert set(told.rejected.values()) == {PingVerdict.ACCURACY_TOO_COARSE}


async def test_a_late_upload_moves_presence_but_never_causes_an_offer(stage: Stage) -> None:
    """T3: another phone's pings show that it is ten minutes later already."""
    await stage.set_up(S1)
    await stage.send(walk_past(WATCH, start_ms=NOW_MS + 10 * MINUTE_MS, aside_m=500.0))
    told = await stage.send(walk_past())
    assert told.offers == told.tries == []
    assert [t.historical for t in told.transitions] == [True] * len(told.transitions)
    assert len(told.transitions) >= 2


async def test_once_a_day_whatever_device(stage: Stage) -> None:
    """The way back, and her watch: ALREADY_OFFERED is one offer's rule, so it holds for both."""
    await stage.set_up(S1)
    first = await stage.send(walk_past())
    back = await stage.send(walk_past(start_ms=NOW_MS + 60 * MINUTE_MS, first_sequence=100))
    watch = await stage.send(walk_past(WATCH, start_ms=NOW_MS + 90 * MINUTE_MS))
    assert [len(told.offers) for told in (first, back, watch)] == [1, 0, 0]
    assert back.try_verdicts == watch.try_verdicts == [OfferVerdict.ALREADY_OFFERED]


def _two_branches() -> World:
    """A second product and branch 300 m on, so that only pacing can hold back a second offer."""
    product = Product("lunaro-aero", "running-shoes", (("en", "Lunaro Aero"),), (EU_43,))
    return replace(
        S1,
        stores=(*S1.stores, branch("branch-ost", "Laufladen Ost", east_m=300.0)),
        fences=(*S1.fences, square_fence("fence-ost", "branch-ost", east_m=300.0)),
        products=(*S1.products, product),
        prices=(
            *S1.prices,
            Price("lunaro-aero", 9_990, "EUR", NOW_MS - 90 * DAY_MS),
            Price("lunaro-aero", 7_990, "EUR", NOW_MS - DAY_MS),
        ),
        offers=(*S1.offers, Offer("aero-week", "lunaro-aero", NOW_MS - DAY_MS, NOW_MS + 5 * DAY_MS)),
        stock=(
            *S1.stock,
            StockFigure("branch-ost", "lunaro-aero", EU_43, 9, NOW_MS - DAY_MS // 24),
            StockFigure("branch-mitte", "lunaro-aero", EU_43, 9, NOW_MS - DAY_MS // 24),
        ),
    )


async def test_half_an_hour_between_two_offers(stage: Stage) -> None:
    await stage.set_up(_two_branches())
    first = await stage.send(walk_past())
    soon = await stage.send(walk_past(start_ms=NOW_MS + 5 * MINUTE_MS, east_m=300.0, first_sequence=100))
    later = await stage.send(walk_past(start_ms=NOW_MS + 40 * MINUTE_MS, east_m=300.0, first_sequence=200))
    assert [len(told.offers) for told in (first, soon, later)] == [1, 0, 1]
    assert soon.try_verdicts == [OfferVerdict.COOLDOWN]
    assert {first.offers[0].offer_id, later.offers[0].offer_id} == {"spring-run", "aero-week"}


async def test_one_offer_a_store_and_day(stage: Stage) -> None:
    """The branch has two offers that fit; the second one waits until tomorrow, when stock was counted anew."""
    world = _two_branches()
    await stage.set_up(world)
    first = await stage.send(walk_past())
    same_day = await stage.send(walk_past(start_ms=NOW_MS + 60 * MINUTE_MS, first_sequence=100))
    await report_stock(stage, world.stock, NOW_MS + DAY_MS)
    next_day = await stage.send(walk_past(start_ms=NOW_MS + DAY_MS + 60 * MINUTE_MS, first_sequence=200))
    assert [len(told.offers) for told in (first, same_day, next_day)] == [1, 0, 1]
    assert same_day.try_verdicts == [OfferVerdict.FREQUENCY_CAP]


async def test_the_loser_of_a_try_is_not_offered_too(stage: Stage) -> None:
    await stage.set_up(_two_branches())
    told = await stage.send(walk_past())
    assert told.try_verdicts == [OfferVerdict.OFFERED]
    assert len(told.offers) == 1


@pytest.mark.parametrize("rows", [1, 3, 17])
async def test_the_cut_into_messages_changes_nothing(stage: Stage, rows: int) -> None:
    await stage.set_up(S1)
    walk: StructArray = walk_past()
    told = await stage.send(walk, rows_per_message=rows)
    assert [offer.decided_time.ToMilliseconds() for offer in told.offers] == [NOW_MS + 70_000]
    assert np.array_equal(walk, walk_past())
