"""`geooffer bench catalog`: how long it takes until one changed fence among 100,000 is saved, and decides pings."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.bench_report import origin, print_origin, tell
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import remark

if TYPE_CHECKING:
    from geooffer.bench.catalog import CatalogPlan, Watched
    from geooffer.cli.assembly import RunningService
    from geooffer.engine.engine import Engine

TOKEN_LIFETIME_S = 3_600.0
LOOK_EVERY_S = 0.001
BATCH_COUNT = 1_000


def register(group: typer.Typer) -> None:
    """Add the command."""

    @group.command("catalog")
    def catalog(
        fences: Annotated[int, typer.Option(min=2_500, max=1_000_000, help="In the catalog.")] = 100_000,
        streams: Annotated[int, typer.Option(min=1, max=64, help="Gateway streams, a connection each.")] = 8,
        rows: Annotated[int, typer.Option(min=1, max=256, help="Pings a message.")] = 8,
        share: Annotated[float, typer.Option(min=0.01, max=0.9, help="Of the peak, open loop.")] = 0.5,
        seconds: Annotated[float, typer.Option(min=0.5, help="Pings alone, with changes, with merges: each.")] = 6.0,
        check: Annotated[bool, typer.Option("--check", help="Exit 1 where p99 to in force > 50 ms.")] = False,
        json_output: JsonOutput = False,
    ) -> None:
        """Create, move and remove a fence, one at a time, while pings flow. Exit 1 where a ping was decided wrongly."""
        from geooffer.bench.catalog import CatalogPlan, measure

        with tempfile.TemporaryDirectory(prefix="geooffer-bench-") as directory:
            plan = CatalogPlan(
                Path(directory), fence_count=fences, stream_count=streams, row_count=rows, share=share, seconds=seconds
            )
            report = measure(plan, serve, remark)
        tell(report | {"shape": "catalog"} | origin(), _print, json_output)
        if report["changes_wrong"] or (check and not report["passed"]):
            raise typer.Exit(1)


def serve(pipe: Connection, plan: CatalogPlan) -> None:
    """The server process's main (bench/catalog.py: Serve)."""
    from geooffer.bench.processes import run_server

    run_server(pipe, plan.core, lambda: _serve(pipe, plan))


async def _serve(pipe: Connection, plan: CatalogPlan) -> None:
    from geooffer.bench.catalog import ReadyCatalogServer
    from geooffer.bench.processes import answer_until_closed
    from geooffer.cli.collector import calm_collector
    from geooffer.cli.log import log_to_stderr

    log_to_stderr("error")
    async with filled_service(plan) as (service, seen, fill_s):
        calm_collector()
        tokens = _tokens(service, plan)
        pipe.send(ReadyCatalogServer(service.data_address, tokens, os.getpid(), service.control_address, fill_s))
        await answer_until_closed(pipe, lambda: seen)


@asynccontextmanager
async def filled_service(plan: CatalogPlan) -> AsyncIterator[tuple[RunningService, Watched, float]]:
    """A server as `serve` starts it, without quotas, full of fences and watched; and how long the fences took."""
    from geooffer.bench import direct_world
    from geooffer.bench.catalog import MERGED_AFTER, Watched
    from geooffer.bench.catalog_world import further_count, further_fence
    from geooffer.cli.assembly import loopback_settings, running_service
    from geooffer.engine import fence_layers

    settings = loopback_settings(clock="system", state_dir=plan.state_dir, journal="sqlite")
    async with running_service(settings) as service:
        now_ms = time.time_ns() // 1_000_000
        direct_world.fill(service.engine, plan.person_count + 1, now_ms, intent_every=1)
        began_s = time.perf_counter()
        numbers = range(further_count(plan.fence_count))
        for first in range(0, len(numbers), BATCH_COUNT):
            fences = [further_fence(number) for number in numbers[first : first + BATCH_COUNT]]
            service.engine.put_nouns(fences, now_ms=now_ms)
            await service.control.durable()
        service.engine.publish()
        fill_s = time.perf_counter() - began_s
        fence_layers.MERGE_BOX_COUNT_MIN = MERGED_AFTER
        seen = Watched()
        _watch(service.engine, seen)
        watching = asyncio.create_task(_watch_turns(seen.turns))
        yield service, seen, fill_s
        watching.cancel()


def _watch(engine: Engine, seen: Watched) -> None:
    """Note when the engine publishes, and from when to when it merges."""

    def timed(call: Callable[..., Any], spans: list[tuple[float, float]]) -> Callable[..., Any]:
        def watched(*arguments: Any) -> Any:
            began_s = time.perf_counter()
            try:
                return call(*arguments)
            finally:
                spans.append((began_s, time.perf_counter()))

        return watched

    watched: Any = engine
    begin, take = engine.merge_input, timed(engine.take_merged, seen.takeovers)
    began_s: list[float] = []

    def merge_input() -> Any:
        source = begin()
        if source is not None:
            began_s.append(time.perf_counter())
        return source

    def take_merged(source: Any, merged: Any) -> Any:
        seen.merges.append((began_s[-1], time.perf_counter()))
        return take(source, merged)

    watched.publish = timed(engine.publish, seen.publications)
    watched.merge_input, watched.take_merged = merge_input, take_merged


async def _watch_turns(turns: list[tuple[float, float]]) -> None:
    """For ever: when the loop came round, and how much later than asked."""
    while True:
        asked_s = time.perf_counter()
        await asyncio.sleep(LOOK_EVERY_S)
        turns.append((asked_s, time.perf_counter() - asked_s - LOOK_EVERY_S))


def _tokens(service: RunningService, plan: CatalogPlan) -> list[str]:
    from geooffer.rpc.auth import issue_token

    key = service.callers.private_key
    assert key is not None

    def issue(role: str, **more: Any) -> str:
        return issue_token(key, role=role, subject="bench", now_s=time.time(), lifetime_s=TOKEN_LIFETIME_S, **more)

    return [issue("gateway", device_key_ranges=[(1, plan.person_count + 1)]), issue("operator")]


def _print(report: dict[str, Any]) -> None:
    print(
        f"catalog · {report['fences']:,} fences; {report['streams']} streams at {report['load_share']:.0%} of"
        f" {report['peak_pings_per_s']:,} pings/s; fences registered in {report['fill_s']} s"
    )
    names = ("p50_us", "p90_us", "p99_us", "p999_us", "max_us")
    print(f"  {'µs':<34} {'count':>7} " + " ".join(f"{name[:-3]:>8}" for name in names))

    def row(what: str, count: Any, figures: dict[str, int]) -> None:
        print(f"  {what:<34} {count:>7} " + " ".join(f"{figures[name]:>8,}" for name in names))

    for part, found in report["changes"].items():
        row(f"{part}: call → saved", found["count"], found["saved"])
        row(f"{part}: call → in force", found["count"], found["in_force"])
    for kind, found in report["by_kind"].items():
        row(f"  {kind}: call → in force", found["count"], found["in_force"])
    for part, found in report["pings"].items():
        row(f"pings, {part}: due → answered", found["messages"], found)
        if "turns" in found:
            row("  loop comes later", "", found["turns"])
    row("publications, on the loop", "", report["publications"])
    row("merges, in a thread", report["merges"]["count"], report["merges"])
    row("  taken over, on the loop", "", report["takeovers"])
    print(
        f"  index {report['index_size_bytes'] / 1e6:,.1f} MB, {report['delta_boxes']:,} boxes in the delta at the end"
    )
    wrong = report["changes_wrong"]
    print(
        f"  {'passed' if report['passed'] else 'NOT PASSED'} (goal: in force p99 ≤ 50 ms, none wrong); wrong: {wrong}"
    )
    print_origin(report)
