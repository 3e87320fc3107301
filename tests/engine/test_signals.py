"""S-1 to S-4: signals in any order give the same state; 16 intents; sizes; purchases; withdrawal purges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import (
    ALL_PURPOSES,
    EU_43,
    EU_44,
    MINUTE_MS,
    NOW_MS,
    STANDING,
    World,
    consent,
    ping,
    pings,
    touchpoint,
    try_verdicts,
)

from geooffer.engine.engine import Engine
from geooffer.engine.state import digest
from geooffer.errors import InvalidArgumentError, NotConsentedError, NotFoundError
from geooffer.journal.memory import MemoryJournal
from geooffer.model.catalog import Category
from geooffer.model.keys import partition_of, person_key
from geooffer.model.kinds import AccountKind, Channel, FulfilmentPreference
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import OfferVerdict, Purpose, TouchpointKind

V = OfferVerdict
K = TouchpointKind
CATEGORIES = [Category("running-shoes"), *(Category(f"category-{index:02}") for index in range(20))]
PERSON = person_key("ann")
SOME_CATEGORY = st.sampled_from([item.category_id for item in CATEGORIES])
SOME_SIZE = st.sampled_from([EU_43, EU_44])
MAYBE_SIZE = st.none() | SOME_SIZE
LANGUAGE = st.sampled_from(["de", "en"])


def _of(*kinds: TouchpointKind, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Touchpoint]:
    return st.builds(
        lambda kind, hour, given: Touchpoint("ann", kind, NOW_MS - hour * HOUR_MS, **given),
        st.sampled_from(kinds),
        st.integers(0, 20),
        st.fixed_dictionaries(fields),
    )


SIGNAL = st.one_of(
    _of(K.SEARCH, K.VIEW, K.WISH, K.CART, K.PURCHASE, category_id=SOME_CATEGORY, size=MAYBE_SIZE),
    _of(K.SEARCH, K.VIEW, K.WISH, K.CART, K.PURCHASE, product_id=st.just("shoe"), size=MAYBE_SIZE),
    _of(K.RETURN, K.SOCIAL_LIKE, category_id=SOME_CATEGORY),
    _of(K.SURVEY_ANSWER, category_id=SOME_CATEGORY, is_interested=st.booleans()),
    _of(K.PREFERENCE, category_id=SOME_CATEGORY, size=SOME_SIZE, language=LANGUAGE | st.just("")),
    _of(K.PREFERENCE, channel=st.sampled_from(Channel), fulfilment=st.none() | st.sampled_from(FulfilmentPreference)),
    _of(K.CONTACTED, category_id=SOME_CATEGORY | st.just(""), source=st.sampled_from(["mail", "shop"])),
    _of(K.LOYALTY_UPDATE, tier=st.integers(0, 9)),
    _of(K.CRM_PROFILE, account_kind=st.sampled_from(AccountKind), language=LANGUAGE),
)


def bare_world() -> Engine:
    world = World()
    return replace(world, nouns=[*world.nouns, *CATEGORIES[1:]], touchpoints=()).build()


def state_after(signals: list[Touchpoint]) -> str:
    engine = bare_world()
    engine.record_touchpoints(signals, now_ms=NOW_MS)
    return digest(engine.state, partition_of(PERSON))


@settings(max_examples=60, deadline=None)
@given(st.lists(SIGNAL, min_size=10, max_size=80), st.data())
def test_any_order_of_the_same_signals_gives_the_same_state(signals: list[Touchpoint], data: st.DataObject) -> None:
    """S-1, all kinds, with repeats; more keys than the 16 that are kept (S-4)."""
    shuffled = data.draw(st.permutations(signals)) + data.draw(st.lists(st.sampled_from(signals), max_size=5))
    assert state_after(signals) == state_after(shuffled)


def test_a_key_that_gave_way_and_came_back_is_as_if_it_had_stayed() -> None:
    """S-1 and S-4 together: the case that a plain least-recent list gets wrong."""
    early = touchpoint(time_ms=NOW_MS - 40 * HOUR_MS)
    others = [
        touchpoint(time_ms=NOW_MS - (30 - index) * HOUR_MS, category_id=f"category-{index:02}") for index in range(16)
    ]
    late = touchpoint(K.VIEW, NOW_MS)
    assert state_after([early, *others, late]) == state_after([late, early, *others])


def intents(engine: Engine) -> dict[str, tuple[int, int, int]]:
    """Category id → (search, view, wish) in hours before now; −1 = never."""
    people = engine.state.people
    slot = int(people.view.persons["intent_head"][people.person_slots[PERSON]])
    found = {}
    while slot >= 0:
        row = people.view.intents[slot]
        times = (int(row[name]) for name in ("search_ms", "view_ms", "wish_ms"))
        name = engine.registry.identifier(Category, int(row["category_number"]))
        found[name] = tuple((NOW_MS - time) // HOUR_MS if time > 0 else -1 for time in times)
        slot = int(row["next"])
    return found  # type: ignore[return-value]


def test_only_the_16_latest_interests_are_kept() -> None:
    """S-4: rank by time of interest, the oldest gives way."""
    engine = bare_world()
    hours = {f"category-{index:02}": 20 - index for index in range(20)}
    for name, hour in hours.items():
        engine.record_touchpoints([touchpoint(time_ms=NOW_MS - hour * HOUR_MS, category_id=name)], now_ms=NOW_MS)
    kept = intents(engine)
    assert {name: times[0] for name, times in kept.items()} == {n: h for n, h in hours.items() if h <= 16}


def test_a_purchase_marks_its_intent_ended_and_does_not_free_it() -> None:
    """S-3, S-4."""
    engine = World().build()
    engine.record_touchpoints([touchpoint(K.PURCHASE, NOW_MS - MINUTE_MS)], now_ms=NOW_MS)
    assert intents(engine) == {"running-shoes": (1, -1, -1)}
    assert try_verdicts(engine.step(pings(ping()))) == [V.NO_INTENT]


def test_the_latest_explicit_size_wins_whatever_signal_it_came_with() -> None:
    """D1.10, S-2: per category, in event time."""
    for kinds in ((K.SEARCH, K.PREFERENCE), (K.PREFERENCE, K.VIEW), (K.WISH, K.PURCHASE)):
        older, newer = kinds
        signals = [
            touchpoint(newer, NOW_MS - 2 * HOUR_MS, size=EU_43),
            touchpoint(older, NOW_MS - 3 * HOUR_MS, size=EU_44),
            touchpoint(time_ms=NOW_MS - HOUR_MS),
        ]
        engine = World(touchpoints=signals).build()
        assert try_verdicts(engine.step(pings(ping()))) == [V.OFFERED], kinds
        wrong = [replace(signals[0], size=EU_44), replace(signals[1], size=EU_43), signals[2]]
        engine = World(touchpoints=wrong).build()
        assert try_verdicts(engine.step(pings(ping()))) == [V.SIZE_MISMATCH], kinds


def test_a_size_belongs_to_its_category() -> None:
    engine = bare_world()
    engine.record_touchpoints([touchpoint(), touchpoint(category_id="category-00", size=EU_43)], now_ms=NOW_MS)
    assert try_verdicts(engine.step(pings(ping()))) == [V.SIZE_MISMATCH]


@pytest.mark.parametrize("mask", range(128))
def test_every_mask_of_purposes(mask: int) -> None:
    """T6, D1.4, S3: no location, no look; no search or offer purpose, no offer; the others change nothing here."""
    engine = World(purposes=mask, touchpoints=()).build()
    results = engine.record_touchpoints([touchpoint(size=EU_43)], now_ms=NOW_MS, partial=True)
    may_keep = bool(mask & Purpose.SEARCH_INTENT_USE.bit)
    assert [type(result) for result in results] == [type(None) if may_keep else NotConsentedError]
    outcome = engine.step(pings(ping()))
    assert engine.location_wanted(1) is bool(mask & Purpose.PRECISE_LOCATION_FOR_OFFERS.bit)
    if not mask & Purpose.PRECISE_LOCATION_FOR_OFFERS.bit:
        assert int(outcome.verdicts[0]) == 3
        assert len(outcome.transitions) == len(outcome.tries) == 0
    elif mask & STANDING == STANDING:
        assert try_verdicts(outcome) == [V.OFFERED]
    else:
        assert try_verdicts(outcome) == [V.PURPOSE_NOT_CONSENTED]


@pytest.mark.parametrize("purpose", Purpose)
def test_a_withdrawal_drops_what_only_that_purpose_held(purpose: Purpose) -> None:
    """Privacy C4: with the purpose given again, what it had held is still gone."""
    engine = World().build()
    consent(engine, purpose.bit, granted=False, time_ms=NOW_MS - HOUR_MS)
    consent(engine, purpose.bit, time_ms=NOW_MS)
    outcome = engine.step(pings(ping()))
    expected = {
        Purpose.SEARCH_INTENT_USE: V.NO_INTENT,
        Purpose.PERSONALISED_OFFERS: V.SIZE_MISMATCH,
    }
    assert try_verdicts(outcome) == [expected.get(purpose, V.OFFERED)]


def test_withdrawal_of_location_drops_presence_and_tells_nothing() -> None:
    """P5: withdrawal emits nothing; after a new grant the first inside fix is INITIAL again."""
    engine = World().build()
    engine.step(pings(ping()))
    consent(engine, Purpose.PRECISE_LOCATION_FOR_OFFERS.bit, granted=False, time_ms=NOW_MS)
    device = engine.state.people.view.devices[0]
    assert (int(device["latitude_e7"]), int(device["longitude_e7"]), int(device["presence_head"])) == (0, 0, -1)
    outcome = engine.step(pings(ping(NOW_MS + MINUTE_MS, east_m=500)))
    assert int(outcome.verdicts[0]) == 3
    assert len(engine.advance(NOW_MS + DAY_MS)) == 0
    consent(engine, Purpose.PRECISE_LOCATION_FOR_OFFERS.bit, time_ms=NOW_MS + 2 * MINUTE_MS)
    outcome = engine.step(pings(ping(NOW_MS + 2 * MINUTE_MS)))
    assert int(outcome.transitions["cause"][0]) == 2


def test_a_later_event_wins_and_a_tie_is_a_withdrawal() -> None:
    """Privacy C3: by the event's own time, in whatever order the records come."""
    bit = Purpose.PUSH_MARKETING.bit
    events = [(True, 10), (False, 20), (True, 20), (True, 15)]
    for order in (events, events[::-1], [events[1], events[3], events[0], events[2]]):
        engine = World(purposes=0, touchpoints=()).build()
        for granted, time_ms in order:
            consent(engine, bit, granted=granted, time_ms=NOW_MS - 100 + time_ms)
        state = engine.consent_of("ann")[Purpose.PUSH_MARKETING]
        assert (state.granted, state.time_ms) == (False, NOW_MS - 80)


def test_what_cannot_be_a_signal_is_refused_and_leaves_no_trace() -> None:
    engine = World().build()
    before = digest(engine.state, partition_of(PERSON))
    bad: list[tuple[Touchpoint, type[Exception]]] = [
        (touchpoint(customer_id="nobody"), NotFoundError),
        (touchpoint(category_id="nothing"), NotFoundError),
        (touchpoint(product_id="nothing"), NotFoundError),
        (touchpoint(category_id="running-shoes", product_id="shoe"), InvalidArgumentError),
        (replace(touchpoint(), category_id=""), InvalidArgumentError),
        (touchpoint(K.PREFERENCE), InvalidArgumentError),
        (touchpoint(time_ms=NOW_MS + 30_001), InvalidArgumentError),
    ]
    results = engine.record_touchpoints([signal for signal, _ in bad], now_ms=NOW_MS, partial=True)
    assert [type(result) for result in results] == [error for _, error in bad]
    for signal, error in bad:
        with pytest.raises(error):
            engine.record_touchpoints([touchpoint(K.VIEW, NOW_MS), signal], now_ms=NOW_MS)
    assert digest(engine.state, partition_of(PERSON)) == before


def test_consent_of_nobody_or_for_nothing_or_in_the_future_is_refused() -> None:
    engine = World().build()
    with pytest.raises(NotFoundError):
        consent(engine, 1, customer_id="nobody")
    for mask in (0, 128, -1):
        with pytest.raises(InvalidArgumentError):
            consent(engine, mask)
    with pytest.raises(InvalidArgumentError):
        engine.record_consent("ann", 1, granted=True, time_ms=NOW_MS + 30_001, now_ms=NOW_MS, notice_version="1")


def test_interest_survives_a_restart() -> None:
    journal = MemoryJournal()
    World().build(journal)
    again = World(nouns=(), prices=(), stock=(), customers=(), touchpoints=(), purposes=ALL_PURPOSES).build(journal)
    assert intents(again) == {"running-shoes": (1, -1, -1)}
