"""Server assembly: a port is a grpc.aio server with its limits, its gate, its services and health.

Data port: the public one; messages ≤ 64 KiB. Control port: private; messages ≤ 4 MiB, and reflection for
operators. A bind beyond loopback needs a token key that was chosen (not a development key), and TLS unless
plaintext is allowed by flag.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from geooffer.errors import ConfigurationError
from geooffer.model import limits
from geooffer.rpc.addresses import UNIX, is_loopback, join_address, split_address
from geooffer.rpc.auth import TokenVerifier
from geooffer.rpc.call_admission import CallAdmission
from geooffer.rpc.call_watch import CallWatch
from geooffer.rpc.health import Health
from geooffer.rpc.interceptors import CallGate, Durable, OnAnswered
from geooffer.rpc.open_files import connection_count_max
from geooffer.rpc.quotas import Quotas
from geooffer.rpc.refusals import Refusals
from geooffer.rpc.tls import PortKind, TlsFiles, TlsSource
from geooffer.telemetry.observed import CallHook, ignore

AddService = Callable[[grpc.aio.Server], None]
CONNECTION_AGE_GRACE_MS = 60_000
HANDSHAKE_TIMEOUT_MS = 20_000
DATA_LOOKAHEAD_BYTES = 1_024
"""A dozen single pings; of a large batch the rest is let in when it is read."""

_HEALTH_NAME = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name


@dataclass(frozen=True, slots=True)
class PortOptions:
    """Where and how a port is bound."""

    address: str
    """`host:port`; port 0 = chosen by the operating system. Or `unix:path`, behind the native plane."""
    tls: TlsSource | TlsFiles | None = None
    """A source is shared with whoever exchanges its files while the port serves."""
    allow_plaintext: bool = False
    explicit_token_key: bool = False
    """False: tokens are checked against the development key of the state directory."""


@dataclass(frozen=True, slots=True)
class Service:
    """One gRPC service: its full name and what adds it to a server."""

    name: str
    add: AddService


class Port:
    """A bound port. Not ready until `start`; health answers NOT_SERVING before and during `stop`."""

    def __init__(self, server: grpc.aio.Server, health: Health, address: str) -> None:
        self._server = server
        self._health = health
        self._draining = False
        self.address = address
        """`host:port` as bound: port 0 is resolved."""

    async def start(self) -> None:
        """Accept calls and report SERVING."""
        await self._server.start()
        self._health.report(True)

    async def report_ready(self, ready: bool) -> None:
        """Report SERVING or NOT_SERVING for all services; a drain is not taken back."""
        if not self._draining:
            self._health.report(ready)

    async def drain(self) -> None:
        """Report NOT_SERVING; calls still work. Load balancers look elsewhere from now on."""
        self._draining = True
        self._health.report(False)

    async def stop(self, grace_s: float) -> None:
        """Refuse new calls, wait for running ones up to `grace_s` seconds, then cancel them."""
        await self.drain()
        await self._server.stop(grace_s)


def bind_port(
    kind: PortKind,
    options: PortOptions,
    *,
    verifier: TokenVerifier,
    durable: Durable,
    services: Sequence[Service],
    on_call: CallHook = ignore,
    admission: CallAdmission | None = None,
    quotas: Quotas | None = None,
    refusals: Refusals | None = None,
    on_answered: OnAnswered = lambda method, message: None,
) -> Port:
    """Build and bind a port; its answers wait for `durable`, its calls for room (`admission`) and for their caller's
    share (`quotas`); `on_call` is told of every call that ended, `refusals` of callers that were refused,
    `on_answered` of unary calls that went well.

    Raises ConfigurationError for an unsafe or unavailable address.
    """
    check_exposure(options)
    gate = CallGate(verifier, durable, admission, quotas, refusals, on_answered)
    is_behind = options.address.startswith(UNIX)
    channel = behind_plane_options() if is_behind else channel_options(kind)
    server = grpc.aio.server(interceptors=[CallWatch(on_call), gate], options=channel)
    names = [service.name for service in services]
    for service in services:
        service.add(server)
    health = Health(names)
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    if kind == "control":
        reflection.enable_server_reflection([*names, _HEALTH_NAME, reflection.SERVICE_NAME], server)
    port = _bind(server, kind, options)
    if is_behind:
        return Port(server, health, options.address)
    return Port(server, health, join_address(split_address(options.address)[0], port))


def channel_options(kind: PortKind) -> list[tuple[str, int]]:
    """Transport limits of a port (wire-api: limits)."""
    size = limits.DATA_MESSAGE_SIZE_MAX_BYTES if kind == "data" else limits.CONTROL_MESSAGE_SIZE_MAX_BYTES
    # what waits unread in the transport ages unseen, by default up to 5 MB a stream (docs/overload.md)
    windows = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", DATA_LOOKAHEAD_BYTES)]
    return [
        *(windows if kind == "data" else ()),
        ("grpc.max_receive_message_length", size),
        ("grpc.max_metadata_size", limits.METADATA_SIZE_MAX_BYTES),
        ("grpc.absolute_max_metadata_size", limits.METADATA_SIZE_MAX_BYTES),
        ("grpc.max_allowed_incoming_connections", connection_count_max(kind)),
        ("grpc.max_concurrent_streams", limits.STREAMS_PER_CONNECTION_COUNT_MAX),
        # a second process on the same port must fail, not share its connections
        ("grpc.so_reuseport", 0),
        # who opens a connection says so (TLS, HTTP/2 preface) within this time
        ("grpc.server_handshake_timeout_ms", HANDSHAKE_TIMEOUT_MS),
        # half-open connections with a call are found (docs/security.md: how soon); those without are closed as unused
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        # the one of the two that was seen to decide; by default a minute
        ("grpc.http2.ping_timeout_ms", 20_000),
        # by default a quiet stream is asked twice, and then a minute later at the soonest
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.max_connection_idle_ms", 600_000),
        # ± 10 % by the transport; a stream that goes on is cut after the grace, and its client resumes it
        ("grpc.max_connection_age_ms", limits.CONNECTION_AGE_MAX_MS),
        ("grpc.max_connection_age_grace_ms", CONNECTION_AGE_GRACE_MS),
    ]


def behind_plane_options() -> list[tuple[str, int]]:
    """Of the data port behind the native plane, which bounds connections, their age and their windows itself: few
    connections carry the calls of all callers, and none of them may end for one.
    """
    return [
        ("grpc.max_receive_message_length", limits.DATA_MESSAGE_SIZE_MAX_BYTES),
        ("grpc.max_metadata_size", limits.METADATA_SIZE_MAX_BYTES),
        ("grpc.absolute_max_metadata_size", limits.METADATA_SIZE_MAX_BYTES),
        ("grpc.max_concurrent_streams", limits.PING_CALL_COUNT_MAX),
        ("grpc.server_handshake_timeout_ms", HANDSHAKE_TIMEOUT_MS),
    ]


def check_exposure(options: PortOptions) -> None:
    """Refuse to be open to a network without a chosen token key or without TLS. Names every fault at once."""
    if is_loopback(options.address):
        return
    faults = []
    if not options.explicit_token_key:
        faults.append("a token public key (the development key is for loopback only)")
    if options.tls is None and not options.allow_plaintext:
        faults.append("TLS files, or the flag that allows plaintext")
    if faults:
        rule = f"to listen on {options.address}, which is not loopback, give {' and '.join(faults)}"
        raise ConfigurationError(rule, field="address")


def _bind(server: grpc.aio.Server, kind: PortKind, options: PortOptions) -> int:
    try:
        if options.tls is None:
            port = server.add_insecure_port(options.address)
        else:
            source = TlsSource(options.tls) if isinstance(options.tls, TlsFiles) else options.tls
            port = server.add_secure_port(options.address, source.credentials(kind))
    except RuntimeError:
        port = 0
    except ConfigurationError as error:
        raise ConfigurationError(f"cannot listen on {options.address}: {error.message}", field=error.field) from None
    if port == 0:
        raise ConfigurationError(f"cannot listen on {options.address}: it is in use or not ours", field="address")
    return port
