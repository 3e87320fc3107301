"""A histogram of plain integers: one thread observes, another reads, no lock.

Bounds are upper and inclusive, as Prometheus has them; what is above the last falls into a bucket of its own.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple


class HistogramReading(NamedTuple):
    """A histogram at one moment: never more in the buckets than in the count that a later reading gives."""

    bounds: tuple[int, ...]
    cumulative_counts: tuple[int, ...]
    """By bound, and one more for everything."""
    total: int
    """Of all values observed, in their unit."""


class Histogram:
    """Counts of integer values by bucket. `observe` costs one bisection and two additions."""

    def __init__(self, bounds: Sequence[int]) -> None:
        """`bounds`: ascending, in the unit of what is observed."""
        if not bounds or any(low >= high for low, high in pairwise(bounds)):
            raise ValueError("bounds must ascend")
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0

    def observe(self, value: int) -> None:
        """Count one value. One thread only."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def add(self, counts: Sequence[tuple[int, int]], total: int) -> None:
        """Count many values: (value, how often); `total`: of all of them, where the values are only about right."""
        for value, count in counts:
            self._counts[bisect_left(self._bounds, value)] += count
        self._total += total

    def read(self) -> HistogramReading:
        """A consistent copy of the counts; from any thread."""
        total, counts = self._total, tuple(self._counts)
        cumulative, so_far = [], 0
        for count in counts:
            so_far += count
            cumulative.append(so_far)
        return HistogramReading(self._bounds, tuple(cumulative), total)
