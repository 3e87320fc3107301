"""SIGTERM at the native plane's full load, closed loop by the native load generator: every acknowledged ping was
decided, every stream ends with a status, and the process ends well.
"""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from geooffer.bench import native_load
from geooffer.bench.certificate import write_certificate
from geooffer.bench.load_world import LoadWorld
from geooffer.bench.native_load import Loaded, loaded
from geooffer.bench.shapes import SHAPES, Shape
from geooffer.rpc.auth import issue_token
from geooffer.rpc.keys import development_keys
from serving import STARTED, events, log_lines, serving

pytest.importorskip("geooffer_native", reason="geooffer-native is not installed (make native)")

CROWDED = [sys.executable, str(Path(__file__).with_name("crowded_serve.py"))]
BUSY_S, LOAD_S = 0.5, 20.0
"""From the first answer on every stream to the signal, at least; and how long the load would go on without it."""
HANG_S = 30.0
NEVER_SHED_MS = 60_000
SMALL = replace(SHAPES["gateway"], streams_per_connection=32, device_count=1_024)


def plan_of(shape: Shape, address: str, state_dir: Path, budget_ms: int, ca_pem: str) -> dict[str, Any]:
    key = development_keys(state_dir).private_key

    def token(subject: str) -> str:
        return issue_token(key, role=shape.role, subject=subject, now_s=time.time(), lifetime_s=600.0)

    own = [token(str(number)) for number in range(1, shape.device_count + 1)]
    return {
        "address": address,
        "ca_pem": ca_pem,
        "server_name": "localhost" if ca_pem else "",
        "tokens": own if shape.role == "device" else [token("gateway")],
        "connection_count": shape.connection_count,
        "streams_per_connection": shape.streams_per_connection,
        "window": shape.window,
        "row_count": shape.row_count,
        "warmup_s": 0.0,
        "measure_s": LOAD_S,
        "grace_s": 30.0,
        "budget_ms": 50,
        "decision_budget_ms": budget_ms,
        "session_id": time.time_ns(),
        "world": LoadWorld(shape.device_count, shape.role == "gateway").json(),
    }


class Load(threading.Thread):
    """A run of the generator, beside the test."""

    def __init__(self, plan: dict[str, Any]) -> None:
        super().__init__()
        self._plan = plan
        self.result: Loaded | None = None
        self.report: dict[str, Any] = {}

    def run(self) -> None:
        run = native_load.program()
        assert run is not None
        self.report = json.loads(run(json.dumps(self._plan)))
        self.result = loaded(self.report)


def drained(shape: Shape, folder: Path, environment: pytest.MonkeyPatch, budget_ms: int) -> tuple[Load, dict[str, Any]]:
    """A load that a SIGTERM met, and what the server counted."""
    state_dir, witness = folder / "server", folder / "witness.json"
    state_dir.mkdir()
    tls: tuple[str, ...] = ()
    ca_pem = ""
    if shape.is_tls:
        certificate, key = write_certificate(folder)
        tls, ca_pem = ("--tls-cert", str(certificate), "--tls-key", str(key)), certificate.read_text()
    for setting in ("QUOTA_DEVICE_ROWS_PER_SECOND", "QUOTA_ROWS_PER_SECOND", "TLS_HANDSHAKES_PER_SECOND"):
        environment.setenv(f"GEOOFFER_{setting}", "0")  # or the quota ends streams before the signal
    environment.setenv("GEOOFFER_GATEWAY_ADDRESS", "127.0.0.1:0")
    command = [*CROWDED, str(shape.device_count), str(witness)]
    options = ("--json", "--plane", "native", "--state-dir", str(state_dir), *tls)
    with serving(command, *options) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        address = ready["data_address" if shape.role == "device" else "gateway_address"]
        load = Load(plan_of(shape, address, state_dir, budget_ms, ca_pem))
        load.start()
        until_in_full_flow(ready["metrics_address"], shape)
        process.send_signal(signal.SIGTERM)
        out, err = ended(process)
        load.join()
    assert (process.returncode, out) == (0, ""), err
    assert events(err) == [*STARTED, "draining", "stopped"]
    assert log_lines(err)[-1]["failed"] is False
    return load, json.loads(witness.read_text())


def until_in_full_flow(metrics_address: str, shape: Shape) -> None:
    """The windows of all streams are full, and have been for a while: a closed loop sends no second message before
    every stream's first was answered."""
    end_s = time.monotonic() + 60.0
    while decided_rows(metrics_address) <= 2 * shape.stream_count * shape.rows_per_message:
        assert time.monotonic() < end_s, "not all streams were answered"
        time.sleep(0.05)
    time.sleep(BUSY_S)


def decided_rows(metrics_address: str) -> float:
    with urllib.request.urlopen(f"http://{metrics_address}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("geooffer_pings_total{"))


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Its last words; how long it took to end is told by --log-cli-level=info."""
    began_s = time.monotonic()
    out, err = process.communicate(timeout=HANG_S)
    logging.getLogger(__name__).info("gone %.2f s after SIGTERM", time.monotonic() - began_s)
    return out, err


def assert_nothing_is_lost(load: Load, shape: Shape, served: dict[str, Any]) -> None:
    result = load.result
    assert result is not None, "the load failed"
    assert result.acknowledged > 2 * shape.stream_count, "a load that does nothing shows nothing"
    # with trailers, each of them, and none is cut: a reset, a broken connection or HTTP/2's own end are other texts
    ends = {text: count for text, count in result.errors.items() if count}  # 0 streams: a connection that had none left
    assert ends == {"grpc-status 14: the service is shutting down": shape.stream_count}
    acknowledged_rows = load.report["acknowledged_rows"]
    judged_rows = sum(served["verdicts"].values())
    assert judged_rows >= acknowledged_rows
    # more than was acknowledged nobody read: what came after the last message that was taken is not even begun
    assert judged_rows == acknowledged_rows == served["rows"] + served["shed_rows"]
    assert served["streams"] == 0


def test_sigterm_under_full_load_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load, served = drained(SMALL, tmp_path, monkeypatch, NEVER_SHED_MS)
    assert_nothing_is_lost(load, SMALL, served)
    assert "SHED" not in served["verdicts"]


@pytest.mark.long
@pytest.mark.parametrize("budget_ms", [0, NEVER_SHED_MS], ids=["sheds", "sheds nothing"])
@pytest.mark.parametrize("name", SHAPES)
def test_sigterm_under_every_full_load_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, budget_ms: int
) -> None:
    shape = SHAPES[name]
    load, served = drained(shape, tmp_path, monkeypatch, budget_ms)
    assert_nothing_is_lost(load, shape, served)
