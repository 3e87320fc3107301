"""`geooffer bench offers`: how long an offer takes whose record is durable, beside a journal in memory."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from geooffer.cli.bench_report import origin, tell
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import remark


def register(group: typer.Typer) -> None:
    """Add the command."""

    @group.command("offers")
    def offers(
        rate: Annotated[float, typer.Option(min=1.0, help="Pings a second over all phones, open loop.")] = 2_000.0,
        seconds: Annotated[float, typer.Option(min=1.0, help="Time of each run.")] = 15.0,
        streams: Annotated[int, typer.Option(min=1, max=10_000, help="Phones, one offer each.")] = 1_000,
        rounds: Annotated[int, typer.Option(min=1, help="Alternations of the journals.")] = 3,
        json_output: JsonOutput = False,
    ) -> None:
        """Ping to durable offer: journal in memory, SQLite, SQLite while snapshots are written."""
        from geooffer.bench.offers import OffersPlan, measure
        from geooffer.cli.bench_server import serve

        report = measure(OffersPlan(streams, seconds, rate, rounds), serve, remark)
        tell(report | {"shape": "offers"} | origin(), _print, json_output)


def _print(report: dict[str, Any]) -> None:
    print(f"offers · {report['streams']:,} phones, {report['rate']:,.0f} pings/s, µs from intended sending to answer")
    columns = f"{'offers':>13} {'p50':>8} {'p99':>8} {'p99.9':>8} {'max':>8}"
    print(f"  {'journal':<26} {columns}   all pings p50, p99; pauses of the loop p99, max")
    for name, run in report["runs"].items():
        offer, ping = run["offer"], run["ping"]
        figures = " ".join(f"{offer[key]:>8,}" for key in ("p50_us", "p99_us", "p999_us", "max_us"))
        count = f"{run['offers']:,}/{run['expected']:,}"
        others = f"{ping['p50_us']:,}, {ping['p99_us']:,}; {run['pause']['p99_us']:,}, {run['pause']['max_us']:,}"
        print(f"  {name:<26} {count:>13} {figures}   {others}")
    disk = " ".join(f"{report['disk'][key]:>8,}" for key in ("p50_us", "p99_us", "p999_us", "max_us"))
    print(f"  {'fdatasync of 4 KiB, alone':<26} {'':>13} {disk}")
