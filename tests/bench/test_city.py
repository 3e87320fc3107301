"""The demo city: the same for the same seed, closed under reference; its stories and its map."""

from __future__ import annotations

import numpy as np
import pytest

from geooffer.bench.city import START_MS, City, build_city
from geooffer.bench.city_campaigns import CAMPAIGNS, OPENING
from geooffer.bench.city_map import render_map
from geooffer.bench.city_people import LOCATION, OFFERS, SEARCH
from geooffer.bench.city_run import CityRun, OfferEvent, TryEvent
from geooffer.bench.city_stores import ONLINE_STORE
from geooffer.bench.city_stories import find_stories
from geooffer.bench.city_streets import to_e7, to_metres
from geooffer.model.kinds import Fulfilment, SwitchKind
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.repurchase import PRESETS
from geooffer.model.shapes import Circle, Polygon
from geooffer.model.verdicts import OfferVerdict, PingVerdict, TouchpointKind
from map_pages import data_of


@pytest.fixture(scope="module")
def city() -> City:
    return build_city(seed=3, customer_count=150, shop_count=60)


def test_the_same_seed_gives_the_same_city(city: City) -> None:
    again = build_city(seed=3, customer_count=150, shop_count=60)
    other = build_city(seed=4, customer_count=150, shop_count=60)
    assert again.pings.tobytes() == city.pings.tobytes()
    assert again.assortment == city.assortment
    assert [s.store for s in again.shops] == [s.store for s in city.shops]
    assert again.people == city.people
    assert other.pings.tobytes() != city.pings.tobytes()


def test_more_people_move_no_shop(city: City) -> None:
    larger = build_city(seed=3, customer_count=160, shop_count=60)
    assert [s.store for s in larger.shops] == [s.store for s in city.shops]
    assert larger.people[:150] == city.people


def test_it_starts_on_a_tuesday_at_ten_in_berlin() -> None:
    assert START_MS == 1_772_528_400_000  # 2026-03-03T09:00:00Z


def test_every_reference_leads_somewhere(city: City) -> None:
    shops = {shop.store.store_id for shop in city.shops}
    stores = {store.store_id for store in city.stores}
    campaigns = {campaign.campaign_id: campaign for campaign in CAMPAIGNS}
    products = {product.product_id: product for product in city.assortment.products}
    categories = {category.category_id for category in city.assortment.categories}
    assert {product.category_id for product in products.values()} <= categories
    assert {fence.store_id for fence in city.fences} == shops | {""}
    assert stores - shops == {ONLINE_STORE.store_id}
    assert {category.repurchase_preset for category in city.assortment.categories} <= PRESETS.keys() | {""}
    assert {campaign.audience_id for campaign in CAMPAIGNS} == {city.members.audience.audience_id, ""}
    assert set(city.members.customer_ids) <= {person.customer.customer_id for person in city.people}
    for offer in city.assortment.offers:
        assert offer.product_id in products
        assert set(offer.store_ids) <= shops
        assert offer.campaign_id in campaigns or not offer.campaign_id
        assert offer.store_ids == tuple(sorted(offer.store_ids))
    for figure in city.assortment.stock:
        sizes = products[figure.product_id].sizes
        assert figure.size in sizes if sizes else figure.size is None
    for person in city.people:
        for touchpoint in person.touchpoints:
            assert touchpoint.category_id in categories | {""}
            assert touchpoint.product_id in products or not touchpoint.product_id


def test_fences_are_polygons_and_circles_and_one_has_a_court(city: City) -> None:
    kinds = [type(fence.shape) for fence in city.fences]
    assert kinds.count(Circle) >= 10
    assert kinds.count(Polygon) >= 10
    arcade = next(fence for fence in city.fences if not fence.store_id)
    assert isinstance(arcade.shape, Polygon)
    assert len(arcade.shape.parts[0].rings) == 2


def test_pings_are_in_order_of_time_and_each_device_counts_up(city: City) -> None:
    times = city.pings["fix_time_ms"]
    assert (np.diff(times) >= 0).all()
    assert times[0] >= START_MS
    for key in city.people[0].customer.device_keys:
        sequences = city.pings["sequence"][city.pings["device_key"] == key]
        assert (np.diff(sequences) >= 0).all()
        assert sequences[-1] == len(np.unique(sequences))


def test_people_differ_in_what_they_consented_to(city: City) -> None:
    assert {person.purposes for person in city.people} == {
        LOCATION | SEARCH | OFFERS,
        SEARCH | OFFERS,
        LOCATION | SEARCH,
        0,
    }
    assert all(not person.touchpoints for person in city.people if not person.purposes & SEARCH)


def test_stock_is_counted_in_the_morning_but_for_a_few_shops(city: City) -> None:
    counted_ms = {figure.store_id: figure.as_of_ms for figure in city.assortment.stock}
    assert all(0 < START_MS - time_ms < DAY_MS + 5 * HOUR_MS for time_ms in counted_ms.values())
    late = [store_id for store_id, time_ms in counted_ms.items() if START_MS - time_ms > DAY_MS]
    assert 0 < len(late) < len(counted_ms) / 5


def test_some_ride_and_half_of_the_phones_tell_their_speed(city: City) -> None:
    speeds = city.pings["speed_cm_per_s"]
    told = {int(key) for key in city.pings["device_key"][speeds >= 0]}
    devices = set(city.pings["device_key"].tolist())
    assert 0.3 < len(told) / len(devices) < 0.7
    fast = {int(key) for key in city.pings["device_key"][speeds > 800]}
    assert 0 < len(fast) < len(devices) / 10


def test_incidents_happen_in_the_middle_of_the_walks(city: City) -> None:
    assert [incident.kind for incident in city.incidents] == [SwitchKind.CLOSED, SwitchKind.OFFERS_PAUSED]
    for incident in city.incidents:
        times_ms = city.pings["fix_time_ms"][incident.ping_index - 1 : incident.ping_index + 1]
        assert times_ms[0] < incident.from_ms <= times_ms[1] < incident.until_ms


def test_metres_and_e7_are_inverse() -> None:
    points = np.array([[0.0, 0.0], [1234.5, -987.6], [-1500.0, 1400.0]])
    assert np.abs(to_metres(*to_e7(points)) - points).max() < 0.01


def _some_run(city: City) -> CityRun:
    """A run in which one person got an offer, one was held back and those without consent were refused."""
    run = CityRun.of(city)
    run.ping_verdicts[:] = PingVerdict.ACCEPTED
    refused = [k for p in city.people if not p.purposes & LOCATION for k in p.customer.device_keys]
    run.ping_verdicts[np.isin(city.pings["device_key"], refused)] = PingVerdict.NO_CONSENT
    offer = next(o for o in city.assortment.offers if o.product_id.startswith("running-shoes"))
    shop = next(s for s in city.shops if s.store.store_id == offer.store_ids[0])
    event = OfferEvent(
        ping_index=500, decision_id="d", offer_id=offer.offer_id, product_id=offer.product_id,
        store_id=shop.store.store_id, store_name='A "quoted" <name> & more', title="Shoe", size="EU 43",
        price_minor=8_990, previous_price_minor=11_990, currency="EUR", valid_until_ms=START_MS,
        in_stock_as_of_ms=START_MS, reason="because you searched for Running shoes",
        reason_kind=TouchpointKind.SEARCH, language="en", fulfilment=Fulfilment.IN_STORE,
        supply_store_id=shop.store.store_id,
    )  # fmt: skip
    run.offers.append(event)
    run.tries += [
        TryEvent(500, shop.store.store_id, offer.offer_id, OfferVerdict.OFFERED),
        TryEvent(600, shop.store.store_id, offer.offer_id, OfferVerdict.NO_PRICE_ADVANTAGE),
        TryEvent(601, shop.store.store_id, "", OfferVerdict.NO_INTENT),
    ]
    return run


def test_stories_are_found_in_what_happened(city: City) -> None:
    stories = find_stories(city, _some_run(city))
    assert [story.kind for story in stories] == ["offered", "held back", "no consent"]
    assert "89.90 EUR instead of 119.90 EUR" in " ".join(stories[0].lines)
    assert "NO_PRICE_ADVANTAGE" in " ".join(stories[1].lines)
    assert find_stories(city, CityRun.of(city)) == []


def test_counts_of_a_run_are_by_reason_by_where_the_goods_are_and_by_campaign(city: City) -> None:
    run = _some_run(city)
    assert run.reason_counts() == {TouchpointKind.SEARCH: 1}
    assert run.fulfilment_counts() == {Fulfilment.IN_STORE: 1}
    campaign_id = next(o.campaign_id for o in city.assortment.offers if o.offer_id == run.offers[0].offer_id)
    assert run.campaign_counts(city) == {campaign_id: 1}
    assert next(campaign for campaign in CAMPAIGNS if campaign.campaign_id == OPENING).budget_count == 60


def test_the_map_is_the_page_that_geooffer_map_writes(city: City) -> None:
    run = _some_run(city)
    stories = find_stories(city, run)
    page = render_map(city, run, stories, {"pings": "1 & 2"})
    data = data_of(page)
    assert data["fences"]["ids"] == [fence.geofence_id for fence in city.fences]
    assert data["stores"]["count"] == len(city.shops)
    marks = {layer["label"]: layer["texts"] for layer in data["marks"]}
    assert len(marks["offers"]) == 1
    assert 'at A "quoted" <name> & more: 89.90 EUR instead of 119.90 EUR' in marks["offers"][0]
    assert len(marks["held back although wanted"]) == 1
    assert [track["label"] for track in data["tracks"]] == ["customer 1", "customer 2", "customer 3"]
    assert [event["kind"] for event in data["tracks"][0]["events"]] == ["TRY", "OFFER"]
    assert [card["title"][:3] for card in data["cards"]] == ["1. ", "2. ", "3. "]
    assert data["figures"] == {"pings": "1 & 2"}
    assert data["tallies"] == {"OFFERED": 1, "NO_PRICE_ADVANTAGE": 1, "NO_INTENT": 1}
    assert page == render_map(city, run, stories, {"pings": "1 & 2"})
