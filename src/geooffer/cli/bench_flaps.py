"""`geooffer bench flaps`: events of recorded fixes with hysteresis and without; false enters of who stands still."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.bench_report import origin, print_origin, tell
from geooffer.cli.options import JsonOutput

if TYPE_CHECKING:
    from geooffer.bench.flaps import Event
    from geooffer.importers.traces import Trace
    from geooffer.model.catalog import Geofence

ACCURACIES_M = (5.0, 10.0, 20.0, 0.0)


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("flaps")(flaps)


def flaps(
    traces: Annotated[list[Path], typer.Argument(help="Recorded fixes, as `replay` takes them.")],
    fences: Annotated[Path, typer.Option(help="GeoJSON of areas; with --standing, of outlines.")],
    standing: Annotated[
        bool, typer.Option("--standing", help="Where the traces stand still, at the edges of the outlines.")
    ] = False,
    accuracy: Annotated[
        list[float] | None, typer.Option(help="Claimed for fixes without one, m; 0 = unknown. Repeatable.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw the first device's fences over time here, as SVG.")] = None,
    json_output: JsonOutput = False,
) -> None:
    """Replay fixes in this process, by the default policy, by the same without hysteresis, and by point-in-polygon."""
    from geooffer.importers.geojson import read_fences
    from geooffer.kernels.compile import compile_all

    read = read_fences(fences, repair=True, radius_m=25.0)
    trace = _read_trace(traces)
    compile_all()
    what = {"shape": "flaps", "fixes": trace.fix_count, "devices": trace.device_count, "fences": len(read.items)}
    if standing:
        report = what | _standing(trace, read.items, accuracy or list(ACCURACIES_M))
        tell(report | origin(), _print_standing, json_output)
    else:
        report = what | _through(trace, read.items, picture)
        tell(report | origin(), _print_through, json_output)


def _read_trace(paths: list[Path]) -> Trace:
    from geooffer.errors import InvalidArgumentError
    from geooffer.importers.placing import Anchor, Place
    from geooffer.importers.walks import Wishes, read_walks

    try:
        return read_walks(paths, Wishes()).trace
    except InvalidArgumentError as error:
        if error.field != "place":
            raise
    # walks in local metres need some place; standing takes every spell out of it again
    return read_walks(paths, Wishes(place=Place(520_000_000, 0), anchor=Anchor.CENTROID)).trace


def _standing(trace: Trace, outlines: list[Geofence], accuracies_m: list[float]) -> dict[str, Any]:
    from geooffer.bench.flaps import without_hysteresis
    from geooffer.bench.standing import EDGES_PER_SPELL, false_enter_count, stand_at_edges, with_accuracy
    from geooffer.importers.walks import parse_accuracy
    from geooffer.model.policy import Policy

    standing = stand_at_edges(trace, outlines)
    edge_hours = standing.hours * EDGES_PER_SPELL
    rows = []
    for accuracy_m in accuracies_m:
        claimed = with_accuracy(standing, parse_accuracy(accuracy_m) if accuracy_m else 0)
        off = false_enter_count(claimed, without_hysteresis(Policy()))
        on = false_enter_count(claimed, Policy())
        rows.append(
            {
                "accuracy_m": accuracy_m,
                "off": off,
                "on": on,
                "off_per_hour": round(off / edge_hours, 3),
                "on_per_hour": round(on / edge_hours, 3),
            }
        )
    return {
        "spells": standing.spell_count,
        "hours": round(standing.hours, 2),
        "standing_fixes": standing.trace.fix_count,
        "edges_per_spell": EDGES_PER_SPELL,
        "rows": rows,
    }


def _print_standing(report: dict[str, Any]) -> None:
    print(f"flaps · {report['spells']} spells of standing, {report['hours']} h, {report['standing_fixes']:,} fixes")
    print(f"  each at {report['edges_per_spell']} edges; enters that no movement of more than 20 m explains:")
    print("  accuracy      without hysteresis       with")
    for row in report["rows"]:
        claimed = f"{row['accuracy_m']:g} m" if row["accuracy_m"] else "unknown"
        print(f"  {claimed:>8}  {row['off']:>6,} = {row['off_per_hour']:>7} /h", end="")
        print(f"  {row['on']:>6,} = {row['on_per_hour']:>7} /h of standing at an edge")
    print_origin(report)


def _through(trace: Trace, areas: list[Geofence], picture: Path | None) -> dict[str, Any]:
    from geooffer.bench.flaps import events_of, first_device, naive_stays, without_hysteresis
    from geooffer.model.policy import Policy

    trace = first_device(trace)
    stays = naive_stays(trace, areas, Policy().accuracy_max_cm / 100)
    events, verdicts = events_of(trace, areas, Policy())
    off, _ = events_of(trace, areas, without_hysteresis(Policy()))
    if picture is not None:
        _draw(trace, areas, stays, events, picture)
    return {
        "verdicts": verdicts,
        "point_in_polygon_changes": len(stays) - 1,
        "point_in_polygon_enters": sum(len(stay.fence_ids) for stay in stays),
        "without_hysteresis": _counts(off),
        "with_hysteresis": _counts(events),
        "events": _justified(trace, areas, events),
    }


def _counts(events: list[Event]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for event in events:
        name = f"{event.kind.name} {event.cause.name}"
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def _justified(trace: Trace, areas: list[Geofence], events: list[Event]) -> list[dict[str, Any]]:
    """Each event with the fix it is timed by: no coordinates."""
    from geooffer.bench.flaps import evidence_of

    by_id = {area.geofence_id: area for area in areas}
    told = []
    for event in events:
        area = by_id[event.fence_id]
        told.append(
            {
                "minutes": round((event.time_ms - int(trace.fix_times_ms[0])) / 60_000, 1),
                "event": event.kind.name,
                "cause": event.cause.name,
                "fence": area.name or area.geofence_id,
                "evidence": [
                    {"accuracy_m": round(accuracy_m), "edge_m": round(edge_m)}
                    for accuracy_m, edge_m in evidence_of(trace, area, event)
                ],
            }
        )
    return told


def _draw(trace: Trace, areas: list[Geofence], stays: list[Any], events: list[Event], picture: Path) -> None:
    from geooffer.bench.flaps_picture import naive_bars, visit_bars, write_picture

    names = {area.geofence_id: area.name for area in areas}
    bars, visits = naive_bars(trace, stays), visit_bars(trace, events)
    titles = (f"point-in-polygon: {len(bars)} enters", f"geooffer: {len(visits)} enters")
    write_picture(trace, bars, visits, names, titles, picture)


def _print_through(report: dict[str, Any]) -> None:
    print(f"flaps · {report['fixes']:,} fixes, {report['fences']} fences; verdicts {report['verdicts']}")
    changes, enters = report["point_in_polygon_changes"], report["point_in_polygon_enters"]
    print(f"  point-in-polygon     {changes} changes, {enters} enters")
    for title, name in (("without hysteresis", "without_hysteresis"), ("with hysteresis", "with_hysteresis")):
        print(f"  {title:<20} {', '.join(f'{count} {kind}' for kind, count in report[name].items())}")
    print("  minutes  event            fence              evidence: accuracy, distance to the edge (− = inside)")
    for event in report["events"]:
        evidence = "; ".join(f"±{fix['accuracy_m']} m, {fix['edge_m']:+} m" for fix in event["evidence"])
        print(f"  {event['minutes']:>7}  {event['event']} {event['cause']:<10}  {event['fence']:<18} {evidence}")
    print_origin(report)
