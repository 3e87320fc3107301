"""A full decision in a visit: 8 intents against 16 offers, every rule looked at.

What a person weighs is measured by `geooffer bench memory` (bench/memory.py).

Method: 256 shops, each with 16 offers of its own in 8 categories, all valid, in stock, in her size, at a cut price;
1,024 persons with 8 intents (half of them in a product), 4 sizes, 2 purchases, 3 earlier contacts. Every person stands
in a shop; before each round every shop's stock version is raised, so that each row of the batch of 1,024 is tried anew:
16 candidates pass all verdicts, are scored by nine factors and ranked. After the round what it wrote is copied back.
`test_step_in_visit` is the same batch without a change at the shops: no try. The decision is the difference.
Seeded synthetic data, one thread. Read the numbers per ping: median / 1,024. Run: `pytest benchmarks/test_decision.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.engine.shapes import circle
from geooffer.journal.memory import MemoryJournal
from geooffer.kernels.compile import compile_all
from geooffer.model.catalog import Category, Customer, Geofence, Offer, Price, Product, Size, StockFigure, Store
from geooffer.model.columns import PING, Outcome, StructArray
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import TouchpointKind

ROWS = 1_024
SHOPS = 256
CATEGORIES = 8
OFFERS = 16
NOW_MS = 1_772_528_400_000
LATITUDE_E7, LONGITUDE_E7 = 523_000_000, 130_000_000
STEP_E7 = 60_000
SIZE = Size("EU", "43")


def build_engine() -> Engine:
    """The chain of this page's method. No cooldown, so that contacts are weighed and do not silence."""
    rng = np.random.default_rng(16)
    engine = Engine(
        journal=MemoryJournal(),
        clock=EngineClock("client", NOW_MS),
        policy=Policy(cooldown_ms=0, same_offer_after_ms=0, stock_max_age_ms=30 * DAY_MS),
    )
    shops = range(SHOPS)
    nouns: list[Any] = [
        Store(f"s{i}", f"s{i}", LATITUDE_E7 + i * STEP_E7, LONGITUDE_E7, "Europe/Berlin", "24/7") for i in shops
    ]
    nouns += [Geofence(f"f{i}", circle(LATITUDE_E7 + i * STEP_E7, LONGITUDE_E7, 6_000), f"s{i}") for i in shops]
    nouns += [Category(f"c{i}", repurchase_preset="none") for i in range(CATEGORIES)]
    products = [Product(f"p{i}", f"c{i % CATEGORIES}", (("en", f"p{i}"),), (SIZE,)) for i in range(OFFERS)]
    nouns += products
    nouns += [
        Offer(f"o{shop}-{i}", f"p{i}", 0, NOW_MS + 400 * DAY_MS, (f"s{shop}",)) for shop in shops for i in range(OFFERS)
    ]
    engine.put_nouns(nouns, now_ms=NOW_MS)
    steps = ((10_000, 60), (8_000, 3))
    engine.put_prices(
        [Price(p.product_id, amount, "EUR", NOW_MS - days * DAY_MS) for p in products for amount, days in steps],
        now_ms=NOW_MS,
    )
    engine.report_stock(
        [StockFigure(f"s{s}", p.product_id, SIZE, 5 + int(rng.integers(9)), NOW_MS) for s in shops for p in products]
    )
    names = [f"person-{key}" for key in range(1, ROWS + 1)]
    engine.upsert_customers([Customer(name, (key,)) for key, name in enumerate(names, 1)])
    for name in names:
        engine.record_consent(name, 127, granted=True, time_ms=NOW_MS, now_ms=NOW_MS, notice_version="1")
    engine.record_touchpoints([touchpoint for name in names for touchpoint in signals(name, rng)], now_ms=NOW_MS)
    engine.publish()
    return engine


def signals(name: str, rng: np.random.Generator) -> list[Touchpoint]:
    """8 intents, 4 sizes on top of those of the searches, 2 purchases before them."""
    found = []
    for i in range(CATEGORIES):
        time_ms = NOW_MS - HOUR_MS * int(rng.integers(1, 100))
        subject = {"product_id": f"p{i}"} if i % 2 else {"category_id": f"c{i}"}
        found.append(Touchpoint(name, TouchpointKind.SEARCH, time_ms, size=SIZE, **subject))
    found += [Touchpoint(name, TouchpointKind.PURCHASE, NOW_MS - 90 * DAY_MS, f"c{i}") for i in (2, 5)]
    return found


class Visitors:
    """Batches of one row per device, each in its shop."""

    def __init__(self) -> None:
        self.engine = build_engine()
        self.shops = np.random.default_rng(16).integers(0, SHOPS, ROWS).astype(np.int32)
        self.now_ms = NOW_MS
        for _ in range(3):  # three offers some days ago, that every cap rule walks over
            self.engine.commit(self.engine.step(self.batch()))
            self.now_ms += 8 * DAY_MS // 3

    def batch(self) -> StructArray:
        self.now_ms += 1_000
        rows = np.zeros(ROWS, dtype=PING)
        rows["device_key"] = np.arange(1, ROWS + 1)
        rows["fix_time_ms"] = rows["now_ms"] = self.now_ms
        rows["latitude_e7"] = LATITUDE_E7 + self.shops * STEP_E7
        rows["longitude_e7"] = LONGITUDE_E7
        rows["accuracy_cm"] = 1_000
        rows["speed_cm_per_s"] = 120
        return rows


@pytest.fixture(scope="module")
def visitors() -> Visitors:
    """One engine for all rounds of this page."""
    compile_all()
    return Visitors()


def test_step_in_visit(benchmark: Any, visitors: Visitors) -> None:
    benchmark.extra_info["rows"] = ROWS
    visitors.engine.commit(visitors.engine.step(visitors.batch()), late_rows=range(ROWS))
    outcome = benchmark.pedantic(
        visitors.engine.step, setup=lambda: ((visitors.batch(),), {}), rounds=200, warmup_rounds=5
    )
    assert len(outcome.tries) == len(outcome.transitions) == 0


def test_full_decision(benchmark: Any, visitors: Visitors) -> None:
    engine = visitors.engine
    benchmark.extra_info["rows"] = ROWS
    people = engine.state.people.view
    written = (people.contacts, people.persons, people.free)
    held = [table.copy() for table in written]

    def changed_batch() -> StructArray:
        # by copying back what a decision writes: undone offer by offer in Python, the caches would be cold (2,100 ns)
        for table, before in zip(written, held, strict=True):
            table[:] = before
        engine.state.live.view.store_versions[:] += 1
        return visitors.batch()

    def step(rows: StructArray) -> Outcome:
        return engine.step(rows)

    outcome = benchmark.pedantic(step, setup=lambda: ((changed_batch(),), {}), rounds=200, warmup_rounds=5)
    assert len(outcome.tries) == len(outcome.winners) == ROWS
    engine.commit(outcome, late_rows=range(ROWS))
