"""One fence changed among 100,000 while pings flow: from the call to saved, and to the first ping decided by it.

    gateways, open loop at half the peak ──► server on its core: SQLite, audit log ◄── changes, one at a time
                                                                                   ◄── a device, without pause
In one run: the peak, closed loop; pings alone; pings and changes; the same with merges, for which another fence is
moved each time, too, and the server merges after 16 changed fences in place of 256. How long its loop stood still is
told for each part by the server itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from geooffer.bench import latency
from geooffer.bench.catalog_calls import KINDS, Caller, Change, calling
from geooffer.bench.catalog_load import Answered, CatalogLoadPlan, run_catalog_load
from geooffer.bench.direct_world import FENCE_COUNT
from geooffer.bench.paced_load import Pace, messages_per_s
from geooffer.bench.processes import END_TIMEOUT_S, READY_TIMEOUT_S, ReadyServer, cores, process, receive

GOAL_P99_US = 50_000
MERGED_AFTER = 16
"""Changed fences, here."""
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class CatalogPlan:
    """What to measure."""

    state_dir: Path
    fence_count: int = 100_000
    stream_count: int = 8
    row_count: int = 8
    share: float = 0.5
    """Of the peak."""
    seconds: float = 6.0
    """Of each of the three parts."""
    warmup_s: float = 1.0
    peak_s: float = 2.0
    core: int | None = None
    """Of the server; set by `measure`."""

    @property
    def person_count(self) -> int:
        """Devices 1..n of the gateways; n + 1 is the one that stands still."""
        return self.stream_count * self.row_count


@dataclass(frozen=True, slots=True)
class ReadyCatalogServer(ReadyServer):
    """tokens: of the gateway, of the operator."""

    control_address: str
    fill_s: float
    """How long it took to register the fences, in process."""


@dataclass(slots=True)
class Watched:
    """What the server saw itself, on the clock of time.perf_counter."""

    turns: list[tuple[float, float]] = field(default_factory=list)
    """When the loop came round, and how much later than asked."""
    publications: list[Span] = field(default_factory=list)
    merges: list[Span] = field(default_factory=list)
    """In the thread."""
    takeovers: list[Span] = field(default_factory=list)
    """Of merges, on the loop."""


Serve = Callable[[Connection, CatalogPlan], None]
"""Runs in a process of its own: sends a ReadyCatalogServer, then Watched for each message, until the pipe closes."""


def measure(plan: CatalogPlan, serve: Serve, note: Callable[[str], None]) -> dict[str, Any]:
    """The report, `passed` included. Raises BenchmarkError."""
    server_core, load_core = cores()
    plan = replace(plan, core=server_core)
    note(f"registering {plan.fence_count:,} fences")
    with process(serve, plan) as (pipe, server), process(run_catalog_load, load_core) as (load_pipe, load):
        ready: ReadyCatalogServer = receive(pipe, server, READY_TIMEOUT_S)
        run = _Run(plan, ready, load_pipe, note)
        asyncio.run(run.run())
        load_pipe.send(None)
        answered: Answered = receive(load_pipe, load, END_TIMEOUT_S)
        pipe.send("report")
        watched: Watched = receive(pipe, server, END_TIMEOUT_S)
    return run.report(watched, answered)


class _Run:
    """What happens while server and load run."""

    def __init__(
        self, plan: CatalogPlan, ready: ReadyCatalogServer, load_pipe: Connection, note: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._ready = ready
        self._load_pipe = load_pipe
        self._note = note
        self._spans: dict[str, Span] = {}
        self._changes: dict[str, list[Change]] = {"changes": [], "merges": []}
        self._state: Any = None

    async def run(self) -> None:
        plan, ready = self._plan, self._ready
        gateway, operator = ready.tokens
        async with AsyncExitStack() as ending:
            addresses = ready.data_address, ready.control_address
            caller, prober = await calling(ending, *addresses, (gateway, operator), plan.person_count + 1)
            self._load_pipe.send(CatalogLoadPlan(ready.data_address, gateway, plan.stream_count, plan.row_count))
            self._note("the peak, closed loop")
            await asyncio.sleep(plan.warmup_s)
            self._spans["peak"] = await _during(asyncio.sleep(plan.peak_s))
            self._load_pipe.send(Pace(plan.share, *self._spans["peak"]))
            probing = asyncio.create_task(prober.run())
            await asyncio.sleep(plan.warmup_s)
            self._note("pings alone")
            self._spans["alone"] = await _during(asyncio.sleep(plan.seconds))
            self._note("pings and changes")
            self._spans["changes"] = await _during(self._change(caller, "changes"))
            self._note("pings, changes and merges")
            self._spans["merges"] = await _during(self._change(caller, "merges"))
            probing.cancel()
            self._state = await caller.state()

    async def _change(self, caller: Caller, part: str) -> None:
        until_s, number = time.perf_counter() + self._plan.seconds, 0
        while time.perf_counter() < until_s:
            self._changes[part] += await caller.round(number)
            if part == "merges":
                await caller.shift(number % (self._plan.fence_count - FENCE_COUNT), 1_000)
            number += 1

    def report(self, watched: Watched, answered: Answered) -> dict[str, Any]:
        """As JSON."""
        parts = {part: self._part(part, watched, answered) for part in ("alone", "changes", "merges")}
        merges = _within(watched.merges, self._spans["merges"])
        during = [item for item in zip(answered.due_s, answered.answered_s, strict=True) if _meets(item, merges)]
        parts["while merging"] = {
            "messages": len(during),
            **_summary(ended_s - due_s for due_s, ended_s in during),
        }
        changes = [change for found in self._changes.values() for change in found]
        figures = {part: _figures(found) for part, found in self._changes.items()}
        wrong = sum(not change.is_right for change in changes)
        worst_p99_us = max(found["in_force"]["p99_us"] for found in figures.values())
        return {
            "fences": self._plan.fence_count,
            "streams": self._plan.stream_count,
            "peak_pings_per_s": round(messages_per_s(answered.answered_s, *self._spans["peak"]) * self._plan.row_count),
            "load_share": self._plan.share,
            "fill_s": round(self._ready.fill_s, 2),
            "changes": figures,
            "by_kind": {kind: _figures([item for item in changes if item.kind == kind]) for kind in KINDS},
            "changes_wrong": wrong,
            "pings": parts,
            "publications": _summary(ended_s - began_s for began_s, ended_s in watched.publications),
            "merges": {
                "count": len(watched.merges),
                **_summary(ended_s - began_s for began_s, ended_s in watched.merges),
            },
            "takeovers": _summary(ended_s - began_s for began_s, ended_s in watched.takeovers),
            "index_size_bytes": self._state.index_size_bytes,
            "delta_boxes": self._state.index_delta_box_count,
            "passed": wrong == 0 and worst_p99_us <= GOAL_P99_US,
        }

    def _part(self, part: str, watched: Watched, answered: Answered) -> dict[str, Any]:
        began_s, ended_s = self._spans[part]
        messages = [
            done_s - due_s
            for due_s, done_s in zip(answered.due_s, answered.answered_s, strict=True)
            if began_s <= due_s < ended_s
        ]
        turns = [late_s for moment_s, late_s in watched.turns if began_s <= moment_s < ended_s]
        rate = len(messages) * self._plan.row_count / (ended_s - began_s)
        return {"messages": len(messages), "pings_per_s": round(rate), **_summary(messages), "turns": _summary(turns)}


def _figures(changes: list[Change]) -> dict[str, Any]:
    return {
        "count": len(changes),
        "saved": _summary(change.saved_s - change.called_s for change in changes),
        "in_force": _summary(change.in_force_s - change.called_s for change in changes),
    }


async def _during(work: Any) -> Span:
    """From when till when it was done."""
    began_s = time.perf_counter()
    await work
    return began_s, time.perf_counter()


def _within(spans: Iterable[Span], whole: Span) -> list[Span]:
    return [span for span in spans if whole[0] <= span[0] and span[1] <= whole[1]]


def _meets(item: Span, spans: Iterable[Span]) -> bool:
    return any(item[0] < ended_s and began_s < item[1] for began_s, ended_s in spans)


def _summary(seconds: Iterable[float]) -> dict[str, int]:
    return latency.summary(latency.histogram_of(seconds))
