"""`geooffer try`: what would this ping give, and why? Or: what was decided, what was tried just now?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli import options
from geooffer.cli.ask import asked
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import print_json, remark

if TYPE_CHECKING:
    from geooffer.v1 import diagnostics_service_pb2 as pb


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
    speed: Annotated[float | None, typer.Option(help="Metres per second, as a phone would report it.")] = None,
    time: Annotated[str, typer.Option(help="When (RFC 3339); without it the server's now.")] = "",
    every: Annotated[bool, typer.Option("--all", help="List also the offers she never asked for.")] = False,
    decision: Annotated[str, typer.Option("--decision", help="Tell this decision instead, by its id.")] = "",
    customer: Annotated[str, typer.Option("--customer", help="Tell this customer's last tries instead.")] = "",
    json_output: JsonOutput = False,
) -> None:
    """Explain a hypothetical ping, candidate by candidate. Changes nothing.

    With --decision ID, or --customer ID, tell what was decided, or tried, instead.
    Exit code 1 where --demo finds no offer or no silence to explain.
    """
    if demo:
        _try_demo(seed, customers, every, json_output)
        return
    if decision or customer:
        if decision and customer:
            raise typer.BadParameter("give --decision or --customer, not both")
        access = options.access_from(token, token_file, ca_file, "operator")
        if decision:
            _show_decision(server, access, decision, json_output)
        else:
            _show_tries(server, access, customer, json_output)
        return
    if not device_key or latitude is None or longitude is None:
        raise typer.BadParameter("give --demo, --decision, --customer, or --device-key, --latitude and --longitude")
    access = options.access_from(token, token_file, ca_file, "operator")
    request = _request(device_key, latitude, longitude, accuracy_m, speed, time)
    explanation = asked(server, access, lambda control: control.explain_ping(request))
    _show(explanation, every, json_output)


def _try_demo(seed: int, customer_count: int, every: bool, json_output: bool) -> None:
    from geooffer.bench.city import build_city
    from geooffer.bench.city_explain import explain_stories
    from geooffer.cli.explanation import as_json, lines_of
    from geooffer.rpc.convert_diagnostics import encode_explanation

    remark(f"Rebuilding city {seed} in this process and walking it twice …")
    city = build_city(seed, customer_count)
    explained = [
        (e.story, encode_explanation(e.explanation, int(city.pings["fix_time_ms"][e.story.ping_index])))
        for e in explain_stories(city)
    ]
    if json_output:
        stories = [{"kind": story.kind, "customer_id": story.customer_id, **as_json(told)} for story, told in explained]
        print_json({"seed": seed, "stories": stories})
    else:
        for number, (story, told) in enumerate(explained, 1):
            print(f"\n{number}. {story.customer_id} {story.title}")
            for line in (*story.lines, *lines_of(told, every_candidate=every)):
                print(f"   {line}")
    kinds = {story.kind for story, _ in explained}
    if "offered" not in kinds or not kinds - {"offered"}:
        raise typer.Exit(1)


def _request(
    device_key: str, latitude: float, longitude: float, accuracy_m: float, speed: float | None, time_text: str
) -> pb.ExplainPingRequest:
    from geooffer.errors import InvalidArgumentError
    from geooffer.model import keys, limits, units
    from geooffer.rpc.checks import timestamp
    from geooffer.v1 import diagnostics_service_pb2 as pb

    accuracy_cm = units.metres_to_cm(accuracy_m)
    if not 0 <= accuracy_cm <= limits.ACCURACY_MAX_CM:
        raise InvalidArgumentError(f"--accuracy-m must lie in 0..{limits.ACCURACY_MAX_CM // 100}")
    request = pb.ExplainPingRequest(
        device_key=keys.device_key(device_key),
        latitude_e7=units.latitude_from_degrees(latitude),
        longitude_e7=units.longitude_from_degrees(longitude),
        accuracy_cm=accuracy_cm,
    )
    if speed is not None:
        request.speed_cm_per_s = units.metres_to_cm(speed)
        if not 0 <= request.speed_cm_per_s <= limits.SPEED_MAX_CM_PER_S:
            raise InvalidArgumentError(f"--speed must lie in 0..{limits.SPEED_MAX_CM_PER_S // 100}")
    if time_text:
        request.ping_time.CopyFrom(timestamp(units.parse_time_ms(time_text)))
    return request


def _show(explanation: pb.ExplainPingResponse, every: bool, json_output: bool) -> None:
    from geooffer.cli.explanation import as_json, lines_of

    _tell(as_json(explanation), lines_of(explanation, every_candidate=every), json_output)


def _show_decision(server: str, access: options.Access, decision_id: str, json_output: bool) -> None:
    from geooffer.cli.decision_text import decision_json, decision_lines

    decision = asked(server, access, lambda control: control.decision(decision_id))
    _tell(decision_json(decision), decision_lines(decision), json_output)


def _show_tries(server: str, access: options.Access, customer_id: str, json_output: bool) -> None:
    from geooffer.cli.decision_text import tries_json, try_lines

    tries = asked(server, access, lambda control: control.recent_tries(customer_id))
    _tell({"tries": tries_json(tries)}, try_lines(tries), json_output)


def _tell(value: dict[str, Any], lines: Iterable[str], json_output: bool) -> None:
    if json_output:
        print_json(value)
        return
    for line in lines:
        print(line)
