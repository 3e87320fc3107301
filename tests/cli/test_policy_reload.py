"""The policy file of a real server: SIGHUP takes a good one; what cannot be trusted is told, and changes nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from typer.testing import Result

from geooffer.model.policy_document import PolicyDocument
from serving import serving

Invoke = Callable[..., Result]
COOLDOWN, LONGER = "cooldown_ms = 1800000", "cooldown_ms = 3600000"
END_S = 60


class Server:
    """A process, its log and its metrics."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.ready = json.loads(process.stdout.readline())

    def line(self, event: str) -> dict[str, Any]:
        """The next log line of that event; a policy must not move, nor be refused, before it."""
        assert self.process.stderr is not None
        while (line := json.loads(self.process.stderr.readline()))["event"] != event:
            assert not line["event"].startswith("policy_"), line
        return dict(line)

    def metric(self, name: str) -> float:
        with urllib.request.urlopen(f"http://{self.ready['metrics_address']}/metrics", timeout=END_S) as answer:
            lines = answer.read().decode().splitlines()
        return float(next(line.split()[-1] for line in lines if line.startswith(f"{name} ")))

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(END_S) == 0


def test_a_real_server_takes_its_policy_file_at_sighup(command: list[str], invoke: Invoke, tmp_path: Path) -> None:
    state_dir, file, config = tmp_path / "state", tmp_path / "policy.toml", tmp_path / "geooffer.toml"
    first = replace(PolicyDocument(), version=1).text()

    def signed(text: str) -> str:
        file.write_text(text)
        done = invoke("policy", "sign", file, "--author", "anna", "--reason", "test", "--state-dir", state_dir)
        assert done.exit_code == 0, done.output
        return file.read_text()

    config.write_text("")
    options = ("--json", "--config", str(config), "--state-dir", str(state_dir))
    with serving(command, *options) as process:
        server = Server(process)
        server.line("serving")
        older = signed(first)
        tighter = signed(first.replace(COOLDOWN, LONGER))
        config.write_text(f'policy_file = "{file}"\n')
        process.send_signal(signal.SIGHUP)
        moved = server.line("policy_moved")
        assert (moved["version"], moved["state"], moved["loosening"]) == (2, "in force", False)
        assert server.line("config_reloaded")["keys"] == ["policy_file"]
        for count, text in enumerate((tighter.replace("3600000", "3600001"), first, older, "\x00"), 1):
            file.write_text(text)
            process.send_signal(signal.SIGHUP)
            assert server.line("policy_file_refused")["version"] == 2
            assert server.metric("geooffer_policy_files_refused_total") == count
        signed(replace(PolicyDocument(), version=2).text().replace(COOLDOWN, "cooldown_ms = 0"))
        process.send_signal(signal.SIGHUP)
        moved = server.line("policy_moved")
        assert (moved["version"], moved["state"], moved["loosening"]) == (3, "waiting", True)
        assert server.metric("geooffer_policy_version") == 2
        server.end()
    file.write_text(tighter.replace("3600000", "3600001"))
    with serving(command, *options) as process:
        assert process.wait(END_S) == 2, "a start fails closed"
        assert process.stderr is not None
        assert "changed after it was signed" in process.stderr.read()
