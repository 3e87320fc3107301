"""A real control port over a real engine, and the unary service of the data port; stubs that speak to them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.journal.committer import GroupCommitter
from geooffer.journal.memory import MemoryJournal
from geooffer.journal.recovery import recover
from geooffer.rpc import auth, keys, roles
from geooffer.rpc.durability import Durability, at_once
from geooffer.rpc.interceptors import Durable
from geooffer.rpc.server import PortOptions, bind_port
from geooffer.services.assembly import control_services, data_services
from geooffer.services.control import Control
from geooffer.v1.campaign_service_pb2_grpc import CampaignServiceStub
from geooffer.v1.consent_service_pb2_grpc import ConsentServiceStub
from geooffer.v1.decision_service_pb2_grpc import DecisionServiceStub
from geooffer.v1.diagnostics_service_pb2_grpc import DiagnosticsServiceStub
from geooffer.v1.inventory_service_pb2_grpc import InventoryServiceStub
from geooffer.v1.offer_service_pb2_grpc import OfferServiceStub
from geooffer.v1.signal_service_pb2_grpc import SignalServiceStub
from geooffer.v1.store_service_pb2_grpc import StoreServiceStub

NOW_MS = 1_772_528_400_000  # Tuesday 2026-03-03 10:00 in Berlin


@dataclass
class Plane:
    """The control port as a client sees it, and the engine behind it."""

    engine: Engine
    control: Control
    channel: grpc.aio.Channel
    anonymous: grpc.aio.Channel
    data: grpc.aio.Channel
    """To the data port, without credentials."""
    control_address: str
    token_keys: keys.TokenKeys

    def __post_init__(self) -> None:
        self.stores = StoreServiceStub(self.channel)
        self.campaigns = CampaignServiceStub(self.channel)
        self.inventory = InventoryServiceStub(self.channel)
        self.signals = SignalServiceStub(self.channel)
        self.consents = ConsentServiceStub(self.channel)
        self.diagnostics = DiagnosticsServiceStub(self.channel)
        self.decisions = DecisionServiceStub(self.channel)
        self.offers = OfferServiceStub(self.data)

    def token(self, role: str, subject: str = "7", **more) -> str:
        """A token of a role; a store's is of the store s1."""
        if role == roles.STORE:
            more.setdefault("store_ids", ["s1"])
        return auth.issue_token(self.token_keys.private_key, role=role, subject=subject, now_s=time.time(), **more)

    def metadata(self, role: str, subject: str = "7", **more) -> tuple[tuple[str, str], ...]:
        """Credentials of a role for one call on an anonymous channel."""
        return ((auth.AUTHORIZATION_KEY, f"Bearer {self.token(role, subject, **more)}"),)


OpenFrom = Callable[[Path], AbstractAsyncContextManager[Plane]]


class Credentials(
    grpc.aio.UnaryUnaryClientInterceptor,
):
    """Adds an operator's token to every unary call that names none."""

    def __init__(self, metadata: tuple[tuple[str, str], ...]) -> None:
        self._metadata = metadata

    async def intercept_unary_unary(self, continuation, client_call_details, request):
        details = grpc.aio.ClientCallDetails(
            client_call_details.method,
            client_call_details.timeout,
            grpc.aio.Metadata(*self._metadata),
            client_call_details.credentials,
            client_call_details.wait_for_ready,
        )
        return await continuation(details, request)


@asynccontextmanager
async def open_plane(engine: Engine, state_dir: Path, durable: Durable = at_once) -> AsyncIterator[Plane]:
    """Both ports over an engine whose time is NOW_MS."""
    control = Control(engine, real_now_ms=lambda: NOW_MS, durable=durable)
    token_keys = keys.development_keys(state_dir)
    gate = {"verifier": auth.TokenVerifier(token_keys.public_key), "durable": durable}
    options = PortOptions("127.0.0.1:0")
    port = bind_port("control", options, services=control_services(control), **gate)
    data_port = bind_port("data", options, services=data_services(control), **gate)
    await port.start()
    await data_port.start()
    token = auth.issue_token(token_keys.private_key, role=roles.OPERATOR, subject="tests", now_s=time.time())
    credentials = Credentials(((auth.AUTHORIZATION_KEY, f"Bearer {token}"),))
    async with (
        grpc.aio.insecure_channel(port.address, interceptors=[credentials]) as channel,
        grpc.aio.insecure_channel(port.address) as anonymous,
        grpc.aio.insecure_channel(data_port.address) as data,
    ):
        yield Plane(engine, control, channel, anonymous, data, port.address, token_keys)
    await port.stop(0)
    await data_port.stop(0)
    control.publisher.close()


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    """A fresh engine at NOW_MS behind a control port."""
    engine = Engine(journal=MemoryJournal(), clock=EngineClock("system"))
    async with open_plane(engine, tmp_path / "state") as running:
        yield running


@pytest.fixture(name="open_plane")
def open_plane_fixture() -> Any:
    """`async with open_plane(engine, state_dir, durable) as plane`."""
    return open_plane


@pytest.fixture
def open_from() -> OpenFrom:
    """Ports over what a state directory holds: recovered, and written on by group commits."""
    return _open_from


@asynccontextmanager
async def _open_from(directory: Path) -> AsyncIterator[Plane]:
    recovered = recover(directory)
    journal = GroupCommitter(recovered.store)
    engine = Engine(journal=journal, clock=EngineClock("system"), decision_key=b"secret", state=recovered.state)
    durability = Durability(journal)
    journal.on_durable = durability.wake
    async with open_plane(engine, directory, durability.wait) as running:
        yield running
    journal.close()
    recovered.store.close()
