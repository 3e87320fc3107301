"""D2–D4: step, commit, late rows, send gate, release, and a journal that fails."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from world import (
    EU_43,
    MINUTE_MS,
    NOW_MS,
    SECOND_MS,
    World,
    consent,
    contact_count,
    fence,
    offer,
    ping,
    pings,
    price,
    product,
    store,
    touchpoint,
    try_verdicts,
)

from geooffer.engine.engine import Engine
from geooffer.engine.state import digest
from geooffer.errors import JournalError
from geooffer.journal.memory import MemoryJournal
from geooffer.model.catalog import Category, Customer, Geofence, Offer, Product, StockFigure
from geooffer.model.limits import CONTACT_RETENTION_MS
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.records import DecisionRecord, DecisionReleased, Entry
from geooffer.model.verdicts import OfferVerdict, Purpose, TouchpointKind

V = OfferVerdict
K = TouchpointKind
OLD_STOCK = Policy(intent_max_age_ms=100 * DAY_MS, stock_max_age_ms=100 * DAY_MS)
"""For tests that last for days without a new feed."""


class Flaky(MemoryJournal):
    """A journal that refuses when told to."""

    broken = False

    def append(self, entries: Sequence[Entry]) -> int:
        if self.broken:
            raise JournalError("the disk is full")
        return super().append(entries)


def everything(engine: Engine) -> list[str]:
    return [digest(engine.state, partition) for partition in range(-1, 64)]


def test_a_decision_says_what_was_decided_and_from_what() -> None:
    engine = World().build()
    (decision,) = engine.commit(engine.step(pings(ping(device=9), ping())))
    assert (decision.row, decision.device_key, decision.time_ms) == (1, 1, NOW_MS)
    assert (decision.offer.offer_id, decision.product.product_id) == ("offer-1", "shoe")
    assert (decision.store.store_id, decision.geofence_id, decision.category.category_id) == (
        "store-1",
        "fence-1",
        "running-shoes",
    )
    assert (decision.amount_minor, decision.reference_amount_minor, decision.currency) == (8_000, 10_000, "EUR")
    assert decision.size is not None
    assert (decision.size.value, decision.available_count, decision.stock_as_of_ms) == ("43", 5, NOW_MS - HOUR_MS)
    assert (decision.reason_kind, decision.language) == (TouchpointKind.SEARCH, "en")
    assert (decision.catalog_generation, decision.policy_version) == (engine.live_generation, 1)


def test_a_service_has_no_size_and_no_stock_to_tell() -> None:
    world = World(stock=(), touchpoints=[touchpoint(TouchpointKind.WISH)])
    world.nouns = [noun for noun in world.nouns if not isinstance(noun, Product)]
    world.nouns.insert(3, product(sizes=(), stock_tracked=False))
    engine = world.build()
    (decision,) = engine.commit(engine.step(ping()))
    assert (decision.size, decision.available_count, decision.stock_as_of_ms) == (None, None, None)
    assert decision.reason_kind is TouchpointKind.WISH


@pytest.mark.parametrize(
    ("signals", "reason"),
    [
        # weights 1.2, 1, 0.9 and 0.7; half is left after 72 hours (S-3)
        ({K.SEARCH: 1, K.VIEW: 1, K.WISH: 1, K.CART: 1}, K.CART),
        ({K.SEARCH: 1, K.VIEW: 1, K.WISH: 1}, K.SEARCH),
        ({K.VIEW: 1, K.WISH: 1}, K.WISH),
        ({K.VIEW: 1}, K.VIEW),
        ({K.SEARCH: 24, K.VIEW: 0}, K.SEARCH),  # 793 against 700
        ({K.SEARCH: 48, K.VIEW: 0}, K.VIEW),  # 629 against 700
        ({K.CART: 30, K.WISH: 0}, K.WISH),  # 898 against 900
        ({K.CART: 29, K.WISH: 0}, K.CART),  # 907 against 900
    ],
)
def test_her_strongest_interest_is_the_reason(signals: dict[TouchpointKind, int], reason: TouchpointKind) -> None:
    told = [touchpoint(kind, NOW_MS - hours * HOUR_MS) for kind, hours in signals.items()]
    engine = World(touchpoints=[*told, touchpoint(K.PREFERENCE, size=EU_43)]).build()
    (decision,) = engine.commit(engine.step(ping()))
    assert decision.reason_kind is reason


def test_d7_a_late_row_is_too_late_and_gives_its_caps_back() -> None:
    engine = World().build()
    outcome = engine.step(ping())
    assert contact_count(engine) == 1
    before = everything(World().build())
    assert engine.commit(outcome, late_rows=[0]) == []
    assert try_verdicts(outcome) == [V.TOO_LATE]
    assert contact_count(engine) == 0
    assert everything(engine) == before
    assert (engine.statistics.offers, engine.statistics.offer_verdicts[V.TOO_LATE]) == (0, 1)
    assert engine.statistics.offer_verdicts[V.OFFERED] == 0
    # a later visit may still have it
    assert len(engine.commit(engine.step(ping(NOW_MS + HOUR_MS)))) == 1


def test_only_the_late_rows_are_revoked() -> None:
    world = World(customers=[Customer("ann", (1,)), Customer("bob", (2,))])
    world.touchpoints = [touchpoint(size=EU_43), touchpoint(customer_id="bob", size=EU_43)]
    engine = world.build()
    outcome = engine.step(pings(ping(), ping(device=2)))
    (decision,) = engine.commit(outcome, late_rows={0, 17})
    assert decision.device_key == 2
    assert (contact_count(engine), contact_count(engine, "bob")) == (0, 1)
    assert try_verdicts(outcome) == [V.TOO_LATE, V.OFFERED]


def test_d3_a_journal_that_fails_gives_every_cap_back_and_nothing_is_told() -> None:
    journal = Flaky()
    engine = World().build(journal)
    before = everything(engine)
    kept = len(journal)
    journal.broken = True
    with pytest.raises(JournalError):
        engine.commit(engine.step(ping()))
    assert everything(engine) == before
    for change in (
        lambda: engine.put_nouns([store("store-9"), fence("fence-9", "store-9")], now_ms=NOW_MS),
        lambda: engine.put_prices([price(1, NOW_MS)], now_ms=NOW_MS),
        lambda: engine.report_stock([StockFigure("store-1", "shoe", EU_43, 99, NOW_MS)]),
        lambda: engine.upsert_customers([Customer("bob", (2,))]),
        lambda: engine.record_touchpoints([touchpoint(TouchpointKind.VIEW)], now_ms=NOW_MS),
        lambda: consent(engine, 1, granted=False, time_ms=NOW_MS),
        lambda: engine.delete_customer("ann"),
        lambda: engine.delete_noun(Geofence, "fence-1", now_ms=NOW_MS),
    ):
        with pytest.raises(JournalError):
            change()
        assert everything(engine) == before
    journal.broken = False
    assert len(journal) == kept
    # the next records take the sequences that were never written, and the index is as it was
    engine.put_nouns([fence("fence-9", radius_m=80.0)], now_ms=NOW_MS)
    engine.publish()
    engine.step(ping(NOW_MS + HOUR_MS, east_m=2_000))
    assert len(engine.commit(engine.step(ping(NOW_MS + 2 * HOUR_MS)))) == 1
    assert everything(Engine(journal=journal, clock=engine.clock)) == everything(engine)


def test_d3_the_send_gate_closes_with_any_change_of_consent() -> None:
    engine = World().build()
    (decision,) = engine.commit(engine.step(ping()))
    assert engine.may_send(decision)
    bit = Purpose.PERSONALISED_OFFERS.bit
    consent(engine, bit, granted=False, time_ms=NOW_MS)
    assert not engine.may_send(decision)
    consent(engine, bit, time_ms=NOW_MS + 1)
    assert not engine.may_send(decision), "given again is not the consent it was decided by"


def test_d3_the_send_gate_closes_for_a_person_who_was_deleted_also_if_she_comes_back() -> None:
    engine = World().build()
    (decision,) = engine.commit(engine.step(ping()))
    engine.delete_customer("ann")
    assert not engine.may_send(decision)
    engine.upsert_customers([Customer("ann", (1,))])
    consent(engine, 127)
    assert not engine.may_send(decision)


def test_d3_a_release_gives_the_caps_back_durably() -> None:
    journal = MemoryJournal()
    engine = World().build(journal)
    (decision,) = engine.commit(engine.step(ping()))
    engine.release(decision)
    assert contact_count(engine) == 0
    assert [type(entry.record) for entry in journal.read()][-2:] == [DecisionRecord, DecisionReleased]
    assert engine.statistics.offers == 0
    again = Engine(journal=journal, clock=engine.clock)
    assert everything(again) == everything(engine)
    assert contact_count(again) == 0


def test_a_release_after_erasure_touches_nobody_elses_caps() -> None:
    world = World(customers=[Customer("ann", (1,)), Customer("bob", (2,))])
    world.touchpoints = [touchpoint(size=EU_43), touchpoint(customer_id="bob", size=EU_43)]
    engine = world.build()
    first, _ = engine.commit(engine.step(pings(ping(), ping(device=2))))
    engine.delete_customer("ann")
    engine.upsert_customers([Customer("carla", (1,))])
    engine.release(first)
    assert (contact_count(engine, "bob"), contact_count(engine, "carla")) == (1, 0)


def test_d4_decision_ids_are_unique_keyed_and_the_same_after_replay() -> None:
    ids = []
    for key in (b"one", b"one", b"two"):
        engine = World().build()
        engine._decision_key = key
        ids.append(engine.commit(engine.step(ping()))[0].decision_id)
    assert ids[0] == ids[1] != ids[2]
    engine = World(policy=OLD_STOCK).build()
    ids = [engine.commit(engine.step(ping(NOW_MS + day * DAY_MS)))[0].decision_id for day in range(3)]
    assert len(set(ids)) == 3
    assert all(len(text) == 22 for text in ids)


def test_contacts_older_than_their_retention_are_dropped_at_the_next_decision() -> None:
    """32 days; live and in replay alike."""
    journal = MemoryJournal()
    engine = World(policy=OLD_STOCK).build(journal)
    assert len(engine.commit(engine.step(ping()))) == 1
    assert len(engine.commit(engine.step(ping(NOW_MS + CONTACT_RETENTION_MS)))) == 1
    assert contact_count(engine) == 2
    assert len(engine.commit(engine.step(ping(NOW_MS + CONTACT_RETENTION_MS + 2 * DAY_MS)))) == 1
    assert contact_count(engine) == 2
    assert everything(Engine(journal=journal, clock=engine.clock)) == everything(engine)


def test_a_catalog_change_in_the_middle_of_a_batch_leaves_every_winner_its_nouns() -> None:
    """A batch that runs past the horizon of hours renews the snapshot; an offer saved as deleted is then gone."""
    engine = World(policy=Policy(intent_max_age_ms=100 * DAY_MS)).build()
    outcome = engine.step(ping(east_m=5_000.0))
    engine.delete_noun(Offer, "offer-1", now_ms=NOW_MS)
    engine.delete_noun(Product, "shoe", now_ms=NOW_MS)
    outcome = engine.step(pings(ping(NOW_MS + SECOND_MS), ping(NOW_MS + 30 * DAY_MS)))
    decisions = engine.commit(outcome)
    assert len(decisions) == len(outcome.winners) == 0


def test_d2_a_person_with_many_devices_never_exceeds_a_cap() -> None:
    """32 devices in 12 overlapping shops for three weeks: the log of decisions itself is checked against every rule."""
    count = 12
    stores = [store(f"store-{index}") for index in range(count)]
    fences = [fence(f"fence-{index}", f"store-{index}", radius_m=100.0) for index in range(count)]
    products = [product(f"shoe-{index}") for index in range(20)]
    offers = [offer(f"offer-{index}", f"shoe-{index}") for index in range(20)]
    prices = [
        price(9_000 - day, NOW_MS - days * DAY_MS, f"shoe-{index}")
        for index in range(20)
        for day, days in ((0, 60), (900 + 10 * index, 3))
    ]
    figures = [StockFigure(f"store-{s}", f"shoe-{p}", EU_43, 9, NOW_MS) for s in range(count) for p in range(20)]
    world = World(
        nouns=[*stores, *fences, Category("running-shoes"), *products, *offers],
        prices=prices,
        stock=figures,
        customers=[Customer("ann", tuple(range(1, 33)))],
        policy=OLD_STOCK._replace(cooldown_ms=10 * MINUTE_MS),
    )
    engine = world.build()
    rng = np.random.default_rng(5)
    log: list[tuple[int, str, str]] = []
    now_ms = NOW_MS
    for _ in range(300):
        rows = []
        for _ in range(int(rng.integers(1, 40))):
            now_ms += int(rng.integers(0, 8 * MINUTE_MS))
            rows.append(
                ping(
                    now_ms,
                    device=int(rng.integers(1, 33)),
                    east_m=float(rng.choice([0.0, 0.0, 900.0])),
                    speed_m_per_s=1.0,
                )
            )
        outcome = engine.step(pings(*rows))
        late = [int(row) for row in outcome.winners["row"] if rng.random() < 0.2]
        for decision in engine.commit(outcome, late_rows=late):
            if rng.random() < 0.1:
                engine.release(decision)
            else:
                log.append((decision.time_ms, decision.store.store_id, decision.offer.offer_id))
    assert len(log) > 20
    for index, (time_ms, store_id, offer_id) in enumerate(log):
        past = log[:index]
        assert all(time_ms - other >= 10 * MINUTE_MS for other, _, _ in past)
        assert all(time_ms - other >= DAY_MS for other, _, same in past if same == offer_id)
        assert sum(time_ms - other < DAY_MS for other, _, _ in past) < 3
        assert sum(time_ms - other < 7 * DAY_MS for other, _, _ in past) < 8
        assert sum(time_ms - other < DAY_MS for other, place, _ in past if place == store_id) < 1
