"""The 1,446 real supermarkets of Berlin (OpenStreetMap, ODbL); the synthetic twins are in test_places.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geooffer.engine.clock import EngineClock
from geooffer.engine.commerce import compile_stores
from geooffer.engine.engine import Engine
from geooffer.engine.zones import Zones
from geooffer.importers.places import StorePlace, read_places
from geooffer.importers.rows import Import
from geooffer.importers.store_features import StoreDefaults
from geooffer.journal.memory import MemoryJournal
from geooffer.model.policy import DAY_MS
from geooffer.model.shapes import Circle, Polygon
from geooffer.model.units import parse_time_ms


@pytest.fixture
def found(shared_data: Path) -> Import[StorePlace]:
    path = shared_data / "stores" / "berlin_supermarkets_polygons.geojson.gz"
    return read_places(path, radius_m=30, defaults=StoreDefaults("Europe/Berlin", "DE", "DE-BE"))


def test_every_supermarket_is_read_and_the_two_unreadable_hours_are_named(found: Import[StorePlace]) -> None:
    assert found.refusals == []
    assert len(found.rows) == 1_446
    assert sum(isinstance(place.fence.shape, Polygon) for place in found.items) == 545
    assert sum(isinstance(place.fence.shape, Circle) for place in found.items) == 901
    assert sum(place.has_hours for place in found.items) == 1_342
    assert sum(bool(place.store.opening_hours) for place in found.items) == 1_340
    assert [row.place for row in found.rows if row.repair_note] == [
        "feature 460 (EDEKA Meissner an der Nolle)",
        "feature 881 (Nah und Gut)",
    ]


def test_they_register_and_open_as_their_signs_say(found: Import[StorePlace]) -> None:
    """On a plain Tuesday, at night, and on a Sunday."""
    tuesday_ms = parse_time_ms("2026-03-03T10:00:00+01:00")
    engine = Engine(journal=MemoryJournal(), clock=EngineClock("client", tuesday_ms))
    stores = [place.store for place in found.items]
    for nouns in (stores, [place.fence for place in found.items]):
        assert engine.put_nouns(nouns, now_ms=tuesday_ms) == [None] * 1_446
    rows, hours = compile_stores(engine.registry, Zones(), tuesday_ms // DAY_MS)

    def open_at(text: str) -> set[str]:
        now_ms = parse_time_ms(text)
        is_open = (hours["open_ms"] <= now_ms) & (now_ms < hours["close_ms"])
        count = np.concatenate([[0], np.cumsum(is_open)])
        ends = rows["hours_start"] + rows["hours_count"]
        chosen = np.flatnonzero(count[ends] > count[rows["hours_start"]])
        return {stores[int(number)].store_id for number in chosen}

    known = {store.store_id for store, row in zip(stores, rows, strict=True) if row["hours_known"]}
    assert known <= {store.store_id for store in stores if store.opening_hours}
    assert len(known) > 1_300
    seven_to_nine = {f"Mo-Sa 07:00-21:00{holidays}" for holidays in ("", "; PH off", "; Su,PH off")}
    plain = {store.store_id for store in stores if store.opening_hours in seven_to_nine}
    assert len(plain) > 300
    assert plain <= open_at("2026-03-03T07:00:00+01:00")
    assert plain <= open_at("2026-03-03T20:59:59+01:00")
    assert not plain & open_at("2026-03-03T21:00:00+01:00")
    assert not plain & open_at("2026-03-03T06:59:59+01:00")
    assert not plain & open_at("2026-03-08T12:00:00+01:00")
    around_the_clock = {store.store_id for store in stores if store.opening_hours == "24/7"}
    assert around_the_clock <= open_at("2026-03-08T03:00:00+01:00")
    assert len(hours) < 8_000, "stores that open alike share their intervals"
