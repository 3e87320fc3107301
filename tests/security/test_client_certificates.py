"""G1: TLS and client certificates on both ports, by real handshakes; other roots by a reload."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from certificates import Authority, self_signed
from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.cli.callers import CallerFiles
from geooffer.cli.options import Access, client_certificate_from
from geooffer.cli.reach import UnreachableError, reached
from geooffer.cli.settings import ServiceSettings
from geooffer.errors import ConfigurationError
from geooffer.rpc.tls import TlsFiles
from planes import both_planes, plane_settings

REFUSED = grpc.StatusCode.UNAVAILABLE
SERVED = grpc.StatusCode.OK


@dataclass
class Stage:
    """A service whose files the test exchanges."""

    service: RunningService
    settings: ServiceSettings
    folder: Path
    server: TlsFiles

    def address(self, port: str) -> str:
        return self.service.control_address if port == "control" else self.service.data_address

    async def ask(self, port: str, client: TlsFiles | None, roots: bytes | None = None) -> grpc.StatusCode:
        """How a health check ends by this client certificate."""
        pair = (None, None) if client is None else (client.private_key, client.certificate_chain)
        credentials = grpc.ssl_channel_credentials(roots or self.server.certificate_chain, *pair)
        async with grpc.aio.secure_channel(self.address(port), credentials) as channel:
            return await ended(channel)


async def ended(channel: grpc.aio.Channel) -> grpc.StatusCode:
    try:
        await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=60)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return SERVED


@pytest.fixture
def root() -> Authority:
    return Authority.made("clients")


@pytest.fixture(params=["control", "data"])
async def stage(
    tmp_path: Path, root: Authority, request: pytest.FixtureRequest, plane_kind: str
) -> AsyncIterator[tuple[Stage, str]]:
    """A service one of whose ports asks for certificates, and which."""
    server = self_signed()
    for name, content in (
        ("a.crt", server.certificate_chain), ("a.key", server.private_key), ("clients.pem", root.pem)
    ):  # fmt: skip
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    asking = "tls_client_ca" if request.param == "control" else "tls_client_ca_data"
    files = {"tls_cert": tmp_path / "a.crt", "tls_key": tmp_path / "a.key", asking: tmp_path / "clients.pem"}
    settings = loopback_settings(state_dir=tmp_path / "state", **files, **plane_settings(plane_kind))
    async with running_service(settings) as service:
        yield Stage(service, settings, tmp_path, server), request.param


@both_planes
async def test_only_the_right_certificate_is_served(stage: tuple[Stage, str], root: Authority) -> None:
    town, port = stage
    good, ended_one = root.client("till"), root.client("till", ended=True)
    assert await town.ask(port, good) is SERVED
    assert await town.ask(port, None) is REFUSED
    assert await town.ask(port, Authority.made("clients").client("till")) is REFUSED
    assert await town.ask(port, self_signed()) is REFUSED
    assert await town.ask(port, ended_one) is REFUSED
    # another's certificate without its key
    assert await town.ask(port, TlsFiles(good.certificate_chain, ended_one.private_key)) is REFUSED
    assert await town.ask(port, good, roots=self_signed().certificate_chain) is REFUSED
    async with grpc.aio.insecure_channel(town.address(port)) as channel:
        assert await ended(channel) is REFUSED
    # the other port asks for none
    other = "data" if port == "control" else "control"
    assert await town.ask(other, None) is SERVED
    assert await town.ask(other, good) is SERVED


@both_planes
async def test_a_reload_exchanges_the_roots(stage: tuple[Stage, str], root: Authority) -> None:
    town, port = stage
    new = Authority.made("clients")
    before, after = root.client("till"), new.client("till")
    open_credentials = grpc.ssl_channel_credentials(
        town.server.certificate_chain, before.private_key, before.certificate_chain
    )
    async with grpc.aio.secure_channel(town.address(port), open_credentials) as channel:
        assert await ended(channel) is SERVED
        (town.folder / "clients.pem").write_bytes(new.pem)
        changed = town.service.callers.take_files(CallerFiles.read(town.settings))
        assert changed == ["tls_client_ca" if port == "control" else "tls_client_ca_data"]
        assert await town.ask(port, after) is SERVED
        assert await town.ask(port, before) is REFUSED
        # who is in stays in, until its connection is over
        assert await ended(channel) is SERVED
    (town.folder / "clients.pem").write_bytes(root.pem + new.pem)
    town.service.callers.take_files(CallerFiles.read(town.settings))
    assert (await town.ask(port, before), await town.ask(port, after)) == (SERVED, SERVED)


async def test_what_a_reload_cannot_do(stage: tuple[Stage, str], root: Authority) -> None:
    town, port = stage
    key = "tls_client_ca" if port == "control" else "tls_client_ca_data"
    with pytest.raises(ConfigurationError, match="needs a restart"):
        town.service.callers.take_files(CallerFiles.read(town.settings.model_copy(update={key: None})))
    (town.folder / "clients.pem").write_bytes(b"nothing")
    with pytest.raises(ConfigurationError, match="client CA file holds no PEM certificate"):
        CallerFiles.read(town.settings)
    assert await town.ask(port, root.client("till")) is SERVED


async def test_commands_show_theirs(stage: tuple[Stage, str], root: Authority, tmp_path: Path) -> None:
    """By $GEOOFFER_CLIENT_CERT and $GEOOFFER_CLIENT_KEY, to whichever port they call."""
    town, port = stage
    client = root.client("till")
    (tmp_path / "me.crt").write_bytes(client.certificate_chain)
    (tmp_path / "me.key").write_bytes(client.private_key)
    environment = {"GEOOFFER_CLIENT_CERT": str(tmp_path / "me.crt"), "GEOOFFER_CLIENT_KEY": str(tmp_path / "me.key")}
    roots = town.server.certificate_chain
    assert client_certificate_from({}, roots) is None
    for wrong, words in (
        ({"GEOOFFER_CLIENT_CERT": "x"}, "belong together"),
        (environment | {"GEOOFFER_CLIENT_KEY": str(tmp_path / "a.key")}, "not that of the first certificate"),
        (environment | {"GEOOFFER_CLIENT_CERT": str(tmp_path / "none")}, "no such file"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            client_certificate_from(wrong, roots)
    with pytest.raises(ConfigurationError, match="needs --ca-file"):
        client_certificate_from(environment, None)
    operator = town.service.issue_token("operator")
    for certificate in (client_certificate_from(environment, roots), None):
        access = Access(operator, roots, certificate)
        if certificate is None and port == "control":
            with pytest.raises(UnreachableError, match="GEOOFFER_CLIENT_CERT"):
                await state_of(town, access)
        else:
            assert await state_of(town, access) == 0


async def state_of(town: Stage, access: Access) -> int:
    async with reached(town.address("control"), access) as control:
        return (await control.catalog_state()).saved_generation


@pytest.mark.parametrize(
    ("version", "served"),
    [(ssl.TLSVersion.TLSv1, False), (ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True),
     (ssl.TLSVersion.TLSv1_3, True)],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@both_planes
async def test_no_tls_before_1_2(tmp_path: Path, version: ssl.TLSVersion, served: bool, plane_kind: str) -> None:
    server = self_signed()
    (tmp_path / "a.crt").write_bytes(server.certificate_chain)
    (tmp_path / "a.key").write_bytes(server.private_key)
    (tmp_path / "a.key").chmod(0o600)
    files = {"tls_cert": tmp_path / "a.crt", "tls_key": tmp_path / "a.key"}
    settings = loopback_settings(**files, **plane_settings(plane_kind))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2"])

    def shake(address: str) -> str | None:
        host, _, number = address.rpartition(":")
        with socket.create_connection((host, int(number)), timeout=60) as plain, context.wrap_socket(plain) as secure:
            return secure.version()

    async with running_service(settings) as service:
        for address in (service.data_address, service.control_address):
            if served:
                assert await asyncio.to_thread(shake, address) == version.name.replace("_", ".")
            else:
                with pytest.raises(ssl.SSLError):
                    await asyncio.to_thread(shake, address)
