"""The stock table against a dict: the latest figure of each variant at each store, through growth and deletion."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from geooffer.engine.stock import Stock

FIGURE = st.tuples(st.integers(0, 40), st.integers(0, 30), st.integers(0, 5), st.integers(0, 20))
"""(store, variant, count, as of)."""


@given(st.lists(FIGURE, max_size=400), st.sets(st.integers(0, 40), max_size=3))
def test_the_table_is_a_dict(figures: list[tuple[int, int, int, int]], dropped: set[int]) -> None:
    stock = Stock()
    model: dict[tuple[int, int], tuple[int, int]] = {}
    changes = [0] * 41
    for store, variant, count, as_of in figures:
        held = model.get((store, variant))
        stock.put(store, variant, count, as_of)
        if held is None or as_of >= held[1]:
            changes[store] += held is None or held[0] != count
            model[store, variant] = (count, as_of)
    for store in dropped:
        stock.drop_store(store)
        model = {key: figure for key, figure in model.items() if key[0] != store}
    assert stock.figures() == sorted((*key, *figure) for key, figure in model.items())
    for store in range(41):
        for variant in range(31):
            assert stock.get(store, variant) == model.get((store, variant))
    stock.cover_stores(41)
    assert stock.view.store_versions[:41].tolist() == changes, "a version counts what a try could see"


def test_a_store_that_never_reported_has_nothing() -> None:
    stock = Stock()
    assert stock.get(0, 0) is None
    assert stock.get(0, -1) is None
    assert stock.figures() == []


def test_numbers_at_the_ends_of_their_range() -> None:
    stock = Stock()
    top = 2**31 - 2
    for store, variant in ((0, 0), (3, top), (2**20, 5)):
        stock.put(store, variant, store + 1, 7)
    assert stock.figures() == [(0, 0, 1, 7), (3, top, 4, 7), (2**20, 5, 2**20 + 1, 7)]
