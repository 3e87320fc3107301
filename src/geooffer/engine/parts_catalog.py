"""The catalog's part of a snapshot: nouns with their numbers, prices, versions, stock and closures."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from geooffer.engine.live import Closure
from geooffer.engine.part_columns import (
    columns_of,
    int32s,
    int64s,
    make_all,
    numbers_of,
    pack_array,
    unpack_array,
    unpack_rows,
)
from geooffer.engine.registry import KINDS, noun_id
from geooffer.engine.state import State
from geooffer.model import tables
from geooffer.model.catalog import Geofence, Offer, Price, Size
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.kinds import SwitchKind
from geooffer.model.shapes import Circle, Shape
from geooffer.model.verdicts import OfferTrigger

_ENUMS: dict[type, dict[str, type[IntEnum]]] = {
    Offer: {"trigger": OfferTrigger},
    ExclusionZone: {"category": ZoneCategory},
}
_SHAPED = (Geofence, ExclusionZone)


def take_catalog(state: State) -> dict[str, Any]:
    """Everything that belongs to no person."""
    registry, live = state.registry, state.live
    prices = [price for steps in registry.prices.values() for price in steps]
    return {
        "nouns": {kind.__name__: _take_nouns(kind, list(registry.nouns(kind).values())) for kind in KINDS},
        "ids": {kind.__name__: registry.identifiers(kind) for kind in KINDS},
        "nameless": {kind.__name__: registry.nameless_numbers(kind) for kind in KINDS},
        "prices": columns_of(prices, Price),
        "currencies": list(registry.currencies.items()),
        "variants": (int64s(number for number, _ in registry.variants), int64s(code for _, code in registry.variants)),
        "sizes": [(code, size.system, size.value) for code, size in registry.sizes.items()],
        "store_versions": int64s(registry.store_versions),
        "versions": (
            registry.generation,
            registry.everywhere_version,
            registry.fences_generation,
            registry.words_generation,
        ),
        "removed_fences": (int64s(registry.removed_fences.keys()), int64s(registry.removed_fences.values())),
        "stock": pack_array(live.stock_rows()),
        "stock_versions": pack_array(live.view.store_versions),
        "newest_stock_ms": (int64s(live.newest_stock_ms.keys()), int64s(live.newest_stock_ms.values())),
        "closures": [tuple(closure) for closure in live.closures],
        "policies": state.policies.take(),
        "audit_seal": state.audit_seal,
    }


def put_catalog(state: State, part: dict[str, Any]) -> None:
    """Into a state that has no catalog yet."""
    registry, live = state.registry, state.live
    for kind in KINDS:
        if kind.__name__ not in part["nouns"]:
            continue  # a snapshot from before there were exclusion zones
        nouns = _make_nouns(kind, part["nouns"][kind.__name__])
        registry.restore_nouns(kind, nouns, part["ids"][kind.__name__], part["nameless"][kind.__name__])
    count = len(part["prices"]["product_id"])
    registry.restore_prices(make_all(Price, part["prices"], count), dict(part["currencies"]))
    numbers, codes = (numbers_of(column) for column in part["variants"])
    registry.restore_variants(
        list(zip(numbers, codes, strict=True)), {code: Size(*size) for code, *size in part["sizes"]}
    )
    registry.store_versions = numbers_of(part["store_versions"])
    registry.generation, registry.everywhere_version, registry.fences_generation, registry.words_generation = part[
        "versions"
    ]
    registry.removed_fences = dict(zip(*map(numbers_of, part["removed_fences"]), strict=True))
    for store in registry.stores.values():
        state.people.zones.number(store.time_zone)
    number, seal_hash = part.get("audit_seal", (0, b""))  # parts of older releases have none
    state.audit_seal = (number, seal_hash)
    state.policies.restore(part.get("policies", []))  # parts of older releases have none
    live.cover_stores(len(registry.store_versions))
    live.cover_campaigns(len(part["ids"]["Campaign"]))
    closures = [Closure(row[0], SwitchKind(row[1]), *row[2:]) for row in part["closures"]]
    live.restore_rows(
        unpack_rows(part["stock"], tables.STOCK),
        unpack_array(part["stock_versions"]),
        dict(zip(*map(numbers_of, part["newest_stock_ms"]), strict=True)),
        closures,
    )


def _take_nouns(kind: type, nouns: list[Any]) -> dict[str, Any]:
    columns = columns_of(nouns, kind)
    if kind in _SHAPED:
        columns["shape"] = _take_shapes(columns["shape"])  # type: ignore[assignment]
    return {"count": len(nouns), "columns": columns}


def _make_nouns(kind: type, part: dict[str, Any]) -> dict[str, Any]:
    columns, count = dict(part["columns"]), part["count"]
    if kind in _SHAPED:
        columns["shape"] = _make_shapes(columns["shape"], count)
    for name, enum in _ENUMS.get(kind, {}).items():
        columns[name] = list(map(enum, columns[name]))
    nouns: list[Any] = make_all(kind, columns, count)
    return {noun_id(noun): noun for noun in nouns}


def _take_shapes(shapes: list[Shape]) -> dict[str, Any]:
    """Circles, of which there are most, as columns; polygons as they are."""
    places = [place for place, shape in enumerate(shapes) if isinstance(shape, Circle)]
    circles = columns_of([shapes[place] for place in places], Circle)
    return {
        "circle_places": int32s(places),
        "circles": {name: int32s(values) for name, values in circles.items()},
        "others": [shape for shape in shapes if not isinstance(shape, Circle)],
    }


def _make_shapes(part: dict[str, Any], count: int) -> list[Shape]:
    shapes = np.empty(count, dtype=object)
    places = unpack_array(part["circle_places"])
    columns = {name: numbers_of(column) for name, column in part["circles"].items()}
    is_circle = np.zeros(count, dtype=bool)
    is_circle[places] = True
    for mask, found in ((is_circle, make_all(Circle, columns, len(places))), (~is_circle, part["others"])):
        for place, shape in zip(np.flatnonzero(mask).tolist(), found, strict=True):
            shapes[place] = shape
    listed: list[Shape] = shapes.tolist()
    return listed
