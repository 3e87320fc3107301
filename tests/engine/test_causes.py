"""P5: why visits begin and end where the fence changed and not the device; P7: whenever somebody looks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from fenced_shop import Event, fenced, walk
from test_presence import ENTER
from world import MINUTE_MS, NOW_MS, SECOND_MS, World, fence, ping, pings, transitions, try_verdicts

from geooffer.engine.engine import Engine
from geooffer.model.catalog import Geofence
from geooffer.model.policy import Policy
from geooffer.model.verdicts import OfferVerdict


def put(engine: Engine, second: float, *fences: Geofence) -> None:
    """Saved at that second, and in force."""
    engine.put_nouns(fences, now_ms=NOW_MS + round(second * 1000))
    engine.publish()


def delete(engine: Engine, second: float, fence_id: str = "fence-1") -> None:
    engine.delete_noun(Geofence, fence_id, now_ms=NOW_MS + round(second * 1000))
    engine.publish()


def sweep(engine: Engine, second: float) -> list[Event]:
    return transitions(engine, engine.advance(NOW_MS + round(second * 1000)))


# -- FENCE_CREATED ---------------------------------------------------------------------------------------------------


def test_p5_a_fence_made_around_a_device_is_entered_at_its_next_fix() -> None:
    engine = fenced()
    assert walk(engine, (0, 0, 10)) == [ENTER]
    put(engine, 5, fence("new", radius_m=80))
    assert walk(engine, (10, 0, 10)) == [("ENTER", "FENCE_CREATED", "new", 10)]
    assert walk(engine, (71, 0, 10))[-1] == ("DWELL", "MOVEMENT", "new", 71)
    assert walk(engine, (80, 300, 10), (90, 300, 10))[-1] == ("EXIT", "MOVEMENT", "new", 80)
    assert walk(engine, (100, 0, 10))[-1] == ("ENTER", "MOVEMENT", "new", 100), "only once"


def test_p5_who_comes_to_a_new_fence_has_moved() -> None:
    engine = fenced()
    walk(engine, (0, 300, 10))
    put(engine, 5, fence("new", radius_m=80))
    assert walk(engine, (10, 0, 10))[-1] == ("ENTER", "MOVEMENT", "new", 10)


def test_p5_who_is_seen_first_in_a_new_fence_is_initial() -> None:
    """Also after silence: nothing is known of where she was."""
    engine = fenced()
    walk(engine, (0, 0, 10))
    put(engine, 5, fence("new"))
    assert walk(engine, (1_000, 0, 10))[-1] == ("ENTER", "INITIAL", "new", 1_000)


def test_p5_a_coarse_fix_in_between_does_not_make_a_movement_of_it() -> None:
    engine = fenced(policy=Policy(enter_fix_count=2))
    walk(engine, (0, 0, 80))
    put(engine, 5, fence("new"))
    assert walk(engine, (10, 0, 80), (20, 0, 10)) == []
    assert walk(engine, (30, 0, 10))[-1] == ("ENTER", "FENCE_CREATED", "new", 20)


def test_p5_no_try_in_a_visit_of_a_fence_that_came_to_her_before_its_dwell() -> None:
    """The same shop, first without its fence: a fence made over a crowd sends no offer to all of it."""
    engine = World().build()
    engine.delete_noun(Geofence, "fence-1", now_ms=NOW_MS - MINUTE_MS)
    engine.publish()
    assert len(engine.step(ping()).tries) == 0
    put(engine, 1, fence())
    tries = [try_verdicts(engine.step(ping(NOW_MS + s * SECOND_MS))) for s in (10, 20, 69, 70, 71)]
    assert tries == [[], [], [], [OfferVerdict.OFFERED], []]


def test_p5_who_moved_into_a_new_fence_is_tried_at_once() -> None:
    engine = World().build()
    engine.delete_noun(Geofence, "fence-1", now_ms=NOW_MS - MINUTE_MS)
    engine.publish()
    engine.step(ping(east_m=300))
    put(engine, 1, fence())
    assert try_verdicts(engine.step(ping(NOW_MS + MINUTE_MS))) == [OfferVerdict.OFFERED]


@pytest.mark.parametrize("saved_s", [5, 15])
def test_p5_a_fence_counts_from_when_it_is_in_force_not_from_when_it_was_saved(saved_s: int) -> None:
    """Saved before or after a fix that was decided by the catalog before: the same."""
    engine = fenced()
    walk(engine, (0, 0, 10))
    if saved_s == 5:
        engine.put_nouns([fence("new")], now_ms=NOW_MS + 5_000)
    assert walk(engine, (10, 0, 10)) == []
    if saved_s == 15:
        engine.put_nouns([fence("new")], now_ms=NOW_MS + 15_000)
    engine.publish()
    assert walk(engine, (20, 0, 10)) == [("ENTER", "FENCE_CREATED", "new", 20)]


def test_p5_a_fence_whose_validity_begins_appears_around_a_device() -> None:
    """Half-open: in force from the very millisecond of its beginning."""
    engine = fenced(fence(), fence("market", valid_from_ms=NOW_MS + 60_000))
    assert walk(engine, (0, 0, 10), (59.999, 0, 10)) == [ENTER]
    assert walk(engine, (60, 0, 10))[0] == ("ENTER", "FENCE_CREATED", "market", 60)


@pytest.mark.parametrize("valid_from_s", [60, 0])
def test_p5_a_validity_that_began_and_was_then_taken_away_had_begun(valid_from_s: int) -> None:
    """Last heard before it began, and changed after: the fence has come to her, whatever is said of its beginning."""
    engine = fenced(fence("market", valid_from_ms=NOW_MS + 60_000))
    assert walk(engine, (50, 0, 10)) == []
    engine.step(ping(NOW_MS + 65_000, device=2, east_m=900.0))  # somebody is heard meanwhile
    put(engine, 70, fence("market", valid_from_ms=valid_from_s and NOW_MS + valid_from_s * 1000, dwell_ms=20_000))
    assert walk(engine, (80, 0, 10)) == [("ENTER", "FENCE_CREATED", "market", 80)]


# -- FENCE_UPDATED ---------------------------------------------------------------------------------------------------


def test_p2_holds_for_a_fence_that_was_moved_away() -> None:
    """P5 FENCE_UPDATED: a label only; two outside fixes end the visit as ever."""
    engine = fenced()
    walk(engine, (0, 0, 10))
    put(engine, 1, fence(east_m=5_000.0))
    assert walk(engine, (10, 0, 10)) == []
    assert walk(engine, (20, 0, 10)) == [("EXIT", "FENCE_UPDATED", "fence-1", 10)]


def test_p5_who_leaves_a_fence_that_was_changed_where_she_was_not_has_moved() -> None:
    engine = fenced()
    walk(engine, (0, 0, 10))
    put(engine, 1, fence(radius_m=45))
    assert walk(engine, (10, 300, 10), (20, 300, 10)) == [("EXIT", "MOVEMENT", "fence-1", 10)]


def test_p5_a_fence_moved_over_a_device_is_entered_by_update_and_tried_at_once() -> None:
    engine = World(nouns=[*World().nouns[:1], fence(east_m=5_000.0), *World().nouns[2:]]).build()
    engine.step(ping())
    put(engine, 1, fence())
    outcome = engine.step(ping(NOW_MS + 10_000))
    assert transitions(engine, outcome.transitions) == [("ENTER", "FENCE_UPDATED", "fence-1", 10)]
    assert try_verdicts(outcome) == [OfferVerdict.OFFERED]


def test_p5_a_change_that_is_not_of_the_shape_is_none() -> None:
    engine = fenced()
    walk(engine, (0, 0, 10))
    put(engine, 1, fence(name="another name", dwell_ms=30_000))
    assert walk(engine, (10, 0, 10)) == []
    assert walk(engine, (30, 0, 10)) == [("DWELL", "MOVEMENT", "fence-1", 30)]


def test_p5_a_visit_that_goes_on_in_the_new_shape_ends_by_movement() -> None:
    engine = fenced()
    walk(engine, (0, 0, 10))
    put(engine, 1, fence(east_m=100.0, radius_m=80.0))
    assert walk(engine, (10, 0, 10), (20, 100, 10), (30, 400, 10), (40, 400, 10)) == [
        ("EXIT", "MOVEMENT", "fence-1", 30)
    ]


# -- FENCE_REMOVED, FENCE_EXPIRED ------------------------------------------------------------------------------------


def test_p5_a_removed_fence_ends_the_visit_at_the_sweep_too() -> None:
    engine = fenced(fence(), fence("other"))
    walk(engine, (0, 0, 10))
    delete(engine, 5)
    swept = engine.advance(NOW_MS + 7_000)
    assert transitions(engine, swept) == [("EXIT", "FENCE_REMOVED", "fence-1", 5)]
    assert swept["row"].tolist() == [-1]
    assert sweep(engine, 8) == []
    assert walk(engine, (10, 0, 10), (70, 0, 10)) == [("DWELL", "MOVEMENT", "other", 70)]


@pytest.mark.parametrize("looks", ["fix", "sweep", "sweep and fix"])
def test_p5_an_expired_fence_ends_the_visit_at_its_expiry(looks: str) -> None:
    """At the first fix or sweep whose now is its end; a millisecond before, it is in force."""
    engine = fenced(fence(valid_until_ms=NOW_MS + 30_000))
    assert walk(engine, (0, 0, 10), (29.999, 0, 10)) == [ENTER]
    assert sweep(engine, 29.999) == []
    told = sweep(engine, 30) if "sweep" in looks else []
    told += walk(engine, (30, 0, 10)) if "fix" in looks else []
    assert told == [("EXIT", "FENCE_EXPIRED", "fence-1", 30)]
    assert walk(engine, (40, 0, 10), (500, 0, 10)) == []


def test_p5_an_unconfirmed_enter_of_an_expired_fence_is_forgotten() -> None:
    engine = fenced(fence(valid_until_ms=NOW_MS + 5_000), policy=Policy(enter_fix_count=2))
    assert walk(engine, (0, 0, 10), (6, 0, 10), (7, 0, 10)) == []


def test_p5_whichever_was_first_removal_or_expiry() -> None:
    engine = fenced(fence("a", valid_until_ms=NOW_MS + 5_000), fence("b", valid_until_ms=NOW_MS + 50_000))
    walk(engine, (0, 0, 10))
    delete(engine, 8, "a")
    delete(engine, 9, "b")
    assert walk(engine, (10, 0, 10)) == [("EXIT", "FENCE_EXPIRED", "a", 5), ("EXIT", "FENCE_REMOVED", "b", 9)]


@pytest.mark.parametrize("sweeps", [(), (6,), (899,), (901,), (6, 901)])
def test_p7_when_somebody_looks_changes_nothing_of_a_removal(sweeps: Sequence[int]) -> None:
    """Removed within the 15 minutes of silence: the removal ended the visit, also where only the next fix tells."""
    engine = fenced(fence(), fence("other"))
    walk(engine, (0, 0, 10))
    delete(engine, 5)
    told = [event for second in sweeps for event in sweep(engine, second)]
    told += walk(engine, (2_000, 0, 10))
    assert sorted(told) == [
        ("ENTER", "INITIAL", "other", 2_000),
        ("EXIT", "FENCE_REMOVED", "fence-1", 5),
        ("EXIT", "SILENT", "other", 0),
    ]


@pytest.mark.parametrize("sweeps", [(), (899, 901, 905)])
def test_p7_a_fence_that_ends_after_silence_began_was_left_in_silence(sweeps: Sequence[int]) -> None:
    engine = fenced(fence(valid_until_ms=NOW_MS + 902_000))
    walk(engine, (0, 0, 10))
    told = [event for second in sweeps for event in sweep(engine, second)]
    assert told + walk(engine, (2_000, 0, 10)) == [("EXIT", "SILENT", "fence-1", 0)]


@pytest.mark.parametrize("sweeps", [False, True])
def test_p7_a_fence_removed_and_made_again_between_two_fixes_ends_one_visit_and_begins_another(sweeps: bool) -> None:
    engine = fenced()
    walk(engine, (0, 0, 10))
    delete(engine, 5)
    told = sweep(engine, 6) if sweeps else []
    put(engine, 7, fence())
    told += walk(engine, (10, 0, 10))
    assert told == [("EXIT", "FENCE_REMOVED", "fence-1", 5), ("ENTER", "FENCE_CREATED", "fence-1", 10)]


@pytest.mark.parametrize("seconds", [(5, 5), (5, 7)])
def test_p7_a_fence_removed_and_made_again_between_two_publications_does_so_too(seconds: tuple[int, int]) -> None:
    """An import that deletes and puts the same fence: nothing was in force in between, and two lives it is."""
    engine = fenced(fence(), fence("other"))
    walk(engine, (0, 0, 10))
    engine.delete_noun(Geofence, "fence-1", now_ms=NOW_MS + seconds[0] * 1000)
    engine.put_nouns([fence()], now_ms=NOW_MS + seconds[1] * 1000)
    engine.put_nouns([fence("other")], now_ms=NOW_MS + seconds[1] * 1000)
    engine.publish()
    assert walk(engine, (10, 0, 10)) == [
        ("EXIT", "FENCE_REMOVED", "fence-1", 5),
        ("ENTER", "FENCE_CREATED", "fence-1", 10),
    ]
    assert walk(engine, (60, 0, 10)) == [("DWELL", "MOVEMENT", "other", 60)], "the control: put again is no new life"


@pytest.mark.parametrize("is_told_between", [False, True])
def test_p7_a_life_that_never_was_in_force_moves_no_end(is_told_between: bool) -> None:
    """Removed at 5 s, made at 7 s, removed at 9 s: the visit ended at 5 s, however often was published meanwhile."""
    engine = fenced()
    walk(engine, (0, 0, 10))
    engine.delete_noun(Geofence, "fence-1", now_ms=NOW_MS + 5_000)
    if is_told_between:
        engine.publish()
    engine.put_nouns([fence()], now_ms=NOW_MS + 7_000)
    delete(engine, 9)
    assert walk(engine, (10, 0, 10)) == [("EXIT", "FENCE_REMOVED", "fence-1", 5)]


def test_p5_an_expired_fence_that_was_removed_and_made_again_at_once_had_expired() -> None:
    engine = fenced(fence(valid_until_ms=NOW_MS + 4_000))
    walk(engine, (0, 0, 10))
    engine.delete_noun(Geofence, "fence-1", now_ms=NOW_MS + 5_000)
    put(engine, 5, fence())
    assert walk(engine, (10, 0, 10)) == [
        ("EXIT", "FENCE_EXPIRED", "fence-1", 4),
        ("ENTER", "FENCE_CREATED", "fence-1", 10),
    ]


@pytest.mark.parametrize("sweeps", [False, True])
def test_p7_a_validity_prolonged_after_its_end_begins_a_new_visit(sweeps: bool) -> None:
    engine = fenced(fence(valid_until_ms=NOW_MS + 5_000))
    walk(engine, (0, 0, 10))
    told = sweep(engine, 6) if sweeps else []
    put(engine, 7, fence(valid_until_ms=NOW_MS + 500_000))
    told += walk(engine, (10, 0, 10))
    assert told == [("EXIT", "FENCE_EXPIRED", "fence-1", 5), ("ENTER", "FENCE_CREATED", "fence-1", 10)]


def test_p5_a_validity_prolonged_before_its_end_changes_nothing() -> None:
    engine = fenced(fence(valid_until_ms=NOW_MS + 8_000))
    walk(engine, (0, 0, 10))
    put(engine, 7, fence(valid_until_ms=NOW_MS + 500_000))
    assert walk(engine, (10, 0, 10)) == []


def test_p5_a_fence_put_off_to_later_was_removed_until_then() -> None:
    engine = fenced()
    walk(engine, (0, 0, 10))
    put(engine, 7, fence(valid_from_ms=NOW_MS + 20_000))
    assert walk(engine, (10, 0, 10)) == [("EXIT", "FENCE_REMOVED", "fence-1", 7)]
    assert walk(engine, (20, 0, 10)) == [("ENTER", "FENCE_CREATED", "fence-1", 20)]


def test_p4_an_exit_is_never_before_what_was_told_of_its_visit() -> None:
    """Removed at 5 s, in force only after the fixes of 6 s and 66 s were decided."""
    engine = fenced()
    walk(engine, (0, 300, 10))
    engine.delete_noun(Geofence, "fence-1", now_ms=NOW_MS + 5_000)
    assert walk(engine, (6, 0, 10), (66, 0, 10))[1] == ("DWELL", "MOVEMENT", "fence-1", 66)
    engine.publish()
    assert walk(engine, (70, 0, 10)) == [("EXIT", "FENCE_REMOVED", "fence-1", 66)]


def test_p5_cutting_batches_between_changes_changes_no_cause() -> None:
    """Fixes of three devices at the same `now`, one by one or together, around a creation."""
    told = []
    for together in (True, False):
        engine = World(customers=[*World().customers], touchpoints=()).build()
        before = [ping(NOW_MS + ms, now_ms=NOW_MS + 900) for ms in (0, 300, 600)]
        after = [ping(NOW_MS + 900 + ms, now_ms=NOW_MS + 1_900) for ms in (0, 300, 600)]
        events = []
        for rows in (before, after):
            for batch in [rows] if together else [[row] for row in rows]:
                events += transitions(engine, engine.step(pings(*batch)).transitions)
            put(engine, 1, fence("new"))
        told.append(events)
    assert told[0] == told[1]
    assert ("ENTER", "FENCE_CREATED", "new", 0) in told[0]


# -- per-fence settings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "fixes", "expected"),
    [
        ({"enter_fix_count": 2}, [(0, 0, 10)], []),
        ({"enter_fix_count": 2}, [(0, 0, 10), (1, 0, 10)], [ENTER]),
        ({"exit_fix_count": 1}, [(0, 0, 10), (10, 200, 10)], [ENTER, ("EXIT", "MOVEMENT", "fence-1", 10)]),
        ({"exit_fix_count": 3}, [(0, 0, 10), (10, 200, 10), (20, 200, 10)], [ENTER]),
        ({"outside_margin_cm": 20_000}, [(0, 0, 10), (10, 249, 10), (20, 249, 10)], [ENTER]),
        (
            {"outside_margin_cm": 20_000},
            [(0, 0, 10), (10, 251, 10), (20, 251, 10)],
            [ENTER, ("EXIT", "MOVEMENT", "fence-1", 10)],
        ),
        ({"inside_accuracy_cm": 2_000}, [(0, 0, 20.01)], []),
        ({"inside_accuracy_cm": 2_000}, [(0, 0, 20)], [ENTER]),
        ({"inside_accuracy_cm": 9_000}, [(0, 0, 90)], [ENTER]),
        ({"inside_accuracy_cm": 9_000}, [(0, 0, 90.01)], []),
    ],
)
def test_p1_p2_a_fence_may_have_settings_of_its_own(
    changes: dict[str, int], fixes: list[tuple[float, float, float]], expected: list[Event]
) -> None:
    assert walk(fenced(fence(**changes)), *fixes) == expected
