"""`geooffer privacy zones …`: the places about which nothing may be known."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.ask import asked
from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.options import CONTROL_SERVER_DEFAULT, CaFile, JsonOutput, Server, Token, TokenFile, access_from
from geooffer.cli.output import print_json

if TYPE_CHECKING:
    from geooffer.cli.import_report import Report
    from geooffer.client.zones import ZoneResult
    from geooffer.model.exclusion import ExclusionZone

ROLE = "privacy_officer"
_NAMED_COUNT = 20

Files = Annotated[
    list[Path],
    typer.Argument(
        help="GeoJSON, or CSV with zone_id, latitude, longitude, radius_m "
        "[category buffer_m name valid_from_time valid_until_time].",
        metavar="FILE...",
    ),
]
Category = Annotated[str, typer.Option("--category", help="Of rows that do not say: clinic, worship, shelter, …")]
BufferM = Annotated[float, typer.Option("--buffer-m", help="Metres around the shape, of rows that do not say.")]
RadiusM = Annotated[float | None, typer.Option("--radius-m", help="Radius of GeoJSON Points without radius_m.")]
IdProperty = Annotated[str, typer.Option("--id-property", help="GeoJSON property that holds the id.")]
Repair = Annotated[bool, typer.Option("--repair", help="Mend invalid polygons and say how.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `geooffer privacy`."""
    group = typer.Typer(no_args_is_help=True, help="Exclusion zones: pings that touch one are dropped.")
    app.add_typer(group, name="zones")
    group.command("list")(list_command)
    group.command("import")(import_command)
    group.command("check")(check_command)
    group.command("delete")(delete_command)


def list_command(
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """All zones, by id. Coordinates are only told with --json."""
    from geooffer.client.zones import list_zones

    access = access_from(token, token_file, ca_file, role=ROLE)
    zones = asked(server, access, list_zones)
    if json_output:
        print_json({"zones": [_zone_object(zone) for zone in zones]})
        return
    for zone in zones:
        told = _zone_object(zone)
        validity = f"  from {told['valid_from_time'] or 'ever'} until {told['valid_until_time'] or 'ever'}"
        limited = f"{validity}{_when(zone)}" if zone.valid_from_ms or zone.valid_until_ms else ""
        print(f"{zone.zone_id}  {told['category']}  buffer {told['buffer_m']:g} m  {told['shape']}{limited}")
    if not zones:
        print("no exclusion zones")


def import_command(
    files: Files,
    category: Category = "",
    buffer_m: BufferM = 0.0,
    radius_m: RadiusM = None,
    id_property: IdProperty = "",
    repair: Repair = False,
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """Create or replace the zones of files; they are in force at once. Tells which fences they silence."""
    report = _read(files, category, buffer_m, radius_m, id_property, repair)
    _send(report, server, (token, token_file, ca_file), json_output, validate_only=False)


def check_command(
    files: Files,
    category: Category = "",
    buffer_m: BufferM = 0.0,
    radius_m: RadiusM = None,
    id_property: IdProperty = "",
    repair: Repair = False,
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    json_output: JsonOutput = False,
) -> None:
    """What importing these files would do, and which fences it would silence. Changes nothing."""
    report = _read(files, category, buffer_m, radius_m, id_property, repair)
    _send(report, server, (token, token_file, ca_file), json_output, validate_only=True)


def delete_command(
    zone_ids: Annotated[list[str], typer.Argument(help="Ids of zones.", metavar="ID...")],
    server: Server = CONTROL_SERVER_DEFAULT,
    token: Token = "",
    token_file: TokenFile = None,
    ca_file: CaFile = None,
) -> None:
    """Delete zones: pings there are matched again. Stops at the first that does not exist."""
    from geooffer.client.zones import delete_zone

    access = access_from(token, token_file, ca_file, role=ROLE)

    async def delete(control: Any) -> None:
        for zone_id in zone_ids:
            await delete_zone(control, zone_id)
            print(f"deleted  {zone_id}")

    asked(server, access, delete)


def _read(
    files: Sequence[Path], category: str, buffer_m: float, radius_m: float | None, id_property: str, repair: bool
) -> Report[ExclusionZone]:
    from geooffer.cli.import_report import Report
    from geooffer.importers.rows import TakenIds
    from geooffer.importers.zone_files import ZoneDefaults, read_zones

    report: Report[ExclusionZone] = Report("zones")
    defaults, taken = ZoneDefaults(category, buffer_m, radius_m), TakenIds()
    for path in files:
        report.add_file(path, read_zones(path, defaults, repair=repair, id_property=id_property, taken=taken))
    return report


def _send(
    report: Report[ExclusionZone],
    server: str,
    credentials: tuple[str, Path | None, Path | None],
    json_output: bool,
    *,
    validate_only: bool,
) -> None:
    """Good rows to the server, and tell what became of all; exit code 1 where any was refused."""
    from geooffer.client.zones import ZoneResult, upsert_zones

    access = access_from(*credentials, role=ROLE)
    result = ZoneResult()
    if report.good:
        zones = [source.row.item for source in report.good]
        result = asked(server, access, lambda control: upsert_zones(control, zones, validate_only=validate_only))
        report.refuse({refused.row: f"{refused.message} [{refused.reason}]" for refused in result.refused})
    _tell(report, result, json_output, validate_only=validate_only)
    if report.refused:
        raise typer.Exit(EXIT_FINDINGS)


def _tell(report: Report[ExclusionZone], result: ZoneResult, json_output: bool, *, validate_only: bool) -> None:
    silenced = sorted(result.silenced)
    if json_output:
        told = {"kind": "zones", "dry_run": validate_only, **report.counts(), "rows": report.row_objects()}
        print_json({**told, "silenced_geofence_ids": silenced, "has_more_silenced": result.has_more_silenced})
        return
    report.print(several_files=True, as_json=False, dry_run=validate_only)
    not_now = [source.row.item.zone_id + when for source in report.good if (when := _when(source.row.item))]
    if not_now:
        named = ", ".join(not_now[:_NAMED_COUNT]) + (", …" if len(not_now) > _NAMED_COUNT else "")
        print(f"drops no ping now: {named}")
    if silenced:
        named = ", ".join(silenced[:_NAMED_COUNT]) + (", …" if len(silenced) > _NAMED_COUNT else "")
        least = "at least " if result.has_more_silenced else ""
        verb = "would silence" if validate_only else "silences"
        print(f"{verb} {least}{len(silenced)} fences, wholly or in part: {named}")
    if validate_only:
        print("checked only: nothing was changed")


def _when(zone: ExclusionZone) -> str:
    """By this machine's clock: a wrong year in a file is otherwise easy to miss."""
    now_ms = time.time_ns() // 1_000_000
    if zone.valid_until_ms and zone.valid_until_ms <= now_ms:
        return " (over: it drops nothing)"
    return " (not yet in force)" if zone.valid_from_ms > now_ms else ""


def _zone_object(zone: ExclusionZone) -> dict[str, Any]:
    from geooffer.model.shapes import Circle
    from geooffer.model.units import format_time_ms

    shape = zone.shape
    if isinstance(shape, Circle):
        drawn = f"circle of {shape.radius_cm / 100:g} m"
        place: dict[str, Any] = {"latitude_e7": shape.latitude_e7, "longitude_e7": shape.longitude_e7}
    else:
        drawn = f"polygon of {shape.vertex_count} vertices"
        place = {"parts": [[part.ring(index).tolist() for index in range(len(part.rings))] for part in shape.parts]}
    return {
        "zone_id": zone.zone_id,
        "category": zone.category.name.lower(),
        "name": zone.name,
        "buffer_m": zone.buffer_cm / 100,
        "shape": drawn,
        "place": place,
        "valid_from_time": format_time_ms(zone.valid_from_ms) if zone.valid_from_ms else "",
        "valid_until_time": format_time_ms(zone.valid_until_ms) if zone.valid_until_ms else "",
    }
