"""Where a map's catalog comes from: a running server's control port, or files."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geooffer.cli.output import remark

if TYPE_CHECKING:
    from collections.abc import Callable

    from geooffer.cli.options import Access
    from geooffer.importers.rows import Import, TakenIds
    from geooffer.mapping.document import MapClosure
    from geooffer.model.catalog import Geofence, Offer, Store
    from geooffer.model.exclusion import ExclusionZone
    from geooffer.v1 import store_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class Sources:
    """A catalog as it was found; `text` says where."""

    text: str
    fences: list[Geofence]
    stores: list[Store]
    offers: list[Offer]
    closures: list[MapClosure] = field(default_factory=list)
    refused_count: int = 0
    zones: list[ExclusionZone] = field(default_factory=list)


def from_server(server: str, access: Access, *, with_zones: bool) -> Sources:
    """The saved catalog of a running server. Raises what stops it: no server, no right."""
    return asyncio.run(_ask(server, access, with_zones))


async def _ask(server: str, access: Access, with_zones: bool) -> Sources:
    from geooffer.cli.reach import reached
    from geooffer.client.closures import list_closures
    from geooffer.client.listing import list_geofences, list_offers, list_stores
    from geooffer.client.zones import list_zones

    async with reached(server, access, "--control-server") as control:
        state = await control.catalog_state()
        fences = await list_geofences(control)
        stores = await list_stores(control)
        offers = await list_offers(control)
        closures = [_map_closure(closure) for closure in await list_closures(control)]
        zones = await list_zones(control) if with_zones else []
    text = f"{server}, catalog generation {state.saved_generation}"
    return Sources(text, fences, stores, offers, closures, zones=zones)


def _map_closure(closure: pb.Closure) -> MapClosure:
    from geooffer.mapping.document import MapClosure
    from geooffer.model.kinds import SwitchKind
    from geooffer.model.limits import TIME_MAX_MS

    what = "offers paused" if closure.kind == int(SwitchKind.OFFERS_PAUSED) else "closed"
    until_ms = closure.until_time.ToMilliseconds() if closure.HasField("until_time") else TIME_MAX_MS
    text = f"{what}: {closure.reason}" if closure.reason else what
    return MapClosure(closure.store_id, closure.from_time.ToMilliseconds(), until_ms, text)


@dataclass(frozen=True, slots=True)
class FileChoices:
    """How files are read; the fields are the options of `geooffer import`."""

    repair: bool = False
    radius_m: float | None = None
    id_property: str = ""
    time_zone: str = ""
    country: str = ""


def from_files(
    fences: list[Path], stores: list[Path], places: list[Path], offers: list[Path], choices: FileChoices
) -> Sources:
    """The good lines of files; refused and mended ones are told. Raises InvalidArgumentError for no such file."""
    from geooffer.cli.import_places import RADIUS_DEFAULT_M
    from geooffer.importers.fence_files import read_fences
    from geooffer.importers.geojson import read_stores
    from geooffer.importers.places import read_places
    from geooffer.importers.store_features import StoreDefaults

    def fences_of(path: Path, taken: TakenIds) -> Import[Any]:
        return read_fences(
            path, repair=choices.repair, radius_m=choices.radius_m, id_property=choices.id_property, taken=taken
        )

    def stores_of(path: Path, taken: TakenIds) -> Import[Any]:
        return read_stores(path, id_property=choices.id_property, time_zone=choices.time_zone, taken=taken)

    def places_of(path: Path, taken: TakenIds) -> Import[Any]:
        return read_places(
            path,
            radius_m=RADIUS_DEFAULT_M if choices.radius_m is None else choices.radius_m,
            defaults=StoreDefaults(choices.time_zone, choices.country),
            repair=choices.repair,
            id_property=choices.id_property,
            taken=taken,
        )

    found_places, refused_place_count = _read(places, "places", places_of)
    found_fences, refused_fence_count = _read(fences, "fences", fences_of)
    found_stores, refused_store_count = _read(stores, "stores", stores_of)
    found_offers, refused_offer_count = _read(offers, "offers", None)
    return Sources(
        text=", ".join(path.name for path in (*places, *fences, *stores, *offers)),
        fences=_distinct([*(place.fence for place in found_places), *found_fences], lambda fence: fence.geofence_id),
        stores=_distinct([*(place.store for place in found_places), *found_stores], lambda store: store.store_id),
        offers=found_offers,
        refused_count=refused_place_count + refused_fence_count + refused_store_count + refused_offer_count,
    )


def _distinct(nouns: list[Any], identity: Callable[[Any], str]) -> list[Any]:
    """The last of each id, as a server would have it that was sent them in turn."""
    return list({identity(noun): noun for noun in nouns}.values())


def _read(
    paths: list[Path], kind: str, read_geojson: Callable[[Path, TakenIds], Import[Any]] | None
) -> tuple[list[Any], int]:
    """The nouns of one kind from all its files, and how many lines were refused."""
    from geooffer.importers.csv_files import read_table
    from geooffer.importers.files import is_csv
    from geooffer.importers.rows import TakenIds

    taken = TakenIds()
    found: list[Any] = []
    refused_count = 0
    for path in paths:
        if read_geojson is None or (kind != "fences" and is_csv(path)):
            rows: Import[Any] = read_table(path, kind, taken=taken)
        else:
            rows = read_geojson(path, taken)
        found += rows.items
        refused_count += _tell(path, rows)
    return found, refused_count


def _tell(path: Path, rows: Import[Any]) -> int:
    for refusal in rows.refusals:
        remark(f"refused   {path} {refusal.place}: {refusal.reason}")
    for row in rows.rows:
        if row.repair_note:
            remark(f"repaired  {path} {row.place}: {row.repair_note}")
    return len(rows.refusals)
