"""P1–P5, P7 by hand: one fence of 50 m around the shop; fixes are told as (seconds, metres east, accuracy)."""

from __future__ import annotations

from pathlib import Path

import pytest
from fenced_shop import fenced, walk
from world import (
    MINUTE_MS,
    NOW_MS,
    SECOND_MS,
    World,
    fence,
    ping,
    pings,
    store,
    transitions,
    try_verdicts,
)

from geooffer.journal.memory import DirectJournal, MemoryJournal
from geooffer.journal.sqlite import SqliteStore
from geooffer.model.catalog import Customer, Geofence
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.verdicts import OfferVerdict

ENTER = ("ENTER", "INITIAL", "fence-1", 0)


# -- P1 evidence -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("radius_m", "accuracy_m", "is_inside"),
    [
        (50.0, 50.0, True),  # floor: max(50 m, √(area/π) = 50 m)
        (50.0, 50.5, False),
        (10.0, 50.0, True),  # the floor holds for small fences
        (10.0, 50.1, False),
        (70.0, 69.5, True),  # √(area/π) of a circle is its radius
        (70.0, 70.5, False),
        (5_000.0, 100.0, True),  # never more than the accuracy bound
    ],
)
def test_p1_inside_needs_accuracy_to_the_size_of_the_fence(radius_m: float, accuracy_m: float, is_inside: bool) -> None:
    assert bool(walk(fenced(fence(radius_m=radius_m)), (0, 0, accuracy_m))) is is_inside


@pytest.mark.parametrize(
    ("east_m", "accuracy_m", "is_outside"),
    [
        (59.5, 1.0, False),  # within the margin of 10 m: the state stays
        (60.5, 1.0, True),
        (60.5, 10.0, True),
        (79.5, 30.0, False),  # within 1.0 × accuracy
        (80.5, 30.0, True),
        (99.5, 0.0, False),  # unknown accuracy = 50 m
        (100.5, 0.0, True),
    ],
)
def test_p1_outside_needs_a_distance_of_more_than_the_margin_and_the_accuracy(
    east_m: float, accuracy_m: float, is_outside: bool
) -> None:
    engine = fenced(policy=Policy(exit_fix_count=1))
    assert walk(engine, (0, 0, 10)) == [ENTER]
    told = walk(engine, (10, east_m, accuracy_m))
    assert told == ([("EXIT", "MOVEMENT", "fence-1", 10)] if is_outside else [])


def test_p1_evidence_of_neither_kind_leaves_the_state() -> None:
    """The band is the hysteresis: it neither ends a visit nor starts a count anew."""
    engine = fenced()
    assert walk(engine, (0, 0, 10), (10, 200, 10), (20, 55, 10), (30, 0, 80), (40, 200, 10)) == [
        ENTER,
        ("EXIT", "MOVEMENT", "fence-1", 10),
    ]


# -- P2 enter and exit ---------------------------------------------------------------------------------------------


def test_p2_one_spike_never_ends_a_visit() -> None:
    assert walk(fenced(), (0, 0, 10), (10, 500, 10), (20, 0, 10), (30, 500, 10), (40, 0, 10)) == [ENTER]


def test_p2_the_event_time_of_an_exit_is_the_first_outside_fix() -> None:
    assert walk(fenced(), (0, 0, 10), (10, 500, 10), (20, 500, 10)) == [ENTER, ("EXIT", "MOVEMENT", "fence-1", 10)]


def test_p2_enter_after_several_inside_fixes_has_the_time_of_the_first() -> None:
    engine = fenced(policy=Policy(enter_fix_count=3))
    assert walk(engine, (0, 0, 10), (10, 0, 10)) == []
    assert walk(engine, (20, 0, 10)) == [ENTER]


def test_p2_a_fix_of_the_other_kind_starts_the_count_anew() -> None:
    engine = fenced(policy=Policy(enter_fix_count=2, exit_fix_count=3))
    assert walk(engine, (0, 0, 10), (10, 500, 10), (20, 0, 10)) == []
    assert walk(engine, (30, 0, 10)) == [("ENTER", "MOVEMENT", "fence-1", 20)]
    assert walk(engine, (40, 500, 10), (50, 500, 10), (60, 0, 10), (70, 500, 10), (80, 500, 10)) == []
    assert walk(engine, (90, 500, 10)) == [("EXIT", "MOVEMENT", "fence-1", 70)]


# -- P3 dwell --------------------------------------------------------------------------------------------------------


def test_p3_dwell_comes_once_on_the_first_inside_fix_after_60_s() -> None:
    assert walk(fenced(), (0, 0, 10), (59.999, 0, 10)) == [ENTER]
    assert walk(fenced(), (0, 0, 10), (60, 0, 10), (120, 0, 10), (600, 0, 10)) == [
        ENTER,
        ("DWELL", "MOVEMENT", "fence-1", 60),
    ]


def test_p3_no_dwell_while_an_exit_is_being_confirmed() -> None:
    engine = fenced(policy=Policy(exit_fix_count=5))
    assert walk(engine, (0, 0, 10), (70, 500, 10), (80, 55, 10), (90, 0, 90)) == [ENTER]
    assert walk(engine, (100, 0, 10)) == [("DWELL", "MOVEMENT", "fence-1", 100)]


def test_p3_a_fence_may_have_a_dwell_time_of_its_own() -> None:
    engine = fenced(fence(dwell_ms=300_000))
    assert walk(engine, (0, 0, 10), (299, 0, 10), (300, 0, 10)) == [ENTER, ("DWELL", "MOVEMENT", "fence-1", 300)]


def test_p3_a_late_confirmed_enter_may_dwell_at_once() -> None:
    engine = fenced(policy=Policy(enter_fix_count=2))
    assert walk(engine, (0, 0, 10), (70, 0, 10)) == [ENTER, ("DWELL", "MOVEMENT", "fence-1", 70)]


# -- P5 causes -------------------------------------------------------------------------------------------------------


def test_p5_only_the_first_accepted_fix_is_initial() -> None:
    engine = fenced()
    assert walk(engine, (0, 500, 10), (10, 0, 10)) == [("ENTER", "MOVEMENT", "fence-1", 10)]


def test_p5_silence_ends_a_visit_at_the_last_fix_and_starts_anew() -> None:
    """More than 15 min without an accepted fix; the next one tells the exit first."""
    engine = fenced()
    assert walk(engine, (0, 0, 10), (900, 0, 10)) == [ENTER, ("DWELL", "MOVEMENT", "fence-1", 900)]
    assert walk(engine, (1800.001, 0, 10)) == [
        ("EXIT", "SILENT", "fence-1", 900),
        ("ENTER", "INITIAL", "fence-1", 1800),
    ]


def test_p5_the_sweep_tells_silence_once() -> None:
    engine = fenced()
    walk(engine, (0, 0, 10))
    assert len(engine.advance(NOW_MS + 15 * MINUTE_MS)) == 0
    swept = engine.advance(NOW_MS + 15 * MINUTE_MS + 1)
    assert transitions(engine, swept) == [("EXIT", "SILENT", "fence-1", 0)]
    assert swept["row"].tolist() == [-1]
    assert len(engine.advance(NOW_MS + DAY_MS)) == 0
    assert walk(engine, (3_000, 0, 10)) == [("ENTER", "INITIAL", "fence-1", 3_000)]
    # privacy M1: nothing of where she was is left
    engine.advance(NOW_MS + DAY_MS)
    device = engine.state.people.view.devices[0]
    assert [int(device[name]) for name in ("latitude_e7", "longitude_e7", "accuracy_cm")] == [0, 0, 0]


@pytest.mark.parametrize("sweeps", [False, True])
def test_p5_events_do_not_depend_on_when_the_sweep_runs(sweeps: bool) -> None:
    """P7: expiry is a comparison with now; advance only emits."""
    engine = fenced()
    told = walk(engine, (0, 0, 10), (100, 500, 10))
    if sweeps:
        told += transitions(engine, engine.advance(NOW_MS + 2_000 * SECOND_MS))
    told += walk(engine, (2_000, 500, 10), (2_010, 0, 10))
    assert told == [ENTER, ("EXIT", "SILENT", "fence-1", 100), ("ENTER", "MOVEMENT", "fence-1", 2_010)]


def test_p5_an_unconfirmed_enter_is_forgotten_in_silence() -> None:
    engine = fenced(policy=Policy(enter_fix_count=2))
    assert walk(engine, (0, 0, 10), (1_000, 0, 10)) == []
    assert walk(engine, (1_010, 0, 10)) == [("ENTER", "INITIAL", "fence-1", 1_000)]


def test_p5_a_removed_fence_ends_the_visit_at_its_removal() -> None:
    engine = fenced()
    assert walk(engine, (0, 0, 10)) == [ENTER]
    engine.delete_noun(Geofence, "fence-1", now_ms=NOW_MS + 5 * SECOND_MS)
    assert walk(engine, (6, 0, 10)) == [], "not published yet"
    engine.publish()
    assert walk(engine, (10, 0, 10)) == [("EXIT", "FENCE_REMOVED", "fence-1", 5)]
    assert walk(engine, (20, 0, 10)) == []


def test_p5_an_unconfirmed_enter_of_a_removed_fence_is_forgotten() -> None:
    engine = fenced(policy=Policy(enter_fix_count=2))
    walk(engine, (0, 0, 10))
    engine.delete_noun(Geofence, "fence-1", now_ms=NOW_MS + 5 * SECOND_MS)
    engine.publish()
    assert walk(engine, (10, 0, 10), (20, 0, 10)) == []


def test_p7_presence_is_soft_and_an_offer_does_not_repeat_after_a_restart() -> None:
    journal = MemoryJournal()
    engine = World().build(journal)
    assert len(engine.commit(engine.step(ping()))) == 1
    again = World(nouns=(), prices=(), stock=(), customers=(), touchpoints=()).build(journal)
    outcome = again.step(ping(NOW_MS + MINUTE_MS))
    assert transitions(again, outcome.transitions) == [("ENTER", "INITIAL", "fence-1", 60)]
    assert outcome.tries["verdict"].tolist() == [14], "ALREADY_OFFERED"


# -- G8, S-5 ---------------------------------------------------------------------------------------------------------


def test_g8_events_of_one_ping_come_exit_enter_dwell_then_by_fence() -> None:
    fences = [
        fence("a", radius_m=400.0, east_m=500.0),
        fence("b", radius_m=100.0),
        fence("c", radius_m=400.0, east_m=500.0),
        fence("d", radius_m=1_000.0),
        fence("e", radius_m=100.0),
    ]
    engine = fenced(*fences, policy=Policy(exit_fix_count=1))
    assert [event[::2] for event in walk(engine, (0, 0, 10))] == [("ENTER", "b"), ("ENTER", "d"), ("ENTER", "e")]
    assert [event[::2] for event in walk(engine, (60, 500, 10))] == [
        ("EXIT", "b"),
        ("EXIT", "e"),
        ("ENTER", "a"),
        ("ENTER", "c"),
        ("DWELL", "d"),
    ]


def test_s5_presence_belongs_to_the_device() -> None:
    engine = World(customers=[Customer("ann", (1, 2))], touchpoints=()).build()
    for device in (1, 2):
        outcome = engine.step(ping(NOW_MS + device, device=device))
        assert transitions(engine, outcome.transitions) == [("ENTER", "INITIAL", "fence-1", 0)]


def test_a_device_that_is_taken_away_and_given_back_starts_anew() -> None:
    engine = fenced()
    walk(engine, (0, 0, 10))
    engine.upsert_customers([Customer("ann", (5,))])
    assert int(engine.step(ping(NOW_MS + SECOND_MS)).verdicts[0]) == 3
    engine.upsert_customers([Customer("ann", (1, 5))])
    assert walk(engine, (2, 0, 10)) == [("ENTER", "INITIAL", "fence-1", 2)]


# -- P6, P7 ----------------------------------------------------------------------------------------------------------


def test_p6_opening_hours_gate_offers_and_never_break_a_pair() -> None:
    """She is in the shop when it closes and when it opens: the visit is one, its tries say what the door says."""
    told, tries = {}, {}
    for hours in ("08:00-20:00", "10:30-11:00", ""):
        engine = World(nouns=[store(hours=hours), *World().nouns[1:]]).build()
        rows = [ping(NOW_MS + minute * MINUTE_MS, east_m=500 * (minute > 75)) for minute in range(80)]
        outcome = engine.step(pings(*rows))
        told[hours] = transitions(engine, outcome.transitions)
        tries[hours] = try_verdicts(outcome)
    assert told["08:00-20:00"] == told["10:30-11:00"] == told[""]
    assert [event[0] for event in told[""]] == ["ENTER", "DWELL", "EXIT"]
    assert tries["08:00-20:00"][0] is OfferVerdict.OFFERED
    assert tries["10:30-11:00"][0] is OfferVerdict.STORE_CLOSED


def test_p7_after_a_restart_from_files_visits_are_initial_and_no_offer_repeats(tmp_path: Path) -> None:
    """A real journal: what was offered is read from it, where she was is in none of its bytes."""
    path = tmp_path / "journal.db"
    kept = SqliteStore(path)
    engine = World().build(DirectJournal(kept))
    assert len(engine.commit(engine.step(ping(east_m=12.3456)))) == 1
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    kept.close()
    places = [int(ping(east_m=12.3456)["longitude_e7"][0]).to_bytes(4, order) for order in ("little", "big")]
    assert not any(place in written for place in places)
    kept = SqliteStore(path)
    again = World(nouns=(), prices=(), stock=(), customers=(), touchpoints=()).build(DirectJournal(kept))
    outcome = again.step(pings(ping(NOW_MS + MINUTE_MS), ping(NOW_MS + 2 * MINUTE_MS)))
    assert transitions(again, outcome.transitions) == [
        ("ENTER", "INITIAL", "fence-1", 60),
        ("DWELL", "MOVEMENT", "fence-1", 120),
    ]
    assert try_verdicts(outcome)[0] is OfferVerdict.ALREADY_OFFERED
    assert len(outcome.winners) == 0
    kept.close()
