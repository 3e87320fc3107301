"""The longer lists of an export: interests, facts, contacts, decisions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from geooffer.engine.decision_book import DecisionBook
from geooffer.engine.people import INTENT_FIELDS
from geooffer.model import tables
from geooffer.model.catalog import Audience, Campaign, Category, Product
from geooffer.model.tables import NEVER_MS
from geooffer.model.units import format_time_ms

if TYPE_CHECKING:
    from geooffer.engine.retention import Retention

Row = dict[str, Any]
_FACT_NAMES = {
    tables.FACT_SIZE: "size",
    tables.FACT_PURCHASE: "purchase",
    tables.FACT_RETURN: "return",
    tables.FACT_LIKE: "like",
    tables.FACT_SURVEY: "survey answer",
}


def hex_of(key: int) -> str:
    """A 64-bit key or hash."""
    return f"{key & 0xFFFF_FFFF_FFFF_FFFF:016x}"


def intent_rows(engine: Retention, key: int) -> list[Row]:
    """One a category or product and kind of interest: the latest time of each is what is held."""
    kept_ms = engine.policy.intents_kept_ms
    found = []
    for row in _rows(engine, key, "intent"):
        for kind, field in INTENT_FIELDS.items():
            if row[field] != NEVER_MS:
                found.append(
                    {
                        "kind": kind.name,
                        **_subject(engine, int(row["category_number"]), int(row["product_number"])),
                        "time": format_time_ms(int(row[field])),
                        "kept_until": format_time_ms(int(row[field]) + kept_ms),
                    }
                )
    return found


def forgotten_interest(engine: Retention, key: int) -> Row | None:
    """Up to which moment interest gave way to newer interest, or to the sweep; None = none did."""
    people = engine.state.people
    time_ms, category_number, product_number = people.intent_floor(people.person_slots[key])
    if time_ms == NEVER_MS:
        return None
    is_sweep = category_number >= len(engine.registry.identifiers(Category))
    subject = {} if is_sweep else _subject(engine, category_number, product_number)
    return {"time": format_time_ms(time_ms), **subject}


def fact_rows(engine: Retention, key: int) -> list[Row]:
    """Sizes, purchases, returns, likes, answers; lists have an audience_id."""
    found = []
    for row in _rows(engine, key, "fact"):
        time_ms, number, value = int(row["time_ms"]), int(row["category_number"]), int(row["value"])
        fact: Row = {
            "time": format_time_ms(time_ms),
            "kept_until": format_time_ms(time_ms + engine.policy.facts_kept_ms),
        }
        if row["kind"] == tables.FACT_AUDIENCE:
            fact |= {"audience_id": engine.registry.identifier(Audience, number), "is_member": bool(value)}
        else:
            fact |= {"kind": _FACT_NAMES[int(row["kind"])], **_subject(engine, number, -1)}
        if row["kind"] == tables.FACT_SIZE:
            size = engine.registry.size(value)
            fact["size"] = f"{size.system} {size.value}" if size is not None else f"code {value}"
        elif row["kind"] == tables.FACT_SURVEY:
            fact["is_interested"] = bool(value)
        found.append(fact)
    return found


def contact_rows(engine: Retention, key: int) -> list[Row]:
    """What counts against her caps: offers, and messages that others reported."""
    registry = engine.registry
    hers = {*engine.state.decision_keys_of(key)}
    found = []
    for row in _rows(engine, key, "contact"):
        times = {name: int(row[name]) for name in ("decided_ms", "delivered_ms", "displayed_ms", "ended_ms")}
        told = {name.removesuffix("_ms"): format_time_ms(at) for name, at in times.items() if at != NEVER_MS}
        contact: Row = {"kept_until": format_time_ms(max(times.values()) + engine.policy.decisions_kept_ms)}
        decision_key = int(row["decision_key"])
        if row["kind"] == tables.CONTACT_OFFER:
            campaign_number = int(row["campaign_number"])
            contact |= {
                "kind": "offer",
                # of a copy that came along when two customers were parted, the decision is somebody else's
                "decision_id": engine.decision_name(decision_key) if decision_key in hers else "",
                "store_id": registry.store_id(int(row["store_number"])) if row["store_number"] >= 0 else "",
                "offer_id": registry.offer_id(int(row["offer_number"])),
                "campaign_id": registry.identifier(Campaign, campaign_number) if campaign_number >= 0 else "",
                "is_shadow": bool(row["is_shadow"]),
            }
        else:
            contact |= {"kind": "message", "source_hash": hex_of(decision_key)}
        found.append(contact | _subject(engine, int(row["category_number"]), -1) | told)
    return found


def decision_rows(engine: Retention, book: DecisionBook, key: int) -> list[Row]:
    """What was decided for her, why, and what became of it."""
    found = []
    for decision_key in book.keys_of(key):
        view = engine.decision_view(decision_key, book[decision_key])
        found.append(
            {
                "decision_id": view.decision_id,
                "time": format_time_ms(view.time_ms),
                "store_id": view.store_id,
                "supply_store_id": view.supply_store_id,
                "offer_id": view.offer_id,
                "product_id": view.product_id,
                "category_id": view.category_id,
                "campaign_id": view.campaign_id,
                "size": f"{view.size_system} {view.size_value}" if view.size_value else "",
                "price_minor": view.amount_minor,
                "previous_price_minor": view.reference_amount_minor,
                "reason": view.reason_kind.name,
                "score": view.score,
                "factors": view.points,
                "fulfilment": view.fulfilment.name,
                "channel": view.channel.name,
                "is_shadow": view.is_shadow,
                "outcomes": {kind.name: format_time_ms(at) for kind, at in sorted(view.outcomes.items())},
                "catalog_generation": view.catalog_generation,
                "policy_version": view.policy_version,
                "kept_until": format_time_ms(view.time_ms + engine.policy.decisions_kept_ms),
            }
        )
    return found


def _rows(engine: Retention, key: int, kind: str) -> Iterator[Any]:
    people = engine.state.people
    rows = getattr(people.view, f"{kind}s")
    index = int(people.view.persons[f"{kind}_head"][people.person_slots[key]])
    while index >= 0:
        yield rows[index]
        index = int(rows["next"][index])


def _subject(engine: Retention, category_number: int, product_number: int) -> Row:
    subject = {}
    if category_number >= 0:
        subject["category_id"] = engine.registry.identifier(Category, category_number)
    if product_number >= 0:
        subject["product_id"] = engine.registry.identifier(Product, product_number)
    return subject
