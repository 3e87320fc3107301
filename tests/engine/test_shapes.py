"""Validation: every rule of semantics G4–G6 with its reason and place, repair, and the real Zürich and Berlin files."""

from __future__ import annotations

import gzip
import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from fence_cases import circle_at, ring_e7, square, star_polygon
from geographiclib.geodesic import Geodesic

from geooffer.engine.shapes import area_m2, circle, polygon_from_lonlat, to_shapely
from geooffer.errors import InvalidShapeError

BOWTIE = [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)]
FIGURE_EIGHT_VERTEX = ring_e7((0, 0), (500, 500), (900, 0), (900, 900), (500, 500), (0, 900))
SPIKE = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (1.0, 2.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]
AROUND_POLE = [(0.0, 80.0), (90.0, 80.0), (180.0, 80.0), (-90.0, 80.0), (0.0, 80.0)]
REFUSED = {
    "unclosed": ([square(0, 0, 1)[:-1]], "unclosed ring: the last vertex of the shell of part 0"),
    "no ring": ([], "part 0 has no ring"),
    "empty ring": ([[]], "the shell of part 0 has no vertices"),
    "two vertices": ([[(0, 0), (1, 1), (0, 0)]], "fewer than 3 distinct vertices"),
    "self-crossing": ([BOWTIE], "self-crossing near vertex"),
    "spike": ([SPIKE], "spike at vertex 3 of the shell"),
    "level line": ([[(0, 0), (1, 0), (2, 0), (0, 0)]], "spike at vertex"),
    "duplicate vertices": ([FIGURE_EIGHT_VERTEX], "vertex 4 of the shell of part 0 repeats vertex 1"),
    "hole outside": ([square(0, 0, 1), square(3, 0, 0.5)], "hole outside its shell: hole 1 of part 0"),
    "hole half outside": ([square(0, 0, 1), square(1, 0, 0.5)], "hole 1"),
    "hole across a notch": (
        [[(0, 0), (4, 0), (4, 4), (2, 1), (0, 4), (0, 0)], square(2, 3, 0.4)],
        "hole outside its shell near vertex",
    ),
    "hole in a hole": ([square(0, 0, 3), square(0, 0, 2), square(0, 0, 1)], "hole inside another hole"),
    "too wide": ([square(0, 0, 5.01)], "too wide"),
    "pole": ([AROUND_POLE], "encloses a pole"),
    "latitude": ([[(0, 0), (0, 91), (1, 0), (0, 0)]], "vertex 1 of the shell of part 0 lies outside"),
    "nan": ([[(0, 0), (1, 0), (1, math.nan), (0, 0)]], "vertex 2 of the shell of part 0 is not a finite number"),
    "infinity": ([[(0, 0), (math.inf, 0), (1, 1), (0, 0)]], "not a finite number"),
    "text": ([[("a", "b"), (1, 0), (1, 1), (0, 0)]], "not a pair of numbers"),
    "one number": ([[(1,), (1, 0), (1, 1), (0, 0)]], "not a pair of numbers"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_g5_invalid_shapes_are_refused_with_reason_and_place(name: str) -> None:
    rings, words = REFUSED[name]
    with pytest.raises(InvalidShapeError) as fault:
        polygon_from_lonlat([rings])  # type: ignore[list-item]
    assert words in fault.value.message
    assert fault.value.field == "shape"


def test_g5_the_place_names_the_part_and_the_callers_vertex() -> None:
    doubled = [(0.0, 0.0), (0.0, 0.0), *SPIKE[1:]]
    with pytest.raises(InvalidShapeError, match="spike at vertex 4 of the shell of part 1"):
        polygon_from_lonlat([[square(5, 5, 1)], [doubled]])
    with pytest.raises(InvalidShapeError, match="needs at least one part"):
        polygon_from_lonlat([])


def test_g4_vertex_limit_is_exact() -> None:
    def regular(count: int) -> list[tuple[float, float]]:
        angles = np.arange(count) * (2 * np.pi / count)
        points = list(zip(np.cos(angles).tolist(), np.sin(angles).tolist(), strict=True))
        return [*points, points[0]]

    assert polygon_from_lonlat([[regular(10_000)]])[0].vertex_count == 10_000
    for repair in (False, True):
        with pytest.raises(InvalidShapeError, match="too many vertices: 10001 exceed 10000"):
            polygon_from_lonlat([[regular(10_001)]], repair=repair)


def test_g5_consecutive_equal_vertices_are_one() -> None:
    plain = square(0, 0, 1)
    doubled = [point for point in plain for _ in range(2)]
    assert polygon_from_lonlat([[doubled]]) == polygon_from_lonlat([[plain]])


def test_g4_windings_are_normalised() -> None:
    shell, hole = square(8, 47, 1), square(8, 47, 0.5)
    assert polygon_from_lonlat([[shell, hole]])[0].vertex_count == 8
    turned = [polygon_from_lonlat([rings])[0] for rings in ([shell[::-1], hole], [shell, hole[::-1]])]
    for part in (polygon.parts[0] for polygon in turned):
        for index in range(2):
            ring = shapely.LinearRing(part.ring(index)[:, ::-1])
            assert ring.is_ccw is (index == 0)


def test_g6_a_hole_on_the_other_side_of_the_antimeridian() -> None:
    shell = [(179.0, -1.0), (-179.0, -1.0), (-179.0, 1.0), (179.0, 1.0), (179.0, -1.0)]
    part = polygon_from_lonlat([[shell, square(-179.5, 0, 0.1)]])[0].parts[0]
    assert part.ring(0)[:, 1].max() == 1_810_000_000
    assert part.ring(1)[:, 1].min() == 1_804_000_000


def test_g5_repair_mends_and_says_what() -> None:
    mended, note = polygon_from_lonlat([[BOWTIE]], repair=True)
    assert len(mended.parts) == 2
    assert note.startswith("self-crossing near vertex")
    assert "mended into 2 parts of 6 vertices" in note
    assert area_m2(mended) == pytest.approx(area_m2(polygon_from_lonlat([[square(0.5, 0.5, 0.5)]])[0]) / 2, rel=1e-3)
    degenerate_hole = [(0.0, 0.0), (0.0, 0.0), (0.0, 0.0)]
    for rings in ([square(0, 0, 1)[:-1]], [SPIKE], [FIGURE_EIGHT_VERTEX], [square(0, 0, 1), degenerate_hole]):
        polygon, note = polygon_from_lonlat([rings], repair=True)
        assert note
        assert polygon_from_lonlat(as_lonlat(polygon)) == (polygon, "")
    assert polygon_from_lonlat([[square(0, 0, 1)]], repair=True)[1] == ""


HALF_OUT = {
    "to the east": (square(8, 47, 1), square(9, 47, 0.5)),
    "to the west": (square(8, 47, 1), square(7, 47, 0.5)),
    "to the north": (square(8, 47, 1), square(8, 48, 0.5)),
    "wholly": (square(8, 47, 1), square(11, 47, 0.5)),
    "over the antimeridian": (square(179, 0, 1), square(179.9, 0, 0.5)),
}


@pytest.mark.parametrize("name", sorted(HALF_OUT))
def test_g5_repair_of_a_hole_that_reaches_out_is_what_make_valid_makes_of_it(name: str) -> None:
    shell, hole = HALF_OUT[name]
    expected = shapely.make_valid(shapely.Polygon(shell, [hole]), method="structure")
    # as a file has it: longitudes within 180 degrees
    written = [[((x + 180) % 360 - 180, y) for x, y in ring] for ring in (shell, hole)]
    with pytest.raises(InvalidShapeError, match="hole"):
        polygon_from_lonlat([written])
    mended, note = polygon_from_lonlat([written], repair=True)
    assert "hole outside its shell: hole 1 of part 0: mended into" in note
    assert shapely.symmetric_difference(to_shapely(mended), expected).area == pytest.approx(0, abs=1e-6)


def as_lonlat(polygon: Any) -> Any:
    """GeoJSON coordinates of a stored polygon, rings closed."""

    def ring(part: Any, index: int) -> list[tuple[float, float]]:
        points = [(x / 1e7, y / 1e7) for y, x in part.ring(index).tolist()]
        return [*points, points[0]]

    return [[ring(part, index) for index in range(len(part.rings))] for part in polygon.parts]


@pytest.mark.parametrize(
    "name", ["too wide", "pole", "two vertices", "level line", "nan", "latitude", "no ring", "text"]
)
def test_g5_what_repair_cannot_mend_stays_refused(name: str) -> None:
    with pytest.raises(InvalidShapeError):
        polygon_from_lonlat([REFUSED[name][0]], repair=True)  # type: ignore[list-item]


def test_stored_polygons_read_back_as_themselves() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        polygon = star_polygon(rng, float(rng.uniform(-170, 170)), float(rng.uniform(-80, 80)), 0.01)
        assert polygon_from_lonlat(as_lonlat(polygon)) == (polygon, "")


@pytest.mark.parametrize(("radius_cm", "good"), [(99, False), (100, True), (10_000_000, True), (10_000_001, False)])
def test_g4_circle_radius_bounds(radius_cm: int, good: bool) -> None:
    if good:
        assert circle(0, 0, radius_cm).radius_cm == radius_cm
    else:
        with pytest.raises(InvalidShapeError, match="radius must lie in"):
            circle(0, 0, radius_cm)


def test_g1_circle_centre_bounds() -> None:
    assert circle(-900_000_000, 1_800_000_000, 500).latitude_e7 == -900_000_000
    for latitude, longitude in ((900_000_001, 0), (0, -1_800_000_001)):
        with pytest.raises(InvalidShapeError, match="centre"):
            circle(latitude, longitude, 500)


def test_g2_areas_agree_with_geographiclib() -> None:
    rng = np.random.default_rng(9)
    for size in (0.0003, 0.02, 0.5):
        polygon = star_polygon(rng, 13.0, 52.0, size)
        geodesic = Geodesic.WGS84.Polygon()
        total = 0.0
        for index in range(len(polygon.parts[0].rings)):
            geodesic.Clear()
            for latitude, longitude in polygon.parts[0].ring(index).tolist():
                geodesic.AddPoint(latitude / 1e7, longitude / 1e7)
            total += geodesic.Compute(reverse=False, sign=True)[2]
        assert area_m2(polygon) == pytest.approx(total, rel=0.012)  # twice the 0.6 % of a length
    assert area_m2(circle_at(47, 8, 100)) == pytest.approx(math.pi * 100**2, rel=1e-6)


def test_area_of_a_wide_part_is_that_of_the_zone() -> None:
    """Between two parallels the sphere's area is known: R² Δλ (sin φ₂ − sin φ₁)."""
    zone = 6_371_008.8**2 * math.radians(10) * (math.sin(math.radians(70)) - math.sin(math.radians(60)))
    assert area_m2(polygon_from_lonlat([[square(0, 65, 5)]])[0]) == pytest.approx(zone, rel=1e-12)


def test_g7_to_shapely_is_in_degrees_longitude_first() -> None:
    assert to_shapely(polygon_from_lonlat([[square(8, 47, 1)]])[0]).bounds == (7.0, 46.0, 9.0, 48.0)
    rim = to_shapely(circle_at(47, 8, 1_000))
    assert rim.centroid.coords[0] == pytest.approx((8.0, 47.0), abs=1e-4)
    assert to_shapely(polygon_from_lonlat([[square(0, 0, 1)], [square(5, 0, 1)]])[0]).geom_type == "MultiPolygon"


def test_g4_a_part_spans_ten_degrees_and_no_more() -> None:
    """Exactly 10° is let in, in both directions; one grid unit more is not. Several parts may lie far apart."""
    for east_e7, north_e7, good in (
        (100_000_000, 100_000_000, True),
        (100_000_001, 100_000_000, False),
        (100_000_000, 100_000_001, False),
    ):
        ring = ring_e7((0, 0), (east_e7, 0), (east_e7, north_e7), (0, north_e7))
        if good:
            assert polygon_from_lonlat([[ring]])[0].vertex_count == 4
        else:
            with pytest.raises(InvalidShapeError, match="the shell of part 0 is too wide"):
                polygon_from_lonlat([[ring]])
    assert len(polygon_from_lonlat([[square(-170, -60, 1)], [square(170, 80, 1)]])[0].parts) == 2


def test_g5_each_refusal_is_the_only_fault_that_is_mended() -> None:
    """What is refused is refused for what it says: without that fault the same shape is let in."""
    mended = {
        "unclosed": [square(0, 0, 1)],
        "self-crossing": [[BOWTIE[0], BOWTIE[2], BOWTIE[1], BOWTIE[3], BOWTIE[0]]],
        "spike": [[*SPIKE[:3], *SPIKE[5:]]],
        "hole outside": [square(0, 0, 1), square(0.4, 0, 0.5)],
        "hole in a hole": [square(0, 0, 3), square(0, 0, 2)],
        "too wide": [square(0, 0, 5)],
        "latitude": [[(0, 0), (0, 9), (1, 0), (0, 0)]],
        "nan": [[(0, 0), (1, 0), (1, 1), (0, 0)]],
    }
    for name, rings in mended.items():
        assert name in REFUSED
        assert polygon_from_lonlat([rings])[1] == "", name  # type: ignore[list-item]


def test_g7_longitude_comes_first_and_is_never_guessed() -> None:
    """A pair that fits only the other way round is refused, not turned; one that fits both ways is taken as it is."""
    ring = polygon_from_lonlat([[[(100.0, 10.0), (101.0, 10.0), (101.0, 11.0), (100.0, 10.0)]]])[0].parts[0].ring(0)
    assert ring[:, 0].max() == 110_000_000
    assert ring[:, 1].max() == 1_010_000_000
    with pytest.raises(InvalidShapeError, match="vertex 0 of the shell of part 0 lies outside longitude"):
        polygon_from_lonlat([[[(10.0, 100.0), (10.0, 101.0), (11.0, 101.0), (10.0, 100.0)]]])
    both_ways = polygon_from_lonlat([[square(52.5, 13.4, 0.1)]])[0].parts[0].ring(0)
    assert both_ways[:, 0].max() == 135_000_000


def shared_areas(name: str) -> list[tuple[str, Any]]:
    root = Path(os.environ.get("GEOOFFER_SHARED_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
    path = root / "areas" / name
    if not path.is_file():
        pytest.skip(f"real data absent: areas/{name} (set GEOOFFER_SHARED_DATA)")
    text = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    found = []
    for feature in json.loads(text)["features"]:
        geometry = feature["geometry"]
        coordinates = geometry["coordinates"]
        found.append((feature["properties"]["name"], [coordinates] if geometry["type"] == "Polygon" else coordinates))
    return found


def test_g5_zurich_has_exactly_its_seven_invalid_quarters_and_repair_mends_all() -> None:
    expected = {"Unterstrass", "Oerlikon", "Weinegg", "Mühlebach", "Hard", "Friesenberg", "Altstetten"}
    quarters = shared_areas("zurich-city.geojson")
    assert len(quarters) == 34
    for name, parts in quarters:
        if name not in expected:
            assert polygon_from_lonlat(parts)[1] == ""
            continue
        with pytest.raises(InvalidShapeError, match=r"^self-crossing near vertex \d+ of the shell of part 0$") as fault:
            polygon_from_lonlat(parts)
        mended, note = polygon_from_lonlat(parts, repair=True)
        assert note.startswith(fault.value.message)
        assert polygon_from_lonlat(as_lonlat(mended)) == (mended, "")
        # the crossings are slivers: the outline keeps its area
        outline = shapely.MultiPolygon([(part[0], part[1:]) for part in parts])
        assert to_shapely(mended).area == pytest.approx(outline.area, rel=1e-3)


def test_berlin_districts_are_all_valid() -> None:
    shapes = [polygon_from_lonlat(parts)[0] for _, parts in shared_areas("berlin.geojson.gz")]
    assert len(shapes) == 97
    assert sum(area_m2(shape) for shape in shapes) == pytest.approx(891e6, rel=0.01)  # the city: 891 km²


def test_a_synthetic_quarter_twin_of_the_real_file() -> None:
    """As in the Zürich file: doubled vertices are fine, a boundary that crosses itself in a sliver is not."""
    rng = np.random.default_rng(21)
    angles = np.arange(300) * (2 * np.pi / 300)
    reach = rng.uniform(0.0098, 0.01, 300)
    reach[95:110] = 0.01
    outline = [(8.5 + np.cos(a) * r, 47.4 + np.sin(a) * r) for a, r in zip(angles, reach, strict=True)]
    doubled = [point for point in outline for _ in range(2)]
    assert polygon_from_lonlat([[[*doubled, doubled[0]]]])[0].vertex_count == 300
    crossed = [*outline]
    crossed[100], crossed[101] = crossed[101], crossed[100]
    with pytest.raises(InvalidShapeError, match=r"self-crossing near vertex (99|10[0-2]) of the shell"):
        polygon_from_lonlat([[[*crossed, crossed[0]]]])
    mended, note = polygon_from_lonlat([[[*crossed, crossed[0]]]], repair=True)
    assert "self-crossing" in note
    assert to_shapely(mended).area == pytest.approx(shapely.Polygon(outline).area, rel=1e-3)
