"""A script of twin_script.py told to a service on one plane over real sockets, and everything it answered.

Answers are normalised as the contract allows: how many there are, and which of them acknowledges what, is the plane's
own affair; what is told of each row is not, nor is its order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from unittest import mock

import grpc
from plane_stage import Plane, open_service
from twin_script import Changed, Script, Spoken

from geooffer.bench.city_in_process import load_engine
from geooffer.engine.state import digest
from geooffer.errors import GeoofferError
from geooffer.model import limits
from geooffer.rpc.auth import AUTHORIZATION_KEY
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1.verdicts_pb2 import OFFER_VERDICT_OFFERED

STREAM, INGEST = "/geooffer.v1.PingService/StreamPings", "/geooffer.v1.PingService/IngestPings"
MOMENT_S = 120.0
NEVER_S = 10_000_000.0


@dataclass
class Moment:
    """What was told of one moment."""

    acknowledged: int = 0
    generations: set[int] = field(default_factory=set)
    wanted: set[bool] = field(default_factory=set)
    rejected: list[bytes] = field(default_factory=list)
    transitions: list[bytes] = field(default_factory=list)
    tries: list[bytes] = field(default_factory=list)
    offers: list[bytes] = field(default_factory=list)
    next_pings: list[bytes] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    def hear(self, answers: Iterable[pb.PingAnswer]) -> None:
        """All answers of the moment."""
        whole = pb.PingAnswer()
        for answer in answers:
            assert answer.acknowledged_message_sequence >= self.acknowledged, "acknowledgements never go back"
            self.acknowledged = answer.acknowledged_message_sequence
            self.generations.add(answer.catalog_generation)
            self.wanted.add(answer.location_wanted)
            whole.MergeFrom(answer)
        for kept, told in (
            (self.rejected, whole.rejected_rows),
            (self.transitions, whole.transitions),
            (self.tries, whole.tries),
            (self.offers, whole.offers),
            (self.next_pings, whole.next_pings),
        ):
            kept += [item.SerializeToString(deterministic=True) for item in sorted(told, key=_place)]  # type: ignore[call-overload]


def _place(told: Any) -> tuple[int, int, bool]:
    """Of one row the order stays; but a try that won waits for the journal, and others of its row may be told before,
    in an answer that has left already."""
    return told.message_sequence, told.row, getattr(told, "verdict", None) == OFFER_VERDICT_OFFERED


@dataclass
class Recorded:
    """A whole script."""

    moments: list[Moment | str]
    """Of a change: what became of the call."""
    ping_verdicts: dict[int, int]
    offer_verdicts: dict[int, int]
    digests: list[str]
    """Of the state, by partition."""
    batch_count: int

    @property
    def offer_count(self) -> int:
        return sum(len(moment.offers) for moment in self.moments if isinstance(moment, Moment))


async def recorded(script: Script, kind: str) -> Recorded:
    """Play it."""
    engine = load_engine(script.city)
    async with AsyncExitStack() as stack:
        stack.enter_context(_without_sweeps())
        plane = await stack.enter_async_context(open_service(kind=kind, engine=engine))
        player = await stack.enter_async_context(_Player.of(plane))
        moments = [await asyncio.wait_for(player.play(moment), MOMENT_S) for moment in script.moments]
        verdicts, tries = plane.verdicts(), engine.statistics.offer_verdicts
        counted = {int(k): n for k, n in verdicts.items() if n}, {int(k): n for k, n in tries.items() if n}
        batch_count = plane.plane.statistics.batches
    digests = [digest(engine.state, partition) for partition in range(limits.PARTITION_COUNT)]
    return Recorded(moments, *counted, digests, batch_count)


def _without_sweeps() -> ExitStack:
    """By the wall, so at other pings in each run. A plane is imported when it is made: so here before, or it would come
    with its sweeps."""
    stack = ExitStack()
    for name in ("grpc_plane", "native_plane"):
        module = import_module(f"geooffer.dataplane.{name}")
        stack.enter_context(mock.patch.object(module, "SWEEP_EVERY_S", NEVER_S))
    return stack


class _Player:
    """The callers of a script: an operator's and a gateway's stream that stay, phones that come and go."""

    def __init__(self, plane: Plane, control: Any, channel: grpc.aio.Channel) -> None:
        self._plane, self._control, self._channel = plane, control, channel
        self._calls = {
            role: channel.stream_stream(STREAM)(metadata=self._bearer(role)) for role in ("operator", "gateway")
        }
        self._sent = dict.fromkeys(self._calls, 0)

    @classmethod
    def of(cls, plane: Plane) -> Any:
        """A context."""
        from contextlib import asynccontextmanager

        from geooffer.client import GeoofferClient

        @asynccontextmanager
        async def made() -> Any:
            address = plane.port.control_address  # type: ignore[union-attr]
            client = GeoofferClient(control_target=address, token=plane.token("operator"))
            async with client, grpc.aio.insecure_channel(plane.port.address) as channel:
                yield cls(plane, client.control, channel)

        return made()

    def _bearer(self, role: str, subject: int | str = "twin") -> Any:
        return ((AUTHORIZATION_KEY, f"Bearer {self._plane.token(role, subject)}"),)

    async def play(self, moment: Spoken | Changed) -> Moment | str:
        if isinstance(moment, Changed):
            return await self._change(moment)
        told = Moment()
        if moment.caller == "device":
            await self._phone(moment, told)
        elif moment.caller == "ingest":
            await self._ingest(moment, told)
        else:
            await self._stream(moment, told)
        return told

    async def _change(self, moment: Changed) -> str:
        try:
            result = await moment.call(self._control)
        except GeoofferError as error:
            return f"{moment.name}: {type(error).__name__} {error.message}"
        await self._control.wait_live((await self._control.catalog_state()).saved_generation)
        return f"{moment.name}: {getattr(result, 'accepted_count', None)} {getattr(result, 'refused', None)}"

    async def _stream(self, moment: Spoken, told: Moment) -> None:
        call = self._calls[moment.caller]
        writing = asyncio.create_task(self._write(call, moment))
        self._sent[moment.caller] += len(moment.messages)
        answers: list[pb.PingAnswer] = []
        while not answers or answers[-1].acknowledged_message_sequence < self._sent[moment.caller]:
            answers.append(_answer(await call.read()))
        await writing
        told.hear(answers)

    @staticmethod
    async def _write(call: Any, moment: Spoken) -> None:
        for message in moment.messages:
            await call.write(_request(message).SerializeToString())

    async def _phone(self, moment: Spoken, told: Moment) -> None:
        """One message after the other: one that may not be located is asked to stop after the first."""
        call = self._channel.stream_stream(STREAM)(metadata=self._bearer("device", moment.device_key))
        answers: list[pb.PingAnswer] = []
        for number, message in enumerate(moment.messages, 1):
            await call.write(_request(message).SerializeToString())
            while not answers or answers[-1].acknowledged_message_sequence < number:
                answers.append(_answer(await call.read()))
            if not answers[-1].location_wanted:
                break
        else:
            await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        told.hear(answers)
        told.ends.append(f"{await call.code()} {await call.details()}")

    async def _ingest(self, moment: Spoken, told: Moment) -> None:
        for message in moment.messages:
            data = pb.IngestPingsRequest()
            getattr(data, _field(message)).CopyFrom(message)
            bearer = self._bearer("device", moment.device_key)
            answer = await self._channel.unary_unary(INGEST)(data.SerializeToString(), metadata=bearer)
            told.hear([pb.IngestPingsResponse.FromString(answer).answer])


def _request(message: pb.Ping | pb.PingBatch) -> pb.StreamPingsRequest:
    request = pb.StreamPingsRequest()
    getattr(request, _field(message)).CopyFrom(message)
    return request


def _field(message: pb.Ping | pb.PingBatch) -> str:
    return "ping" if isinstance(message, pb.Ping) else "batch"


def _answer(data: Any) -> pb.PingAnswer:
    assert data is not grpc.aio.EOF, "the stream ended"
    return pb.StreamPingsResponse.FromString(data).answer
