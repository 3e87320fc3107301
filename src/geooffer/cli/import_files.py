"""`geooffer import KIND FILE…`: GeoJSON and CSV files into a running server, or only checked with --dry-run.

Files are read whole before anything is sent; a file that cannot be read stops the run with nothing sent. Bad
rows do not: they are named with their reason, and the exit code is 1. With --sync the files are the whole truth of
their kind (cli/sync.py).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geooffer.cli import import_catalog, import_places
from geooffer.cli.errors import EXIT_FINDINGS
from geooffer.cli.options import CONTROL_SERVER_DEFAULT, CaFile, Clip, JsonOutput, Server, Token, TokenFile, access_from
from geooffer.cli.output import remark
from geooffer.cli.sync_options import AsOf, Force, KeepRefused, ShowAll, Sync, SyncFlags, choices_from
from geooffer.errors import InvalidArgumentError

if TYPE_CHECKING:
    from geooffer.cli.import_report import Report
    from geooffer.cli.sync import SyncChoices
    from geooffer.importers.rows import Import, TakenIds

Files = Annotated[list[Path], typer.Argument(help="Files to read.", metavar="FILE...")]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Check the files; no server needed, nothing sent. With --sync: only show the difference."
    ),
]
Repair = Annotated[bool, typer.Option("--repair", help="Mend invalid polygons and say how.")]
RadiusM = Annotated[
    float | None, typer.Option("--radius-m", help="Radius in metres of Points without the property radius_m.")
]
IdProperty = Annotated[str, typer.Option("--id-property", help="GeoJSON property that holds the id.")]
TimeZone = Annotated[str, typer.Option("--time-zone", help="IANA zone of features without time_zone.")]

# text and columns of `--help`; importers/tables.py has the columns too, but loads NumPy (a test holds them together)
_CSV_KINDS = {
    "categories": (
        "Categories of the assortment (CSV).",
        "category_id [name_en name_de … synonyms_en synonyms_de … size_chart repurchase_preset wait_days "
        "is_consumable search_lifts_wait is_special]; synonyms as trainers|joggers",
    ),
    "products": (
        "Products with titles and sizes (CSV).",
        "product_id category_id title_en|title_de|… [sizes stock_tracked safety_stock_count is_sold_online "
        "vat_percent]; sizes as EU 42|EU 43",
    ),
    "prices": (
        "Price steps, past ones included (CSV).",
        "product_id amount_minor currency valid_from_time [store_id]; 79.90 EUR is 7990",
    ),
    "audiences": ("Names of uploaded lists of customers (CSV).", "audience_id [name]"),
    "audience_members": ("Customers on uploaded lists (CSV).", "audience_id customer_id"),
    "campaigns": (
        "What several offers share: whom they are for, budgets, caps (CSV).",
        "campaign_id [name paused budget_count minimum_tier account_kinds channels audience_id cap_rules "
        "held_out_percent score_floor is_open_when_hours_unknown offers_other_branch offers_shipping]; cap_rules as "
        "PERSON 3 24h|CAMPAIGN_TOTAL 500 CALENDAR_DAY",
    ),
    "offers": (
        "What stores want to say about products (CSV).",
        "offer_id product_id valid_from_time valid_until_time "
        "[store_ids minimum_price_cut_percent trigger paused required_purposes campaign_id]",
    ),
    "stock": (
        "Units per store, product and size (CSV).",
        "store_id product_id available_count as_of_time [size]",
    ),
    "customers": ("Pseudonymous customers and their devices (CSV).", "customer_id device_keys [language time_zone]"),
    "identities": (
        "Devices and pseudonyms that stand for customers (CSV).",
        "customer_id device_key|web_id|loyalty_id",
    ),
    "touchpoints": (
        "Signals of all kinds: searches, carts, purchases, preferences, … (CSV).",
        "customer_id|web_id|loyalty_id kind event_time [category_id|product_id|search_text size source channel "
        "language fulfilment is_interested tier account_kind]; which kind has which: signal_service.proto",
    ),
    "consents": (
        "Purposes given or taken back (CSV, JSONL).",
        "customer_id purposes granted event_time [notice_version language notice_sha256 method valid_until_time]; "
        "purposes as PUSH_MARKETING|PERSONALISED_OFFERS, method one of APP WEB IN_STORE PHONE PAPER CONSENT_TOOL",
    ),
    "notices": (
        "Texts that people are shown before they consent (CSV, JSONL).",
        "notice_version effective_time purposes controller withdrawal_method sha256_en|sha256_de|… [recipients "
        "retention_reference validity_days]; of each text its SHA-256, recipients as Post|Bank",
    ),
}
_STORE_COLUMNS = "CSV columns: store_id latitude longitude time_zone [name opening_hours country region tags is_online]"
_FENCE_COLUMNS = (
    "CSV columns: geofence_id latitude longitude radius_m (or wkt) [store_id name dwell_s valid_from_time "
    "valid_until_time enter_fix_count exit_fix_count inside_accuracy_m outside_margin_m]"
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Load files into a server, or check them with --dry-run.")
    app.add_typer(group, name="import")

    @group.command("stores", epilog=_STORE_COLUMNS)
    def stores_command(
        files: Files,
        id_property: IdProperty = "",
        time_zone: TimeZone = "",
        sync: Sync = False,
        dry_run: DryRun = False,
        force: Force = False,
        keep_refused: KeepRefused = False,
        show_all: ShowAll = False,
        server: Server = CONTROL_SERVER_DEFAULT,
        token: Token = "",
        token_file: TokenFile = None,
        ca_file: CaFile = None,
        json_output: JsonOutput = False,
    ) -> None:
        """Stores (CSV, or GeoJSON Points)."""

        def read(path: Path, taken: TakenIds) -> Import[Any]:
            from geooffer.importers.geojson import read_stores

            return read_stores(path, id_property=id_property, time_zone=time_zone, taken=taken)

        flags = SyncFlags(sync, force, keep_refused, show_all)
        _run("stores", files, read, flags, dry_run, server, (token, token_file, ca_file), json_output)

    @group.command("fences", epilog=_FENCE_COLUMNS)
    def fences_command(
        files: Files,
        repair: Repair = False,
        radius_m: RadiusM = None,
        id_property: IdProperty = "",
        clip: Clip = False,
        sync: Sync = False,
        dry_run: DryRun = False,
        force: Force = False,
        keep_refused: KeepRefused = False,
        show_all: ShowAll = False,
        server: Server = CONTROL_SERVER_DEFAULT,
        token: Token = "",
        token_file: TokenFile = None,
        ca_file: CaFile = None,
        json_output: JsonOutput = False,
    ) -> None:
        """Geofences (GeoJSON polygons and Points with a radius; CSV circles and well-known text)."""

        def read(path: Path, taken: TakenIds) -> Import[Any]:
            from geooffer.importers.fence_files import read_fences

            return read_fences(path, repair=repair, radius_m=radius_m, id_property=id_property, taken=taken)

        if clip and sync:
            raise InvalidArgumentError("--clip and --sync exclude each other: a clipped fence is not the file's")
        flags = SyncFlags(sync, force, keep_refused, show_all)
        _run("fences", files, read, flags, dry_run, server, (token, token_file, ca_file), json_output, clip=clip)

    import_places.register(group)

    import_catalog.register(group)
    for kind, (text, columns) in _CSV_KINDS.items():
        _register_csv(group, kind, text, f"Columns: {columns}")


def read_fence_files(files: list[Path], *, repair: bool) -> Report[Any]:
    """Fence files for other commands; no file gives an empty report."""
    from geooffer.cli.import_report import Report
    from geooffer.importers.fence_files import read_fences

    def read(path: Path, taken: TakenIds) -> Import[Any]:
        return read_fences(path, repair=repair, taken=taken)

    report: Report[Any] = Report("fences")
    read_all("fences", files, read, report)
    return report


def _register_csv(group: typer.Typer, kind: str, text: str, columns: str) -> None:
    @group.command(kind, help=text, epilog=columns)
    def csv_command(
        files: Files,
        sync: Sync = False,
        dry_run: DryRun = False,
        force: Force = False,
        keep_refused: KeepRefused = False,
        show_all: ShowAll = False,
        as_of: AsOf = "",
        server: Server = CONTROL_SERVER_DEFAULT,
        token: Token = "",
        token_file: TokenFile = None,
        ca_file: CaFile = None,
        json_output: JsonOutput = False,
    ) -> None:
        flags = SyncFlags(sync, force, keep_refused, show_all, as_of)
        _run(kind, files, None, flags, dry_run, server, (token, token_file, ca_file), json_output)


def _run(
    kind: str,
    files: list[Path],
    read_geojson: Callable[[Path, TakenIds], Import[Any]] | None,
    flags: SyncFlags,
    dry_run: bool,
    server: str,
    credentials: tuple[str, Path | None, Path | None],
    json_output: bool,
    *,
    clip: bool = False,
) -> None:
    from geooffer.cli.import_report import Report

    choices = choices_from(kind, flags, dry_run=dry_run, as_json=json_output)
    access = None if dry_run and choices is None else access_from(*credentials, role="operator")
    report: Report[Any] = Report(kind)
    read_all(kind, files, read_geojson, report, choices)
    if access is not None and choices is not None:
        from geooffer.cli.sync import run_and_tell

        run_and_tell([report], server, access, choices, several_files=len(files) > 1)
        return
    if access is not None and report.good:
        from geooffer.cli import upload

        upload.run(report, server, access, clip_to_zones=clip)
    elif dry_run and not json_output:
        remark("dry run: files checked by themselves, references to other ids not; nothing sent")
    report.print(several_files=len(files) > 1, as_json=json_output, dry_run=dry_run)
    if report.refused:
        raise typer.Exit(EXIT_FINDINGS)


def read_all(
    kind: str,
    files: list[Path],
    read_geojson: Callable[[Path, TakenIds], Import[Any]] | None,
    report: Any,
    choices: SyncChoices | None = None,
) -> None:
    """Files of one kind into a report. `read_geojson`: for kinds that may come so (that of fences reads
    tables too); `choices`: of a full feed.

    Raises InvalidArgumentError for a file that cannot be read as what it should be.
    """
    from geooffer.importers.files import is_csv, is_geojson
    from geooffer.importers.rows import TakenIds

    taken = TakenIds()
    for path in files:
        if read_geojson is not None and (kind == "fences" or not is_csv(path)):
            report.add_file(path, read_geojson(path, taken))
        elif is_geojson(path):
            raise InvalidArgumentError(f"{path}: {kind} are read from CSV files, not GeoJSON")
        else:
            report.add_file(path, _read_csv(kind, path, taken, choices))


def _read_csv(kind: str, path: Path, taken: TakenIds, choices: SyncChoices | None) -> Import[Any]:
    from geooffer.importers.csv_files import read_table
    from geooffer.importers.feeds import read_price_feed, read_stock_feed

    if choices is not None and kind == "prices":
        return read_price_feed(path, choices.as_of_ms, taken=taken)
    if choices is not None and kind == "stock":
        return read_stock_feed(path, choices.as_of_ms, taken=taken)
    return read_table(path, kind, taken=taken)
