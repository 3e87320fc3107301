"""What a ping costs by the native matcher's address and by the engine's own calls, and what a second thread gains.

    python benchmarks/native_join.py [persons]     prints a table; rivals take turns in one process

`cfunc` is called with ctypes, which adds some two microseconds to each call and lets go of the GIL. `step` is
`EngineClock.stamp` and `Engine.step`. One lock: two threads, one engine, a lock around each call, as workers have it.
Two engines: two threads without a lock in common, which is what lock groups could come to at most.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from statistics import median
from time import perf_counter_ns, thread_time_ns

import numpy as np

from geooffer.bench import direct_world
from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.engine.join import Join, address
from geooffer.journal.memory import MemoryJournal
from geooffer.kernels.compile import compile_all
from geooffer.model import context as c
from geooffer.model.columns import PING, TRANSITION, TRY, WINNER, StructArray
from geooffer.model.tables import NEVER_MS

NOW_MS = 1_772_528_400_000
ROUNDS = 5
ROWS_PER_ROUND = 32_768
_DECIDE = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 8)


class Caller:
    """A worker's buffers."""

    def __init__(self, join: Join, row_count: int) -> None:
        self.decide = _DECIDE(join.decide_address)
        self.context = join.context_address
        self.verdicts = np.zeros(row_count, np.uint8)
        self.ages = np.zeros(row_count, np.int64)
        self.call = np.zeros(c.CALL_LENGTH, np.int64)
        self.places = address(self.ages), address(self.verdicts), address(self.call)
        self.buffers = [
            np.zeros(8_192, TRANSITION),
            np.zeros(4_096, TRY),
            np.zeros(1_024, WINNER),
            np.zeros(65_536, np.int32),
            np.zeros(c.WORKSPACE_BYTES + c.WORKSPACE_BYTES_PER_ROW * row_count, np.uint8),
        ]
        for cell, buffer in zip(range(c.CALL_TRANSITIONS, c.CALL_WORKSPACE + 1, 2), self.buffers, strict=True):
            self.call[cell], self.call[cell + 1] = address(buffer), len(buffer)

    def __call__(self, pings_at: int, count: int, now_ms: int) -> None:
        ages_at, verdicts_at, call_at = self.places
        self.decide(self.context, pings_at, ages_at, count, now_ms, 1_024, verdicts_at, call_at)


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def engine_of(person_count: int) -> Engine:
    engine = Engine(journal=MemoryJournal(), clock=EngineClock("system", NOW_MS), decision_key=b"bench")
    direct_world.fill(engine, person_count, NOW_MS)
    engine.clock.now_ms(NOW_MS)
    engine.cover_hours(NOW_MS)
    return engine


def batches_of(person_count: int, size: int, share: float, random: np.random.Generator) -> list[StructArray]:
    """Rows of random phones; `share` of them inside a fence, the others half-way between four."""
    found = []
    for _ in range(max(min(ROWS_PER_ROUND // size, 64), 1)):
        rows = np.zeros(size, PING)
        keys = random.integers(1, person_count + 1, size)
        rows["device_key"] = keys
        is_inside = random.random(size) < share
        for row, key in enumerate(keys.tolist()):
            latitude_e7, longitude_e7 = direct_world.fence_centre(key)
            away = 0 if is_inside[row] else 1
            rows["latitude_e7"][row] = latitude_e7 + away * 22_500
            rows["longitude_e7"][row] = longitude_e7 + away * 33_000
        rows["accuracy_cm"], rows["speed_cm_per_s"] = direct_world.ACCURACY_CM, direct_world.SPEED_CM_PER_S
        rows["fix_time_ms"] = NEVER_MS
        found.append(rows)
    return found


class Run:
    """One of the rivals; `ns` of its rounds."""

    def __init__(self, engine: Engine, batches: list[StructArray]) -> None:
        self.engine, self.batches = engine, batches
        self.now_ms = NOW_MS
        self.ns: list[float] = []

    def round(self, is_native: bool, caller: Caller, join: Join | None) -> None:
        """CPU time of this thread: what others take of the machine does not count."""
        repeats = max(ROWS_PER_ROUND // (len(self.batches) * len(self.batches[0])), 1)
        copies = [rows.copy() for rows in self.batches * repeats][:4_000]
        placed = [(rows, address(rows), len(rows)) for rows in copies]
        outcomes = []
        started_ns = thread_time_ns()
        for rows, at, count in placed:
            self.now_ms += 400
            if is_native:
                caller(at, count, self.now_ms)
            else:
                self.engine.clock.stamp(rows, caller.ages[:count], self.now_ms)
                outcomes.append(self.engine.step(rows))
        self.ns.append((thread_time_ns() - started_ns) / sum(map(len, copies)))
        for outcome in outcomes:
            self.engine.commit(outcome, late_rows=outcome.winners["row"].tolist())
        if join is not None:
            join.keep_ahead(self.now_ms)


def alone(person_count: int) -> None:
    """One thread: the C function beside the engine's own path."""
    _tell(f"{'rows':>6} {'inside':>7} {'cfunc ns':>9} {'step ns':>9} {'step/cfunc':>10}")
    native, plain = engine_of(person_count), engine_of(person_count)
    join = Join(native)
    join.keep_ahead(NOW_MS)
    for share in (0.0, 0.05):
        for size in (1, 16, 256, 1_024):
            batches = batches_of(person_count, size, share, np.random.default_rng(size))
            caller = Caller(join, size)
            runs = Run(native, batches), Run(plain, batches)
            runs[0].now_ms = runs[1].now_ms = max(native.clock.now_ms(NOW_MS), plain.clock.now_ms(NOW_MS))
            for _ in range(ROUNDS):
                runs[0].round(True, caller, join)
                runs[1].round(False, caller, None)
            ratio = median(step / own for own, step in zip(runs[0].ns, runs[1].ns, strict=True))
            _tell(f"{size:6} {share:7.0%} {min(runs[0].ns):9.0f} {min(runs[1].ns):9.0f} {ratio:10.2f}")


def together(person_count: int) -> None:
    """Two threads in the matcher alone, without any transport: 1 = a second thread gains nothing."""
    _tell(f"{'rows':>6} {'one thread':>11} {'one lock':>9} {'two engines':>12}   pings/s, and against one thread")
    joins = [Join(engine_of(person_count)) for _ in range(2)]
    for join in joins:
        join.keep_ahead(NOW_MS)
    for size in (256, 1_024):
        batches = batches_of(person_count, size, 0.0, np.random.default_rng(size))
        rates: dict[str, list[float]] = {"one thread": [], "one lock": [], "two engines": []}
        for number in range(ROUNDS):
            for name, found in rates.items():
                lock: AbstractContextManager[object] = threading.Lock() if name == "one lock" else nullcontext()
                used = [joins[0]] if name == "one thread" else [joins[0], joins[name == "two engines"]]
                found.append(_rate([Caller(join, size) for join in used], batches, lock, NOW_MS + number * 1_000))
        base = median(rates["one thread"])
        told = [f"{median(found) / 1e6:.2f} M ({median(found) / base:.2f})" for found in rates.values()]
        _tell(f"{size:6} {told[0]:>11} {told[1]:>14} {told[2]:>14}")


def _rate(
    callers: list[Caller], batches: list[StructArray], lock: AbstractContextManager[object], now_ms: int
) -> float:
    copies = [[rows.copy() for rows in batches] for _ in callers]

    def work(caller: Caller, mine: list[StructArray]) -> None:
        for _ in range(6):
            for rows in mine:
                rows["fix_time_ms"] = NEVER_MS
                with lock:
                    caller(address(rows), len(rows), now_ms)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(callers, copies, strict=True)]
    started_ns = perf_counter_ns()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = 6 * sum(len(batch) for batch in batches) * len(callers)
    return rows * 1e9 / (perf_counter_ns() - started_ns)


if __name__ == "__main__":
    compile_all()
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    alone(count)
    together(count)
