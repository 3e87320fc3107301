"""The demo city: the same for the same seed, closed under reference; its stories and its map."""

from __future__ import annotations

import numpy as np
import pytest

from geooffer.bench.city import START_MS, City, build_city
from geooffer.bench.city_map import render_map
from geooffer.bench.city_people import LOCATION, OFFERS, SEARCH
from geooffer.bench.city_run import CityRun, OfferEvent, TryEvent
from geooffer.bench.city_stories import find_stories
from geooffer.bench.city_streets import to_e7, to_metres
from geooffer.model.shapes import Circle, Polygon
from geooffer.model.verdicts import OfferVerdict, PingVerdict
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
    stores = {shop.store.store_id for shop in city.shops}
    products = {product.product_id: product for product in city.assortment.products}
    categories = {category.category_id for category in city.assortment.categories}
    assert {product.category_id for product in products.values()} <= categories
    assert {fence.store_id for fence in city.fences} == stores | {""}
    for offer in city.assortment.offers:
        assert offer.product_id in products
        assert set(offer.store_ids) <= stores
        assert offer.store_ids == tuple(sorted(offer.store_ids))
    for figure in city.assortment.stock:
        sizes = products[figure.product_id].sizes
        assert figure.size in sizes if sizes else figure.size is None
    for person in city.people:
        for touchpoint in person.touchpoints:
            assert bool(touchpoint.category_id) != bool(touchpoint.product_id)
            assert touchpoint.category_id in categories or touchpoint.product_id in products


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
        in_stock_as_of_ms=START_MS, reason="because you searched for Running shoes", language="en",
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
