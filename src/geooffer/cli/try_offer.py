"""`geooffer try`: what would this ping give, and why? Of the demo's stories, or of a running server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from geooffer.cli import options
from geooffer.cli.options import JsonOutput

if TYPE_CHECKING:
    from geooffer.engine.explain import Explanation


def register(app: typer.Typer) -> None:
    """Add the command to the tree."""
    app.command("try")(try_offer)


def try_offer(
    demo: Annotated[bool, typer.Option("--demo", help="Rebuild the demo in process and explain its stories.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="With --demo: which city.")] = 7,
    customers: Annotated[int, typer.Option(min=10, max=50_000, help="With --demo: how many people walk.")] = 2_000,
    server: Annotated[
        str,
        typer.Option("--server", "--control-server", envvar="GEOOFFER_CONTROL_SERVER", help="Control port to ask."),
    ] = options.CONTROL_SERVER_DEFAULT,
    token: options.Token = "",
    token_file: options.TokenFile = None,
    ca_file: options.CaFile = None,
    device_key: Annotated[str, typer.Option(help="Whose ping: a device key, or the text it is made of.")] = "",
    latitude: Annotated[float | None, typer.Option(help="Degrees north.")] = None,
    longitude: Annotated[float | None, typer.Option(help="Degrees east.")] = None,
    accuracy_m: Annotated[float, typer.Option(help="68 % radius; 0 = unknown.")] = 10.0,
    time: Annotated[str, typer.Option(help="When (RFC 3339); without it the server's now.")] = "",
    every: Annotated[bool, typer.Option("--all", help="List also the offers she never asked for.")] = False,
    json_output: JsonOutput = False,
) -> None:
    """Explain a hypothetical ping, candidate by candidate. Changes nothing.

    Exit code 1 where --demo finds no offer or no silence to explain.
    """
    if demo:
        _try_demo(seed, customers, every, json_output)
        return
    if not device_key or latitude is None or longitude is None:
        raise typer.BadParameter("give --demo, or --device-key, --latitude and --longitude")
    access = options.access_from(token, token_file, ca_file, "operator")
    explanation = _ask(server, access, device_key, latitude, longitude, accuracy_m, time)
    _show(explanation, every, json_output)


def _try_demo(seed: int, customer_count: int, every: bool, json_output: bool) -> None:
    from geooffer.bench.city import build_city
    from geooffer.bench.city_explain import explain_stories
    from geooffer.cli.explanation import as_json, lines_of
    from geooffer.cli.output import print_json, remark

    remark(f"Rebuilding city {seed} in this process and walking it twice …")
    explained = explain_stories(build_city(seed, customer_count))
    if json_output:
        print_json(
            {
                "seed": seed,
                "stories": [
                    {"kind": e.story.kind, "customer_id": e.story.customer_id, **as_json(e.explanation)}
                    for e in explained
                ],
            }
        )
    else:
        for number, e in enumerate(explained, 1):
            print(f"\n{number}. {e.story.customer_id} {e.story.title}")
            for line in (*e.story.lines, *lines_of(e.explanation, every_candidate=every)):
                print(f"   {line}")
    kinds = {e.story.kind for e in explained}
    if "offered" not in kinds or not kinds - {"offered"}:
        raise typer.Exit(1)


def _ask(
    server: str,
    access: options.Access,
    device_key: str,
    latitude: float,
    longitude: float,
    accuracy_m: float,
    time_text: str,
) -> Explanation:
    import asyncio

    from geooffer.cli.explanation import from_response
    from geooffer.cli.reach import check_address, reaching
    from geooffer.client import GeoofferClient
    from geooffer.errors import InvalidArgumentError
    from geooffer.model import keys, limits, units
    from geooffer.rpc.checks import timestamp
    from geooffer.v1 import diagnostics_service_pb2 as pb

    check_address(server, "--server")
    accuracy_cm = units.metres_to_cm(accuracy_m)
    if not 0 <= accuracy_cm <= limits.ACCURACY_MAX_CM:
        raise InvalidArgumentError(f"--accuracy-m must lie in 0..{limits.ACCURACY_MAX_CM // 100}")
    request = pb.ExplainPingRequest(
        device_key=keys.device_key(device_key),
        latitude_e7=units.latitude_from_degrees(latitude),
        longitude_e7=units.longitude_from_degrees(longitude),
        accuracy_cm=accuracy_cm,
    )
    if time_text:
        request.ping_time.CopyFrom(timestamp(units.parse_time_ms(time_text)))

    async def ask() -> Explanation:
        roots = access.root_certificates
        async with GeoofferClient(control_target=server, token=access.token, root_certificates=roots) as client:
            with reaching(server, tls=roots is not None):
                return from_response(await client.control.explain_ping(request))

    return asyncio.run(ask())


def _show(explanation: Explanation, every: bool, json_output: bool) -> None:
    from geooffer.cli.explanation import as_json, lines_of
    from geooffer.cli.output import print_json

    if json_output:
        print_json(as_json(explanation))
        return
    for line in lines_of(explanation, every_candidate=every):
        print(line)
