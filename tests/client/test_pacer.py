"""Which fixes are useful, by hand-made hints: the rules of docs/sleeping-phone.md, without an engine or a network."""

from __future__ import annotations

from typing import Any

import pytest

from geooffer.client.pacer import QUIET_PLACE_COUNT_MAX, Fix, Pacer, Reason, Watch, distance_m
from geooffer.v1 import offer_service_pb2, ping_service_pb2, places_pb2

METRE_NORTH = 1 / 111_195.08


def at(second: float, north_m: float, accuracy_m: float = 5.0) -> Fix:
    """A fix on the meridian through 52.5, 13.4."""
    return Fix(round(second * 1_000), 52.5 + north_m * METRE_NORTH, 13.4, accuracy_m)


def hint(**fields: Any) -> ping_service_pb2.NextPing:
    """Far from every fence, unless told otherwise."""
    usual = {
        "distance_m": 500,
        "latest_millis": 600_000,
        "enter_count": 1,
        "leave_count": 2,
        "leave_accuracy_m": 10,
        "assumed_accuracy_m": 50,
        "fences_generation": 1,
    }
    return ping_service_pb2.NextPing(**(usual | fields))


def told(pacer: Pacer, fix: Fix, **fields: Any) -> Reason | None:
    """The reason to send a fix; what is sent is answered with this hint."""
    reason = pacer.reason(fix)
    if reason is not None:
        pacer.sent()
        pacer.follow(fix, hint(**fields))
    return reason


def settled(**fields: Any) -> Pacer:
    """A pacer with its anchor at 0 m, second 10, and nothing left to confirm."""
    pacer = Pacer()
    for second in (0.0, 5.0, 10.0):
        told(pacer, at(second, 0), **fields)
    return pacer


INSIDE = {"distance_m": 200, "leave_distance_m": 40, "dwell_millis": [60_000]}


def test_the_first_fixes_are_sent_and_then_only_what_may_enter() -> None:
    pacer = Pacer()
    assert [told(pacer, at(n, n)) for n in range(3)] == [Reason.UNKNOWN, Reason.CONFIRM, None]
    assert told(pacer, at(100, 499)) is None
    assert told(pacer, at(200, 505)) is Reason.ENTER


def test_a_coarse_fix_is_never_sent() -> None:
    assert Pacer().reason(at(0, 0, 101.0)) is None


def test_every_fix_is_useful_while_an_answer_is_under_way() -> None:
    pacer = settled()
    assert pacer.reason(at(100, 600)) is Reason.ENTER
    pacer.sent()
    assert pacer.reason(at(105, 601)) is Reason.UNKNOWN


def test_leaving_takes_two_fixes_in_a_row_beyond_the_rim_and_the_accuracy() -> None:
    pacer = settled(**INSIDE)
    assert told(pacer, at(20, 45, 20.0), **INSIDE) is None
    assert told(pacer, at(30, 55, 20.0)) is Reason.LEAVE
    assert told(pacer, at(40, 60)) is Reason.CONFIRM
    assert told(pacer, at(50, 65)) is None


def test_a_dwell_time_is_told_once_and_not_where_nothing_covers_her() -> None:
    pacer = settled(**INSIDE)
    assert told(pacer, at(62, 1), **INSIDE) is Reason.DWELL
    free = settled()
    free.follow(at(15, 700), hint(**INSIDE))
    # back where no fence covers her, the time is over in vain
    assert told(free, at(90, 499), **INSIDE) in (Reason.LEAVE, Reason.ENTER)


def test_a_finer_fix_is_sent_where_the_row_was_too_coarse_to_enter_and_confirmed() -> None:
    fields = {"distance_m": 200, "leave_distance_m": 40, "enter_accuracy_m": 50, "enter_count": 3}
    pacer = Pacer()
    for second in (0, 5, 10):
        told(pacer, at(second, 0, 60.0), **fields)
    assert told(pacer, at(20, 0, 60.0), **fields) is None
    assert told(pacer, at(30, 0, 50.0), **INSIDE, enter_count=3) is Reason.FINER
    assert [told(pacer, at(40 + n, 0), **INSIDE, enter_count=3) for n in range(3)] == [Reason.CONFIRM] * 2 + [None]


def test_the_longest_interval_is_kept() -> None:
    pacer = settled()
    for minute in range(1, 10):
        assert pacer.reason(at(minute * 60, 1)) is None
    assert pacer.reason(at(611, 1)) is Reason.INTERVAL


def test_rare_fixes_are_sent_before_silence_would_end_a_visit() -> None:
    """One every 8 min is within the longest interval; but the next comes 16 min after the last that was sent."""
    pacer = settled()
    assert [told(pacer, at(10 + 480 * n, 0)) for n in range(1, 4)] == [Reason.INTERVAL] * 3
    pacer = settled()
    assert [told(pacer, at(10 + 390 * n, 0)) for n in range(1, 5)] == [None, Reason.INTERVAL] * 2


def test_t4_a_jump_goes_with_the_fix_before_it() -> None:
    """Long after the anchor nothing looks like a jump to the service, unless it has the fix before."""
    pacer = settled()
    assert pacer.reason(at(200, 100)) is None
    assert pacer.reason(at(201, 400)) is Reason.JUMP
    assert pacer.needs_before
    pacer.sent()
    pacer.follow(at(201, 400), hint())
    assert [told(pacer, at(202 + n, 400)) for n in range(5)] == [Reason.CONFIRM] * 4 + [None]
    assert not pacer.needs_before


def test_t4_a_bus_is_no_jump() -> None:
    pacer = settled(distance_m=40_000)
    assert [pacer.reason(at(11 + n, 20.0 * n)) for n in range(60)] == [None] * 60


def test_who_comes_back_to_where_nothing_is_sends_nothing() -> None:
    """The way back along a street without fences: earlier hints told of it."""
    pacer = settled(distance_m=100)
    assert told(pacer, at(100, 90), distance_m=100) is None
    assert told(pacer, at(110, 110), distance_m=30) is Reason.ENTER
    assert [told(pacer, at(120 + n, 80 - 20 * n)) for n in range(4)] == [None] * 4
    assert told(pacer, at(200, 145)) is Reason.ENTER


def test_what_was_known_of_places_is_forgotten_when_fences_change() -> None:
    pacer = settled(distance_m=100)
    assert told(pacer, at(110, 110), distance_m=30, fences_generation=2) is Reason.ENTER
    assert told(pacer, at(120, 70)) is Reason.ENTER


def test_a_place_inside_of_a_fence_is_known_until_something_may_have_been_left() -> None:
    pacer = settled(**INSIDE)
    assert told(pacer, at(20, 45), **INSIDE | {"distance_m": 10, "leave_distance_m": 400}) is Reason.LEAVE
    assert told(pacer, at(25, 46), **INSIDE | {"distance_m": 10, "leave_distance_m": 400}) is Reason.CONFIRM
    assert told(pacer, at(30, 20), **INSIDE) is Reason.ENTER


def test_a_pacer_remembers_a_bounded_number_of_places() -> None:
    pacer = Pacer()
    for n in range(3 * QUIET_PLACE_COUNT_MAX):
        told(pacer, at(60 * n, 1_000.0 * n))
    assert len(pacer._quiet) == QUIET_PLACE_COUNT_MAX


def test_of_regions_only_a_crossed_one_counts() -> None:
    pacer = settled()
    north = places_pb2.Place(latitude_e7=round((52.5 + 900 * METRE_NORTH) * 1e7), longitude_e7=134_000_000)
    region = offer_service_pb2.WakeRegion(centre=north, radius_m=100)
    regions = offer_service_pb2.ListWakeRegionsResponse(regions=[region], validity_radius_m=3_000, fences_generation=1)
    pacer.watch = Watch(at(10, 0), regions)
    assert [pacer.reason(at(60 * n, 250.0 * n)) for n in range(1, 4)] == [None] * 3
    # the way from 750 m to 1,010 m goes through the region though neither end lies in it
    assert pacer.reason(at(240, 1_010)) is Reason.ENTER
    assert not pacer.needs_regions


def test_distances_are_those_of_the_sphere() -> None:
    assert distance_m(at(0, 0), 52.5 + 1_000 * METRE_NORTH, 13.4) == pytest.approx(1_000, abs=0.01)


def test_p2_the_first_fix_is_confirmed_as_often_as_the_first_answer_tells() -> None:
    pacer = Pacer()
    sent = [told(pacer, at(n, 0), **INSIDE, enter_count=4) for n in range(5)]
    assert sent == [Reason.UNKNOWN, *[Reason.CONFIRM] * 3, None]
