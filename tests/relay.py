"""A TCP relay in front of a port, whose way back to the client the test can throttle, stop, or cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

CHUNK_SIZE_BYTES = 4_096


class Relay:
    """All connections alike."""

    def __init__(self, target: str) -> None:
        host, port = target.rsplit(":", 1)
        self._target = host, int(port)
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.back_pause_s = 0.0
        """Waited after every 4 KiB to the client."""
        self.address = ""

    @classmethod
    @asynccontextmanager
    async def before(cls, target: str) -> AsyncIterator[Self]:
        """A relay that listens."""
        relay = cls(target)
        server = await asyncio.start_server(relay._connected, "127.0.0.1", 0)
        relay.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield relay
        finally:
            server.close()
            relay.cut()
            await asyncio.gather(*relay._tasks, return_exceptions=True)

    def stop(self) -> None:
        """Nothing comes back to the client any more; its socket stays open and its end is silent."""
        self._open.clear()

    def go_on(self) -> None:
        """What was held up comes back."""
        self._open.set()

    def cut(self) -> None:
        """End all connections without a word."""
        for task in self._tasks:
            task.cancel()
        for writer in self._writers:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target, limit=CHUNK_SIZE_BYTES)
        self._writers += [writer, far_writer]
        for coroutine in (self._forth(reader, far_writer), self._back(far_reader, writer)):
            task = asyncio.create_task(coroutine)
            self._tasks.add(task)

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK_SIZE_BYTES):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await self._open.wait()
            data = await reader.read(CHUNK_SIZE_BYTES)
            if not data:
                break
            await self._open.wait()
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(self.back_pause_s)
        writer.close()
