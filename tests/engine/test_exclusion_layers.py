"""Zones that change one by one are tested as if all had been frozen together, and cost what changed."""

from __future__ import annotations

import numpy as np
import pytest

from geooffer.engine import exclusion
from geooffer.engine.exclusion import ExclusionIndex, exclude
from geooffer.engine.registry import Registry
from geooffer.engine.shapes import circle, polygon_from_lonlat
from geooffer.model.columns import PING, StructArray
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.policy import Policy
from geooffer.model.shapes import Shape

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
