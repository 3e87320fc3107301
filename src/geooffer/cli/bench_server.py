"""A benchmark's server in a process of its own: the real service with the world of the shape, or the echo."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from geooffer.errors import GeoofferError

if TYPE_CHECKING:
    from geooffer.bench.direct import Served, ServerPlan
    from geooffer.cli.assembly import RunningService
    from geooffer.engine.engine import Engine

    Running = tuple[str, list[str], Callable[[], Served]]
    """Address, tokens by phone, what it did."""

TOKEN_LIFETIME_S = 3_600.0


def serve(pipe: Connection, plan: ServerPlan) -> None:
    """The process's main (bench/direct.py: Serve)."""
    from geooffer.bench.processes import pin

    pin(plan.core)
    try:
        asyncio.run(_serve_until_closed(pipe, plan))
    except GeoofferError as error:
        pipe.send(error.message)
    except KeyboardInterrupt:
        return  # the parent was interrupted too, and says so


async def _serve_until_closed(pipe: Connection, plan: ServerPlan) -> None:
    from geooffer.bench.direct import ReadyServer
    from geooffer.cli.collector import calm_collector

    async with _server(plan) as (address, tokens, served):
        calm_collector()
        pipe.send(ReadyServer(address, tokens, os.getpid()))
        closed = asyncio.Event()

        def told() -> None:
            try:
                pipe.recv()
            except EOFError:
                closed.set()
                return
            pipe.send(served())

        loop = asyncio.get_running_loop()
        loop.add_reader(pipe.fileno(), told)
        await closed.wait()
        loop.remove_reader(pipe.fileno())


def _server(plan: ServerPlan) -> AbstractAsyncContextManager[Running]:
    return _echo(plan) if plan.plane == "echo" else _service(plan)


@asynccontextmanager
async def _service(plan: ServerPlan) -> AsyncIterator[Running]:
    from geooffer.bench.direct import Served
    from geooffer.cli.assembly import loopback_settings, running_service

    settings = loopback_settings(clock="system", state_dir=plan.state_dir, journal=plan.journal)
    async with running_service(settings) as service:
        _fill(service.engine, plan, time.time_ns() // 1_000_000)
        tokens = [
            service.issue_token("device", device_key=key, lifetime_s=TOKEN_LIFETIME_S)
            for key in range(1, plan.stream_count + 1)
        ]

        def served() -> Served:
            counts = service.engine.statistics.ping_verdicts
            verdicts = Counter({verdict.name: count for verdict, count in counts.items()})
            return Served(verdicts, service.plane.statistics.late_offers)

        compacting = asyncio.create_task(_compact_on_and_on(service)) if plan.compacts else None
        yield service.data_address, tokens, served
        if compacting is not None:
            compacting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await compacting  # raises what ended it before


async def _compact_on_and_on(service: RunningService) -> None:
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


def _fill(engine: Engine, plan: ServerPlan, now_ms: int) -> None:
    """The world of the shape, straight into the engine: what is measured is pings, not imports."""
    from geooffer.bench import direct_world
    from geooffer.model.policy import DAY_MS
    from geooffer.model.verdicts import Purpose

    engine.put_nouns([*direct_world.catalog(now_ms), direct_world.offer(now_ms)], now_ms=now_ms)
    engine.put_prices(direct_world.prices(now_ms), now_ms=now_ms)
    engine.report_stock(direct_world.stock(now_ms))
    customers = direct_world.customers(plan.stream_count)
    engine.upsert_customers(customers)
    purposes = sum(purpose.bit for purpose in Purpose)
    for customer in customers:
        engine.record_consent(
            customer.customer_id, purposes, granted=True, time_ms=now_ms - 2 * DAY_MS, now_ms=now_ms,
            notice_version="bench",
        )  # fmt: skip
    engine.record_touchpoints(direct_world.searches(plan.stream_count, now_ms, plan.intent_every), now_ms=now_ms)
    engine.publish()
