"""A policy on a made-up population: the demo's city walks once by each of two documents, and both are compared (A4).

Nobody real is in it, and no server is asked. Unlike the shadow beside live pings, each run has its own consequences: an
offer not made leaves caps free for a later one. The same seed gives the same people, so what this predicts of a
candidate is what the same city does once the candidate is published (tests/bench/test_policy_run.py). Everybody in it
consented by the newest notice, so minimum notices are not tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from geooffer.bench.city import City, build_city
from geooffer.bench.city_in_process import load_engine, run_engine
from geooffer.bench.city_run import CityRun
from geooffer.engine.engine import Engine
from geooffer.engine.shadow_counts import FEW_PERSON_COUNT
from geooffer.model.policy_document import PolicyDocument
from geooffer.model.verdicts import OfferVerdict, PingVerdict

FIRST_OFFICER, SECOND_OFFICER, THIRD_OFFICER = "first", "second", "third"
Offered = dict[tuple[int, str], str]
"""(ping, store) → offer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one document made of the city."""

    pings: Mapping[PingVerdict, int]
    tries: Mapping[OfferVerdict, int]
    offers: Offered
    people: frozenset[tuple[str, int, str]]
    """(customer, ping, store) of each offer."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The candidate beside the base. A number about fewer than ten persons, and not none, is None."""

    base_offer_count: int
    candidate_offer_count: int
    gained_count: int | None
    lost_count: int | None
    person_count: int | None
    """With an offer more, or one less."""
    tries: tuple[tuple[OfferVerdict, int, int], ...]
    """(verdict, tries by the base, by the candidate) where they differ, by verdict."""
    pings: tuple[tuple[PingVerdict, int, int], ...]


def publish(engine: Engine, document: PolicyDocument, now_ms: int) -> None:
    """Put a document in force the way officers do, approvals included; nothing where it is in force already."""
    if document.rules() == engine.policy_document.rules():
        return
    held = engine.propose_policy(
        replace(document, reason="dry run"), author=FIRST_OFFICER, now_ms=now_ms, sign=_unsigned
    )
    for officer in (SECOND_OFFICER, THIRD_OFFICER):
        if not engine.state.policies.versions[held.version].is_published:
            engine.approve_policy(held.version, officer=officer, now_ms=now_ms, sign=_unsigned)


def walk(city: City, document: PolicyDocument) -> Outcome:
    """The city's morning by a document, from its start."""
    engine = load_engine(city)
    publish(engine, document, city.start_ms)
    run = CityRun.of(city)
    run_engine(city, engine, run)
    return outcome_of(city, run)


def outcome_of(city: City, run: CityRun) -> Outcome:
    """What a finished run amounts to."""
    owners = {key: person.customer.customer_id for person in city.people for key in person.customer.device_keys}
    devices = city.pings["device_key"]
    offers = {(event.ping_index, event.store_id): event.offer_id for event in run.offers}
    people = frozenset((owners[int(devices[index])], index, store) for index, store in offers)
    pings = Counter(PingVerdict(verdict) for verdict in run.ping_verdicts.tolist())
    return Outcome(pings, Counter(OfferVerdict(event.verdict) for event in run.tries), offers, people)


def compare(base: Outcome, candidate: Outcome) -> Comparison:
    """Offers by ping and store: one that is another product's is neither gained nor lost."""
    gained, lost = candidate.people - base.people, base.people - candidate.people
    return Comparison(
        len(base.offers),
        len(candidate.offers),
        _told(len(gained), {customer for customer, _, _ in gained}),
        _told(len(lost), {customer for customer, _, _ in lost}),
        _told(None, {customer for customer, _, _ in gained ^ lost}),
        tuple(
            (verdict, base.tries.get(verdict, 0), candidate.tries.get(verdict, 0))
            for verdict in OfferVerdict
            if base.tries.get(verdict, 0) != candidate.tries.get(verdict, 0)
        ),
        tuple(
            (verdict, base.pings.get(verdict, 0), candidate.pings.get(verdict, 0))
            for verdict in PingVerdict
            if base.pings.get(verdict, 0) != candidate.pings.get(verdict, 0)
        ),
    )


def dry_run(base: PolicyDocument, candidate: PolicyDocument, *, seed: int, customer_count: int) -> Comparison:
    """Both documents on the city of a seed."""
    city = build_city(seed, customer_count)
    documents = (replace(document, minimum_notices=()) for document in (base, candidate))
    return compare(*(walk(city, document) for document in documents))


def _told(count: int | None, persons: set[str]) -> int | None:
    if persons and len(persons) < FEW_PERSON_COUNT:
        return None
    return len(persons) if count is None else count


def _unsigned(text: bytes) -> bytes:
    """Nobody is served by this engine, so nobody vouches for its rules."""
    return b"dry run"
