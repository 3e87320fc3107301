"""The command as a user has it: invoked in process, or as a process of its own."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from invoking import CliRunner, Result, geooffer_app

Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def clean_environment_of_commands(clean_environment: None) -> None:
    """Of every test here."""


@pytest.fixture
def invoke() -> Invoke:
    """`invoke("import", "fences", …)`: exit code, stdout and stderr of the command."""
    app = geooffer_app()

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
def free_address() -> Iterator[str]:
    """An address on loopback where nobody listens: it is held until the test is over, so that nobody else gets it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"
