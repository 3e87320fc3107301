"""20,000 fences at real shop clusters, and pings about them: what `test_index.py` measures on; not a test file.

Real: 545 outlines and 901 points of Berlin's supermarkets and 3,223 Lidl shops (the shared data's README says whence).
They are the fences that are there; each of the rest is a shop of ours within 2 km of one of them, half circles of 15–80
m and half outlines of 5–12 corners. Without the files the shops are 4,669 seeded places in 60 towns.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely

from geooffer.bench.fence_loads import features, town_places
from geooffer.engine.shapes import circle, polygon_from_lonlat, to_shapely
from geooffer.engine.spatial import IndexOfRecord
from geooffer.errors import InvalidShapeError
from geooffer.kernels.compile import compile_all
from geooffer.kernels.locate import locate_batch
from geooffer.model.catalog import Geofence
from geooffer.model.columns import Int32Array
from geooffer.model.fence_tables import FenceTables
from geooffer.model.shapes import Shape

FENCE_COUNT = 20_000
POINT_COUNT = 4_096
SHARED = Path(os.environ.get("GEOOFFER_SHARED_DATA", Path(__file__).parents[1].parent / "shared" / "data"))


class Clusters(NamedTuple):
    """Fences, their indexes, and pings outside all of them and inside at least one."""

    record: IndexOfRecord
    tables: FenceTables
    tree: Any
    outside: tuple[Int32Array, Int32Array]
    inside: tuple[Int32Array, Int32Array]
    is_real: bool


def shop(rng: np.random.Generator, index: int, longitude: float, latitude: float) -> Shape:
    """A circle or a star-shaped outline."""
    if index % 2:
        return circle(round(latitude * 1e7), round(longitude * 1e7), int(rng.integers(1_500, 8_000)))
    count = int(rng.integers(5, 13))
    angles = (np.arange(count) + 0.5) * (2 * np.pi / count)
    reach = rng.uniform(1.5e-4, 2.5e-4, count)
    points = np.column_stack([longitude + reach * np.cos(angles) * 1.6, latitude + reach * np.sin(angles)]).tolist()
    return polygon_from_lonlat([[[*points, points[0]]]])[0]


def real_shops() -> tuple[list[Shape], np.ndarray] | None:
    """The files' outlines as they are, and the places (longitude, latitude) of all shops; None without files."""
    names = ("berlin_supermarkets_polygons.geojson.gz", "lidl_de.geojson.gz")
    if not all((SHARED / "stores" / name).is_file() for name in names):
        return None
    outlines: list[Shape] = []
    places: list[list[float]] = []
    for name in names:
        for feature in features(SHARED / "stores" / name):
            geometry = feature["geometry"]
            if geometry["type"] == "Point":
                places.append(geometry["coordinates"][:2])
                continue
            coordinates = geometry["coordinates"]
            try:
                outlines.append(polygon_from_lonlat([coordinates] if geometry["type"] == "Polygon" else coordinates)[0])
            except InvalidShapeError:
                continue
            places.append(list(shapely.geometry.shape(geometry).representative_point().coords[0]))
    return outlines, np.array(places)


def made_shops(rng: np.random.Generator) -> tuple[list[Shape], np.ndarray]:
    """The twin of the real ones."""
    return [], town_places(rng, 4_669)


def clusters() -> Clusters:
    """The same on every run."""
    compile_all()
    rng = np.random.default_rng(20_000)
    real = real_shops()
    outlines, places = real or made_shops(rng)
    shapes = list(outlines)
    shapes += [circle(round(y * 1e7), round(x * 1e7), 15_000) for x, y in places[len(outlines) :].tolist()]
    count = FENCE_COUNT - len(shapes)
    about = places[rng.integers(0, len(places), count)] + rng.uniform([-0.03, -0.018], [0.03, 0.018], (count, 2))
    shapes += [shop(rng, index, *place) for index, place in enumerate(about.tolist())]
    record = IndexOfRecord(512)
    fences = {number: (Geofence(f"shop-{number}", shape), -1) for number, shape in enumerate(shapes)}
    for number, (fence, _) in fences.items():
        record.insert(number, fence)
    tables = record.freeze(fences, {}, len(shapes))
    tree = shapely.STRtree([to_shapely(shape) for shape in shapes])
    outside, inside = asked(rng, tables)
    return Clusters(record, tables, tree, outside, inside, real is not None)


def asked(
    rng: np.random.Generator, tables: FenceTables
) -> tuple[tuple[Int32Array, Int32Array], tuple[Int32Array, Int32Array]]:
    """POINT_COUNT pings outside all fences, half of them within some 300 m of one, and as many inside."""
    items = tables.items[rng.integers(0, len(tables.items), 16 * POINT_COUNT)]
    centre = (items["min_latitude_e7"].astype(np.int64) + items["max_latitude_e7"]) // 2
    middle = (items["min_longitude_e7"].astype(np.int64) + items["max_longitude_e7"]) // 2
    reach = np.where(np.arange(len(items)) % 2, 30_000, 2_000_000)
    latitudes = (centre + rng.integers(-reach, reach + 1)).astype(np.int32)
    longitudes = (middle + rng.integers(-reach, reach + 1)).astype(np.int32)
    hits = hits_of(tables, latitudes, longitudes, 1)
    inner = centre.astype(np.int32), middle.astype(np.int32)
    covered = hits_of(tables, *inner, 1) > 0
    outside = np.flatnonzero(hits == 0)[:POINT_COUNT]
    inside = np.flatnonzero(covered)[:POINT_COUNT]
    assert len(outside) == len(inside) == POINT_COUNT
    return (latitudes[outside], longitudes[outside]), (inner[0][inside], inner[1][inside])


def hits_of(tables: FenceTables, latitudes: Int32Array, longitudes: Int32Array, use_cells: int) -> Int32Array:
    """How many fences cover each point."""
    count = len(latitudes)
    starts, hits = np.zeros(count + 1, np.int32), np.zeros(count * 64, np.int32)
    assert locate_batch(tables, latitudes, longitudes, np.ones(count, np.uint8), starts, hits, use_cells) == count
    return np.diff(starts)
