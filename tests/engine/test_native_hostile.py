"""Hostile rows to the native matcher: nothing raises (a C function cannot), and nothing is written beside a buffer."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from native_caller import NativeCaller
from world import NOW_MS, World, ping

from geooffer.engine.clock import EngineClock
from geooffer.engine.join import Join, address
from geooffer.model import context as c
from geooffer.model.columns import PING
from geooffer.model.tables import NEVER_MS

EDGES_I8 = [0, 1, -1, 2**63 - 1, -(2**63), NEVER_MS, 2**62, NOW_MS, NOW_MS + 10**6, 2**31, -(2**31)]
EDGES_I4 = [0, 1, -1, 2**31 - 1, -(2**31), 900_000_000, -900_000_001, 1_800_000_000, 525_200_000, 134_050_000]


def hostile_rows(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Rows of extreme, random and ordinary numbers, field by field."""
    rows = np.zeros(count, PING)
    for name in PING.names or ():
        kind = PING[name]
        if name == "_pad":
            continue
        if kind.itemsize == 1:
            rows[name] = rng.integers(0, 256, count) * (rng.random(count) < 0.1)
            continue
        info, edges = np.iinfo(kind), EDGES_I8 if kind.itemsize == 8 else EDGES_I4
        wild = rng.integers(info.min, info.max, count, dtype=kind, endpoint=True)
        rows[name] = np.where(rng.random(count) < 0.3, wild, rng.choice(np.array(edges, kind), count))
    sane = rng.random(count) < 0.6
    rows["device_key"][sane] = 1
    rows["latitude_e7"][sane], rows["longitude_e7"][sane] = 525_200_000, 134_050_000
    rows["accuracy_cm"][sane] = 1_000
    ages = np.where(rng.random(count) < 0.4, rng.choice(EDGES_I8, count), rng.integers(-(10**6), 10**6, count))
    return rows, ages.astype(np.int64)


def attack(seed: int, call_count: int) -> int:
    """Rows decided of many hostile batches, by both clocks; for this process and for one that watches its stderr."""
    rng = np.random.default_rng(seed)
    decided = 0
    for clock in (EngineClock("client", NOW_MS), EngineClock("system", NOW_MS)) * 2:
        engine = World().build()
        engine.clock, clock.lock = clock, engine.lock
        caller = NativeCaller(engine, rows=96, transitions=40, tries=8, winners=4, hits=64)
        caller.join.keep_ahead(NOW_MS)
        for _ in range(call_count):
            rows, ages = hostile_rows(rng, int(rng.integers(0, 97)))
            clock.cells[c.CLOCK_NOW_MS] = rng.choice([NOW_MS, NOW_MS, NEVER_MS, 0])
            real_now_ms = int(rng.choice([*EDGES_I8, *[NOW_MS] * 30]))
            done, _ = caller.decide(rows, ages, real_now_ms, int(rng.choice([0, 1, 5, 2**62])))
            assert 0 <= done <= len(rows)
            assert (caller.verdicts.rows[:done] > 0).all()
            caller.may_send(*rng.choice(EDGES_I8, 4).tolist())
            caller.hint(rows)
            caller.check()
            decided += done
    return decided


def test_nothing_raises_and_nothing_is_written_out_of_bounds(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Numba tells the hook what a C callback raised, and prints it to the standard error of the process."""
    fired: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", fired.append)
    assert attack(1, 60) > 1_000
    assert fired == []
    assert capfd.readouterr() == ("", "")


def test_misuse_is_told_and_touches_nothing() -> None:
    engine = World().build()
    caller = NativeCaller(engine, rows=4)
    rows, ages = np.concatenate([ping()] * 5), np.zeros(5, np.int64)
    before = rows.copy()
    caller.verdicts, caller.ages = NativeCaller(World().build(), rows=8).verdicts, NativeCaller(World().build()).ages
    assert caller.decide(rows, ages)[0] == c.MISUSED, "the workspace is too small for five rows"
    assert caller.decide(rows[:1], ages[:1], winner_count_max=-1)[0] == c.MISUSED
    other = np.zeros(300, np.int64)
    other[c.LAYOUT] = 99
    caller.join.context_address = address(other)
    assert caller.decide(rows[:1], ages[:1])[0] == c.MISUSED, "another layout"
    assert caller.may_send(0, 1, 1, 1) == 0
    assert (rows == before).all()


def test_a_closed_join_decides_nothing_and_lets_nothing_leave() -> None:
    engine = World().build()
    caller = NativeCaller(engine)
    caller.join.keep_ahead(NOW_MS)
    done, outcome = caller.decide(ping(), np.zeros(1, np.int64))
    (decision,) = caller.join.commit(outcome, caller.context_number)
    assert done == 1
    gate = decision.person_slot, decision.person_key, decision.consent_epoch, decision.policy_version
    assert caller.may_send(*gate) == 1
    caller.join.close()
    assert not engine.lock.is_bound
    assert caller.decide(ping(NOW_MS + 1), np.zeros(1, np.int64))[0] == 0
    assert caller.reason == c.PYTHON_DECIDES
    assert caller.may_send(*gate) == 0


def test_a_join_can_follow_another() -> None:
    engine = World().build()
    Join(engine).close()
    caller = NativeCaller(engine)
    caller.join.keep_ahead(NOW_MS)
    assert caller.decide(ping(), np.zeros(1, np.int64))[0] == 1
