"""`geooffer bench journal`: durable commits on this disk."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from geooffer.cli.bench_report import origin, print_origin, tell
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import remark


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("journal")(journal)


def journal(
    seconds: Annotated[float, typer.Option(min=0.05, help="Measured time of each run.")] = 2.0,
    pairs: Annotated[int, typer.Option(min=1, help="Alternations of journal and raw appends.")] = 3,
    batch: Annotated[
        list[int] | None, typer.Option(min=1, max=4_096, help="Events a commit; again for more. 1, 16, 64 and 256.")
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option(
            help="On the disk to measure; the system's temporary one otherwise.", file_okay=False, exists=True
        ),
    ] = None,
    json_output: JsonOutput = False,
) -> None:
    """Durable events a second in the SQLite journal, beside raw appends with fdatasync of the same bytes."""
    import apsw

    from geooffer.bench.journal import BATCHES, JournalPlan, measure

    with tempfile.TemporaryDirectory(prefix="geooffer-bench-", dir=directory) as place:
        plan = JournalPlan(Path(place), tuple(batch or BATCHES), seconds, pairs)
        report = measure(plan, remark)
    tell(report | origin(sqlite=apsw.sqlite_lib_version()), _print, json_output)


def _print(report: dict[str, Any]) -> None:
    print(f"journal · {report['store']} · rival: {report['rival']}")
    print("  batch  durable events/s   p50 µs   p99 µs  p99.9 µs   max µs   raw events/s   raw p50   raw p99   ratio")
    for row in report["batches"]:
        print(
            f"  {row['batch']:>5}  {row['events_per_s']:>16,} {row['p50_us']:>8,} {row['p99_us']:>8,}"
            f" {row['p999_us']:>9,} {row['max_us']:>8,} {row['rival_events_per_s']:>14,} {row['rival_p50_us']:>9,}"
            f" {row['rival_p99_us']:>9,}   {row['ratio']:>5} ({row['ratio_min']}–{row['ratio_max']})"
        )
    print_origin(report)
