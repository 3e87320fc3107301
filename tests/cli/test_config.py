"""`geooffer config`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from geooffer.cli.settings import ServiceSettings

Invoke = Callable[..., Result]


def test_show_prints_a_file_that_check_accepts(invoke: Invoke, tmp_path: Path) -> None:
    shown = invoke("config", "show")
    assert shown.exit_code == 0
    assert tomllib.loads(shown.stdout)["index"] == "cells"
    for key, field in ServiceSettings.model_fields.items():
        assert f"{key} =" in shown.stdout
        assert field.description is not None
        assert field.description in shown.stdout
    path = tmp_path / "geooffer.toml"
    path.write_text(shown.stdout)
    assert invoke("config", "check", "--config", path).stdout == "settings are good\n"


def test_show_json_has_every_setting(invoke: Invoke) -> None:
    assert json.loads(invoke("config", "show", "--json").stdout).keys() == ServiceSettings.model_fields.keys()


def test_check_names_every_fault_and_ends_with_1(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "geooffer.toml"
    path.write_text('index = "x"\nnonsense = 1\n')
    checked = invoke("config", "check", "--config", path, "--json")
    assert checked.exit_code == 1
    result = json.loads(checked.stdout)
    assert result["ok"] is False
    assert [fault.partition(":")[0] for fault in result["faults"]] == ["index", "nonsense"]
    assert invoke("config", "check", "--config", path).stdout.count("\n") == 2


def test_show_with_faults_is_bad_input(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOOFFER_CONFIG", "/nonexistent/file.toml")
    shown = invoke("config", "show")
    assert shown.exit_code == 2
    assert shown.stdout == ""
    assert "no such file" in shown.stderr
