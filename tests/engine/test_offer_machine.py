"""D1, D2, D10, S-5: the engine against the obvious model of offer_model.py, by a state machine of all that can happen.

Streams of several devices interleave, rows come twice, late or never, people are united and parted, consent comes and
goes, journals fail, the clock jumps and the fold starts anew. After every step: each try has the verdict the model
works out, each winner is one the model allows, and no cap, cooldown, repeat or budget is exceeded.
"""

from __future__ import annotations

import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from offer_actions import OfferActions

from geooffer.errors import GeoofferError

MACHINE = settings(
    database=None,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)
LONG_STEP_COUNT = 100_000


class OfferMachine(OfferActions):
    """Nothing is planted."""


def test_no_cap_is_exceeded_whatever_happens(capsys: pytest.CaptureFixture[str]) -> None:
    OfferMachine.counts = Counter()
    run_state_machine_as_test(OfferMachine, settings=settings(MACHINE, max_examples=150, stateful_step_count=40))
    counts = OfferMachine.counts
    with capsys.disabled():
        sys.stdout.write(f"\n{told(counts)}\n")
    # a run in which hardly anything was offered or refused would prove little
    assert counts["offered"] > 150
    refusals = "RECENTLY_BOUGHT ALREADY_OFFERED COOLDOWN FREQUENCY_CAP BUDGET_SPENT HELD_OUT TOO_LATE"
    for verdict in refusals.split():
        assert counts[verdict] > 0, verdict
    assert (
        min(
            counts["restarts"], counts["united"], counts["parted"], counts["released"], counts["asked"], counts["swept"]
        )
        > 5
    )


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_no_cap_is_exceeded_in_a_hundred_thousand_steps(capsys: pytest.CaptureFixture[str]) -> None:
    OfferMachine.counts = Counter()
    number = 0
    while OfferMachine.counts["steps"] < LONG_STEP_COUNT:
        machine = seed(number)(type(f"OfferMachine{number}", (OfferMachine,), {}))
        run_state_machine_as_test(
            machine, settings=settings(MACHINE, derandomize=False, max_examples=100, stateful_step_count=120)
        )
        number += 1
    with capsys.disabled():
        sys.stdout.write(f"\n{told(OfferMachine.counts)}\n")


def told(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


COUNTING = ("caps", "cooldown", "repeats", "dismissals", "budgets")
HOLDING = ("consent", "silence", "give_back", "united", "restart")


QUICK = ("caps", "budgets", "consent", "united", "restart")


@pytest.mark.parametrize(
    "planted", [pytest.param(name, marks=() if name in QUICK else pytest.mark.long) for name in COUNTING + HOLDING]
)
def test_a_planted_bug_is_found(planted: str) -> None:
    """The machine itself is tested: an engine that is wrong in one thing does not get past the model."""
    machine = type("PlantedMachine", (OfferActions,), {"planted": planted, "counts": Counter()})
    budget = settings(MACHINE, max_examples=400, stateful_step_count=50, phases=[Phase.generate])
    with pytest.raises((AssertionError, GeoofferError)):  # a right call refused is found, too
        run_state_machine_as_test(machine, settings=budget)
