"""`geooffer map`: a catalog, what looks wrong in it, and a walk with its events, as one page that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.options import CONTROL_SERVER_DEFAULT, CaFile, ControlServer, JsonOutput, Token, TokenFile
from geooffer.cli.replay import AccuracyM, AnchorName, PlaceText, Select, StartTime
from geooffer.errors import InvalidArgumentError

if TYPE_CHECKING:
    from geooffer.importers.walks import Wishes
    from geooffer.mapping.document import MapDocument, Track

Files = list[Path] | None


def register(app: typer.Typer) -> None:
    """Add the command to the tree."""
    app.command("map")(draw_map)


def draw_map(
    output: Annotated[Path, typer.Option("--output", help="The page to write.")] = Path("map.html"),
    fences: Annotated[
        Files, typer.Option("--fences", help="Draw files instead of a server's catalog (repeatable).")
    ] = None,
    stores: Annotated[Files, typer.Option("--stores", help="Store files, with --fences (repeatable).")] = None,
    places: Annotated[
        Files, typer.Option("--places", help="Map data (GeoJSON): stores with their fences (repeatable).")
    ] = None,
    offers: Annotated[Files, typer.Option("--offers", help="Offer files, with --fences or --places.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend invalid polygons of --fences.")] = False,
    radius_m: Annotated[
        float | None, typer.Option("--radius-m", help="Of Points in --fences and --places without one.")
    ] = None,
    id_property: Annotated[str, typer.Option("--id-property", help="GeoJSON property that holds the id.")] = "",
    time_zone: Annotated[str, typer.Option("--time-zone", help="IANA zone of stores in files without one.")] = "",
    country: Annotated[str, typer.Option("--country", help="ISO 3166-1 code of --places without one.")] = "",
    zones: Annotated[
        bool, typer.Option("--zones", help="Draw the server's exclusion zones, too (operator token).")
    ] = False,
    trace: Annotated[Files, typer.Option("--trace", help="A recorded walk to draw (repeatable).")] = None,
    events: Annotated[Path | None, typer.Option("--events", help="What `replay --report` wrote of it.")] = None,
    place: PlaceText = "",
    anchor: AnchorName = "",
    start: StartTime = "",
    accuracy_m: AccuracyM = None,
    select: Select = None,
    time: Annotated[
        str, typer.Option("--time", help="Opening state shown first (RFC 3339); else the trace's begin, else now.")
    ] = "",
    title: Annotated[str, typer.Option("--title", help="Heading of the page.")] = "geooffer map",
    control_server: ControlServer = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Write a map of fences, stores and opening hours, with a list of what looks wrong.

    Of a running server (operator or marketing token), or of files. The page is one file and calls nobody. Exit code 1
    where lines of files were refused.
    """
    from geooffer.cli.map_sources import FileChoices, Sources, from_files, from_server
    from geooffer.cli.options import access_from
    from geooffer.cli.replay_files import read_wishes

    if (stores or offers) and not (fences or places):
        rule = "--stores and --offers are drawn with --fences or --places; without these a server is asked"
        raise InvalidArgumentError(rule)
    if zones and (fences or places):
        raise InvalidArgumentError("--zones are a server's: they are not drawn with --fences or --places")
    wishes = read_wishes(place, anchor, start, accuracy_m, select or [])
    tracks, trace_refused_count = _tracks(trace or [], events, wishes)
    if fences or places:
        choices = FileChoices(repair, radius_m, id_property, time_zone, country)
        sources: Sources = from_files(fences or [], stores or [], places or [], offers or [], choices)
    else:
        sources = from_server(
            control_server, access_from(token, token_file, ca_file, role="operator"), with_zones=zones
        )
    document = _document(title, sources, tracks, time)
    _write(output, document, json_output)
    if sources.refused_count + trace_refused_count:
        raise typer.Exit(EXIT_FINDINGS)


def _tracks(paths: list[Path], events: Path | None, wishes: Wishes) -> tuple[list[Track], int]:
    """The trace's tracks, and how many of its lines were refused."""
    from geooffer.cli.output import remark
    from geooffer.importers.walks import read_walks
    from geooffer.mapping.tracks import make_tracks, read_events

    if not paths:
        if events is not None:
            raise InvalidArgumentError("--events says what happened on a trace: give it with --trace", field="events")
        return [], 0
    walks = read_walks(paths, wishes)
    for path, refusal in walks.trace.refusals:
        remark(f"refused   {path} {refusal.place}: {refusal.reason}")
    if walks.moved_note:
        remark(f"moved     {walks.moved_note}")
    lines = read_events(events) if events is not None else []
    return make_tracks(walks.trace, lines), len(walks.trace.refusals)


def _document(title: str, sources: Any, tracks: list[Track], time_text: str) -> MapDocument:
    import time

    from geooffer.mapping.document import MapDocument, map_fences, map_zones
    from geooffer.mapping.suspicions import find_suspicions
    from geooffer.model.units import parse_time_ms

    now_ms = int(time.time() * 1000)
    if time_text:
        time_ms = parse_time_ms(time_text)
    else:
        time_ms = min((int(track.times_ms[0]) for track in tracks), default=now_ms)
    return MapDocument(
        title=title,
        source=sources.text,
        generated_ms=now_ms,
        time_ms=time_ms,
        fences=[*map_fences(sources.fences), *map_zones(sources.zones)],
        stores=sources.stores,
        offers=sources.offers,
        closures=sources.closures,
        suspicions=find_suspicions(sources.fences, sources.stores),
        tracks=tracks,
    )


def _write(output: Path, document: MapDocument, json_output: bool) -> None:
    from collections import Counter

    from geooffer.cli.output import print_json
    from geooffer.mapping.page import render_page

    data = render_page(document).encode("utf-8")
    output.write_bytes(data)
    suspicions = Counter(suspicion.kind for suspicion in document.suspicions)
    if json_output:
        print_json(
            {
                "page": str(output),
                "size_bytes": len(data),
                "fences": len(document.fences),
                "stores": len(document.stores),
                "offers": len(document.offers),
                "fixes": sum(len(track.times_ms) for track in document.tracks),
                "events": sum(len(track.events) for track in document.tracks),
                "suspicions": {kind.name: count for kind, count in suspicions.items()},
            }
        )
        return
    for kind, count in suspicions.items():
        print(f"{count:>7,}  {kind.value}")
    print(f"{output}: {len(document.fences):,} fences, {len(document.stores):,} stores, {len(data) / 1e6:.1f} MB")
