"""The index's memory is known before it is built, and a catalog that would not fit its limit is refused."""

from __future__ import annotations

import numpy as np
import pytest
from fence_cases import circle_at, record_of, star_polygon
from hypothesis import given, settings
from hypothesis import strategies as st
from large_fences import large_polygon

from geooffer.engine.fence_parts import compile_shape
from geooffer.engine.index_memory import footprint_of_all, geometry_bytes, index_bytes_max
from geooffer.engine.spatial import IndexOfRecord
from geooffer.errors import LimitExceededError
from geooffer.model.catalog import Geofence
from geooffer.model.fence_tables import FenceTables
from geooffer.model.shapes import Shape


def some_shapes(rng: np.random.Generator, count: int) -> list[Shape]:
    shapes: list[Shape] = []
    for index in range(count):
        place = float(rng.choice([13.4, 180.0, -179.99])) + float(rng.uniform(0, 0.005)), float(rng.uniform(-80, 89.9))
        if index % 9 == 0 and abs(place[1]) < 80:
            shapes.append(large_polygon(rng, 300, *place))
        elif index % 2:
            shapes.append(circle_at(place[1], min(place[0], 180.0), float(10 ** rng.uniform(0, 5))))
        else:
            shapes.append(star_polygon(rng, *place, min(float(10 ** rng.uniform(-4, -1)), 89.95 - place[1])))
    return shapes


def cells_bytes(tables: FenceTables) -> int:
    """What the cells of both layers take."""
    names = ("cell_levels", "cells", "cell_parts", "delta_cell_levels", "delta_cells", "delta_cell_parts")
    return sum(int(getattr(tables, name).nbytes) for name in names)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), count=st.sampled_from([1, 15, 16, 17, 60, 257]))
def test_all_but_the_cells_is_exact_and_these_are_not_more_than_told(seed: int, count: int) -> None:
    shapes = some_shapes(np.random.default_rng(seed), count)
    tables = record_of(shapes)[1]
    footprint = footprint_of_all(map(compile_shape, shapes))
    assert geometry_bytes(footprint, count) == tables.size_bytes - cells_bytes(tables)
    assert tables.size_bytes <= index_bytes_max(footprint, count)


def test_an_empty_index_weighs_what_is_told() -> None:
    assert record_of([])[1].size_bytes <= index_bytes_max(footprint_of_all([]), 0) < 200


def test_for_shops_the_figure_is_near() -> None:
    rng = np.random.default_rng(3)
    places = rng.uniform([13.0, 52.3], [13.8, 52.7], (2_000, 2)).tolist()
    shapes: list[Shape] = [star_polygon(rng, *place, 2e-4) for place in places]
    told = index_bytes_max(footprint_of_all(map(compile_shape, shapes)), 2_000)
    held = record_of(shapes)[1].size_bytes
    assert held <= told <= 1.25 * held


def test_a_catalog_that_would_not_fit_is_refused_and_changes_nothing() -> None:
    rng = np.random.default_rng(4)
    shapes = [star_polygon(rng, 8.0 + number * 0.01, 47.0, 1e-3) for number in range(40)]
    limit = index_bytes_max(footprint_of_all(map(compile_shape, shapes[:30])), 30)
    record = IndexOfRecord(memory_max_bytes=limit)
    for number, shape in enumerate(shapes[:30]):
        record.insert(number, Geofence(f"fence-{number}", shape))
    vast = Geofence("vast", large_polygon(rng, 2_000, 9.0, 47.0))
    with pytest.raises(LimitExceededError, match=r"the index of all geofences would take up to [\d,]+ bytes"):
        record.insert(30, vast)
    held = len(record)
    with pytest.raises(LimitExceededError):
        record.replace(3, Geofence("fence-3", large_polygon(rng, 2_000, 8.03, 47.0)))
    assert len(record) == held
    record.replace(3, Geofence("fence-3", circle_at(47.0, 8.03, 20)))  # less than it was
    for number in range(4, 12):
        record.delete(number)
    record.insert(30, Geofence("another", shapes[35]))


def test_fences_of_an_earlier_run_are_loaded_whatever_the_limit() -> None:
    record = IndexOfRecord(memory_max_bytes=1)
    record.load({0: Geofence("held", circle_at(47.0, 8.0, 20))})
    assert len(record) == 1
    with pytest.raises(LimitExceededError):
        record.insert(1, Geofence("one more", circle_at(47.0, 8.0, 20)))
    record.delete(0)
