"""Stripes answer as all edges do: covers, distance and cells of parts with many edges."""

from __future__ import annotations

import numpy as np
import pytest
from fence_cases import tables_of
from hypothesis import given, settings
from hypothesis import strategies as st
from large_fences import large_polygon, points_on, without_stripes

from geooffer.engine.fence_parts import compile_shape
from geooffer.engine.shape_distance import located
from geooffer.engine.stripes import STRIPED_EDGE_COUNT_MIN
from geooffer.kernels.exclusion import any_is_near
from geooffer.kernels.geometry import farther_than_cm
from geooffer.kernels.locate import covers_point, locate_batch

PLACES = [(13.4, 52.5), (180.0, 10.0), (-180.0, -60.0), (0.0, 0.0), (20.0, 87.0)]


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32),
    vertex_count=st.sampled_from([STRIPED_EDGE_COUNT_MIN + 16, 200, 1_500]),
    place=st.sampled_from(PLACES),
)
def test_g3_stripes_decide_as_all_edges(seed: int, vertex_count: int, place: tuple[float, float]) -> None:
    rng = np.random.default_rng(seed)
    shape = large_polygon(rng, vertex_count, *place)
    tables = tables_of(shape)
    plain = without_stripes(tables)
    assert tables.parts["stripe_shift"].max() > 0
    latitudes, longitudes = points_on(rng, shape, 120)
    near = located(shape).tables
    all_edges = without_stripes(near)
    seen = set()
    for point in zip(latitudes, longitudes, strict=True):
        covered = covers_point(tables, 0, *point)
        assert covered == covers_point(plain, 0, *point)
        seen.add(covered)
        margin_cm = int(10 ** rng.uniform(0, 5.5))
        for away in (0, int(rng.integers(-200_000, 200_000))):
            moved = int(point[0]) + away, int(point[1])
            assert farther_than_cm(tables, 0, *moved, margin_cm) == farther_than_cm(plain, 0, *moved, margin_cm)
            columns = np.array([[moved[0]], [moved[1]]], np.int32)
            assert any_is_near(near, *columns, margin_cm) == any_is_near(all_edges, *columns, margin_cm)
    assert seen == {True, False}


@pytest.mark.parametrize("place", PLACES)
def test_cells_of_a_large_part_agree_with_its_edges(place: tuple[float, float]) -> None:
    rng = np.random.default_rng(12)
    shape = large_polygon(rng, 3_000, *place)
    tables = tables_of(shape)
    latitudes, longitudes = points_on(rng, shape, 2_000)
    starts, hits = np.zeros(2_001, np.int32), np.zeros(2_000, np.int32)
    assert locate_batch(tables, latitudes, longitudes, np.ones(2_000, np.uint8), starts, hits, 1) == 2_000
    plain = without_stripes(tables)
    expected = [covers_point(plain, 0, *point) for point in zip(latitudes, longitudes, strict=True)]
    assert (np.diff(starts) == 1).tolist() == expected
    assert {True, False} == set(expected)


def test_small_parts_have_no_stripes_and_large_ones_few_entries() -> None:
    rng = np.random.default_rng(1)
    assert len(compile_shape(large_polygon(rng, 24, 8.0, 47.0)).stripes) == 0
    for vertex_count in (100, 1_000, 2_500):
        compiled = compile_shape(large_polygon(rng, vertex_count, 8.0, 47.0))
        assert 0 < len(compiled.stripes) <= 5 * len(compiled.edges)
