"""Map data as it is: a feature is a store and its fence; hours that cannot be read are named, not guessed."""

from __future__ import annotations

import json
from pathlib import Path

import shapely

from geooffer.engine.shapes import inner_point, polygon_from_lonlat, to_shapely
from geooffer.importers.places import read_places
from geooffer.importers.store_features import StoreDefaults
from geooffer.model.catalog import Store
from geooffer.model.shapes import Circle
from map_twin import SQUARE, feature, write_twin

BERLIN = StoreDefaults("Europe/Berlin", region="DE-BE")


def test_each_feature_is_a_store_and_its_fence(tmp_path: Path) -> None:
    found = read_places(write_twin(tmp_path), radius_m=30, defaults=BERLIN)
    assert found.refusals == []
    places = {place.store.name: place for place in found.items}
    assert [place.store.store_id for place in found.items] == ["way/1", "way/2", "node/3", "node/4", "node/5", "node/6"]
    assert all(p.fence.geofence_id == p.fence.store_id == p.store.store_id for p in found.items)
    always = places["Always"]
    assert always.store == Store(
        "node/4", "Always", 525_300_000, 134_300_000, "Europe/Berlin", "24/7", country="", region="DE-BE"
    )
    assert always.fence.shape == Circle(525_300_000, 134_300_000, 1_250)
    assert places[""].fence.shape == Circle(525_400_000, 134_400_000, 3_000)
    assert places["Bent"].store.country == "DE"
    assert places[""].store.country == ""


def test_hours_that_do_not_parse_are_named_and_unknown(tmp_path: Path) -> None:
    found = read_places(write_twin(tmp_path), radius_m=30, defaults=BERLIN)
    noted = {row.place: row.repair_note for row in found.rows if row.repair_note}
    assert list(noted) == ["feature 3 (Comma)", "feature 6 (Dash)"]
    for note in noted.values():
        assert note.startswith("opening_hours: not OpenStreetMap opening hours")
        assert note.endswith("hours unknown")
        assert "08:00-18:00" not in note
    assert [place.store.opening_hours for place in found.items] == [
        "Mo-Sa 07:00-21:00; Su,PH off", "", "", "24/7", "Mo-Sa 08:00-20:00", "",
    ]  # fmt: skip
    assert [place.has_hours for place in found.items] == [True, False, True, True, True, True]


def test_hours_silent_about_holidays_may_be_closed_on_them(tmp_path: Path) -> None:
    defaults = StoreDefaults("Europe/Berlin", "DE", closed_on_holidays=True)
    found = read_places(write_twin(tmp_path), radius_m=30, defaults=defaults)
    assert [place.store.opening_hours for place in found.items] == [
        "Mo-Sa 07:00-21:00; Su,PH off", "", "", "24/7; PH off", "Mo-Sa 08:00-20:00; PH off", "",
    ]  # fmt: skip


def test_a_store_stands_inside_its_fence(tmp_path: Path) -> None:
    """Also in an L, whose middle lies outside, and over the antimeridian."""
    bent = read_places(write_twin(tmp_path), radius_m=30, defaults=BERLIN).items[0]
    outline = to_shapely(bent.fence.shape)
    assert not outline.covers(outline.centroid)
    assert outline.covers(shapely.Point(bent.store.longitude_e7 / 1e7, bent.store.latitude_e7 / 1e7))
    over, _ = polygon_from_lonlat([[[(179.0, 10.0), (-177.0, 10.0), (-177.0, 11.0), (179.0, 11.0), (179.0, 10.0)]]])
    latitude_e7, longitude_e7 = inner_point(over)
    assert (latitude_e7, longitude_e7) == (105_000_000, -1_790_000_000)


def test_faults_of_a_feature_are_refused_by_place(tmp_path: Path) -> None:
    path = tmp_path / "faulty.geojson"
    features = [
        feature(1, "Polygon", [SQUARE], name="Nowhere", time_zone="Mars/Crater"),
        feature(2, "LineString", SQUARE, name="Line"),
        feature(3, "Point", [13.4, 52.5], name="Twice", country="Germany"),
        feature(4, "Point", [13.4, 52.5], name="Four"),
        feature(4, "Point", [13.4, 52.5], name="Four again"),
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    found = read_places(path, radius_m=30, defaults=BERLIN)
    assert [(refusal.place, refusal.reason.partition(" ")[0]) for refusal in found.refusals] == [
        ("feature 1 (Nowhere)", "time_zone:"),
        ("feature 2 (Line)", "a"),
        ("feature 3 (Twice)", "country:"),
        ("feature 5 (Four again)", "the"),
    ]
    assert len(found.rows) == 1
