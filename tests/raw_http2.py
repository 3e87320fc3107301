"""A connection that speaks HTTP/2 frame by frame, also what no client library would send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

from hpack import Decoder, Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
Headers = Sequence[tuple[str, str]]


class RawConnection:
    """Sends what it is told; collects what comes back until the peer closes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self.encoder = Encoder()
        self._decoder = Decoder()
        self.acknowledges = True
        """SETTINGS; who never greeted would say his first word by that."""
        self.answers_pings = True
        self.ping_count = 0
        """Asked by the peer."""
        self.frames: list[Frame] = []
        self.is_closed = asyncio.Event()
        """The peer has closed, or reset."""
        self._came = asyncio.Condition()
        self._task = asyncio.create_task(self._collect())
        self.headers: dict[int, dict[str, str]] = {}
        """Of answers, by stream; trailers with them."""

    @classmethod
    @asynccontextmanager
    async def to(cls, address: str, *, greets: bool = True) -> AsyncIterator[Self]:
        """A connection; with `greets` after the preface and empty SETTINGS."""
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        connection = cls(reader, writer)
        connection.acknowledges = greets
        if greets:
            await connection.send(PREFACE + SettingsFrame(0).serialize())
        try:
            yield connection
        finally:
            connection._task.cancel()
            writer.transport.abort()

    async def send(self, data: bytes | Frame) -> bool:
        """False where the peer has closed."""
        try:
            self.writer.write(data if isinstance(data, bytes) else data.serialize())
            await self.writer.drain()
        except (ConnectionError, OSError):
            return False
        return not self.is_closed.is_set()

    def request(self, stream_id: int, path: str, more: Headers = (), *, flags: Sequence[str] = ()) -> HeadersFrame:
        """HEADERS of a call; by default complete headers and an open stream."""
        headers = [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
            ("te", "trailers"), ("content-type", "application/grpc"), *more,
        ]  # fmt: skip
        frame = HeadersFrame(stream_id, self.encoder.encode(headers))
        for flag in flags or ("END_HEADERS",):
            frame.flags.add(flag)
        return frame

    def rest_of_headers(self, stream_id: int, block: bytes) -> ContinuationFrame:
        """The last part of headers that were cut."""
        frame = ContinuationFrame(stream_id, block)
        frame.flags.add("END_HEADERS")
        return frame

    @property
    def goaway(self) -> GoAwayFrame | None:
        """The latest the peer sent."""
        found = [frame for frame in self.frames if isinstance(frame, GoAwayFrame)]
        return found[-1] if found else None

    async def ended(self, stream_id: int, timeout_s: float = 60.0) -> dict[str, str]:
        """Headers and trailers of an answer, once the stream (or the connection) is over."""

        def over() -> bool:
            return self.is_closed.is_set() or any(
                frame.stream_id == stream_id and ("END_STREAM" in frame.flags or isinstance(frame, RstStreamFrame))
                for frame in self.frames
            )

        async with asyncio.timeout(timeout_s), self._came:
            await self._came.wait_for(over)
        return self.headers.get(stream_id, {})

    async def answered(self, stream_id: int, timeout_s: float = 60.0) -> None:
        """Return once there is data of an answer, or the connection is over."""
        async with asyncio.timeout(timeout_s), self._came:
            await self._came.wait_for(
                lambda: (
                    self.is_closed.is_set()
                    or any(isinstance(frame, DataFrame) and frame.stream_id == stream_id for frame in self.frames)
                )
            )

    async def _collect(self) -> None:
        buffer = b""
        try:
            while data := await self._reader.read(65_536):
                buffer += data
                while len(buffer) >= 9:
                    frame, length = Frame.parse_frame_header(memoryview(buffer[:9]))
                    if len(buffer) < 9 + length:
                        break
                    frame.parse_body(memoryview(buffer[9 : 9 + length]))
                    buffer = buffer[9 + length :]
                    await self._took(frame)
        except (ConnectionError, OSError):
            self.is_closed.set()
        finally:
            self.is_closed.set()
            async with self._came:
                self._came.notify_all()

    async def _took(self, frame: Frame) -> None:
        self.frames.append(frame)
        if isinstance(frame, HeadersFrame):
            self.headers.setdefault(frame.stream_id, {}).update(self._decoder.decode(frame.data))
        elif isinstance(frame, SettingsFrame) and "ACK" not in frame.flags and self.acknowledges:
            await self.send(SettingsFrame(0, flags=["ACK"]))
        elif isinstance(frame, PingFrame) and "ACK" not in frame.flags:
            self.ping_count += 1
            if self.answers_pings:
                await self.send(PingFrame(0, frame.opaque_data, flags=["ACK"]))
        async with self._came:
            self._came.notify_all()


def message(data: bytes, *, is_compressed: bool = False) -> bytes:
    """A gRPC message as it lies in DATA frames."""
    return bytes([is_compressed]) + len(data).to_bytes(4, "big") + data


def data_frame(stream_id: int, data: bytes, *, last: bool = True) -> DataFrame:
    """DATA, by default the last of its stream."""
    frame = DataFrame(stream_id, data)
    if last:
        frame.flags.add("END_STREAM")
    return frame
