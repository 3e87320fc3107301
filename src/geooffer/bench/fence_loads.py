"""The five fence loads of the `tile38-*` shapes: 23,000 devices, each on a short path of its own at one of the fences.

    a  no fences                                       d  23,000 circles of 150 m at shops
    b  23,000 circles of 5 km at shop clusters; every  e  20,000 outlines of buildings
       ping crosses the rim of seven or more           of d and e a device is inside at three pings of ten
    c  the same circles, nobody crosses anything

Shops are real where their file is (3,223 of a chain in Germany, OpenStreetMap: the shared data's README says whence),
else seeded places in 60 towns; outlines likewise (545 supermarkets of Berlin, moved to the shops; else drawn with 5 to
12 corners). Which it was is said in every report (`shops`).
"""

from __future__ import annotations

import gzip
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from geooffer.bench import direct_world
from geooffer.bench.flaps import without_hysteresis
from geooffer.engine.shapes import circle, polygon_from_lonlat
from geooffer.engine.spatial import IndexOfRecord
from geooffer.errors import InvalidShapeError
from geooffer.model import limits, units
from geooffer.model.catalog import Geofence
from geooffer.model.policy import DAY_MS
from geooffer.model.shapes import Shape

if TYPE_CHECKING:
    from geooffer.engine.engine import Engine

DEVICE_COUNT = 23_000
OUTLINE_COUNT = 20_000
WIDE_CM, NARROW_CM = 500_000, 15_000
LOADS = ("a", "b", "c", "d", "e")
TOWN_COUNT = 60
MADE_COUNT = 3_223
DATA_VARIABLE = "GEOOFFER_SHARED_DATA"
_ACCURACY_CM, _SPEED_CM_PER_S = 1_000, 120
_M_PER_DEGREE = units.METRES_PER_E7 * units.E7_PER_DEGREE

PlacesArray = npt.NDArray[np.float64]
"""Longitude and latitude in degrees, shape (n, 2)."""
Lonlat = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FenceLoad:
    """One of the five. Its tables are the same in every process that makes them."""

    name: str
    data: str
    """Folder with real shops; empty: made ones."""


@dataclass(frozen=True, slots=True)
class FenceWorld:
    """Fences, and the tables of native/load/src/world.rs."""

    fences: list[Shape]
    outlines: list[list[Lonlat]]
    """Of load e: the shells as they were given, closed."""
    bases_e7: list[tuple[int, int]]
    """Latitude and longitude; device key k is at base k mod their number."""
    path_e7: list[tuple[int, int]]
    path_shift: int

    def json(self) -> dict[str, Any]:
        """As native/load reads it."""
        return {
            "device_count": DEVICE_COUNT,
            "names_devices": True,
            "bases": self.bases_e7,
            "path": self.path_e7,
            "path_shift": self.path_shift,
            "accuracy_cm": _ACCURACY_CM,
            "speed_cm_per_s": _SPEED_CM_PER_S,
        }


def load_named(name: str) -> FenceLoad:
    """With real shops where they are on this machine: $GEOOFFER_SHARED_DATA, or shared/data beside the checkout."""
    folder = Path(os.environ.get(DATA_VARIABLE, Path(__file__).parents[3].parent / "shared" / "data"))
    return FenceLoad(name, str(folder) if (folder / "stores" / "lidl_de.geojson.gz").is_file() else "")


def world_of(load: FenceLoad) -> FenceWorld:
    """The load's tables. Raises OSError where its files are gone."""
    random = np.random.default_rng(23_000)
    shops = real_shops(Path(load.data)) if load.data else town_places(random, MADE_COUNT)
    if load.name in "bc":
        return _wide(load.name, _about(random, shops, DEVICE_COUNT, 200.0))
    if load.name == "e":
        found = real_outlines(Path(load.data)) if load.data else [drawn_outline(random) for _ in range(500)]
        return _outlined(found, _about(random, shops, OUTLINE_COUNT, 2_000.0))
    places = _about(random, shops, DEVICE_COUNT, 2_000.0)
    fences = [_circle(place, NARROW_CM) for place in places] if load.name == "d" else []
    return FenceWorld(fences, [], _e7(places), _visiting_path(inside_m=60.0), 7)


def fill(engine: Engine, load: FenceLoad, now_ms: int) -> None:
    """The load's fences and people, straight into an engine that has none; events as a plain fence gives them: the
    first fix outside ends a visit, no band about the edge, every fix believed, 512 fences over one point.
    """
    engine.index = IndexOfRecord(limits.FENCE_OVERLAP_COUNT_MAX)
    engine.policy = without_hysteresis(engine.policy)._replace(dwell_ms=DAY_MS)
    fences = world_of(load).fences
    engine.put_nouns([Geofence(f"f{number}", shape) for number, shape in enumerate(fences)], now_ms=now_ms)
    direct_world.add_people(engine, DEVICE_COUNT, now_ms)
    engine.publish()


# -- fences and paths ------------------------------------------------------------------------------------------------


def _wide(name: str, places: PlacesArray) -> FenceWorld:
    """Seven circles about each shop: who goes from 4.7 to 5.3 km north of one centre crosses the rims of all seven."""
    norths_m = (4_700.0, 5_300.0) if name == "b" else (1_000.0, 1_003.0, 1_006.0, 1_003.0)
    fences = [_circle(place, WIDE_CM) for place in places]
    return FenceWorld(fences, [], _e7(places), [(_north_e7(north_m), 0) for north_m in norths_m], 1)


def _visiting_path(inside_m: float) -> list[tuple[int, int]]:
    """Three pings about the middle of a fence, seven 400 m north of it."""
    inside = [(_north_e7(inside_m * share), 0) for share in (-1.0, 0.0, 1.0)]
    return inside + [(_north_e7(400.0 + 5.0 * number), 0) for number in range(7)]


def _outlined(found: list[list[Lonlat]], places: PlacesArray) -> FenceWorld:
    """Outlines in turn, moved to the places as they are in metres."""
    shapes: list[Shape] = []
    outlines = []
    for number, (longitude, latitude) in enumerate(places.tolist()):
        metres = found[number % len(found)]
        shrink = math.cos(math.radians(latitude))
        moved = [
            (round(longitude + x / (_M_PER_DEGREE * shrink), 7), round(latitude + y / _M_PER_DEGREE, 7))
            for x, y in metres
        ]
        shapes.append(polygon_from_lonlat([[moved]], repair=True)[0])
        outlines.append(moved)
    return FenceWorld(shapes, outlines, _e7(places), _visiting_path(inside_m=0.3), 7)


def _circle(place: npt.NDArray[np.float64], radius_cm: int) -> Shape:
    longitude, latitude = place.tolist()
    return circle(round(latitude * units.E7_PER_DEGREE), round(longitude * units.E7_PER_DEGREE), radius_cm)


def _north_e7(metres: float) -> int:
    return round(metres / units.METRES_PER_E7)


def _e7(places: PlacesArray) -> list[tuple[int, int]]:
    rounded = np.rint(places * units.E7_PER_DEGREE).astype(np.int64)
    return [(latitude, longitude) for longitude, latitude in rounded.tolist()]


def _about(random: np.random.Generator, shops: PlacesArray, count: int, reach_m: float) -> PlacesArray:
    """The shops in turn until there are `count` places, each moved by at most `reach_m` east and north."""
    chosen = shops[np.arange(count) % len(shops)]
    east_m, north_m = random.uniform(-reach_m, reach_m, (2, count))
    moved = np.column_stack([east_m / np.cos(np.radians(chosen[:, 1])), north_m]) / _M_PER_DEGREE
    return np.round(chosen + moved, 7)


# -- shops and outlines ----------------------------------------------------------------------------------------------


def town_places(random: np.random.Generator, count: int) -> PlacesArray:
    """Made shops: seeded places in 60 towns."""
    towns = np.column_stack([random.uniform(6.5, 14.5, TOWN_COUNT), random.uniform(47.8, 54.2, TOWN_COUNT)])
    places: PlacesArray = towns[random.integers(0, TOWN_COUNT, count)] + random.normal(0, [0.06, 0.04], (count, 2))
    return places


def features(path: Path) -> list[dict[str, Any]]:
    """Of a packed GeoJSON file."""
    found: list[dict[str, Any]] = json.loads(gzip.decompress(path.read_bytes()))["features"]
    return found


def real_shops(data: Path) -> PlacesArray:
    """Longitude and latitude of each shop."""
    found = [feature["geometry"]["coordinates"][:2] for feature in features(data / "stores" / "lidl_de.geojson.gz")]
    return np.array(found, dtype=np.float64)


def real_outlines(data: Path) -> list[list[Lonlat]]:
    """Shells in metres about a point inside of them, closed; of those that are polygons without a fault."""
    import shapely

    shells = []
    for feature in features(data / "stores" / "berlin_supermarkets_polygons.geojson.gz"):
        if feature["geometry"]["type"] != "Polygon":
            continue
        shell = [(x, y) for x, y, *_ in feature["geometry"]["coordinates"][0]]
        try:
            polygon_from_lonlat([[shell]])
        except InvalidShapeError:
            continue
        middle = shapely.Polygon(shell).representative_point()
        shrink = math.cos(math.radians(middle.y))
        shells.append([((x - middle.x) * _M_PER_DEGREE * shrink, (y - middle.y) * _M_PER_DEGREE) for x, y in shell])
    return shells


def drawn_outline(random: np.random.Generator) -> list[Lonlat]:
    """A made building: 5 to 12 corners 17 to 28 m from its middle, in metres, closed."""
    count = int(random.integers(5, 13))
    angles = (np.arange(count) + 0.5) * (2 * np.pi / count)
    reach_m = random.uniform(17.0, 28.0, count)
    corners = list(zip((reach_m * np.cos(angles)).tolist(), (reach_m * np.sin(angles)).tolist(), strict=True))
    return [*corners, corners[0]]
