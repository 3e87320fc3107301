"""SIGHUP: what may change while it serves is taken over, a faulty file not at all."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import Result

from certificates import self_signed
from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.cli.reload import Reload, Reloadable
from geooffer.cli.settings import RELOADABLE_KEYS, ServiceSettings
from geooffer.errors import ConfigurationError, UnauthenticatedError
from geooffer.rpc.auth import issue_token
from geooffer.services.stock_alarm import StockAlarm
from serving import serving

Invoke = Callable[..., Result]
END_S = 30


class Stage:
    """A running service, and a reload of settings that the test writes."""

    def __init__(self, service: RunningService, settings: ServiceSettings) -> None:
        self.service = service
        self.alarm = StockAlarm(service.control)
        self.wanted: ServiceSettings | Exception = settings
        assert service.watched.parts is not None
        self.compactions = service.watched.parts.compactions
        parts = Reloadable(service.watched, service.callers, service.disk, self.alarm, self.compactions)
        self.reload = Reload(settings, self._load, parts)

    def _load(self) -> ServiceSettings:
        if isinstance(self.wanted, Exception):
            raise self.wanted
        return self.wanted

    def change(self, **changes: Any) -> str:
        """The outcome of a reload that finds the settings in force with these changes."""
        values = self.reload.settings.model_dump() | changes
        self.wanted = ServiceSettings(**values)
        return self.reload.run()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    certificate(tmp_path)
    files = {"tls_cert": tmp_path / "a.crt", "tls_key": tmp_path / "a.key"}
    settings = loopback_settings(state_dir=tmp_path / "state", journal="sqlite", **files)
    async with running_service(settings) as service:
        yield Stage(service, settings)


def certificate(folder: Path) -> bytes:
    """Write a new pair to a.crt and a.key; returns the certificate as a handshake shows it."""
    files = self_signed()
    (folder / "a.crt").write_bytes(files.certificate_chain)
    (folder / "a.key").write_bytes(files.private_key)
    (folder / "a.key").chmod(0o600)
    return ssl.PEM_cert_to_DER_cert(files.certificate_chain.decode())


def shown_by(address: str) -> bytes:
    """The certificate that a new connection is shown."""
    host, _, port = address.rpartition(":")
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, int(port)), timeout=END_S))


async def test_token_keys_are_exchanged(tmp_path: Path) -> None:
    """A directory of keys by kid: a new one is taken, an old one ends, a faulty one changes nothing."""
    keys = tmp_path / "keys"
    keys.mkdir()
    old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()

    def put(name: str, key: Ed25519PrivateKey) -> None:
        form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        (keys / f"{name}.pem").write_bytes(key.public_key().public_bytes(*form))

    put("old", old)
    settings = loopback_settings(state_dir=tmp_path / "state", token_public_key=keys)
    async with running_service(settings) as service:
        stage = Stage(service, settings)

        def good() -> list[bool]:
            found = []
            for name, key in (("old", old), ("new", new)):
                token = issue_token(key, role="operator", subject="me", now_s=time.time(), key_id=name)
                try:
                    found.append(service.callers.verifier.verify(token).subject == "me")
                except UnauthenticatedError:
                    found.append(False)
            return found

        assert (stage.reload.run(), good()) == ("unchanged", [True, False])
        put("new", new)
        assert (stage.reload.run(), good()) == ("applied", [True, True])
        (keys / "third.pem").write_bytes(b"nothing")
        (keys / "old.pem").unlink()
        assert (stage.reload.run(), good()) == ("refused", [True, True])
        (keys / "third.pem").unlink()
        assert (stage.reload.run(), good()) == ("applied", [False, True])
        # the development key does not come back by a reload
        assert stage.change(token_public_key=None) == "unchanged"
        assert good() == [False, True]
        assert stage.change(quota_calls_per_second=7) == "applied"
        assert service.callers.quotas.rates.calls == 7


async def test_what_may_change_changes(stage: Stage) -> None:
    disk = stage.service.disk
    assert disk is not None
    assert stage.reload.run() == "unchanged"
    assert stage.change(stock_alarm_age_hours=2, disk_reserve_bytes=5, log_level="warning") == "applied"
    assert (stage.alarm.age_max_ms, disk.reserve_bytes) == (7_200_000, 5)
    assert stage.change(snapshot_record_count=7, snapshot_size_bytes=9) == "applied"
    assert stage.compactions is not None
    assert (stage.compactions.record_count_max, stage.compactions.size_bytes_max) == (7, 9)
    assert stage.change(stock_alarm_age_hours=None) == "applied"
    assert stage.alarm.age_max_ms is None
    assert stage.service.watched.reload_counts == {"applied": 3, "unchanged": 1, "refused": 0}


async def test_what_needs_a_restart_changes_nothing_and_does_not_keep_the_rest(stage: Stage) -> None:
    before = stage.reload.settings
    assert stage.change(index="packed", allow_open_metrics=True) == "unchanged"
    assert stage.reload.settings == before
    assert stage.change(index="packed", stock_alarm_age_hours=3) == "applied"
    assert stage.reload.settings == before.model_copy(update={"stock_alarm_age_hours": 3})
    # no port can leave TLS, nor begin with it
    assert stage.change(tls_cert=None, tls_key=None) == "unchanged"
    assert stage.reload.settings.tls_cert == before.tls_cert


async def test_a_fault_keeps_all_of_the_old(stage: Stage, tmp_path: Path) -> None:
    before = stage.reload.settings
    stage.wanted = ConfigurationError("index: one\nclock: another")
    assert stage.reload.run() == "refused"
    # a key that does not fit is found before anything else is taken over
    (tmp_path / "a.key").write_bytes(self_signed().private_key)
    assert stage.change(stock_alarm_age_hours=9) == "refused"
    assert (stage.reload.settings, stage.alarm.age_max_ms) == (before, None)
    (tmp_path / "a.key").unlink()
    stage.wanted = before
    assert stage.reload.run() == "refused"
    assert stage.service.watched.reload_counts == {"applied": 0, "unchanged": 0, "refused": 3}


async def test_a_new_certificate_is_shown_at_both_ports(stage: Stage, tmp_path: Path) -> None:
    new = certificate(tmp_path)
    for address in (stage.service.data_address, stage.service.control_address):
        assert await asyncio.to_thread(shown_by, address) != new
    assert stage.reload.run() == "applied"
    for address in (stage.service.data_address, stage.service.control_address):
        assert await asyncio.to_thread(shown_by, address) == new


def test_every_key_that_follows_a_reload_is_a_setting() -> None:
    assert set(RELOADABLE_KEYS) <= set(ServiceSettings.model_fields)


def test_a_real_server_follows_sighup(command: list[str], invoke: Invoke, tmp_path: Path) -> None:
    config, state_dir = tmp_path / "geooffer.toml", tmp_path / "state"
    certificate(tmp_path)
    files = f'tls_cert = "{tmp_path}/a.crt"\ntls_key = "{tmp_path}/a.key"\n'
    config.write_text(files)
    with serving(command, "--json", "--config", str(config), "--state-dir", str(state_dir)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        ready = json.loads(process.stdout.readline())
        seen: list[dict[str, Any]] = []

        def line(event: str) -> dict[str, Any]:
            """The next log line of that event."""
            assert process.stderr is not None
            while True:
                seen.append(json.loads(process.stderr.readline()))
                if seen[-1]["event"] == event:
                    return seen[-1]

        def reload(*arguments: str | Path) -> None:
            asked = invoke("config", "reload", *arguments)
            assert (asked.exit_code, asked.stdout.split()[:3]) == (0, ["asked", "process", str(process.pid)])

        assert line("serving")["data_address"] == ready["data_address"]
        new = certificate(tmp_path)
        config.write_text(files + 'log_level = "debug"\nindex = "packed"\n')
        reload("--pid", str(process.pid))
        assert line("config_needs_restart")["keys"] == ["index"]
        assert line("config_reloaded")["keys"] == ["log_level", "tls_cert", "tls_key"]
        assert shown_by(ready["data_address"]) == new
        config.write_text('log_level = "chatty"\nindx = "cells"\n')
        reload("--state-dir", state_dir)
        refused = line("config_refused")
        assert refused["fault_count"] == 2
        assert [fault.partition(":")[0] for fault in refused["faults"]] == ["log_level", "indx"]
        reload("--state-dir", state_dir)
        line("config_refused")
        process.send_signal(signal.SIGTERM)
        assert line("stopped")["failed"] is False
        assert process.wait(END_S) == 0


def test_sighup_is_sent_to_servers_only(invoke: Invoke, tmp_path: Path) -> None:
    none = invoke("config", "reload", "--state-dir", tmp_path)
    assert none.exit_code == 2
    assert "no server uses" in none.stderr
    # a lock that nobody holds any more names a process that may be somebody else by now
    (tmp_path / "service.lock").write_text(f"{os.getpid()}\n")
    assert "no server uses" in invoke("config", "reload", "--state-dir", tmp_path).stderr
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        other = invoke("config", "reload", "--pid", str(sleeper.pid))
        assert other.exit_code == 2
        assert "is no `geooffer serve`" in other.stderr
        assert sleeper.poll() is None
        sleeper.kill()
    assert invoke("config", "reload", "--pid", str(2**22 + 1)).exit_code == 2


def test_check_finds_what_a_reload_would_refuse(invoke: Invoke, tmp_path: Path) -> None:
    certificate(tmp_path)
    config = tmp_path / "geooffer.toml"
    config.write_text(f'tls_cert = "{tmp_path}/a.crt"\ntls_key = "{tmp_path}/a.key"\n')
    assert invoke("config", "check", "--config", config).exit_code == 0
    (tmp_path / "a.key").write_bytes(self_signed().private_key)
    checked = invoke("config", "check", "--config", config)
    assert checked.exit_code == 1
    assert "not that of the first certificate" in checked.stdout
    (tmp_path / "a.key").chmod(0o640)
    checked = invoke("config", "check", "--config", config)
    assert checked.exit_code == 1
    assert "a.key is open to others; it needs mode 0600" in checked.stdout


def test_the_server_is_found_by_the_settings_as_by_every_command(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOOFFER_STATE_DIR", str(tmp_path / "by-environment"))
    assert f"no server uses {tmp_path / 'by-environment'}" in invoke("config", "reload").stderr
    file = tmp_path / "geooffer.toml"
    file.write_text(f'state_dir = "{tmp_path / "by-file"}"\n')
    monkeypatch.delenv("GEOOFFER_STATE_DIR")
    assert f"no server uses {tmp_path / 'by-file'}" in invoke("config", "reload", "--config", file).stderr
