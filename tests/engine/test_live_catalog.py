"""The engine over a catalog of fences that changes: what is published when, events, restarts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from world import NOW_MS, SECOND_MS, World, east_e7, fence, ping, store, transitions, verdicts

from geooffer.engine import fence_layers
from geooffer.engine.engine import Engine
from geooffer.engine.fence_merge import Merged, merge
from geooffer.journal.memory import MemoryJournal
from geooffer.model.catalog import Category, Customer, Geofence
from geooffer.model.fence_tables import FenceTables
from geooffer.model.verdicts import PingVerdict

DEVICES = (1, 2, 3)


def a_town(kind: str = "cells", journal: MemoryJournal | None = None) -> Engine:
    """Three customers, one store, no offers: who walks about is told of fences only."""
    customers = [Customer(f"customer-{device}", (device,)) for device in DEVICES]
    world = World([store(), fence()], (), (), customers, touchpoints=(), index_kind=kind)
    return world.build(journal)


def test_a_change_of_fences_leaves_what_is_sold_as_it_is() -> None:
    engine = World().build()
    before = engine.snapshot
    engine.put_nouns([fence("second", east_m=300.0)], now_ms=NOW_MS)
    assert engine.is_quick_to_publish
    assert engine.publish() == engine.saved_generation == before.generation + 1
    after = engine.snapshot
    assert (after.commerce is before.commerce, after.nouns is before.nouns) == (True, True)
    assert after.fences.nodes is before.fences.nodes  # the base is not built anew either
    assert engine.hit_count(*where(300.0)) == 1
    engine.delete_noun(Geofence, "second", now_ms=NOW_MS)
    engine.publish()
    assert engine.hit_count(*where(300.0)) == 0
    engine.put_nouns([Category("perfume")], now_ms=NOW_MS)
    assert not engine.is_quick_to_publish
    engine.publish()
    assert engine.snapshot.commerce is not before.commerce
    assert "perfume" in engine.snapshot.nouns.categories


def test_a_fence_whose_shape_stays_keeps_its_place_in_the_base() -> None:
    engine = World().build()
    before = engine.snapshot.fences
    engine.put_nouns([fence(dwell_ms=77_000)], now_ms=NOW_MS)
    engine.publish()
    after = engine.snapshot.fences
    assert (len(after.parts), after.delta_items.tolist()) == (len(before.parts), before.delta_items.tolist())
    assert after.fences["dwell_ms"].tolist() == [77_000]
    assert engine.hit_count(*where(0.0)) == 1


def where(east_m: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    row = ping(east_m=east_m)
    return row["latitude_e7"], row["longitude_e7"], np.ones(1, np.uint8)


def test_what_is_saved_is_in_force_with_its_publication_and_not_before() -> None:
    engine = a_town()
    engine.put_nouns([fence("second", east_m=300.0)], now_ms=NOW_MS)
    assert engine.hit_count(*where(300.0)) == 0
    engine.put_nouns([fence("second", east_m=600.0)], now_ms=NOW_MS)
    engine.publish()
    assert [engine.hit_count(*where(east_m)) for east_m in (300.0, 600.0)] == [0, 1]
    assert engine.live_generation == engine.saved_generation


def test_a_change_refused_by_the_journal_leaves_index_and_pings_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = MemoryJournal()
    engine = a_town(journal=journal)

    def refuse(_: object) -> None:
        raise OSError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(journal, "append", refuse)
        with pytest.raises(OSError, match="no room"):
            engine.put_nouns([fence("fence-1", east_m=900.0), fence("second", east_m=300.0)], now_ms=NOW_MS)
    engine.put_nouns([fence("third", east_m=600.0)], now_ms=NOW_MS)
    engine.publish()
    assert [engine.hit_count(*where(east_m)) for east_m in (0.0, 300.0, 600.0, 900.0)] == [1, 0, 1, 0]


Step = Callable[[Engine, np.random.Generator], None]


def live(engine: Engine, seed: int, after_change: Step) -> list[object]:
    """A day of pings and changed fences; `after_change` publishes. What was told, row by row."""
    rng, ways = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    told: list[object] = []
    for moment in range(120):
        now_ms = NOW_MS + moment * 20 * SECOND_MS
        if rng.random() < 0.4:
            name = f"fence-{int(rng.integers(1, 12))}"
            if rng.random() < 0.3 and name in engine.registry.geofences:
                engine.delete_noun(Geofence, name, now_ms=now_ms)
            else:
                wide = float(rng.uniform(60, 200))
                put = fence(name, radius_m=wide, east_m=float(rng.uniform(-300, 300)))
                engine.put_nouns([put], now_ms=now_ms)
            after_change(engine, ways)
            assert engine.live_generation == engine.saved_generation
        for device in DEVICES:
            row = ping(now_ms, device=device, east_m=float(rng.uniform(-300, 300)))
            outcome = engine.step(row)
            told.append((verdicts(outcome), transitions(engine, outcome.transitions), engine.live_generation))
    return told


def by_delta(engine: Engine, ways: np.random.Generator) -> None:
    engine.publish()


def by_merging_at_once(engine: Engine, ways: np.random.Generator) -> None:
    engine.stage_fences()
    source = engine.index.layers.begin_merge()
    engine.take_merged(source, merge(source))


class ByMergingAside:
    """Begins a merge now and then and takes it some changes later."""

    def __init__(self) -> None:
        self.under_way: tuple[FenceTables, Merged] | None = None

    def __call__(self, engine: Engine, ways: np.random.Generator) -> None:
        if self.under_way is not None and ways.random() < 0.4:
            assert engine.take_merged(*self.under_way) == engine.saved_generation
            self.under_way = None
        else:
            engine.publish()
        if self.under_way is None and ways.random() < 0.5:
            source = engine.index.layers.begin_merge()
            self.under_way = source, merge(source)


@pytest.mark.parametrize("seed", [1, 2])
def test_events_are_the_same_however_changes_come_into_force(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = live(a_town(), seed, by_merging_at_once)
    assert sum(len(told[1]) for told in expected) > 50  # type: ignore[index]
    assert {told[0][0] for told in expected} >= {PingVerdict.ACCEPTED}  # type: ignore[index]
    for kind in ("cells", "packed", "rtree"):
        assert live(a_town(kind), seed, by_delta) == expected, kind
        assert live(a_town(kind), seed, ByMergingAside()) == expected, kind
    monkeypatch.setattr(fence_layers, "DELTA_BOX_COUNT_MAX", 2)  # publications merge now and then by themselves
    engine = a_town()
    assert live(engine, seed, by_delta) == expected
    assert engine.index.layers.counts.merge_count > 3


def test_a_restart_decides_as_before() -> None:
    journal = MemoryJournal()
    engine = a_town(journal=journal)
    live(engine, 3, ByMergingAside())
    again = Engine(journal=journal, clock=engine.clock)
    assert again.live_generation == engine.live_generation
    assert again.index.layers.counts.delta_box_count == 0
    names = ("live", "removed_ms", "dwell_ms", "store_number", "part_count", "radius_equivalent_cm")
    for name in names:
        assert again.snapshot.fences.fences[name].tolist() == engine.snapshot.fences.fences[name].tolist(), name
    latitudes = np.full(1, ping()["latitude_e7"][0], np.int32)
    counts = []
    for east_m in range(-500, 501, 5):
        point = latitudes, np.full(1, east_e7(east_m), np.int32), np.ones(1, np.uint8)
        assert again.hit_count(*point) == engine.hit_count(*point)
        counts.append(engine.hit_count(*point))
    assert max(counts) >= 2
