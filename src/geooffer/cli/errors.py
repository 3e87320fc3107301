"""What a failed command says: one clear line on stderr and an exit code, never a traceback."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from geooffer.errors import GeoofferError

EXIT_FINDINGS = 1
"""The command did its work and found something: refused rows, invalid settings, unmet checks."""

EXIT_BAD_INPUT = 2
"""Wrong usage, unreadable input, no server, no right: nothing was done."""

EXIT_FAULT = 3
"""A server that ran has failed: what it acknowledged is safe, and starting it again recovers it."""

EXIT_INTERRUPTED = 130


class ErrorGroup(TyperGroup):
    """A command group that turns every exception of its commands into one line.

    It sits at the group, not around `main`, so that tests which invoke the app see what a user sees.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the subcommand; end with the exit code of what went wrong."""
        try:
            return self._invoke_and_flush(ctx)
        except GeoofferError as error:
            _tell(f"error: {_line(error)}")
            raise typer.Exit(EXIT_BAD_INPUT) from None
        except KeyboardInterrupt:
            _tell("interrupted")
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except BrokenPipeError:
            # the reader of a pipe went away (`geooffer … | head`): not an error, and nobody left to tell
            _close_stdout()
            raise typer.Exit(0) from None
        except OSError as error:
            name = f"{error.filename}: " if error.filename else ""
            _tell(f"error: {name}{error.strerror or type(error).__name__}")
            raise typer.Exit(EXIT_BAD_INPUT) from None
        except ExceptionGroup as group:
            told = group.subgroup(GeoofferError)
            if told is None:
                raise _internal_fault(group) from None
            _tell(f"error: {_line(_first(told))}")
            raise typer.Exit(EXIT_BAD_INPUT) from None
        except Exception as error:
            if type(error).__module__.startswith("typer"):
                raise
            raise _internal_fault(error) from None

    def _invoke_and_flush(self, ctx: Any) -> Any:
        """What cannot be written is an error of the command, not of the interpreter's end."""
        try:
            return super().invoke(ctx)
        finally:
            sys.stdout.flush()


def _close_stdout() -> None:
    """Let what is still buffered go nowhere, or the interpreter tries to write it once more."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _internal_fault(error: BaseException) -> typer.Exit:
    """A defect of ours: the text of the exception may hold input, so only its kind and place are told."""
    if os.environ.get("GEOOFFER_DEBUG"):
        traceback.print_exception(error)
    _tell(f"error: internal fault ({type(error).__name__} at {_place(error)}); GEOOFFER_DEBUG=1 tells more")
    return typer.Exit(EXIT_BAD_INPUT)


def _first(group: BaseExceptionGroup[GeoofferError]) -> GeoofferError:
    for error in group.exceptions:
        return _first(error) if isinstance(error, BaseExceptionGroup) else error
    raise AssertionError("an exception group is never empty")


def _line(error: GeoofferError) -> str:
    lines = error.message.splitlines() or [""]
    if len(lines) == 1:
        return f"{lines[0]} [{error.reason}]"
    return "\n  ".join([f"{len(lines)} faults [{error.reason}]", *lines])


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "?"
    return f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}"


def _tell(text: str) -> None:
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)
