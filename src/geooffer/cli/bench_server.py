"""A benchmark's server in a process of its own: the real service with the world of the shape, or the echo."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geooffer.bench.direct import Served, ServerPlan
    from geooffer.cli.assembly import RunningService

    Running = tuple[str, list[str], Callable[[], Served]]
    """Address, tokens by phone, what it did."""

TOKEN_LIFETIME_S = 3_600.0


def serve(pipe: Connection, plan: ServerPlan) -> None:
    """The process's main (bench/direct.py: Serve)."""
    from geooffer.bench.processes import run_server

    run_server(pipe, plan.core, lambda: _serve(pipe, plan))


async def _serve(pipe: Connection, plan: ServerPlan) -> None:
    from geooffer.bench.processes import listen_until_closed
    from geooffer.cli.collector import calm_collector

    async with _server(plan) as (address, tokens, served):
        calm_collector()
        await listen_until_closed(pipe, address, tokens, served)


def _server(plan: ServerPlan) -> AbstractAsyncContextManager[Running]:
    return _echo(plan) if plan.plane == "echo" else _service(plan)


@asynccontextmanager
async def _service(plan: ServerPlan) -> AsyncIterator[Running]:
    from geooffer.bench import direct_world
    from geooffer.bench.direct import Served
    from geooffer.bench.processes import watch_pauses
    from geooffer.cli.assembly import loopback_settings, running_service

    settings = loopback_settings(clock="system", state_dir=plan.state_dir, journal=plan.journal)
    async with running_service(settings) as service:
        direct_world.fill(service.engine, plan.stream_count, time.time_ns() // 1_000_000, plan.intent_every)
        tokens = [
            service.issue_token("device", device_key=key, lifetime_s=TOKEN_LIFETIME_S)
            for key in range(1, plan.stream_count + 1)
        ]

        def served() -> Served:
            counts = service.engine.statistics.ping_verdicts
            verdicts = Counter({verdict.name: count for verdict, count in counts.items()})
            return Served(verdicts, service.plane.statistics.late_offers, pauses_s)

        pauses_s: list[float] = []
        watching = asyncio.create_task(watch_pauses(pauses_s))
        compacting = asyncio.create_task(compact_on_and_on(service)) if plan.compacts else None
        yield service.data_address, tokens, served
        watching.cancel()
        if compacting is not None:
            compacting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await compacting  # raises what ended it before


async def compact_on_and_on(service: RunningService) -> None:
    """One snapshot after the other, until cancelled."""
    compact = service.control.erasures.compact
    assert compact is not None
    while True:
        await compact()


@asynccontextmanager
async def _echo(plan: ServerPlan) -> AsyncIterator[Running]:
    from geooffer.bench.direct import Served
    from geooffer.dataplane.echo import EchoPlane
    from geooffer.rpc.auth import TokenVerifier, issue_token
    from geooffer.rpc.durability import at_once
    from geooffer.rpc.keys import development_keys
    from geooffer.rpc.server import PortOptions, bind_port

    keys = development_keys(plan.state_dir)
    services = [EchoPlane().service()]
    verifier = TokenVerifier(keys.public_key)
    port = bind_port("data", PortOptions("127.0.0.1:0"), verifier=verifier, durable=at_once, services=services)
    await port.start()
    try:
        tokens = [
            issue_token(
                keys.private_key, role="device", subject=str(key), now_s=time.time(), lifetime_s=TOKEN_LIFETIME_S
            )
            for key in range(1, plan.stream_count + 1)
        ]
        yield port.address, tokens, lambda: Served(Counter(), 0)
    finally:
        await port.stop(0.5)
