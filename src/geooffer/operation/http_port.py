"""GET /livez, /readyz and /metrics on an address of their own, from threads of their own.

    200  good, or metrics      503  a check is not good
    404  another path          405  another method than GET and HEAD

More than a few requests at once are closed unanswered.

Plaintext and without tokens, so on loopback unless somebody said otherwise; nothing of a person is told here.
"""

from __future__ import annotations

import json
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from geooffer.errors import ConfigurationError
from geooffer.operation.checks import Check, live_checks, ready_checks
from geooffer.operation.metrics import registry_of
from geooffer.operation.watched import Watched
from geooffer.rpc.addresses import is_loopback, join_address, split_address

REQUEST_COUNT_MAX = 8
"""At once: probes and a scraper or two; more is somebody else."""
SOCKET_TIMEOUT_S = 5.0
CLOSE_POLL_S = 0.1

Answer = tuple[HTTPStatus, str, bytes]


class MetricsPort:
    """The HTTP server; up from before the start of the service to after its end."""

    def __init__(self, address: str, watched: Watched, *, allow_open: bool = False) -> None:
        """Bind `address` and answer. Raises ConfigurationError where it is not ours, or not loopback and not open."""
        if not is_loopback(address) and not allow_open:
            rule = f"to serve metrics on {address}, which is not loopback, allow_open_metrics is needed"
            raise ConfigurationError(rule, field="metrics_address")
        host, number = split_address(address)
        try:
            self._server = _Server((host, number), watched)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ConfigurationError(f"cannot listen on {address}: {reason}", field="metrics_address") from None
        self.address = join_address(host, self._server.server_address[1])
        """`host:port` as bound: port 0 is resolved."""
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(CLOSE_POLL_S,), name="metrics", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Answer nothing any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], watched: Watched) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.watched = watched
        self.registry = registry_of(watched)
        self.room = threading.BoundedSemaphore(REQUEST_COUNT_MAX)
        super().__init__(address, _Exchange)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Refuse by closing where too many are at work: a thread each must not be without bound."""
        if self.room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One connection, on its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's fault, and its address is not logged."""


class _Exchange(BaseHTTPRequestHandler):
    server: _Server
    timeout = SOCKET_TIMEOUT_S
    protocol_version = "HTTP/1.0"  # one request a connection: nobody holds a place by being idle
    server_version = "geooffer"
    sys_version = ""

    def do_GET(self) -> None:
        self._send(*self._answer(), with_body=True)

    def do_HEAD(self) -> None:
        self._send(*self._answer(), with_body=False)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Of the base class for what is no HTTP: its page would repeat what was sent."""
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self.close_connection = True
        self._send(status, "application/json", b'{"ok": false}\n', with_body=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Probes come every second: nothing is logged."""

    def _answer(self) -> Answer:
        watched = self.server.watched
        path = urlsplit(self.path).path
        if path == "/livez":
            return _told(watched, live_checks(watched))
        if path == "/readyz":
            return _told(watched, ready_checks(watched))
        if path == "/metrics":
            return _metrics(self.server.registry, self.headers.get("Accept", ""))
        return HTTPStatus.NOT_FOUND, "application/json", b'{"ok": false, "paths": ["/livez", "/readyz", "/metrics"]}\n'

    def _send(self, status: HTTPStatus, content_type: str, body: bytes, *, with_body: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if with_body:
            self.wfile.write(body)


def _told(watched: Watched, checks: list[Check]) -> Answer:
    is_good = all(check.is_good for check in checks)
    body = {
        "ok": is_good,
        "phase": watched.startup.phase.value,
        "checks": {check.name: {"ok": check.is_good, **check.figures} for check in checks},
    }
    status = HTTPStatus.OK if is_good else HTTPStatus.SERVICE_UNAVAILABLE
    return status, "application/json", json.dumps(body).encode() + b"\n"


def _metrics(registry: CollectorRegistry, accepted: str) -> Answer:
    encode, content_type = choose_encoder(accepted)
    return HTTPStatus.OK, content_type, encode(registry)
