"""How calls end, byte for byte the same on both planes: code, text, details, and no header more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from plane_stage import ANNA, BERT, NOBODY, SHOP, Plane, open_service

from geooffer.rpc.auth import AUTHORIZATION_KEY
from geooffer.v1 import ping_service_pb2 as pb
from planes import NATIVE, PYTHON, why_not_native

PING = "/geooffer.v1.PingService/"
STREAM, INGEST = f"{PING}StreamPings", f"{PING}IngestPings"
COUNT = 3


def batch(**columns: Any) -> bytes:
    """Three rows at the shop, with changes."""
    values = {
        "device_keys": [ANNA] * COUNT,
        "latitudes_e7": [SHOP[0]] * COUNT,
        "longitudes_e7": [SHOP[1]] * COUNT,
    } | columns
    return pb.StreamPingsRequest(batch=pb.PingBatch(**values)).SerializeToString()


def single(**fields: Any) -> bytes:
    return pb.StreamPingsRequest(ping=pb.Ping(**fields)).SerializeToString()


RAGGED = (
    "device_keys", "session_ids", "sequences", "longitudes_e7", "accuracies_cm", "fix_ages_millis",
    "fix_offsets_millis", "speeds_cm_per_s",
)  # fmt: skip
BODIES: dict[str, tuple[str, bytes]] = {
    "no content": ("gateway", b""),
    "no protobuf": ("gateway", b"\x0a\xff"),
    "wrong wire type": ("gateway", b"\x08\x01"),
    "cut short": ("gateway", batch()[:-3]),
    "empty batch": ("gateway", batch(device_keys=[], latitudes_e7=[], longitudes_e7=[])),
    "too many rows": ("gateway", batch(**dict.fromkeys(("device_keys", "latitudes_e7", "longitudes_e7"), [1] * 1_025))),
    "outside its ranges": ("gateway", batch(device_keys=[1, 2, 10**9])),
    "another's ping": ("device", single(device_key=BERT)),
    "another's row": ("device", batch(device_keys=[ANNA, ANNA, BERT])),
    "ping outside its ranges": ("gateway", single(device_key=10**9)),
    **{f"ragged {name}": ("gateway", batch(**{name: [ANNA] * (COUNT - 1)})) for name in RAGGED},
}
"""Name → role, message."""
Metadata = tuple[tuple[str, str], ...]
TOKENS: dict[str, Callable[[Plane], Metadata]] = {
    "none": lambda plane: (),
    "nonsense": lambda plane: bearer("x.y.z"),
    "another scheme": lambda plane: ((AUTHORIZATION_KEY, f"Basic {plane.token('gateway')}"),),
    "twice": lambda plane: bearer(plane.token("gateway")) * 2,
    "for a year": lambda plane: bearer(plane.token("gateway", lifetime_s=366 * 86_400)),
    "marketing": lambda plane: bearer(plane.token("marketing", "m")),
    "privacy officer": lambda plane: bearer(plane.token("privacy_officer", "o")),
}
PATHS = (f"{PING}NoSuch", "/geooffer.v1.NoSuch/Method", f"{PING}streampings", "/grpc.health.v1.Health/NoSuch")
End = tuple[Any, ...]


def bearer(token: str) -> Metadata:
    return ((AUTHORIZATION_KEY, f"Bearer {token}"),)


async def each(messages: list[bytes]) -> AsyncIterator[bytes]:
    """An iterator of grpc.aio that allows `read`."""
    for message in messages:
        yield message


async def end_of(call: Any) -> End:
    """Status, all trailers, and what was acknowledged before."""
    count = 0
    try:
        if hasattr(call, "read"):
            while (data := await call.read()) is not grpc.aio.EOF:
                count = pb.StreamPingsResponse.FromString(data).answer.acknowledged_message_sequence
        else:
            await call
            count = 1
    except grpc.aio.AioRpcError as error:
        trailers = sorted((key, value) for key, value in error.trailing_metadata() or ())
        return error.code(), error.details(), tuple(trailers), count
    trailers = sorted((key, value) for key, value in await call.trailing_metadata() or ())
    return await call.code(), await call.details(), tuple(trailers), count


async def ends(kind: str) -> dict[str, End]:
    """All of the above, by name."""
    told: dict[str, End] = {}
    async with open_service(kind=kind) as plane, grpc.aio.insecure_channel(plane.port.address) as channel:

        async def both(name: str, data: bytes, metadata: Metadata) -> None:
            told[f"ingest: {name}"] = await end_of(channel.unary_unary(INGEST)(data, metadata=metadata))
            told[f"stream: {name}"] = await end_of(channel.stream_stream(STREAM)(each([data]), metadata=metadata))

        for name, (role, data) in BODIES.items():
            who = bearer(plane.token(role, ANNA if role == "device" else "gw", **ranges_of(role)))
            await both(name, data, who)
            good = channel.stream_stream(STREAM)(each([single(device_key=ANNA), data]), metadata=who)
            told[f"second: {name}"] = await end_of(good)
        for name, made in TOKENS.items():
            # nothing is written: a write that meets the end of its call fails inside the transport instead
            told[f"stream token: {name}"] = await end_of(channel.stream_stream(STREAM)(metadata=made(plane)))
            told[f"ingest token: {name}"] = await end_of(channel.unary_unary(INGEST)(batch(), metadata=made(plane)))
        for path in PATHS:
            told[path] = await end_of(channel.unary_unary(path)(b"", metadata=bearer(plane.token("operator"))))
        nobody = bearer(plane.token("device", NOBODY))
        told["no consent"] = await end_of(channel.stream_stream(STREAM)(each([single()]), metadata=nobody))
        streams = [channel.stream_stream(STREAM)(metadata=bearer(plane.token("device", BERT))) for _ in range(4)]
        for stream in streams:
            await stream.write(single(latitude_e7=SHOP[0]))
            await stream.read()
        told["fifth"] = await end_of(channel.stream_stream(STREAM)(metadata=bearer(plane.token("device", BERT))))
        assert await plane.plane.drain(10.0)
        told["drained"] = await end_of(streams[0])
        gateway = bearer(plane.token("gateway"))
        told["after the drain"] = await end_of(channel.unary_unary(INGEST)(batch(), metadata=gateway))
    return told


def ranges_of(role: str) -> dict[str, Any]:
    return {"device_key_ranges": [(1, 100_000)]} if role == "gateway" else {}


async def test_the_python_planes_ends_say_something() -> None:
    """Without it two planes that answer nothing would be alike."""
    told = await ends(PYTHON)
    codes = {end[0] for end in told.values()}
    assert codes == {
        grpc.StatusCode.OK,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNAVAILABLE,
    }
    assert all(end[3] == 1 for name, end in told.items() if name.startswith("second: ")), "what came before is answered"


@pytest.mark.skipif(why_not_native() is not None, reason=str(why_not_native()))
async def test_calls_end_alike() -> None:
    python, native = await ends(PYTHON), await ends(NATIVE)
    different = {name: (python[name], native[name]) for name in python if python[name] != native[name]}
    assert not different
