"""The README's commands do what it says: its `sh run` blocks are executed, in order, in an empty folder."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
END_S = 540
"""A dozen commands and a server take 15 s alone, and took 100 beside seven other jobs."""


def _blocks(info: str) -> list[str]:
    return re.findall(rf"^```{re.escape(info)}\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)


def _free_ports(count: int) -> list[int]:
    """Below those that the system hands out: none of them goes to another test before the commands listen there."""
    ports: list[int] = []
    for port in range(20_000 + os.getpid() % 10_000, 32_768):
        with socket.socket() as probe, contextlib.suppress(OSError):  # taken: the next one
            probe.bind(("127.0.0.1", port))
            ports.append(port)
        if len(ports) == count:
            break
    assert len(ports) == count
    return ports


@pytest.mark.timeout(END_S + 60)
def test_the_commands_give_the_output_that_is_shown(tmp_path: Path) -> None:
    data, control = (f"127.0.0.1:{port}" for port in _free_ports(2))
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GEOOFFER_DATA_ADDRESS": data,
        "GEOOFFER_CONTROL_ADDRESS": control,
        "GEOOFFER_SERVER": data,
        "GEOOFFER_CONTROL_SERVER": control,
        "GEOOFFER_METRICS_ADDRESS": "127.0.0.1:0",
        "GEOOFFER_STATE_DIR": str(tmp_path / "state"),
    }
    script = "set -e\n" + "\n".join(_blocks("sh run"))
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=END_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    shown = [line for block in _blocks("") for line in block.splitlines() if re.match(r"\d{4}-|  ALREADY", line)]
    assert len(shown) == 5
    for line in shown:
        assert line in done.stdout


def test_the_python_block_runs(tmp_path: Path) -> None:
    (block,) = _blocks("python")
    done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
