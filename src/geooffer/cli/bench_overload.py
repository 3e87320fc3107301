"""`geooffer bench overload`: ten times the load it can bear, and what becomes of it."""

from __future__ import annotations

import math
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.bench_report import tell
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import remark

if TYPE_CHECKING:
    from geooffer.bench.overload import OverloadPlan

TOKEN_LIFETIME_S = 3_600.0


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("overload")(overload)


def overload(
    seconds: Annotated[float, typer.Option(min=0.5, help="Measured time of each run.")] = 3.0,
    pairs: Annotated[int, typer.Option(min=1, help="Alternations of peak and overload.")] = 3,
    factor: Annotated[float, typer.Option(min=1.0, help="Offered load, in peaks of the closed loop.")] = 10.0,
    streams: Annotated[int, typer.Option(min=2, max=256, help="Gateway streams, over two processes.")] = 16,
    rows: Annotated[int, typer.Option(min=1, max=1_024, help="Pings a message.")] = 64,
    unbounded: Annotated[
        bool, typer.Option("--unbounded", help="The control: queue and windows unbounded, no budget; known to fail.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 where the gate is not passed.")] = False,
    json_output: JsonOutput = False,
) -> None:
    """Find the peak closed loop, then offer a multiple of it open loop from real client processes."""
    report = measure_overload(
        seconds=seconds, pair_count=pairs, factor=factor, stream_count=streams, row_count=rows, bounded=not unbounded
    )
    tell(report, _print, json_output)
    if check and not report["passed"]:
        raise typer.Exit(1)


def measure_overload(**changes: Any) -> dict[str, Any]:
    """One run as the command does it; `changes`: fields of bench/overload.OverloadPlan. For `make faults`."""
    from geooffer.bench.overload import OverloadPlan, measure

    with tempfile.TemporaryDirectory(prefix="geooffer-bench-") as directory:
        return measure(OverloadPlan(Path(directory), **changes), serve, remark)


def serve(pipe: Connection, plan: OverloadPlan) -> None:
    """The server process's main (bench/overload.py: Serve)."""
    from geooffer.bench.processes import run_server

    run_server(pipe, plan.core, lambda: _serve(pipe, plan))


async def _serve(pipe: Connection, plan: OverloadPlan) -> None:
    """A data port alone, over an engine with the world of the shape."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from geooffer.bench import direct_world
    from geooffer.bench.processes import listen_until_closed
    from geooffer.cli.collector import calm_collector
    from geooffer.dataplane import gatherer
    from geooffer.dataplane.admission import AdmissionQueue
    from geooffer.dataplane.grpc_plane import GrpcDataPlane
    from geooffer.engine.clock import EngineClock
    from geooffer.engine.engine import Engine
    from geooffer.journal.memory import MemoryJournal
    from geooffer.kernels.compile import compile_all
    from geooffer.model import limits
    from geooffer.rpc import server
    from geooffer.rpc.auth import TokenVerifier, issue_token
    from geooffer.rpc.durability import Durability

    compile_all()
    engine = Engine(journal=MemoryJournal(), clock=EngineClock("system"))
    # a customer for each ping of a message of every stream
    direct_world.fill(engine, plan.stream_count * plan.row_count, time.time_ns() // 1_000_000)
    durability = Durability(engine.journal)
    control: dict[str, Any] = {"queue": AdmissionQueue(math.inf, math.inf), "default_budget_ms": 0}
    if not plan.bounded:
        gatherer.LONG_QUEUE_ROW_COUNT = 2**62
        server.DATA_LOOKAHEAD_BYTES = limits.STREAM_QUEUE_ROW_COUNT_MAX * 64
    plane = GrpcDataPlane(
        engine, durability, real_now_ms=lambda: time.time_ns() // 1_000_000, **({} if plan.bounded else control)
    )
    key = Ed25519PrivateKey.generate()
    verifier = TokenVerifier(key.public_key())
    port = server.bind_port(
        "data",
        server.PortOptions("127.0.0.1:0"),
        verifier=verifier,
        durable=durability.wait,
        services=[plane.service()],
    )
    await port.start()
    plane.start()
    calm_collector()
    token = issue_token(
        key, role="gateway", subject="bench", now_s=time.time(), lifetime_s=TOKEN_LIFETIME_S,
        device_key_ranges=[(1, plan.stream_count * plan.row_count)],
    )  # fmt: skip
    await listen_until_closed(pipe, port.address, [token])
    await plane.drain(0.5)
    await port.stop(0.5)


def _print(report: dict[str, Any]) -> None:
    mebibyte = 1024 * 1024
    print(f"overload · {report['streams']} streams × {report['pings_per_message']} pings a message", end="")
    print("" if report["bounded"] else " · queue and windows unbounded, no budget (the control)")
    print(f"  {report['peak_per_s']:>10,} pings/s decided within their budget, closed loop: the peak")
    print(f"  {report['offered_per_s']:>10,} pings/s offered, open loop")
    print(
        f"  {report['goodput_per_s']:>10,} pings/s decided within their budget,"
        f" {report['goodput_share']:.0%} of the peak"
        f" ({report['goodput_share_min']:.0%} to {report['goodput_share_max']:.0%} in {report['pairs']} pairs)"
    )
    print(
        f"  {report['shed_share']:>10.1%} shed, told as SHED; {report['held_back_share']:.1%} held back by flow control"
    )
    if report["accepted_p99_us"] is not None:
        print(f"  {report['accepted_p99_us']:>10,} µs p99 of what was decided, from its handing over to its answer")
    sizes = (report[f"rss_{moment}_bytes"] / mebibyte for moment in ("before", "most", "after"))
    print("  memory before {:,.0f}, at most {:,.0f}, after {:,.0f} MiB".format(*sizes))
    print("  passed" if report["passed"] else "  NOT PASSED")
