"""Customers of a run: one got her running shoes, one was held back, one is silent for lack of consent; three more in
city_commerce_stories.py.

Nobody is written in: each story is found by looking at what happened, and its reasons are read from the
catalog and from her own signals. A run in which nothing of a kind happened has no story of that kind.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geooffer.bench.city import City
from geooffer.bench.city_commerce_stories import closed_store, due_again, elsewhere
from geooffer.bench.city_people import LOCATION, Person
from geooffer.bench.city_reasons import (
    age_text,
    category_name,
    clock_text,
    interests_of,
    looked_for,
    products_of,
    why,
)
from geooffer.bench.city_run import CityRun, OfferEvent, TryEvent, device_key, time_ms
from geooffer.bench.city_stores import Shop
from geooffer.bench.city_story import Story, moment_text, offer_text, offers_at_the_door, owners_of
from geooffer.bench.city_streets import to_metres
from geooffer.model.kinds import Fulfilment
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import INTEREST_KINDS, OfferVerdict, PingVerdict

WANTED_CATEGORY_ID = "running-shoes"
_TELLING = (
    OfferVerdict.OUT_OF_STOCK,
    OfferVerdict.NO_PRICE_ADVANTAGE,
    OfferVerdict.SIZE_MISMATCH,
    OfferVerdict.STORE_CLOSED,
    OfferVerdict.COOLDOWN,
    OfferVerdict.FREQUENCY_CAP,
    OfferVerdict.ALREADY_OFFERED,
)


MAIN_KINDS = ("offered", "held back", "no consent")


def find_stories(city: City, run: CityRun) -> list[Story]:
    """The stories that happened, in the order of MAIN_KINDS, then "due again", "elsewhere", "closed"."""
    owners = owners_of(city)
    found = (
        _offered(city, run, owners),
        _held_back(city, run, owners),
        _no_consent(city, run),
        due_again(city, run, owners),
        elsewhere(city, run, owners),
        closed_store(city, run, owners),
    )
    return [story for story in found if story is not None]


def _offered(city: City, run: CityRun, owners: dict[int, Person]) -> Story | None:
    """The first offer of running shoes, one told in English if there is any; else the first offer at all. Of something
    she looked for and finds here.
    """
    products = products_of(city)
    at_the_door = offers_at_the_door(city)
    candidates = [
        event
        for event in run.offers
        if event.offer_id in at_the_door
        and event.fulfilment is Fulfilment.IN_STORE
        and event.reason_kind in INTEREST_KINDS
    ]

    def order(event: OfferEvent) -> tuple[bool, bool, int]:
        wanted = products[event.product_id].category_id == WANTED_CATEGORY_ID
        return not wanted, event.language != "en", event.ping_index

    event = min(candidates, key=order, default=None)
    if event is None:
        return None
    person = owners[device_key(city, event.ping_index)]
    now_ms = time_ms(city, event.ping_index)
    product = products[event.product_id]
    what = category_name(city, product.category_id)
    stock = f"in stock as of {clock_text(event.in_stock_as_of_ms)}" if event.in_stock_as_of_ms else "a service"
    lines = (
        looked_for(person, product, now_ms),
        f"At {moment_text(city, event)} she walks past {event.store_name} and gets: {offer_text(event)}, {stock}.",
        f"She reads: {event.reason}.",
    )
    return Story("offered", f"got her {what}", event.ping_index, person.customer.customer_id, lines)


def _held_back(city: City, run: CityRun, owners: dict[int, Person]) -> Story | None:
    """The most telling attempt that came to a matching candidate and stopped, running shoes first."""
    products = products_of(city)
    product_of = {offer.offer_id: products[offer.product_id] for offer in city.assortment.offers}

    def order(event: TryEvent) -> tuple[bool, int, int]:
        wanted = product_of[event.offer_id].category_id == WANTED_CATEGORY_ID
        return not wanted, _TELLING.index(event.verdict), event.ping_index

    at_the_door = offers_at_the_door(city)
    telling = [event for event in run.tries if event.offer_id in at_the_door and event.verdict in _TELLING]
    event = min(telling, key=order, default=None)
    if event is None:
        return None
    person = owners[device_key(city, event.ping_index)]
    product = product_of[event.offer_id]
    shop = next(shop for shop in city.shops if shop.store.store_id == event.store_id)
    now_ms = time_ms(city, event.ping_index)
    lines = (
        looked_for(person, product, now_ms),
        f"At {clock_text(now_ms)} she walks past {shop.store.name} and hears nothing: {event.verdict.name}.",
        why(city, run, event, person, product),
    )
    return Story("held back", "was held back", event.ping_index, person.customer.customer_id, lines)


def _no_consent(city: City, run: CityRun) -> Story | None:
    """Somebody refused for consent, at her nearest fix to a shop that sells what she wants."""
    refused = run.ping_verdicts == PingVerdict.NO_CONSENT
    products = products_of(city)
    best: tuple[bool, int, Person, Shop, Touchpoint, int] | None = None
    for number, person in enumerate(city.people):
        if person.purposes & LOCATION or not person.touchpoints:
            continue
        rows = np.flatnonzero((city.pings["device_key"] == person.customer.device_keys[0]) & refused)
        for interest in interests_of(person, city.start_ms):
            category_id = interest.category_id or products[interest.product_id].category_id
            passed = _nearest_seller(city, rows, category_id)
            if passed is None:
                continue
            candidate = (category_id != WANTED_CATEGORY_ID, number, person, passed[0], interest, passed[1])
            best = candidate if best is None or candidate[:2] < best[:2] else best
        if best is not None and not best[0]:
            break
    if best is None:
        return None
    _, _, person, shop, interest, ping_index = best
    age = age_text(time_ms(city, ping_index) - interest.time_ms)
    count = int((refused & np.isin(city.pings["device_key"], person.customer.device_keys)).sum())
    product = products.get(interest.product_id)
    category_id = interest.category_id or (product.category_id if product else "")
    what = category_name(city, category_id)
    lines = (
        f"{person.customer.customer_id} looked for {what} in the web shop {age} before, "
        "but never agreed to the use of her location.",
        f"At {clock_text(time_ms(city, ping_index))} she passes {shop.store.name}, which sells them. "
        f"All {count:,} pings are forgotten unread: no place, no visit and no attempt is kept.",
    )
    return Story("no consent", "is silent: no consent", ping_index, person.customer.customer_id, lines)


def _nearest_seller(city: City, rows: npt.NDArray[np.intp], category_id: str) -> tuple[Shop, int] | None:
    """The seller these pings came nearest to, within 15 m of its door, and the row of that ping."""
    sellers = [shop for shop in city.shops if category_id in shop.kind.category_ids]
    if not len(rows) or not sellers:
        return None
    places = to_metres(city.pings["latitude_e7"][rows], city.pings["longitude_e7"][rows])
    doors = np.array([shop.door_m for shop in sellers])
    squares = ((places[:, None, :] - doors[None, :, :]) ** 2).sum(axis=2)
    nearest, seller = np.unravel_index(int(squares.argmin()), squares.shape)
    return (sellers[int(seller)], int(rows[nearest])) if squares[nearest, seller] <= 15.0**2 else None
