"""A real `geooffer serve` for clients that nobody here wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from geooffer.rpc.auth import issue_token
from geooffer.rpc.keys import development_keys

START_S = 900
"""The first start of a machine compiles the kernels."""
END_S = 30
UNBOUNDED = {"GEOOFFER_QUOTA_ROWS_PER_SECOND": "0", "GEOOFFER_QUOTA_CALLS_PER_SECOND": "0"}


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is ready."""

    data_address: str
    control_address: str
    token: str
    """Of an operator: may call everything."""
    root: Path | None = None
    """Its certificate, where it speaks TLS."""

    @property
    def port(self) -> str:
        """Of the data address."""
        return self.data_address.rpartition(":")[2]


@contextmanager
def served(plane: str, files: tuple[Path, Path] | None = None) -> Iterator[Served]:
    """On loopback, nothing in it. files: certificate and key, for TLS. Raises RuntimeError where it does not start or
    does not end with 0 after SIGTERM."""
    with tempfile.TemporaryDirectory(prefix="geooffer-conformance-") as folder:
        command = [sys.executable, "-m", "geooffer.cli.main", "serve", "--json", "--state-dir", folder]
        for name in ("data", "control", "metrics"):
            command += [f"--{name}-address", "127.0.0.1:0"]
        command += ["--log-level", "warning", *_plane_options(plane)]
        if files is not None:
            command += ["--tls-cert", str(files[0]), "--tls-key", str(files[1])]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | UNBOUNDED) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                if not line:
                    raise RuntimeError(f"geooffer serve did not start: exit code {process.wait(END_S)}")
                ready = json.loads(line)
                key = development_keys(Path(folder)).private_key
                token = issue_token(key, role="operator", subject="conformance", now_s=time.time(), lifetime_s=3_600)
                yield Served(ready["data_address"], ready["control_address"], token, files and files[0])
            finally:
                process.terminate()
                try:
                    code = process.wait(END_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise RuntimeError("geooffer serve did not end after SIGTERM") from None
            if code:
                raise RuntimeError(f"geooffer serve ended with {code} after SIGTERM")


def _plane_options(plane: str) -> tuple[str, ...]:
    from geooffer.cli.settings import ServiceSettings

    return ("--plane", plane) if "plane" in ServiceSettings.model_fields else ()


def planes() -> list[str]:
    """Those this machine can serve by."""
    from importlib.util import find_spec

    from geooffer.cli.settings import ServiceSettings

    has_native = "plane" in ServiceSettings.model_fields and find_spec("geooffer_native") is not None
    return ["python", "native"] if has_native else ["python"]
