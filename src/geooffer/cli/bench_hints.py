"""`geooffer bench hints`: how many pings a phone saves that follows the hints, and whether an ENTER is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from geooffer.cli.bench_report import origin, print_origin, tell
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import remark


def register(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("hints")(hints)


def hints(
    traces: Annotated[list[Path], typer.Argument(help="Recorded fixes, as `replay` takes them.")],
    fences: Annotated[list[Path], typer.Option(help="GeoJSON of fences. Repeatable.")],
    radius: Annotated[float, typer.Option(help="Of fences that are points, m.")] = 25.0,
    clusters: Annotated[
        int, typer.Option(min=0, help="Put the walks, in turn, where fences stand closest; 0 = as recorded.")
    ] = 0,
    select: Annotated[
        list[str] | None, typer.Option(help="Which walks in local metres: numbers, ranges, a label. Repeatable.")
    ] = None,
    accuracy: Annotated[float, typer.Option(help="Claimed for fixes without one, m; 0 = unknown.")] = 0.0,
    json_output: JsonOutput = False,
) -> None:
    """Every fix sent, beside those alone that hints (and wake regions) make a phone send; in this process."""
    from geooffer.bench.hint_walks import cluster_places, read_placed
    from geooffer.bench.hints import STYLES, compare, percentile_s, walk_all, walk_asleep
    from geooffer.importers.geojson import read_fences
    from geooffer.importers.rows import TakenIds
    from geooffer.importers.walks import parse_accuracy
    from geooffer.kernels.compile import compile_all
    from geooffer.model.policy import Policy

    taken = TakenIds()
    items = [item for path in fences for item in read_fences(path, repair=True, radius_m=radius, taken=taken).items]
    places = cluster_places(items, clusters) if clusters else []
    accuracy_cm = parse_accuracy(accuracy) if accuracy else 0
    trace = read_placed(traces, places, select or [], accuracy_cm)
    compile_all()
    policy = Policy()
    full = walk_all(trace, items, policy)
    rows = []
    for style in STYLES:
        remark(f"walking asleep: {style.name}")
        walked = walk_asleep(trace, items, policy, style)
        found = compare(trace, full, walked)
        rows.append(
            {
                "style": style.name,
                "pings": walked.sent_count,
                "region_calls": walked.asked_count,
                "fixes_taken": walked.looked_count,
                "times_fewer": round(trace.fix_count / max(1, walked.sent_count + walked.asked_count), 1),
                "enters": found.enter_count,
                "enters_kept": found.kept_count,
                "enters_more": found.extra_count,
                "dwells": found.dwell_count,
                "dwells_kept": found.kept_dwell_count,
                "delay_p50_s": round(percentile_s(found.delays_s, 0.5), 1),
                "delay_p99_s": round(percentile_s(found.delays_s, 0.99), 1),
                "delay_max_s": round(max(found.delays_s, default=0.0), 1),
                "reasons": dict(sorted(walked.reasons.items())),
            }
        )
    what: dict[str, Any] = {"shape": "hints", "fixes": trace.fix_count, "devices": trace.device_count}
    tell(what | {"fences": len(items), "clusters": clusters, "styles": rows} | origin(), _print, json_output)


def _print(report: dict[str, Any]) -> None:
    placed = f"put at {report['clusters']} clusters of fences" if report["clusters"] else "where they were recorded"
    print(f"hints · {report['fixes']:,} fixes of {report['devices']:,} devices, {placed}, {report['fences']:,} fences")
    print("  style               pings  calls  fewer  ENTERs kept  more  DWELLs kept  delay p50 / p99 / max s")
    for row in report["styles"]:
        enters, dwells = f"{row['enters_kept']}/{row['enters']}", f"{row['dwells_kept']}/{row['dwells']}"
        delays = f"{row['delay_p50_s']} / {row['delay_p99_s']} / {row['delay_max_s']}"
        print(
            f"  {row['style']:<18}{row['pings']:>7,}{row['region_calls']:>7,}{row['times_fewer']:>6} ×"
            f"{enters:>13}{row['enters_more']:>6}{dwells:>13}  {delays}"
        )
    print_origin(report)
