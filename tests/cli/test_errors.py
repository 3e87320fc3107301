"""Whatever a command raises becomes one line on stderr and an exit code."""

from __future__ import annotations

import pytest
import typer

from geooffer.cli.errors import ErrorGroup
from geooffer.errors import ConfigurationError, NotFoundError
from invoking import CliRunner, Result


def run(error: BaseException) -> Result:
    app = typer.Typer(cls=ErrorGroup, pretty_exceptions_enable=False)

    @app.callback()
    def root() -> None:
        pass

    @app.command("fail")
    def fail() -> None:
        raise error

    return CliRunner().invoke(app, ["fail"])


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (NotFoundError("no such store"), 2, "error: no such store [NOT_FOUND]"),
        (FileNotFoundError(2, "No such file or directory", "a.csv"), 2, "error: a.csv: No such file or directory"),
        (OSError("odd"), 2, "error: OSError"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (ExceptionGroup("many", [ValueError(), ExceptionGroup("in", [NotFoundError("no such fence")])]), 2,
         "error: no such fence [NOT_FOUND]"),
        (typer.Exit(1), 1, ""),
    ],
)  # fmt: skip
def test_an_error_is_one_line(error: BaseException, code: int, line: str) -> None:
    result = run(error)
    assert result.exit_code == code
    assert result.stderr.strip() == line
    assert result.stdout == ""


def test_several_faults_are_a_line_each() -> None:
    told = run(ConfigurationError("one: bad\ntwo: bad")).stderr
    assert told == "error: 2 faults [CONFIGURATION]\n  one: bad\n  two: bad\n"


@pytest.mark.parametrize("error", [ValueError("47.3769, 8.5417"), ExceptionGroup("secret", [KeyError("secret")])])
def test_a_defect_of_ours_tells_its_place_and_never_its_text(error: Exception) -> None:
    result = run(error)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: internal fault ({type(error).__name__} at test_errors.py:")
    assert "47.3769" not in result.output
    assert "secret" not in result.output


def test_the_way_to_a_defect_is_shown_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOOFFER_DEBUG", "1")
    assert "Traceback" in run(ValueError("x")).stderr
