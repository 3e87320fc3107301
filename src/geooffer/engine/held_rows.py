"""How much is held of a person, by table: what the receipt of an erasure says was touched."""

from __future__ import annotations

from geooffer.engine.consent_ledger import events_of
from geooffer.engine.people_history import rows_of
from geooffer.engine.state import State
from geooffer.model.keys import partition_of


def held_rows(state: State, person_key: int) -> dict[str, int]:
    """Rows of each table that are about her; every table is named, those with nothing, too."""
    people = state.people
    view, slot = people.view, people.person_slots[person_key]
    person = view.persons[slot]
    decisions = state.decisions.keys_of(person_key)
    return {
        "customers": 1,
        "united_customers": len(state.aliases_of(person_key)),
        "devices": len(people.customers[person_key].device_keys),
        "identities": len(state.owned_identities.get(person_key, ())),
        "consents": len(events_of(state, person_key)),
        "intents": len(rows_of(view.intents, int(person["intent_head"]))),
        "facts": len(rows_of(view.facts, int(person["fact_head"]))),
        "contacts": len(rows_of(view.contacts, int(person["contact_head"]))),
        "stated_fields": len(people.stated.get(person_key, ())),
        "decisions": len(decisions),
        "decisions_taken_back": len(state.released.keys_of(person_key)),
        "outcomes": sum(len(state.outcomes.get(key, ())) for key in decisions),
        "rights_requests": len(state.rights.of(person_key)),
        "remembered_requests": sum(
            answered.person_key == person_key for answered in state.requests.items(partition_of(person_key))
        ),
    }
