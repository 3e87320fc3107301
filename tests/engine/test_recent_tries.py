"""D8: of past tries the last 8 a person are kept for a day, in memory, and go when she or her consent goes."""

from __future__ import annotations

import numpy as np
from world import EU_43, MINUTE_MS, NOW_MS, World, consent, ping, touchpoint

from geooffer.engine.engine import Engine
from geooffer.engine.recent_tries import LATE_MAX_MS, RecentTries, RecentTry
from geooffer.model import columns
from geooffer.model.catalog import Customer
from geooffer.model.keys import person_key
from geooffer.model.limits import RECENT_TRY_COUNT, RECENT_TRY_RETENTION_MS
from geooffer.model.policy import HOUR_MS
from geooffer.model.verdicts import OfferVerdict, Purpose

V = OfferVerdict
ANN, BOB = person_key("ann"), person_key("bob")


def town() -> Engine:
    customers = [Customer("ann", (1,)), Customer("bob", (2,))]
    return World(customers=customers, touchpoints=[touchpoint(size=EU_43)]).build()


def visit(engine: Engine, time_ms: int, device: int = 1) -> None:
    engine.commit(engine.step(ping(time_ms, device=device)))


def test_tries_are_told_newest_first_and_each_person_has_her_own() -> None:
    engine = town()
    for hour in range(3):
        visit(engine, NOW_MS + hour * HOUR_MS)
    visit(engine, NOW_MS + 3 * HOUR_MS, device=2)
    assert engine.recent_tries.of(ANN, NOW_MS + 3 * HOUR_MS) == [
        RecentTry(NOW_MS + 2 * HOUR_MS, 0, 0, V.ALREADY_OFFERED),
        RecentTry(NOW_MS + HOUR_MS, 0, 0, V.ALREADY_OFFERED),
        RecentTry(NOW_MS, 0, 0, V.OFFERED),
    ]
    assert engine.recent_tries.of(BOB, NOW_MS + 3 * HOUR_MS) == [RecentTry(NOW_MS + 3 * HOUR_MS, 0, -1, V.NO_INTENT)]


def test_a_try_that_was_too_late_is_remembered_as_that() -> None:
    engine = town()
    engine.commit(engine.step(ping()), late_rows=[0])
    assert [attempt.verdict for attempt in engine.recent_tries.of(ANN, NOW_MS)] == [V.TOO_LATE]


def test_eight_are_kept_and_none_for_more_than_a_day() -> None:
    engine = town()
    for number in range(12):
        visit(engine, NOW_MS + number * 20 * MINUTE_MS)
    kept = engine.recent_tries.of(ANN, NOW_MS + 11 * 20 * MINUTE_MS)
    assert [attempt.time_ms for attempt in kept] == [NOW_MS + n * 20 * MINUTE_MS for n in range(11, 3, -1)]
    assert len(kept) == RECENT_TRY_COUNT
    newest_ms = kept[0].time_ms
    assert len(engine.recent_tries.of(ANN, newest_ms + RECENT_TRY_RETENTION_MS - 1)) == 1
    assert engine.recent_tries.of(ANN, newest_ms + RECENT_TRY_RETENTION_MS) == []


def test_who_was_not_seen_for_a_day_is_forgotten_by_the_tries_of_others() -> None:
    engine = town()
    visit(engine, NOW_MS)
    visit(engine, NOW_MS + RECENT_TRY_RETENTION_MS + 1, device=2)
    assert ANN not in engine.recent_tries._tries
    assert BOB in engine.recent_tries._tries


def test_they_go_with_the_person_her_consent_and_her_name() -> None:
    for change in (
        lambda engine: engine.delete_customer("ann"),
        lambda engine: consent(engine, Purpose.SEARCH_INTENT_USE.bit, granted=False, time_ms=NOW_MS),
        lambda engine: engine.merge_customers("ann", "bob"),
    ):
        engine = town()
        visit(engine, NOW_MS)
        assert len(engine.recent_tries.of(ANN, NOW_MS)) == 1
        change(engine)
        assert engine.recent_tries.of(ANN, NOW_MS) == []


def test_tries_that_come_late_stand_where_they_belong_and_not_after_a_withdrawal() -> None:
    tries = RecentTries()

    def add(key: int, *times_ms: int) -> None:
        rows = np.zeros(len(times_ms), dtype=columns.TRY)
        rows["time_ms"], rows["verdict"] = times_ms, V.NO_INTENT
        tries.add([key] * len(times_ms), rows)

    def times_ms(key: int) -> list[int]:
        return [attempt.time_ms for attempt in tries.of(key, NOW_MS)]

    add(ANN, NOW_MS - 20, NOW_MS - 10)
    add(ANN, NOW_MS - 15)
    assert times_ms(ANN) == [NOW_MS - 10, NOW_MS - 15, NOW_MS - 20]
    tries.forget(ANN, NOW_MS - 5)
    add(ANN, NOW_MS - 7, NOW_MS - 5, NOW_MS - 4)
    add(BOB, NOW_MS - 7)
    assert (times_ms(ANN), times_ms(BOB)) == ([NOW_MS - 4], [NOW_MS - 7])
    tries.forget(BOB, NOW_MS + LATE_MAX_MS)
    add(ANN, NOW_MS - 7)
    assert times_ms(ANN) == [NOW_MS - 4, NOW_MS - 7], "who took back her consent is not kept in mind for ever"
