"""S11, agile stores: opening hours where the store stands, holidays, and a store that closes at a moment's notice.

Nobody is invited to a closed door. Hours are OpenStreetMap's, in the store's own time zone and with its own public
holidays; a closure of one store, of a region or of all with a tag is in force with the next ping, and so is the
reopening; a full store pauses its offers. Who asked for shipping is told of shipping instead.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from network_calls import ask, explained, moved_in_time, record, switch
from running_shoes import (
    EU_43,
    LATITUDE,
    LONGITUDE,
    NINE_TO_EIGHT,
    NOW_MS,
    World,
    branch,
    running_shoes_world,
    square_fence,
    walk_past,
)
from scenario_stage import Stage

from geooffer.model.catalog import Campaign, Customer, StockFigure, Store
from geooffer.model.kinds import Channel, Fulfilment, FulfilmentPreference, SwitchKind
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import OfferVerdict, TouchpointKind
from geooffer.v1 import diagnostics_service_pb2 as diagnostics_pb
from geooffer.v1 import store_service_pb2 as store_pb

StageAt = Callable[[int], AbstractAsyncContextManager[Stage]]
S1 = running_shoes_world()
CLOSED, OFFERED = OfferVerdict.STORE_CLOSED, OfferVerdict.OFFERED


def _store(**changes: object) -> World:
    return replace(S1, stores=(replace(S1.stores[0], **changes),))  # type: ignore[arg-type]


def _at(year: int, month: int, day: int, hour: int, minute: int = 0, zone: str = "Europe/Berlin") -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone)).timestamp()) * 1000


# -- hours where the store stands ----------------------------------------------------------------------------

ZONE_TWINS: dict[str, tuple[World, OfferVerdict]] = {
    "ten in Berlin, open from ten": (_store(opening_hours="Mo-Sa 10:00-20:00"), OFFERED),
    "nine in Lisbon, open from ten": (
        _store(opening_hours="Mo-Sa 10:00-20:00", time_zone="Europe/Lisbon"), CLOSED),
    "nine in Lisbon, open from nine": (
        _store(opening_hours="Mo-Sa 09:00-20:00", time_zone="Europe/Lisbon"), OFFERED),
    "six in the evening in Tokyo, open till seven": (
        _store(opening_hours="Mo-Sa 10:00-19:00", time_zone="Asia/Tokyo"), OFFERED),
    "six in the evening in Tokyo, open till five": (
        _store(opening_hours="Mo-Sa 10:00-17:00", time_zone="Asia/Tokyo"), CLOSED),
    "Wednesdays only": (_store(opening_hours="We 09:00-20:00"), CLOSED),
    "closed this very day": (_store(opening_hours=f"{NINE_TO_EIGHT}; 2026 Mar 03 off"), CLOSED),
    "over midnight": (_store(opening_hours="Mo-Su 18:00-11:00"), OFFERED),
    "a lunch break": (_store(opening_hours="Mo-Sa 08:00-10:00,12:00-20:00"), CLOSED),
}  # fmt: skip


@pytest.mark.parametrize("name", ZONE_TWINS)
async def test_hours_are_those_of_the_store(stage: Stage, name: str) -> None:
    world, verdict = ZONE_TWINS[name]
    await stage.set_up(world)
    assert await explained(stage) == {"spring-run": verdict}
    told = await stage.send(walk_past())
    assert (len(told.offers), told.try_verdicts) == (verdict is OFFERED, [verdict])


@pytest.mark.parametrize(
    ("region", "verdict"), [("DE-BE", OFFERED), ("DE-BB", CLOSED), ("", OFFERED)], ids=["Berlin", "Potsdam", "none"]
)
async def test_reformation_day_is_a_holiday_in_brandenburg_only(
    stage_at: StageAt, region: str, verdict: OfferVerdict
) -> None:
    saturday_ms = _at(2026, 10, 31, 10)
    world = _store(opening_hours=f"{NINE_TO_EIGHT}; PH off", country="DE", region=region)
    async with stage_at(saturday_ms) as stage:
        await stage.set_up(moved_in_time(world, saturday_ms - NOW_MS))
        told = await stage.send(walk_past(start_ms=saturday_ms))
    assert told.try_verdicts == [verdict]
    assert len(told.offers) == (verdict is OFFERED)


@pytest.mark.parametrize(("day", "verdict"), [(2, OFFERED), (3, CLOSED), (4, OFFERED)])
async def test_good_friday(stage_at: StageAt, day: int, verdict: OfferVerdict) -> None:
    start_ms = _at(2026, 4, day, 10)
    async with stage_at(start_ms) as stage:
        world = _store(opening_hours=f"{NINE_TO_EIGHT}; PH off", country="DE")
        await stage.set_up(moved_in_time(world, start_ms - NOW_MS))
        assert (await stage.send(walk_past(start_ms=start_ms))).try_verdicts == [verdict]


@pytest.mark.parametrize(("minute", "verdict"), [(9, OFFERED), (12, CLOSED)])
async def test_ten_minutes_before_closing_it_is_too_late_to_come(
    stage_at: StageAt, minute: int, verdict: OfferVerdict
) -> None:
    """The branch closes at 19:20; the fix that enters comes 70 s after the minute."""
    start_ms = _at(2026, 3, 3, 19, minute - 1)
    async with stage_at(start_ms) as stage:
        await stage.set_up(moved_in_time(_store(opening_hours="Tu 09:00-19:20"), start_ms - NOW_MS))
        assert (await stage.send(walk_past(start_ms=start_ms))).try_verdicts == [verdict]


# -- unknown hours: the campaign decides ---------------------------------------------------------------------


@pytest.mark.parametrize("is_open", [True, False])
async def test_unknown_hours_are_the_campaigns_to_judge(stage: Stage, is_open: bool) -> None:
    campaign = Campaign("spring", is_open_when_hours_unknown=is_open)
    offer = replace(S1.offers[0], campaign_id="spring")
    await stage.set_up(replace(_store(opening_hours=""), campaigns=(campaign,), offers=(offer,)))
    told = await stage.send(walk_past())
    assert told.try_verdicts == [OFFERED if is_open else CLOSED]
    assert [offer.offer_id for offer in told.offers] == ["spring-run"] * is_open


async def test_a_closure_wins_over_unknown_hours_too(stage: Stage) -> None:
    campaign = Campaign("spring", is_open_when_hours_unknown=True)
    offer = replace(S1.offers[0], campaign_id="spring")
    await stage.set_up(replace(_store(opening_hours=""), campaigns=(campaign,), offers=(offer,)))
    await switch(stage, "CloseStores", store_ids=["branch-mitte"])
    told = await stage.send(walk_past())
    assert (told.offers, told.try_verdicts) == ([], [CLOSED])


# -- closures ------------------------------------------------------------------------------------------------


def three_branches() -> World:
    """One in Berlin's centre, one 300 m on with a tag, one 600 m on in another region; all have her shoes."""
    spots = (("branch-mitte", 0.0, "DE-BE", ()), ("branch-ost", 300.0, "DE-BE", ("mall",)),
             ("branch-potsdam", 600.0, "DE-BB", ("mall",)))  # fmt: skip
    return replace(
        S1,
        stores=tuple(
            replace(branch(name, name, east_m=east_m), country="DE", region=region, tags=tags)
            for name, east_m, region, tags in spots
        ),
        fences=tuple(square_fence(f"at-{name}", name, east_m=east_m) for name, east_m, _, _ in spots),
        offers=(replace(S1.offers[0], store_ids=()),),
        stock=tuple(StockFigure(name, "veltra-glide", EU_43, 5, NOW_MS - HOUR_MS) for name, *_ in spots),
    )


PASSERS_BY = {"anna": 0.0, "berta": 300.0, "carla": 600.0}
"""Customer → where she walks: each past a branch of her own."""


def with_passers_by(world: World) -> World:
    """A customer for each of the three branches, all of one mind."""
    return replace(
        world,
        customers=tuple(Customer(name, (n + 1,), "en") for n, name in enumerate(PASSERS_BY)),
        touchpoints=tuple(replace(S1.touchpoints[0], customer_id=name) for name in PASSERS_BY),
    )


async def _everybody_walks(stage: Stage, start_ms: int, first_sequence: int) -> list[OfferVerdict]:
    """What the three are told on the way past their branches, from west to east; explained beforehand alike."""
    verdicts = []
    for number, east_m in enumerate(PASSERS_BY.values(), start=1):
        foretold = await explained(stage, device_key=number, at_ms=start_ms, east_m=east_m)
        told = await stage.send(walk_past(number, start_ms=start_ms, east_m=east_m, first_sequence=first_sequence))
        assert told.try_verdicts == [foretold["spring-run"]]
        assert len(told.offers) == (told.try_verdicts == [OFFERED])
        verdicts += told.try_verdicts
        start_ms += HOUR_MS // 4
    return verdicts


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ({"store_ids": ["branch-mitte"]}, [True, False, False]),
        ({"region": "DE-BE"}, [True, True, False]),
        ({"tag": "mall"}, [False, True, True]),
    ],
    ids=["store", "region", "tag"],
)
@pytest.mark.parametrize(("begin", "end"), [("CloseStores", "ReopenStores"), ("PauseOffers", "ResumeOffers")])
async def test_by_store_region_or_tag(
    stage: Stage, selected: dict[str, object], expected: list[bool], begin: str, end: str
) -> None:
    await stage.set_up(with_passers_by(three_branches()))
    assert len(await switch(stage, begin, **selected)) == sum(expected)
    first = await _everybody_walks(stage, NOW_MS, 1)
    assert first == [CLOSED if is_closed else OFFERED for is_closed in expected]
    await switch(stage, end, **selected)
    second = await _everybody_walks(stage, NOW_MS + 2 * HOUR_MS, 100)
    assert second == [OFFERED if is_closed else OfferVerdict.ALREADY_OFFERED for is_closed in expected]


@pytest.mark.parametrize(("begin", "end"), [("CloseStores", "ReopenStores"), ("PauseOffers", "ResumeOffers")])
async def test_in_force_with_the_next_ping(stage: Stage, begin: str, end: str) -> None:
    """She is ten metres from the door when it closes; it opens while she looks into the window."""
    await stage.set_up(S1)
    walk = walk_past()
    assert (await stage.send(walk[:7])).tries == []
    await switch(stage, begin, store_ids=["branch-mitte"])
    entered = await stage.send(walk[7:9])
    assert (entered.offers, entered.try_verdicts) == ([], [CLOSED])
    await switch(stage, end, store_ids=["branch-mitte"])
    later = await stage.send(walk[9:10])
    assert [offer.offer_id for offer in later.offers] == ["spring-run"]
    assert later.offers[0].decided_time.ToMilliseconds() == NOW_MS + 90_000


async def test_a_closure_may_be_announced_and_ends_by_itself(stage: Stage) -> None:
    """An inventory from eleven to one, entered the day before; told as such to whoever asks why."""
    await stage.set_up(S1)
    hours = (NOW_MS + HOUR_MS, NOW_MS + 3 * HOUR_MS)
    await switch(
        stage, "CloseStores", store_ids=["branch-mitte"], from_ms=hours[0], until_ms=hours[1], reason="inventory"
    )
    verdicts = [(await explained(stage, at_ms=time_ms))["spring-run"]
                for time_ms in (hours[0] - 1, hours[0], hours[1] - 1, hours[1])]  # fmt: skip
    assert verdicts == [OFFERED, CLOSED, CLOSED, OFFERED]
    request = store_pb.ListClosuresRequest(store_id="branch-mitte")
    listed = (await stage.operator.control.call(stage.operator.control.stores.ListClosures, request)).closures
    assert [(item.kind, item.reason) for item in listed] == [(SwitchKind.CLOSED, "inventory")]
    during = await stage.send(walk_past(start_ms=hours[0]))
    assert (during.offers, during.try_verdicts) == ([], [CLOSED])
    after = await stage.send(walk_past(start_ms=hours[1], first_sequence=100))
    assert after.try_verdicts == [OFFERED]


async def test_a_closure_wins_over_hours_a_reopening_does_not(stage: Stage) -> None:
    """Reopened, the branch keeps its hours: at nine in the evening it is closed all the same."""
    await stage.set_up(_store(opening_hours="Mo-Sa 09:00-20:00"))
    await switch(stage, "CloseStores", store_ids=["branch-mitte"])
    assert (await explained(stage))["spring-run"] == CLOSED
    await switch(stage, "ReopenStores", store_ids=["branch-mitte"])
    assert (await explained(stage))["spring-run"] == OFFERED
    evening_ms = NOW_MS + 11 * HOUR_MS
    assert (await explained(stage, at_ms=evening_ms))["spring-run"] == CLOSED
    told = await stage.send(walk_past(start_ms=evening_ms))
    assert (told.offers, told.try_verdicts) == ([], [CLOSED])


async def test_it_is_told_why(stage: Stage) -> None:
    await stage.set_up(S1)
    await switch(stage, "PauseOffers", store_ids=["branch-mitte"], reason="too full")
    request = diagnostics_pb.ExplainPingRequest(
        device_key=4711, latitude_e7=round(LATITUDE * 1e7), longitude_e7=round(LONGITUDE * 1e7), accuracy_cm=800
    )
    [fence] = (await stage.operator.control.explain_ping(request)).fences
    assert fence.verdict == CLOSED
    assert "offers paused" in fence.store_detail
    assert "too full" in fence.store_detail


async def test_nobody_is_invited_to_a_closed_store_on_any_channel(stage: Stage) -> None:
    await stage.set_up(S1)
    await switch(stage, "CloseStores", store_ids=["branch-mitte"])
    for channel in (Channel.WEB_SHOP, Channel.IN_APP, Channel.SOCIAL):
        answer = await ask(stage, channel)
        assert (answer.HasField("offer"), answer.verdict) == (False, CLOSED)


# -- shipping instead ----------------------------------------------------------------------------------------

ONLINE = Store("web-shop", "Web shop", round(LATITUDE * 1e7), round(LONGITUDE * 1e7), "Europe/Berlin", "24/7",
               is_online=True)  # fmt: skip
SHIPS = Touchpoint("anna", TouchpointKind.PREFERENCE, NOW_MS - DAY_MS, fulfilment=FulfilmentPreference.SHIP)
COLLECTS = replace(SHIPS, time_ms=NOW_MS - DAY_MS // 2, fulfilment=FulfilmentPreference.COLLECT)


def shipping_world(
    *touchpoints: Touchpoint, allowed: bool = True, sold_online: bool = True, online_count: int = 30
) -> World:
    """S1 with a web shop, a campaign that may offer shipping, and what she said of shipping."""
    return replace(
        S1,
        stores=(*S1.stores, ONLINE),
        products=(replace(S1.products[0], is_sold_online=sold_online),),
        campaigns=(Campaign("spring", offers_shipping=allowed),),
        offers=(replace(S1.offers[0], campaign_id="spring"),),
        stock=(*S1.stock, StockFigure("web-shop", "veltra-glide", EU_43, online_count, NOW_MS - HOUR_MS)),
        touchpoints=(*S1.touchpoints, *touchpoints),
    )


@pytest.mark.parametrize("begin", ["CloseStores", "PauseOffers"])
async def test_told_of_shipping_instead_where_she_asked_for_that(stage: Stage, begin: str) -> None:
    await stage.set_up(shipping_world(SHIPS))
    await switch(stage, begin, store_ids=["branch-mitte"])
    [offer] = (await stage.send(walk_past())).offers
    assert (offer.offer_id, offer.store_id) == ("spring-run", "branch-mitte")
    assert (offer.fulfilment, offer.supply_store_id) == (Fulfilment.SHIP_TO_HOME, "web-shop")
    assert offer.alternative == "can be shipped to you"
    assert not offer.HasField("supply_place")
    assert offer.reason == "because you searched for Running shoes"
    assert offer.valid_until_time.ToMilliseconds() == NOW_MS + 5 * DAY_MS
    assert (offer.price_minor, offer.size_value) == (8_990, "43")


SHIPPING_TWINS: dict[str, World] = {
    "she said nothing of shipping": shipping_world(),
    "she collects": shipping_world(SHIPS, COLLECTS),
    "not by this campaign": shipping_world(SHIPS, allowed=False),
    "not sold online": shipping_world(SHIPS, sold_online=False),
    "sold out online": shipping_world(SHIPS, online_count=0),
}


@pytest.mark.parametrize("name", SHIPPING_TWINS)
async def test_else_a_closed_store_is_silent(stage: Stage, name: str) -> None:
    await stage.set_up(SHIPPING_TWINS[name])
    await switch(stage, "CloseStores", store_ids=["branch-mitte"])
    told = await stage.send(walk_past())
    assert (told.offers, told.try_verdicts) == ([], [CLOSED])


async def test_who_asked_for_shipping_still_gets_the_open_branch(stage: Stage) -> None:
    """The speaking twin: the branch is open and has them, so that is what she is told."""
    await stage.set_up(shipping_world())
    await record(stage, SHIPS)
    [offer] = (await stage.send(walk_past())).offers
    assert (offer.fulfilment, offer.alternative) == (Fulfilment.IN_STORE, "")
