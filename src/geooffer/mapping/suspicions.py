"""What looks wrong in a catalog: the list that tells the eye where to look first.

None of it is an error: the service has taken these fences. Each rule is a plain comparison with a threshold below,
and each finding names the ids and the figure that made it one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely

from geooffer.engine.shapes import area_m2
from geooffer.mapping.document import Suspicion, SuspicionKind
from geooffer.mapping.outlines import centres_e7, distances_m, great_circle_m, middle_longitude_e7, outlines
from geooffer.model.catalog import Geofence, Store
from geooffer.model.columns import Int64Array
from geooffer.model.shapes import Circle, Shape, pack_ring

STORE_OUTSIDE_M = 10.0
"""A store's point a few metres off its own outline is how maps are drawn."""
FAR_FROM_STORE_M = 1_000.0
AREA_RATIO = 50.0
AREA_COUNT_MIN = 5
"""Fewer fences have no median worth comparing with."""
OVERLAP_SHARE_MIN = 0.3
"""Of the smaller fence's area."""
SWAPPED_M_MIN = 200_000.0
SWAPPED_RATIO = 4.0
"""Turned round, a point must come this many times nearer to where the others are."""
AT_ZERO_M = 1_000.0


@dataclass(slots=True)
class _Catalog:
    """What the rules look at, computed once."""

    fences: list[Geofence]
    stores: list[Store]
    centres: Int64Array
    store_points: Int64Array
    distances: dict[int, float]
    """Index of a fence → metres to its store, for fences whose store is known."""
    misplaced_fences: set[str] = field(default_factory=set)
    misplaced_stores: set[str] = field(default_factory=set)


def find_suspicions(fences: list[Geofence], stores: list[Store]) -> list[Suspicion]:
    """Everything found, by kind, the worst of a kind first. Without any store, rules about stores are silent."""
    catalog = _catalog(fences, stores)
    found = [
        *_swapped(catalog),
        *_at_zero(catalog),
        *_unknown_stores(catalog),
        *_away_from_store(catalog),
        *_identical(fences),
        *_overlaps(catalog),
        *_areas(fences),
        *_alone(catalog),
    ]
    order = {kind: place for place, kind in enumerate(SuspicionKind)}
    return sorted(found, key=lambda suspicion: order[suspicion.kind])


def store_distances_m(fences: list[Geofence], stores: list[Store]) -> dict[int, float]:
    """Index of a fence → metres from its store's point to the fence, 0 inside; only where the store is known."""
    known = {store.store_id: store for store in stores}
    indexes = [index for index, fence in enumerate(fences) if fence.store_id in known]
    if not indexes:
        return {}
    own = [fences[index] for index in indexes]
    places = np.array([_point(known[fence.store_id]) for fence in own], dtype=np.int64)
    metres = np.zeros(len(own))
    round_ones = np.array([isinstance(fence.shape, Circle) for fence in own])
    centres = centres_e7(own)
    away = great_circle_m(places[:, 0], places[:, 1], centres[:, 0], centres[:, 1])
    radii = np.array([fence.shape.radius_cm / 100 if isinstance(fence.shape, Circle) else 0.0 for fence in own])
    metres[round_ones] = np.maximum(away - radii, 0.0)[round_ones]
    angular = ~round_ones
    if angular.any():
        middle_e7 = middle_longitude_e7(np.concatenate([centres[:, 1], places[:, 1]]))
        figures = outlines([fence for fence in own if not isinstance(fence.shape, Circle)], middle_e7)
        near = distances_m(figures, places[angular, 0], places[angular, 1], middle_e7)
        # far away the plane is no plane any more; to the centre along the sphere is then good enough
        metres[angular] = np.where(near > 100_000.0, away[angular], near)
    return dict(zip(indexes, metres.tolist(), strict=True))


def _catalog(fences: list[Geofence], stores: list[Store]) -> _Catalog:
    return _Catalog(
        fences=fences,
        stores=stores,
        centres=centres_e7(fences),
        store_points=np.array([_point(store) for store in stores], dtype=np.int64).reshape(-1, 2),
        distances=store_distances_m(fences, stores),
    )


def _point(store: Store) -> tuple[int, int]:
    return store.latitude_e7, store.longitude_e7


def _swapped(catalog: _Catalog) -> list[Suspicion]:
    """Points far from the middle of all that come near when latitude and longitude are exchanged."""
    points = np.concatenate([catalog.centres, catalog.store_points])
    if len(points) < 3:
        return []
    middle = np.median(points, axis=0)
    now = great_circle_m(points[:, 0], points[:, 1], middle[0], middle[1])
    # a longitude beyond ±90° is no latitude: clipped, it stays far away
    turned = great_circle_m(np.clip(points[:, 1], -900_000_000, 900_000_000), points[:, 0], middle[0], middle[1])
    found = []
    for index in np.flatnonzero((now > SWAPPED_M_MIN) & (turned * SWAPPED_RATIO < now)).tolist():
        text = f"{_length_text(now[index])} from the others; exchanged it would be {_length_text(turned[index])} away"
        found.append(_misplaced(catalog, SuspicionKind.SWAPPED, index, text))
    return found


def _at_zero(catalog: _Catalog) -> list[Suspicion]:
    points = np.concatenate([catalog.centres, catalog.store_points])
    away = great_circle_m(points[:, 0], points[:, 1], 0, 0)
    text = "where an empty cell read as 0 puts it"
    return [
        _misplaced(catalog, SuspicionKind.AT_ZERO, index, text) for index in np.flatnonzero(away < AT_ZERO_M).tolist()
    ]


def _misplaced(catalog: _Catalog, kind: SuspicionKind, index: int, text: str) -> Suspicion:
    """A finding about point `index` of fences, then stores; later rules do not tell the same thing again."""
    fence_count = len(catalog.fences)
    if index < fence_count:
        fence = catalog.fences[index]
        catalog.misplaced_fences.add(fence.geofence_id)
        return Suspicion(kind, (fence.geofence_id,), (), f"fence {fence.geofence_id}: {text}")
    store_id = catalog.stores[index - fence_count].store_id
    catalog.misplaced_stores.add(store_id)
    return Suspicion(kind, (), (store_id,), f"store {store_id}: {text}")


def _unknown_stores(catalog: _Catalog) -> list[Suspicion]:
    if not catalog.stores:
        return []
    known = {store.store_id for store in catalog.stores}
    return [
        Suspicion(
            SuspicionKind.UNKNOWN_STORE, (fence.geofence_id,), (), f"fence {fence.geofence_id}: store {fence.store_id}"
        )
        for fence in catalog.fences
        if fence.store_id and fence.store_id not in known
    ]


def _away_from_store(catalog: _Catalog) -> list[Suspicion]:
    """Fences far from their store; and stores near their fences, but in none of them."""
    nearest: dict[str, tuple[float, str]] = {}
    found: list[tuple[float, Suspicion]] = []
    for index, metres in catalog.distances.items():
        fence = catalog.fences[index]
        if fence.geofence_id in catalog.misplaced_fences or fence.store_id in catalog.misplaced_stores:
            continue
        nearest[fence.store_id] = min(nearest.get(fence.store_id, (np.inf, "")), (metres, fence.geofence_id))
        if metres > FAR_FROM_STORE_M:
            text = f"fence {fence.geofence_id}: {_length_text(metres)} from store {fence.store_id}"
            ids = (fence.geofence_id,), (fence.store_id,)
            found.append((metres, Suspicion(SuspicionKind.FAR_FROM_STORE, *ids, text)))
    for store_id, (metres, fence_id) in nearest.items():
        if STORE_OUTSIDE_M < metres <= FAR_FROM_STORE_M:
            text = f"store {store_id}: {_length_text(metres)} outside its nearest fence {fence_id}"
            found.append((metres, Suspicion(SuspicionKind.STORE_OUTSIDE, (fence_id,), (store_id,), text)))
    found.sort(key=lambda pair: -pair[0])
    return [suspicion for _, suspicion in found]


def _identical(fences: list[Geofence]) -> list[Suspicion]:
    groups: dict[Shape | tuple[tuple[bytes, ...], ...], list[str]] = {}
    for fence in fences:
        groups.setdefault(_canonical(fence.shape), []).append(fence.geofence_id)
    return [
        Suspicion(SuspicionKind.IDENTICAL, tuple(ids), (), f"{len(ids)} fences: {', '.join(ids[:5])}{_more(ids, 5)}")
        for ids in groups.values()
        if len(ids) > 1
    ]


def _canonical(shape: Shape) -> Shape | tuple[tuple[bytes, ...], ...]:
    """Equal for shapes that are drawn alike: rings begin at their least vertex, parts are in order."""
    if isinstance(shape, Circle):
        return shape
    parts = []
    for part in shape.parts:
        rings = [part.ring(index) for index in range(len(part.rings))]
        turned = [pack_ring(np.roll(ring, -int(np.lexsort(ring.T[::-1])[0]), axis=0)) for ring in rings]
        parts.append((turned[0], *sorted(turned[1:])))
    return tuple(sorted(parts))


def _overlaps(catalog: _Catalog) -> list[Suspicion]:
    fences = [fence for fence in catalog.fences if fence.store_id]
    if len(fences) < 2:
        return []
    figures = outlines(fences, middle_longitude_e7(centres_e7(fences)[:, 1]))
    first, second = shapely.STRtree(figures).query(figures, predicate="intersects")
    store_ids = np.array([fence.store_id for fence in fences])
    kept = (first < second) & (store_ids[first] != store_ids[second])
    first, second = first[kept], second[kept]
    areas = shapely.area(figures)
    shares = shapely.area(shapely.intersection(figures[first], figures[second])) / np.minimum(
        areas[first], areas[second]
    )
    found = []
    for index in np.argsort(-shares, kind="stable").tolist():
        one, other = fences[first[index]], fences[second[index]]
        if shares[index] < OVERLAP_SHARE_MIN:
            break
        if _canonical(one.shape) != _canonical(other.shape):
            text = f"{one.geofence_id} and {other.geofence_id} share {shares[index]:.0%} of the smaller"
            ids = (one.geofence_id, other.geofence_id)
            found.append(Suspicion(SuspicionKind.OVERLAP, ids, (one.store_id, other.store_id), text))
    return found


def _areas(fences: list[Geofence]) -> list[Suspicion]:
    if len(fences) < AREA_COUNT_MIN:
        return []
    areas = np.array([area_m2(fence.shape) for fence in fences])
    median = float(np.median(areas))
    found = []
    for index in np.argsort(-areas, kind="stable").tolist():
        if areas[index] > median * AREA_RATIO:
            text = f"fence {fences[index].geofence_id}: {areas[index] / median:,.0f} times the median area"
            found.append(Suspicion(SuspicionKind.AREA_HUGE, (fences[index].geofence_id,), (), text))
    for index in np.argsort(areas, kind="stable").tolist():
        if areas[index] * AREA_RATIO < median:
            text = f"fence {fences[index].geofence_id}: {areas[index]:,.1f} m², the median is {median:,.0f} m²"
            found.append(Suspicion(SuspicionKind.AREA_TINY, (fences[index].geofence_id,), (), text))
    return found


def _alone(catalog: _Catalog) -> list[Suspicion]:
    """Stores that no fence names, and fences that name no store (which may be meant)."""
    named = {fence.store_id for fence in catalog.fences}
    found = [
        Suspicion(SuspicionKind.STORE_WITHOUT_FENCE, (), (store.store_id,), f"store {store.store_id}")
        for store in catalog.stores
        if store.store_id not in named and not store.is_online
    ]
    found += [
        Suspicion(SuspicionKind.NO_STORE, (fence.geofence_id,), (), f"fence {fence.geofence_id}")
        for fence in catalog.fences
        if not fence.store_id
    ]
    return found


def _length_text(metres: float) -> str:
    return f"{metres / 1000:,.1f} km" if metres >= 1000 else f"{metres:,.0f} m"


def _more(items: list[str], shown: int) -> str:
    return f" and {len(items) - shown} more" if len(items) > shown else ""
