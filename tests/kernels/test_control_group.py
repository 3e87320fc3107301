"""D6: who is held out is sticky, as many as asked for, and each campaign's own people."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from geooffer.engine.campaigns import experiment_key, held_out_threshold
from geooffer.kernels.control_group import is_held_out, mixed
from geooffer.model import tables
from geooffer.model.columns import Int64Array
from geooffer.model.keys import person_key
from geooffer.model.tables import CommerceTables

PERSON_COUNT = 100_000
_MASK = (1 << 64) - 1


def split_mix(key: int) -> int:
    """SplitMix64's finaliser in Python's own integers, its upper 63 bits."""
    bits = (key + 0x9E3779B97F4A7C15) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return (bits ^ (bits >> 31)) >> 1


def held_out(campaign_id: str, per_10000: int, keys: Int64Array) -> np.ndarray:
    """What the kernel says for all of them, by its own hash over whole columns."""
    salt = np.uint64(split_mix(experiment_key(campaign_id)))
    bits = (keys.view(np.uint64) ^ salt) + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    hashed = ((bits ^ (bits >> np.uint64(31))) >> np.uint64(1)).astype(np.int64)
    return hashed < held_out_threshold(per_10000) if per_10000 else np.zeros(len(keys), dtype=bool)


@pytest.fixture(scope="module")
def keys() -> Int64Array:
    """The keys of real pseudonyms: customer-0 … ."""
    return np.array([person_key(f"customer-{index}") for index in range(PERSON_COUNT)], dtype=np.int64)


def commerce_of(campaign_id: str, per_10000: int) -> CommerceTables:
    campaigns = np.zeros(1, dtype=tables.CAMPAIGN_ROW)
    campaigns["experiment_key"] = experiment_key(campaign_id)
    campaigns["held_out_threshold"] = held_out_threshold(per_10000)
    empty = {name: np.zeros(0) for name in CommerceTables._fields}
    return CommerceTables(**{**empty, "campaigns": campaigns.view(np.recarray)})


@pytest.mark.parametrize("key", [0, 1, -1, 2**63 - 1, -(2**63), 0x123456789ABCDEF])
def test_the_hash_is_split_mix(key: int) -> None:
    assert mixed(key) == split_mix(key)
    assert 0 <= mixed(key) < 2**63


@pytest.mark.parametrize("per_10000", [0, 1, 500, 5_000, 9_999, 10_000])
def test_the_kernel_and_the_columns_say_the_same(per_10000: int, keys: Int64Array) -> None:
    commerce = commerce_of("spring", per_10000)
    told = [is_held_out.py_func(commerce, 0, int(key)) for key in keys[:300]]  # type: ignore[attr-defined]
    assert told == held_out("spring", per_10000, keys[:300]).tolist()


@pytest.mark.parametrize("per_10000", [10, 100, 1_000, 5_000, 9_000])
def test_as_many_as_asked_for(per_10000: int, keys: Int64Array) -> None:
    """Within 5 standard deviations of the binomial: one in 1.7 million runs would be outside, and this one is fixed."""
    share = per_10000 / 10_000
    found = int(held_out("spring", per_10000, keys).sum())
    assert abs(found - share * PERSON_COUNT) < 5 * sqrt(PERSON_COUNT * share * (1 - share))


def test_nobody_at_nothing_and_everybody_at_all(keys: Int64Array) -> None:
    assert not held_out("spring", 0, keys).any()
    assert held_out("spring", 10_000, keys).all()


def test_a_greater_share_keeps_whoever_was_in_it(keys: Int64Array) -> None:
    """Sticky: raising the share never lets anyone out."""
    before = held_out("spring", 1_000, keys)
    assert (held_out("spring", 2_000, keys) | ~before).all()


def test_two_campaigns_hold_out_different_people(keys: Int64Array) -> None:
    """Independent: both at 20 % share 4 % of persons, also where their ids differ by a digit."""
    for first, second in (("spring", "autumn"), ("campaign-1", "campaign-2"), ("", "campaign-1")):
        both = int((held_out(first, 2_000, keys) & held_out(second, 2_000, keys)).sum())
        assert abs(both - 0.04 * PERSON_COUNT) < 5 * sqrt(PERSON_COUNT * 0.04 * 0.96)


def test_thresholds_grow_and_end_below_the_sign() -> None:
    thresholds = [held_out_threshold(share) for share in range(10_001)]
    assert thresholds == sorted(set(thresholds))
    assert (thresholds[0], thresholds[-1]) == (0, 2**63 - 1)
