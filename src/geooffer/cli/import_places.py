"""`geooffer import places FILE…`: map data, each feature a store and the fence around it, in one go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.options import (
    CONTROL_SERVER_DEFAULT,
    Access,
    CaFile,
    Clip,
    JsonOutput,
    Server,
    Token,
    TokenFile,
    access_from,
)
from geooffer.cli.output import print_json, remark

if TYPE_CHECKING:
    from geooffer.cli.import_report import Report

RADIUS_DEFAULT_M = 30.0
"""Half of a supermarket and its pavement: real outlines are about 36 m across."""

_HELP = """Stores and their fences from map data (GeoJSON): a Polygon is the fence, a Point becomes a circle.

Reads OpenStreetMap's name, opening_hours and addr:country; hours that do not parse are named and count as unknown."""


def register(group: typer.Typer) -> None:
    """Add the command."""

    @group.command("places", help=_HELP)
    def places_command(
        files: Annotated[list[Path], typer.Argument(help="GeoJSON files.", metavar="FILE...")],
        radius_m: Annotated[
            float, typer.Option("--radius-m", help="Radius in metres of Points without radius_m.")
        ] = RADIUS_DEFAULT_M,
        repair: Annotated[bool, typer.Option("--repair", help="Mend invalid polygons and say how.")] = False,
        id_property: Annotated[str, typer.Option("--id-property", help="GeoJSON property that holds the id.")] = "",
        time_zone: Annotated[str, typer.Option("--time-zone", help="IANA zone of features without time_zone.")] = "",
        country: Annotated[str, typer.Option("--country", help="ISO 3166-1 code of features without country.")] = "",
        region: Annotated[str, typer.Option("--region", help="Region of features without one, such as DE-BE.")] = "",
        clip: Clip = False,
        closed_on_holidays: Annotated[
            bool, typer.Option("--closed-on-holidays", help='Add "PH off" to hours that do not speak of holidays.')
        ] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the files; nothing sent.")] = False,
        server: Server = CONTROL_SERVER_DEFAULT,
        token: Token = "",
        token_file: TokenFile = None,
        ca_file: CaFile = None,
        json_output: JsonOutput = False,
    ) -> None:
        from geooffer.cli.import_report import Report
        from geooffer.importers.places import read_places
        from geooffer.importers.rows import TakenIds
        from geooffer.importers.store_features import StoreDefaults

        access = None if dry_run else access_from(token, token_file, ca_file, role="operator")
        report: Report[Any] = Report("places")
        defaults, taken = StoreDefaults(time_zone, country, region, closed_on_holidays), TakenIds()
        for path in files:
            found = read_places(
                path, radius_m=radius_m, defaults=defaults, repair=repair, id_property=id_property, taken=taken
            )
            report.add_file(path, found)
        if access is not None and report.good:
            _upload(report, server, access, clip_to_zones=clip)
        elif dry_run and not json_output:
            remark("dry run: files checked by themselves; nothing sent")
        _print(report, several_files=len(files) > 1, as_json=json_output, dry_run=dry_run)
        if report.refused:
            raise typer.Exit(EXIT_FINDINGS)


def _upload(report: Report[Any], server: str, access: Access, *, clip_to_zones: bool) -> None:
    """Stores first, then the fences of those that the server took."""
    from geooffer.cli import upload
    from geooffer.cli.import_report import Report, SourceRow
    from geooffer.importers.rows import Row

    for kind, noun, prefix in (("stores", "store", ""), ("fences", "fence", "the store is saved, its fence is not: ")):
        part: Report[Any] = Report(kind)
        part.good = [
            SourceRow(source.path, Row(source.row.place, getattr(source.row.item, noun))) for source in report.good
        ]
        upload.run(part, server, access, clip_to_zones=clip_to_zones and kind == "fences")
        problems = {(path, refusal.place): prefix + refusal.reason for path, refusal in part.refused}
        places = [(source.path, source.row.place) for source in report.good]
        report.refuse({index: problems[place] for index, place in enumerate(places) if place in problems})


def _counts(report: Report[Any]) -> dict[str, int]:
    from geooffer.model.shapes import Circle

    places = [source.row.item for source in report.good]
    circles = sum(isinstance(place.fence.shape, Circle) for place in places)
    return {
        "accepted": len(places),
        "refused": len(report.refused),
        "polygons": len(places) - circles,
        "circles": circles,
        "with_opening_hours": sum(place.has_hours for place in places),
        "unreadable_hours": sum(bool(place.hours_note) for place in places),
    }


def _print(report: Report[Any], *, several_files: bool, as_json: bool, dry_run: bool) -> None:
    rows = [("refused", path, refusal.place, refusal.reason) for path, refusal in report.refused]
    rows += [("noted", source.path, source.row.place, source.row.repair_note) for source in report.repaired]
    if as_json:
        told = [
            {"status": status, "file": str(path), "place": place, "reason": reason}
            for status, path, place, reason in rows
        ]
        print_json({"kind": report.kind, "dry_run": dry_run, **_counts(report), "rows": told})
        return
    for status, path, place, reason in rows:
        print(f"{status:<9} {f'{path} ' if several_files else ''}{place}: {reason}")
    print("  ".join(f"{name} {count}" for name, count in _counts(report).items()))
