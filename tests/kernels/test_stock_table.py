"""The stock table against a dict: the latest figure of each variant at each store, through growth and deletion."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from geooffer.engine.live import Live

FIGURE = st.tuples(st.integers(0, 40), st.integers(0, 30), st.integers(0, 5), st.integers(0, 20))
"""(store, variant, count, as of)."""


@given(st.lists(FIGURE, max_size=400), st.sets(st.integers(0, 40), max_size=3), st.sets(st.integers(0, 30), max_size=3))
def test_the_table_is_a_dict(
    figures: list[tuple[int, int, int, int]], dropped_stores: set[int], dropped_variants: set[int]
) -> None:
    live = Live()
    live.cover_stores(41)
    model: dict[tuple[int, int], tuple[int, int]] = {}
    changes = [0] * 41
    for store, variant, count, as_of in figures:
        held = model.get((store, variant))
        live.put_stock(store, variant, count, as_of)
        if held is None or as_of >= held[1]:
            changes[store] += held != (count, as_of)
            model[store, variant] = (count, as_of)
    for store in dropped_stores:
        live.drop_store(store)
    live.drop_variants(dropped_variants)
    model = {
        key: held for key, held in model.items() if key[0] not in dropped_stores and key[1] not in dropped_variants
    }
    assert live.figures() == sorted((*key, *figure) for key, figure in model.items())
    for store in range(41):
        for variant in range(31):
            assert live.stock_of(store, variant) == model.get((store, variant))
    assert live.view.store_versions[:41].tolist() == changes, "a version counts what a try could see"


def test_a_store_that_never_reported_has_nothing() -> None:
    live = Live()
    assert live.stock_of(0, 0) is None
    assert live.stock_of(0, -1) is None
    assert live.figures() == []


def test_numbers_at_the_ends_of_their_range() -> None:
    live = Live()
    top = 2**31 - 2
    for store, variant in ((0, 0), (3, top), (2**20, 5)):
        live.put_stock(store, variant, store + 1, 7)
    assert live.figures() == [(0, 0, 1, 7), (3, top, 4, 7), (2**20, 5, 2**20 + 1, 7)]
