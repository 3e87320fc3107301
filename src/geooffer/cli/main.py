"""The `geooffer` command: which module holds which subcommand, and what becomes of an error.

Each command module has `register(app: typer.Typer) -> None` and imports nothing heavy (NumPy, Numba, gRPC,
the engine) before its command runs, so that `geooffer --help` answers at once.

Exit codes: 0 done · 1 done, with refused rows or findings · 2 wrong usage or input · 130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import sys

import typer

from geooffer.cli.errors import ErrorGroup

_COMMAND_MODULES = (
    "serve",
    "import_files",
    "export",
    "store",
    "locate",
    "replay",
    "demo",
    "try_offer",
    "draw_map",
    "bench",
    "backup",
    "audit",
    "privacy",
    "policy",
    "token",
    "config",
    "version",
)


def build_app() -> typer.Typer:
    """The whole command tree."""
    app = typer.Typer(
        cls=ErrorGroup,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help="Edge geofencing: location pings in, one relevant personal offer or silence out.",
    )

    @app.callback()
    def root() -> None:
        pass

    for name in _COMMAND_MODULES:
        importlib.import_module(f"geooffer.cli.{name}").register(app)
    return app


def main() -> None:
    """Entry point of the `geooffer` script."""
    _open_closed_streams()
    # the transport's C++ core writes its own lines to stderr; what went wrong is in the error we tell
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    build_app()()


def _open_closed_streams() -> None:
    """A stream that the caller closed (`2>&-`) is an empty one: else print() sends to stdout what is for stderr, and
    the first file opened becomes what libraries write their messages to."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - for as long as we live


if __name__ == "__main__":
    main()
