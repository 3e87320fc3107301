"""D1.13: the reference is the lowest price of the 30 days before the present price took effect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import EU_43, NOW_MS, World, ping, price, store

from geooffer.engine.prices import Step, merged_history, with_references
from geooffer.errors import InvalidArgumentError, NotFoundError
from geooffer.model.catalog import Price, StockFigure
from geooffer.model.policy import DAY_MS

History = list[tuple[float, int]]
"""(day, amount)."""


def steps(chain: History, own: History = ()) -> list[tuple[float, int, int]]:  # type: ignore[assignment]
    """(day, amount, reference) of the compiled list."""
    compiled: list[Step] = with_references(merged_history(prices(chain), prices(own)))
    return [(start_ms / DAY_MS, amount, reference) for start_ms, amount, reference in compiled]


def prices(history: History) -> list[Price]:
    return [price(amount, round(day * DAY_MS)) for day, amount in history]


@pytest.mark.parametrize(
    ("history", "last"),
    [
        ([(0, 100)], (0, 100, -1)),  # none known before
        ([(0, 100), (100, 80)], (100, 80, 100)),
        ([(0, 100), (50, 60), (60, 100), (100, 80)], (100, 80, 100)),  # the sale ended 40 days before
        ([(0, 100), (50, 60), (75, 100), (100, 80)], (100, 80, 60)),  # it ended 25 days before
        ([(0, 100), (50, 60), (70, 100), (100, 80)], (100, 80, 100)),  # it ended exactly as the window opens
        ([(0, 100), (50, 60), (70.1, 100), (100, 80)], (100, 80, 60)),  # it reached into the window
        ([(0, 100), (90, 120), (100, 80)], (100, 80, 100)),  # raised to be cut
        ([(95, 100), (100, 80)], (100, 80, 100)),  # fewer than 30 days known: of those
        ([(0, 100), (100, 80), (110, 80), (120, 80)], (100, 80, 100)),  # repeated by the feed: took effect once
        ([(0, 100), (100, 90), (110, 80)], (110, 80, 90)),  # a cut in two steps counts from the lower
        ([(0, 80), (100, 100)], (100, 100, 80)),
    ],
)
def test_the_reference_of_the_last_step(history: History, last: tuple[float, int, int]) -> None:
    assert steps(history)[-1] == last


def test_a_store_follows_the_chain_until_its_first_own_price() -> None:
    assert steps([(0, 100), (40, 90), (80, 70)], [(50, 60), (100, 50)]) == [
        (0, 100, -1),
        (40, 90, 100),
        (50, 60, 90),
        (100, 50, 60),
    ]


@given(st.lists(st.tuples(st.integers(0, 200), st.sampled_from([50, 60, 70, 80])), unique_by=lambda step: step[0]))
def test_references_by_looking_at_every_hour_of_the_window(history: History) -> None:
    history = sorted(history)

    def in_force(day: float) -> int | None:
        known = [amount for start, amount in history if start <= day]
        return known[-1] if known else None

    for start, amount, reference in steps(history):
        seen = [in_force(start - quarter / 4) for quarter in range(1, 121)]
        assert reference == min((found for found in seen if found is not None), default=-1)
        assert in_force(start) == amount


def test_a_price_of_the_same_moment_replaces_and_any_order_gives_the_same() -> None:
    world = World(prices=[price(9_999, NOW_MS - 3 * DAY_MS), price(8_000, NOW_MS - 3 * DAY_MS)])
    world.prices = [*world.prices, price(10_000, NOW_MS - 60 * DAY_MS)]
    engine = world.build()
    (decision,) = engine.commit(engine.step(ping()))
    assert (decision.amount_minor, decision.reference_amount_minor) == (8_000, 10_000)


def test_the_price_of_the_store_she_is_at_counts() -> None:
    """Its own list for store-1, the chain's for the others."""
    world = World()
    world.nouns = [store("store-2"), *world.nouns]
    world.prices = [*world.prices, price(9_000, NOW_MS - 40 * DAY_MS, store_id="store-1")]
    engine = world.build()
    (decision,) = engine.commit(engine.step(ping()))
    assert (decision.amount_minor, decision.reference_amount_minor) == (9_000, 10_000)


def test_prices_need_a_product_a_store_and_one_currency() -> None:
    engine = World().build()
    with pytest.raises(NotFoundError):
        engine.put_prices([price(1, 0, "nothing")], now_ms=NOW_MS)
    with pytest.raises(NotFoundError):
        engine.put_prices([price(1, 0, store_id="nowhere")], now_ms=NOW_MS)
    with pytest.raises(InvalidArgumentError):
        engine.put_prices([Price("shoe", 1, "CHF", 0)], now_ms=NOW_MS)
    assert len(engine.registry.prices["shoe", ""]) == 2


def test_a_new_price_opens_a_new_try_of_an_open_visit() -> None:
    """Section 5: the store's offers changed since the last try."""
    world = World()
    world.prices = world.prices[:1]
    engine = world.build()
    assert engine.step(ping()).tries["verdict"].tolist() == [13]
    engine.put_prices([price(8_000, NOW_MS)], now_ms=NOW_MS)
    engine.publish()
    assert engine.step(ping(NOW_MS + 1_000)).tries["verdict"].tolist() == [22]
    assert engine.step(ping(NOW_MS + 2_000)).tries["verdict"].tolist() == []


def test_new_stock_opens_a_new_try_and_the_same_figure_again_does_not() -> None:
    world = World()
    world.stock = [StockFigure("store-1", "shoe", EU_43, 0, NOW_MS - 10)]
    engine = world.build()
    assert engine.step(ping()).tries["verdict"].tolist() == [11]
    engine.report_stock([StockFigure("store-1", "shoe", EU_43, 0, NOW_MS - 10)])
    assert engine.step(ping(NOW_MS + 500)).tries["verdict"].tolist() == []
    engine.report_stock([StockFigure("store-1", "shoe", EU_43, 0, NOW_MS - 5)])
    assert engine.step(ping(NOW_MS + 1_000)).tries["verdict"].tolist() == [11], "a fresh count might end STOCK_STALE"
    engine.report_stock([StockFigure("store-1", "shoe", EU_43, 5, NOW_MS - 6)])
    assert engine.step(ping(NOW_MS + 2_000)).tries["verdict"].tolist() == [], "older than the figure held"
    engine.report_stock([StockFigure("store-1", "shoe", EU_43, 5, NOW_MS)])
    assert engine.step(ping(NOW_MS + 3_000)).tries["verdict"].tolist() == [22]
