"""`geooffer import catalog DIR --sync`: the full feeds of several kinds together.

One by one they cannot be deleted in any order: tonight's products no longer hold an article that yesterday's offers
still name. Together all kinds are created first and deleted last, and one broken feed stops the others too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli.options import CONTROL_SERVER_DEFAULT, CaFile, JsonOutput, Server, Token, TokenFile, access_from
from geooffer.cli.output import remark
from geooffer.cli.sync_options import Force, KeepRefused, ShowAll, Sync, SyncFlags, choices_from
from geooffer.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from geooffer.cli.import_report import Report
    from geooffer.importers.rows import Import, TakenIds

_ENDINGS = (".csv", ".geojson", ".csv.gz", ".geojson.gz")
_FILES = (
    "Files: stores fences categories products audiences campaigns offers, each .csv (the first two also .geojson), "
    "or that with .gz"
)


def register(group: typer.Typer) -> None:
    """Add the command."""

    @group.command("catalog", epilog=_FILES)
    def catalog_command(
        folder: Annotated[Path, typer.Argument(help="Folder of files named by their kind.", metavar="DIR")],
        sync: Sync = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, change nothing.")] = False,
        force: Force = False,
        keep_refused: KeepRefused = False,
        show_all: ShowAll = False,
        repair: Annotated[bool, typer.Option("--repair", help="Mend invalid polygons and say how.")] = False,
        server: Server = CONTROL_SERVER_DEFAULT,
        token: Token = "",
        token_file: TokenFile = None,
        ca_file: CaFile = None,
        json_output: JsonOutput = False,
    ) -> None:
        """Full feeds of several kinds together (--sync): created and deleted in the order that references allow."""
        flags = SyncFlags(sync, force, keep_refused, show_all)
        choices = choices_from("catalog", flags, dry_run=dry_run, as_json=json_output)
        if choices is None:
            raise InvalidArgumentError("import catalog needs --sync; without it import kind by kind")
        from geooffer.cli.sync import run_and_tell

        access = access_from(token, token_file, ca_file, role="operator")
        run_and_tell(_read_folder(folder, repair), server, access, choices, several_files=False)


def _read_folder(folder: Path, repair: bool) -> list[Report[Any]]:
    """The feeds of a folder, in the order of NOUN_KINDS; a kind without a file is left alone, and that is said."""
    from geooffer.cli.import_files import read_all
    from geooffer.cli.import_report import Report
    from geooffer.importers.fence_files import read_fences
    from geooffer.importers.geojson import read_stores

    readers: dict[str, Callable[[Path, TakenIds], Import[Any]]] = {
        "stores": lambda path, taken: read_stores(path, taken=taken),
        "fences": lambda path, taken: read_fences(path, repair=repair, taken=taken),
    }
    reports: list[Report[Any]] = []
    for kind, path in _feed_files(folder).items():
        if path is None:
            remark(f"no file of {kind}: what the service holds of them is left alone")
            continue
        reports.append(Report(kind))
        read_all(kind, [path], readers.get(kind), reports[-1])
    return reports


def _feed_files(folder: Path) -> dict[str, Path | None]:
    """The file of each kind, None where there is none; other files are not looked at.

    Raises InvalidArgumentError: no folder, no feed at all, two files of one kind.
    """
    from geooffer.client.holdings import NOUN_KINDS

    if not folder.is_dir():
        raise InvalidArgumentError(f"{folder}: is no folder")
    found: dict[str, Path | None] = {}
    for kind in NOUN_KINDS:
        paths = [path for ending in _ENDINGS if (path := folder / f"{kind}{ending}").exists()]
        if len(paths) > 1:
            raise InvalidArgumentError(f"{folder}: two files of {kind}: {', '.join(path.name for path in paths)}")
        found[kind] = paths[0] if paths else None
    if not any(found.values()):
        names = ", ".join(f"{kind}.csv" for kind in NOUN_KINDS)
        raise InvalidArgumentError(f"{folder}: holds no feed (such as {names})")
    return found
