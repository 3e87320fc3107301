"""The native matcher against `Engine.step`: row by row the same, whatever happens in between."""

from __future__ import annotations

import threading
from collections import Counter

import numpy as np
import pytest
from native_caller import NativeCaller
from native_twins import Twins
from world import NOW_MS, World, circle_at, ping, try_verdicts

from geooffer.engine.clock import ClockKind
from geooffer.engine.hints import NextPing
from geooffer.engine.shadow import Shadow
from geooffer.model import context as c
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.tables import CONTACT_FREE_COUNT, PRESENCE_FREE_COUNT
from geooffer.model.verdicts import OfferVerdict, PingVerdict

CLOCKS: tuple[ClockKind, ClockKind] = ("client", "system")


def _run(seed: int, clock: ClockKind, batch_count: int, row_count: int) -> Twins:
    twins = Twins(seed, clock, rows=row_count, tries=150, winners=100, transitions=300, hits=500)
    for _ in range(batch_count):
        twins.happen()
        twins.go(int(twins.rng.integers(1, row_count + 1)))
    twins.finish()
    return twins


def test_it_decides_what_step_decides() -> None:
    row_count, reasons, seen = 0, Counter[int](), Counter[str]()
    for seed in range(6):
        twins = _run(seed, CLOCKS[seed % 2], 36, 512)
        row_count += twins.row_count
        reasons += twins.reasons
        seen += twins.seen
    assert row_count >= 50_000
    assert seen["winners"] > 100
    assert seen["transitions"] > 1_000
    assert {verdict for verdict in seen if verdict.startswith("ping")} >= {
        f"ping {code}" for code in (1, 3, 4, 5, 6, 8, 10)
    }
    assert set(reasons) >= {c.ALL_DECIDED, c.BUFFERS_FULL, c.HOURS_OVER, c.CONSENT_DUE, c.WINNERS_FULL}


@pytest.mark.long
@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("clock", CLOCKS)
def test_it_decides_what_step_decides_over_a_million_pings(clock: ClockKind) -> None:
    row_count = 0
    for seed in range(100, 120):
        row_count += _run(seed, clock, 105, 512).row_count
    assert row_count >= 500_000


def test_it_asks_for_room_before_a_row_that_has_none() -> None:
    """The pools of visits and contacts, each for itself; the row is as it came, and decided once there is room."""
    for cell in (PRESENCE_FREE_COUNT, CONTACT_FREE_COUNT):
        engine = World().build()
        caller = NativeCaller(engine)
        caller.join.keep_ahead(NOW_MS)
        free = engine.state.people.view.free
        held, free[cell] = int(free[cell]), 0
        row, ages = ping(), np.zeros(1, np.int64)
        assert caller.decide(row, ages)[0] == 0
        assert caller.reason == c.NEEDS_ROOM
        assert row["now_ms"] == 0
        free[cell] = held
        done, outcome = caller.decide(row, ages)
        assert (done, caller.reason) == (1, c.ALL_DECIDED)
        assert try_verdicts(outcome) == [OfferVerdict.OFFERED]


@pytest.mark.parametrize("index_kind", ["packed", "cells", "rtree"])
def test_the_tree_asks_as_the_cells_do_and_the_rtree_is_pythons(index_kind: str) -> None:
    engine = World(index_kind=index_kind).build()
    caller = NativeCaller(engine)
    caller.join.keep_ahead(NOW_MS)
    done, outcome = caller.decide(ping(), np.zeros(1, np.int64))
    if index_kind == "rtree":
        assert (done, caller.reason) == (0, c.PYTHON_DECIDES)
        outcome = caller.join.decide(ping(), np.zeros(1, np.int64), 0)
    assert try_verdicts(outcome) == [OfferVerdict.OFFERED]


def test_a_candidate_policy_under_trial_is_pythons() -> None:
    engine = World().build()
    caller = NativeCaller(engine)
    caller.join.keep_ahead(NOW_MS)
    engine.shadow = Shadow(engine.policy_document, 1)
    assert caller.decide(ping(), np.zeros(1, np.int64))[0] == 0
    assert caller.reason == c.PYTHON_DECIDES
    engine.shadow = None
    assert caller.decide(ping(), np.zeros(1, np.int64))[0] == 1


def test_a_zone_is_in_force_when_its_call_returns() -> None:
    engine = World().build()
    caller = NativeCaller(engine)
    caller.join.keep_ahead(NOW_MS)
    zone = ExclusionZone("clinic", ZoneCategory.CLINIC, circle_at(20.0, 200.0), 0)
    engine.put_nouns([zone], now_ms=NOW_MS)
    done, outcome = caller.decide(ping(east_m=200.0), np.zeros(1, np.int64))
    assert (done, outcome.verdicts.tolist()) == (1, [PingVerdict.EXCLUSION_ZONE])
    engine.delete_noun(ExclusionZone, "clinic", now_ms=NOW_MS)
    done, outcome = caller.decide(ping(east_m=200.0), np.zeros(1, np.int64))
    assert (done, outcome.verdicts.tolist()) == (1, [PingVerdict.ACCEPTED])


def test_hints_are_those_of_python() -> None:
    """Over the random rows of a market; where no bounds are known yet, Python is asked."""
    twins = Twins(3, "client")
    engine = twins.native.engine
    rows, _ = twins.rows(200)
    rows["now_ms"] = rows["fix_time_ms"] = twins.now_ms
    assert twins.caller.hint(rows)[0] == c.HINTS_UNKNOWN
    twins.caller.join.keep_ahead(twins.now_ms)
    done, told = twins.caller.hint(rows)
    assert done == 200
    for cells, hint in zip(told.tolist(), engine.next_pings(rows), strict=True):
        leave_m = None if cells[c.HINT_LEAVE_DISTANCE_M] == c.HINT_NO_RIM else cells[c.HINT_LEAVE_DISTANCE_M]
        dwell_ms = tuple(wait for wait in cells[c.HINT_DWELL_MS : c.HINT_DWELL_MS + 4] if wait)
        assert hint == NextPing(
            cells[0], leave_m, *cells[2:4], dwell_ms, *cells[4 : c.HINT_ASSUMED_ACCURACY_M], cells[10]
        )


def test_counters_are_right_as_soon_as_a_row_is_decided() -> None:
    """Whoever reads them in the loop's thread has what workers counted with them, once."""
    engine = World().build()
    caller = NativeCaller(engine)
    caller.join.keep_ahead(NOW_MS)
    caller.decide(ping(), np.zeros(1, np.int64))
    for _ in range(2):
        assert engine.statistics.ping_verdicts == {PingVerdict.ACCEPTED: 1}
        assert engine.statistics.tries == {OfferVerdict.OFFERED: 1}
    seen: list[int] = []
    caller.decide(ping(NOW_MS + 1), np.zeros(1, np.int64))
    other = threading.Thread(target=lambda: seen.append(engine.statistics.ping_verdicts[PingVerdict.ACCEPTED]))
    other.start()
    other.join()
    assert seen == [1], "another thread takes no lock, and reads what the loop's knew"
    assert engine.statistics.ping_verdicts[PingVerdict.ACCEPTED] == 2
