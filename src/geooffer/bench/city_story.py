"""A customer's morning, told: what every story of the demo has."""

from __future__ import annotations

from dataclasses import dataclass

from geooffer.bench.city import City
from geooffer.bench.city_people import Person
from geooffer.bench.city_reasons import clock_text, money_text
from geooffer.bench.city_run import OfferEvent, time_ms
from geooffer.model.verdicts import OfferTrigger


@dataclass(frozen=True, slots=True)
class Story:
    """One customer's morning at one ping; `kind` is "offered", "held back", "no consent", "due again", "elsewhere" or
    "closed".
    """

    kind: str
    title: str
    ping_index: int
    customer_id: str
    lines: tuple[str, ...]


def owners_of(city: City) -> dict[int, Person]:
    """Whose device is which."""
    return {key: person for person in city.people for key in person.customer.device_keys}


def offers_at_the_door(city: City) -> set[str]:
    """Offers tried on entering: what `try` can explain afterwards without knowing how long she stayed."""
    return {offer.offer_id for offer in city.assortment.offers if offer.trigger is OfferTrigger.ENTER}


def offer_text(event: OfferEvent) -> str:
    """The goods and their price: "Terra 5, size EU 43, 71.63 EUR instead of 100.90 EUR (-29 %)"."""
    size = f", size {event.size}" if event.size else ""
    cut = 100 * (event.previous_price_minor - event.price_minor) // max(event.previous_price_minor, 1)
    price = f"{money_text(event.price_minor)} instead of {money_text(event.previous_price_minor)}"
    return f"{event.title}{size}, {price} (-{cut} %)"


def moment_text(city: City, event: OfferEvent) -> str:
    """Time of day of an offer."""
    return clock_text(time_ms(city, event.ping_index))
