"""What is held of a person, as plain values in the network's own ids: what explanations read instead of tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from geooffer.model.catalog import Audience, Campaign, Category, Product
from geooffer.model.kinds import AccountKind, Channel, FulfilmentPreference
from geooffer.model.tables import (
    CONTACT_OFFER,
    FACT_AUDIENCE,
    FACT_LIKE,
    FACT_PURCHASE,
    FACT_RETURN,
    FACT_SIZE,
    FACT_SURVEY,
    NEVER_MS,
)
from geooffer.model.verdicts import TouchpointKind

if TYPE_CHECKING:
    from geooffer.engine.pipeline import Pipeline

_INTEREST_FIELDS = {
    TouchpointKind.CART: "cart_ms",
    TouchpointKind.SEARCH: "search_ms",
    TouchpointKind.WISH: "wish_ms",
    TouchpointKind.VIEW: "view_ms",
}


@dataclass(frozen=True, slots=True)
class Interest:
    """When she last searched, viewed, wished for or put into the cart; `product_id` '' = the category as such."""

    category_id: str
    product_id: str
    kind: TouchpointKind
    time_ms: int


@dataclass(frozen=True, slots=True)
class Contact:
    """An offer she had, or somebody else's message (`is_offer` False). '' and None = none, not reported."""

    is_offer: bool
    decided_ms: int
    delivered_ms: int | None = None
    displayed_ms: int | None = None
    ended_ms: int | None = None
    store_id: str = ""
    offer_id: str = ""
    category_id: str = ""
    campaign_id: str = ""


@dataclass(slots=True)
class Shopper:
    """A person. Facts are by category id: the time, or the size code, or (time, is interested)."""

    person_key: int
    time_zone: str
    consent_bits: int
    tier: int
    account_kind: AccountKind
    fulfilment: FulfilmentPreference | None
    channel: Channel | None
    """The one she wants to be addressed on."""
    interests: list[Interest] = field(default_factory=list)
    size_codes: dict[str, int] = field(default_factory=dict)
    bought_ms: dict[str, int] = field(default_factory=dict)
    returned_ms: dict[str, int] = field(default_factory=dict)
    liked_ms: dict[str, int] = field(default_factory=dict)
    surveys: dict[str, tuple[int, bool]] = field(default_factory=dict)
    audience_ids: set[str] = field(default_factory=set)
    contacts: list[Contact] = field(default_factory=list)

    def last_purchase_ms(self, category_id: str) -> int | None:
        """Her last purchase in a category; None where there is none or she took it back."""
        bought_ms = self.bought_ms.get(category_id)
        if bought_ms is None or self.returned_ms.get(category_id, NEVER_MS) >= bought_ms:
            return None
        return bought_ms


@dataclass(frozen=True, slots=True)
class LastFix:
    """Where a device was when it was last heard."""

    time_ms: int
    latitude_e7: int
    longitude_e7: int
    accuracy_cm: int


def shopper_of_device(engine: Pipeline, device_key: int, now_ms: int) -> Shopper:
    """The person whose device it is."""
    people = engine.state.people
    slot = int(people.view.devices["person_slot"][people.device_slots[device_key]])
    return shopper_of_slot(engine, slot, now_ms)


def shopper_of_slot(engine: Pipeline, slot: int, now_ms: int) -> Shopper:
    """The person in a slot of the tables, with her consent as of now."""
    people, registry = engine.state.people, engine.registry
    view = people.view
    row = view.persons[slot]
    key = int(row["person_key"])
    shopper = Shopper(
        person_key=key,
        time_zone=people.customers[key].time_zone,
        consent_bits=engine.word_now(key, now_ms),
        tier=int(row["tier"]),
        account_kind=AccountKind(int(row["account_kind"])),
        fulfilment=FulfilmentPreference(int(row["fulfilment"])) if row["fulfilment"] else None,
        channel=Channel(int(row["channel"])) if row["channel"] else None,
    )
    for intent in _chain(view.intents, int(row["intent_head"])):
        category_id = registry.identifier(Category, int(intent["category_number"]))
        number = int(intent["product_number"])
        product_id = registry.identifier(Product, number) if number >= 0 else ""
        for kind, name in _INTEREST_FIELDS.items():
            if intent[name] != NEVER_MS:
                shopper.interests.append(Interest(category_id, product_id, kind, int(intent[name])))
    for fact in _chain(view.facts, int(row["fact_head"])):
        _take_fact(engine, shopper, fact)
    shopper.contacts = [_contact(engine, contact) for contact in _chain(view.contacts, int(row["contact_head"]))]
    return shopper


def last_fix_of(engine: Pipeline, device_key: int, now_ms: int) -> LastFix | None:
    """The device's last fix before `now_ms`; None where it was silent since, and what came before is forgotten (M1)."""
    people, silent_ms = engine.state.people, engine.policy.silent_after_ms
    row = people.view.devices[people.device_slots[device_key]]
    heard_ms, time_ms = int(row["heard_ms"]), int(row["watermark_ms"])
    if heard_ms == NEVER_MS or time_ms >= now_ms or now_ms - heard_ms > silent_ms or now_ms - time_ms > silent_ms:
        return None
    return LastFix(time_ms, int(row["latitude_e7"]), int(row["longitude_e7"]), int(row["accuracy_cm"]))


def _chain(rows: Any, head: int) -> Iterator[Any]:
    while head >= 0:
        yield rows[head]
        head = int(rows["next"][head])


def _take_fact(engine: Pipeline, shopper: Shopper, fact: Any) -> None:
    kind, number = int(fact["kind"]), int(fact["category_number"])
    time_ms, value = int(fact["time_ms"]), int(fact["value"])
    if kind == FACT_AUDIENCE:
        if value:
            shopper.audience_ids.add(engine.registry.identifier(Audience, number))
        return
    category_id = engine.registry.identifier(Category, number)
    if kind == FACT_SIZE:
        shopper.size_codes[category_id] = value
    elif kind == FACT_PURCHASE:
        shopper.bought_ms[category_id] = time_ms
    elif kind == FACT_RETURN:
        shopper.returned_ms[category_id] = time_ms
    elif kind == FACT_LIKE:
        shopper.liked_ms[category_id] = time_ms
    elif kind == FACT_SURVEY:
        shopper.surveys[category_id] = (time_ms, bool(value))


def _contact(engine: Pipeline, row: Any) -> Contact:
    registry = engine.registry
    store, offer = int(row["store_number"]), int(row["offer_number"])
    category, campaign = int(row["category_number"]), int(row["campaign_number"])
    times = {name: int(row[name]) for name in ("delivered_ms", "displayed_ms", "ended_ms")}
    return Contact(
        is_offer=bool(row["kind"] == CONTACT_OFFER),
        decided_ms=int(row["decided_ms"]),
        delivered_ms=None if times["delivered_ms"] == NEVER_MS else times["delivered_ms"],
        displayed_ms=None if times["displayed_ms"] == NEVER_MS else times["displayed_ms"],
        ended_ms=None if times["ended_ms"] == NEVER_MS else times["ended_ms"],
        store_id=registry.store_id(store) if store >= 0 else "",
        offer_id=registry.offer_id(offer) if offer >= 0 else "",
        category_id=registry.identifier(Category, category) if category >= 0 else "",
        campaign_id=registry.identifier(Campaign, campaign) if campaign >= 0 else "",
    )
