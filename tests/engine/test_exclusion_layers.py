"""Zones that change one by one are tested as if all had been frozen together, and cost what changed."""

from __future__ import annotations

import numpy as np
import pytest
from world import NOW_MS, World, circle_at, ping, verdicts

from geooffer.engine import exclusion
from geooffer.engine.exclusion import ExclusionIndex, exclude
from geooffer.engine.registry import Registry
from geooffer.engine.shapes import circle, polygon_from_lonlat
from geooffer.model.columns import PING, StructArray
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.policy import Policy
from geooffer.model.shapes import Shape
from geooffer.model.verdicts import PingVerdict

POLICY = Policy()
PLACES = [(0.0, 0.0), (52.5, 13.4), (10.0, 180.0), (89.99, 20.0)]


def shape_at(rng: np.random.Generator, latitude: float, longitude: float) -> Shape:
    south, west = latitude - float(rng.uniform(0, 0.02)), longitude + float(rng.uniform(-0.02, 0.02))
    if rng.random() < 0.6 or latitude > 85:
        west_e7 = round(((west + 180) % 360 - 180) * 1e7)
        return circle(round(south * 1e7), west_e7, int(rng.integers(500, 30_000)))
    size = float(rng.uniform(0.0005, 0.004))
    corners = [(west, south), (west + size, south), (west, south + size), (west, south)]
    shape, _ = polygon_from_lonlat([[[((x + 180) % 360 - 180, y) for x, y in corners]]])
    return shape


def zone_at(rng: np.random.Generator, number: int, place: tuple[float, float]) -> ExclusionZone:
    validity = [(0, 0), (0, 0), (0, 500), (1_500, 0)][int(rng.integers(4))]
    buffer_cm = int(rng.choice([0, 2_000, 20_000]))
    return ExclusionZone(f"z-{number}", ZoneCategory.SCHOOL, shape_at(rng, *place), buffer_cm, "", *validity)


def pings_about(rng: np.random.Generator, place: tuple[float, float], count: int) -> StructArray:
    rows = np.zeros(count, PING)
    latitudes = np.minimum(place[0] + rng.uniform(-0.03, 0.03, count), 90.0)
    longitudes = (place[1] + rng.uniform(-0.03, 0.03, count) + 180) % 360 - 180
    rows["latitude_e7"], rows["longitude_e7"] = np.rint(latitudes * 1e7), np.rint(longitudes * 1e7)
    rows["accuracy_cm"] = rng.choice([0, 500, 9_000], count)
    rows["fix_time_ms"] = rows["now_ms"] = 1_000
    return rows


def excluded(index: ExclusionIndex, registry: Registry, rows: StructArray, *, use_cells: bool = True) -> list[int]:
    verdicts, wanted = np.zeros(len(rows), np.uint8), np.ones(len(rows), np.uint8)
    exclude(index.tables(registry, POLICY), POLICY, rows, verdicts, wanted, use_cells=use_cells)
    return verdicts.tolist()


def fresh(registry: Registry) -> Registry:
    again = Registry()
    for zone in registry.exclusion_zones.values():
        again.put(zone, 0)
    return again


@pytest.mark.parametrize("place", PLACES, ids=[f"{latitude:g},{longitude:g}" for latitude, longitude in PLACES])
def test_changes_one_by_one_say_what_all_together_say(place: tuple[float, float], monkeypatch) -> None:
    """Put, replaced, deleted, put again; few enough to be recent, and so many that all are frozen."""
    monkeypatch.setattr(exclusion, "RECENT_COUNT_MAX", 6)
    rng = np.random.default_rng(11)
    registry, with_cells, with_tree = Registry(), ExclusionIndex(packs_tree=False), ExclusionIndex()
    found: list[int] = []
    layer_counts = set()
    for step in range(40):
        for _ in range(int(rng.integers(1, 4))):
            number = int(rng.integers(0, 30))
            if f"z-{number}" in registry.exclusion_zones and rng.random() < 0.4:
                registry.delete(ExclusionZone, f"z-{number}", 0)
            else:
                registry.put(zone_at(rng, number, place), 0)
        rows = pings_about(rng, place, 60)
        changed = dict(registry.changed_zones)
        told = excluded(with_cells, registry, rows)
        registry.changed_zones = changed
        assert excluded(with_tree, registry, rows, use_cells=False) == told
        assert excluded(ExclusionIndex(), fresh(registry), rows) == told, step
        shape = shape_at(rng, *place)
        near = with_cells.zones_near(shape, registry, POLICY)
        assert near == ExclusionIndex().zones_near(shape, fresh(registry), POLICY)
        layer_counts.add(len(with_cells.tables(registry, POLICY)))
        found += told
    assert 0 < sum(map(bool, found)) < len(found)
    assert layer_counts >= {1, 2}


def test_one_zone_more_leaves_the_tables_of_the_others_as_they_are() -> None:
    rng = np.random.default_rng(1)
    registry, index = Registry(), ExclusionIndex(packs_tree=False)
    for number in range(400):
        registry.put(zone_at(rng, number, PLACES[0]), 0)
    (settled,) = index.tables(registry, POLICY)
    registry.put(zone_at(rng, 1_000, PLACES[0]), 0)
    first, second = index.tables(registry, POLICY)
    assert first is settled
    assert len(second.zones) == 1
    assert index.tables(registry, POLICY)[1] is second
    (wider,) = index.tables(registry, POLICY._replace(accuracy_max_cm=50_000))
    assert len(wider.zones) == 401


def test_what_is_explained_is_what_pings_meet_at_the_rim_of_many_zones() -> None:
    """By the distance of two shapes, and by the index: at the very bound, where both err by a hundredth towards yes."""
    rng = np.random.default_rng(5)
    engine = World().build()
    zones = [
        ExclusionZone(
            f"z-{number}", ZoneCategory.UNION, circle_at(200.0, *rng.uniform(-4_000, 4_000, 2).tolist()), 3_000
        )
        for number in range(40)
    ]
    engine.put_nouns(zones, now_ms=NOW_MS)
    found = []
    for _ in range(150):
        zone = zones[int(rng.integers(40))]
        bearing, away_m = rng.uniform(0, 2 * np.pi), 240.0 * rng.uniform(0.99, 1.025)
        row = ping(accuracy_m=10.0)
        row["latitude_e7"] = zone.shape.latitude_e7 + round(away_m * np.cos(bearing) * 89.932)
        row["longitude_e7"] = zone.shape.longitude_e7 + round(away_m * np.sin(bearing) * 89.932 / 0.6085)
        told = engine.explain(
            device_key=1,
            latitude_e7=int(row["latitude_e7"][0]),
            longitude_e7=int(row["longitude_e7"][0]),
            accuracy_cm=1_000,
            now_ms=NOW_MS,
        )
        (verdict,) = verdicts(engine.step(row))
        is_excluded = verdict is PingVerdict.EXCLUSION_ZONE
        assert (told.ping_verdict is PingVerdict.EXCLUSION_ZONE) == is_excluded
        found.append(is_excluded)
    assert 20 < sum(found) < 145
