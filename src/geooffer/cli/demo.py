"""`geooffer demo`: a seeded city, the real server on loopback, walks over real gRPC, stories and a map."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.options import JsonOutput

if TYPE_CHECKING:
    from geooffer.bench.city import City
    from geooffer.bench.city_story import Story
    from geooffer.bench.city_stream import CityStream
    from geooffer.dataplane.native_module import PlaneSetting
    from geooffer.dataplane.port import PlaneName

MAP_NAME = "map.html"
#: by the name of its TouchpointKind
_REASONS = {
    "SEARCH": "searched for it",
    "VIEW": "looked at it",
    "WISH": "wished for it",
    "CART": "has it in the cart",
    "PURCHASE": "is due to buy it again",
}


class Plane(StrEnum):
    """The setting `plane` as an option."""

    AUTO = "auto"
    NATIVE = "native"
    PYTHON = "python"


def register(app: typer.Typer) -> None:
    """Add the command to the tree."""
    app.command("demo")(demo)


def demo(
    seed: Annotated[int, typer.Option(min=0, help="Which city; the same seed gives the same run.")] = 7,
    customers: Annotated[int, typer.Option(min=10, max=50_000, help="How many people walk.")] = 2_000,
    out: Annotated[Path, typer.Option("--out", help="Directory of the map.")] = Path("demo-out"),
    plane: Annotated[Plane, typer.Option(help="Data plane; auto: native where it is built.")] = Plane.AUTO,
    json_output: JsonOutput = False,
) -> None:
    """Stream a morning in a synthetic city through the real server, tell what happened to some of its customers, draw a
    map.

    Exit code 1 where one of the first three stories (offered, held back, no consent) did not happen: a very small city.
    """
    import asyncio

    from geooffer.bench.city_stories import MAIN_KINDS

    stories = asyncio.run(_run(seed, customers, out, plane.value, json_output))
    if not {story.kind for story in stories}.issuperset(MAIN_KINDS):
        raise typer.Exit(1)


async def _run(seed: int, customer_count: int, out: Path, plane: PlaneSetting, json_output: bool) -> list[Story]:
    import asyncio
    import tempfile

    from geooffer.bench.city import START_MS, build_city
    from geooffer.bench.city_load import load_city
    from geooffer.bench.city_stories import find_stories
    from geooffer.bench.city_stream import CityStream
    from geooffer.cli.demo_display import live_display
    from geooffer.cli.demo_server import demo_server
    from geooffer.cli.output import remark
    from geooffer.client import GeoofferClient
    from geooffer.model.units import format_time_ms

    out.mkdir(parents=True, exist_ok=True)
    remark(f"Building city {seed}: streets, shops, shelves, {customer_count:,} people and their walks …")
    with tempfile.TemporaryDirectory(prefix="geooffer-demo-") as state:
        building = asyncio.create_task(asyncio.to_thread(build_city, seed, customer_count))
        async with demo_server(format_time_ms(START_MS), Path(state), plane, _CompileLines()) as server:
            remark(f"The server listens on {server.data_address} (pings) and {server.control_address} (control).")
            remark(f"Data plane: {server.plane.name} ({server.plane.reason}).")
            city = await building
            token = server.operator_token
            async with GeoofferClient(
                server.data_address, control_target=server.control_address, token=token
            ) as client:
                await load_city(city, client.control, lambda name, count: remark(f"  {count:>7,} {name}"))
                remark(f"Tuesday 10:00. {len(city.pings):,} pings go over gRPC:")
                stream = CityStream(city)
                with live_display(stream) as on_answer:
                    await stream.stream(client, on_answer)
    stories = find_stories(city, stream.run)
    _report(city, stream, stories, out / MAP_NAME, server.plane.name, json_output)
    return stories


class _CompileLines:
    """Says how far the compiling of kernels is; silent where the cache is warm, which takes under a second."""

    def __init__(self) -> None:
        self._started_s = 0.0
        self._told_tenths = 0

    def __call__(self, done: int, total: int, kernel: str) -> None:
        import time

        from geooffer.cli.output import remark

        self._started_s = self._started_s or time.monotonic()
        tenths = 10 * done // total if total else 10
        if time.monotonic() - self._started_s > 2.0 and tenths > self._told_tenths:
            self._told_tenths = tenths
            remark(f"  compiling kernels, once per machine: {done} of {total}")


def _report(
    city: City, stream: CityStream, stories: list[Story], map_path: Path, plane: PlaneName, json_output: bool
) -> None:
    from geooffer.bench.city_map import render_map
    from geooffer.cli.output import print_json

    map_path.write_text(render_map(city, stream.run, stories, _figures(city, stream)), encoding="utf-8")
    result = _result(city, stream, stories, map_path) | {"plane": plane}
    if json_output:
        print_json(result)
        return
    print()
    for name, value in _figures(city, stream).items():
        print(f"{name:<28}{value:>20}")
    for title, counts in (
        ("Pings by verdict", result["ping_verdicts"]),
        ("Attempts to find an offer, by verdict", result["offer_verdicts"]),
        ("Offers by reason", {_REASONS[name]: n for name, n in result["offers_by_reason"].items()}),
        ("Offers by where the goods are", result["offers_by_fulfilment"]),
        ("Offers by campaign", {name or "(none)": n for name, n in result["offers_by_campaign"].items()}),
    ):
        print(f"\n{title}")
        for name, count in counts.items():
            print(f"  {name:<26}{count:>20,}")
    for number, story in enumerate(stories, 1):
        print(f"\n{number}. {story.customer_id} {story.title}")
        for line in story.lines:
            print(f"   {line}")
    print(f"\nThe map: {map_path}")


def _figures(city: City, stream: CityStream) -> dict[str, str]:
    """The panel of the map and the head of the report."""
    return {
        "stores, fences": f"{len(city.shops)}, {len(city.fences)}",
        "customers": f"{len(city.people):,}",
        "pings": f"{stream.decided_row_count:,}",
        "pings per second": f"{stream.pings_per_s:,.0f}",
        "message latency p50": f"{stream.latency_ms(50):.1f} ms",
        "message latency p99": f"{stream.latency_ms(99):.1f} ms",
        "enter, dwell": ", ".join(f"{count:,}" for count in _arrivals(stream).values()),
        "offers": f"{len(stream.run.offers):,}",
        "held out (control group)": f"{_held_out_count(stream):,}",
    }


def _held_out_count(stream: CityStream) -> int:
    """Shadow offers: decided for people of the control group, counted, not sent."""
    from geooffer.model.verdicts import OfferVerdict

    return stream.run.try_counts().get(OfferVerdict.HELD_OUT, 0)


def _arrivals(stream: CityStream) -> dict[str, int]:
    """Transitions that the same seed gives again. EXITs of phones that fell silent come from a sweep in real time:
    how many of them a run still sees depends on how fast it is.
    """
    from geooffer.model.verdicts import TransitionKind

    return {kind.name: stream.run.transitions[kind] for kind in (TransitionKind.ENTER, TransitionKind.DWELL)}


def _result(city: City, stream: CityStream, stories: list[Story], map_path: Path) -> dict[str, Any]:
    run = stream.run
    return {
        "seed": city.seed,
        "stores": len(city.shops),
        "fences": len(city.fences),
        "customers": len(city.people),
        "pings": stream.decided_row_count,
        "pings_per_s": round(stream.pings_per_s),
        "message_latency_p50_ms": round(stream.latency_ms(50), 3),
        "message_latency_p99_ms": round(stream.latency_ms(99), 3),
        "offers": len(run.offers),
        "shadow_offers": _held_out_count(stream),
        "ping_verdicts": {verdict.name: count for verdict, count in run.ping_counts().items()},
        "offer_verdicts": {verdict.name: count for verdict, count in run.try_counts().items()},
        "offers_by_reason": {kind.name: count for kind, count in run.reason_counts().items()},
        "offers_by_fulfilment": {kind.name: count for kind, count in run.fulfilment_counts().items()},
        "offers_by_campaign": run.campaign_counts(city),
        "transitions": _arrivals(stream),
        "stories": [
            {"kind": story.kind, "customer_id": story.customer_id, "title": story.title, "lines": list(story.lines)}
            for story in stories
        ],
        "map": str(map_path),
    }
