"""The command as a user has it: invoked in process, or as a process of its own."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from geooffer.cli.main import build_app

Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def clean_environment_of_commands(clean_environment: None) -> None:
    """Of every test here."""


@pytest.fixture
def invoke() -> Invoke:
    """`invoke("import", "fences", …)`: exit code, stdout and stderr of the command."""
    app = build_app()

    def run(*arguments: str | Path) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def command() -> list[str]:
    """The command line of a subprocess that is `geooffer`."""
    return [sys.executable, "-m", "geooffer.cli.main"]


@pytest.fixture
def free_address() -> str:
    """An address on loopback where nobody listens (bound once by this process, then let go)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
