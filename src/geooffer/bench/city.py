"""A small synthetic city, the same for the same seed: shops, assortment, people, and a morning of walks.

Pure data of model nouns; nothing here talks to a server. The city stands for no real place: streets, shops,
brands and people are drawn by `numpy.random.default_rng(seed)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from geooffer.bench.city_assortment import Assortment, build_assortment
from geooffer.bench.city_campaigns import Members, draw_members
from geooffer.bench.city_incidents import Incident, plan_incidents
from geooffer.bench.city_people import Person, build_people
from geooffer.bench.city_stores import ONLINE_STORE, TIME_ZONE, Shop, arcade_fence, build_shops, fences_of
from geooffer.bench.city_streets import FloatArray, Streets, lay_streets
from geooffer.bench.city_walks import build_walks
from geooffer.model.catalog import Geofence, Store
from geooffer.model.columns import StructArray

START = datetime(2026, 3, 3, 10, 0, tzinfo=ZoneInfo(TIME_ZONE))
"""A Tuesday morning."""
START_MS = int(START.timestamp()) * 1000
SHOP_COUNT = 240
CUSTOMER_COUNT = 2_000
SEED = 7


@dataclass(frozen=True, slots=True)
class City:
    """Everything a run needs, in the order it is registered."""

    seed: int
    start_ms: int
    streets: Streets
    shops: list[Shop]
    fences: list[Geofence]
    arcade_rings_m: list[FloatArray]
    assortment: Assortment
    people: list[Person]
    members: Members
    incidents: list[Incident]
    pings: StructArray
    """PING rows in order of fix time."""
    paths_m: dict[int, FloatArray]
    """True path of each device, shape (n, 2)."""

    @property
    def stores(self) -> list[Store]:
        """All shops, and the web shop's warehouse."""
        return [*(shop.store for shop in self.shops), ONLINE_STORE]


def build_city(seed: int = SEED, customer_count: int = CUSTOMER_COUNT, shop_count: int = SHOP_COUNT) -> City:
    """The city of a seed. Each part draws from its own stream, so that more people move no shop."""
    draws = [np.random.default_rng([seed, part]) for part in range(6)]
    streets = lay_streets(draws[0])
    shops = build_shops(streets, draws[1], shop_count)
    arcade, arcade_rings_m = arcade_fence(streets)
    assortment = build_assortment(shops, draws[2], START_MS)
    people = build_people(assortment.products, draws[3], START_MS, customer_count)
    pings, paths_m = build_walks(streets, shops, people, draws[4], START_MS)
    return City(
        seed=seed,
        start_ms=START_MS,
        streets=streets,
        shops=shops,
        fences=[*fences_of(shops), arcade],
        arcade_rings_m=arcade_rings_m,
        assortment=assortment,
        people=people,
        members=draw_members(people, draws[5]),
        incidents=plan_incidents(shops, assortment.offers, pings, START_MS),
        pings=pings,
        paths_m=paths_m,
    )
