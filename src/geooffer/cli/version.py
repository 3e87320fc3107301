"""`geooffer version`: what runs here."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import typer

from geooffer.cli.options import JsonOutput
from geooffer.cli.output import print_json

_PARTS = ("numba", "numpy", "grpcio", "protobuf", "rtree", "shapely")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("version")
    def version_command(
        json_output: JsonOutput = False,
    ) -> None:
        """Print the versions of geooffer, Python and the libraries that shape its answers."""
        found = {"geooffer": package_version("geooffer"), "python": platform.python_version()}
        found.update((name, package_version(name)) for name in _PARTS)
        if json_output:
            print_json(found)
            return
        width = max(map(len, found))
        for name, value in found.items():
            print(f"{name:<{width}}  {value}")


def package_version(name: str) -> str:
    """The installed version of a package, or 'not installed'."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
