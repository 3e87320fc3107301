"""The stage of the scenario tests: a real server on loopback ports, driven through the Python client over gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from running_shoes import World

from geooffer.bench.ping_batches import replayed_batch, replayed_batches
from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.client import GeoofferClient, Ping
from geooffer.model.columns import StructArray
from geooffer.model.policy import DAY_MS
from geooffer.model.signals import ConsentEvent
from geooffer.model.units import e7_to_degrees, format_time_ms
from geooffer.model.verdicts import OfferVerdict, PingVerdict, Purpose
from geooffer.rpc.convert_campaigns import encode_audience, encode_campaign
from geooffer.v1 import campaign_service_pb2
from geooffer.v1 import ping_service_pb2 as pb

NOTICE = "notice-1"


@dataclass
class Told:
    """All answers to some pings, put together."""

    rows_per_message: int
    answers: list[pb.PingAnswer] = field(default_factory=list)

    @property
    def offers(self) -> list[pb.PersonalOffer]:
        return [offer for answer in self.answers for offer in answer.offers]

    @property
    def tries(self) -> list[pb.OfferTry]:
        return [attempt for answer in self.answers for attempt in answer.tries]

    @property
    def try_verdicts(self) -> list[OfferVerdict]:
        return [OfferVerdict(attempt.verdict) for attempt in self.tries]

    @property
    def transitions(self) -> list[pb.Transition]:
        return [transition for answer in self.answers for transition in answer.transitions]

    @property
    def rejected(self) -> dict[int, PingVerdict]:
        """Row of what was sent → verdict, where it was not ACCEPTED."""
        return {
            (row.message_sequence - 1) * self.rows_per_message + row.row: PingVerdict(row.verdict)
            for answer in self.answers
            for row in answer.rejected_rows
        }

    def verdict_names(self, count: int) -> list[str]:
        """Verdict of each of `count` pings."""
        rejected = self.rejected
        return [rejected.get(row, PingVerdict.ACCEPTED).name for row in range(count)]


class OpenStream:
    """One open ping stream of a phone; each send waits until its fixes are decided."""

    def __init__(self, client: GeoofferClient, device_key: int) -> None:
        self.device_key = device_key
        self._messages: asyncio.Queue[pb.PingBatch | None] = asyncio.Queue()
        self._sent_count = 0
        self._answers: list[pb.PingAnswer] = []
        self._told = asyncio.Condition()
        self._exchange = client.exchange(self._source(), window_count=1)
        self._reader = asyncio.create_task(self._read())

    async def _source(self) -> AsyncIterator[pb.PingBatch]:
        while (message := await self._messages.get()) is not None:
            yield message

    async def _read(self) -> None:
        async for answer in self._exchange.answers():
            async with self._told:
                self._answers.append(answer)
                self._told.notify_all()

    async def send(self, pings: StructArray) -> Told:
        self._sent_count += 1
        await self._messages.put(replayed_batch(pings))
        async with self._told:
            await self._told.wait_for(lambda: self._exchange.decided_count >= self._sent_count)
            told, self._answers = Told(len(pings), self._answers), []
        return told

    async def close(self) -> None:
        await self._messages.put(None)
        await self._reader


class Stage:
    """A running service and clients of it."""

    def __init__(self, service: RunningService, start_ms: int, clients: AsyncExitStack) -> None:
        self.service = service
        self.start_ms = start_ms
        self._clients = clients
        self.operator = self._client(service.issue_token("operator"))

    @classmethod
    @asynccontextmanager
    async def running(cls, start_ms: int, state_dir: Path, **settings: Any) -> AsyncIterator[Self]:
        """A service whose clock starts at `start_ms` and moves with the pings."""
        chosen = loopback_settings(clock_start=format_time_ms(start_ms), state_dir=state_dir, **settings)
        # clients are closed before the service drains
        async with running_service(chosen) as service, AsyncExitStack() as clients:
            yield cls(service, start_ms, clients)

    def _client(self, token: str) -> GeoofferClient:
        client = GeoofferClient(self.service.data_address, control_target=self.service.control_address, token=token)
        self._clients.push_async_callback(client.close)
        return client

    def phone(self, device_key: int) -> GeoofferClient:
        """A client that may speak for one device only."""
        return self._client(self.service.issue_token("device", device_key=device_key))

    async def set_up(self, world: World) -> None:
        """Register everything over the control port and wait until pings are decided by it."""
        control = self.operator.control
        for batch in (
            control.upsert_stores(world.stores, partial=False),
            control.upsert_geofences(world.fences, partial=False),
            control.upsert_categories(world.categories, partial=False),
            control.upsert_products(world.products, partial=False),
            control.upsert_prices(world.prices, partial=False),
            self._put_campaigns(world),
            control.upsert_offers(world.offers, partial=False),
            control.report_stock(world.stock, partial=False),
            control.upsert_customers(world.customers, partial=False),
        ):
            result = await batch
            assert result is None or result.refused == []
        if world.links:
            assert (await control.link_identities(world.links)).refused == []
        granted = [(customer.customer_id, world.purposes, True, 100) for customer in world.customers]
        withdrawn = [(customer.customer_id, world.withdrawn, False, 1) for customer in world.customers]
        await self._consent(granted)
        for audience_id, customer_id in world.members:
            members = campaign_service_pb2.AddAudienceMembersRequest(
                audience_id=audience_id, customer_ids=[customer_id]
            )
            await control.call(control.campaigns.AddAudienceMembers, members)
        if world.touchpoints:
            await control.record_touchpoints(world.touchpoints, partial=False)
        await self._consent(withdrawn)
        await control.wait_live((await control.catalog_state()).saved_generation)

    async def _put_campaigns(self, world: World) -> None:
        control = self.operator.control
        if world.audiences:
            audiences = campaign_service_pb2.BatchUpsertAudiencesRequest(
                audiences=[encode_audience(audience) for audience in world.audiences]
            )
            await control.call(control.campaigns.BatchUpsertAudiences, audiences)
        if world.campaigns:
            campaigns = campaign_service_pb2.BatchUpsertCampaignsRequest(
                campaigns=[encode_campaign(campaign) for campaign in world.campaigns]
            )
            await control.call(control.campaigns.BatchUpsertCampaigns, campaigns)

    async def _consent(self, rows: list[tuple[str, Sequence[Purpose], bool, int]]) -> None:
        events = [
            ConsentEvent(customer, sum(p.bit for p in purposes), granted, self.start_ms - days * DAY_MS, NOTICE)
            for customer, purposes, granted, days in rows
            if purposes
        ]
        if events:
            result = await self.operator.control.record_consents(events)
            assert result.refused == []

    async def grant(self, customer_id: str, purposes: Sequence[Purpose]) -> None:
        """She gives purposes, a day before the stage begins."""
        await self._consent([(customer_id, purposes, True, 1)])

    async def withdraw(self, customer_id: str, purposes: Sequence[Purpose]) -> None:
        """She takes purposes back, now."""
        await self._consent([(customer_id, purposes, False, 0)])

    async def send(self, pings: StructArray, *, role: str = "operator", rows_per_message: int = 100) -> Told:
        """Stream fixes on a stream of their own and collect every answer. Role device: the first row's device."""
        client = self.operator
        if role == "device":
            client = self.phone(int(pings["device_key"][0]))
        told = Told(rows_per_message)
        async for answer in client.stream_answers(replayed_batches(pings, rows_per_message)):
            told.answers.append(answer)
        return told

    async def send_singly(self, pings: StructArray, *, decision_budget_ms: int) -> Told:
        """Stream fixes of one phone on its own stream, one message each."""
        client = self.phone(int(pings["device_key"][0]))
        messages = [
            Ping(
                latitude=e7_to_degrees(int(ping["latitude_e7"])),
                longitude=e7_to_degrees(int(ping["longitude_e7"])),
                accuracy_m=int(ping["accuracy_cm"]) / 100,
                fix_time_ms=int(ping["fix_time_ms"]),
                sequence=int(ping["sequence"]),
                session_id=int(ping["session_id"]),
                decision_budget_ms=decision_budget_ms,
            )
            for ping in pings
        ]
        told = Told(rows_per_message=1)
        async for answer in client.stream_answers(messages):
            told.answers.append(answer)
        return told

    async def open_stream(self, device_key: int) -> OpenStream:
        """A phone's own stream, on a connection of its own."""
        return OpenStream(self.phone(device_key), device_key)

    async def offer_verdicts(self) -> dict[OfferVerdict, int]:
        """Attempts by verdict since the service started."""
        statistics = await self.operator.control.statistics()
        return {OfferVerdict(entry.verdict): entry.try_count for entry in statistics.offer_verdicts}
