"""Nothing is answered before it is durable: every kind of method, and refusals, over a port and a disk that stalls.

The service behind the port is a real engine's; what it answers with is what its journal took.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from grpc_health.v1 import health_pb2, health_pb2_grpc

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.errors import JournalError, NotFoundError
from geooffer.model.catalog import Customer
from geooffer.rpc import auth, roles
from geooffer.rpc.durability import Durability
from geooffer.rpc.server import PortOptions, Service, bind_port
from geooffer.v1 import ping_service_pb2 as pb
from stalling_journal import StallingJournal

KEY = Ed25519PrivateKey.generate()
NAME = "geooffer.v1.StoreService"
UNARY, CLIENT_STREAM, SERVER_STREAM, BOTH = "GetStore", "GetGeofence", "ListStores", "ListGeofences"
"""Names that roles know; the test's own methods stand behind them, one of each kind."""
TOLD_S = 5.0
STILL_S = 0.15


class Keeper:
    """Keeps a customer, then answers; sequence 1 keeps and refuses, 2 is a bug."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._count = 0

    def _keep(self, request: pb.Ping) -> pb.Ping:
        self._count += 1
        self._engine.upsert_customers([Customer(f"c{self._count}", ())])
        if request.sequence == 1:
            raise NotFoundError("nothing there")
        if request.sequence == 2:
            raise ValueError("a secret text")
        return pb.Ping(sequence=self._count)

    async def unary(self, request: pb.Ping, context: Any) -> pb.Ping:
        return self._keep(request)

    async def client_stream(self, requests: AsyncIterator[pb.Ping], context: Any) -> pb.Ping:
        return [self._keep(request) async for request in requests][-1]

    async def server_stream(self, request: pb.Ping, context: Any) -> AsyncIterator[pb.Ping]:
        for _ in range(2):
            yield self._keep(request)

    async def both(self, requests: AsyncIterator[pb.Ping], context: Any) -> AsyncIterator[pb.Ping]:
        async for request in requests:
            yield self._keep(request)

    def add(self, server: grpc.aio.Server) -> None:
        coding = (pb.Ping.FromString, pb.Ping.SerializeToString)
        handlers = {
            UNARY: grpc.unary_unary_rpc_method_handler(self.unary, *coding),
            CLIENT_STREAM: grpc.stream_unary_rpc_method_handler(self.client_stream, *coding),
            SERVER_STREAM: grpc.unary_stream_rpc_method_handler(self.server_stream, *coding),
            BOTH: grpc.stream_stream_rpc_method_handler(self.both, *coding),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, handlers),))


@dataclass
class Stage:
    """The port's client, its journal and its Durability."""

    channel: grpc.aio.Channel
    journal: StallingJournal
    durability: Durability

    def call(self, kind: str, sequence: int = 0) -> asyncio.Task[list[int]]:
        """Begin one call; its answers' sequences."""
        return asyncio.create_task(self._call(kind, pb.Ping(sequence=sequence)))

    async def _call(self, kind: str, request: pb.Ping) -> list[int]:
        token = auth.issue_token(KEY, role=roles.OPERATOR, subject="tests", now_s=time.time())
        more = {
            "request_serializer": pb.Ping.SerializeToString,
            "response_deserializer": pb.Ping.FromString,
        }
        metadata = ((auth.AUTHORIZATION_KEY, f"Bearer {token}"),)
        path = f"/{NAME}/{kind}"
        if kind == UNARY:
            return [(await self.channel.unary_unary(path, **more)(request, metadata=metadata)).sequence]
        if kind == CLIENT_STREAM:
            return [(await self.channel.stream_unary(path, **more)([request], metadata=metadata)).sequence]
        if kind == SERVER_STREAM:
            return [item.sequence async for item in self.channel.unary_stream(path, **more)(request, metadata=metadata)]
        call = self.channel.stream_stream(path, **more)([request], metadata=metadata)
        return [item.sequence async for item in call]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as running:
        yield running


@asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    journal = StallingJournal()
    engine = Engine(journal=journal, clock=EngineClock("system"))
    durability = Durability(journal)
    journal.wake = durability.wake
    port = bind_port(
        "control",
        PortOptions("127.0.0.1:0"),
        verifier=auth.TokenVerifier(KEY.public_key()),
        durable=durability.wait,
        services=[Service(NAME, Keeper(engine).add)],
    )
    await port.start()
    async with grpc.aio.insecure_channel(port.address) as channel:
        yield Stage(channel, journal, durability)
    await port.stop(0)


async def appended(journal: StallingJournal, count: int) -> None:
    """Wait until the engine has changed so often: the call is at its answer."""
    while journal.appended < count:
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("kind", [UNARY, CLIENT_STREAM, SERVER_STREAM, BOTH])
async def test_no_answer_leaves_before_what_it_tells_of_is_durable(stage: Stage, kind: str) -> None:
    stage.journal.stall()
    call = stage.call(kind)
    await appended(stage.journal, 1)
    done, _ = await asyncio.wait([call], timeout=STILL_S)
    assert not done
    stage.journal.go_on()
    assert await asyncio.wait_for(call, TOLD_S) == ([1, 2] if kind == SERVER_STREAM else [1])


@pytest.mark.parametrize("kind", [UNARY, CLIENT_STREAM, SERVER_STREAM, BOTH])
async def test_a_refusal_that_tells_of_a_change_waits_for_it_too(stage: Stage, kind: str) -> None:
    stage.journal.stall()
    call = stage.call(kind, sequence=1)
    await appended(stage.journal, 1)
    done, _ = await asyncio.wait([call], timeout=STILL_S)
    assert not done
    stage.journal.go_on()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await asyncio.wait_for(call, TOLD_S)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("kind", [UNARY, CLIENT_STREAM, SERVER_STREAM, BOTH])
async def test_a_journal_that_fails_ends_the_calls_that_wait_for_it(stage: Stage, kind: str) -> None:
    stage.journal.stall()
    call = stage.call(kind)
    await appended(stage.journal, 1)
    stage.journal.fail()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await asyncio.wait_for(call, TOLD_S)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "journal" in str(caught.value.details())
    # later calls, too: what they would tell of was never written
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await asyncio.wait_for(stage.call(kind), TOLD_S)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_who_gives_up_waiting_leaves_the_others_and_nothing_behind(stage: Stage) -> None:
    stage.journal.stall()
    calls = [stage.call(UNARY) for _ in range(3)]
    await appended(stage.journal, 3)
    waiting = len(stage.durability._waiting)
    for _ in range(20):  # readers that come, wait and go: no ticket of their own
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stage.durability.wait(), 0.001)
    assert len(stage.durability._waiting) <= waiting + 1
    calls[1].cancel()
    stage.journal.go_on()
    done, _ = await asyncio.wait(calls, timeout=TOLD_S)
    assert len(done) == 3
    assert {calls[0].result()[0], calls[2].result()[0]} <= {1, 2, 3}
    assert not stage.durability._waiting


async def test_health_and_refusals_at_the_door_do_not_wait_for_a_disk(stage: Stage) -> None:
    stage.journal.stall()
    call = stage.call(UNARY)
    await appended(stage.journal, 1)
    health = health_pb2_grpc.HealthStub(stage.channel)
    answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=TOLD_S)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stage.channel.unary_unary(f"/{NAME}/{UNARY}")(b"", timeout=TOLD_S)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert not call.done()
    stage.journal.go_on()
    await call


async def test_waiters_are_told_in_the_order_of_their_tickets() -> None:
    async with open_stage() as stage:
        stage.journal.stall()
        told: list[int] = []
        for number in range(4):
            Keeper(Engine(journal=stage.journal, clock=EngineClock("system"), state=None))
            stage.durability.when_settled(stage.journal.appended + 1 + number // 2, lambda n=number: told.append(n))
        assert not told
        stage.journal._durable_up_to = stage.journal.durable + 1
        stage.durability._settle()
        assert told == [0, 1]
        stage.journal._durable_up_to += 1
        stage.durability._settle()
        assert told == [0, 1, 2, 3]


async def test_after_a_failure_no_read_tells_what_the_journal_refused() -> None:
    """A call with a request_id folds first; its records never got a ticket that a read could wait for."""
    async with open_stage() as stage:
        engine = Engine(journal=stage.journal, clock=EngineClock("system"))
        await stage.durability.wait()
        stage.journal.fail()
        with pytest.raises(JournalError), engine.as_one_commit():
            engine.upsert_customers([Customer("c1", ())])
        assert engine.customer("c1"), "or there is nothing to tell"
        assert stage.journal.durable == stage.journal.appended
        with pytest.raises(JournalError):
            await stage.durability.wait()


async def test_a_fault_in_one_waiter_keeps_no_other_waiting() -> None:
    async with open_stage() as stage:
        stage.journal.stall()
        told = asyncio.Event()

        def fail() -> None:
            raise ValueError("a fault of ours")

        ticket = stage.journal.appended + 1
        for settled in (fail, fail, told.set):
            stage.durability.when_settled(ticket, settled)
        loop, faults = asyncio.get_running_loop(), []
        loop.set_exception_handler(lambda loop, context: faults.append(context["exception"]))
        stage.journal._durable_up_to = ticket
        stage.durability.wake()
        await asyncio.wait_for(told.wait(), TOLD_S)
        assert [str(fault) for fault in faults] == ["a fault of ours"] * 2
