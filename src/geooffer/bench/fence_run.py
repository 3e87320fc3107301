"""A `tile38-*` shape: devices that enter and leave fences, ours and Tile38 in turn on the same core, the same devices.

Two ways: *batched* (ours: column messages of 250 rows on 4 connections; Tile38: commands pipelined on 4 connections)
and *singles* (50 connections, one ping a message, one in flight on each). Every run's ENTERs and EXITs, of both, must
be exactly those of bench/crossings.py; who is not loaded is stopped.
"""

from __future__ import annotations

import os
import signal
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from geooffer.bench import fence_loads, load_world, tile38
from geooffer.bench.carried import Carrier, CarrierPlan, Pace, Serve, ratios, stopped_server
from geooffer.bench.crossings import GEOOFFER_EARTH_M, TILE38_EARTH_M, Crossings, Events
from geooffer.bench.fence_loads import DEVICE_COUNT, FenceLoad, FenceWorld
from geooffer.bench.load_world import LoadWorld
from geooffer.bench.native_load import Loaded, loaded, run_plans
from geooffer.bench.processes import BenchmarkError, cores, going_on, process, receive
from geooffer.bench.shapes import Shape
from geooffer.kernels.compile import compile_all

BATCHED = Shape("batched", 4, 1, 4, 250, DEVICE_COUNT, "gateway")
SINGLES = Shape("singles", 50, 1, 1, 0, DEVICE_COUNT, "gateway")
PIPELINED_COUNT = 250
"""Commands in flight on each of Tile38's connections, batched."""
PRIMING_MAX_S = 64.0
STUDY = {
    "a": "175,000 updates/s pipelined, 43,000 to 66,000 on 50 connections",
    "b": "3,000 to 4,700 updates/s pipelined, 3,000 to 4,600 on 50 connections (p99 41 to 49 ms)",
    "c": "8,000 to 9,000 updates/s pipelined",
    "d": "112,000 updates/s pipelined, 42,000 to 63,000 on 50 connections (p99 3 to 5 ms)",
    "e": "99,000 to 110,000 updates/s pipelined, 42,000 to 45,000 on 50 connections (p99 3 to 5 ms)",
}
"""What Tile38 1.37 did in a study: another run on the same kind of machine, so no ratio is made of it."""
Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FencePlan:
    """What to measure."""

    load: FenceLoad
    plane: str
    seconds: float
    warmup_s: float
    pair_count: int
    program: Path | None
    """Tile38's server."""


@dataclass(slots=True)
class FenceCarrier(Carrier):
    """Ours, with a load's fences."""

    world: FenceWorld | None = None
    crossings: Crossings | None = None

    def world_json(self) -> dict[str, Any]:
        """The load's."""
        assert self.world is not None
        return self.world.json()

    def check_answers(self, result: Loaded, news: Counter[str], late: int) -> None:
        """Every ping accepted, every ENTER and EXIT told, and no other."""
        if news["ACCEPTED"] != result.sent_rows:
            raise BenchmarkError(f"of {result.sent_rows:,} pings not all were accepted: {dict(news)}")
        assert self.crossings is not None
        check_events("geooffer", result, self.plan.shape, self.crossings)


@dataclass(slots=True)
class Rival:
    """Tile38, loaded by the same generator."""

    server: tile38.Tile38
    world: FenceWorld
    crossings: Crossings
    load_pipe: Any
    load: Any

    def run(self, shape: Shape, pace: Pace) -> Loaded:
        """Load it once. Raises BenchmarkError where its events are not those expected."""
        window = 1 if shape is SINGLES else PIPELINED_COUNT
        plan = {
            "address": self.server.address,
            "protocol": "resp",
            "tokens": [""],
            "connection_count": shape.connection_count,
            "streams_per_connection": 1,
            "window": window,
            "warmup_s": pace.warmup_s,
            "measure_s": pace.seconds,
            "server_pid": self.server.pid,
            "budget_ms": 50,
            "session_id": 0,
            "world": self.world.json(),
        }
        with going_on(self.server.pid):
            self.load_pipe.send(plan)
            result = loaded(receive(self.load_pipe, self.load, None))
        if result.errors or result.acknowledged != result.sent:
            raise BenchmarkError(f"Tile38: {result.sent:,} sent, {result.acknowledged:,} answered, {result.errors}")
        check_events("Tile38", result, replace(shape, row_count=0), self.crossings)
        return result


def check_events(name: str, result: Loaded, shape: Shape, crossings: Crossings) -> None:
    """Raises BenchmarkError where a run's events are not those of the slow computation."""
    world = LoadWorld(DEVICE_COUNT, names_devices=True)
    expected = crossings.take(load_world.steps_taken(world, shape.rows_per_message, result.stream_sent))
    told = Events(result.transitions["ENTER"], result.transitions["EXIT"])
    if told != expected:
        raise BenchmarkError(f"{name}: {expected} expected of {result.sent_rows:,} pings, {told} told")


def measure(plan: FencePlan, serve: Serve, note: Note) -> dict[str, Any]:
    """Run the plan; the benchmark's JSON without machine, versions and commit. Raises BenchmarkError."""
    world = fence_loads.world_of(plan.load)
    compile_all()
    server_core, load_core = cores()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="geooffer-bench-")))
        load_pipe, load = stack.enter_context(process(run_plans, load_core))
        own_plan = CarrierPlan(plan.plane, BATCHED, None, directory / "own", fences=plan.load)
        note(f"load {plan.load.name}: {len(world.fences):,} fences into {plan.plane}")
        pipe, server, ready = stack.enter_context(stopped_server(own_plan, serve))
        own = FenceCarrier(own_plan, pipe, server, ready, load_pipe, load)
        own.world, own.crossings = world, Crossings(world, GEOOFFER_EARTH_M)
        rival = None
        if plan.program is not None:
            note("the same fences into Tile38")
            listening = stack.enter_context(tile38.running(plan.program, world, server_core, directory / "tile38"))
            os.kill(listening.pid, signal.SIGSTOP)
            rival = Rival(listening, world, Crossings(world, TILE38_EARTH_M), load_pipe, load)
            note("every device once, before anything is measured")
            _prime(rival.crossings, lambda pace: rival.run(BATCHED, pace))
        _prime(own.crossings, own.run)
        return {
            "shape": f"tile38-{plan.load.name}",
            "plane": plan.plane,
            "fences": len(world.fences),
            "devices": DEVICE_COUNT,
            "shops": "real" if plan.load.data else "made",
            "seconds": plan.seconds,
            "pairs": plan.pair_count,
            "rival": f"Tile38 {rival.server.version}" if rival else None,
            "study": STUDY[plan.load.name],
            **{shape.name: _compared(plan, own, rival, shape, note) for shape in (BATCHED, SINGLES)},
        }


def _prime(crossings: Crossings, run: Callable[[Pace], Loaded]) -> None:
    """Load it until every device is somewhere. Each run begins with the same devices: it is twice as long each time."""
    seconds = 1.0
    while not crossings.are_all_known:
        if seconds > PRIMING_MAX_S:
            raise BenchmarkError(f"not every device was heard of in {PRIMING_MAX_S:.0f} s")
        run(Pace(0.0, seconds))
        seconds *= 2


def _compared(plan: FencePlan, own: FenceCarrier, rival: Rival | None, shape: Shape, note: Note) -> dict[str, Any]:
    """A B A B."""
    own.plan = replace(own.plan, shape=shape)
    pace = Pace(plan.warmup_s, plan.seconds)
    runs, others = [], []
    for number in range(plan.pair_count):
        runs.append(own.run(pace))
        if rival is not None:
            others.append(rival.run(shape, pace))
        beside = f", Tile38 {others[-1].rows_per_s:,.0f}" if others else ""
        note(f"{shape.name}, {number + 1} of {plan.pair_count}: {runs[-1].rows_per_s:,.0f} pings/s{beside}")
    told = _figures(runs)
    if others:
        told |= {f"rival_{name}": value for name, value in _figures(others).items()}
        told |= ratios([run.rows_per_s for run in runs], [run.rows_per_s for run in others])
        told["p99_ratio"] = round(told["p99_us"] / max(1, told["rival_p99_us"]), 3)
    return told


def _figures(runs: list[Loaded]) -> dict[str, Any]:
    events = sum(run.transitions["ENTER"] + run.transitions["EXIT"] for run in runs)
    return {
        "pings_per_s": round(statistics.median(run.rows_per_s for run in runs)),
        "server_cpu_ns_per_ping": round(statistics.median(run.server_cpu_ns for run in runs)),
        "client_cpu_share": round(statistics.median(run.client_share for run in runs), 3),
        "p50_us": _percentile_us(runs, 50.0),
        "p99_us": _percentile_us(runs, 99.0),
        "events": events,
        "events_per_ping": round(events / max(1, sum(run.sent_rows for run in runs)), 3),
    }


def _percentile_us(runs: list[Loaded], percentile: float) -> int:
    """Of a message, from its sending to its answer, closed loop: Tile38 can be asked in no other way."""
    return round(statistics.median(float(run.histogram.get_value_at_percentile(percentile)) for run in runs))
