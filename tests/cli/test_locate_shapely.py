"""G3 through the whole of `geooffer locate`: files, index, kernels and output against shapely's `covers`.

Corners lie on a coarse lattice and points on one twice as fine, so that many points are corners or lie on an edge. All
coordinates are whole E7 units, for shapely as well: both answers are exact.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from typer.testing import Result

STEP_E7, SIDE = 2_000, 24
"""Of the corners' lattice; the points' has half the step."""
WEST_E7, SOUTH_E7 = 85_000_000, 473_000_000


def star(rng: np.random.Generator, reach: int) -> shapely.Polygon:
    """A ring about a place of the lattice, its corners rounded to it; may be invalid."""
    count = int(rng.integers(3, 12))
    angles, radii = np.sort(rng.uniform(0, 2 * math.pi, count)), rng.uniform(1, reach, count)
    middle = rng.integers(reach // 2, SIDE - reach // 2, 2)
    corners = middle + np.rint(np.stack((radii * np.cos(angles), radii * np.sin(angles)), axis=1)).astype(int)
    return shapely.Polygon(corners * STEP_E7 + (WEST_E7, SOUTH_E7))


def shapes(rng: np.random.Generator, count: int) -> list[shapely.Geometry]:
    """Valid polygons, some with a hole, and some of two parts."""
    found: list[shapely.Geometry] = []
    while len(found) < count:
        shape: shapely.Geometry = star(rng, 10)
        other = star(rng, 4)
        kind = len(found) % 3
        if kind == 1 and shape.is_valid and other.is_valid:
            shape = shapely.Polygon(shape.exterior.coords, [other.exterior.coords])
        elif kind == 2:
            shape = shapely.MultiPolygon([shape, other])
        if shape.is_valid and shape.area > 0:
            found.append(shape)
    return found


def in_degrees(shape: shapely.Geometry) -> dict[str, object]:
    scaled = shapely.transform(shape, lambda corners: corners / 1e7)
    return dict(json.loads(shapely.to_geojson(scaled)))


@pytest.mark.parametrize("index", ["cells", "packed", "rtree"])
def test_g3_every_point_is_in_the_fences_that_shapely_says(
    invoke: Callable[..., Result], tmp_path: Path, index: str
) -> None:
    rng = np.random.default_rng(len(index))
    town = shapes(rng, 24)
    features = [
        {"type": "Feature", "id": f"f{number:02}", "properties": {}, "geometry": in_degrees(shape)}
        for number, shape in enumerate(town)
    ]
    file, table = tmp_path / "fences.geojson", tmp_path / "points.csv"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    y, x = np.divmod(np.arange((2 * SIDE) ** 2), 2 * SIDE)
    longitudes_e7, latitudes_e7 = WEST_E7 + x * STEP_E7 // 2, SOUTH_E7 + y * STEP_E7 // 2
    rows = [
        f"p{row},{latitude / 1e7!r},{longitude / 1e7!r}"
        for row, (latitude, longitude) in enumerate(zip(latitudes_e7.tolist(), longitudes_e7.tolist(), strict=True))
    ]
    table.write_text("\n".join(["id,latitude,longitude", *rows, ""]))

    result = invoke("locate", "--fences", file, "--points", table, "--index", index, "--json")
    assert result.exit_code == 0, result.stderr
    told = [json.loads(line) for line in result.stdout.splitlines()]
    places = shapely.points(longitudes_e7.astype(float), latitudes_e7.astype(float))
    covered = np.stack([shapely.covers(shape, places) for shape in town], axis=1)
    expected = [[f"f{number:02}" for number in np.flatnonzero(row)] for row in covered]
    assert [line["id"] for line in told] == [f"p{row}" for row in range(len(rows))]
    assert [line["fences"] for line in told] == expected
    on_rim = np.stack([shapely.touches(shape, places) for shape in town], axis=1)
    assert on_rim.sum() > 300, "points on edges and corners are what this is about"
