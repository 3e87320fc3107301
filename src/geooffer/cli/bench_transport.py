"""`geooffer bench direct`, `gateway`, `packed`, …: pings a second beside a rival, latency at shares of the capacity."""

from __future__ import annotations

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.bench_report import origin, print_origin, tell
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import remark
from geooffer.errors import ConfigurationError

if TYPE_CHECKING:
    from geooffer.bench.shapes import Shape

BUSY_SHARE = 0.9
HELP = {
    "direct": "Phones on connections of their own, one ping in flight each.",
    "direct8": "The same with eight in flight: phones that collect fixes.",
    "direct-tls": "`direct` over TLS, connections warm.",
    "gateway": "Eight connections with 64 streams each, one ping in flight on each.",
    "gateway8": "`gateway` with eight in flight.",
    "gateway-tls": "`gateway` over TLS, connections warm.",
    "packed": "Eight connections, column messages of 256 rows.",
    "packed100": "Eight connections, column messages of 100 rows.",
}


class Plane(StrEnum):
    """What carries the pings."""

    AUTO = "auto"
    NATIVE = "native"
    PYTHON = "python"
    ECHO = "echo"
    NATIVE_ECHO = "native-echo"
    PYTHON_ECHO = "python-echo"


class Hog(StrEnum):
    """How a Python thread takes the GIL."""

    BURN = "burn"
    HOLD = "hold"


class Journal(StrEnum):
    """Where the server's records go."""

    MEMORY = "memory"
    SQLITE = "sqlite"


def register(group: typer.Typer) -> None:
    """Add a command for each shape."""
    for name, text in HELP.items():
        group.command(name, help=f"{text} Server on one core, load on another, answers checked.")(_command(name))


def _command(name: str) -> Any:
    def command(
        plane: Annotated[Plane, typer.Option(help="auto: native where it is built. echo: its ceiling.")] = Plane.AUTO,
        rival: Annotated[
            Plane, typer.Option(help="Measured in turn with it. auto: the same plane's echo.")
        ] = Plane.AUTO,
        seconds: Annotated[float, typer.Option(min=0.1, help="Measured time of each run.")] = 4.0,
        warmup: Annotated[float, typer.Option(min=0.0, help="Seconds before measuring.")] = 1.0,
        rate: Annotated[
            list[float] | None,
            typer.Option(min=0.0, help="Pings a second of an open loop run; below 1: share of the capacity found."),
        ] = None,
        streams: Annotated[
            int | None, typer.Option(min=1, max=10_000, help="Connections instead of the shape's.")
        ] = None,
        persons: Annotated[
            int | None, typer.Option(min=1, max=10_000_000, help="Persons instead of the shape's; not for phones.")
        ] = None,
        pairs: Annotated[int, typer.Option(min=0, help="Alternations with the rival; 0: open loop alone.")] = 3,
        latency_pairs: Annotated[int, typer.Option(min=1, help="Alternations of each open loop run.")] = 1,
        gil_hog: Annotated[
            Hog | None, typer.Option(help="A Python thread in the server that burns the GIL, or holds it for seconds.")
        ] = None,
        trace: Annotated[bool, typer.Option("--trace", help="Say where slow answers spent their time.")] = False,
        journal: Annotated[Journal, typer.Option(help="Of the server.")] = Journal.MEMORY,
        compacting: Annotated[
            bool, typer.Option("--compacting", help="Snapshots are written one after the other meanwhile.")
        ] = False,
        everybody: Annotated[
            bool,
            typer.Option("--everybody", help="Every customer searched and gets an offer, not 1 in 20."),
        ] = False,
        hgrm: Annotated[Path | None, typer.Option(help="Write the percentile curve here (with --rate).")] = None,
        picture: Annotated[Path | None, typer.Option(help="Draw the percentile curve here, as SVG.")] = None,
        json_output: JsonOutput = False,
    ) -> None:
        from geooffer.bench.direct_world import INTENT_EVERY
        from geooffer.bench.native_load import program
        from geooffer.bench.shapes import SHAPES

        rates = tuple(value for value in rate or () if value)
        if (hgrm or picture) and not rates:
            raise ConfigurationError("--hgrm and --picture need --rate: latency is measured open loop only")
        if not pairs and (not rates or min(rates) < 1):
            raise ConfigurationError("--pairs 0 needs --rate in pings a second: no capacity is found")
        if compacting and journal is Journal.MEMORY:
            raise ConfigurationError("--compacting needs --journal sqlite: a journal in memory has no snapshots")
        shape = SHAPES[name].sized(streams, persons)
        if program() is None:
            report = _fallback(shape, plane, rates, seconds, warmup, pairs, hgrm, picture)
            tell(report | origin(), _print, json_output)
            return
        from geooffer.bench.transport import TransportPlan, measure
        from geooffer.cli.bench_carrier import serve

        own = plane_named(plane)
        plan = TransportPlan(
            shape, own, rival_named(rival, own), seconds, warmup, pairs, rates, latency_pairs,
            hog=gil_hog or "", journal=journal, compacts=compacting, traces=trace,
            intent_every=1 if everybody else INTENT_EVERY, hgrm=hgrm, picture=picture,
        )  # fmt: skip
        tell(measure(plan, serve, remark) | origin(), _print, json_output)

    return command


def plane_named(plane: Plane) -> str:
    """The plane that is meant: auto is native where it is built."""
    is_native = has_native_plane()
    if plane is Plane.AUTO:
        return "native" if is_native else "python"
    if plane is Plane.ECHO:
        return "native-echo" if is_native else "python-echo"
    return plane.value


def rival_named(rival: Plane, own: str) -> str:
    """By default the echo of the same plane; of an echo the other plane's."""
    if rival is not Plane.AUTO:
        return plane_named(rival)
    return {"native-echo": "python-echo", "python-echo": "native-echo"}.get(own, f"{own}-echo")


def has_native_plane() -> bool:
    """Whether this machine has one that fits."""
    from geooffer.dataplane.native_module import native_module

    try:
        native_module()
    except ConfigurationError:
        return False
    return True


def _fallback(
    shape: Shape, plane: Plane, rates: tuple[float, ...], seconds: float, warmup: float, pairs: int,
    hgrm: Path | None, picture: Path | None,
) -> dict[str, Any]:  # fmt: skip
    """`direct` by the load generator in Python, which is the bottleneck of anything faster than grpc.aio."""
    from geooffer.bench.direct import DirectPlan, measure
    from geooffer.bench.native_load import NEEDED
    from geooffer.cli.bench_server import serve

    if shape.name != "direct" or plane not in (Plane.AUTO, Plane.PYTHON, Plane.ECHO):
        raise ConfigurationError(f"{shape.name}, plane {plane.value}: {NEEDED}")
    remark(f"load generator in Python (a core of it does some 10,000 pings/s); {NEEDED}")
    with tempfile.TemporaryDirectory(prefix="geooffer-bench-") as directory:
        plan = DirectPlan(
            plane="echo" if plane is Plane.ECHO else "python", stream_count=shape.connection_count, seconds=seconds,
            warmup_s=warmup, rate=rates[0] if rates else 0.0, pair_count=pairs, state_dir=Path(directory),
            hgrm=hgrm, picture=picture,
        )  # fmt: skip
        return measure(plan, serve, remark) | {"shape": shape.name}


def _print(report: dict[str, Any]) -> None:
    print(f"{report['shape']} · plane {report['plane']} · {report['streams']:,} streams")
    if "ratio" in report:
        _print_capacity(report)
    for run in report.get("open_loop", [report] if report["p50_us"] is not None else []):
        _print_open_loop(run)
    print(f"  verdicts {report['verdicts']}, {report['offers']:,} offers")
    print_origin(report)


def _print_capacity(report: dict[str, Any]) -> None:
    spread = f"{report['ratio_min']} to {report['ratio_max']}"
    print(f"  {report['pings_per_s']:>10,} pings/s closed loop")
    print(f"  {report['rival_pings_per_s']:>10,} pings/s {report['rival']}; ratio {report['ratio']} ({spread})")
    print(f"  {report['server_cpu_ns_per_ping']:>10,} ns of server CPU a ping")
    if "cpu_ratio" in report:
        ratio = f"ratio by CPU {report['cpu_ratio']}"
        print(f"  {report['rival_server_cpu_ns_per_ping']:>10,} ns of the rival's; {ratio}")
    print(f"  {report['client_cpu_share']:>10.0%} of its core used by the load generator")
    shares = (report["client_cpu_share"], report.get("rival_client_cpu_share", 0.0))
    if max(shares) > BUSY_SHARE:
        print("             so it may be the bottleneck: the rates are lower bounds, the ratio too close to 1")


def _print_open_loop(run: dict[str, Any]) -> None:
    print(f"  open loop at {run['rate']:,.0f} pings/s, from intended send to answer:")
    for name in ("p50_us", "p90_us", "p99_us", "p999_us", "max_us"):
        print(f"  {run[name]:>10,} µs {name.removesuffix('_us')}")
    print(f"  {run['share_within_budget']:>10.3%} within the budget of 50 ms")
    if run.get("offer_p99_us"):
        print(f"  {run['offer_p99_us']:>10,} µs p99 of the {run['offers']:,} pings that brought an offer")
    if "rival" not in run or not isinstance(run["rival"], dict):
        return
    other, ratio = run["rival"], run["p99_ratio"]
    print(
        f"  {other['p99_us']:>10,} µs p99 of {other['plane']} (p50 {other['p50_us']:,}, p99.9 {other['p999_us']:,}); ",
        end="",
    )
    print(f"ratio of p99 {ratio['ratio']} ({ratio['ratio_min']} to {ratio['ratio_max']})")
    print(f"  {run['send_lag_p99_us']:>10,} µs p99 of the load's own lateness, which is in all of the above")
    for trace in run["trace"]:
        _print_trace(trace)


def _print_trace(trace: dict[str, Any]) -> None:
    count = trace["answer_count"]
    print(f"  trace of {trace['thread'] or 'the busiest thread'}: busy {trace['server_busy_share']:.0%}, ", end="")
    print(f"ready without a core {trace['server_wait_share']:.2%} of the time, the load {trace['load_wait_share']:.2%}")
    print(
        f"  {count:>10,} answers over a millisecond, {trace['total_ms']:,.0f} ms of latency; more than a quarter of it"
    )
    for name, text in (
        ("server_run_count", "the server was on its core, at work"),
        ("server_wait_count", "the server was ready and another thread had its core"),
        ("load_count", "the load had no core, or came round late"),
        ("unexplained_count", "none of these: all asleep, or shorter than the samples tell"),
    ):
        print(f"  {trace[name]:>10,} {text}")
    for taker in trace["takers"]:
        whose = "the server's own" if taker["is_of_server"] else "not the server's"
        print(f"  {taker['taken_ms']:>10,.1f} ms of the server's core taken by {taker['name']} ({whose}), ", end="")
        print(
            f"up to {taker['longest_ms']:.1f} ms at a time: more than a quarter of {taker['answer_count']:,} of these"
        )
