"""S12, D1.11: not here, so the nearest other branch that has it, or by post, as a marked alternative; or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from offer_cases import DAYS_AGO, candidates, explained, judged, nouns, stock
from world import EU_43, EU_44, MINUTE_MS, NOW_MS, World, campaign, offer, ping, price, product, store, touchpoint

from geooffer.engine.decisions import Decision
from geooffer.engine.engine import Engine
from geooffer.model.catalog import Noun, Store
from geooffer.model.kinds import Channel, Fulfilment, FulfilmentPreference, SwitchKind
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import OfferVerdict, TouchpointKind

V = OfferVerdict
HERE, BRANCH, POST = Fulfilment.IN_STORE, Fulfilment.OTHER_BRANCH, Fulfilment.SHIP_TO_HOME
WEB = store("web", hours="", is_online=True)
SHIP = Touchpoint("ann", TouchpointKind.PREFERENCE, NOW_MS - HOUR_MS, fulfilment=FulfilmentPreference.SHIP)
ONLINE = product(is_sold_online=True)


def shop(*more: Noun, allows: str = "branch post", **changes: Noun) -> list[Noun]:
    """The offer's campaign allows other branches (1 km, 2 km, 3 km away), or the post, or both."""
    meant = campaign(offers_other_branch="branch" in allows, offers_shipping="post" in allows)
    branches = [store(f"branch-{km}", east_m=1_000.0 * km) for km in (3, 1, 2)]
    return nouns(
        meant, WEB, *branches, *more, **{"offer": offer(campaign_id="campaign-1"), "product": ONLINE, **changes}
    )


def stocked(*store_ids: str, count: int = 5, **changes: Any) -> list[Any]:
    return [figure for store_id in store_ids for figure in stock(count, store_id=store_id, **changes)]


def decided(engine: Engine) -> Decision:
    """The decision of a visit now, which explain foretells."""
    told = candidates(engine)["offer-1"]
    (decision,) = engine.commit(engine.step(ping()))
    assert (told.verdict, told.fulfilment) == (V.OFFERED, decision.fulfilment)
    assert told.supply_store_id == decision.supply_store.store_id
    assert tuple(told.points.values()) == decision.points
    return decision


@pytest.mark.parametrize(
    ("held", "fulfilment", "supply"),
    [
        (stocked("store-1", "branch-1", "web"), HERE, "store-1"),
        (stocked("branch-3", "branch-2", "web"), BRANCH, "branch-2"),  # here it was never carried
        ([*stock(0), *stocked("branch-3", "web")], BRANCH, "branch-3"),  # here it is sold out
        ([*stock(0), *stocked("branch-1", count=1), *stocked("branch-2")], BRANCH, "branch-2"),  # safety stock there
        ([*stock(0), *stocked("branch-1", as_of_ms=NOW_MS - 2 * DAY_MS), *stocked("branch-2")], BRANCH, "branch-2"),
        ([*stock(0), *stocked("web")], POST, "web"),
    ],
)
def test_the_nearest_branch_goes_before_the_post(held: list[Any], fulfilment: Fulfilment, supply: str) -> None:
    decision = decided(World(nouns=shop(), stock=held).build())
    assert (decision.fulfilment, decision.supply_store.store_id) == (fulfilment, supply)
    assert decision.store.store_id == "store-1", "the visited one, for the caps"


@pytest.mark.parametrize(
    ("allows", "held", "changes", "expected"),
    [
        ("", stocked("branch-1", "web"), {}, V.SIZE_MISMATCH),
        ("", [*stock(0), *stocked("branch-1", "web")], {}, V.OUT_OF_STOCK),
        ("post", [*stock(0), *stocked("branch-1")], {}, V.OUT_OF_STOCK),
        ("branch", [*stock(0), *stocked("web")], {}, V.OUT_OF_STOCK),
        ("post", [*stock(0), *stocked("web")], {"product": product()}, V.OUT_OF_STOCK),  # not sold online
        ("branch post", [*stock(0), *stocked("branch-1", "web", count=1)], {}, V.OUT_OF_STOCK),
        # old figures here are no reason to send her elsewhere
        ("branch post", [*stock(5, as_of_ms=NOW_MS - 2 * DAY_MS), *stocked("branch-1", "web")], {}, V.STOCK_STALE),
        # the offer is for some stores only
        (
            "branch",
            [*stock(0), *stocked("branch-1")],
            {"offer": offer(campaign_id="campaign-1", store_ids=("branch-2", "store-1"))},
            V.OUT_OF_STOCK,
        ),
    ],
)
def test_no_alternative_that_is_not_allowed(
    allows: str, held: list[Any], changes: dict[str, Noun], expected: OfferVerdict
) -> None:
    assert judged(World(nouns=shop(allows=allows, **changes), stock=held).build()) is expected


def test_the_alternative_has_her_size() -> None:
    both = product(sizes=(EU_43, EU_44), is_sold_online=True)
    held = [*stock(0), *stocked("branch-1", size=EU_44), *stocked("branch-2")]
    decision = decided(World(nouns=shop(product=both), stock=held).build())
    assert (decision.supply_store.store_id, decision.size) == ("branch-2", EU_43)


@pytest.mark.parametrize("hours", ["We 08:00-20:00", "Tu 09:00-10:05", ""])
def test_no_way_to_a_branch_that_is_closed(hours: str) -> None:
    """H1: also one about to close, or of unknown hours, which this campaign treats as closed."""
    shut = replace(store("branch-1", east_m=1_000.0), opening_hours=hours)
    world = World(nouns=[*shop(), shut], stock=[*stock(0), *stocked("branch-1", "branch-3")])
    assert decided(world.build()).supply_store.store_id == "branch-3"


@pytest.mark.parametrize("kind", list(SwitchKind))
def test_no_way_to_a_branch_that_is_switched_off(kind: SwitchKind) -> None:
    engine = World(nouns=shop(), stock=[*stock(0), *stocked("branch-1", "branch-3")]).build()
    engine.switch_stores(["branch-1"], kind, from_ms=NOW_MS, until_ms=None, reason="", now_ms=NOW_MS)
    assert decided(engine).supply_store.store_id == "branch-3"


def test_a_closed_web_shop_ships_nothing() -> None:
    """H2: a closure wins over hours at once, also at the warehouse; a pause of its adverts does not stop parcels."""
    for kind, expected in ((SwitchKind.CLOSED, V.OUT_OF_STOCK), (SwitchKind.OFFERS_PAUSED, V.OFFERED)):
        engine = World(nouns=shop(), stock=[*stock(0), *stocked("web")]).build()
        engine.switch_stores(["web"], kind, from_ms=NOW_MS, until_ms=None, reason="strike", now_ms=NOW_MS)
        assert judged(engine) is expected


def test_a_branch_farther_than_25_km_is_no_alternative() -> None:
    for east_m, expected in ((24_990.0, V.OFFERED), (25_010.0, V.OUT_OF_STOCK)):
        far = store("far", east_m=east_m)
        engine = World(nouns=shop(far, allows="branch"), stock=[*stock(0), *stocked("far")]).build()
        assert judged(engine) is expected


def test_the_price_is_that_of_the_supplying_branch() -> None:
    """D1.13 there: 70 at branch-1 against 100 before; where it costs 100 there is no advantage to tell of."""
    dearer = [price(10_000, DAYS_AGO[60]), price(8_000, DAYS_AGO[3])]
    for amount, expected in ((7_000, V.OFFERED), (10_000, V.NO_PRICE_ADVANTAGE)):
        own = [price(10_000, DAYS_AGO[40], store_id="branch-1"), price(amount, DAYS_AGO[5], store_id="branch-1")]
        world = World(nouns=shop(), stock=[*stock(0), *stocked("branch-1")], prices=[*dearer, *own])
        assert judged(world.build()) is expected
        if expected is V.OFFERED:
            assert decided(world.build()).amount_minor == 7_000


def test_an_alternative_has_no_points_for_being_near() -> None:
    """Distance, dwell and closing time speak for a shop she stands at."""
    decision = decided(World(nouns=shop(), stock=[*stock(0), *stocked("branch-1")]).build())
    # searched an hour ago 990, 20 % off, 4 beyond the safety stock
    assert decision.points == (990, 0, 0, 200, 0, 0, 20, 0, 0)


# -- the store is closed, but she asked for shipping (S11) -----------------------------------------------------


def shut(**changes: Any) -> World:
    """The store opens tomorrow; the web shop has it; she prefers shipping."""
    closed: Store = store(hours="We 08:00-20:00")
    held = {"nouns": shop(store=closed), "stock": stocked("store-1", "branch-1", "web")}
    return World(**{**held, "touchpoints": [touchpoint(size=EU_43), SHIP], **changes})


def test_a_closed_store_tells_of_shipping_where_she_asked_for_it() -> None:
    decision = decided(shut().build())
    assert (decision.fulfilment, decision.supply_store.store_id) == (POST, "web")
    assert decision.points[8] == 0, "nothing closes soon"


@pytest.mark.parametrize(
    "changes",
    [
        {"touchpoints": [touchpoint(size=EU_43)]},
        {"touchpoints": [touchpoint(size=EU_43), replace(SHIP, fulfilment=FulfilmentPreference.COLLECT)]},
        {"stock": stocked("store-1", "branch-1")},
        {"nouns": shop(store=store(hours="We 08:00-20:00"), product=product())},
        {"nouns": shop(store=store(hours="We 08:00-20:00"), allows="branch")},
        {"touchpoints": [SHIP]},
    ],
)
def test_else_a_closed_store_is_closed(changes: dict[str, Any]) -> None:
    assert judged(shut(**changes).build()) is V.STORE_CLOSED


def test_a_paused_store_tells_of_shipping_too() -> None:
    """S11: a full store silences its adverts; she is told of delivery instead, where she asked for that."""
    engine = shut(nouns=shop()).build()
    engine.switch_stores(["store-1"], SwitchKind.OFFERS_PAUSED, from_ms=NOW_MS, until_ms=None, reason="", now_ms=NOW_MS)
    assert decided(engine).fulfilment is POST


def test_explain_says_where_the_goods_are() -> None:
    engine = World(nouns=shop(), stock=[*stock(1), *stocked("branch-2")]).build()
    told = candidates(engine)["offer-1"]
    assert "not here (1 on the shelf, 1 kept as safety stock); at branch-2 5 in stock" in told.detail
    assert explained(engine, ping()).fences[0].offer_id == "offer-1"


def test_a_web_shop_that_is_asked_offers_what_it_has() -> None:
    """D9: without a place the online stores are asked; no fence, no distance, the same verdicts."""
    web = replace(WEB, opening_hours="24/7")
    engine = World(nouns=[*shop(), web], stock=stocked("web")).build()
    told = engine.explain_asked("ann", "web", channel=Channel.WEB_SHOP, now_ms=NOW_MS + 12 * HOUR_MS)
    assert told.verdict is V.OFFERED, "she looks by herself: no quiet hours at 22:00"
    by_mail = engine.explain_asked("ann", "web", channel=Channel.EMAIL, now_ms=NOW_MS + 12 * HOUR_MS)
    assert by_mail.verdict is V.QUIET_HOURS
    answer = engine.decide("ann", channel=Channel.WEB_SHOP, now_ms=NOW_MS + MINUTE_MS)
    assert answer.decision is not None
    assert answer.decision.supply_store.store_id == "web"
