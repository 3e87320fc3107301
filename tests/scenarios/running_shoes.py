"""The world of S1: Anna searched for running shoes three days ago; a branch on her way has them in 43, reduced.

Everything is a plain value, so that a silent twin is this world with one field replaced.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from geooffer.engine.shapes import polygon_from_lonlat
from geooffer.model.catalog import (
    Audience,
    Campaign,
    Category,
    Customer,
    Geofence,
    Offer,
    Price,
    Product,
    Size,
    StockFigure,
    Store,
)
from geooffer.model.columns import PING, StructArray
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.signals import IdentityLink, Touchpoint
from geooffer.model.verdicts import Purpose, TouchpointKind

MINUTE_MS = 60_000
NOW_TEXT = "2026-03-03T10:00:00+01:00"
NOW_MS = int(datetime(2026, 3, 3, 10, 0, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()) * 1000
"""Tuesday, ten in the morning."""

PHONE = 4711
WATCH = 4712
EU_42, EU_43 = Size("EU", "42"), Size("EU", "43")
LATITUDE, LONGITUDE = 52.5200, 13.4050
METRE_NORTH, METRE_EAST = 1 / 111_195.08, 1 / 67_665.0
"""One metre in degrees, here."""

STANDING_PURPOSES = (
    Purpose.PRECISE_LOCATION_FOR_OFFERS,
    Purpose.SEARCH_INTENT_USE,
    Purpose.PERSONALISED_OFFERS,
)
NINE_TO_EIGHT = "Mo-Sa 09:00-20:00"


@dataclass(frozen=True)
class World:
    """What the shop network and Anna left with the service before she walks."""

    stores: tuple[Store, ...]
    fences: tuple[Geofence, ...]
    categories: tuple[Category, ...]
    products: tuple[Product, ...]
    prices: tuple[Price, ...]
    offers: tuple[Offer, ...]
    stock: tuple[StockFigure, ...]
    customers: tuple[Customer, ...]
    touchpoints: tuple[Touchpoint, ...]
    purposes: tuple[Purpose, ...] = STANDING_PURPOSES
    withdrawn: tuple[Purpose, ...] = field(default=())
    """Taken back after the touchpoints were recorded."""
    campaigns: tuple[Campaign, ...] = ()
    audiences: tuple[Audience, ...] = ()
    members: tuple[tuple[str, str], ...] = ()
    """(audience id, customer id) pairs."""
    links: tuple[IdentityLink, ...] = ()


def square_fence(fence_id: str, store_id: str, *, east_m: float = 0.0, side_m: float = 40.0) -> Geofence:
    """A square of `side_m` whose middle lies `east_m` east of the first branch."""
    half_north, half_east = side_m / 2 * METRE_NORTH, side_m / 2 * METRE_EAST
    x, y = LONGITUDE + east_m * METRE_EAST, LATITUDE
    ring = [
        (x - half_east, y - half_north),
        (x + half_east, y - half_north),
        (x + half_east, y + half_north),
        (x - half_east, y + half_north),
        (x - half_east, y - half_north),
    ]
    shape, _ = polygon_from_lonlat([[ring]])
    return Geofence(fence_id, shape, store_id, f"around {store_id}")


def branch(store_id: str = "branch-mitte", name: str = "Laufladen Mitte", *, east_m: float = 0.0) -> Store:
    """A branch open from nine to eight, Monday to Saturday."""
    latitude_e7, longitude_e7 = round(LATITUDE * 1e7), round((LONGITUDE + east_m * METRE_EAST) * 1e7)
    return Store(store_id, name, latitude_e7, longitude_e7, "Europe/Berlin", NINE_TO_EIGHT)


def running_shoes_world() -> World:
    """S1 as it should go."""
    return World(
        stores=(branch(),),
        fences=(square_fence("fence-mitte", "branch-mitte"),),
        categories=(
            Category("running-shoes", (("de", "Laufschuhe"), ("en", "Running shoes"))),
            Category("novels", (("de", "Romane"), ("en", "Novels"))),
        ),
        products=(
            Product(
                "veltra-glide",
                "running-shoes",
                (("de", "Veltra Glide Laufschuh"), ("en", "Veltra Glide running shoe")),
                (EU_42, EU_43),
            ),
        ),
        prices=(
            Price("veltra-glide", 12_990, "EUR", NOW_MS - 90 * DAY_MS),
            Price("veltra-glide", 8_990, "EUR", NOW_MS - 2 * DAY_MS),
        ),
        offers=(Offer("spring-run", "veltra-glide", NOW_MS - DAY_MS, NOW_MS + 5 * DAY_MS, ("branch-mitte",), 10),),
        stock=(
            StockFigure("branch-mitte", "veltra-glide", EU_42, 0, NOW_MS - HOUR_MS),
            StockFigure("branch-mitte", "veltra-glide", EU_43, 2, NOW_MS - HOUR_MS),
        ),
        customers=(Customer("anna", (PHONE, WATCH), "en"),),
        touchpoints=(Touchpoint("anna", TouchpointKind.SEARCH, NOW_MS - 3 * DAY_MS, "running-shoes", "", EU_43),),
    )


def walk_past(
    device_key: int = PHONE,
    *,
    start_ms: int = NOW_MS,
    east_m: float = 0.0,
    aside_m: float = 0.0,
    accuracy_m: float = 8.0,
    first_sequence: int = 1,
) -> StructArray:
    """A walk along the street from west to east, through the branch at `east_m`: 17 fixes, 12 m and 10 s apart.

    Shifted north by `aside_m`. The 9th fix is in the middle of the fence.
    """
    count = 17
    pings = np.zeros(count, dtype=PING)
    pings["speed_cm_per_s"] = -1  # the phone does not tell
    offsets_m = (np.arange(count) - count // 2) * 12.0 + east_m
    pings["device_key"] = device_key
    pings["session_id"] = 1
    pings["sequence"] = np.arange(first_sequence, first_sequence + count)
    pings["fix_time_ms"] = start_ms + np.arange(count) * 10_000
    pings["latitude_e7"] = round((LATITUDE + aside_m * METRE_NORTH) * 1e7)
    pings["longitude_e7"] = np.rint((LONGITUDE + offsets_m * METRE_EAST) * 1e7)
    pings["accuracy_cm"] = round(accuracy_m * 100)
    return pings


def with_touchpoints(world: World, *touchpoints: Touchpoint) -> World:
    """The same world, and these signals beside the ones it has."""
    return replace(world, touchpoints=world.touchpoints + touchpoints)
