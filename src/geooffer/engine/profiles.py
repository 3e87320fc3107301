"""What is known of a customer beside her registration: stated by her, or her account's (semantics S-2, S9)."""

from __future__ import annotations

from typing import NamedTuple

from geooffer.engine.linking import Linking
from geooffer.model.kinds import AccountKind, Channel, FulfilmentPreference


class Profile(NamedTuple):
    """The latest of each; None where nothing was stated."""

    language: str
    """In which she is addressed: as she stated last, else as registered."""
    channel: Channel | None
    fulfilment: FulfilmentPreference | None
    tier: int
    """0 = none."""
    account_kind: AccountKind
    identity_count: int
    """Pseudonyms linked to her; which ones is not kept, only their hashes."""


def profile_of(engine: Linking, customer_id: str) -> Profile:
    """A customer's profile. Raises NotFoundError."""
    key = engine.key_of(customer_id)
    people = engine.state.people
    stated = people.stated.get(key, {})
    person = people.view.persons[people.person_slots[key]]
    return Profile(
        language=people.language_of(key),
        channel=Channel(int(stated["channel"][1])) if "channel" in stated else None,
        fulfilment=FulfilmentPreference(int(stated["fulfilment"][1])) if "fulfilment" in stated else None,
        tier=int(person["tier"]),
        account_kind=AccountKind(int(person["account_kind"])),
        identity_count=engine.identity_count(customer_id),
    )
