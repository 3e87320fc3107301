"""`geooffer bench idle`: what an idle stream weighs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from geooffer.cli.bench_report import origin, print_origin, tell
from geooffer.cli.bench_transport import Plane, plane_named
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import remark
from geooffer.errors import ConfigurationError


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("idle")(idle)


def idle(
    plane: Annotated[Plane, typer.Option(help="auto: native where it is built.")] = Plane.AUTO,
    json_output: JsonOutput = False,
) -> None:
    """Open direct and multiplexed streams and weigh them in the server's resident memory."""
    from geooffer.bench.idle import measure
    from geooffer.bench.native_load import NEEDED, program
    from geooffer.cli.bench_carrier import serve

    if program() is None:
        raise ConfigurationError(f"idle: {NEEDED}")
    tell(measure(plane_named(plane), serve, remark) | origin(), _print, json_output)


def _print(report: dict[str, Any]) -> None:
    print(f"idle · plane {report['plane']}")
    for name in ("direct", "multiplexed"):
        print(f"  {report[f'{name}_bytes']:>10,} bytes a {name} stream, of {report[f'{name}_streams']:,}")
    print_origin(report)
