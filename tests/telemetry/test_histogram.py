"""Buckets as Prometheus has them: upper bounds, inclusive, cumulative."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geooffer.telemetry.histogram import Histogram


@given(st.lists(st.integers(0, 120)), st.lists(st.integers(0, 100), min_size=1, unique=True).map(sorted))
def test_it_counts_as_a_loop_over_all_values_does(values: list[int], bounds: list[int]) -> None:
    histogram = Histogram(bounds)
    for value in values:
        histogram.observe(value)
    reading = histogram.read()
    assert reading.bounds == tuple(bounds)
    assert list(reading.cumulative_counts) == [*(sum(v <= bound for v in values) for bound in bounds), len(values)]
    assert reading.total == sum(values)


@pytest.mark.parametrize("bounds", [(), (1, 1), (2, 1)])
def test_bounds_that_do_not_ascend_are_refused(bounds: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="ascend"):
        Histogram(bounds)
