"""`geooffer replay TRACE…`: recorded walks through a running server, or through one of its own (--embedded)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.options import (
    CONTROL_SERVER_DEFAULT,
    DATA_SERVER_DEFAULT,
    Access,
    CaFile,
    ControlServer,
    JsonOutput,
    Token,
    TokenFile,
    access_from,
    claimed_role,
)
from geooffer.cli.output import print_json, remark
from geooffer.errors import PermissionDeniedError

if TYPE_CHECKING:
    from geooffer.cli.import_report import Report
    from geooffer.cli.replay_run import Replayed
    from geooffer.importers.walks import Walks

Traces = Annotated[
    list[Path],
    typer.Argument(
        help="CSV, PLT and GPX traces, walks in local metres (CSV); ZIP, tar or folder of them.", metavar="TRACE..."
    ),
]
Fences = Annotated[list[Path] | None, typer.Option("--fences", help="Fence files to load first (repeatable).")]
PlaceText = Annotated[str, typer.Option("--place", metavar="LAT,LON", help="Move each device's walk here, in degrees.")]
AnchorName = Annotated[str, typer.Option("--anchor", help="What --place is for: its first fix, or its centroid.")]
StartTime = Annotated[
    str, typer.Option("--start", metavar="TIME", help="Shift all times: the earliest fix is at TIME.")
]
AccuracyM = Annotated[
    float | None, typer.Option("--accuracy", metavar="M", help="Claimed for fixes that have none recorded, in metres.")
]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", help="Of walks in local metres: number, range (10-19) or label that is its only one."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("replay")
    def replay_command(
        traces: Traces,
        fences: Fences = None,
        place: PlaceText = "",
        anchor: AnchorName = "",
        start: StartTime = "",
        accuracy_m: AccuracyM = None,
        select: Select = None,
        repair: Annotated[bool, typer.Option("--repair", help="Mend invalid polygons of --fences.")] = False,
        embedded: Annotated[
            bool, typer.Option("--embedded", help="Start a server for this replay and register its devices.")
        ] = False,
        index: Annotated[str, typer.Option("--index", help="Of --embedded: rtree, packed or cells.")] = "cells",
        server: Annotated[
            str, typer.Option("--server", envvar="GEOOFFER_SERVER", help="Data port (host:port).")
        ] = DATA_SERVER_DEFAULT,
        control_server: ControlServer = CONTROL_SERVER_DEFAULT,
        token: Token = "",
        token_file: TokenFile = None,
        ca_file: CaFile = None,
        events: Annotated[bool, typer.Option("--events", help="Also list transitions and offers.")] = False,
        report_file: Annotated[
            Path | None, typer.Option("--report", help="Write what became of each fix here (JSON lines, for `map`).")
        ] = None,
        json_output: JsonOutput = False,
    ) -> None:
        """Stream recorded fixes in their own time and count what became of them.

        A running server needs a gateway or operator token and knows the devices, with location consent; it should
        run with --clock client, or every fix is historical.
        """
        from geooffer.cli import replay_run
        from geooffer.cli.replay_files import read_wishes
        from geooffer.cli.replay_report import write_report
        from geooffer.importers.walks import read_walks

        access = Access("") if embedded else access_from(token, token_file, ca_file, role="operator")
        if claimed_role(access.token) == "device":
            raise PermissionDeniedError("replay needs a gateway or operator token: a device is told no verdicts")
        walks = read_walks(traces, read_wishes(place, anchor, start, accuracy_m, select or []))
        trace = walks.trace
        report = _read_fences(fences or [], repair)
        _tell_inputs(walks, report)
        if embedded:
            result = asyncio.run(replay_run.replay_embedded(trace, report, index))
        else:
            addresses = server, control_server
            result = asyncio.run(replay_run.replay_running(trace, report, addresses, access))
        if report_file is not None:
            write_report(report_file, trace, result)
        refused_count = len(trace.refusals) + len(report.refused)
        _print(result, refused_count, walks.moved_note, events=events, json_output=json_output)
        if refused_count:
            raise typer.Exit(EXIT_FINDINGS)


def _read_fences(files: list[Path], repair: bool) -> Report[Any]:
    from geooffer.cli.import_files import read_fence_files

    return read_fence_files(files, repair=repair)


def _tell_inputs(walks: Walks, report: Report[Any]) -> None:
    for path, refusal in walks.trace.refusals:
        remark(f"refused   {path} {refusal.place}: {refusal.reason}")
    for path, refusal in report.refused:
        remark(f"refused   {path} {refusal.place}: {refusal.reason}")
    for source in report.repaired:
        remark(f"repaired  {source.path} {source.row.place}: {source.row.repair_note}")
    for note in walks.notes:
        remark(note)


def _print(result: Replayed, refused_count: int, moved_note: str, *, events: bool, json_output: bool) -> None:
    if json_output:
        counts: dict[str, Any] = {
            "pings": result.ping_count,
            "verdicts": result.verdicts,
            "transitions": result.transitions,
            "tries": result.try_counts,
            "offers": len(result.offers),
            "refused": refused_count,
        }
        lists: dict[str, Any] = {"events": result.events, "try_list": result.tries, "offer_list": result.offers}
        print_json(counts | ({"moved": moved_note} if moved_note else {}) | (lists if events else {}))
        return
    if moved_note:
        print(f"moved        {moved_note}")
    if events:
        for event in result.events:
            print("{event_time}  {kind:<5} {geofence_id}  ({cause}, device {device_key})".format_map(event))
        for offer in result.offers:
            print("{decided_time}  OFFER {title}, {store_name}: {reason}".format_map(offer))
    print(f"pings        {result.ping_count}")
    print(f"verdicts     {_listed(result.verdicts)}")
    print(f"transitions  {_listed(result.transitions)}")
    if result.try_counts:  # told to operators only
        print(f"tries        {_listed(result.try_counts)}")
    print(f"offers       {len(result.offers)}")


def _listed(counts: dict[str, int]) -> str:
    return "  ".join(f"{name} {count}" for name, count in counts.items()) or "none"
