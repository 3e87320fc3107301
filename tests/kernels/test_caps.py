"""Caps against an obvious model: a list of contacts and the rules of D1.14–16 and D2 read off it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from geooffer.engine.people import People
from geooffer.kernels.caps import cap_verdict_of, contact_add, contact_prune, contact_remove
from geooffer.model.catalog import Customer
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.verdicts import OfferVerdict

MINUTE_MS = 60_000
WINDOWS = (0, 1, 30 * MINUTE_MS, HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS)
AGE = st.one_of(
    st.tuples(st.sampled_from(WINDOWS), st.integers(-1, 1)).map(lambda pair: max(sum(pair), 0)),
    st.integers(0, 10 * DAY_MS),
)
CONTACT = st.tuples(AGE, st.integers(0, 2), st.integers(0, 4))
"""(age, store, offer)."""
POLICY = st.fixed_dictionaries(
    {
        "same_offer_after_ms": st.sampled_from([0, HOUR_MS, DAY_MS, 30 * DAY_MS]),
        "cooldown_ms": st.sampled_from([0, 1, 30 * MINUTE_MS]),
        "cap_day_count": st.integers(0, 4),
        "cap_week_count": st.integers(0, 6),
        "cap_store_day_count": st.integers(0, 3),
    }
).map(lambda fields: Policy(**fields))
NOW_MS = 1_772_528_400_000


def obvious(contacts: list[tuple[int, int, int]], policy: Policy, store: int, offer: int) -> int:
    def count(window_ms: int, where: int | None = None) -> int:
        return sum(age < window_ms and where in (None, place) for age, place, _ in contacts)

    if any(same == offer and age < policy.same_offer_after_ms for age, _, same in contacts):
        return OfferVerdict.ALREADY_OFFERED
    if count(policy.cooldown_ms):
        return OfferVerdict.COOLDOWN
    if (
        count(DAY_MS) >= policy.cap_day_count
        or count(7 * DAY_MS) >= policy.cap_week_count
        or count(DAY_MS, store) >= policy.cap_store_day_count
    ):
        return OfferVerdict.FREQUENCY_CAP
    return 0


def people_with(contacts: list[tuple[int, int, int]]) -> People:
    people = People()
    people.put_customer(5, Customer("ann", ()))
    people.make_room(0, len(contacts))
    for age, store, offer in contacts:
        contact_add(people.view, 0, NOW_MS - age, store, offer)
    return people


@given(st.lists(CONTACT, max_size=14), POLICY, st.integers(0, 2), st.integers(0, 4))
def test_caps_are_those_of_the_list(
    contacts: list[tuple[int, int, int]], policy: Policy, store: int, offer: int
) -> None:
    people = people_with(contacts)
    assert cap_verdict_of(people.view, policy, 0, store, offer, NOW_MS) == obvious(contacts, policy, store, offer)


@given(st.lists(CONTACT, max_size=14), st.lists(CONTACT, max_size=6), AGE)
def test_contacts_are_given_back_and_pruned_one_by_one(
    contacts: list[tuple[int, int, int]], extra: list[tuple[int, int, int]], retention_ms: int
) -> None:
    people = people_with(contacts)
    free_count = int(people._free[3])
    left = list(contacts)
    for age, store, offer in [*contacts[::2], *extra]:
        removed = contact_remove(people.view, 0, NOW_MS - age, store, offer)
        assert removed == ((age, store, offer) in left)
        if removed:
            left.remove((age, store, offer))
    pruned = contact_prune(people.view, 0, NOW_MS - retention_ms)
    kept = [item for item in left if item[0] <= retention_ms]
    assert pruned == len(left) - len(kept)
    assert int(people._free[3]) == free_count + len(contacts) - len(kept)
    everything = Policy(same_offer_after_ms=0, cooldown_ms=0, cap_week_count=1_000, cap_store_day_count=1_000)
    for limit in (len(kept), len(kept) + 1):
        policy = everything._replace(cap_day_count=1_000, cap_week_count=limit)
        expected = obvious(kept, policy, 0, 9)
        assert cap_verdict_of(people.view, policy, 0, 0, 9, NOW_MS) == expected
