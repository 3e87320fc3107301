"""Why something happened to a customer, in words and figures from the catalog and her own signals."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from geooffer.bench.city import City
from geooffer.bench.city_people import Person
from geooffer.bench.city_run import CityRun, TryEvent, device_key, time_ms
from geooffer.bench.city_stores import TIME_ZONE
from geooffer.model.catalog import Product, Size
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import INTEREST_KINDS, OfferVerdict, TouchpointKind


def money_text(minor: int, currency: str = "EUR") -> str:
    """An amount of a two-digit currency as people read it."""
    return f"{minor / 100:.2f} {currency}"


def clock_text(moment_ms: int) -> str:
    """Time of day in the city."""
    return datetime.fromtimestamp(moment_ms / 1000, ZoneInfo(TIME_ZONE)).strftime("%H:%M:%S")


def products_of(city: City) -> dict[str, Product]:
    """Products by id."""
    return {product.product_id: product for product in city.assortment.products}


def category_name(city: City, category_id: str) -> str:
    """A category's English name inside a sentence."""
    names = next(c.names for c in city.assortment.categories if c.category_id == category_id)
    return dict(names)["en"].lower()


def interests_of(person: Person, now_ms: int) -> list[Touchpoint]:
    """Her searches, views, wishes and cart that are not too old to count at `now_ms`."""
    oldest_ms = now_ms - Policy().intent_max_age_ms
    return [t for t in person.touchpoints if t.kind in INTEREST_KINDS and t.time_ms >= oldest_ms]


def purchase_ms(person: Person, category_id: str, now_ms: int) -> int:
    """When she last bought of a category; `now_ms` where never."""
    kind = TouchpointKind.PURCHASE
    times = [t.time_ms for t in person.touchpoints if t.kind is kind and t.category_id == category_id]
    return max(times, default=now_ms)


def age_text(age_ms: int) -> str:
    """An age in whole days, or in hours under a day."""
    days = age_ms // DAY_MS
    return f"{days} days" if days > 1 else "one day" if days == 1 else f"{age_ms // 3_600_000} hours"


def looked_for(person: Person, product: Product, now_ms: int) -> str:
    """Her latest signal that speaks of this product or its category, in words."""
    verbs = {
        TouchpointKind.SEARCH: "searched for {}",
        TouchpointKind.VIEW: "looked at {}",
        TouchpointKind.WISH: "wished for {}",
        TouchpointKind.CART: "put {} into her cart",
    }
    matching = [
        t
        for t in interests_of(person, now_ms)
        if t.product_id == product.product_id or t.category_id == product.category_id
    ]
    if not matching:
        return f"{person.customer.customer_id} showed an interest in {product.category_id.replace('-', ' ')}."
    latest = max(matching, key=lambda t: t.time_ms)
    what = dict(product.titles)["en"] if latest.product_id else product.category_id.replace("-", " ")
    return f"{person.customer.customer_id} {verbs[latest.kind].format(what)} {age_text(now_ms - latest.time_ms)} ago."


def _known_size(person: Person, product: Product, now_ms: int) -> Size | None:
    told = [
        t
        for t in person.touchpoints
        if t.size is not None
        and t.time_ms <= now_ms
        and (t.category_id == product.category_id or t.product_id.startswith(product.category_id + "-"))
    ]
    return max(told, key=lambda t: t.time_ms).size if told else None


def why(city: City, run: CityRun, event: TryEvent, person: Person, product: Product) -> str:
    """One sentence with the figures behind a verdict, read from the catalog and her own signals."""
    title = dict(product.titles)["en"]
    size = _known_size(person, product, time_ms(city, event.ping_index))
    if event.verdict is OfferVerdict.OUT_OF_STOCK:
        figures = [
            figure.available_count
            for figure in city.assortment.stock
            if (figure.store_id, figure.product_id) == (event.store_id, product.product_id) and figure.size == size
        ]
        size_text = f" in size {size.system} {size.value}" if size else ""
        if not figures:
            return f"{title}{size_text} is not stocked there."
        return f"{title}{size_text}: {figures[0]} on the shelf, and one is always kept back for the shop itself."
    if event.verdict is OfferVerdict.NO_PRICE_ADVANTAGE:
        steps = [price for price in city.assortment.prices if price.product_id == product.product_id]
        history = ", then ".join(money_text(price.amount_minor) for price in steps)
        return f"{title} cost {history}: not enough below the lowest price of the 30 days before."
    if event.verdict is OfferVerdict.SIZE_MISMATCH:
        if size is not None:
            return f"{title} is not sold in size {size.system} {size.value} there."
        return f"She never told her size for {product.category_id.replace('-', ' ')}; it is not guessed."
    if event.verdict is OfferVerdict.STORE_CLOSED:
        return "The shop is closed at that hour, or closes within ten minutes."
    earlier = [
        offer
        for offer in run.offers
        if device_key(city, offer.ping_index) in person.customer.device_keys and offer.ping_index < event.ping_index
    ]
    times = ", ".join(clock_text(time_ms(city, offer.ping_index)) for offer in earlier)
    return f"She had an offer already at {times}; {title} must not add to it now."
