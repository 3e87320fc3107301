"""`geooffer serve` as a process: the ready line, a signal, and what it refuses before it listens."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from geooffer.client import GeoofferClient, Ping
from serving import ANY_PORTS, STARTED, events, log_lines, serving

Invoke = Callable[..., Result]
END_S = 30


async def test_it_says_ready_serves_and_drains_on_sigterm(command: list[str], invoke: Invoke) -> None:
    with serving(command, "--json", "--clock", "client") as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert (ready["ready"], ready["clock"], ready["index"]) == (True, "client", "cells")
        token = invoke("token", "dev", "--role", "operator").stdout.strip()
        addresses = {"data_target": ready["data_address"], "control_target": ready["control_address"]}
        async with GeoofferClient(**addresses, token=token) as client:
            assert (await client.control.catalog_state()).geofence_count == 0
            answer = await client.ingest(Ping(47.0, 8.0, fix_time_ms=1_000_000, device_key=7))
            assert answer.acknowledged_message_sequence == 1
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=END_S)
        assert (process.returncode, out) == (0, "")
        assert events(err) == [*STARTED, "draining", "stopped"]


def test_sigint_is_a_drain_too(command: list[str]) -> None:
    with serving(command) as process:
        assert process.stdout is not None
        ready = process.stdout.readline().split()
        # a dump of this process would hold everybody
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        assert re.search(r"^Max core file size +[01] +[01] ", limits, re.MULTILINE), limits
        assert (ready[0], ready[1:9:2]) == ("ready", ["data", "control", "metrics", "plane"])
        assert [address.rpartition(":")[0] for address in ready[2:8:2]] == ["127.0.0.1"] * 3
        assert ready[8] in ("native", "python")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=END_S)
        assert process.returncode == 0
        assert log_lines(err)[-1] | {"timestamp": ""} == {
            "timestamp": "", "level": "info", "event": "stopped", "failed": False
        }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--data-address", "0.0.0.0:0"), "token_public_key: needed"),
        (("--data-address", "nonsense"), "data_address: must be host:port"),
        (("--metrics-address", "0.0.0.0:0"), "allow_open_metrics: needed"),
        (("--log-level", "chatty"), "log_level: input should be"),
        (("--clock", "lunar"), "clock: input should be"),
        (("--clock-start", "2026-03-03T10:00:00Z"), "clock_start: only with clock 'client'"),
        (("--index", "magic"), "index: input should be"),
        (("--config", "/nonexistent.toml"), "no such file"),
        (("--tls-cert", "/nonexistent.pem"), "tls_cert: no such file"),
        (("--state-dir", "/dev/null"), "state_dir: is not a directory"),
    ],
)
def test_what_it_refuses_before_it_listens(invoke: Invoke, options: tuple[str, ...], reason: str) -> None:
    result = invoke("serve", *options)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert reason in result.stderr


def test_files_that_are_no_keys_are_refused(invoke: Invoke, tmp_path: Path) -> None:
    pem = tmp_path / "a.pem"
    pem.write_text("no key at all")
    pem.chmod(0o600)
    result = invoke("serve", *ANY_PORTS, "--token-public-key", pem)
    assert result.exit_code == 2
    assert "not a PEM public key" in result.stderr
    result = invoke("serve", *ANY_PORTS, "--tls-cert", pem, "--tls-key", pem)
    assert result.exit_code == 2
    assert "no PEM certificate" in result.stderr


def test_an_address_in_use_is_refused(invoke: Invoke) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for key in ("metrics", "control"):
            result = invoke("serve", *ANY_PORTS, f"--{key}-address", address)
            assert result.exit_code == 2
            assert f"cannot listen on {address}" in result.stderr
