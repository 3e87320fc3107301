"""The gate and the ports over real servers: all kinds of method, health, reflection, TLS, limits, exposure."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager

import grpc
import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from certificates import self_signed
from geooffer.errors import ConfigurationError, NotFoundError
from geooffer.model import limits
from geooffer.rpc import auth, roles
from geooffer.rpc.durability import at_once
from geooffer.rpc.server import PortOptions, Service, bind_port
from geooffer.rpc.tls import TlsFiles
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1 import ping_service_pb2_grpc as rpc

KEY = Ed25519PrivateKey.generate()
NAME = "geooffer.v1.PingService"


@pytest.fixture(autouse=True, scope="module")
def logging_as_found():
    """capture_logs leaves structlog configured to print on stdout, and commands tested later would keep that."""
    yield
    structlog.reset_defaults()


class Echo(rpc.PingServiceServicer):
    """Answers with the caller's device key; sequence 1 is an error of ours, 2 a bug."""

    async def IngestPings(self, request, context):
        fail(request.ping.sequence)
        key = auth.identity_of(context).device_key
        return pb.IngestPingsResponse(answer=pb.PingAnswer(acknowledged_message_sequence=key))

    async def StreamPings(self, request_iterator, context):
        async for request in request_iterator:
            fail(request.ping.sequence)
            key = auth.identity_of(context).device_key
            yield pb.StreamPingsResponse(answer=pb.PingAnswer(acknowledged_message_sequence=key))


class Writing(rpc.PingServiceServicer):
    """The other style of streams: read and write on the context."""

    async def StreamPings(self, request_iterator, context):
        while (request := await context.read()) is not grpc.aio.EOF:
            fail(request.ping.sequence)
            await context.write(pb.StreamPingsResponse())


def fail(sequence: int) -> None:
    if sequence == 1:
        raise NotFoundError("nothing there", field="sequence")
    if sequence == 2:
        raise ValueError("a secret text")


def metadata(role: str = "device", subject: str = "7"):
    token = auth.issue_token(KEY, role=role, subject=subject, now_s=time.time())
    return ((auth.AUTHORIZATION_KEY, f"Bearer {token}"),)


@asynccontextmanager
async def running(kind="data", servicer=None, **options):
    service = Service(NAME, lambda server: rpc.add_PingServiceServicer_to_server(servicer or Echo(), server))
    port = bind_port(
        kind,
        PortOptions(**({"address": "127.0.0.1:0"} | options)),
        verifier=auth.TokenVerifier(KEY.public_key()),
        durable=at_once,
        services=[service],
    )
    await port.start()
    try:
        yield port
    finally:
        await port.stop(0)


@asynccontextmanager
async def stub(**options):
    async with running(**options) as port, grpc.aio.insecure_channel(port.address) as channel:
        yield rpc.PingServiceStub(channel), channel, port


def ping(sequence: int) -> pb.Ping:
    return pb.Ping(sequence=sequence)


async def code_of(call) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), caught.value.details()


async def test_a_call_knows_its_caller():
    async with stub() as (client, _, _):
        answer = await client.IngestPings(pb.IngestPingsRequest(), metadata=metadata(subject="-9"))
        assert answer.answer.acknowledged_message_sequence == -9
        code, _ = await code_of(client.IngestPings(pb.IngestPingsRequest()))
        assert code is grpc.StatusCode.UNAUTHENTICATED
        code, _ = await code_of(client.IngestPings(pb.IngestPingsRequest(), metadata=metadata("marketing")))
        assert code is grpc.StatusCode.PERMISSION_DENIED


async def test_an_error_is_told_and_a_bug_is_not():
    async with stub() as (client, _, _):
        with structlog.testing.capture_logs() as logs:
            told = await code_of(client.IngestPings(pb.IngestPingsRequest(ping=ping(1)), metadata=metadata()))
            assert told == (grpc.StatusCode.NOT_FOUND, "nothing there")
            assert logs == []
            bug = await code_of(client.IngestPings(pb.IngestPingsRequest(ping=ping(2)), metadata=metadata()))
        assert bug == (grpc.StatusCode.INTERNAL, "internal error")
        (entry,) = logs
        assert (entry["event"], entry["error"]) == ("call_failed", "ValueError")
        assert entry["place"].startswith("test_gate.py:")
        assert "secret" not in str(entry)


@pytest.mark.parametrize("servicer", [Echo(), Writing()])
async def test_streams_of_both_styles_end_by_the_table(servicer):
    async with stub(servicer=servicer) as (_, channel, _):
        method = channel.stream_stream(f"/{NAME}/StreamPings")
        good = pb.StreamPingsRequest(ping=ping(0)).SerializeToString()

        async def answers(*messages: bytes, credentials=None):
            call = method(iter(messages), metadata=metadata() if credentials is None else credentials)
            return [message async for message in call]

        assert len(await answers(good, good)) == 2
        cases = {
            b"\x0a\xff": grpc.StatusCode.INVALID_ARGUMENT,
            pb.StreamPingsRequest(ping=ping(1)).SerializeToString(): grpc.StatusCode.NOT_FOUND,
            pb.StreamPingsRequest(ping=ping(2)).SerializeToString(): grpc.StatusCode.INTERNAL,
        }
        for message, expected in cases.items():
            with structlog.testing.capture_logs():
                code, details = await code_of(answers(good, message))
            assert code is expected
            assert "secret" not in details
        code, _ = await code_of(answers(good, credentials=()))
        assert code is grpc.StatusCode.UNAUTHENTICATED


async def test_health_needs_no_token_and_tells_nothing_else():
    async with stub() as (_, channel, port):
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", NAME):
            answer = await health.Check(health_pb2.HealthCheckRequest(service=name))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        watch = health.Watch(health_pb2.HealthCheckRequest())
        code, _ = await code_of(watch.read())
        assert code is grpc.StatusCode.UNAUTHENTICATED
        await port.drain()
        answer = await health.Check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_reflection_is_for_operators_on_the_control_port():
    async def names(channel, role):
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        call = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(
            iter([request]), metadata=metadata(role)
        )
        return [item.name async for answer in call for item in answer.list_services_response.service]

    async with stub(kind="control") as (_, channel, _):
        assert NAME in await names(channel, roles.OPERATOR)
        code, _ = await code_of(names(channel, roles.DEVICE))
        assert code is grpc.StatusCode.PERMISSION_DENIED
    async with stub(kind="data") as (_, channel, _):
        code, _ = await code_of(names(channel, roles.OPERATOR))
        assert code is grpc.StatusCode.UNIMPLEMENTED


async def test_messages_and_metadata_are_bounded():
    async with stub() as (client, channel, _):
        method = channel.unary_unary(f"/{NAME}/IngestPings")
        big = b"\x00" * (limits.DATA_MESSAGE_SIZE_MAX_BYTES + 1)
        code, _ = await code_of(method(big, metadata=metadata()))
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        bomb = method(b"\x00" * 5_000_000, metadata=metadata(), compression=grpc.Compression.Gzip)
        code, _ = await code_of(bomb)
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        wide = (*metadata(), ("x-wide", "x" * 20_000))
        code, _ = await code_of(client.IngestPings(pb.IngestPingsRequest(), metadata=wide))
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_second_server_on_the_port_fails():
    async with running() as port:
        with pytest.raises(ConfigurationError, match="in use"):
            async with running(address=port.address):
                pass


async def test_tls_serves_those_who_trust_it_and_nobody_in_plaintext():
    tls = self_signed()
    async with running(tls=tls) as port:
        trusted = grpc.ssl_channel_credentials(tls.certificate_chain)
        async with grpc.aio.secure_channel(port.address, trusted) as channel:
            answer = await rpc.PingServiceStub(channel).IngestPings(pb.IngestPingsRequest(), metadata=metadata())
            assert answer.answer.acknowledged_message_sequence == 7
        for credentials in (None, grpc.ssl_channel_credentials(self_signed().certificate_chain)):
            opened = (
                grpc.aio.insecure_channel(port.address)
                if credentials is None
                else grpc.aio.secure_channel(port.address, credentials)
            )
            async with opened as channel:
                call = rpc.PingServiceStub(channel).IngestPings(pb.IngestPingsRequest(), metadata=metadata())
                code, _ = await code_of(call)
                assert code is grpc.StatusCode.UNAVAILABLE


async def test_tls_files_that_do_not_fit_together_are_refused():
    mixed = TlsFiles(self_signed().certificate_chain, self_signed().private_key)
    for files in (mixed, TlsFiles(b"x", b"y")):
        with pytest.raises(ConfigurationError):
            async with running(tls=files):
                pass


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ["token public key", "TLS"]),
        ({"explicit_token_key": True}, ["TLS"]),
        ({"allow_plaintext": True}, ["token public key"]),
    ],
)
async def test_no_bind_beyond_loopback_without_tokens_and_tls(options, words):
    with pytest.raises(ConfigurationError) as caught:
        async with running(address="0.0.0.0:0", **options):
            pass
    for word in ("token public key", "TLS"):
        assert (word in caught.value.message) == (word in words)


async def test_beyond_loopback_with_a_chosen_key_and_the_flag():
    async with running(address="0.0.0.0:0", explicit_token_key=True, allow_plaintext=True) as port:
        assert port.address.startswith("0.0.0.0:")
