"""`geooffer bench memory`: what a person weighs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.bench_report import origin, print_origin, tell
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import progress

if TYPE_CHECKING:
    from geooffer.bench.memory import Weights


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("memory")(memory)


def memory(
    persons: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many to build.")] = 1_000_000,
    json_output: JsonOutput = False,
) -> None:
    """Build persons in this process (a device, 8 intents, 3 sizes, 2 purchases, 7 consents each) and weigh them.

    About a minute and 2 GB a million.
    """
    from geooffer.bench.memory import weigh

    with progress("building", persons, "persons") as advance:
        weights = weigh(persons, advance)
    tell(report_of(weights), _print, json_output)


def report_of(weights: Weights) -> dict[str, Any]:
    """The benchmark's JSON."""
    return {
        "shape": "memory",
        "persons": weights.person_count,
        "table_bytes_per_person": round(sum(weights.tables.values())),
        "tables": {name: round(weight, 1) for name, weight in weights.tables.items()},
        "object_bytes_per_person": round(sum(weights.objects.values())),
        "objects": {name: round(weight, 1) for name, weight in weights.objects.items()},
        "resident_bytes_per_person": None if weights.resident is None else round(weights.resident),
        "build_seconds": round(weights.seconds, 1),
        **origin(),
    }


def _print(report: dict[str, Any]) -> None:
    print(f"memory · {report['persons']:,} persons, built in {report['build_seconds']:,.1f} s")
    for title, total, parts in (
        ("bytes a person in tables", report["table_bytes_per_person"], report["tables"]),
        ("bytes a person in Python objects", report["object_bytes_per_person"], report["objects"]),
    ):
        print(f"  {total:>10,} {title}")
        for name, weight in parts.items():
            print(f"  {weight:>14,.1f} {name}")
    if report["resident_bytes_per_person"] is not None:
        print(f"  {report['resident_bytes_per_person']:>10,} bytes a person that the process grew by")
    print_origin(report)
