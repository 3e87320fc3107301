"""The `geooffer` command in the test's own process, with its tree of commands built once.

typer builds the tree of an app anew for each call, some 80 commands with all their options: four fifths of what a short
command took, and hundreds of tests invoke one.
"""

from __future__ import annotations

from functools import cache

from typer import Typer, main, testing
from typer.testing import CliRunner, Result

from geooffer.cli.main import build_app

__all__ = ["CliRunner", "Result", "geooffer_app"]

# commands keep nothing between calls: what a call knows is in its context
testing._get_command = cache(main.get_command)


@cache
def geooffer_app() -> Typer:
    """The app of `geooffer`, to be invoked by the CliRunner of this module."""
    return build_app()
