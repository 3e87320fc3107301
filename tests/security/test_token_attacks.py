"""G2 and the token lines of the attack list: what is forged is refused alike, in words and in work."""

from __future__ import annotations

import gc
import time
from typing import Any

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from forged_tokens import claims, forged_tokens

from geooffer.bench import direct_world
from geooffer.cli.assembly import RunningService
from geooffer.errors import UnauthenticatedError
from geooffer.model import limits
from geooffer.rpc import auth
from geooffer.v1 import ping_service_pb2 as pb
from planes import both_planes

KEY = Ed25519PrivateKey.generate()
FORGED = tuple(forged_tokens(KEY))
"""Their names: a token is made for its test, for what is not valid yet would be so before a long run is over."""
STREAM = "/geooffer.v1.PingService/StreamPings"
LISTING = "/geooffer.v1.StoreService/GetStore"


class Checks:
    """Counts signatures checked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        check = jwt.algorithms.OKPAlgorithm.verify

        def counted(*arguments: object) -> bool:
            self.count += 1
            return check(*arguments)

        monkeypatch.setattr(jwt.algorithms.OKPAlgorithm, "verify", counted)


@pytest.mark.parametrize("name", FORGED)
def test_every_refusal_says_and_costs_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = auth.TokenVerifier(KEY.public_key(), lifetime_max_s=86_400)
    assert verifier.verify(jwt.encode(claims(), KEY, "EdDSA")).device_key == 7
    token = forged_tokens(KEY)[name]
    checks = Checks(monkeypatch)
    gc.disable()  # at the bottom of a deep header no finalizer of another test's garbage could run
    try:
        with pytest.raises(UnauthenticatedError) as caught:
            verifier.verify(token)
    finally:
        gc.enable()
    assert str(caught.value) == "a valid token is required"
    assert caught.value.__cause__ is None
    assert checks.count == 1


@pytest.mark.parametrize("metadata", [(), (("authorization", "Basic x"),), (("authorization", "Bearer x"),) * 2])
def test_so_does_a_call_without_a_token(metadata: object, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = Checks(monkeypatch)
    with pytest.raises(UnauthenticatedError, match="a valid token is required"):
        auth.TokenVerifier(KEY.public_key()).verify_metadata(metadata)  # type: ignore[arg-type]
    assert checks.count == 1


def test_the_leeway_is_bounded_and_counts_both_ways() -> None:
    verifier = auth.TokenVerifier(KEY.public_key(), leeway_s=limits.TOKEN_LEEWAY_MAX_S)
    now = int(time.time())
    late = verifier.verify(jwt.encode(claims(iat=now - 100, exp=now - 30), KEY, "EdDSA"))
    assert now <= late.expires_at <= now + 31
    verifier.verify(jwt.encode(claims(iat=now + 30), KEY, "EdDSA"))
    for changes in ({"iat": now - 400, "exp": now - 90}, {"iat": now + 90, "exp": now + 400}):
        with pytest.raises(UnauthenticatedError):
            verifier.verify(jwt.encode(claims(**changes), KEY, "EdDSA"))
    with pytest.raises(AssertionError):
        auth.TokenVerifier(KEY.public_key(), leeway_s=limits.TOKEN_LEEWAY_MAX_S + 1)


@both_planes
async def test_forged_tokens_over_the_wire(service: RunningService) -> None:
    """Both kinds of call on both ports; what does not fit into a header is refused by the transport before."""
    good = service.callers.private_key
    assert isinstance(good, Ed25519PrivateKey)
    async with (
        grpc.aio.insecure_channel(service.data_address) as data,
        grpc.aio.insecure_channel(service.control_address) as control,
    ):
        for name, token in forged_tokens(good).items():
            if len(token) > 7_000 or not token.isprintable():
                continue
            metadata = (("authorization", f"Bearer {token}"),)
            answers = [
                await _end(control.unary_unary(LISTING)(b"", metadata=metadata)),
                # no request is written: a write that meets the end of its call fails inside the transport instead
                await _end(data.stream_stream(STREAM)(metadata=metadata).read()),
            ]
            assert answers == [(grpc.StatusCode.UNAUTHENTICATED, "a valid token is required")] * 2, name
        long = await _end(control.unary_unary(LISTING)(b"", metadata=(("authorization", "Bearer " + "x" * 20_000),)))
        assert long[0] is grpc.StatusCode.RESOURCE_EXHAUSTED


@both_planes
async def test_a_stream_ends_with_its_token(service: RunningService) -> None:
    """Bound: the leeway after `exp`; what was sent before is answered."""
    key = service.callers.private_key
    assert isinstance(key, Ed25519PrivateKey)
    direct_world.fill(service.engine, 8, time.time_ns() // 1_000_000)  # device 7 is of somebody who consents
    now = int(time.time())
    # exp lies in the leeway already (5 s), so the stream opens and has seconds to live
    token = jwt.encode(claims(iat=now - 60, exp=now - 3), key, "EdDSA")
    async with grpc.aio.insecure_channel(service.data_address) as channel:
        call = channel.stream_stream(STREAM)(metadata=(("authorization", f"Bearer {token}"),))
        await call.write(pb.StreamPingsRequest(ping=pb.Ping(latitude_e7=470_000_000)).SerializeToString())
        answer = pb.StreamPingsResponse.FromString(await call.read())
        assert answer.answer.acknowledged_message_sequence == 1
        assert time.time() < now - 3 + service_leeway_s(service) + 1
        assert await _end(call.read()) == (grpc.StatusCode.UNAUTHENTICATED, "a valid token is required")
        assert time.time() >= now - 3 + service_leeway_s(service) - 1


def service_leeway_s(service: RunningService) -> float:
    return service.callers.verifier.leeway_s


@both_planes
async def test_another_customers_device_on_the_third_message(service: RunningService) -> None:
    """PERMISSION_DENIED, what came before is answered, and the observer of refusals is told who and where."""
    direct_world.fill(service.engine, 8, time.time_ns() // 1_000_000)
    told: list[tuple[object, ...]] = []
    service.callers.refusals.observers.append(lambda caller, *refused: told.append((caller.subject, *refused)))
    token = service.issue_token("device", device_key=7)
    metadata = (("authorization", f"Bearer {token}"),)

    def ping(key: int) -> bytes:
        return pb.StreamPingsRequest(ping=pb.Ping(device_key=key, latitude_e7=470_000_000)).SerializeToString()

    async with grpc.aio.insecure_channel(service.data_address) as channel:
        for _ in range(3):
            call = channel.stream_stream(STREAM)(iter([ping(7), ping(0), ping(8)]), metadata=metadata)
            answers: list[pb.StreamPingsResponse] = []
            assert await _end(_collected(call, answers)) == (
                grpc.StatusCode.PERMISSION_DENIED,
                "the token is of another device",
            )
            assert answers[-1].answer.acknowledged_message_sequence == 2
    assert told == [("7", STREAM, "PERMISSION_DENIED", 1)]
    assert service.callers.refusals.untold_count == 2


async def _collected(call: Any, answers: list[pb.StreamPingsResponse]) -> None:
    async for data in call:
        answers.append(pb.StreamPingsResponse.FromString(data))


async def _end(call: Any) -> tuple[grpc.StatusCode, str]:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details() or ""
    return grpc.StatusCode.OK, ""
