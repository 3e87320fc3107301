"""GeoofferClient: one object for both ports, asyncio, typed.

async with GeoofferClient("127.0.0.1:7430", token=token) as client:
    async for offer in client.stream_pings(my_fixes()):
        print(offer.title, offer.reason)
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from types import TracebackType
from typing import Any, Self

import grpc
import numpy as np

from geooffer.client.backoff import Backoff
from geooffer.client.batches import BatchResult, RefusedRow
from geooffer.client.control import CALL_TIMEOUT_S, GeoofferControl
from geooffer.client.credentials import BearerToken, Token
from geooffer.client.errors import error_of, named_error
from geooffer.client.exchange import PingExchange
from geooffer.client.pings import Streamable, pending
from geooffer.errors import ConfigurationError
from geooffer.model import limits
from geooffer.model.catalog import Size
from geooffer.model.kinds import OutcomeKind
from geooffer.rpc.checks import timestamp
from geooffer.rpc.convert import encode_size
from geooffer.v1 import offer_service_pb2 as offer_pb
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1 import places_pb2
from geooffer.v1.offer_service_pb2_grpc import OfferServiceStub

WINDOW_COUNT = 64
STREAM_METHOD = "/geooffer.v1.PingService/StreamPings"
INGEST_METHOD = "/geooffer.v1.PingService/IngestPings"


class GeoofferClient:
    """Connections to a service. Channels are opened on first use and closed with the `async with` block."""

    def __init__(
        self,
        data_target: str | None = None,
        *,
        control_target: str | None = None,
        token: Token,
        root_certificates: bytes | None = None,
        client_certificate: tuple[bytes, bytes] | None = None,
        backoff: Backoff | None = None,
        private_connection: bool = False,
    ) -> None:
        """data_target, control_target: `host:port` of the two ports; only what is used need be given.

        token: the bearer token, or a function that returns a fresh one (asked per call, so that a long stream
        survives the expiry of its token). root_certificates: PEM; given, the connection is TLS. client_certificate:
        PEM chain and key, for servers that ask for one.
        private_connection: do not share a TCP connection with other clients of this process.
        """
        self._targets = {"data": data_target, "control": control_target}
        self._token = BearerToken(token)
        self._root_certificates = root_certificates
        self._client_certificate = client_certificate
        self._backoff = backoff or Backoff()
        self._private_connection = private_connection
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._control: GeoofferControl | None = None
        self._random = np.random.default_rng()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Cancel what runs and close the connections."""
        for channel in self._channels.values():
            await channel.close()
        self._channels.clear()
        self._control = None

    # -- pings -----------------------------------------------------------------------------------------------

    def exchange(
        self, pings: AsyncIterable[Streamable] | Iterable[Streamable], *, window_count: int = WINDOW_COUNT
    ) -> PingExchange:
        """A ping stream to iterate over by its `answers()`, with its counters at hand.

        window_count: messages under way undecided before the source is asked for more.
        """
        return PingExchange(
            pings,
            self.open_call,
            window_count=window_count,
            backoff=self._backoff,
            renews_token=self._token.renews,
            random=self._random,
        )

    async def stream_answers(
        self, pings: AsyncIterable[Streamable] | Iterable[Streamable], *, window_count: int = WINDOW_COUNT
    ) -> AsyncIterator[pb.PingAnswer]:
        """Stream pings, yield every answer: acknowledgements, verdicts, transitions, offers, as the role sees.

        Reconnects with backoff and sends undecided messages again. Ends when all pings were decided, or when the
        service does not want this phone's location (`location_wanted` false in the last answer).
        """
        async for answer in self.exchange(pings, window_count=window_count).answers():
            yield answer

    async def stream_pings(
        self, pings: AsyncIterable[Streamable] | Iterable[Streamable], *, window_count: int = WINDOW_COUNT
    ) -> AsyncIterator[pb.PersonalOffer]:
        """Stream pings, yield offers; otherwise as `stream_answers`."""
        async for answer in self.stream_answers(pings, window_count=window_count):
            for offer in answer.offers:
                yield offer

    async def ingest(self, item: Streamable) -> pb.PingAnswer:
        """One message, one answer (a phone that wakes up rarely). Raises what the service named."""
        request = pending(item).request
        method: Any = self._channel("data").unary_unary(INGEST_METHOD)
        try:
            # both requests have the same fields, so these bytes are an IngestPingsRequest too
            data = await method(request.SerializeToString(), metadata=self._token.metadata(), timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as failure:
            raise error_of(failure) from None
        return pb.IngestPingsResponse.FromString(data).answer

    def open_call(self) -> Any:
        """A raw StreamPings call: `write(bytes)`, `read()` → bytes or EOF. For load generators and tests."""
        return self._channel("data").stream_stream(STREAM_METHOD)(metadata=self._token.metadata())

    # -- beside the pings ------------------------------------------------------------------------------------

    async def report_outcome(
        self, decision_id: str, kind: OutcomeKind, *, event_time_ms: int, device_key: int = 0
    ) -> None:
        """What became of an offer. device_key: needed from gateways. Raises NotFoundError."""
        report = offer_pb.OutcomeReport(
            decision_id=decision_id,
            kind=int(kind),  # type: ignore[arg-type]
            event_time=timestamp(event_time_ms),
            device_key=device_key,
        )
        result = await self.report_outcomes([report])
        if result.refused:
            raise named_error(result.refused[0].reason, result.refused[0].message, result.refused[0].field)

    async def report_outcomes(self, reports: Iterable[offer_pb.OutcomeReport]) -> BatchResult:
        """What became of offers; each report stands alone, refused ones come back as rows."""
        waiting, result = list(reports), BatchResult()
        for first in range(0, len(waiting), limits.OUTCOME_REPORT_COUNT_MAX):
            part = waiting[first : first + limits.OUTCOME_REPORT_COUNT_MAX]
            request = offer_pb.ReportOutcomesRequest(outcomes=part)
            answer = await self._data_call(self._offers.ReportOutcomes, request)
            result.accepted_count += answer.accepted_count
            result.refused += [RefusedRow(first + p.row, p.reason, p.message, p.field) for p in answer.problems]
        return result

    async def find_nearby_stock(
        self, product_id: str, place_e7: tuple[int, int], *, size: Size | None = None, limit_count: int = 0
    ) -> list[places_pb2.NearbyStore]:
        """The nearest branches that have a product (in a size). place_e7: (latitude, longitude) × 10⁷."""
        request = offer_pb.FindNearbyStockRequest(
            product_id=product_id,
            size=encode_size(size) if size is not None else None,
            place=places_pb2.Place(latitude_e7=place_e7[0], longitude_e7=place_e7[1]),
            limit_count=limit_count,
        )
        answer = await self._data_call(self._offers.FindNearbyStock, request)
        return list(answer.stores)

    async def list_wake_regions(
        self, place_e7: tuple[int, int], *, region_count_max: int = 0, device_key: int = 0
    ) -> offer_pb.ListWakeRegionsResponse:
        """The circles a sleeping phone should watch near a place, (latitude, longitude) × 10⁷; SleepingPhone follows
        them. region_count_max 0 = 19, with the validity circle what iOS watches.
        """
        request = offer_pb.ListWakeRegionsRequest(
            place=places_pb2.Place(latitude_e7=place_e7[0], longitude_e7=place_e7[1]),
            region_count_max=region_count_max,
            device_key=device_key,
        )
        answer: offer_pb.ListWakeRegionsResponse = await self._data_call(self._offers.ListWakeRegions, request)
        return answer

    @property
    def _offers(self) -> Any:
        return OfferServiceStub(self._channel("data"))  # type: ignore[no-untyped-call]

    async def _data_call(self, method: Any, request: Any) -> Any:
        try:
            return await method(request, metadata=self._token.metadata(), timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as failure:
            raise error_of(failure) from None

    # -- the control port ------------------------------------------------------------------------------------

    @property
    def control(self) -> GeoofferControl:
        """Typed calls of the control port."""
        if self._control is None:
            self._control = GeoofferControl(self._channel("control"))
        return self._control

    def _channel(self, port: str) -> grpc.aio.Channel:
        channel = self._channels.get(port)
        if channel is None:
            channel = self._channels[port] = self._connect(port)
        return channel

    def _connect(self, port: str) -> grpc.aio.Channel:
        target = self._targets[port]
        if target is None:
            raise ConfigurationError(f"the address of the {port} port is needed", field=f"{port}_target")
        options: list[tuple[str, int]] = [
            ("grpc.max_receive_message_length", limits.CONTROL_MESSAGE_SIZE_MAX_BYTES),
            ("grpc.use_local_subchannel_pool", int(self._private_connection)),
            # reconnects are paced by Backoff; the channel's own must not stand in its way
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1_000),
        ]
        interceptors = self._token.interceptors() if port == "control" else None
        if self._root_certificates is None:
            return grpc.aio.insecure_channel(target, options=options, interceptors=interceptors)
        chain, key = self._client_certificate or (None, None)
        credentials = grpc.ssl_channel_credentials(self._root_certificates, key, chain)
        return grpc.aio.secure_channel(target, credentials, options=options, interceptors=interceptors)
