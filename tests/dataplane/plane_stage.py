"""A real engine behind a real data port on a port the system chooses; one shop, one product, one customer."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from geooffer.cli import assembly, held_journal
from geooffer.client import Backoff, GeoofferClient
from geooffer.dataplane.grpc_plane import GrpcDataPlane
from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.engine.shapes import circle
from geooffer.journal.memory import MemoryJournal
from geooffer.kernels import entries  # noqa: F401
from geooffer.kernels.compile import compile_all
from geooffer.model.catalog import (
    Category,
    Customer,
    Geofence,
    Offer,
    Price,
    Product,
    StockFigure,
    Store,
)
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import PingVerdict, Purpose, TouchpointKind
from geooffer.rpc.auth import TokenVerifier, issue_token
from geooffer.rpc.durability import Durability, at_once
from geooffer.rpc.server import Port, PortOptions, bind_port
from geooffer.v1 import ping_service_pb2 as pb
from planes import PYTHON, plane_settings, verdicts_of
from stalling_journal import StallingJournal

#: Tuesday 2026-03-03 09:00 UTC
START_MS = 1_772_528_400_000
SHOP = (473_000_000, 85_000_000)
ANNA, BERT, NOBODY = 1_001, 1_002, 1_003
"""Anna searched for running shoes; Bert consents but wants nothing; Nobody gave no consent."""

ALL_PURPOSES = sum(purpose.bit for purpose in Purpose)


@dataclass(frozen=True, slots=True)
class Door:
    """Where a plane that listens itself is reached."""

    address: str
    control_address: str


@dataclass(frozen=True, slots=True)
class Plane:
    """A running data port."""

    engine: Engine
    plane: Any
    """A GrpcDataPlane, which tests look into, or the native one, which they do not."""
    port: Port | Door
    key: Ed25519PrivateKey

    def verdicts(self) -> dict[PingVerdict, int]:
        """How many pings came to each, as of now."""
        return defaultdict(int, verdicts_of(self.engine))

    def token(self, role: str, subject: int | str = "gw", *, lifetime_s: float = 600.0, **more: Any) -> str:
        return issue_token(self.key, role=role, subject=str(subject), now_s=time.time(), lifetime_s=lifetime_s, **more)

    def client(self, role: str, subject: int | str = "gw", **more: Any) -> GeoofferClient:
        backoff = Backoff(first_s=0.01, longest_s=0.05, attempt_count_max=4)
        return GeoofferClient(self.port.address, token=self.token(role, subject, **more), backoff=backoff)


OpenPlane = Callable[..., AbstractAsyncContextManager[Plane]]


async def told_of(call: Any, sequence: int) -> bytes:
    """All that is told until the message is acknowledged, put together: in how many answers is the plane's affair.
    Empty where the stream has ended.
    """
    whole = pb.PingAnswer()
    while whole.acknowledged_message_sequence < sequence:
        data = await call.read()
        if data is grpc.aio.EOF:
            break
        whole.MergeFrom(pb.StreamPingsResponse.FromString(data).answer)
    return pb.StreamPingsResponse(answer=whole).SerializeToString(deterministic=True) if whole.ByteSize() else b""


def stocked_engine(clock: str = "client", journal: Any = None) -> Engine:
    """An engine whose one shop has Anna's shoes, reduced."""
    compile_all()
    now_ms = START_MS if clock == "client" else time.time_ns() // 1_000_000
    # on the system clock these tests run at any hour: no quiet ones
    policy = Policy() if clock == "client" else Policy(quiet_start_minute=0, quiet_end_minute=0)
    policy = policy._replace(jump_fix_count=1)  # phones of these tests are at two places
    engine_clock = EngineClock(clock, START_MS if clock == "client" else None)
    engine = Engine(journal=MemoryJournal() if journal is None else journal, clock=engine_clock, policy=policy)
    engine.put_nouns(
        [
            Store("shop", "Main Street", *SHOP, "Europe/Zurich", "24/7"),
            Geofence("fence", circle(*SHOP, 10_000), store_id="shop"),
            Category("shoes", (("de", "Laufschuhe"), ("en", "Running shoes"))),
            Product("runner", "shoes", (("de", "Läufer"), ("en", "Runner")), stock_tracked=True),
            Offer("spring", "runner", now_ms - DAY_MS, now_ms + DAY_MS),
        ],
        now_ms=now_ms,
    )
    prices = [
        Price("runner", 10_000, "EUR", now_ms - 60 * DAY_MS),
        Price("runner", 7_900, "EUR", now_ms - 3_600_000),
    ]
    engine.put_prices(prices, now_ms=now_ms)
    engine.report_stock([StockFigure("shop", "runner", None, 5, now_ms - 1_000)])
    engine.upsert_customers([Customer("anna", (ANNA,), "de"), Customer("bert", (BERT,)), Customer("nobody", (NOBODY,))])
    for name in ("anna", "bert"):
        engine.record_consent(
            name, ALL_PURPOSES, granted=True, time_ms=now_ms - DAY_MS, now_ms=now_ms, notice_version="v1"
        )
    search = Touchpoint("anna", TouchpointKind.SEARCH, now_ms - DAY_MS, category_id="shoes")
    engine.record_touchpoints([search], now_ms=now_ms)
    engine.publish()
    return engine


@asynccontextmanager
async def open_plane(
    clock: str = "client", *, journal: Any = None, kind: str = PYTHON, **options: Any
) -> AsyncIterator[Plane]:
    if kind != PYTHON:
        assert not options, "of the Python plane"
        async with open_service(clock, journal, kind) as running:
            yield running
        return
    engine = stocked_engine(clock, journal)
    durability = Durability(engine.journal)
    if journal is not None:
        journal.wake = durability.wake
    plane = GrpcDataPlane(engine, durability, real_now_ms=lambda: time.time_ns() // 1_000_000, **options)
    key = Ed25519PrivateKey.generate()
    port = bind_port(
        "data",
        PortOptions("127.0.0.1:0"),
        verifier=TokenVerifier(key.public_key()),
        durable=at_once,
        services=[plane.service()],
    )
    await port.start()
    plane.start()
    try:
        yield Plane(engine, plane, port, key)
    finally:
        await plane.drain(2.0)
        await port.stop(0.5)


@asynccontextmanager
async def open_service(
    clock: str = "client", journal: Any = None, kind: str = PYTHON, engine: Engine | None = None
) -> AsyncIterator[Plane]:
    """The same engine, or the one given, in a whole service, as `geooffer serve` assembles it; on either plane."""
    engine = engine or stocked_engine(clock, journal)
    settings = assembly.loopback_settings(clock=clock, **plane_settings(kind))
    held = held_journal.HeldJournal(engine.journal, None, bytes(32))
    with (
        mock.patch.object(assembly, "_engine", return_value=engine),
        mock.patch.object(held_journal, "open_journal", return_value=held),
        mock.patch.object(held_journal.HeldJournal, "on_durable", _wakes_at),
    ):
        async with assembly.running_service(settings) as service:
            key = service.callers.private_key
            assert isinstance(key, Ed25519PrivateKey)
            yield Plane(engine, service.plane, Door(service.data_address, service.control_address), key)


def _wakes_at(held: held_journal.HeldJournal, wake: Callable[[], None]) -> None:
    if isinstance(held.journal, StallingJournal):
        held.journal.wake = wake
