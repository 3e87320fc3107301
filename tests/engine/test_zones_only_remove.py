"""Adding an exclusion zone only removes offers and events, of every kind of fence, anywhere on Earth (privacy M3)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from world import EU_43, HOUR_MS, MINUTE_MS, NOW_MS, SECOND_MS, World, offer, ping, product, transitions, verdicts

from geooffer.engine.engine import Engine
from geooffer.engine.shapes import polygon_from_lonlat
from geooffer.model.catalog import Category, Geofence, StockFigure, Store
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.shapes import Circle, Shape
from geooffer.model.verdicts import OfferTrigger, OfferVerdict, PingVerdict

Place = tuple[float, float]
"""Latitude and longitude of a shop, in degrees."""
TOWN: Place = (52.52, 13.405)
PLACES: dict[str, Place] = {
    "town": TOWN,
    "antimeridian from the west": (10.0, 179.9999),
    "antimeridian from the east": (-17.0, -180.0),
    "equator and meridian": (0.0, 0.0),
    "far north": (89.95, 40.0),
    "far south": (-89.95, 179.99),
}
POLES: dict[str, Place] = {"north pole": (90.0, 0.0), "beside the south pole": (-89.9996, -120.0)}
KINDS = ("circle", "polygon", "courtyard", "two parts", "without store", "dwell")
INDEXES = ("cells", "packed", "rtree")


def moved(place: Place, east_m: float, north_m: float) -> Place:
    """The place so many metres away, in a straight line."""
    bearing = float(np.degrees(np.arctan2(east_m, north_m)))
    end = Geodesic.WGS84.Direct(*place, bearing, float(np.hypot(east_m, north_m)))
    return end["lat2"], end["lon2"]


def disc(place: Place, radius_m: float) -> Circle:
    longitude = (place[1] + 180.0) % 360.0 - 180.0
    return Circle(round(place[0] * 1e7), round(longitude * 1e7), round(radius_m * 100))


def block(place: Place, half_m: float, east_m: float = 0.0) -> list[tuple[float, float]]:
    """A ring around a place, longitude first, either side of the antimeridian."""
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
    return [moved(place, east_m + half_m * x, half_m * y)[::-1] for x, y in corners]


def shape_of(kind: str, place: Place) -> Shape:
    if kind == "polygon":
        return polygon_from_lonlat([[block(place, 60.0)]])[0]
    if kind == "courtyard":
        return polygon_from_lonlat([[block(place, 80.0), block(place, 30.0)]])[0]
    if kind == "two parts":
        return polygon_from_lonlat([[block(place, 40.0, -60.0)], [block(place, 40.0, 60.0)]])[0]
    return disc(place, 60.0)


def shop_at(place: Place, kind: str, index_kind: str = "cells") -> Engine:
    """One shop with one fence of that kind; ann wants what it offers."""
    centre = disc(place, 1.0)
    trigger = OfferTrigger.DWELL if kind == "dwell" else OfferTrigger.ENTER
    world = World(index_kind=index_kind)
    world.nouns = [
        Store("store-1", "store-1", centre.latitude_e7, centre.longitude_e7, "UTC", "24/7"),
        Geofence("fence-1", shape_of(kind, place), "" if kind == "without store" else "store-1"),
        Category("running-shoes"),
        product(),
        offer(trigger=trigger),
    ]
    world.stock = [StockFigure("store-1", "shoe", EU_43, 5, NOW_MS - HOUR_MS)]
    return world.build()


def told_alone(engine: Engine, place: Place, accuracy_m: float) -> tuple[set[tuple[str, int]], bool]:
    """What is told to somebody of whom nothing is known and who stands there for a minute and more: (events and offers,
    whether her pings fell into a zone). Nothing of it is left.
    """
    rows = np.concatenate([ping(NOW_MS + second * SECOND_MS, accuracy_m=accuracy_m) for second in (0, 70)])
    there = disc(place, 1.0)
    rows["latitude_e7"], rows["longitude_e7"] = there.latitude_e7, there.longitude_e7
    outcome = engine.step(rows)
    told = {("event", int(item["kind"])) for item in outcome.transitions}
    told |= {("offer", int(item["offer_number"])) for item in outcome.winners}
    for winner in outcome.winners:
        engine._give_back(winner)
    engine.state.people.clear_presence(engine.key_of("ann"))
    engine.state.people.view.devices["watermark_ms"] = -(2**62)
    (is_excluded,) = {verdict is PingVerdict.EXCLUSION_ZONE for verdict in verdicts(outcome)}
    return told, is_excluded


def random_zone(rng: np.random.Generator, number: int, place: Place) -> ExclusionZone:
    """A disc or a block near the shop; of discs some touch the shop's own of 60 m from outside, to a centimetre."""
    buffer_m = float(rng.choice([0.0, 0.0, 25.0]))
    radius_m = float(rng.uniform(2, 40))
    away_m = 60.0 + radius_m + buffer_m if rng.random() < 0.3 else float(rng.uniform(0, 150))
    bearing = float(rng.uniform(0, 2 * np.pi))
    centre = moved(place, away_m * np.sin(bearing), away_m * np.cos(bearing))
    shape: Shape = disc(centre, radius_m)
    if rng.random() < 0.4 and abs(place[0]) < 89.99:
        shape = polygon_from_lonlat([[block(centre, radius_m)]])[0]
    return ExclusionZone(f"z-{number}", ZoneCategory.WORSHIP, shape, round(buffer_m * 100))


def must_exclude(zones: list[ExclusionZone], place: Place, accuracy_m: float) -> bool:
    """By GeographicLib: whether a disc among the zones is touched."""
    return any(
        Geodesic.WGS84.Inverse(*place, zone.shape.latitude_e7 / 1e7, zone.shape.longitude_e7 / 1e7)["s12"]
        <= (zone.shape.radius_cm + zone.buffer_cm) / 100 + (accuracy_m or 50.0) - 0.05
        for zone in zones
        if isinstance(zone.shape, Circle)
    )


def add_zones(seed: int, place: Place, kind: str, zone_count: int, place_count: int) -> tuple[int, int, int]:
    """Zones are added one by one; after each, nothing new is told anywhere, nothing at all where one is touched, and
    elsewhere what was told before. Returns how much was told, how much was removed, how often a disc had to be met.
    """
    rng = np.random.default_rng(seed)
    engine = shop_at(place, kind, INDEXES[seed % 3])
    spots = [
        (moved(place, *rng.uniform(-95, 95, 2).tolist()), float(rng.choice([0.0, 1.0, 10.0, 40.0])))
        for _ in range(place_count)
    ]
    before = [told_alone(engine, *spot)[0] for spot in spots]
    begun = sum(map(len, before))
    zones: list[ExclusionZone] = []
    met_count = 0
    for number in range(zone_count):
        zones.append(random_zone(rng, number, place))
        engine.put_nouns([zones[-1]], now_ms=NOW_MS)
        for index, spot in enumerate(spots):
            told, is_excluded = told_alone(engine, *spot)
            assert told == (set() if is_excluded else before[index])
            if must_exclude(zones, *spot):
                met_count += 1
                assert is_excluded
            before[index] = told
    return begun, begun - sum(map(len, before)), met_count


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PLACES)
def test_a_zone_only_removes(name: str, kind: str) -> None:
    begun, removed, met_count = add_zones(KINDS.index(kind), PLACES[name], kind, 3, 24)
    assert begun > 0
    assert removed > 0
    assert met_count > 0


@pytest.mark.parametrize("name", POLES)
def test_a_zone_only_removes_at_a_pole(name: str) -> None:
    found = [add_zones(seed, POLES[name], "circle", 3, 24) for seed in range(3)]
    assert all(np.sum(found, axis=0) > 0)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_zones_only_remove_in_many_cases(kind: str) -> None:
    cases = [(seed, place) for seed in range(100, 112) for place in PLACES.values()]
    totals = np.sum([add_zones(seed, place, kind, 6, 30) for seed, place in cases], axis=0)
    assert totals.min() > 200


def test_two_discs_that_touch_and_a_fix_that_touches_a_disc() -> None:
    """The zone begins where the fence ends; a fix on the common point, and an accuracy circle that only touches."""
    engine = shop_at(TOWN, "circle")
    east = ExclusionZone("z", ZoneCategory.CLINIC, disc(moved(TOWN, 90.0, 0.0), 30.0))
    inside, rim, behind = moved(TOWN, 20.0, 0.0), moved(TOWN, 60.0, 0.0), moved(TOWN, -50.0, 0.0)
    assert [bool(told_alone(engine, spot, 1.0)[0]) for spot in (inside, rim, behind)] == [True, True, True]
    engine.put_nouns([east], now_ms=NOW_MS)
    assert engine.fences_silenced(east) == ["fence-1"]
    assert [told_alone(engine, spot, 1.0)[1] for spot in (inside, rim, behind)] == [False, True, False]
    assert [told_alone(engine, inside, accuracy_m)[1] for accuracy_m in (39.0, 40.0)] == [False, True]


# -- a zone around somebody who is there already -----------------------------------------------------------------


FAR = disc((0.0, 0.0), 10.0)


def stay(kind: str, fix_count: int, zone_shape: Shape | None, **changes: Any) -> tuple[list[Any], Engine]:
    """She enters the shop and stands there, a fix every 40 s; after `fix_count` of them a zone is made. All that is
    told after that, while pings go on (into the zone, or none, where the zone is elsewhere) for 14 minutes.
    """
    engine = shop_at(TOWN, kind)
    engine.policy = engine.policy._replace(**changes)
    spot = disc(moved(TOWN, 60.0 if kind == "two parts" else 50.0, 0.0), 1.0)

    def send(second: int) -> Any:
        row = ping(NOW_MS + second * SECOND_MS, sequence=second + 1, session=1)
        row["latitude_e7"], row["longitude_e7"] = spot.latitude_e7, spot.longitude_e7
        return engine.step(row)

    for index in range(fix_count):
        engine.commit(send(40 * index))
    engine.put_nouns([ExclusionZone("z", ZoneCategory.SHELTER, zone_shape or spot, 1_000)], now_ms=NOW_MS)
    engine.publish()
    told: list[Any] = []
    last_ms = NOW_MS + 40 * (fix_count - 1) * SECOND_MS
    if zone_shape is None:
        for second in range(40 * fix_count, 40 * fix_count + 14 * 60, 40):
            outcome = send(second)
            assert verdicts(outcome) == [PingVerdict.EXCLUSION_ZONE]
            told += [*transitions(engine, outcome.transitions), *outcome.tries, *engine.commit(outcome)]
            told += transitions(engine, engine.advance(NOW_MS + second * SECOND_MS))
            assert told == []
    told += transitions(engine, engine.advance(last_ms + 15 * MINUTE_MS + 1))
    return told, engine


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fix_count", [1, 2, 3])
def test_a_zone_around_who_stands_there_ends_her_visit_as_silence_does(kind: str, fix_count: int) -> None:
    """While she enters, dwells, has dwelt: no DWELL, no try, no offer, one EXIT that names the last fix before."""
    told, engine = stay(kind, fix_count, None)
    without, engine_without = stay(kind, fix_count, FAR)
    last_s = 40 * (fix_count - 1)
    assert told == without == [("EXIT", "SILENT", "fence-1", last_s)]
    people, people_without = engine.state.people.view, engine_without.state.people.view
    assert people.devices.tobytes() == people_without.devices.tobytes()
    assert not engine.statistics.tries[OfferVerdict.TOO_LATE]
    assert engine.statistics.tries == engine_without.statistics.tries
    assert engine.statistics.transitions == engine_without.statistics.transitions


def test_a_visit_that_had_only_begun_to_be_one_is_told_to_nobody() -> None:
    """Two fixes make an ENTER here; the second one is in the zone."""
    told, engine = stay("circle", 1, None, enter_fix_count=2)
    assert told == stay("circle", 1, FAR, enter_fix_count=2)[0] == []
    assert not engine.statistics.offers


def test_what_was_offered_before_the_zone_stays_hers_and_is_capped() -> None:
    """The zone takes nothing back: an offer that was made counts, so none comes twice once she has left the zone."""
    _, engine = stay("circle", 1, None)
    assert engine.statistics.offers == 1
    engine.delete_noun(ExclusionZone, "z", now_ms=NOW_MS)
    back = ping(NOW_MS + HOUR_MS, sequence=100_000, session=1)
    back["latitude_e7"], back["longitude_e7"] = round(TOWN[0] * 1e7), round(TOWN[1] * 1e7)
    outcome = engine.step(back)
    assert [OfferVerdict(int(item["verdict"])) for item in outcome.tries] == [OfferVerdict.ALREADY_OFFERED]
