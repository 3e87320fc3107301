"""`geooffer export fences|stores`: what a server holds as GeoJSON or CSV that `import` reads back bit for bit.

The text is read back by the importer before it is given out: what would not come back as it is, is named, and the exit
code is 1. Pages of the server are not one snapshot: what changes meanwhile may be missed or met in its newer form.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.ask import asked
from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.options import CONTROL_SERVER_DEFAULT, CaFile, Server, Token, TokenFile, access_from
from geooffer.cli.output import remark
from geooffer.errors import InvalidArgumentError

if TYPE_CHECKING:
    from geooffer.cli.options import Access
    from geooffer.model.catalog import Geofence, Store

_FORMATS = ("geojson", "csv")

Out = Annotated[
    Path | None, typer.Option("--out", help="File to write, whole or not at all (.gz compresses); without it stdout.")
]
Format = Annotated[str, typer.Option("--format", help="geojson or csv; without it by the file's name, else geojson.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="What a server holds, as files that `import` reads.")
    app.add_typer(group, name="export")

    @group.command("fences")
    def fences_command(
        out: Out = None,
        file_format: Format = "",
        server: Server = CONTROL_SERVER_DEFAULT,
        token: Token = "",
        token_file: TokenFile = None,
        ca_file: CaFile = None,
    ) -> None:
        """Geofences with their settings: polygons and circles as GeoJSON, or as CSV (circles, well-known text)."""
        form = _format(out, file_format)
        _fences(form, out, server, access_from(token, token_file, ca_file, role="operator"))

    @group.command("stores")
    def stores_command(
        out: Out = None,
        file_format: Format = "",
        server: Server = CONTROL_SERVER_DEFAULT,
        token: Token = "",
        token_file: TokenFile = None,
        ca_file: CaFile = None,
    ) -> None:
        """Stores as GeoJSON Points, or as CSV."""
        form = _format(out, file_format)
        _stores(form, out, server, access_from(token, token_file, ca_file, role="operator"))


def _format(out: Path | None, file_format: str) -> str:
    from geooffer.importers.files import is_csv

    if file_format and file_format not in _FORMATS:
        raise InvalidArgumentError("--format is geojson or csv", field="format")
    by_name = "csv" if out is not None and is_csv(out) else "geojson"
    if file_format and out is not None and file_format != by_name:
        # import goes by the name, and would not read it
        raise InvalidArgumentError(f"--format {file_format} is not what {out.name} is called", field="format")
    return file_format or by_name


def _fences(form: str, out: Path | None, server: str, access: Access) -> None:
    from geooffer.client.listing import list_geofences
    from geooffer.importers.fence_files import read_fences
    from geooffer.importers.fence_text import crosses_antimeridian, fences_csv, fences_geojson

    fences: list[Geofence] = asked(server, access, list_geofences)
    crossing = sum(map(crosses_antimeridian, fences))
    if crossing:
        remark(f"{crossing:,} fences cross the antimeridian: unsplit, with longitudes in -180..180 (docs/export.md)")
    text = "".join((fences_csv if form == "csv" else fences_geojson)(fences))
    _give_out(text, form, out, fences, "fences", lambda path: read_fences(path).items, lambda fence: fence.geofence_id)


def _stores(form: str, out: Path | None, server: str, access: Access) -> None:
    from geooffer.client.listing import list_stores
    from geooffer.importers.csv_files import read_table
    from geooffer.importers.geojson import read_stores
    from geooffer.importers.store_text import stores_csv, stores_geojson

    stores: list[Store] = asked(server, access, list_stores)
    text = "".join((stores_csv if form == "csv" else stores_geojson)(stores))

    def read(path: Path) -> list[Any]:
        return read_table(path, "stores").items if form == "csv" else read_stores(path).items

    _give_out(text, form, out, stores, "stores", read, lambda store: store.store_id)


def _give_out(
    text: str,
    form: str,
    out: Path | None,
    nouns: list[Any],
    kind: str,
    read: Callable[[Path], list[Any]],
    id_of: Callable[[Any], str],
) -> None:
    lost = _lost(text, form, nouns, read, id_of) if nouns else []
    if out is None:
        sys.stdout.write(text)
    else:
        from geooffer.cli.whole_file import write_whole

        data = text.encode()
        # no time and no name in the header: the same fences are the same bytes
        write_whole(out, gzip.compress(data, mtime=0) if out.suffix == ".gz" else data)
        remark(f"exported {len(nouns):,} {kind} to {out}")
    for identifier in lost:
        remark(f"changed   {identifier}: import will not read it back as it is")
    if lost:
        raise typer.Exit(EXIT_FINDINGS)


def _lost(
    text: str, form: str, nouns: list[Any], read: Callable[[Path], list[Any]], id_of: Callable[[Any], str]
) -> list[str]:
    """The ids of what an import of the text would not give back equal."""
    with tempfile.TemporaryDirectory(prefix="geooffer-export-") as folder:
        path = Path(folder) / f"export.{form}"
        path.write_text(text, encoding="utf-8", newline="")
        back = {id_of(noun): noun for noun in read(path)}
    return [id_of(noun) for noun in nouns if back.get(id_of(noun)) != noun]
