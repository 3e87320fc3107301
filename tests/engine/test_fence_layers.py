"""Fences that come, move and go, with merges at any moment: the hits of base and delta are those of a fresh freeze."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from fence_cases import circle_at, record_of, square, star_polygon
from hypothesis import given, settings
from hypothesis import strategies as st

from geooffer.engine import fence_layers
from geooffer.engine.fence_merge import Merged, merge
from geooffer.engine.shapes import polygon_from_lonlat
from geooffer.engine.spatial import IndexOfRecord
from geooffer.engine.stripes import STRIPED_EDGE_COUNT_MIN
from geooffer.kernels.locate import covers_point, locate_batch
from geooffer.model.catalog import Geofence
from geooffer.model.columns import Int32Array
from geooffer.model.fence_tables import FenceTables
from geooffer.model.shapes import Shape

KINDS = ("cells", "packed", "rtree")
Points = tuple[Int32Array, Int32Array]
Hits = list[list[int]]


def a_shape(rng: np.random.Generator, longitude: float, latitude: float) -> Shape:
    """Circles of all sizes, stars with holes, pairs of squares, outlines of many edges (stripes); some on ±180°."""
    x = (longitude + float(rng.uniform(-0.02, 0.02)) + 180) % 360 - 180
    y = latitude + float(rng.uniform(-0.02, 0.02))
    match int(rng.integers(0, 5)):
        case 0 | 1:
            return circle_at(y, x, float(10 ** rng.uniform(0.5, 3.5)))
        case 2:
            return star_polygon(rng, x, y, float(10 ** rng.uniform(-4, -1.5)))
        case 3 if abs(x) < 179:
            return polygon_from_lonlat([[square(x, y, 0.001)], [square(x + 0.004, y, 0.0005)]])[0]
        case _:
            turns = np.linspace(0, 2 * np.pi, 2 * STRIPED_EDGE_COUNT_MIN, endpoint=False)
            ring = [((x + 0.003 * np.cos(a) + 180) % 360 - 180, y + 0.002 * np.sin(a)) for a in turns]
            return polygon_from_lonlat([[[*ring, ring[0]]]])[0]


def points_of(rng: np.random.Generator, tables: FenceTables, place: tuple[float, float], count: int) -> Points:
    """Half anywhere about the place, half on corners of boxes and of outlines."""
    latitudes = (place[1] * 1e7 + rng.uniform(-300_000, 300_000, count)).astype(np.int64)
    longitudes = (place[0] * 1e7 + rng.uniform(-300_000, 300_000, count)).astype(np.int64)
    for rows, names in (
        (tables.parts, ("min_latitude_e7", "max_longitude_e7")),
        (tables.edges, ("latitude_a_e7", "longitude_a_e7")),
    ):
        if len(rows):
            at = rng.integers(0, count, count // 4)
            picks = rows[rng.integers(0, len(rows), count // 4)]
            latitudes[at], longitudes[at] = picks[names[0]], picks[names[1]]
    longitudes = (longitudes + 1_800_000_000) % 3_600_000_000 - 1_800_000_000
    return latitudes.astype(np.int32), longitudes.astype(np.int32)


def hits_of(kind: str, record: IndexOfRecord, tables: FenceTables, points: Points) -> Hits:
    count = len(points[0])
    wanted, starts = np.ones(count, np.uint8), np.zeros(count + 1, np.int32)
    hits = np.zeros(count * 64, np.int32)
    if kind == "rtree":
        assert record.locate(tables, *points, wanted, starts, hits) == count
    else:
        assert locate_batch(tables, *points, wanted, starts, hits, int(kind == "cells")) == count
    return [hits[starts[row] : starts[row + 1]].tolist() for row in range(count)]


def brute_force(tables: FenceTables, points: Points) -> Hits:
    numbers = range(len(tables.fences))
    return [[n for n in numbers if covers_point(tables, n, *point)] for point in zip(*points, strict=True)]


@dataclass
class Town:
    """An index that changes, and what it ought to hold."""

    rng: np.random.Generator
    place: tuple[float, float]
    record: IndexOfRecord = field(default_factory=lambda: IndexOfRecord(512))
    fences: dict[int, Geofence] = field(default_factory=dict)
    removed: dict[int, int] = field(default_factory=dict)
    number_count: int = 0

    def put(self, number: int) -> None:
        fence = Geofence(f"fence-{number}", a_shape(self.rng, *self.place), dwell_ms=int(self.rng.integers(0, 9)))
        (self.record.replace if number in self.record else self.record.insert)(number, fence)
        self.number_count = max(self.number_count, number + 1)
        self.fences[number] = fence
        self.removed.pop(number, None)
        self.record.stage({number: (fence, number % 3)}, {}, self.number_count)

    def resettle(self, number: int) -> None:
        """Another dwell time, the same shape: its parts stay where they are."""
        fence = Geofence(f"fence-{number}", self.fences[number].shape, dwell_ms=77)
        self.fences[number] = fence
        self.record.stage({number: (fence, number % 3)}, {}, self.number_count)

    def remove(self, number: int) -> None:
        self.record.delete(number)
        del self.fences[number]
        self.removed[number] = 1_000 + number
        self.record.stage({}, {number: self.removed[number]}, self.number_count)

    def change(self) -> None:
        held = sorted(self.fences)
        match int(self.rng.integers(0, 6)):
            case 0 | 1:
                self.put(self.number_count)
            case 2 | 3 if held:
                self.put(int(self.rng.choice(held)))
            case 4 if held:
                self.resettle(int(self.rng.choice(held)))
            case _ if held:
                self.remove(int(self.rng.choice(held)))

    def fresh(self) -> FenceTables:
        """The same fences in an index that was never changed."""
        other = IndexOfRecord(512)
        other.load(self.fences)
        owned = {number: (fence, number % 3) for number, fence in self.fences.items()}
        return other.freeze(owned, self.removed, self.number_count)

    def check(self, tables: FenceTables) -> tuple[Points, Hits]:
        fresh = self.fresh()
        for name in ("dwell_ms", "removed_ms", "store_number", "live", "part_count", "radius_equivalent_cm"):
            assert tables.fences[name].tolist() == fresh.fences[name].tolist(), name
        points = points_of(self.rng, tables, self.place, 60)
        expected = brute_force(fresh, points)
        assert brute_force(tables, points) == expected
        for kind in KINDS:
            assert hits_of(kind, self.record, tables, points) == expected, kind
        return points, expected


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32),
    place=st.sampled_from([(13.4, 52.5), (180.0, 0.0), (-179.99, -60.0)]),
    steps=st.lists(st.sampled_from(["change", "changes", "publish", "begin", "take"]), min_size=3, max_size=30),
)
def test_hits_are_those_of_a_fresh_freeze_whenever_a_merge_comes(
    seed: int, place: tuple[float, float], steps: list[str]
) -> None:
    town = Town(np.random.default_rng(seed), place)
    under_way: tuple[FenceTables, Merged] | None = None
    snapshots: list[tuple[FenceTables, Points, Hits]] = []
    for step in ["changes", "publish", *steps, "begin", "changes", "take", "publish"]:
        match step:
            case "change":
                town.change()
            case "changes":
                for _ in range(8):
                    town.change()
            case "begin":
                source = town.record.layers.begin_merge()
                under_way = source, merge(source)  # it reads nothing but its input, so it may as well end here
            case "take" if under_way is not None:
                tables = town.record.take_merged(*under_way)
                snapshots.append((tables, *town.check(tables)))
                under_way = None
            case "publish":
                tables = town.record.publish()
                snapshots.append((tables, *town.check(tables)))
    for tables, points, expected in snapshots:  # whoever still decides by an older one sees what she saw
        assert brute_force(tables, points) == expected
        for kind in ("cells", "packed"):
            assert hits_of(kind, town.record, tables, points) == expected


def test_a_merge_that_another_has_overtaken_changes_nothing() -> None:
    town = Town(np.random.default_rng(5), (13.4, 52.5))
    for _ in range(20):
        town.change()
    town.record.publish()
    source = town.record.layers.begin_merge()
    late = merge(source)
    town.put(town.number_count)
    tables = town.record.layers.merge_now()
    assert town.record.take_merged(source, late) is tables
    assert town.record.take_merged(source, late) is tables  # nor twice
    town.check(tables)


def test_the_r_tree_sees_a_change_that_a_merge_put_where_the_old_part_stood() -> None:
    record, before = record_of([circle_at(52.5 + 0.1 * number, 13.4, 100) for number in range(4)])
    points = np.array([527_000_000, 400_000_000], np.int32), np.array([134_000_000, 100_000_000], np.int32)
    assert hits_of("rtree", record, before, points) == [[2], []]
    moved = Geofence("fence-2", circle_at(40.0, 10.0, 100))
    record.replace(2, moved)
    record.stage({2: (moved, -1)}, {}, 4)
    tables = record.layers.merge_now()
    assert tables.fences["part_start"].tolist() == before.fences["part_start"].tolist()
    for kind in KINDS:
        assert hits_of(kind, record, tables, points) == [[], [2]], kind


@pytest.mark.parametrize("step", ["cell_entries", "cells_of", "pack_items", "copied", "_row_count"])
def test_what_had_no_memory_is_entered_by_the_next_publication(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def no_memory(*args: object) -> None:
        raise MemoryError

    town = Town(np.random.default_rng(9), (13.4, 52.5))
    for _ in range(12):
        town.put(town.number_count)
    layers = town.record.layers
    before = layers.merge_now()
    town.put(3)
    source = layers.begin_merge()
    merged = merge(source)
    town.put(4)
    town.put(town.number_count)
    with monkeypatch.context() as patched:
        patched.setattr(fence_layers, step, no_memory)
        with pytest.raises(MemoryError):
            town.record.take_merged(source, merged)
        assert layers.in_force is before
    town.check(town.record.publish())
    town.put(5)
    with monkeypatch.context() as patched:
        patched.setattr(fence_layers, "pack_items", no_memory)
        with pytest.raises(MemoryError):
            town.record.publish()
    town.check(town.record.publish())
    town.check(layers.merge_now())


def test_what_changed_fences_leave_behind_is_gone_with_the_merge() -> None:
    rng = np.random.default_rng(6)
    record, first = record_of([star_polygon(rng, 13.4, 52.5, 0.01) for _ in range(10)])
    for _ in range(30):
        fence = Geofence("fence-3", star_polygon(rng, 13.4, 52.5, 0.01))
        record.replace(3, fence)
        record.stage({3: (fence, -1)}, {}, 10)
        tables = record.publish()
        assert len(tables.delta_items) == 1  # not one for each place it stood at
    assert len(tables.parts) == 40
    assert record.layers.counts.stale_row_count > 30
    tables = record.layers.merge_now()
    assert (len(tables.parts), len(tables.delta_items)) == (10, 0)
    assert len(tables.edges) == int(tables.parts["edge_count"].sum())
    assert record.layers.counts.stale_row_count == 0
    assert first.parts.tobytes() != tables.parts.tobytes()


def test_a_merge_is_due_when_the_delta_has_grown_or_much_was_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fence_layers, "DELTA_BOX_COUNT_MAX", 8)
    town = Town(np.random.default_rng(7), (13.4, 52.5))
    layers = town.record.layers
    for number in range(2):
        town.record.insert(number, Geofence(f"fence-{number}", circle_at(52.5, 13.4, 100)))
        town.record.stage({number: (Geofence(f"fence-{number}", circle_at(52.5, 13.4, 100)), -1)}, {}, 2)
    town.record.publish()
    assert (layers.is_small, layers.merge_due) == (True, False)
    town.number_count = 2
    town.fences = {number: Geofence(f"fence-{number}", circle_at(52.5, 13.4, 100)) for number in range(2)}
    for number in range(2, 12):
        town.put(number)
    assert (layers.is_small, layers.merge_due) == (False, True)
    source = layers.begin_merge()
    assert not layers.merge_due  # one is under way
    town.record.take_merged(source, merge(source))
    assert (layers.is_small, layers.merge_due) == (True, False)
    monkeypatch.setattr(fence_layers, "STALE_ROW_COUNT_MIN", 4)
    while layers.is_small:
        town.put(0)
        town.record.publish()
    assert layers.merge_due
    assert layers.counts.delta_box_count <= 2
    layers.merge_now()
    assert layers.is_small


def test_tables_grow_past_their_spare_room_and_older_snapshots_keep_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geooffer.engine.growing.SPARE_COUNT_MIN", 4)
    town = Town(np.random.default_rng(8), (13.4, 52.5))
    seen = []
    for _ in range(40):
        town.put(town.number_count)
        tables = town.record.publish()
        seen.append((tables, tables.parts.tobytes(), tables.edges.tobytes(), tables.stripes.tobytes()))
    town.check(tables)
    assert len(tables.parts) >= 40
    for tables, *bytes_then in seen:
        assert [tables.parts.tobytes(), tables.edges.tobytes(), tables.stripes.tobytes()] == bytes_then
