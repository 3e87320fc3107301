"""What must hold after a restart: asked through the public API, and read from the directory. Returns sentences.

Whatever was acknowledged is there, once; of what was not, the whole or nothing; no cap is exceeded.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import fault_town as town
from audit_judge import judge_audit
from crowd import Crowd
from history import Batch, History

from geooffer.cli.held_pseudonyms import held_pseudonyms
from geooffer.client import GeoofferClient, GeoofferControl
from geooffer.client.holdings import NOUN_KINDS, held_nouns, held_stock
from geooffer.engine.state import State
from geooffer.errors import NotFoundError
from geooffer.journal.frames import decode_entries
from geooffer.journal.recovery import recover
from geooffer.model.catalog import Category
from geooffer.model.kinds import IdentityKind, OutcomeKind
from geooffer.model.pseudonyms import Pseudonyms
from geooffer.model.records import Entry, TouchpointRecord
from geooffer.model.signals import Identity
from geooffer.v1 import consent_service_pb2, signal_service_pb2
from recount import Given, over_caps

LOOK_COUNT_MAX = 32
"""At once: a long load leaves more to look at than limits.STREAMS_PER_CONNECTION_COUNT_MAX."""

# -- through the API -----------------------------------------------------------------------------------------------


async def ask_service(client: GeoofferClient, crowd: Crowd) -> list[str]:
    """Everything the history knows, looked up at a server that has just started."""
    history, control = crowd.history, client.control
    faults = [
        *await _catalog(control, history),
        *await _stock(control, history),
        *await _consents(control, history),
        *await _customers(control, history),
        *await _decisions(control, history),
    ]
    for request_id in list(crowd.asked):  # nobody knows what became of these: the same call once more
        await crowd.ask(client, request_id)
    faults += crowd.violations
    crowd.violations = []
    return (
        faults
        + [f"told twice: decision {name}" for name in history.repeated]
        + over_caps(_told(history), town.LIMITED_BUDGET_COUNT)
    )


async def _catalog(control: GeoofferControl, history: History) -> list[str]:
    state = await control.catalog_state()
    faults = []
    if state.saved_generation < history.generation:
        faults.append(f"catalog generation {history.generation} was named, {state.saved_generation} is held")
    titles = {name: row.titles[0].text for name, row in (await held_nouns(control, NOUN_KINDS["products"])).items()}
    faults += _unexpected(history, "product", lambda key: titles.get(key[1]))
    categories = await held_nouns(control, NOUN_KINDS["categories"])
    faults += _unexpected(history, "category", lambda key: True if key[1] in categories else None)
    together: dict[str, set[bool]] = {}
    for key in history.of_kind("category"):
        together.setdefault(key[1].rsplit("-", 1)[0], set()).add(key[1] in categories)
    return faults + [f"half of the categories {name} are there" for name, seen in together.items() if len(seen) > 1]


async def _stock(control: GeoofferControl, history: History) -> list[str]:
    held = {}
    for branch in town.BRANCHES:
        for figure in await held_stock(control, branch):
            held[branch, figure.product_id] = figure.available_count
    return _unexpected(history, "stock", lambda key: held.get((key[1], key[2])))


async def _consents(control: GeoofferControl, history: History) -> list[str]:
    held: dict[str, bool | None] = {}

    async def look(name: str) -> None:
        answer = await control.call(
            control.consents.GetConsent, consent_service_pb2.GetConsentRequest(customer_id=name)
        )
        states = {purpose.granted for purpose in answer.consents}
        held[name] = states.pop() if len(states) == 1 else None

    await _each(look, town.CUSTOMERS)
    faults = [f"{name} has half a consent" for name, granted in held.items() if granted is None]
    faults += [f"consent of {name} is lost" for name in town.CUSTOMERS[len(town.FICKLE) :] if not held[name]]
    # the first consent came with the town
    for name in town.FICKLE:
        register = history.registers.get(("consent", name))
        if register is not None and register.possible[0] is None:
            register.possible[0] = True
    return faults + _unexpected(history, "consent", lambda key: held[key[1]])


async def _customers(control: GeoofferControl, history: History) -> list[str]:
    held: dict[str, str | None] = {}

    async def look(name: str) -> None:
        try:
            answer = await control.call(
                control.signals.GetCustomer, signal_service_pb2.GetCustomerRequest(customer_id=name)
            )
            held[name] = ",".join(map(str, answer.customer.device_keys))
        except NotFoundError:
            held[name] = None

    await _each(look, [key[1] for key in history.of_kind("customer")])
    return _unexpected(history, "customer", lambda key: held[key[1]])


async def _decisions(control: GeoofferControl, history: History) -> list[str]:
    """Every offer told since the last look, and every outcome."""
    faults: list[str] = []

    async def look(name: str) -> None:
        offer = history.offers[name]
        try:
            held = await control.decision(name)
        except NotFoundError:
            faults.append(f"decision {name} was told and is not known")
            return
        if (held.customer_id, held.offer_id, held.store_id) != (offer.customer_id, offer.offer_id, offer.store_id):
            faults.append(f"decision {name} was told with other contents")
        kinds = {OutcomeKind(outcome.kind).name for outcome in held.outcomes}
        for key, register in history.of_kind("outcome").items():
            if key[1] == name and not register.seen(True if key[2] in kinds else None):
                faults.append(f"{key[2]} of decision {name} was acknowledged and is not known")

    reported = {key[1] for key, register in history.of_kind("outcome").items() if register.possible != [True]}
    await _each(look, history.unseen | reported | set(list(history.offers)[-20:]))
    history.unseen.clear()
    return faults


async def _each(look: Callable[[str], Awaitable[None]], names: Iterable[str]) -> None:
    turns = asyncio.Semaphore(LOOK_COUNT_MAX)

    async def one(name: str) -> None:
        async with turns:
            await look(name)

    await asyncio.gather(*map(one, names))


def _unexpected(history: History, kind: str, value_of: Any) -> list[str]:
    found = []
    for key, register in history.of_kind(kind).items():
        value, possible = value_of(key), list(register.possible)
        if kind == "product" and possible[0] is None and value == "first":
            continue
        if not register.seen(value):
            found.append(f"{' '.join(key)}: {value!r} is held, and only {possible!r} was possible")
    return found


# -- in the directory ----------------------------------------------------------------------------------------------


def read_directory(state_dir: Path, history: History) -> list[str]:
    """Recover a copy, as the next start would, and compare all that it holds."""
    copy = state_dir.with_name(f"{state_dir.name}-copy")
    shutil.copytree(state_dir, copy)
    faults = judge_audit(copy)
    recovered = recover(copy)
    try:
        entries = [entry for commit in recovered.store.read() for entry in decode_entries(commit.payload)]
        is_whole = recovered.store.base.lsn == 0
    finally:
        recovered.store.close()
        shutil.rmtree(copy)
    state = recovered.state
    known = held_pseudonyms(state_dir, state)
    return [
        *faults,
        *_touchpoints(entries, state, history, known, is_whole),
        *_identities(state, history, known),
        *_told_are_kept(state, history, known),
        *over_caps(_kept(state), town.LIMITED_BUDGET_COUNT),
    ]


def _touchpoints(
    entries: Iterable[Entry], state: State, history: History, known: Pseudonyms, is_whole: bool
) -> list[str]:
    """Once where acknowledged, a whole batch or nothing of it where not; where the journal was truncated, her latest
    interest tells.
    """
    counted = Counter(
        (record.person_key, record.category_number, record.time_ms)
        for record in (entry.record for entry in entries)
        if isinstance(record, TouchpointRecord)
    )
    numbers = {name: state.registry.number(Category, name) for name in town.CATEGORIES}
    faults = []
    for batch in history.batches:
        counts = [counted[known.person(name), numbers[category], int(time)] for name, category, time in batch.keys]
        faults += _batch_faults(batch, counts, is_whole)
    latest: dict[tuple[str, str], int] = {}
    for batch in history.batches:
        for name, category, time in batch.keys if batch.acknowledged else ():
            latest[name, category] = max(latest.get((name, category), 0), int(time))
    for (name, category), time_ms in latest.items():
        if _interest_ms(state, known, name, numbers[category]) < time_ms:
            faults.append(f"{name}: the latest search of {category} is lost")
    return faults


def _batch_faults(batch: Batch, counts: list[int], is_whole: bool) -> list[str]:
    name = batch.keys[0][-1]
    if max(counts) > 1:
        return [f"a touchpoint of batch {name} is there {max(counts)} times"]
    if is_whole and batch.acknowledged and min(counts) < 1:
        return [f"batch {name} was acknowledged and {counts.count(0)} of {len(counts)} touchpoints are lost"]
    return [f"half of batch {name} is there"] if is_whole and len(set(counts)) > 1 else []


def _interest_ms(state: State, known: Pseudonyms, name: str, category_number: int) -> int:
    view = state.people.view
    index = int(view.persons["intent_head"][state.people.person_slots[known.person(name)]])
    while index >= 0:
        intent = view.intents[index]
        if intent["category_number"] == category_number and intent["product_number"] < 0:
            return int(intent["search_ms"])
        index = int(intent["next"])
    return -1


def _identities(state: State, history: History, known: Pseudonyms) -> list[str]:
    owners = {known.person(name): name for name in town.CUSTOMERS}
    faults = []
    for key, register in history.of_kind("identity").items():
        held = state.identities.get((int(IdentityKind.WEB), known.identity(Identity(IdentityKind.WEB, key[1]))))
        value, possible = owners.get(held) if held is not None else None, list(register.possible)
        if value not in possible:
            faults.append(f"{key[1]} stands for {value}, and only {possible} was possible")
    return faults


def _told_are_kept(state: State, history: History, known: Pseudonyms) -> list[str]:
    kept = Counter(
        (record.person_key, state.registry.offer_id(record.offer_number), record.time_ms)
        for record in state.decisions.values()
    )
    return [
        f"decision {offer.decision_id} was told and is kept {kept[key]} times"
        for offer in history.offers.values()
        if kept[key := (known.person(offer.customer_id), offer.offer_id, offer.time_ms)] != 1
    ]


# -- caps ----------------------------------------------------------------------------------------------------------


def _told(history: History) -> list[Given]:
    return [
        Given(offer.customer_id, offer.store_id, offer.offer_id, offer.time_ms, bool(offer.campaign_id))
        for offer in history.offers.values()
    ]


def _kept(state: State) -> list[Given]:
    return [
        Given(record.person_key, record.store_number, record.offer_number, record.time_ms, record.campaign_number >= 0)
        for record in state.decisions.values()
    ]
