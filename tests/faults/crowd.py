"""Everybody at once: devices that walk in and out of fences on several streams, and clients of the control port.

Time is the town's own (client clock): a moment of it is one fix of every device and a few control calls at once; then
five or ten minutes have passed. So days pass in seconds, and what belongs to one moment is never historical.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

import fault_town as town
import grpc
import numpy as np
from history import History, ToldOffer

from geooffer.client import GeoofferClient
from geooffer.client.errors import CallError
from geooffer.errors import DrainingError, JournalError, NotFoundError, OverloadedError
from geooffer.model.catalog import Category, Customer, Product, StockFigure
from geooffer.model.kinds import Channel, IdentityKind, OutcomeKind
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.signals import ConsentEvent, Identity, IdentityLink
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb

UNKNOWN = (CallError, DrainingError, JournalError, OverloadedError, grpc.aio.AioRpcError)
"""How a call ends of which nobody knows whether it was done."""
STREAM_COUNT, CLIENT_COUNT = 3, 3
MINUTE_MS = 60_000
NIGHT_HOUR = 20
"""Berlin's winter time is an hour ahead of UTC; quiet hours begin at 21."""


@dataclass
class Crowd:
    """One town's people over all rounds; knows nothing of servers."""

    random: np.random.Generator
    history: History = field(default_factory=History)
    now_ms: int = town.START_MS
    serial: int = 0
    places: dict[int, int] = field(default_factory=dict)
    moment_count: int = 0
    violations: list[str] = field(default_factory=list)
    asked: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    """Decide calls whose answer has not come: request id → (customer, place, time)."""
    _moment_serial: int = 0

    async def live(self, client: GeoofferClient) -> None:
        """Moment after moment, until a call fails as it does when the service has gone."""
        streams = [Stream(self, client, number) for number in range(STREAM_COUNT)]
        try:
            while True:
                self.moment_count += 1
                silent = self._without_consent()
                await _all(
                    [
                        *(stream.walk(silent) for stream in streams),
                        *(self._call(client, number) for number in range(CLIENT_COUNT)),
                    ]
                )
                self._pass_time()
        except UNKNOWN:
            return
        finally:
            for stream in streams:
                stream.close()

    def _pass_time(self) -> None:
        """On to the next moment; nights are skipped, as nothing is offered then."""
        self._moment_serial = 0
        self.now_ms += int(self.random.integers(4, 11)) * MINUTE_MS
        hour = (self.now_ms // HOUR_MS + 1) % 24
        if hour >= NIGHT_HOUR:
            self.now_ms = (self.now_ms // DAY_MS + 1) * DAY_MS + 8 * HOUR_MS

    def _without_consent(self) -> frozenset[str]:
        """Whose withdrawal is certain now: nothing may be offered to them before they consent again."""
        registers = self.history.of_kind("consent")
        return frozenset(key[1] for key, register in registers.items() if register.possible == [False])

    def next_ms(self) -> int:
        """A time of this moment that nothing else has."""
        self.serial += 1
        self._moment_serial += 1
        return self.now_ms + self._moment_serial

    def hear(self, offer: pb.PersonalOffer, customer_id: str, silent: frozenset[str]) -> None:
        """An offer has come."""
        number = int(offer.offer_id.removeprefix("offer-"))
        campaign_id = town.LIMITED if number % 5 == 0 else ""
        time_ms = offer.decided_time.ToMilliseconds()
        self.history.told(
            ToldOffer(offer.decision_id, customer_id, offer.offer_id, offer.store_id, time_ms, campaign_id)
        )
        if customer_id in silent and not self._consents_now(customer_id):
            self.violations.append(f"an offer at {time_ms} after a withdrawal was acknowledged")

    def _consents_now(self, customer_id: str) -> bool:
        """She may have consented again within this very moment."""
        return self.history.registers["consent", customer_id].possible != [False]

    # -- control calls ---------------------------------------------------------------------------------------

    async def _call(self, client: GeoofferClient, number: int) -> None:
        """One to three calls of client `number`, which alone writes the things named after it."""
        calls = (
            self._stock, self._stock, self._consent, self._search, self._search, self._product, self._categories,
            self._customer, self._identity, self._outcome, self._decide, self._decide,
        )  # fmt: skip
        for index in self.random.integers(0, len(calls), size=int(self.random.integers(1, 4))):
            await calls[index](client, number)

    def _own_customer(self, number: int, *, fickle: bool) -> str:
        names = town.FICKLE if fickle else town.CUSTOMERS[len(town.FICKLE) :]
        own = names[number::CLIENT_COUNT]
        return own[int(self.random.integers(0, len(own)))]

    async def _stock(self, client: GeoofferClient, number: int) -> None:
        time_ms = self.next_ms()
        values, figures = {}, []
        for branch in town.BRANCHES[: int(self.random.integers(1, 4))]:
            count = self.serial * 10 + len(figures)
            values["stock", branch, town.GOODS[number]] = count
            figures.append(StockFigure(branch, town.GOODS[number], None, count, time_ms))
        self.history.send(values)
        await client.control.report_stock(figures, partial=False)
        self.history.acknowledge(values)

    async def _consent(self, client: GeoofferClient, number: int) -> None:
        name = self._own_customer(number, fickle=True)
        given = bool(self.random.random() < 0.5)
        values = {("consent", name): given}
        event = ConsentEvent(name, town.ALL_PURPOSES, given, self.next_ms(), "1")
        self.history.send(values)
        result = await client.control.record_consents([event])
        assert result.accepted_count == 1, result.refused
        self.history.acknowledge(values)

    async def _search(self, client: GeoofferClient, number: int) -> None:
        names = {self._own_customer(number, fickle=False) for _ in range(3)}
        found = [(name, town.CATEGORIES[int(self.random.integers(0, 5))], self.next_ms()) for name in sorted(names)]
        batch = self.history.send_batch((name, category, str(time_ms)) for name, category, time_ms in found)
        await client.control.record_touchpoints([town.search(*item) for item in found], partial=False)
        self.history.acknowledge_batch(batch)

    async def _product(self, client: GeoofferClient, number: int) -> None:
        title = f"title {self.next_ms()} {self.serial}"
        values = {("product", town.product_id(number)): title}
        category = town.CATEGORIES[number % len(town.CATEGORIES)]
        product = Product(town.product_id(number), category, (("en", title),), stock_tracked=False)
        self.history.send(values)
        result = await client.control.upsert_products([product], partial=False)
        self.history.acknowledge(values, result.catalog_generation)

    async def _categories(self, client: GeoofferClient, number: int) -> None:
        """New ones, three in one call: all of them or none."""
        self.serial += 1
        names = [f"new-{number}-{self.serial}-{part}" for part in range(3)]
        values = {("category", name): True for name in names}
        self.history.send(values)
        result = await client.control.upsert_categories([Category(name) for name in names], partial=False)
        self.history.acknowledge(values, result.catalog_generation)

    async def _customer(self, client: GeoofferClient, number: int) -> None:
        self.serial += 1
        name = f"guest-{number}-{self.serial % 5}"
        device = 1_000 + 100 * number + self.serial % 5
        values = {("customer", name): f"{device},{device + 10}" if self.serial % 2 else f"{device}"}
        keys = tuple(int(key) for key in values["customer", name].split(","))
        self.history.send(values)
        await client.control.upsert_customers([Customer(name, keys)], partial=False)
        self.history.acknowledge(values)

    async def _identity(self, client: GeoofferClient, number: int) -> None:
        self.serial += 1
        web_id, owner = f"web-{number}-{self.serial % 4}", self._own_customer(number, fickle=False)
        values = {("identity", web_id): owner}
        self.history.send(values)
        link = IdentityLink(owner, identity=Identity(IdentityKind.WEB, web_id))
        result = await client.control.link_identities([link])
        assert result.accepted_count == 1, result.refused
        self.history.acknowledge(values)

    async def _outcome(self, client: GeoofferClient, number: int) -> None:
        told = [name for name, offer in self.history.offers.items() if hash(offer.time_ms) % CLIENT_COUNT == number]
        if told:
            name = told[-1 - int(self.random.integers(0, min(8, len(told))))]
            kind = OutcomeKind.DELIVERED if self.random.random() < 0.5 else OutcomeKind.DISPLAYED
            values = {("outcome", name, kind.name): True}
            self.history.send(values)
            try:
                await client.report_outcome(name, kind, event_time_ms=self.now_ms)
            except NotFoundError:
                self.violations.append(f"decision {name} was told and is not known")
            else:
                self.history.acknowledge(values)

    async def _decide(self, client: GeoofferClient, number: int) -> None:
        """What a web shop asks; the answer is the client's to keep, as an offer on a stream is."""
        name, place = self._own_customer(number, fickle=False), int(self.random.integers(0, len(town.BRANCHES)))
        self.serial += 1
        request_id = f"decide-{self.serial}"
        self.asked[request_id] = name, place, self.now_ms
        await self.ask(client, request_id)

    async def ask(self, client: GeoofferClient, request_id: str) -> None:
        """A Decide call, or once more the same one."""
        name, place, time_ms = self.asked[request_id]
        answer = await client.control.decide(
            name, Channel.WEB_SHOP, place_e7=town.place_e7(place), request_id=request_id, event_time_ms=time_ms
        )
        del self.asked[request_id]
        if answer.HasField("offer"):
            self.hear(answer.offer, name, frozenset())


class Stream:
    """One gateway's stream: a share of the devices, a message a moment, the next when it is acknowledged."""

    def __init__(self, crowd: Crowd, client: GeoofferClient, number: int) -> None:
        self._crowd = crowd
        self._call: Any = client.open_call()
        self._sent_count = 0
        self._devices = [key for name in town.CUSTOMERS for key in town.device_keys(name)][number::STREAM_COUNT]

    async def walk(self, silent: frozenset[str]) -> None:
        """A fix of every device; returns once they are decided and their offers have come."""
        crowd, random = self._crowd, self._crowd.random
        rows = []
        for key in self._devices:
            if random.random() < 0.5:
                crowd.places[key] = int(random.integers(-1, len(town.BRANCHES)))
            rows.append(town.place_e7(crowd.places.get(key, -1)))
        batch = pb.PingBatch(
            device_keys=self._devices,
            latitudes_e7=[latitude for latitude, _ in rows],
            longitudes_e7=[longitude for _, longitude in rows],
            accuracies_cm=[1_000] * len(rows),
            speeds_cm_per_s=[100] * len(rows),
            base_time=timestamp(crowd.now_ms),
            fix_offsets_millis=range(len(rows)),
        )
        await self._call.write(pb.StreamPingsRequest(batch=batch).SerializeToString())
        self._sent_count += 1
        while True:
            data = await self._call.read()
            if data is grpc.aio.EOF:
                raise DrainingError("the stream has ended")
            answer = pb.StreamPingsResponse.FromString(data).answer
            for offer in answer.offers:
                crowd.hear(offer, town.customer_of(offer.device_key), silent)
            if answer.acknowledged_message_sequence >= self._sent_count:
                return

    def close(self) -> None:
        self._call.cancel()


async def _all(calls: list[Any]) -> None:
    """All at once; the first failure is raised when every one has ended."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    strange = [failure for failure in failures if not isinstance(failure, (*UNKNOWN, asyncio.InvalidStateError))]
    for failure in strange:
        raise failure
    if failures:
        with contextlib.suppress(asyncio.InvalidStateError):
            raise failures[0]
        raise DrainingError("the stream has ended")
