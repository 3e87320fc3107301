"""File < environment < flags; unknown keys; every fault in one report."""

from __future__ import annotations

from pathlib import Path

import pytest

from geooffer.cli.settings import ServiceSettings
from geooffer.cli.settings_layers import load_settings
from geooffer.errors import ConfigurationError


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "geooffer.toml"
    path.write_text(text)
    return path


def faults(config_file: Path | None = None, **flags: object) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(config_file, flags)
    return caught.value.message.splitlines()


def test_nothing_given_is_loopback_cells_and_the_system_clock(tmp_path: Path) -> None:
    settings = load_settings()
    assert (settings.data_address, settings.control_address) == ("127.0.0.1:7430", "127.0.0.1:7431")
    assert (settings.index, settings.clock, settings.clock_start_ms) == ("cells", "system", None)
    assert settings.state_dir == tmp_path / "state" / "geooffer"
    assert settings.faults() == []


def test_flags_beat_environment_beats_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, 'index = "rtree"\nclock = "client"\ndata_address = "127.0.0.1:1"\n')
    monkeypatch.setenv("GEOOFFER_INDEX", "packed")
    monkeypatch.setenv("GEOOFFER_DATA_ADDRESS", "127.0.0.1:2")
    settings = load_settings(path, {"data_address": "127.0.0.1:3", "index": None})
    assert (settings.clock, settings.index, settings.data_address) == ("client", "packed", "127.0.0.1:3")


def test_every_fault_is_told_at_once_with_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, 'indx = "cells"\nclock = "lunar"\ncontrol_address = "0.0.0.0:7431"\n')
    found = faults(path, clock_start="yesterday", tls_key=tmp_path / "none.pem", data_address="nowhere")
    text = "\n".join(found)
    assert "indx: no such setting" in text
    assert f"clock: input should be 'system' or 'client' (from {path})" in text
    assert "clock_start: not an RFC 3339 time" in text
    assert "tls_key: no such file (from flag --tls-key)" in text
    assert "data_address: must be host:port" in text
    assert "token_public_key: needed, because control_address is not loopback" in text


def test_an_unknown_variable_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOOFFER_INDX", "cells")
    monkeypatch.setenv("GEOOFFER_CLOCK", "lunar")
    text = "\n".join(faults())
    assert "GEOOFFER_INDX: no such setting" in text
    assert "(from GEOOFFER_CLOCK)" in text


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"data_address": "0.0.0.0:1", "allow_plaintext": True}, "token_public_key: needed"),
        ({"data_address": "0.0.0.0:1"}, "tls_cert: needed"),
        ({"control_address": "[::]:1"}, "tls_cert: needed"),
        ({"data_address": "example.org:1"}, "tls_cert: needed"),
        ({"data_address": "0.0.0.0:1", "clock": "client"}, "clock: 'client' is for loopback only"),
        ({"clock_start": "2026-03-03T10:00:00Z"}, "clock_start: only with clock 'client'"),
        ({"data_address": "127.0.0.1:9", "control_address": "127.0.0.1:9"}, "control_address: the same"),
    ],
)
def test_settings_that_do_not_fit_together(changes: dict[str, object], fault: str) -> None:
    assert any(line.startswith(fault) for line in faults(None, **changes))
    assert any(line.startswith(fault) for line in ServiceSettings(**changes).faults())  # type: ignore[arg-type]


def test_tls_needs_both_files(tmp_path: Path) -> None:
    pem = tmp_path / "a.pem"
    pem.write_text("pem")
    assert faults(None, tls_cert=pem) == ["tls_key: needed together with tls_cert"]
    assert faults(None, tls_key=pem) == ["tls_cert: needed together with tls_key"]
    assert faults(None, tls_key=tmp_path)[0].startswith("tls_key: is a directory")


@pytest.mark.parametrize("address", ["127.0.0.1:0", "127.1.2.3:5", "[::1]:7", "localhost:7"])
def test_loopback_needs_neither_key_nor_tls(address: str) -> None:
    assert load_settings(None, {"data_address": address, "clock": "client"}).data_address == address


@pytest.mark.parametrize("address", ["", ":1", "host", "host:", "host:x", "host:65536", "::1:5", "host:-1", "host:٣"])
def test_a_bad_address_is_one_fault(address: str) -> None:
    assert [line.partition(":")[0] for line in faults(None, data_address=address)] == ["data_address"]


@pytest.mark.parametrize(
    ("content", "reason"), [(b"index = \n", "not a TOML file"), (b"\xff\xfe", "not a TOML file: not UTF-8")]
)
def test_a_file_that_is_no_toml(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    assert reason in faults(path)[0]


def test_a_missing_file_and_a_directory(tmp_path: Path) -> None:
    assert "no such file" in faults(tmp_path / "none.toml")[0]
    assert "directory" in faults(tmp_path)[0]
