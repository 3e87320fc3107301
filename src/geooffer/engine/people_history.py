"""What moves with a person when devices, accounts and web ids are linked, united or parted (semantics S-5).

Uniting keeps the latest of everything per key, so it does not matter in which order persons are united; contact logs
are joined without repeats, so no cap is ever given back by linking.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple
from typing import Any

from geooffer.engine.people import INTENT_FIELDS, People
from geooffer.kernels.contacts import NOT_COMMITTED
from geooffer.model import tables
from geooffer.model.consent import RecordedConsent
from geooffer.model.records import PersonHistory
from geooffer.model.tables import NEVER_MS

_KIND, _DECISION_KEY = (
    [name for name in tables.CONTACT.names or () if name not in ("next", "_pad")].index(name)
    for name in ("kind", "decision_key")
)


def rows_of(rows: Any, head: int) -> tuple[tuple[int, ...], ...]:
    """A list of table rows without its links, sorted."""
    names = [name for name in rows.dtype.names if name not in ("next", "_pad")]
    found = []
    while head >= 0:
        found.append(tuple(int(rows[name][head]) for name in names))
        head = int(rows["next"][head])
    return tuple(sorted(found))


def committed_contacts(rows: Any, head: int) -> tuple[tuple[int, ...], ...]:
    """A person's contacts, without those of winners that are not committed yet: they go with her old self."""
    return tuple(
        row for row in rows_of(rows, head) if row[_KIND] != tables.CONTACT_OFFER or row[_DECISION_KEY] != NOT_COMMITTED
    )


def whole_history(
    people: People,
    key: int,
    consents: Iterable[RecordedConsent],
    identities: tuple[tuple[int, int], ...],
) -> PersonHistory:
    """Everything held of a person's own lists, for uniting her with another; `consents`: all her events."""
    slot, view = people.person_slots[key], people.view
    person = view.persons[slot]
    return PersonHistory(
        consent_events=tuple(map(astuple, consents)),
        intent_floor=people.intent_floor(slot),
        intents=rows_of(view.intents, int(person["intent_head"])),
        facts=rows_of(view.facts, int(person["fact_head"])),
        contacts=committed_contacts(view.contacts, int(person["contact_head"])),
        profile=tuple((field, *held) for field, held in sorted(people.stated.get(key, {}).items())),
        identities=identities,
    )


def parted_history(people: People, key: int) -> PersonHistory:
    """What goes along as a copy when a device or account turns out to be somebody else's: contacts and purchases."""
    slot, view = people.person_slots[key], people.view
    bought = (tables.FACT_PURCHASE, tables.FACT_RETURN)
    names = [name for name in tables.FACT.names or () if name not in ("next", "_pad")]
    kind = names.index("kind")
    return PersonHistory(
        facts=tuple(row for row in rows_of(view.facts, int(view.persons["fact_head"][slot])) if row[kind] in bought),
        contacts=committed_contacts(view.contacts, int(view.persons["contact_head"][slot])),
    )


def add_history(people: People, key: int, history: PersonHistory) -> None:
    """Unite a history with a person's own."""
    slot = people.person_slots[key]
    people.raise_intent_floor(slot, history.intent_floor)
    for values in history.intents:
        row = _named(tables.INTENT, values)
        for kind, field in INTENT_FIELDS.items():
            if row[field] != NEVER_MS:
                people.add_interest(slot, kind, row["category_number"], row["product_number"], row[field])
    for values in history.facts:
        row = _named(tables.FACT, values)
        people.add_fact(slot, row["kind"], row["category_number"], row["value"], row["time_ms"])
    for values in history.contacts:
        _add_contact(people, slot, _named(tables.CONTACT, values))
    for field, time_ms, value in history.profile:
        people.state_field(key, field, time_ms, value)


def _add_contact(people: People, slot: int, row: dict[str, int]) -> None:
    if row["kind"] == tables.CONTACT_MESSAGE:
        people.add_message_contact(
            slot,
            time_ms=row["decided_ms"],
            source_key=row["decision_key"],
            category_number=row["category_number"],
        )
        return
    index = people.find_offer_contact(slot, row["decision_key"])
    if index < 0:
        index = people.add_offer_contact(
            slot,
            time_ms=row["decided_ms"],
            decision_key=row["decision_key"],
            store_number=row["store_number"],
            offer_number=row["offer_number"],
            category_number=row["category_number"],
            campaign_number=row["campaign_number"],
            is_shadow=bool(row["is_shadow"]),
        )
    people.set_contact_times(
        index, delivered_ms=row["delivered_ms"], displayed_ms=row["displayed_ms"], ended_ms=row["ended_ms"]
    )


def _named(dtype: Any, values: tuple[int, ...]) -> dict[str, int]:
    names = [name for name in dtype.names if name not in ("next", "_pad")]
    return dict(zip(names, values, strict=True))
