"""T0: the system clock never goes back; the client clock is the time of the pings, advanced row by row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import NOW_MS, ping, pings

from geooffer.engine.clock import EngineClock
from geooffer.model.columns import Int64Array, StructArray
from geooffer.model.tables import NEVER_MS


def stamped(clock: EngineClock, rows: list[tuple[int | None, int]], real_now_ms: int = 0, bad: int = -1) -> StructArray:
    """Rows of (fix time or None, age)."""
    batch = pings(*(ping(NEVER_MS if time is None else time, now_ms=0) for time, _ in rows))
    if bad >= 0:
        batch["malformed"][bad] = 1
    clock.stamp(batch, np.array([age for _, age in rows], dtype=np.int64), real_now_ms)
    return batch


def test_t0_the_system_clock_is_real_time_and_never_goes_back() -> None:
    clock = EngineClock("system")
    assert [clock.now_ms(real) for real in (100, 90, 110, 109)] == [100, 100, 110, 110]


def test_the_system_clock_goes_on_from_the_latest_moment_known_where_the_wall_was_set_back() -> None:
    """T0: an hour back over a restart; it neither jumps back nor stands still, and the wall catches up."""
    clock = EngineClock("system")
    clock.resume(NOW_MS)
    readings = [(0, 0, 3_600_000), (400, 380, 3_599_980), (100, 380, 3_599_995), (3_600_000, 3_420_000, 3_420_000)]
    readings += [(71_999_980, 68_399_981, 1), (72_000_000, 68_400_000, 0), (72_000_500, 68_400_500, 0)]
    for passed_ms, told_ms, ahead_ms in readings:
        assert clock.now_ms(NOW_MS - 3_600_000 + passed_ms) == NOW_MS + told_ms
        assert clock.ahead_ms == ahead_ms


@given(st.integers(0, 10_000), st.lists(st.integers(-50, 900), min_size=1, max_size=60))
def test_what_lasts_a_while_by_this_clock_lasts_no_shorter_in_truth(ahead_ms: int, steps: list[int]) -> None:
    """So a window of a cap is never over too early, however far ahead it starts."""
    clock = EngineClock("system")
    clock.resume(NOW_MS + ahead_ms)
    real_ms, told = NOW_MS, [clock.now_ms(NOW_MS)]
    latest_ms = real_ms
    for step_ms in steps:
        real_ms += step_ms
        before_ms, latest_ms = latest_ms, max(latest_ms, real_ms)
        told.append(clock.now_ms(real_ms))
        if clock.ahead_ms:
            passed_ms = latest_ms - before_ms
            assert passed_ms * 0.95 - 1 < told[-1] - told[-2] <= passed_ms - passed_ms // 20
        assert told[-2] <= told[-1] <= max(latest_ms, told[0]) + ahead_ms
    assert told[-1] - told[0] <= latest_ms - NOW_MS
    assert told[-1] >= latest_ms


def collected(fix_count: int) -> list[Int64Array]:
    """Fix times of a hundred messages of a phone that measures every second and sends `fix_count` fixes at a time, to
    a service that is an hour ahead.
    """
    clock = EngineClock("system")
    clock.resume(NOW_MS + 3_600_000)
    clock.now_ms(NOW_MS)
    ages: list[tuple[int | None, int]] = [(None, age_s * 1_000) for age_s in reversed(range(fix_count))]
    return [stamped(clock, ages, NOW_MS + n * fix_count * 1_000)["fix_time_ms"] for n in range(1, 101)]


@pytest.mark.parametrize("fix_count", [1, 5, 19])
def test_fixes_keep_their_order_while_the_real_clock_catches_up(fix_count: int) -> None:
    """T2: what is not after the fix before is stale, and would be lost."""
    assert (np.diff(np.concatenate(collected(fix_count))) > 0).all()


def test_a_walk_is_told_five_percent_too_fast_while_the_real_clock_catches_up() -> None:
    """T4: one fix a second, so the implied speed is the true one by this."""
    gaps_ms = np.diff(np.concatenate(collected(1)))
    assert set(gaps_ms.tolist()) == {950}


def test_of_twenty_fixes_sent_at_once_one_is_stale_while_the_real_clock_catches_up() -> None:
    """What the slow pace costs (docs/operation.md): a twentieth, not more."""
    watermark_ms, stale_count = NEVER_MS, 0
    for times in collected(20):
        for time_ms in times.tolist():
            stale_count += time_ms <= watermark_ms
            watermark_ms = max(watermark_ms, time_ms)
    assert stale_count == 99


def test_the_system_clock_is_real_time_where_the_wall_is_ahead_of_what_is_known() -> None:
    clock = EngineClock("system")
    clock.resume(NOW_MS)
    assert (clock.now_ms(NOW_MS + 5), clock.ahead_ms) == (NOW_MS + 5, 0)
    fresh = EngineClock("system")
    fresh.resume(NEVER_MS)
    assert (fresh.now_ms(7), fresh.ahead_ms) == (7, 0)


def test_t0_the_client_clock_is_never_before_the_latest_moment_known() -> None:
    clock = EngineClock("client", NOW_MS)
    clock.resume(NOW_MS + 10)
    assert clock.now_ms(0) == NOW_MS + 10
    clock.resume(NOW_MS)
    assert clock.now_ms(0) == NOW_MS + 10


def test_t1_the_system_clock_stamps_arrival_and_resolves_ages() -> None:
    """T1: fix time = arrival − age; a row's own wall time stands."""
    batch = stamped(EngineClock("system"), [(None, 250), (NOW_MS - 5, 99)], real_now_ms=NOW_MS)
    assert batch["now_ms"].tolist() == [NOW_MS, NOW_MS]
    assert batch["fix_time_ms"].tolist() == [NOW_MS - 250, NOW_MS - 5]


def test_the_system_clock_takes_no_time_from_a_control_call() -> None:
    clock = EngineClock("system")
    clock.observe(NOW_MS)
    assert clock.now_ms(5) == 5


def test_t0_the_client_clock_starts_at_the_first_time_received_never_at_the_wall_clock() -> None:
    clock = EngineClock("client")
    assert not clock.started
    assert clock.now_ms(NOW_MS + 10**9) == 0
    batch = stamped(clock, [(NOW_MS - 700, 200)], real_now_ms=NOW_MS + 10**9)
    assert batch["now_ms"].tolist() == [NOW_MS - 500]
    assert clock.now_ms(NOW_MS + 10**9) == NOW_MS - 500


def test_t0_the_client_clock_starts_at_a_control_calls_time_and_is_not_advanced_by_one() -> None:
    clock = EngineClock("client")
    clock.observe(NOW_MS)
    clock.observe(NOW_MS + 500)
    assert clock.now_ms(0) == NOW_MS
    clock = EngineClock("client", NOW_MS)
    clock.observe(5)
    assert clock.now_ms(0) == NOW_MS


def test_t0_the_client_clock_advances_row_by_row() -> None:
    """now = max(now, the row's fix time + its fix age)."""
    clock = EngineClock("client", NOW_MS)
    rows: list[tuple[int | None, int]] = [(NOW_MS - 10, 0), (NOW_MS, 20), (NOW_MS + 5, 0), (None, 7), (NOW_MS + 40, 0)]
    batch = stamped(clock, rows)
    assert (batch["now_ms"] - NOW_MS).tolist() == [0, 20, 20, 20, 40]
    assert (batch["fix_time_ms"] - NOW_MS).tolist() == [-10, 0, 5, 13, 40]
    assert clock.now_ms(0) == NOW_MS + 40


def test_t0_a_malformed_row_does_not_advance_the_client_clock() -> None:
    clock = EngineClock("client", NOW_MS)
    batch = stamped(clock, [(NOW_MS + 10**9, 0), (NOW_MS + 3, 0)], bad=0)
    assert (batch["now_ms"] - NOW_MS).tolist() == [0, 3]


def test_t1_a_fix_is_dated_from_its_arrival_by_the_system_clock_alone() -> None:
    """However long its row waits; a client clock is told the time, and no other."""
    arrivals_ms = np.array([NOW_MS - 30, NOW_MS - 10, NOW_MS + 1])
    for clock, told in ((EngineClock("system"), [-30, -25, -3]), (EngineClock("client", NOW_MS), [0, -15, -3])):
        batch = pings(*(ping(NEVER_MS, now_ms=0) for _ in arrivals_ms))
        clock.stamp(batch, np.array([0, 15, 3]), NOW_MS, arrivals_ms)
        assert (batch["fix_time_ms"] - NOW_MS).tolist() == told
        assert (batch["now_ms"] == NOW_MS).all()


def test_an_empty_batch_changes_no_clock() -> None:
    clock = EngineClock("client")
    clock.stamp(np.zeros(0, dtype=ping().dtype), np.zeros(0, dtype=np.int64), NOW_MS)
    assert not clock.started


ROWS = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(NOW_MS - 1_000, NOW_MS + 1_000)), st.integers(0, 500)), max_size=12
)


@given(ROWS, st.integers(0, 12), st.booleans())
def test_t0_the_client_clock_does_not_depend_on_the_batches(
    rows: list[tuple[int | None, int]], cut: int, started: bool
) -> None:
    start = NOW_MS if started else None
    if not rows:
        return
    whole = stamped(EngineClock("client", start), rows)
    clock = EngineClock("client", start)
    parts = [stamped(clock, part) for part in (rows[:cut], rows[cut:]) if part]
    assert np.array_equal(np.concatenate(parts), whole)


def test_a_clock_is_of_one_of_two_kinds() -> None:
    with pytest.raises(ValueError):
        EngineClock("lunar")  # type: ignore[arg-type]
