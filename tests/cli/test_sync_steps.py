"""Full feeds of prices and stock against what is in force, by property: applied, the feed is true, and only once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from geooffer.cli.sync_steps import (
    Count,
    PriceKey,
    StockKey,
    price_difference,
    stale_stores,
    stock_difference,
)
from geooffer.engine.prices import merged_history
from geooffer.model.catalog import Price, Size
from geooffer.model.policy import DAY_MS

AS_OF_MS = 10 * DAY_MS
PRICE_KEYS = st.tuples(st.sampled_from("pq"), st.sampled_from(("", "s", "t")))
HISTORIES = st.dictionaries(PRICE_KEYS, st.dictionaries(st.integers(0, 20), st.integers(1, 3), min_size=1, max_size=4))
STOCK_KEYS = st.tuples(st.sampled_from("st"), st.sampled_from("pq"), st.sampled_from((None, Size("EU", "43"))))
COUNTS = st.dictionaries(
    STOCK_KEYS, st.builds(Count, st.integers(0, 2), st.integers(8, 12).map(lambda day: day * DAY_MS))
)
FED = st.dictionaries(STOCK_KEYS, st.builds(Count, st.integers(0, 2), st.integers(8, 10).map(lambda day: day * DAY_MS)))
REFUSED = st.sets(
    st.sampled_from([(), ("s",), ("s", "p"), ("s", "p", ""), ("t", "q", "EU 43"), ("p", "s")]), max_size=2
)

Histories = dict[PriceKey, dict[int, int]]


def steps_of(histories: Histories, key: PriceKey) -> list[Price]:
    product_id, store_id = key
    days = sorted(histories.get(key, {}).items())
    return [Price(product_id, amount, "EUR", day * DAY_MS, store_id) for day, amount in days]


def in_force_at(histories: Histories, key: PriceKey) -> int:
    """What the engine sells at, at the moment of the feed; −1 = no price."""
    product_id, store_id = key
    own = steps_of(histories, key) if store_id else []
    history = merged_history(steps_of(histories, (product_id, "")), own)
    return next((amount for from_ms, amount in reversed(history) if from_ms <= AS_OF_MS), -1)


def list_in_force(histories: Histories) -> dict[PriceKey, Price]:
    """As ListPrices with in_force_time answers: of each list the last step that began."""
    found = {}
    for key in histories:
        begun = [step for step in steps_of(histories, key) if step.valid_from_ms <= AS_OF_MS]
        if begun:
            found[key] = begun[-1]
    return found


@given(HISTORIES, st.dictionaries(PRICE_KEYS, st.integers(1, 3)))
def test_after_a_price_feed_every_price_it_names_is_in_force(histories: Histories, wanted: dict[PriceKey, int]) -> None:
    feed = {key: Price(key[0], amount, "EUR", AS_OF_MS, key[1]) for key, amount in wanted.items()}
    difference, steps = price_difference(list_in_force(histories), feed, ())
    after = {key: dict(days) for key, days in histories.items()}
    for key in steps:
        after.setdefault(key, {})[AS_OF_MS // DAY_MS] = wanted[key]
    assert {key: in_force_at(after, key) for key in wanted} == wanted
    assert len(steps) == len(difference.of("created")) + len(difference.of("changed"))
    # no step is one too many: without it the price would be another
    for key in steps:
        without = {other: days for other, days in after.items() if other != key}
        if key in histories:
            without[key] = histories[key]
        assert in_force_at(without, key) != wanted[key]
    # history is law: what was held is still there, but for a step of the very moment of the feed
    for key, days in histories.items():
        assert {day: amount for day, amount in after[key].items() if day != 10} == {
            day: amount for day, amount in days.items() if day != 10
        }
    repeated, no_steps = price_difference(list_in_force(after), feed, ())
    assert no_steps == []
    assert set(repeated.rows) <= {"unchanged", "missing"}


def test_a_price_that_is_missing_is_told_and_one_of_a_refused_row_is_kept() -> None:
    held = list_in_force({("p", ""): {1: 3}, ("p", "s"): {2: 2}, ("q", ""): {3: 1}})
    difference, steps = price_difference(held, {}, {("q", "")})
    assert steps == []
    assert difference.of("missing") == {
        "p": "3 EUR since 1970-01-02T00:00:00Z",
        "p at s": "2 EUR since 1970-01-03T00:00:00Z",
    }
    assert list(difference.of("kept")) == ["q"]


def expected_count(
    key: StockKey, held: dict[StockKey, Count], wanted: dict[StockKey, Count], refused: set[tuple[str, ...]]
) -> Count | None:
    """The rule for one figure, slow and obvious."""
    before = held.get(key)
    text = (key[0], key[1], "EU 43" if key[2] else "")
    if key in wanted and text not in refused:
        return wanted[key] if before is None or before.as_of_ms <= wanted[key].as_of_ms else before
    fed = key[0] in {store_id for store_id, _, _ in wanted}
    if before is None or not fed or any(text[:length] in refused for length in range(4)):
        return before
    return Count(0, AS_OF_MS) if before.as_of_ms <= AS_OF_MS else before


@given(COUNTS, FED, REFUSED)
def test_after_a_stock_feed_what_it_does_not_name_is_zero(
    held: dict[StockKey, Count], wanted: dict[StockKey, Count], refused: set[tuple[str, ...]]
) -> None:
    difference, figures = stock_difference(held, wanted, refused, AS_OF_MS)
    after = held | dict(figures)
    keys = {*held, *wanted}
    assert {key: after.get(key) for key in keys} == {key: expected_count(key, held, wanted, refused) for key in keys}
    assert len(dict(figures)) == len(figures)
    lost = [key for key in held if key not in wanted and held[key].available_count and not after[key].available_count]
    assert difference.removed_count == len(lost)
    assert len(lost) <= difference.held_count
    repeated, nothing = stock_difference(after, wanted, refused, AS_OF_MS)
    assert nothing == []
    assert set(repeated.rows) <= {"unchanged", "superseded", "kept"}


@given(COUNTS)
def test_a_store_is_stale_a_day_after_its_newest_figure(held: dict[StockKey, Count]) -> None:
    stale = stale_stores(held.items(), AS_OF_MS)
    for store_id in {key[0] for key in held}:
        ages_ms = [AS_OF_MS - count.as_of_ms for key, count in held.items() if key[0] == store_id]
        assert (store_id in stale) == all(age_ms > DAY_MS for age_ms in ages_ms)
    assert set(stale) <= {key[0] for key in held}
