"""A partition's durable state as one value, for snapshots: numbers as arrays of bytes, ids as lists, nouns as they are.

take_part(state, p) ──► part ──► journal/snapshots.py writes it        −1 = the catalog, 0..63 = persons
put_part(state, part) ◄── part ◄── … reads it                          how long it takes: docs/backup.md

A part holds all that the fold made of its partition, and nothing of another one: parts are read in any order, and the
fold goes on from them as if it had never stopped (tests/engine/test_parts.py). Presence, watermarks and positions are
soft and in no part (privacy M1, semantics P7).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple
from typing import Any

from geooffer.engine.part_columns import int64s, numbers_of, pack_array, unpack_array, unpack_rows
from geooffer.engine.parts_catalog import put_catalog, take_catalog
from geooffer.engine.parts_ledgers import (
    make_customers,
    put_consents,
    put_decisions,
    put_outcomes,
    take_consents,
    take_customers,
    take_decisions,
    take_outcomes,
)
from geooffer.engine.people_rows import PeopleColumns, PeopleCounts
from geooffer.engine.state import State
from geooffer.errors import JournalError
from geooffer.model import tables
from geooffer.model.keys import partition_of
from geooffer.model.limits import PARTITION_COUNT
from geooffer.model.records import CATALOG_PARTITION
from geooffer.model.rights import RightsRequest

PARTITIONS = (CATALOG_PARTITION, *range(PARTITION_COUNT))
Part = dict[str, Any]
_LISTS = ("intents", "intent_counts", "facts", "fact_counts", "contacts", "contact_counts")


def take_part(state: State, partition: int) -> Part:
    """All durable state of one partition; `state` may hold others, too."""
    content = take_catalog(state) if partition == CATALOG_PARTITION else _take_people(state, partition)
    return {
        "partition": partition,
        "sequence": state.sequences.get(partition, 0),
        "latest_ms": state.latest_ms,
        "requests": list(state.requests.items(partition)),
        "content": content,
    }


def put_part(state: State, part: Part) -> None:
    """One part into a state that has nothing of its partition. Raises JournalError where it does not decode."""
    put_parts(state, [part])


def put_parts(state: State, parts: Iterable[Part], counts: PeopleCounts | None = None) -> None:
    """Several, in any order; `counts`: rows of all together, where known. Raises JournalError."""
    if counts is not None:
        state.people.make_room_for(counts)
    for part in parts:
        try:
            _put(state, part)
        except JournalError:
            raise
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise JournalError("a part of a snapshot does not decode") from error
    state.people.index_devices()
    state.people.index_slices()


def counts_of(part: Part) -> PeopleCounts:
    """Rows of tables that a part will take."""
    if part["partition"] == CATALOG_PARTITION:
        return PeopleCounts()
    lengths = (len(unpack_array(part["content"][name])) for name in PeopleCounts._fields if name != "devices")
    persons, *lists = lengths
    return PeopleCounts(persons, len(unpack_array(part["content"]["device_keys"])), *lists)


def _put(state: State, part: Part) -> None:
    partition = part["partition"]
    if part["sequence"]:
        state.sequences[partition] = part["sequence"]
    state.latest_ms = max(state.latest_ms, part["latest_ms"])
    for answered in part["requests"]:
        state.requests.add(answered)
    if partition == CATALOG_PARTITION:
        put_catalog(state, part["content"])
    else:
        _put_people(state, partition, part["content"])


def _take_people(state: State, partition: int) -> dict[str, Any]:
    columns = state.people.take_columns(partition)
    keys = columns.persons["person_key"].tolist()
    decided = [key for key, record in state.decisions.items() if partition_of(record.person_key) == partition]
    owners = [(owner, key) for owner, key in enumerate(keys) if key in state.owned_identities]
    identities = [(owner, *identity) for owner, key in owners for identity in sorted(state.owned_identities[key])]
    aliases = [(alias, key) for alias, key in state.aliases.items() if partition_of(key) == partition]
    return {
        "customers": take_customers(columns.customers),
        "persons": pack_array(columns.persons),
        "device_counts": pack_array(columns.device_counts),
        "device_keys": pack_array(columns.device_keys),
        **{name: pack_array(getattr(columns, name)) for name in _LISTS},
        "consents": take_consents(state, keys),
        "stated": [
            (owner, [(field, *held) for field, held in state.people.stated[key].items()])
            for owner, key in enumerate(keys)
            if key in state.people.stated
        ],
        "identities": tuple(int64s(row[place] for row in identities) for place in range(3)),
        "rights": [
            (owner, [astuple(held) for held in state.rights.of(key)])
            for owner, key in enumerate(keys)
            if key in state.rights.by_person
        ],
        "aliases": tuple(int64s(row[place] for row in aliases) for place in range(2)),
        "decisions": take_decisions(state.decisions, partition),
        "released": take_decisions(state.released, partition),
        "outcomes": take_outcomes(state, decided),
        "totals": state.totals.contributions(partition),
    }


def _put_people(state: State, partition: int, part: dict[str, Any]) -> None:
    device_counts = unpack_array(part["device_counts"])
    customers = make_customers(part["customers"], device_counts, numbers_of(part["device_keys"]))
    columns = PeopleColumns(
        customers=customers,
        persons=unpack_rows(part["persons"], tables.PERSON),
        device_counts=device_counts,
        device_keys=unpack_array(part["device_keys"]),
        intent_counts=unpack_array(part["intent_counts"]),
        intents=unpack_rows(part["intents"], tables.INTENT),
        fact_counts=unpack_array(part["fact_counts"]),
        facts=unpack_rows(part["facts"], tables.FACT),
        contact_counts=unpack_array(part["contact_counts"]),
        contacts=unpack_rows(part["contacts"], tables.CONTACT),
    )
    state.people.put_columns(columns)
    keys = columns.persons["person_key"].tolist()
    put_consents(state, part["consents"], keys)
    for owner, stated in part["stated"]:
        state.people.stated[keys[owner]] = {field: (time_ms, value) for field, time_ms, value in stated}
    for owner, kind, identity_key in zip(*map(numbers_of, part["identities"]), strict=True):
        state.own_identity((kind, identity_key), keys[owner])
    for owner, held in part.get("rights", ()):
        state.rights.take(keys[owner], [RightsRequest(*fields) for fields in held])
    state.aliases.update(zip(*map(numbers_of, part["aliases"]), strict=True))
    put_decisions(state.decisions, part["decisions"])
    put_decisions(state.released, part["released"])
    put_outcomes(state, part["outcomes"])
    state.totals.unite(partition, part["totals"])
