"""The HTTP port refuses what it is not for, and nobody who misbehaves keeps others from it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from watched_stage import END_S, fetch

from geooffer.errors import ConfigurationError
from geooffer.operation.http_port import REQUEST_COUNT_MAX, MetricsPort
from geooffer.operation.watched import Watched


@pytest.fixture
def address() -> Iterator[str]:
    port = MetricsPort("127.0.0.1:0", Watched())
    yield port.address
    port.close()


def connect(address: str) -> socket.socket:
    host, _, number = address.rpartition(":")
    return socket.create_connection((host, int(number)), timeout=END_S)


def answer_to(address: str, sent: bytes) -> bytes:
    with connect(address) as connection:
        connection.sendall(sent)
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def test_other_paths_and_methods_are_refused_without_repeating_them(address: str) -> None:
    assert fetch(address, "/livez?verbose=1")[0] == 200
    for path in ("/", "/livez/", "/../metrics", "/customers/anna-4711"):
        status, body = fetch(address, path)
        assert status == 404
        assert json.loads(body)["paths"] == ["/livez", "/readyz", "/metrics"]
        assert "anna" not in body
    for method in ("POST", "PUT", "DELETE", "anna-4711"):
        status, body = fetch(address, "/livez", method)
        assert status == 405
        assert "anna" not in body
    assert fetch(address, "/metrics", "HEAD") == (200, "")
    garbage = answer_to(address, b"anna-4711 \x00\xff\r\n\r\n")
    assert b"anna" not in garbage
    assert fetch(address, "/livez")[0] == 200


def test_neither_server_nor_library_versions_are_told(address: str) -> None:
    head = answer_to(address, b"GET /livez HTTP/1.0\r\n\r\n").split(b"\r\n\r\n")[0].lower()
    assert b"server: geooffer" in head
    assert b"python" not in head


def test_those_who_say_nothing_take_the_places_and_others_get_them_back(address: str) -> None:
    silent = [connect(address) for _ in range(REQUEST_COUNT_MAX)]
    assert answer_to(address, b"GET /livez HTTP/1.0\r\n\r\n") == b""
    for connection in silent:
        connection.close()
    while not answer_to(address, b"GET /livez HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200"):
        pass  # until the closed ones are noticed; the test's time limit ends it otherwise


@pytest.mark.parametrize("exposed", ["0.0.0.0:0", "[::]:0", "example.invalid:0"])
def test_beyond_loopback_only_where_it_is_allowed(exposed: str) -> None:
    with pytest.raises(ConfigurationError, match="allow_open_metrics"):
        MetricsPort(exposed, Watched())


def test_it_may_be_opened_by_the_flag() -> None:
    port = MetricsPort("0.0.0.0:0", Watched(), allow_open=True)
    try:
        assert fetch(port.address.replace("0.0.0.0", "127.0.0.1"), "/livez")[0] == 200
    finally:
        port.close()


def test_an_address_in_use_is_named(address: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot listen on 127"):
        MetricsPort(address, Watched())
