"""Shops of the demo city: where they stand, when they open, and the fence each one draws around itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geooffer.bench.city_streets import PAVEMENT_OFFSET_M, FloatArray, Node, Streets, to_e7
from geooffer.bench.city_words import OPENING_HOURS, SHOP_KINDS, SHOP_NAMES, ShopKind
from geooffer.engine.shapes import circle, polygon_from_lonlat
from geooffer.model.catalog import Geofence, Store
from geooffer.model.shapes import Polygon
from geooffer.model.units import e7_to_degrees

TIME_ZONE = "Europe/Berlin"
COUNTRY = "DE"
REGION = "DE-BE"
ONLINE_STORE = Store(
    "web-shop", "Web shop", 525_000_000, 134_000_000, TIME_ZONE, "24/7", COUNTRY, REGION, is_online=True
)
"""Never visited; its stock is what can be shipped home."""
_SLOT_M = 36.0
_CROSSING_CLEARANCE_M = 24.0
_CENTRE_SCALE_M = 520.0


@dataclass(frozen=True, slots=True)
class Shop:
    """A store as the city sees it: its street, the side it stands on, and its plane geometry in metres."""

    store: Store
    kind: ShopKind
    edge: tuple[Node, Node]
    along_m: float
    side: int
    """+1 = left of the street as the edge runs, −1 = right."""
    door_m: FloatArray
    floor_m: FloatArray
    """A point well inside, where a visitor stands."""
    outline_m: FloatArray
    """Polygon vertices of shape (n, 2); empty for a circle."""
    radius_m: float
    """Of a circle about the door; 0 for a polygon."""


def build_shops(streets: Streets, rng: np.random.Generator, shop_count: int) -> list[Shop]:
    """Shops on drawn places along the streets, dense in the middle of town, kinds by their share."""
    places = _draw_places(streets, rng, shop_count)
    shares = np.array([kind.share for kind in SHOP_KINDS], dtype=np.float64)
    kinds = rng.choice(len(SHOP_KINDS), size=shop_count, p=shares / shares.sum())
    hour_shares = np.array([share for share, _ in OPENING_HOURS], dtype=np.float64)
    hours = rng.choice(len(OPENING_HOURS), size=shop_count, p=hour_shares / hour_shares.sum())
    shops = []
    for number, (edge, along_m, side) in enumerate(places):
        kind = SHOP_KINDS[int(kinds[number])]
        opening_hours = OPENING_HOURS[int(hours[number])][1]
        shops.append(_shop(streets, rng, number, kind, opening_hours, edge, along_m, side))
    return shops


def _draw_places(
    streets: Streets, rng: np.random.Generator, shop_count: int
) -> list[tuple[tuple[Node, Node], float, int]]:
    """`shop_count` of all free fronts, without repetition, the nearer to the middle the likelier."""
    places = []
    for edge in streets.edges():
        _, _, length_m = streets.frame(edge)
        slot_count = int((length_m - 2 * _CROSSING_CLEARANCE_M) // _SLOT_M)
        start_m = (length_m - slot_count * _SLOT_M) / 2 + _SLOT_M / 2
        places += [(edge, start_m + slot * _SLOT_M, side) for slot in range(slot_count) for side in (1, -1)]
    middles = np.array([streets.at(edge[0]) + streets.at(edge[1]) for edge, _, _ in places]) / 2
    weights = np.exp(-np.sqrt((middles**2).sum(axis=1)) / _CENTRE_SCALE_M)
    chosen = rng.choice(len(places), size=shop_count, replace=False, p=weights / weights.sum())
    return [places[int(index)] for index in sorted(chosen)]


def _shop(
    streets: Streets,
    rng: np.random.Generator,
    number: int,
    kind: ShopKind,
    opening_hours: str,
    edge: tuple[Node, Node],
    along_m: float,
    side: int,
) -> Shop:
    along, left, _ = streets.frame(edge)
    front = streets.at(edge[0]) + along * along_m
    outward = left * side
    width_m, depth_m = rng.uniform(24, 33), rng.uniform(22, 30)
    round_fence = rng.random() < 0.35
    radius_m = float(np.round(rng.uniform(18, 32))) if round_fence else 0.0
    outline = np.empty((0, 2)) if round_fence else _outline(front, along, outward, width_m, depth_m, rng)
    door = front + outward * (PAVEMENT_OFFSET_M + 3.0)
    latitudes, longitudes = to_e7(door[None, :])
    name = f"{SHOP_NAMES[number % len(SHOP_NAMES)]} {kind.noun}"
    if number >= len(SHOP_NAMES):
        name += f" {number // len(SHOP_NAMES) + 1}"
    place = int(latitudes[0]), int(longitudes[0])
    store = Store(f"store-{number:03d}", name, *place, TIME_ZONE, opening_hours, COUNTRY, REGION)
    floor = front + outward * (PAVEMENT_OFFSET_M + 8.0)
    return Shop(store, kind, edge, along_m, side, door, floor, outline, radius_m)


def _outline(
    front: FloatArray,
    along: FloatArray,
    outward: FloatArray,
    width_m: float,
    depth_m: float,
    rng: np.random.Generator,
) -> FloatArray:
    """Building and pavement, from the kerb inward: a rectangle, or an L where a neighbour took a corner."""
    half = width_m / 2
    corners = [(-half, 0.0), (half, 0.0), (half, depth_m), (-half, depth_m)]
    if rng.random() < 0.4:
        notch_m, back_m = width_m * rng.uniform(0.3, 0.5), depth_m * rng.uniform(0.5, 0.7)
        corners[3:] = [(-half + notch_m, depth_m), (-half + notch_m, back_m), (-half, back_m)]
    return np.array([front + along * x + outward * y for x, y in corners])


def fences_of(shops: list[Shop]) -> list[Geofence]:
    """One fence a shop: its outline as a polygon, or a circle about its door."""
    fences = []
    for shop in shops:
        store = shop.store
        if shop.radius_m:
            shape = circle(store.latitude_e7, store.longitude_e7, round(shop.radius_m * 100))
            fences.append(Geofence(f"fence-{store.store_id}", shape, store.store_id, store.name))
        else:
            outline = polygon_of([shop.outline_m])
            fences.append(Geofence(f"fence-{store.store_id}", outline, store.store_id, store.name))
    return fences


def arcade_fence(streets: Streets) -> tuple[Geofence, list[FloatArray]]:
    """An arcade over the four middle blocks, with an open court: transitions only, it sells nothing."""
    corners = [streets.at(node) for node in ((5, 4), (7, 4), (7, 6), (5, 6))]
    shell = np.array(corners)
    middle = shell.mean(axis=0)
    court = middle + (shell - middle) * 0.35
    rings = [shell, court[::-1]]
    return Geofence("fence-arcade", polygon_of(rings), "", "Arkaden am Markt"), rings


def polygon_of(rings_m: list[FloatArray]) -> Polygon:
    """A shell and its holes, in metres, as a validated polygon."""
    rings = []
    for ring_m in rings_m:
        latitudes, longitudes = to_e7(np.vstack([ring_m, ring_m[:1]]))
        rings.append(
            [(e7_to_degrees(int(x)), e7_to_degrees(int(y))) for x, y in zip(longitudes, latitudes, strict=True)]
        )
    polygon, _ = polygon_from_lonlat([rings])
    return polygon
