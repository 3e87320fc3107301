"""The server of a transport shape in a process of its own: the real service with the world of the load, or an echo."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from geooffer.bench.carried import CarrierPlan
    from geooffer.bench.direct import Served
    from geooffer.cli.assembly import RunningService

TOKEN_LIFETIME_S = 3_600.0
LOOPBACK = "127.0.0.1:0"


class Listening(NamedTuple):
    """What the load has to know."""

    address: str
    tokens: list[str]
    served: Callable[[], Served]


def serve(pipe: Connection, plan: CarrierPlan) -> None:
    """The process's main (bench/carried.py: Serve)."""
    from geooffer.bench.processes import run_server

    run_server(pipe, plan.core, lambda: _serve(pipe, plan))


async def _serve(pipe: Connection, plan: CarrierPlan) -> None:
    from geooffer.bench.carried import ReadyCarrier
    from geooffer.bench.certificate import write_certificate
    from geooffer.bench.gil_hog import hogging
    from geooffer.bench.processes import answer_until_closed
    from geooffer.cli.collector import calm_collector

    plan.state_dir.mkdir(parents=True, exist_ok=True)
    tls: dict[str, Any] = {}
    ca_pem = ""
    if plan.shape.is_tls:
        certificate, key = write_certificate(plan.state_dir)
        tls, ca_pem = {"tls_cert": certificate, "tls_key": key}, certificate.read_text()
    server = _echo(plan, tls) if plan.plane.endswith("echo") else _service(plan, tls)
    async with server as (address, tokens, served):
        calm_collector()
        with hogging(plan.hog):
            pipe.send(ReadyCarrier(address, tokens, os.getpid(), ca_pem))
            await answer_until_closed(pipe, served)


@asynccontextmanager
async def _service(plan: CarrierPlan, tls: dict[str, Any]) -> AsyncIterator[Listening]:
    from geooffer.bench import direct_world, fence_loads
    from geooffer.bench.direct import Served
    from geooffer.cli.assembly import loopback_settings, running_service
    from geooffer.cli.bench_server import compact_on_and_on

    settings = loopback_settings(
        clock="system",
        state_dir=plan.state_dir,
        journal=plan.journal,
        tls_handshakes_per_second=0,
        **_plane_settings(plan),
        **tls,
    )
    async with AsyncExitStack() as ending:
        service = await ending.enter_async_context(running_service(settings))
        now_ms = time.time_ns() // 1_000_000
        if plan.fences is None:
            direct_world.fill(service.engine, plan.shape.device_count, now_ms, plan.intent_every)
        else:
            fence_loads.fill(service.engine, plan.fences, now_ms)

        def served() -> Served:
            counts = service.engine.statistics.ping_verdicts
            verdicts = Counter({verdict.name: count for verdict, count in counts.items() if count})
            return Served(verdicts, service.plane.statistics.late_offers)

        if plan.compacts:
            compacting = asyncio.create_task(compact_on_and_on(service))
            ending.callback(compacting.cancel)
        address = getattr(service.plane, "gateway_address", None) or service.data_address
        yield Listening(address, _tokens(plan, service), served)


def _plane_settings(plan: CarrierPlan) -> dict[str, Any]:
    """A gateway's 64 streams a connection need the listener for gateways, where there is one."""
    if plan.plane == "native" and plan.shape.role == "gateway":
        return {"plane": "native", "gateway_address": LOOPBACK}
    return {"plane": plan.plane}


def _tokens(plan: CarrierPlan, service: RunningService) -> list[str]:
    if plan.shape.role != "device":
        return [service.issue_token(plan.shape.role, lifetime_s=TOKEN_LIFETIME_S)]
    keys = range(1, plan.shape.device_count + 1)
    return [service.issue_token("device", device_key=key, lifetime_s=TOKEN_LIFETIME_S) for key in keys]


@asynccontextmanager
async def _echo(plan: CarrierPlan, tls: dict[str, Any]) -> AsyncIterator[Listening]:
    """The plane's transport and its check of tokens, and nothing behind."""
    from geooffer.bench.direct import Served
    from geooffer.rpc.auth import issue_token
    from geooffer.rpc.keys import development_keys

    keys = development_keys(plan.state_dir)

    def token(role: str, subject: str) -> str:
        return issue_token(keys.private_key, role=role, subject=subject, now_s=time.time(), lifetime_s=TOKEN_LIFETIME_S)

    if plan.shape.role == "device":
        tokens = [token("device", str(key)) for key in range(1, plan.shape.device_count + 1)]
    else:
        tokens = [token(plan.shape.role, plan.shape.role)]
    start = _native_echo if plan.plane == "native-echo" else _python_echo
    async with start(plan, keys.public_key, tls) as address:
        yield Listening(address, tokens, lambda: Served(Counter(), 0))


@asynccontextmanager
async def _python_echo(plan: CarrierPlan, public_key: Any, tls: dict[str, Any]) -> AsyncIterator[str]:
    from geooffer.dataplane.echo import EchoPlane
    from geooffer.rpc.auth import TokenVerifier
    from geooffer.rpc.durability import at_once
    from geooffer.rpc.server import PortOptions, bind_port
    from geooffer.rpc.tls import TlsFiles

    files = TlsFiles(tls["tls_cert"].read_bytes(), tls["tls_key"].read_bytes()) if tls else None
    options = PortOptions(LOOPBACK, tls=files)
    verifier = TokenVerifier(public_key)
    port = bind_port("data", options, verifier=verifier, durable=at_once, services=[EchoPlane().service()])
    await port.start()
    try:
        yield port.address
    finally:
        await port.stop(0.5)


@asynccontextmanager
async def _native_echo(plan: CarrierPlan, public_key: Any, tls: dict[str, Any]) -> AsyncIterator[str]:
    from geooffer.dataplane.native_echo import echo_plane
    from geooffer.rpc.auth import TokenVerifier
    from geooffer.rpc.tls import TlsFiles

    files = TlsFiles(tls["tls_cert"].read_bytes(), tls["tls_key"].read_bytes()) if tls else None
    gateways = LOOPBACK if plan.shape.role == "gateway" else ""
    with echo_plane(LOOPBACK, TokenVerifier(public_key), tls=files, gateway_address=gateways) as native:
        yield native.gateway_address or native.phone_address
