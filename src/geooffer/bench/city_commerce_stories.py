"""Three more customers of a run: one is due to buy again, one is told where else it is, one meets a closed door."""

from __future__ import annotations

import numpy as np

from geooffer.bench.city import City
from geooffer.bench.city_people import Person
from geooffer.bench.city_reasons import (
    age_text,
    category_name,
    clock_text,
    interests_of,
    looked_for,
    products_of,
    purchase_ms,
)
from geooffer.bench.city_run import CityRun, OfferEvent, TryEvent, device_key, time_ms
from geooffer.bench.city_stores import ONLINE_STORE, Shop
from geooffer.bench.city_story import Story, moment_text, offer_text, offers_at_the_door
from geooffer.model.catalog import Product
from geooffer.model.kinds import Fulfilment, SwitchKind
from geooffer.model.repurchase import PRESETS
from geooffer.model.verdicts import OfferVerdict, TouchpointKind

Owners = dict[int, Person]
_NEXT_DOOR_M = 100.0


def due_again(city: City, run: CityRun, owners: Owners) -> Story | None:
    """Who bought something that is used up by now, and never searched for it; and who bought of late and is spared."""
    at_the_door, products = offers_at_the_door(city), products_of(city)
    due = [e for e in run.offers if e.reason_kind is TouchpointKind.PURCHASE and e.offer_id in at_the_door]
    event = min(due, key=lambda e: (e.fulfilment, e.language != "en", e.ping_index), default=None)
    if event is None:
        return None
    person = owners[device_key(city, event.ping_index)]
    customer_id, product = person.customer.customer_id, products[event.product_id]
    what = category_name(city, product.category_id)
    bought_ms = purchase_ms(person, product.category_id, time_ms(city, event.ping_index))
    lines = [
        f"{customer_id} bought {what} {age_text(time_ms(city, event.ping_index) - bought_ms)} ago; it lasts for about "
        f"{_wait_days(city, product)}, so she is due again without any search.",
        f"At {moment_text(city, event)} she walks past {event.store_name} and gets: {offer_text(event)}.",
        f"She reads: {event.reason}.",
        *_spared(city, run, owners),
    ]
    return Story("due again", f"is due to buy {what} again", event.ping_index, customer_id, tuple(lines))


def _wait_days(city: City, product: Product) -> str:
    preset = next(c.repurchase_preset for c in city.assortment.categories if c.category_id == product.category_id)
    return f"{PRESETS[preset].wait_days} days"


def _spared(city: City, run: CityRun, owners: Owners) -> list[str]:
    """The silent twin: bought a short while ago, searched since, and yet nothing."""
    event = next((e for e in run.tries if e.verdict is OfferVerdict.RECENTLY_BOUGHT), None)
    if event is None:
        return []
    person, now_ms = owners[device_key(city, event.ping_index)], time_ms(city, event.ping_index)
    offer = next(offer for offer in city.assortment.offers if offer.offer_id == event.offer_id)
    product = products_of(city)[offer.product_id]
    age = age_text(now_ms - purchase_ms(person, product.category_id, now_ms))
    return [
        f"{person.customer.customer_id} bought {category_name(city, product.category_id)} {age} ago, searched since, "
        f"and hears nothing of it: RECENTLY_BOUGHT until {_wait_days(city, product)} are over."
    ]


def elsewhere(city: City, run: CityRun, owners: Owners) -> Story | None:
    """Who is told of another branch, or of shipping, because this one has none in her size."""
    at_the_door = offers_at_the_door(city)
    found = [
        event
        for event in run.offers
        if event.fulfilment is not Fulfilment.IN_STORE
        and event.offer_id in at_the_door
        and event.reason_kind is not TouchpointKind.PURCHASE
    ]

    def order(event: OfferEvent) -> tuple[int, bool, bool, int]:
        is_next_door = _way_m(city, event) < _NEXT_DOOR_M
        return event.fulfilment, is_next_door, event.language != "en", event.ping_index

    event = min(found, key=order, default=None)
    if event is None:
        return None
    person, now_ms = owners[device_key(city, event.ping_index)], time_ms(city, event.ping_index)
    product = products_of(city)[event.product_id]
    lines = (
        looked_for(person, product, now_ms),
        f"At {clock_text(now_ms)} she walks past {event.store_name}, which has none left for her, and gets: "
        f"{offer_text(event)}, {_supply_text(city, event)}.",
        f"She reads: {event.reason}.",
    )
    title = "is told where else it is" if event.fulfilment is Fulfilment.OTHER_BRANCH else "gets it by post"
    return Story("elsewhere", title, event.ping_index, person.customer.customer_id, lines)


def _supply_text(city: City, event: OfferEvent) -> str:
    if event.supply_store_id == ONLINE_STORE.store_id:
        return "sent home from the web shop"
    return f"at {_shop(city, event.supply_store_id).store.name}, {_way_m(city, event):,.0f} m away"


def _way_m(city: City, event: OfferEvent) -> float:
    """From the visited store to the one that has the goods; 0 where they are sent."""
    if event.supply_store_id == ONLINE_STORE.store_id:
        return 0.0
    way_m = _shop(city, event.supply_store_id).door_m - _shop(city, event.store_id).door_m
    return float(np.hypot(*way_m))


def _shop(city: City, store_id: str) -> Shop:
    return next(shop for shop in city.shops if shop.store.store_id == store_id)


def closed_store(city: City, run: CityRun, owners: Owners) -> Story | None:
    """Who came to a store, wanting what it sells, after it was closed at a moment's notice."""
    incident = next((i for i in city.incidents if i.kind is SwitchKind.CLOSED), None)
    if incident is None:
        return None
    shop = _shop(city, incident.store_id)
    silenced = [
        event
        for event in run.tries
        if event.store_id == incident.store_id
        and event.verdict is OfferVerdict.STORE_CLOSED
        and incident.from_ms <= time_ms(city, event.ping_index) < incident.until_ms
    ]
    wanted = ((event, _wanted(city, owners, shop, event)) for event in silenced)
    event, product = next(((e, p) for e, p in wanted if p is not None), (None, None))
    if event is None or product is None:
        return None
    person, now_ms = owners[device_key(city, event.ping_index)], time_ms(city, event.ping_index)
    offers_before = sum(
        offer.store_id == incident.store_id and offer.ping_index < incident.ping_index for offer in run.offers
    )
    lines = (
        f"At {clock_text(incident.from_ms)} {incident.store_name} is closed with one call: {incident.reason}. "
        f"Offers it made until then: {offers_before}.",
        looked_for(person, product, now_ms),
        f"At {clock_text(now_ms)} she comes by, and the next ping knows already: STORE_CLOSED, for her and "
        f"{len(silenced) - 1} other visits until {clock_text(incident.until_ms)}.",
    )
    return Story("closed", "meets a closed door", event.ping_index, person.customer.customer_id, lines)


def _wanted(city: City, owners: Owners, shop: Shop, event: TryEvent) -> Product | None:
    """A product she showed interest in, or one of a category she did, that this shop sells; None = she wants none."""
    person, products = owners[device_key(city, event.ping_index)], products_of(city)
    for interest in interests_of(person, time_ms(city, event.ping_index)):
        if interest.product_id and products[interest.product_id].category_id in shop.kind.category_ids:
            return products[interest.product_id]
        if interest.category_id in shop.kind.category_ids:
            return next(p for p in products.values() if p.category_id == interest.category_id)
    return None
