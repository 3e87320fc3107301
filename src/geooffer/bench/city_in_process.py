"""The demo city run without a server: the same nouns and pings through an engine in this process.

`geooffer try --demo` rebuilds a run this way and stops before a ping of interest; since the engine is pure, the same
seed gives the same events as over gRPC.
"""

from __future__ import annotations

import numpy as np

from geooffer.bench.city import City
from geooffer.bench.city_campaigns import CAMPAIGNS
from geooffer.bench.city_people import NOTICE_VERSION
from geooffer.bench.city_run import CityRun, OfferEvent, TryEvent
from geooffer.engine.clock import EngineClock
from geooffer.engine.decisions import Decision
from geooffer.engine.engine import Engine
from geooffer.journal.memory import MemoryJournal
from geooffer.kernels.compile import compile_all
from geooffer.model.columns import Outcome
from geooffer.model.kinds import AccountKind
from geooffer.model.verdicts import OfferVerdict, TransitionKind
from geooffer.rpc.render import language_of, net_minor, reason_of, text_in

BATCH_ROW_COUNT = 1_024


def load_engine(city: City) -> Engine:
    """An engine that knows the city at its start, no ping taken yet."""
    compile_all()  # else each kernel would be compiled once more, for the arrays it happens to be given first
    start_ms = city.start_ms
    engine = Engine(journal=MemoryJournal(), clock=EngineClock("client", start_ms), decision_key=b"demo")
    assortment = city.assortment
    members = city.members
    engine.put_nouns([*city.stores, members.audience, *CAMPAIGNS], now_ms=start_ms)
    for nouns in (city.fences, assortment.categories, assortment.products, assortment.offers):
        engine.put_nouns(nouns, now_ms=start_ms)
    engine.put_prices(assortment.prices, now_ms=start_ms)
    engine.report_stock(assortment.stock)
    engine.upsert_customers([person.customer for person in city.people])
    for person in city.people:
        if person.purposes:
            engine.record_consent(
                person.customer.customer_id,
                person.purposes,
                granted=True,
                time_ms=person.consent_ms,
                now_ms=start_ms,
                notice_version=NOTICE_VERSION,
            )
    engine.record_touchpoints([t for person in city.people for t in person.touchpoints], now_ms=start_ms)
    engine.put_audience_members(members.audience.audience_id, members.customer_ids, are_members=True, now_ms=start_ms)
    engine.publish()
    return engine


def run_engine(city: City, engine: Engine, run: CityRun, until_row: int | None = None) -> None:
    """Give the city's pings, from the first undecided one up to (without) `until_row`, to an engine; fills `run`."""
    row = int(np.argmin(run.ping_verdicts != 0)) if len(run.ping_verdicts) else 0
    end = len(city.pings) if until_row is None else until_row
    while row < end:
        _let_happen(city, engine, run, row)
        coming = city.incidents[run.incident_count :]
        stop = min(row + BATCH_ROW_COUNT, end, *(incident.ping_index for incident in coming))
        pings = city.pings[row:stop].copy()
        engine.clock.stamp(pings, np.zeros(len(pings), dtype=np.int64), 0)
        outcome = engine.step(pings)
        decisions = engine.commit(outcome)
        note_outcome(run, row, outcome, decisions, engine)
        row = stop
    _let_happen(city, engine, run, row)


def _let_happen(city: City, engine: Engine, run: CityRun, row: int) -> None:
    """What happens in the city before the ping of `row`."""
    for incident in city.incidents[run.incident_count :]:
        if incident.ping_index <= row:
            engine.switch_stores(
                [incident.store_id],
                incident.kind,
                from_ms=incident.from_ms,
                until_ms=incident.until_ms,
                reason=incident.reason,
                now_ms=incident.from_ms,
            )
            run.incident_count += 1


def note_outcome(run: CityRun, first_row: int, outcome: Outcome, decisions: list[Decision], engine: Engine) -> None:
    """Write one step's events down, rows counted from the city's first ping."""
    run.ping_verdicts[first_row : first_row + len(outcome.verdicts)] = outcome.verdicts
    for kind in outcome.transitions["kind"]:
        run.transitions[TransitionKind(int(kind))] += 1
    registry = engine.registry
    for row in outcome.tries:
        offer_number = int(row["offer_number"])
        run.tries.append(
            TryEvent(
                ping_index=first_row + int(row["row"]),
                store_id=registry.store_id(int(row["store_number"])),
                offer_id=registry.offer_id(offer_number) if offer_number >= 0 else "",
                verdict=OfferVerdict(int(row["verdict"])),
            )
        )
    run.offers += [_offer_event(first_row, decision) for decision in decisions]


def _offer_event(first_row: int, decision: Decision) -> OfferEvent:
    size = decision.size
    price_minor, previous_minor = decision.amount_minor, decision.reference_amount_minor
    if decision.account_kind is AccountKind.BUSINESS:
        vat = decision.product.vat_basis_points
        price_minor, previous_minor = net_minor(price_minor, vat), net_minor(previous_minor, vat)
    return OfferEvent(
        ping_index=first_row + decision.row,
        decision_id=decision.decision_id,
        offer_id=decision.offer.offer_id,
        product_id=decision.product.product_id,
        store_id=decision.store.store_id,
        store_name=decision.store.name,
        title=text_in(decision.product.titles, language_of(decision), decision.product.product_id),
        size=f"{size.system} {size.value}" if size else "",
        price_minor=price_minor,
        previous_price_minor=previous_minor,
        currency=decision.currency,
        valid_until_ms=decision.offer.valid_until_ms,
        in_stock_as_of_ms=decision.stock_as_of_ms,
        reason=reason_of(decision),
        reason_kind=decision.reason_kind,
        language=language_of(decision),
        fulfilment=decision.fulfilment,
        supply_store_id=decision.supply_store.store_id,
    )
