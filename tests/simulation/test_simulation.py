"""Gate 8: whole lives of the engine by seed; none goes wrong, and every planted bug is found and made small."""

from __future__ import annotations

import pytest
from sim_actions import drawn
from sim_plants import PLANTS
from simulate import ACTION_COUNT, live_once, search

SEEDS_PER_PLANT = 12
"""Each was found within two."""


def test_no_life_goes_wrong() -> None:
    failure = search(range(1_000, 1_004))
    assert failure is None, str(failure)


@pytest.mark.long
def test_no_life_of_many_goes_wrong() -> None:
    failure = search(range(2_000, 2_150))
    assert failure is None, str(failure)


def test_lives_are_full_of_what_they_are_about() -> None:
    """A checker that sees no offer, no crash and no erasure finds nothing either."""
    sentence, simulated = live_once(7)
    assert not sentence
    assert simulated is not None
    assert simulated.offer_count > 5
    assert simulated.crash_count > 2
    assert simulated.ping_count > 100
    assert simulated.requests.retry_count > 2
    assert simulated.effects.erasure_count > 1


def test_the_same_seed_is_the_same_life() -> None:
    first, second, other = (live_once(seed, drawn(seed, 80))[1] for seed in (4, 4, 6))
    assert first is not None
    assert second is not None
    assert other is not None
    assert first.trace == second.trace != other.trace
    assert first.last_position == second.last_position
    assert first.ledger.told == second.ledger.told


def test_a_disk_that_is_not_synced_loses_what_was_told() -> None:
    """The control of the lives on disks."""
    assert any(live_once(seed, synchronous="OFF")[0] for seed in range(1, 20, 2))


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_bug_is_found(plant: str) -> None:
    assert search(range(SEEDS_PER_PLANT), plant, make_small=False) is not None


def test_a_failure_is_told_by_its_seed_and_few_actions() -> None:
    failure = search(range(SEEDS_PER_PLANT), "caps_forgotten_at_recovery")
    assert failure is not None
    assert str(failure).startswith(f"seed {failure.seed}: ")
    assert len(failure.actions) < ACTION_COUNT // 2
    assert set(failure.actions) < set(drawn(failure.seed, ACTION_COUNT))
    assert failure.trace
