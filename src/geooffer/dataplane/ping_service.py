"""PingService over grpc.aio: raw bytes in, raw bytes out; the codec and the answers do the protobuf.

Per stream two tasks: the RPC's own writes and ends the call; a reader feeds the gatherer. Ending from our
side (drain, token expiry, a phone whose location nobody may use) cancels the reader: grpc keeps the memory of
a cancelled read alive until its operation is over, and the message it may lose was never acknowledged.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import grpc

from geooffer.dataplane.gatherer import Gatherer
from geooffer.dataplane.port import PING_SERVICE
from geooffer.dataplane.stream import PingStream
from geooffer.errors import DrainingError, LimitExceededError, OverloadedError, UnauthenticatedError
from geooffer.model import limits
from geooffer.rpc import codec
from geooffer.rpc.auth import TOKEN_REQUIRED, identity_of
from geooffer.rpc.quotas import Quotas

NAME = PING_SERVICE
Context = grpc.aio.ServicerContext[bytes, bytes]


class PingService:
    """The two methods, and the streams they keep open."""

    def __init__(
        self, gatherer: Gatherer, *, open_count_max: int = limits.PING_CALL_COUNT_MAX, quotas: Quotas | None = None
    ) -> None:
        """`open_count_max`: streams and IngestPings calls together. `quotas`: of each caller; by default no bound."""
        self._gatherer = gatherer
        self._quotas = quotas or Quotas()
        self._open_count_max = open_count_max
        self._streams_of: Counter[tuple[str, str]] = Counter()
        """By role and subject."""
        self._open_count = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = False

    def add(self, server: grpc.aio.Server) -> None:
        """Register both methods with identity serializers."""
        handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            "StreamPings": grpc.stream_stream_rpc_method_handler(self.stream_pings),
            "IngestPings": grpc.unary_unary_rpc_method_handler(self.ingest_pings),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, handlers),))

    # -- StreamPings -----------------------------------------------------------------------------------------

    async def stream_pings(self, _requests: Any, context: Context) -> None:
        """Messages until the phone stops, we drain, or the token expires."""
        stream = self._open(PingStream(self._gatherer.next_number(), identity_of(context)))
        reader = asyncio.create_task(self._read(stream, context))
        stream.set_reader(reader)
        # its error ends the call after the last answer: CallGate translates it, or logs it as a fault
        reader.add_done_callback(lambda task: stream.stop_reading(None if task.cancelled() else task.exception()))
        left_s = max(0.0, stream.identity.expires_at - time.time())
        expiry = asyncio.get_running_loop().call_later(
            left_s, stream.stop_reading, UnauthenticatedError(TOKEN_REQUIRED)
        )
        try:
            await self._write(stream, context)
        finally:
            expiry.cancel()
            reader.cancel()
            self._close(stream)

    async def _read(self, stream: PingStream, context: Context) -> None:
        """Feed the gatherer; whatever ends this ends the stream after its last answer."""
        while True:
            await stream.wait_for_room()
            if self._gatherer.is_long:
                await stream.wait_until_decided()
            data: Any = await context.read()
            if data is grpc.aio.EOF:
                return
            message = codec.decode_stream_request(data, stream.sender, stream.number)
            self._quotas.take_rows(stream.identity, message.row_count)
            self._gatherer.submit(stream, message)

    async def _write(self, stream: PingStream, context: Context) -> None:
        while not stream.finished:
            await stream.wait()
            while (draft := stream.take_draft()) is not None:
                await context.write(self._gatherer.encode(stream, draft))
        if stream.end_error is not None:
            raise stream.end_error

    # -- IngestPings -----------------------------------------------------------------------------------------

    async def ingest_pings(self, data: bytes, context: Context) -> bytes:
        """One message, one answer."""
        stream = self._open(PingStream(0, identity_of(context)))
        try:
            message = codec.decode_ingest_request(data, stream.sender)
            self._quotas.take_rows(stream.identity, message.row_count)
            self._gatherer.submit(stream, message)
            stream.stop_reading()
            while not stream.decided_all:
                await stream.wait()
                if self._gatherer.fault is not None:
                    raise self._gatherer.fault
            return self._gatherer.encode(stream, stream.take_whole())
        finally:
            self._close(stream)

    # -- bookkeeping -----------------------------------------------------------------------------------------

    def _open(self, stream: PingStream) -> PingStream:
        if self._draining:
            raise DrainingError("the service is shutting down")
        if self._gatherer.fault is not None:
            raise self._gatherer.fault
        if self._open_count >= self._open_count_max:
            raise OverloadedError("too many open streams; retry")
        # opening costs as much as a ping, so that reconnecting is no way around
        self._quotas.take_rows(stream.identity, 1)
        who = (stream.identity.role, stream.identity.subject)
        if stream.number:
            count_max = (
                limits.STREAMS_PER_DEVICE_COUNT_MAX if stream.sender.own_key else limits.STREAMS_PER_SUBJECT_COUNT_MAX
            )
            if self._streams_of[who] >= count_max:
                raise LimitExceededError(f"a {stream.identity.role} has at most {count_max} streams")
            self._streams_of[who] += 1
        self._open_count += 1
        self._gatherer.statistics.streams = self._open_count
        self._gatherer.open(stream)
        self._idle.clear()
        return stream

    def _close(self, stream: PingStream) -> None:
        who = (stream.identity.role, stream.identity.subject)
        if stream.number:
            self._streams_of[who] -= 1
            if not self._streams_of[who]:
                del self._streams_of[who]
        self._open_count -= 1
        self._gatherer.statistics.streams = self._open_count
        self._gatherer.close(stream)
        if not self._open_count:
            self._idle.set()

    async def drain(self, grace_s: float) -> bool:
        """Refuse new calls, answer what was read, end the streams UNAVAILABLE; False if time ran out."""
        self._draining = True
        for stream in list(self._gatherer.streams.values()):
            stream.stop_reading(DrainingError("the service is shutting down"))
        try:
            await asyncio.wait_for(self._idle.wait(), grace_s)
        except TimeoutError:
            return False
        return True
