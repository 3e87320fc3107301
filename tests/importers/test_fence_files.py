"""Fences as tables: circles and well-known text; and fences for a look-up, of which only id and shape are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.importers.fence_files import read_bare_fences, read_fences
from geooffer.importers.geojson import read_fences as read_geojson_fences
from geooffer.importers.rows import TakenIds
from geooffer.model.catalog import Geofence
from geooffer.model.shapes import Circle, Polygon

SQUARE = "(8 47, 8.01 47, 8.01 47.01, 8 47.01, 8 47)"
HOLE = "(8.002 47.002, 8.004 47.002, 8.004 47.004, 8.002 47.004, 8.002 47.002)"
EAST = "(9 47, 9.01 47, 9.01 47.01, 9 47)"


def table(tmp_path: Path, *lines: str, header: str = "geofence_id;radius_m;wkt;store_id;name;dwell_s") -> Path:
    path = tmp_path / "fences.csv"
    path.write_text("\n".join([header, *lines, ""]))
    return path


def geojson(tmp_path: Path, text: str, name: str = "fences.geojson") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def raised(ring: str) -> str:
    """With an altitude of 5 in each vertex."""
    return f"{ring[:-1].replace(',', ' 5,')} 5)"


def coordinates(text: str) -> list[list[float]]:
    return [[float(number) for number in pair.split()] for pair in text.strip("()").split(",")]


def test_well_known_text_is_what_geojson_would_be(tmp_path: Path) -> None:
    found = read_fences(
        table(
            tmp_path,
            f"a;;POLYGON ({SQUARE}, {HOLE});s1;One;90.5",
            f"b;;multipolygon z(({raised(SQUARE)}),({raised(EAST)}));;;",
            "c;25.5;POINT(8.5 47.4);;;0",
        )
    )
    assert found.refusals == []
    shapes = [[coordinates(SQUARE), coordinates(HOLE)]], [[coordinates(SQUARE)], [coordinates(EAST)]]
    features = [
        {"type": "Feature", "id": name, "properties": {}, "geometry": {"type": "MultiPolygon", "coordinates": parts}}
        for name, parts in zip("ab", shapes, strict=True)
    ]
    same = read_geojson_fences(geojson(tmp_path, json.dumps({"type": "FeatureCollection", "features": features})))
    a, b, c = found.items
    assert (a.shape, b.shape) == tuple(fence.shape for fence in same.items)
    assert (a.store_id, a.name, a.dwell_ms) == ("s1", "One", 90_500)
    assert c == Geofence("c", Circle(474_000_000, 85_000_000, 2_550))


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("x;;;;;", "latitude: is missing"),
        ("x;;LINESTRING (8 47, 9 47);;;", "wkt: not POLYGON"),
        ("x;;POLYGON ((8 47, 8.1 47;;;", "wkt: not POLYGON"),
        ("x;;POLYGON EMPTY;;;", "wkt: not POLYGON"),
        ("x;;POLYGON ((8 47), (9));;;", "wkt: not POLYGON"),
        ("x;;POINT EMPTY;;;", "wkt: not POLYGON"),
        ("x;5;POINT (8.9876543 95);;;", "latitude outside"),
        ("x;5;POINT (nan 5);;;", "not a finite number"),
        ("x;5;POINT (1e305 5);;;", "longitude outside"),
        ("x;5;POINT (1e400 5);;;", "outside"),
        ("x;;POLYGON ((1e400 5, 8 1, 8 2, 1e400 5));;;", "not a finite number"),
        ("x;1e307;POINT (1 5);;;", "radius_m: a number too large"),
        ("x;;POINT (8 47);;;", "radius_m: is missing"),
        (f"x;30;POLYGON ({SQUARE});;;", "radius_m: stands beside a polygon"),
        ("x;;MULTIPOLYGON (((8 47, 9 47, 9 48)));;;", "unclosed ring: the last vertex of the shell of part 0"),
        ("x;;POLYGON ((8 47, 8.01 47.01, 8.01 47, 8 47.01, 8 47));;;", "self-crossing near vertex"),
        (f"x;;POLYGON ({SQUARE});a b;;", "store_id: an id is"),
        (f"x;;POLYGON ({SQUARE});;;90.5555", "dwell_s: not a whole number"),
        (f"x;;POLYGON ({SQUARE});;;86400.001", "dwell_s: outside"),
        (f"a b;;POLYGON ({SQUARE});;;", "geofence_id: an id is"),
    ],
)
def test_a_bad_line_is_refused_without_what_it_holds(tmp_path: Path, cells: str, reason: str) -> None:
    found = read_fences(table(tmp_path, cells, f"good;;POLYGON ({SQUARE});;;"))
    assert [fence.geofence_id for fence in found.items] == ["good"]
    assert reason in found.refusals[0].reason
    assert found.refusals[0].place == "line 2"
    assert not any(number in found.refusals[0].reason for number in ("8.01", "47", "8.98", "95"))


def test_an_srid_of_another_system_and_two_shapes_are_refused(tmp_path: Path) -> None:
    header = "geofence_id|latitude|longitude|radius_m|wkt".replace("|", "\t")
    found = read_fences(
        table(
            tmp_path,
            f"a\t\t\t\tSRID=2056;POLYGON ({SQUARE})",
            f"b\t47\t8\t30\tPOLYGON ({SQUARE})",
            "c\t47\t8\t\t",
            "d\t47\t8\t30\t",
            f"e\t\t\t\tSRID=4326; Polygon({SQUARE})",
            header=header,
        )
    )
    assert [fence.geofence_id for fence in found.items] == ["d", "e"]
    assert [refusal.reason for refusal in found.refusals] == [
        "wkt: its SRID is not 4326 (WGS84)",
        "latitude: stands beside wkt; a fence has one shape",
        "radius_m: is missing (a fence has latitude, longitude and radius_m, or wkt)",
    ]


def test_a_table_without_any_shape_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"missing column latitude, longitude, radius_m \(or wkt\)"):
        read_fences(table(tmp_path, "a;One", header="geofence_id;name"))


def test_a_table_is_mended_on_request_and_says_how(tmp_path: Path) -> None:
    bow_tie = "POLYGON ((8 47, 8.01 47.01, 8.01 47, 8 47.01, 8 47))"
    path = table(tmp_path, f"a;;{bow_tie};;;", f"b;;POLYGON ({SQUARE});;;", "c;;POLYGON ((8 47, 9 47, 9 48));;;")
    assert [fence.geofence_id for fence in read_fences(path).items] == ["b"]
    for read in (read_fences, read_bare_fences):
        mended = read(path, repair=True)
        assert mended.refusals == []
        assert [bool(row.repair_note) for row in mended.rows] == [True, False, True]
        assert "self-crossing" in mended.rows[0].repair_note
        assert "unclosed ring" in mended.rows[2].repair_note


def test_a_fence_of_most_vertices_fits_into_a_cell(tmp_path: Path) -> None:
    steps = [f"{8 + index * 1e-7:.7f} 47.1234567" for index in range(9_998)]
    found = read_fences(table(tmp_path, f"a;;POLYGON (({', '.join([*steps, '8.0 46.1', steps[0]])}));;;"))
    assert found.refusals == []
    assert isinstance(found.items[0].shape, Polygon)
    assert found.items[0].shape.vertex_count == 9_999


def square(**members: Any) -> dict[str, Any]:
    geometry = {"type": "Polygon", "coordinates": [coordinates(SQUARE)]}
    return {"type": "Feature", "properties": {}, "geometry": geometry} | members


def test_of_bare_fences_only_ids_and_shapes_matter(tmp_path: Path) -> None:
    odd = {"store_id": "a b", "name": "two\nlines", "dwell_s": -4}
    features = [square(id="Höngg West!", properties=odd), square(id=0), square(properties={"name": "Escher Wyss"})]
    collection = json.dumps({"type": "FeatureCollection", "features": features})
    found = read_bare_fences(geojson(tmp_path, "\ufeff" + collection.replace("}, {", "},\r\n {")))
    assert found.refusals == []
    assert [fence.geofence_id for fence in found.items] == ["Höngg West!", "0", "Escher-Wyss"]
    assert all((fence.store_id, fence.name, fence.dwell_ms) == ("", "", 0) for fence in found.items)
    nameless = read_bare_fences(geojson(tmp_path, json.dumps(square()["geometry"])))
    assert nameless.refusals[0].reason.startswith("has no id")
    assert read_bare_fences(geojson(tmp_path, '{"type":"FeatureCollection","features":[]}')).items == []


def test_a_point_may_have_its_radius_in_metres_under_either_name(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [8.5, 47.4, 408, 7]}
    features = [
        square(id="a", geometry=point, properties={"radius": 12}),
        square(id="b", geometry=point, properties={"radius": 12, "radius_m": 13}),
        square(id="c", geometry=point, properties={"radius": "wide"}),
    ]
    found = read_bare_fences(geojson(tmp_path, json.dumps({"type": "FeatureCollection", "features": features})))
    assert [fence.shape.radius_cm for fence in found.items if isinstance(fence.shape, Circle)] == [1_200, 1_300]
    assert "radius_m: not a number" in found.refusals[0].reason


@pytest.mark.parametrize(("name", "start"), [("a.geojson", ""), ("a.geojsonl", ""), ("a.ndjson", "\x1e")])
def test_lines_of_features_are_read_each_alone(tmp_path: Path, name: str, start: str) -> None:
    collection = {"type": "GeometryCollection", "geometries": [square()["geometry"], square()["geometry"]]}
    lines = [square(id="a"), square(id="b", geometry=collection), {"type": "Topology"}, square(id="a"), square(id=7)]
    text = "\r\n".join(start + json.dumps(line) for line in lines)
    found = read_bare_fences(geojson(tmp_path, text + "\n\n{broken\n" + "[" * 5000 + "\n", name), taken=TakenIds())
    assert [fence.geofence_id for fence in found.items] == ["a", "b", "7"]
    assert [(refusal.place, refusal.reason.split(" of ")[0]) for refusal in found.refusals] == [
        ("feature 3", "not a GeoJSON Feature"),
        ("feature 4 (a)", "the same id a as feature 1 (a)"),
        ("feature 6", "not JSON"),
        ("feature 7", "not JSON"),
    ]


def test_what_follows_a_document_is_an_error_of_the_file(tmp_path: Path) -> None:
    text = json.dumps(square(id="a"), indent=1) + "}"
    with pytest.raises(InvalidArgumentError, match="not JSON: Extra data"):
        read_bare_fences(geojson(tmp_path, text))
