"""Exclusion zones from GeoJSON and CSV: categories, buffers, validity, and why rows are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from geooffer.importers.zone_files import ZoneDefaults, read_zones
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.shapes import Circle, Polygon

SQUARE = [[8.0, 47.0], [8.01, 47.0], [8.01, 47.01], [8.0, 47.01], [8.0, 47.0]]
APRIL = "2026-04-01T00:00:00Z"
POINT = {"type": "Point", "coordinates": [8.5, 47.4]}


def written(folder: Path, *features: dict[str, Any]) -> Path:
    path = folder / "zones.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def feature(geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def test_geojson_zones_say_what_they_are_or_the_map_does(tmp_path: Path) -> None:
    area = {"type": "Polygon", "coordinates": [SQUARE]}
    path = written(
        tmp_path,
        feature(area, zone_id="a", category="Shelter", buffer_m=25.5, name="Haus", valid_until_time=APRIL),
        feature(POINT, name="Sankt Anna", amenity="place_of_worship"),
        feature({**POINT, "radius_m": 9}, id="c", radius_m=12),
    )  # fmt: skip
    found = read_zones(path, ZoneDefaults(category="other", buffer_m=50, radius_m=30))
    assert not found.refusals
    shelter, church, other = found.items
    assert isinstance(shelter.shape, Polygon)
    assert (shelter.category, shelter.buffer_cm, shelter.name) == (ZoneCategory.SHELTER, 2_550, "Haus")
    assert (shelter.valid_from_ms, shelter.valid_until_ms) == (0, 1_775_001_600_000)
    circle = Circle(474_000_000, 85_000_000, 3_000)
    assert church == ExclusionZone("Sankt-Anna", ZoneCategory.WORSHIP, circle, 5_000, "Sankt Anna")
    assert (other.category, other.shape) == (ZoneCategory.OTHER, Circle(474_000_000, 85_000_000, 1_200))


def test_a_roof_against_rain_is_no_shelter(tmp_path: Path) -> None:
    """amenity=shelter of OpenStreetMap: bus stops, huts; without a category of the officer's it is refused."""
    path = written(
        tmp_path,
        feature(POINT, name="bus stop", amenity="shelter"),
        feature(POINT, name="house", amenity="social_facility", social_facility="shelter"),
        feature(POINT, name="practice", healthcare="doctor"),
    )
    found = read_zones(path, ZoneDefaults(radius_m=20.0))
    assert [zone.category for zone in found.items] == [ZoneCategory.SHELTER, ZoneCategory.CLINIC]
    assert [refusal.reason.partition(":")[0] for refusal in found.refusals] == ["category"]


def test_csv_zones_are_circles(tmp_path: Path) -> None:
    path = tmp_path / "zones.csv"
    path.write_text("zone_id,latitude,longitude,radius_m,category\na,47.4,8.5,30,clinic\nb,47.4,8.5,30,\n")
    found = read_zones(path, ZoneDefaults(buffer_m=10))
    assert found.items == [ExclusionZone("a", ZoneCategory.CLINIC, Circle(474_000_000, 85_000_000, 3_000), 1_000)]
    assert [(row.place, row.reason.split(",")[0]) for row in found.refusals] == [
        ("line 3", "category: is not one of clinic")
    ]


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"id": "x", "category": "pub"}, "category: is not one of"),
        ({"id": "x", "category": "clinic", "buffer_m": 10_001}, "buffer_m: outside 0..10000"),
        ({"id": "x", "category": "clinic", "buffer_m": -1}, "buffer_m: outside 0..10000"),
        ({"category": "clinic"}, "has no id"),
        (
            {"id": "x", "category": "clinic", "valid_from_time": "2026-04-01T00:00:00Z",
             "valid_until_time": "2026-04-01T00:00:00Z"},
            "valid_until_time: is not after",
        ),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_zones_are_refused_alone(tmp_path: Path, properties: dict[str, Any], reason: str) -> None:
    good = feature(POINT, id="good", category="union", radius_m=5)
    found = read_zones(written(tmp_path, feature(POINT, radius_m=5, **properties), good))
    assert [zone.zone_id for zone in found.items] == ["good"]
    assert found.refusals[0].reason.startswith(reason)


def test_an_id_may_stand_in_a_run_once(tmp_path: Path) -> None:
    twice = feature(POINT, id="a", category="union", radius_m=5)
    found = read_zones(written(tmp_path, twice, twice))
    assert len(found.items) == len(found.refusals) == 1
