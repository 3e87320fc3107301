"""`geooffer serve` in processes of their own, started warm (warm_process.py) or cold, and ended by any signal."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geooffer.client import GeoofferClient
from geooffer.rpc.auth import issue_token
from geooffer.rpc.keys import development_keys
from planes import PYTHON, plane_options
from serving import ANY_PORTS

READY_S = 60.0
POLL_S = 0.004


class WarmStarter:
    """Owns the process that forks servers. A context."""

    plane = PYTHON
    """Of the servers it starts; run.py says it once for all."""

    def __init__(self) -> None:
        here = Path(__file__)
        environment = {**os.environ, "GRPC_VERBOSITY": "NONE", "GEOOFFER_CACHE_DIR": _cache_dir()}
        self._process = subprocess.Popen(
            [sys.executable, str(here.with_name("warm_process.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._answer()

    def __enter__(self) -> WarmStarter:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # its orders end

    def serve(self, state_dir: Path, *options: str, **order: Any) -> ServerProcess:
        """Start one. order: `plants`, `file_size_max_bytes` (warm_process.py)."""
        state_dir.parent.mkdir(parents=True, exist_ok=True)
        out, err = state_dir.with_suffix(".out"), state_dir.with_suffix(".err")
        out.write_text("")
        arguments = [*_arguments(state_dir), *plane_options(self.plane), *options]
        pid = self.ask({"serve": arguments, "out": str(out), "err": str(err), **order})["pid"]
        return ServerProcess(self, pid, out, err, state_dir)

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """One order, one answer."""
        assert self._process.stdin is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process that starts servers has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _cache_dir() -> str:
    from geooffer.kernels.compile import cache_directory

    return str(cache_directory().parent)


def _arguments(state_dir: Path) -> list[str]:
    return ["--json", *ANY_PORTS, "--state-dir", str(state_dir)]


@dataclass
class ServerProcess:
    """A started server."""

    starter: WarmStarter
    pid: int
    out: Path
    err: Path
    state_dir: Path
    code: int | None = None

    async def ready(self) -> dict[str, Any]:
        """Its ready line, with the addresses. Raises RuntimeError where it ended instead."""
        end_s = time.monotonic() + READY_S
        while time.monotonic() < end_s:
            text = self.out.read_text()
            if text.endswith("\n"):
                answer: dict[str, Any] = json.loads(text.splitlines()[0])
                return answer
            if self.poll() is not None:
                raise RuntimeError(f"the server ended with {self.code} before it was ready: {self.last_words()}")
            await asyncio.sleep(POLL_S)
        raise RuntimeError("the server was not ready in time")

    def last_words(self) -> str:
        """The end of its stderr."""
        return " | ".join(self.err.read_text().splitlines()[-3:])

    def poll(self) -> int | None:
        """Its exit code, negative = signal; None while it runs."""
        if self.code is None:
            self.code = self.starter.ask({"poll": self.pid})["code"]
        return self.code

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.end(signal.SIGKILL)

    def end(self, number: int) -> int:
        """Send a signal and wait; returns the exit code."""
        if self.code is None:
            os.kill(self.pid, number)
            self.code = int(self.starter.ask({"wait": self.pid})["code"])
        return self.code

    async def ended(self, timeout_s: float = READY_S) -> int:
        """Wait until it has ended by itself. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while self.poll() is None:
                await asyncio.sleep(POLL_S)
        assert self.code is not None
        return self.code


def operator_client(ready: dict[str, Any], state_dir: Path, **options: Any) -> GeoofferClient:
    """A client that may do everything on both ports."""
    key = development_keys(state_dir).private_key
    token = issue_token(key, role="operator", subject="operator", now_s=time.time(), lifetime_s=100_000)
    addresses = {"data_target": ready["data_address"], "control_target": ready["control_address"]}
    return GeoofferClient(**addresses, token=token, private_connection=True, **options)
