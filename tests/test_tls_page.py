"""docs/tls.md does what it says: its blocks are executed, in order, in an empty folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "tls.md"
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.long
def test_the_commands_make_certificates_that_serve_and_ask(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    blocks = FENCE.findall(PAGE.read_text(encoding="utf-8"))
    assert {info for info, _ in blocks} == {"sh run"}
    port = f"127.0.0.1:{20_000 + os.getpid() % 10_000}"
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GEOOFFER_DATA_ADDRESS": "127.0.0.1:0",
        "GEOOFFER_CONTROL_ADDRESS": port,
        "GEOOFFER_CONTROL_SERVER": port,
        "GEOOFFER_METRICS_ADDRESS": "127.0.0.1:0",
        "GEOOFFER_STATE_DIR": str(tmp_path / "state"),
    }
    # whatever happens, no server stays behind
    script = "set -e\ntrap 'kill $(jobs -p) 2>&- || true' EXIT\n" + "".join(text for _, text in blocks)
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.count("no request\n") == 2, "with a certificate of hers, before and after the reload"
    assert "one with tls_client_ca asks for $GEOOFFER_CLIENT_CERT" in done.stderr
    assert (tmp_path / "server.key").stat().st_mode & 0o777 == 0o600
