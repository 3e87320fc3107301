"""`geooffer bench consent`: how long a withdrawal takes under load, and that no offer leaves after it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.bench_report import origin, print_origin, tell
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import remark

if TYPE_CHECKING:
    from geooffer.bench.consent import ConsentPlan
    from geooffer.dataplane.grpc_plane import GrpcDataPlane
    from geooffer.engine.engine import Engine

TOKEN_LIFETIME_S = 3_600.0
GOAL_P99_US = 10_000


@dataclass(frozen=True, slots=True)
class Raced:
    """A data port over a journal in files."""

    address: str
    tokens: list[str]
    """The gateway's, then one a withdrawing device."""
    plane: GrpcDataPlane
    engine: Engine
    issue: Callable[[str, str], str]
    """A token of a role and subject."""


def register(group: typer.Typer) -> None:
    """Add the command."""

    @group.command("consent")
    def consent(
        streams: Annotated[int, typer.Option(min=1, max=64, help="Gateway streams, a connection each.")] = 8,
        persons: Annotated[int, typer.Option(min=2, max=1_024, help="Of each stream; every second withdraws.")] = 64,
        interval_ms: Annotated[float, typer.Option(min=1.0, help="Between two messages of a stream.")] = 100.0,
        pause_ms: Annotated[float, typer.Option(min=0.0, help="Between two withdrawals.")] = 20.0,
        check: Annotated[bool, typer.Option("--check", help="Exit 1 where an offer was late, or p99 > 10 ms.")] = False,
        json_output: JsonOutput = False,
    ) -> None:
        """Phones withdraw while offers to them are decided, written to disk and sent."""
        from geooffer.bench.consent import measure, plan_of

        with tempfile.TemporaryDirectory(prefix="geooffer-bench-") as directory:
            plan = plan_of(
                Path(directory), stream_count=streams, row_count=persons, interval_s=interval_ms / 1_000,
                withdrawal_interval_s=pause_ms / 1_000,
            )  # fmt: skip
            report = measure(plan, serve, remark)
        report["passed"] = report["offers_late"] == 0 and report["p99_us"] <= GOAL_P99_US
        tell(report | {"shape": "consent"} | origin(), _print, json_output)
        if check and not report["passed"]:
            raise typer.Exit(1)


def serve(pipe: Connection, plan: ConsentPlan) -> None:
    """The server process's main (bench/consent.py: Serve)."""
    from geooffer.bench.processes import run_server

    run_server(pipe, plan.core, lambda: _serve(pipe, plan))


async def _serve(pipe: Connection, plan: ConsentPlan) -> None:
    from geooffer.bench.processes import listen_until_closed
    from geooffer.cli.collector import calm_collector

    async with raced_ports(plan) as raced:
        calm_collector()
        await listen_until_closed(pipe, raced.address, raced.tokens)


@asynccontextmanager
async def raced_ports(plan: ConsentPlan) -> AsyncIterator[Raced]:
    """A data port in this process, its world full of people whom no cap keeps from the next offer."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from geooffer.bench import direct_world
    from geooffer.bench.consent import withdrawing_keys
    from geooffer.dataplane.grpc_plane import GrpcDataPlane
    from geooffer.engine.clock import EngineClock
    from geooffer.engine.engine import Engine
    from geooffer.journal.committer import GroupCommitter
    from geooffer.journal.recovery import recover
    from geooffer.kernels.compile import compile_all
    from geooffer.model.policy import Policy
    from geooffer.rpc.auth import TokenVerifier, issue_token
    from geooffer.rpc.durability import Durability
    from geooffer.rpc.server import PortOptions, bind_port
    from geooffer.services.assembly import data_services
    from geooffer.services.control import Control

    def now_ms() -> int:
        return time.time_ns() // 1_000_000

    compile_all()
    recovered = recover(plan.state_dir)
    journal = GroupCommitter(recovered.store)
    policy = Policy(cooldown_ms=0, same_offer_after_ms=0)
    clock = EngineClock("system")
    engine = Engine(journal=journal, clock=clock, policy=policy, cap_rules=(), state=recovered.state)
    direct_world.fill(engine, plan.person_count, now_ms(), intent_every=1)
    durability = Durability(journal)
    journal.on_durable = durability.wake
    plane = GrpcDataPlane(engine, durability, real_now_ms=now_ms)
    control = Control(engine, real_now_ms=now_ms, durable=durability.wait)
    key = Ed25519PrivateKey.generate()
    port = bind_port(
        "data",
        PortOptions("127.0.0.1:0"),
        verifier=TokenVerifier(key.public_key()),
        durable=durability.wait,
        services=[plane.service(), *data_services(control)],
    )
    await port.start()
    plane.start()

    def issue(role: str, subject: str, **more: Any) -> str:
        return issue_token(key, role=role, subject=subject, now_s=time.time(), lifetime_s=TOKEN_LIFETIME_S, **more)

    tokens = [issue("gateway", "bench", device_key_ranges=[(1, plan.person_count)])]
    tokens += [issue("device", str(device_key)) for device_key in withdrawing_keys(plan.person_count)]
    try:
        yield Raced(port.address, tokens, plane, engine, issue)
    finally:
        await plane.drain(0.5)
        await port.stop(0.5)
        control.publisher.close()
        journal.close()
        recovered.store.close()


def _print(report: dict[str, Any]) -> None:
    print(
        f"consent · {report['persons']:,} persons on {report['streams']} streams, {report['pings_per_s']:,} pings/s,"
        f" {report['offers']:,} offers; {report['withdrawals']:,} withdrawals, from sending to durable return:"
    )
    for name in ("p50_us", "p90_us", "p99_us", "max_us"):
        print(f"  {report[name]:>10,} µs {name.removesuffix('_us')}")
    print(f"  {report['offers_late']:>10,} offers of pings sent after it had returned")
    print(f"  {report['offers_in_flight']:>10,} offers of earlier pings that were on their way")
    print("  passed" if report["passed"] else f"  NOT PASSED (goal: none late, p99 ≤ {GOAL_P99_US:,} µs)")
    print_origin(report)
