"""Fences and stores from GeoJSON: shapes, ids, and what is wrong with each refused feature."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.importers.geojson import read_fences, read_stores
from geooffer.importers.rows import TakenIds
from geooffer.model.shapes import Circle, Polygon

SQUARE = [[8.0, 47.0], [8.01, 47.0], [8.01, 47.01], [8.0, 47.01], [8.0, 47.0]]
BOW_TIE = [[8.0, 47.0], [8.01, 47.01], [8.01, 47.0], [8.0, 47.01], [8.0, 47.0]]


def feature(geometry: object, identity: object = None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": identity, "properties": properties, "geometry": geometry}


def polygon(*rings: object) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def point(longitude: object = 8.5, latitude: object = 47.4) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [longitude, latitude]}


def write(tmp_path: Path, *features: object, name: str = "a.geojson", **members: Any) -> Path:
    path = tmp_path / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features), **members}))
    return path


def only_reason(path: Path, **options: Any) -> str:
    found = read_fences(path, **options)
    assert found.rows == []
    assert len(found.refusals) == 1
    return found.refusals[0].reason


def test_polygons_and_circles_become_fences(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        feature(polygon(SQUARE), "one", store_id="s-1", name="One", dwell_s=90),
        feature({"type": "MultiPolygon", "coordinates": [[SQUARE], [[[9.0 + x, y] for x, y in SQUARE]]]}, 2),
        feature({"type": "Point", "coordinates": [8.5, 47.4, 408.0]}, geofence_id="three", radius_m=25.5),
        feature(point(), id=4.0),
    )
    found = read_fences(path, radius_m=40.0)
    assert found.refusals == []
    one, two, three, four = found.items
    assert (one.geofence_id, one.store_id, one.name, one.dwell_ms) == ("one", "s-1", "One", 90_000)
    assert isinstance(one.shape, Polygon)
    assert one.shape.vertex_count == 4
    assert two.geofence_id == "2"
    assert isinstance(two.shape, Polygon)
    assert len(two.shape.parts) == 2
    assert three.shape == Circle(474_000_000, 85_000_000, 2_550)
    assert (three.geofence_id, four.geofence_id) == ("three", "4")
    assert four.shape == Circle(474_000_000, 85_000_000, 4_000)


def test_the_order_of_ids(tmp_path: Path) -> None:
    full = feature(polygon(SQUARE), "own", geofence_id="property", id="other", name="Name", code="chosen")
    assert read_fences(write(tmp_path, full), id_property="code").items[0].geofence_id == "chosen"
    assert read_fences(write(tmp_path, full)).items[0].geofence_id == "own"
    del full["id"]
    assert read_fences(write(tmp_path, full)).items[0].geofence_id == "property"
    del full["properties"]["geofence_id"]
    assert read_fences(write(tmp_path, full)).items[0].geofence_id == "other"
    del full["properties"]["id"]
    assert read_fences(write(tmp_path, full)).items[0].geofence_id == "Name"


@pytest.mark.parametrize(
    ("name", "identity"),
    [("Escher Wyss", "Escher-Wyss"), ("Höngg", "Hongg"), (" Straße 5 (Süd)", "Strasse-5-Sud"), ("a/b:c", "a/b:c")],
)
def test_a_name_becomes_a_legal_id(tmp_path: Path, name: str, identity: str) -> None:
    found = read_fences(write(tmp_path, feature(polygon(SQUARE), name=name)))
    assert [fence.geofence_id for fence in found.items] == [identity]


def test_an_invalid_polygon_is_named_and_mended_on_request(tmp_path: Path) -> None:
    path = write(tmp_path, feature(polygon(SQUARE), "good"), feature(polygon(BOW_TIE), name="Bow Tie"))
    strict = read_fences(path)
    assert [fence.geofence_id for fence in strict.items] == ["good"]
    assert [refusal.place for refusal in strict.refusals] == ["feature 2 (Bow Tie)"]
    assert "self-crossing" in strict.refusals[0].reason
    mended = read_fences(path, repair=True)
    assert mended.refusals == []
    assert mended.repaired_count == 1
    assert [bool(row.repair_note) for row in mended.rows] == [False, True]


@pytest.mark.parametrize(
    ("geometry", "reason"),
    [
        (None, "no geometry"),
        ([], "no geometry"),
        ({"type": "LineString", "coordinates": SQUARE}, "a fence is"),
        ({"type": "Polygon"}, "has no coordinates"),
        (polygon(), "has no coordinates"),
        (polygon(5), "ring 0 is not a list"),
        (polygon(["x"]), "vertex 0 is not"),
        (polygon([[8.0]]), "vertex 0 is not"),
        (polygon([[8.0, 47.0], [8.0, "47"]]), "vertex 1 holds something that is not a number"),
        (polygon([[8.0, 47.0], [8.0, True]]), "vertex 1 holds something that is not a number"),
        (polygon([[8.0, 10**400]]), "vertex 0 is not a finite number"),
        (polygon([[8.0, math.nan]]), "vertex 0 is not a finite number"),
        (polygon([[math.inf, 8.0]]), "vertex 0 is not a finite number"),
        ({"type": "GeometryCollection", "geometries": []}, "a fence is"),
        ({"type": "GeometryCollection", "geometries": [polygon(SQUARE), point()]}, "a fence is"),
        ({"type": "GeometryCollection", "geometries": [{"type": "Polygon"}]}, "has no coordinates"),
        (polygon([[8.0, 1e308], *SQUARE]), "vertex 0 .* lies outside"),
        (polygon(SQUARE[:-1]), "unclosed"),
        (polygon([]), "has no vertices"),
        ({"type": "MultiPolygon", "coordinates": [5, 6]}, "part 0 is not a list of rings"),
        (point(), "radius_m"),
        (point("a"), "radius_m"),
    ],
)
def test_a_bad_geometry_is_refused(tmp_path: Path, geometry: object, reason: str) -> None:
    assert re.search(reason, only_reason(write(tmp_path, feature(geometry, "x"))))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (feature(point(), "x", radius_m="wide"), "radius_m: not a number"),
        (feature(point(), "x", radius_m=0.5), "radius"),
        (feature(point(8.5, 91), "x", radius_m=10), "latitude outside"),
        (feature(point(8.5, -1e307), "x", radius_m=10), "latitude outside"),
        (feature(point(), "x", radius_m=1e307), "radius_m: a number too large"),
        (feature(point(), "x", radius_m=10, valid_until_time="2026-01-01"), "valid_until_time: a time needs"),
        (feature(point(), "x", radius_m=10, enter_fix_count=33), "enter_fix_count: outside 0..32"),
        (feature(point(), "x", radius_m=10, inside_accuracy_m=100.5), "inside_accuracy_m: outside 0..100 metres"),
        (feature(point(), "x", radius_m=10, outside_margin_m=-1), "outside_margin_m: outside 0..10000 metres"),
        (feature(point(), "not legal!", radius_m=10), "id: an id is"),
        (feature(point(), radius_m=10), "has no id"),
        (feature(point(), radius_m=10, name="???"), "has no id"),
        (feature(point(), "x", radius_m=10, store_id="a b"), "store_id: an id is"),
        (feature(point(), "x", radius_m=10, dwell_s=-1), "dwell_s: outside 0..86400"),
        (feature(point(), "x", radius_m=10, name="a\x00b"), "name: holds a control character"),
        ("feature", "not a GeoJSON Feature"),
        ({"type": "Feature", "properties": [1], "geometry": point()}, "`properties` is not an object"),
    ],
)
def test_a_bad_feature_is_refused(tmp_path: Path, bad: object, reason: str) -> None:
    assert reason in only_reason(write(tmp_path, bad))


def test_a_second_feature_of_one_id_is_refused_across_files(tmp_path: Path) -> None:
    taken = TakenIds()
    first = read_fences(write(tmp_path, feature(polygon(SQUARE), "x")), taken=taken)
    second = read_fences(write(tmp_path, feature(polygon(SQUARE), "x"), name="b.geojson"), taken=taken)
    assert len(first.rows) == 1
    assert second.rows == []
    assert "the same id x as feature 1 (x) of" in second.refusals[0].reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON: .* line 1 column 2"),
        ('{"type": "FeatureCollection", "features": [', "not JSON"),
        ("[]", "not an object"),
        ("{}", "no FeatureCollection, Feature or geometry"),
        ('{"type": "FeatureCollection"}', "`features` is not a list"),
        ('{"type": "FeatureCollection", "features": []}', "holds no feature"),
        ("[" * 100_000, "nested too deep"),
        ('{"type": "Point", "coordinates": [' + "9" * 5000 + ", 1]}", "too many digits"),
        (
            '{"type": "FeatureCollection", "features": [1], "crs": {"properties": {"name": "EPSG:2056"}}}',
            "crs is not WGS84",
        ),
    ],
)
def test_a_file_that_is_no_geojson_is_one_error(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(text)
    with pytest.raises(InvalidArgumentError, match=reason):
        read_fences(path)


def test_a_bare_geometry_and_a_single_feature_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(feature(polygon(SQUARE), "x")))
    assert len(read_fences(path).rows) == 1
    path.write_text(json.dumps(polygon(SQUARE)))
    assert read_fences(path).refusals[0].reason.startswith("has no id")


def test_wgs84_may_be_named(tmp_path: Path) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    assert len(read_fences(write(tmp_path, feature(polygon(SQUARE), "x"), crs=crs)).rows) == 1


def test_stores_are_points(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        feature(point(), store_id="s1", name="City", time_zone="Europe/Zurich", opening_hours="Mo 09:00-10:00"),
        feature(point(), store_id="s2", opening_hours="24/7"),
        feature(point(), store_id="s3", opening_hours="Mo 09:00 bis abends"),
        feature(polygon(SQUARE), store_id="s4"),
        feature(point(), store_id="s5", time_zone="Mars/Crater"),
    )
    found = read_stores(path, time_zone="Europe/Berlin")
    assert [(store.store_id, store.time_zone, store.opening_hours) for store in found.items] == [
        ("s1", "Europe/Zurich", "Mo 09:00-10:00"),
        ("s2", "Europe/Berlin", "24/7"),
        ("s3", "Europe/Berlin", ""),
    ]
    assert [row.repair_note for row in found.rows] == [
        "",
        "",
        'opening_hours: not OpenStreetMap opening hours such as "Mo-Sa 08:00-20:00; PH off"; hours unknown',
    ]
    reasons = [refusal.reason for refusal in found.refusals]
    assert "a store is a Point" in reasons[0]
    assert "time_zone: not an IANA time zone" in reasons[1]
    assert "time_zone: is missing" in read_stores(path).refusals[0].reason


def test_the_real_quarters_of_zurich(shared_data: Path) -> None:
    """Its synthetic twin is test_an_invalid_polygon_is_named_and_mended_on_request."""
    path = shared_data / "areas" / "zurich-city.geojson"
    strict = read_fences(path)
    names = {refusal.place.partition("(")[2].rstrip(")") for refusal in strict.refusals}
    assert names == {"Unterstrass", "Oerlikon", "Weinegg", "Mühlebach", "Hard", "Friesenberg", "Altstetten"}
    assert all("self-crossing" in refusal.reason for refusal in strict.refusals)
    assert len(strict.rows) == 27
    mended = read_fences(path, repair=True)
    assert len(mended.rows) == 34
    assert mended.repaired_count == 7
    assert mended.refusals == []
