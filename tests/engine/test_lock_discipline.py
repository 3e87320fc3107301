"""Whatever changes what kernels read does it inside the engine's lock (docs/adr/0012-one-engine-lock.md)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from native_twins import Twins
from random_events import something_happens
from random_market import random_market
from watched_lock import WatchedLock
from world import ALL_PURPOSES, DAY_MS, EU_43, HOUR_MS, NOW_MS, World, consent, ping, touchpoint

from geooffer.engine.decisions import Decision
from geooffer.engine.join import Join
from geooffer.engine.locking import EngineLock
from geooffer.engine.shadow import Shadow
from geooffer.errors import GeoofferError
from geooffer.model.catalog import Customer
from geooffer.model.kinds import Channel
from geooffer.model.verdicts import Purpose


def test_random_changes_and_pings_write_inside_the_lock() -> None:
    for seed in range(2):
        market = random_market(seed)
        engine = market.engine
        watched = WatchedLock(engine)
        twins = Twins(seed, "client")  # for its rows
        rng, decisions, now_ms = np.random.default_rng(seed), list[Decision](), market.start_ms
        for _ in range(25):
            with suppress(GeoofferError):  # who consented to nothing is told nothing
                something_happens(rng, market, decisions, now_ms)
            engine.publish()
            twins.now_ms = now_ms
            rows, ages = twins.rows(64)
            engine.clock.stamp(rows, ages, now_ms)
            decisions += engine.commit(engine.step(rows), late_rows=[1, 2, 3])
            now_ms = engine.clock.now_ms(0) + int(rng.integers(0, 6 * HOUR_MS))
            engine.advance(now_ms)
            engine.lapse_consents(now_ms, 2)
            engine.sweep_retention(now_ms)
            watched.check()
        assert watched.unlocked == [], watched.unlocked[0]
        assert decisions


def test_every_kind_of_call_writes_inside_the_lock() -> None:
    world = World(
        customers=[Customer("ann", (1,)), Customer("bob", (2, 3))],
        touchpoints=[touchpoint(customer_id=name, size=EU_43) for name in ("ann", "bob")],
    )
    engine = world.build()
    watched = WatchedLock(engine)
    engine.first_policy(author="a", now_ms=NOW_MS, sign=bytes)
    held = engine.policy_document
    tighter = replace(held, numbers=held.numbers._replace(accuracy_max_cm=9_000), reason="r")
    engine.propose_policy(tighter, author="a", now_ms=NOW_MS, sign=bytes)
    engine.shadow = Shadow(replace(engine.policy_document, reason="tried"), engine.policy.version)
    (decision,) = engine.commit(engine.step(ping(device=1)))
    engine.shadow = None
    engine.release(decision)
    assert engine.decide("bob", channel=Channel.WEB_SHOP, now_ms=NOW_MS, place=(525_200_000, 134_050_000)).verdict
    engine.set_minimum_notices({Purpose.PUSH_MARKETING: "v9"})
    engine.lapse_consents(NOW_MS)
    engine.switch_offers(is_stopped=True, author="a", reason="r", now_ms=NOW_MS)
    engine.switch_offers(is_stopped=False, author="a", reason="r", now_ms=NOW_MS)
    engine.link_device("ann", 2)
    engine.merge_customers("ann", "bob")
    engine.explain(device_key=1, latitude_e7=0, longitude_e7=0, accuracy_cm=100, now_ms=NOW_MS)
    engine.export_person("bob", now_ms=NOW_MS)
    engine.delete_customer("bob")
    engine.upsert_customers([Customer(f"many-{number}", (100 + number,)) for number in range(300)])
    consent(engine, ALL_PURPOSES, customer_id="many-1")
    engine.step(ping(NOW_MS + 2 * DAY_MS, device=101))
    engine.advance(NOW_MS + 3 * DAY_MS)
    watched.check()
    assert watched.unlocked == [], watched.unlocked[0]


def test_a_write_outside_is_found() -> None:
    engine = World().build()
    watched = WatchedLock(engine)
    engine.state.people.set_consent(0, 0)
    watched.check()
    assert "people.persons changed outside the engine's lock" in watched.unlocked[0]


def test_the_lock_is_taken_once_and_given_back_after_what_is_told() -> None:
    told: list[str] = []
    lock = EngineLock()
    lock.bind(lambda: told.append("take"), lambda: told.append("give"), lambda: told.append("leave"))
    with lock, lock:
        assert lock.is_held
        with pytest.raises(RuntimeError, match="inside one of its sections"):
            lock.unbind()
    assert told == ["take", "leave", "give"]
    told.clear()
    with pytest.raises(ZeroDivisionError), lock:
        1 / 0  # noqa: B018
    assert told == ["take", "leave", "give"]
    lock.unbind()
    with lock:
        pass
    assert told == ["take", "leave", "give"]
    assert not lock.is_bound


def test_a_large_commit_lets_go_between_records_but_not_while_a_phone_is_on_its_way() -> None:
    """32 records a section; a device that changes hands within a commit is never nobody's between two sections."""
    sections = [0]
    engine = World(customers=[Customer("ann", (1,)), Customer("bob", (2,))]).build()
    slots = engine.state.people.device_slots
    owned: list[bool] = []

    def leave() -> None:
        sections[0] += 1
        owned.append(1 in slots)

    engine.lock.bind(lambda: None, lambda: None, leave)
    engine.upsert_customers([Customer(f"c{number}", (10 + number,)) for number in range(100)])
    assert sections[0] == 4
    moves = [Customer("ann", ()), *[Customer(f"d{number}", ()) for number in range(100)]]
    engine.upsert_customers(moves)
    assert owned[4:] == [False], "nobody takes it: the whole commit is one section"


def test_what_the_join_writes_follows_what_is_in_force() -> None:
    """Growth of every pool, a publication and a policy: the context points at what the engine uses."""
    engine = World().build()
    join = Join(engine)
    engine.upsert_customers([Customer(f"c{number}", (10 + number,)) for number in range(1_000)])
    engine.publish()
    engine.policy = engine.policy._replace(version=5)
    held = join._held
    arrays = [*engine.state.people.view, *engine.state.live.view, *engine.snapshot.commerce, *engine.snapshot.fences]
    places = {id(array) for array in held.values()}
    assert all(id(array) in places for array in arrays)
    for cell, array in held.items():
        assert join._cells[cell] == array.__array_interface__["data"][0]
