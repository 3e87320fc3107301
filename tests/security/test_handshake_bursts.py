"""Many TLS handshakes at one moment: gRPC core frees what other threads use where the same files are told again."""

from __future__ import annotations

import json
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from certificates import self_signed
from serving import serving

COUNT, PARALLEL_COUNT = 200, 32
MAIN = [sys.executable, "-m", "geooffer.cli.main"]


def test_a_burst_of_handshakes_ends_nobodys_server(tmp_path: Path) -> None:
    files, paths = self_signed(), (tmp_path / "tls.crt", tmp_path / "tls.key")
    paths[0].write_bytes(files.certificate_chain)
    paths[1].write_bytes(files.private_key)
    paths[1].chmod(0o600)
    options = ("--json", "--plane", "python", "--state-dir", str(tmp_path / "state"))
    context = ssl.create_default_context(cadata=files.certificate_chain.decode())
    context.set_alpn_protocols(["h2"])
    with serving(MAIN, *options, "--tls-cert", str(paths[0]), "--tls-key", str(paths[1])) as process:
        assert process.stdout is not None
        host, _, number = json.loads(process.stdout.readline())["control_address"].rpartition(":")

        def shake_hands(_number: int) -> str | None:
            with (
                socket.create_connection((host, int(number)), 60) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as secure,
            ):
                return secure.selected_alpn_protocol()

        with ThreadPoolExecutor(PARALLEL_COUNT) as clients:
            assert set(clients.map(shake_hands, range(COUNT))) == {"h2"}
        assert process.poll() is None
