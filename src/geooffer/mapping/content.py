"""A MapDocument as the JSON object that the page's script reads; long lists are columns, coordinates are packed.

The ids, names and texts in it came from outside. They are put into the page as JSON whose `<`, `>` and `&` are
escaped, and the script shows them as text nodes and on the canvas only: there is no way for them to become markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from geooffer.engine.shapes import area_m2
from geooffer.mapping.document import LineLayer, MapDocument, MarkLayer, SuspicionKind, Track
from geooffer.mapping.opening import opening_table
from geooffer.mapping.outlines import centres_e7, middle_longitude_e7
from geooffer.mapping.packing import pack_numbers, pack_paths, pack_points, pack_shapes, pack_steps
from geooffer.mapping.suspicions import OVERLAP_SHARE_MIN, store_distances_m
from geooffer.model.catalog import Offer
from geooffer.model.columns import Int64Array
from geooffer.model.units import format_time_ms
from geooffer.model.verdicts import PingVerdict

CONTENT_VERSION = 1
SUSPICIONS_PER_KIND_COUNT_MAX = 300
"""Told on the page; the count is of all."""
OFFERS_PER_STORE_COUNT_MAX = 20


def content_of(document: MapDocument) -> dict[str, Any]:
    """The whole object; its fields are named as assets/*.js read them."""
    fences = [item.fence for item in document.fences]
    fence_numbers = {fence.geofence_id: number for number, fence in enumerate(fences)}
    store_numbers = {store.store_id: number for number, store in enumerate(document.stores)}
    return {
        "version": CONTENT_VERSION,
        "title": document.title,
        "source": document.source,
        "generated": format_time_ms(document.generated_ms // 1000 * 1000),
        "time_ms": document.time_ms,
        "opens_on_tracks": document.opens_on_tracks,
        "middle_e7": _middle_e7(document),
        "kinds": [{"label": kind.label, "colour": kind.colour, "dashed": kind.dashed} for kind in document.kinds],
        "fences": _fences(document, store_numbers),
        "stores": _stores(document),
        "offers": _offers(document, store_numbers),
        "closures": _closures(document, store_numbers),
        "suspicions": _suspicions(document, fence_numbers, store_numbers),
        "lines": [_line_layer(layer) for layer in document.lines],
        "marks": [_mark_layer(layer) for layer in document.marks],
        "verdicts": {verdict.value: verdict.name for verdict in PingVerdict},
        "tracks": [_track(track) for track in document.tracks],
        "cards": [
            {
                "title": card.title,
                "lines": list(card.lines),
                "latitude_e7": card.latitude_e7,
                "longitude_e7": card.longitude_e7,
                "colour": card.colour,
                "span_m": card.span_m,
            }
            for card in document.cards
        ],
        "figures": document.figures,
        "tallies": document.tallies,
        "tallies_title": document.tallies_title,
    }


def _line_layer(layer: LineLayer) -> dict[str, Any]:
    return {
        "label": layer.label,
        "colour": layer.colour,
        "width_px": layer.width_px,
        "width_m": layer.width_m,
        "opacity": layer.opacity,
        "paths": pack_paths([path.tolist() for path in layer.paths]),
        "count": len(layer.paths),
    }


def _middle_e7(document: MapDocument) -> int:
    """The longitude around which the page unrolls the world, so that what belongs together is drawn together."""
    columns: list[Int64Array] = [
        centres_e7([item.fence for item in document.fences])[:, 1],
        np.array([store.longitude_e7 for store in document.stores], dtype=np.int64),
        *(track.longitudes_e7.astype(np.int64) for track in document.tracks),
        *(np.array([mark.longitude_e7 for mark in layer.marks], dtype=np.int64) for layer in document.marks),
    ]
    return middle_longitude_e7(np.concatenate(columns))


def _fences(document: MapDocument, store_numbers: dict[str, int]) -> dict[str, Any]:
    fences = [item.fence for item in document.fences]
    kinds = {kind: number for number, kind in enumerate(document.kinds)}
    distances = store_distances_m(fences, document.stores)
    return {
        "count": len(fences),
        "ids": [fence.geofence_id for fence in fences],
        "names": _sparse(fence.name for fence in fences),
        "kinds": [kinds[item.kind] for item in document.fences],
        "stores": [store_numbers.get(fence.store_id, -1) for fence in fences],
        # ids of stores that are named, but not known here
        "unknown_stores": {
            number: fence.store_id
            for number, fence in enumerate(fences)
            if fence.store_id and fence.store_id not in store_numbers
        },
        "dwell_ms": _sparse(fence.dwell_ms for fence in fences),
        "areas_m2": [_rounded(area_m2(fence.shape)) for fence in fences],
        "away_m": {index: round(metres) for index, metres in distances.items() if metres >= 1},
        "shapes": pack_shapes(fence.shape for fence in fences),
    }


def _stores(document: MapDocument) -> dict[str, Any]:
    stores = document.stores
    opening = opening_table(stores, document.time_ms)
    return {
        "count": len(stores),
        "ids": [store.store_id for store in stores],
        "names": _sparse(store.name for store in stores),
        "points": pack_points((store.latitude_e7, store.longitude_e7) for store in stores),
        "hours": opening.entry_of_store,
        "hour_texts": opening.texts,
        "zones": opening.zones,
        "intervals": [None if flat is None else pack_steps(flat) for flat in opening.intervals_minutes],
        "hours_from_ms": opening.from_ms,
        "hours_until_ms": opening.until_ms,
    }


def _closures(document: MapDocument, store_numbers: dict[str, int]) -> dict[int, list[dict[str, Any]]]:
    """Number of a store → what closes it, as given."""
    found: dict[int, list[dict[str, Any]]] = {}
    for closure in document.closures:
        if closure.store_id in store_numbers:
            line = {"from_ms": closure.from_ms, "until_ms": closure.until_ms, "text": closure.text}
            found.setdefault(store_numbers[closure.store_id], []).append(line)
    return found


def _offers(document: MapDocument, store_numbers: dict[str, int]) -> dict[str, Any]:
    """Offers as lines, and per store which of them name it; those of every store stand once, in `everywhere`."""
    by_store: dict[int, list[int]] = {}
    counts: dict[int, int] = {}
    everywhere: list[int] = []
    lines: list[str] = []
    for offer in document.offers:
        numbers = [store_numbers[store_id] for store_id in offer.store_ids if store_id in store_numbers]
        wanted = [number for number in numbers if counts.get(number, 0) < OFFERS_PER_STORE_COUNT_MAX]
        for number in numbers:
            counts[number] = counts.get(number, 0) + 1
        for number in wanted:
            by_store.setdefault(number, []).append(len(lines))
        if not offer.store_ids and len(everywhere) < OFFERS_PER_STORE_COUNT_MAX:
            everywhere.append(len(lines))
        elif not wanted:
            continue
        lines.append(_offer_text(offer))
    return {
        "lines": lines,
        "by_store": by_store,
        "counts": counts,
        "everywhere": everywhere,
        "everywhere_count": sum(1 for offer in document.offers if not offer.store_ids),
    }


def _offer_text(offer: Offer) -> str:
    paused = ", paused" if offer.paused else ""
    first, last = format_time_ms(offer.valid_from_ms), format_time_ms(offer.valid_until_ms)
    return f"{offer.offer_id}: {offer.product_id}, {first} to {last}{paused}"


def _suspicions(
    document: MapDocument, fence_numbers: dict[str, int], store_numbers: dict[str, int]
) -> list[dict[str, Any]]:
    groups = []
    for kind in SuspicionKind:
        found = [suspicion for suspicion in document.suspicions if suspicion.kind is kind]
        if not found:
            continue
        limit = f" by {OVERLAP_SHARE_MIN:.0%} or more" if kind is SuspicionKind.OVERLAP else ""
        items = [
            {
                "fences": [fence_numbers[fence_id] for fence_id in suspicion.fences],
                "stores": [store_numbers[store_id] for store_id in suspicion.stores if store_id in store_numbers],
                "text": suspicion.text,
            }
            for suspicion in found[:SUSPICIONS_PER_KIND_COUNT_MAX]
        ]
        quiet = kind is SuspicionKind.NO_STORE
        groups.append({"label": kind.value + limit, "count": len(found), "quiet": quiet, "items": items})
    return groups


def _mark_layer(layer: MarkLayer) -> dict[str, Any]:
    return {
        "label": layer.label,
        "symbol": layer.symbol,
        "colour": layer.colour,
        "points": pack_points((mark.latitude_e7, mark.longitude_e7) for mark in layer.marks),
        "texts": [mark.text for mark in layer.marks],
    }


def _track(track: Track) -> dict[str, Any]:
    pairs = zip(track.latitudes_e7.tolist(), track.longitudes_e7.tolist(), strict=True)
    return {
        "label": track.label,
        "times_ms": pack_steps(track.times_ms),
        "points": pack_points(pairs),
        "accuracies_cm": pack_numbers(track.accuracies_cm.astype(np.int64)),
        "verdicts": pack_numbers(track.verdicts.astype(np.int64)),
        "events": [
            {"kind": event.kind, "fix": event.fix_index, "time_ms": event.time_ms, "text": event.text}
            for event in track.events
        ],
    }


def _sparse(values: Iterable[Any]) -> dict[int, Any]:
    """Index → value, where there is one: most fences have no dwell time of their own, many stores no name."""
    return {index: value for index, value in enumerate(values) if value}


def _rounded(area: float) -> float:
    return round(area, 1) if area < 1000 else round(area)
