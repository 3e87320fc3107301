"""All durable state, and its digest: what one partition, or the catalog, holds, by what it means and not by where it
lies in memory. Presence is soft and not part of it (semantics P7).
"""

from __future__ import annotations

import hashlib
from dataclasses import astuple
from typing import Any

from geooffer.engine.consent_wheel import ConsentWheel
from geooffer.engine.decision_book import DecisionBook
from geooffer.engine.live import Live
from geooffer.engine.people import People
from geooffer.engine.policy_book import PolicyBook
from geooffer.engine.registry import KINDS, Registry
from geooffer.engine.requests import Requests
from geooffer.engine.rights_book import RightsBook
from geooffer.engine.totals import CampaignTotals
from geooffer.model.consent import Notice, RecordedConsent
from geooffer.model.keys import partition_of
from geooffer.model.kinds import OutcomeKind
from geooffer.model.records import CATALOG_PARTITION
from geooffer.model.tables import NEVER_MS
from geooffer.model.verdicts import Purpose


class State:
    """All durable state, and the next sequence of each partition."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.people = People()
        self.live = Live()
        self.totals = CampaignTotals()
        self.consents: dict[int, dict[Purpose, RecordedConsent]] = {}
        """Person key → the latest event of each purpose; changed by engine/consent_ledger.py."""
        self.consent_past: dict[int, tuple[RecordedConsent, ...]] = {}
        """Person key → events that hold no purpose any more, in the order of their rank."""
        self.consents_known_from: dict[int, int] = {}
        """Person key → before this moment events were dropped."""
        self.snoozes: dict[int, int] = {}
        """Person key → until when her location is not used."""
        self.consent_wheel = ConsentWheel()
        self.accepted_notices: dict[Purpose, dict[str, Notice]] = {}
        """Notices the policy takes by version, per purpose it demands one of; set by the engine, not durable."""
        self.identities: dict[tuple[int, int], int] = {}
        """(IdentityKind, identity key) → person key; changed by `own_identity` and `disown_identity`."""
        self.owned_identities: dict[int, set[tuple[int, int]]] = {}
        """The other way round."""
        self.aliases: dict[int, int] = {}
        """Person key that was united with another → the key of that one."""
        self.decisions = DecisionBook()
        """By decision key, oldest first, for as long as contacts are kept."""
        self.released = DecisionBook()
        """Decisions whose caps came back, in case one is reported to have reached her all the same."""
        self.outcomes: dict[int, dict[OutcomeKind, int]] = {}
        """Decision key → first time of each kind reported (DISMISSED, REDEEMED: last)."""
        self.requests = Requests()
        """Answers to be given again."""
        self.rights = RightsBook()
        """Requests by which persons used their rights; whose processing is restricted."""
        self.audit_seal: tuple[int, bytes] = (0, b"")
        """(number, hash) of the audit log's entry that the journal remembers; (0, b"") = none."""
        self.policies = PolicyBook()
        """Policy documents, and the kill switch."""
        self.sequences: dict[int, int] = {}
        self.latest_ms = NEVER_MS
        """The latest moment at which a decision or a change of consent was taken: `now` is not before it (T0). Times
        that others state (of touchpoints, stock, prices, validity) do not count: they may lie ahead of `now`.
        """

    def own_identity(self, identity: tuple[int, int], person_key: int) -> None:
        """A pseudonym stands for a person from now on."""
        self.disown_identity(identity)
        self.identities[identity] = person_key
        self.owned_identities.setdefault(person_key, set()).add(identity)

    def disown_identity(self, identity: tuple[int, int]) -> None:
        """A pseudonym stands for nobody any more."""
        owner = self.identities.pop(identity, None)
        if owner is not None:
            self.owned_identities[owner].discard(identity)
            if not self.owned_identities[owner]:
                del self.owned_identities[owner]

    def resolve(self, person_key: int) -> int:
        """The key under which a person's history stands now."""
        while person_key in self.aliases:
            person_key = self.aliases[person_key]
        return person_key

    def aliases_of(self, person_key: int) -> list[int]:
        """Keys of those who were united with her: other names of hers."""
        return [alias for alias, key in self.aliases.items() if key == person_key]

    def decision_keys_of(self, person_key: int) -> list[int]:
        """Her decisions that are kept, those whose caps came back included."""
        return [*self.decisions.keys_of(person_key), *self.released.keys_of(person_key)]


def decision_key(partition: int, sequence: int) -> int:
    """A decision's place in the journal as one number, unique over all partitions."""
    return partition << 56 | sequence


def digest(state: State, partition: int) -> str:
    """SHA-256 over the durable state of one partition (CATALOG_PARTITION = the catalog), in canonical order."""
    hasher = hashlib.sha256()
    parts = _catalog_parts(state) if partition == CATALOG_PARTITION else _people_parts(state, partition)
    for part in (*parts, *map(astuple, state.requests.items(partition))):
        hasher.update(repr(part).encode())
    return hasher.hexdigest()


def _catalog_parts(state: State) -> list[Any]:
    registry = state.registry
    nouns = [
        (kind.__name__, registry.number(kind, key), astuple(noun))
        for kind in KINDS
        for key, noun in sorted(registry.nouns(kind).items())
    ]
    prices = [(key, [astuple(step) for step in steps]) for key, steps in sorted(registry.prices.items())]
    removed = sorted(registry.removed_fences.items())
    return [
        *nouns,
        prices,
        registry.variants,
        removed,
        state.live.figures(),
        sorted(state.live.closures),
        *state.policies.take(),
    ]


def _people_parts(state: State, partition: int) -> list[Any]:
    people = state.people
    parts: list[Any] = []
    decided = _decisions_by_owner(state, partition)
    for key, slot in sorted(people.person_slots.items()):
        if partition_of(key) != partition:
            continue
        view = people.view
        consents = sorted((int(purpose), astuple(held)) for purpose, held in state.consents.get(key, {}).items())
        past = tuple(map(astuple, state.consent_past.get(key, ())))
        person = view.persons[slot]
        parts.append(
            (
                key,
                astuple(people.customers[key]),
                consents,
                (past, state.consents_known_from.get(key), state.snoozes.get(key)),
                int(person["intent_floor_ms"]),
                int(person["intent_floor_category"]),
                int(person["intent_floor_product"]),
                sorted(people.stated.get(key, {}).items()),
                sorted(state.owned_identities.get(key, ())),
                sorted(map(astuple, state.rights.of(key))),
                decided.get(key, []),
                _chain(view.intents, int(person["intent_head"])),
                _chain(view.facts, int(person["fact_head"])),
                _chain(view.contacts, int(person["contact_head"])),
            )
        )
    # whose ids are united: an id that names nobody, or somebody else, is another state
    aliases = sorted(pair for pair in state.aliases.items() if partition_of(pair[1]) == partition)
    return [*parts, aliases, state.totals.contributions(partition)]


def _decisions_by_owner(state: State, partition: int) -> dict[int, list[Any]]:
    """By person key: (decision key, its record, outcomes or "released"), sorted."""
    found: dict[int, list[Any]] = {}
    for book in (state.decisions, state.released):
        for key, record in sorted(book.items()):
            if partition_of(record.person_key) == partition:
                known = sorted((int(kind), time_ms) for kind, time_ms in state.outcomes.get(key, {}).items())
                told = "released" if book is state.released else known
                found.setdefault(record.person_key, []).append((key, astuple(record), told))
    return found


def _chain(rows: Any, head: int) -> list[tuple[int, ...]]:
    names = [name for name in rows.dtype.names if name not in ("next", "_pad")]
    found = []
    while head >= 0:
        found.append(tuple(int(rows[name][head]) for name in names))
        head = int(rows["next"][head])
    return sorted(found)
