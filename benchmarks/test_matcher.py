"""One call of `Engine.step` for 1,024 pings: far from every fence, inside visits, and deciding; beside rivals.

Method: seeded synthetic chain of 2,000 shops (circles of 60 m on a grid of 400 m, no real data), 1,024 devices of as
many people, 50 products in 10 categories, 100 offers, three searches a person. A round is one batch of 1,024 rows:

* outside: 1 km and more from any shop: consent, location, validation, no presence;
* inside: in an open visit that was tried before: evidence and versions, no try;
* deciding: every row enters a shop after a silence and is tried (EXIT, ENTER, one try each);
* deciding and committing: as before, with the winners written to the in-memory journal.

The rivals answer only "which fences cover these 1,024 points": shapely's STRtree in bulk (points made in the round, as
they come as numbers), and rtree asked point by point. `locate` is our share of exactly that. Before it is timed each
contender must give the same number of hits. Read the numbers per ping: mean / 1,024.
Run: `pytest benchmarks/test_matcher.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import rtree
import shapely

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.engine.shapes import circle, to_shapely
from geooffer.journal.memory import MemoryJournal
from geooffer.kernels.compile import compile_all
from geooffer.kernels.locate import locate_batch
from geooffer.model.catalog import (
    Category,
    Customer,
    Geofence,
    Offer,
    Price,
    Product,
    StockFigure,
    Store,
)
from geooffer.model.columns import PING, StructArray
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import PingVerdict, TouchpointKind

ROWS = 1_024
SHOPS = 2_000
SIDE = 45
NOW_MS = 1_772_528_400_000
LATITUDE_E7, LONGITUDE_E7 = 523_000_000, 130_000_000
STEP_LATITUDE_E7, STEP_LONGITUDE_E7 = 36_000, 59_000
"""400 m north, 400 m east."""


def place_of(shop: int) -> tuple[int, int]:
    """Latitude and longitude of a shop in E7."""
    return LATITUDE_E7 + shop // SIDE * STEP_LATITUDE_E7, LONGITUDE_E7 + shop % SIDE * STEP_LONGITUDE_E7


def build_engine() -> Engine:
    """The chain of this page's method. No cooldown, no caps and no night, so that every round decides in full."""
    rng = np.random.default_rng(1_024)
    policy = Policy(
        cooldown_ms=0,
        same_offer_after_ms=0,
        quiet_start_minute=0,
        quiet_end_minute=0,
        stock_max_age_ms=400 * DAY_MS,
        intent_max_age_ms=400 * DAY_MS,
    )
    engine = Engine(journal=MemoryJournal(), clock=EngineClock("client", NOW_MS), policy=policy, cap_rules=())
    stores = [Store(f"s{i}", f"s{i}", *place_of(i), "Europe/Berlin", "24/7") for i in range(SHOPS)]
    fences = [Geofence(f"f{i}", circle(*place_of(i), 6_000), f"s{i}") for i in range(SHOPS)]
    categories = [Category(f"c{i}") for i in range(10)]
    products = [Product(f"p{i}", f"c{i % 10}", (("en", f"p{i}"),)) for i in range(50)]
    offers = [Offer(f"o{i}", f"p{i % 50}", 0, NOW_MS + 400 * DAY_MS) for i in range(100)]
    engine.put_nouns([*stores, *fences, *categories, *products, *offers], now_ms=NOW_MS)
    steps = ((10_000, 60), (8_000, 3))
    engine.put_prices(
        [Price(p.product_id, amount, "EUR", NOW_MS - days * DAY_MS) for p in products for amount, days in steps],
        now_ms=NOW_MS,
    )
    shops = rng.permutation(SHOPS)[:ROWS]
    engine.report_stock([StockFigure(f"s{s}", p.product_id, None, 9, NOW_MS) for s in shops for p in products])
    engine.upsert_customers([Customer(f"person-{key}", (key,)) for key in range(1, ROWS + 1)])
    for key in range(1, ROWS + 1):
        engine.record_consent(f"person-{key}", 127, granted=True, time_ms=NOW_MS, now_ms=NOW_MS, notice_version="1")
    engine.record_touchpoints(
        [
            Touchpoint(f"person-{key}", TouchpointKind.SEARCH, NOW_MS - n * DAY_MS, f"c{int(rng.integers(10))}")
            for key in range(1, ROWS + 1)
            for n in range(3)
        ],
        now_ms=NOW_MS,
    )
    engine.publish()
    return engine


class Walkers:
    """Batches of one row per device, later at each call."""

    def __init__(self) -> None:
        self.engine = build_engine()
        self.shops = np.random.default_rng(1_024).permutation(SHOPS)[:ROWS]
        self.now_ms = NOW_MS

    def batch(self, *, inside: bool, later_ms: int) -> StructArray:
        """1,024 fixes, `later_ms` after the last batch; all in a shop or all south of the city."""
        self.now_ms += later_ms
        rows = np.zeros(ROWS, dtype=PING)
        rows["device_key"] = np.arange(1, ROWS + 1)
        rows["fix_time_ms"] = rows["now_ms"] = self.now_ms
        rows["latitude_e7"] = LATITUDE_E7 + self.shops // SIDE * STEP_LATITUDE_E7 if inside else LATITUDE_E7 - 100_000
        rows["longitude_e7"] = LONGITUDE_E7 + self.shops % SIDE * STEP_LONGITUDE_E7
        rows["accuracy_cm"] = 1_000
        rows["speed_cm_per_s"] = 120
        return rows


@pytest.fixture(scope="module")
def walkers() -> Walkers:
    """One engine for all rounds of this page."""
    compile_all()
    return Walkers()


def run(benchmark: Any, step: Any, make_batch: Any) -> Any:
    """Time `step` alone; its batch is made before each round."""
    benchmark.extra_info["rows"] = ROWS
    return benchmark.pedantic(step, setup=lambda: ((make_batch(),), {}), rounds=60, warmup_rounds=3)


def test_step_outside(benchmark: Any, walkers: Walkers) -> None:
    outcome = run(benchmark, walkers.engine.step, lambda: walkers.batch(inside=False, later_ms=1_000))
    assert (outcome.verdicts == PingVerdict.ACCEPTED).all()
    assert len(outcome.transitions) == 0


def test_step_inside(benchmark: Any, walkers: Walkers) -> None:
    walkers.engine.step(walkers.batch(inside=True, later_ms=1_000))
    walkers.engine.step(walkers.batch(inside=True, later_ms=61_000))
    outcome = run(benchmark, walkers.engine.step, lambda: walkers.batch(inside=True, later_ms=1_000))
    assert (outcome.verdicts == PingVerdict.ACCEPTED).all()
    assert len(outcome.transitions) == len(outcome.tries) == 0


def test_step_deciding(benchmark: Any, walkers: Walkers) -> None:
    undone: list[Any] = []

    def step(rows: StructArray) -> Any:
        undone.append(walkers.engine.step(rows))
        return undone[0]

    def fresh_batch() -> StructArray:
        # contacts that add up would make caps slower than they ever are: nobody gets 60 offers
        while undone:
            walkers.engine.commit(undone.pop(), late_rows=range(ROWS))
        return walkers.batch(inside=True, later_ms=16 * 60_000)

    outcome = run(benchmark, step, fresh_batch)
    assert len(outcome.tries) == len(outcome.winners) == ROWS
    assert len(outcome.transitions) == 2 * ROWS
    walkers.engine.commit(outcome, late_rows=range(ROWS))


def test_step_and_commit_deciding(benchmark: Any, walkers: Walkers) -> None:
    """Contacts add up here, as nobody is capped: the last rounds walk ten of them a person."""
    benchmark.extra_info["rows"] = ROWS

    def step_and_commit(rows: StructArray) -> int:
        return len(walkers.engine.commit(walkers.engine.step(rows)))

    count = benchmark.pedantic(
        step_and_commit,
        setup=lambda: ((walkers.batch(inside=True, later_ms=16 * 60_000),), {}),
        rounds=10,
        warmup_rounds=1,
    )
    assert count == ROWS


def half_inside(walkers: Walkers) -> StructArray:
    rows = walkers.batch(inside=True, later_ms=1_000)
    rows["latitude_e7"][::2] = LATITUDE_E7 - 100_000
    return rows


@pytest.mark.parametrize("index_kind", ["cells", "packed"])
def test_locate(benchmark: Any, walkers: Walkers, index_kind: str) -> None:
    rows = half_inside(walkers)
    benchmark.extra_info["rows"] = ROWS
    latitudes, longitudes = rows["latitude_e7"].copy(), rows["longitude_e7"].copy()
    wanted = np.ones(ROWS, dtype=np.uint8)
    starts, hits = np.zeros(ROWS + 1, dtype=np.int32), np.zeros(4_096, dtype=np.int32)
    use_cells = int(index_kind == "cells")
    fences = walkers.engine.snapshot.fences
    benchmark(locate_batch, fences, latitudes, longitudes, wanted, starts, hits, use_cells)
    assert starts[-1] == ROWS // 2


def test_rival_strtree_bulk(benchmark: Any, walkers: Walkers) -> None:
    rows = half_inside(walkers)
    benchmark.extra_info["rows"] = ROWS
    shapes = [to_shapely(fence.shape) for fence in walkers.engine.registry.geofences.values()]
    tree = shapely.STRtree(shapes)

    def locate() -> int:
        points = shapely.points(rows["longitude_e7"] / 1e7, rows["latitude_e7"] / 1e7)
        return int(tree.query(points, predicate="intersects").shape[1])

    assert benchmark(locate) == ROWS // 2


def test_rival_rtree_loop(benchmark: Any, walkers: Walkers) -> None:
    rows = half_inside(walkers)
    benchmark.extra_info["rows"] = ROWS
    shapes = [to_shapely(fence.shape) for fence in walkers.engine.registry.geofences.values()]
    index = rtree.index.Index((number, shape.bounds, None) for number, shape in enumerate(shapes))
    for shape in shapes:
        shapely.prepare(shape)

    def locate() -> int:
        count = 0
        for longitude, latitude in zip(rows["longitude_e7"].tolist(), rows["latitude_e7"].tolist(), strict=True):
            x, y = longitude / 1e7, latitude / 1e7
            count += sum(shapely.intersects_xy(shapes[n], x, y) for n in index.intersection((x, y, x, y)))
        return count

    assert benchmark.pedantic(locate, rounds=5) == ROWS // 2
