"""The compiled matcher and the slow explanation must agree on every try of random worlds (semantics D1, D8)."""

from __future__ import annotations

import pytest
from matcher_comparison import Comparison

from geooffer.model.kinds import Fulfilment
from geooffer.model.verdicts import OfferVerdict

V = OfferVerdict


def test_the_matcher_agrees_with_the_slow_explanation() -> None:
    """Together these worlds meet every verdict, of a try or of a candidate, and every way to get the goods."""
    tries, candidates, fulfilments = set(), set(), set()
    met = set(V) - {V.OFFERS_STOPPED}  # the kill switch is no part of these worlds: test_policies.py
    for seed in range(40):
        world = Comparison(seed)
        world.run(30)
        tries |= set(world.seen)
        candidates |= set(world.candidates)
        fulfilments |= set(world.fulfilments)
    # no interest in a special category is kept without consent to it: another candidate nearly always gets further
    # (test_offer_verdicts.py has tries that end there)
    assert tries | {V.SPECIAL_CATEGORY} == met - {V.OUTRANKED}
    assert candidates == met
    assert fulfilments == set(Fulfilment)


@pytest.mark.long
@pytest.mark.parametrize("block", range(10))
def test_the_matcher_agrees_in_many_worlds(block: int) -> None:
    for seed in range(1_000 + 60 * block, 1_060 + 60 * block):
        Comparison(seed).run(60)
