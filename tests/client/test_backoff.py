"""Waiting: exponential, bounded, never at once."""

from __future__ import annotations

import numpy as np

from geooffer.client.backoff import Backoff


def test_the_ceiling_doubles_up_to_its_bound() -> None:
    backoff = Backoff(first_s=0.1, longest_s=1.0)
    assert [backoff.ceiling_s(count) for count in (1, 2, 3, 4, 5, 10_000)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_waits_are_spread_below_the_ceiling() -> None:
    backoff = Backoff(first_s=0.1, longest_s=1.0)
    random = np.random.default_rng(5)
    waits = [backoff.wait_s(4, random) for _ in range(200)]
    assert all(0.2 <= wait <= 0.8 for wait in waits)
    assert len(set(waits)) > 190
