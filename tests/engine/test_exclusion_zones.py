"""Exclusion zones in the engine: such a ping might as well never have been sent (privacy M3, C6; verdict of T6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from world import (
    HOUR_MS,
    MINUTE_MS,
    NOW_MS,
    SECOND_MS,
    World,
    circle_at,
    contact_count,
    fence,
    ping,
    pings,
    store,
    transitions,
    tries,
    verdicts,
)

from geooffer.engine.engine import Engine
from geooffer.engine.shapes import polygon_from_lonlat
from geooffer.engine.state import digest
from geooffer.errors import ExclusionZoneOverlapError, InvalidArgumentError
from geooffer.journal.memory import MemoryJournal
from geooffer.model.columns import Outcome, StructArray
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.limits import PARTITION_COUNT
from geooffer.model.policy import Policy
from geooffer.model.verdicts import OfferVerdict, PingVerdict

KINDS = ("cells", "packed", "rtree")


def zone(zone_id: str = "clinic-1", radius_m: float = 40.0, buffer_m: float = 0.0, **changes: Any) -> ExclusionZone:
    place = {key: changes.pop(key) for key in ("east_m", "north_m") if key in changes}
    category = changes.pop("category", ZoneCategory.CLINIC)
    return ExclusionZone(zone_id, category, circle_at(radius_m, **place), round(buffer_m * 100), **changes)


def put(engine: Engine, *zones: ExclusionZone) -> None:
    engine.put_nouns(zones, now_ms=NOW_MS)


def soft_state(engine: Engine) -> list[Any]:
    """Each device's fields, and those of the visits in its list: where rows lie in memory says nothing."""
    view = engine.state.people.view
    told: list[Any] = []
    for device in view.devices[view.devices["device_key"] != 0]:
        told.append([device[name].item() for name in view.devices.dtype.names if name != "presence_head"])
        slot = int(device["presence_head"])
        while slot >= 0:
            presence = view.presences[slot]
            told.append(
                [presence[name].tolist() for name in view.presences.dtype.names if name not in ("next", "_pad")]
            )
            slot = int(presence["next"])
    return told


def digests(engine: Engine) -> list[str]:
    """Of what is durable of persons."""
    return [digest(engine.state, partition) for partition in range(PARTITION_COUNT)]


def decided(engine: Engine, rows: StructArray) -> tuple[Outcome, list[tuple[str, int]]]:
    outcome = engine.step(rows)
    return outcome, [(item.offer.offer_id, item.row) for item in engine.commit(outcome)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_zone_wins_over_a_fence_at_once_and_nothing_of_the_ping_is_kept(kind: str) -> None:
    engine = World(index_kind=kind).build()
    before, generation = soft_state(engine), engine.live_generation
    put(engine, zone())
    assert engine.live_generation == generation  # in force before any publication
    outcome, offers = decided(engine, ping(session=5, sequence=9))
    assert verdicts(outcome) == [PingVerdict.EXCLUSION_ZONE]
    assert len(outcome.transitions) == len(outcome.tries) == len(outcome.winners) == len(offers) == 0
    assert soft_state(engine) == before
    assert contact_count(engine) == 0
    assert not engine.recent_tries.of(engine.key_of("ann"), NOW_MS)
    engine.delete_noun(ExclusionZone, "clinic-1", now_ms=NOW_MS)
    outcome, offers = decided(engine, ping(session=5, sequence=9))
    assert offers == [("offer-1", 0)]  # not even a duplicate


@pytest.mark.parametrize(
    ("away_m", "accuracy_m", "expected"),
    [
        (139.0, 10.0, PingVerdict.EXCLUSION_ZONE),
        (141.0, 1.0, PingVerdict.EXCLUSION_ZONE),
        (155.0, 10.0, PingVerdict.ACCEPTED),
        (155.0, 20.0, PingVerdict.EXCLUSION_ZONE),
        (185.0, 0.0, PingVerdict.EXCLUSION_ZONE),  # not told: 50 m are assumed, as for presence
        (195.0, 0.0, PingVerdict.ACCEPTED),
        (235.0, 100.0, PingVerdict.EXCLUSION_ZONE),
        (235.0, 101.0, PingVerdict.ACCURACY_TOO_COARSE),
    ],
)
def test_the_accuracy_circle_and_the_buffer_add_up(away_m: float, accuracy_m: float, expected: PingVerdict) -> None:
    """Radius 40 m, buffer 100 m."""
    engine = World().build()
    put(engine, zone(buffer_m=100.0))
    assert verdicts(engine.step(ping(north_m=away_m, accuracy_m=accuracy_m))) == [expected]


def test_the_verdict_stands_where_t6_has_it() -> None:
    """After NO_CONSENT and ACCURACY_TOO_COARSE, before DUPLICATE, FUTURE_FIX and STALE_FIX."""
    engine = World(purposes=0, touchpoints=()).build()
    put(engine, zone())
    assert verdicts(engine.step(ping())) == [PingVerdict.NO_CONSENT]
    engine = World().build()
    engine.step(ping(north_m=500.0, sequence=4))
    put(engine, zone())
    duplicate, future = ping(sequence=4), ping(NOW_MS + HOUR_MS, now_ms=NOW_MS)
    stale = ping(NOW_MS - MINUTE_MS, now_ms=NOW_MS)
    assert verdicts(engine.step(pings(duplicate, future, stale))) == [PingVerdict.EXCLUSION_ZONE] * 3


def test_a_coarser_bound_of_a_policy_is_met_by_wider_boxes() -> None:
    engine = World(policy=Policy(accuracy_max_cm=50_000)).build()
    put(engine, zone())
    assert verdicts(engine.step(ping(north_m=420.0, accuracy_m=400.0))) == [PingVerdict.EXCLUSION_ZONE]
    engine.policy = engine.policy._replace(accuracy_max_cm=200_000)
    assert verdicts(engine.step(ping(north_m=1_420.0, accuracy_m=1_400.0))) == [PingVerdict.EXCLUSION_ZONE]


def test_validity_is_asked_from_fix_to_arrival() -> None:
    """A late upload from within the validity is dropped after it, too."""
    engine = World().build()
    put(engine, zone(valid_from_ms=NOW_MS, valid_until_ms=NOW_MS + HOUR_MS))
    second = SECOND_MS
    assert verdicts(engine.step(ping(NOW_MS - second))) == [PingVerdict.ACCEPTED]
    assert verdicts(engine.step(ping(NOW_MS - second, now_ms=NOW_MS))) == [PingVerdict.EXCLUSION_ZONE]
    assert verdicts(engine.step(ping(NOW_MS + HOUR_MS - 1))) == [PingVerdict.EXCLUSION_ZONE]
    assert verdicts(engine.step(ping(NOW_MS + HOUR_MS - 1, now_ms=NOW_MS + 2 * HOUR_MS))) == [
        PingVerdict.EXCLUSION_ZONE
    ]
    assert verdicts(engine.step(ping(NOW_MS + HOUR_MS))) == [PingVerdict.ACCEPTED]


def test_she_goes_silent_and_her_visit_ends_where_she_was_last_heard() -> None:
    """The EXIT names the last fix before the zone, as if her phone had been switched off there."""
    engine = World().build()
    put(engine, zone(north_m=400.0))
    assert transitions(engine, engine.step(ping()).transitions) == [("ENTER", "INITIAL", "fence-1", 0)]
    for minute in range(1, 15):
        assert verdicts(engine.step(ping(NOW_MS + minute * MINUTE_MS, north_m=400.0))) == [PingVerdict.EXCLUSION_ZONE]
    told = transitions(engine, engine.advance(NOW_MS + 16 * MINUTE_MS))
    assert told == [("EXIT", "SILENT", "fence-1", 0)]


def test_explain_says_so_and_names_no_fence() -> None:
    engine = World().build()
    put(engine, zone(buffer_m=10.0))
    place = ping(north_m=55.0)[0]
    told = engine.explain(
        device_key=1,
        latitude_e7=int(place["latitude_e7"]),
        longitude_e7=int(place["longitude_e7"]),
        accuracy_cm=1_000,
        now_ms=NOW_MS,
    )
    assert told.ping_verdict is PingVerdict.EXCLUSION_ZONE
    assert told.fences == ()


def test_zones_come_back_from_the_journal_with_numbers_and_validity() -> None:
    journal = MemoryJournal()
    World().build(journal)
    engine = World(nouns=(), prices=(), stock=(), customers=(), touchpoints=()).build(journal)
    area, _ = polygon_from_lonlat([[[(13.4, 52.5), (13.41, 52.5), (13.4, 52.51), (13.4, 52.5)]]])
    held = ExclusionZone("school-1", ZoneCategory.SCHOOL, area, 2_500, "Grundschule", NOW_MS, NOW_MS + HOUR_MS)
    put(engine, zone(), held)
    again = World(nouns=(), prices=(), stock=(), customers=(), touchpoints=()).build(journal)
    assert again.registry.exclusion_zones == {"clinic-1": zone(), "school-1": held}
    assert verdicts(again.step(ping())) == [PingVerdict.EXCLUSION_ZONE]


# -- fences and zones ------------------------------------------------------------------------------------------


def test_a_stores_fence_over_a_zone_is_refused_by_name_and_category() -> None:
    engine = World().build()
    put(engine, zone("shelter-9", 20.0, 30.0, north_m=1_000.0, category=ZoneCategory.SHELTER))
    with pytest.raises(ExclusionZoneOverlapError, match=r"shelter-9 \(shelter\)") as told:
        engine.put_nouns([fence("fence-2", north_m=1_095.0)], now_ms=NOW_MS)
    assert told.value.reason == "EXCLUSION_ZONE_OVERLAP"
    assert "fence-2" not in engine.registry.geofences
    engine.put_nouns([fence("fence-2", north_m=1_110.0)], now_ms=NOW_MS)
    engine.put_nouns([fence("everywhere", "", radius_m=5_000.0)], now_ms=NOW_MS)  # tries nothing, is silenced there
    with pytest.raises(ExclusionZoneOverlapError):
        engine.put_nouns([fence("everywhere", "store-1", radius_m=5_000.0)], now_ms=NOW_MS)


def test_a_zone_over_fences_is_taken_says_which_and_leaves_them_changeable() -> None:
    engine = World().build()
    engine.put_nouns([fence("fence-2", north_m=300.0)], now_ms=NOW_MS)
    new = zone(radius_m=30.0, buffer_m=75.0, north_m=150.0)
    assert engine.fences_silenced(new) == ["fence-1", "fence-2"]
    assert engine.fences_silenced(zone(radius_m=30.0, buffer_m=75.0, north_m=-150.0)) == ["fence-1"]
    put(engine, new)
    engine.put_nouns([replace(engine.registry.geofences["fence-1"], name="renamed")], now_ms=NOW_MS)
    with pytest.raises(ExclusionZoneOverlapError):
        engine.put_nouns([fence("fence-1", radius_m=51.0)], now_ms=NOW_MS)
    results = engine.put_nouns([fence("a", north_m=150.0), fence("b", east_m=900.0)], now_ms=NOW_MS, partial=True)
    assert [result is None for result in results] == [False, True]


def test_a_clipped_fence_touches_no_zone_and_is_left_where_there_is_none() -> None:
    engine = World().build()
    put(engine, zone("z-1", 30.0, 10.0, north_m=80.0), zone("z-2", 5.0, 0.0, east_m=-60.0))
    asked = fence("fence-2", radius_m=100.0)
    left, note = engine.clip_fence(asked)
    assert note.startswith("clipped by exclusion zone z-1, z-2: 1 part of ")
    engine.put_nouns([left], now_ms=NOW_MS)
    engine.publish()
    told = [
        tries(engine, engine.step(ping(NOW_MS + index * HOUR_MS, east_m=east_m, north_m=north_m, accuracy_m=1.0)))
        for index, (east_m, north_m) in enumerate([(90.0, 0.0), (0.0, 60.0), (-60.0, 0.0)])
    ]
    assert [bool(found) for found in told] == [True, False, False]
    assert engine.clip_fence(fence("fence-3", north_m=900.0)) == (fence("fence-3", north_m=900.0), "")
    with pytest.raises(ExclusionZoneOverlapError, match="nothing of the fence"):
        engine.clip_fence(fence("fence-4", radius_m=5.0, north_m=80.0))


def test_bounds_of_a_zone_are_kept() -> None:
    engine = World().build()
    with pytest.raises(InvalidArgumentError, match="buffer_cm"):
        put(engine, zone(buffer_m=10_000.01))
    with pytest.raises(InvalidArgumentError, match="valid_until_time"):
        put(engine, zone(valid_from_ms=NOW_MS, valid_until_ms=NOW_MS))


# -- properties --------------------------------------------------------------------------------------------------


def random_town(rng: np.random.Generator, kind: str) -> tuple[Engine, list[ExclusionZone]]:
    """Stores with fences of their own, one customer with one phone, and zones that lie over some of them."""
    world = World(index_kind=kind)
    places = [(0.0, 0.0), *((float(x), float(y)) for x, y in rng.uniform(-600, 600, (4, 2)))]
    stores = [store(f"store-{index}", east_m=x, north_m=y) for index, (x, y) in enumerate(places, start=1)]
    fences = [
        fence(f"fence-{index}", f"store-{index}", east_m=x, north_m=y, radius_m=float(rng.uniform(30, 150)))
        for index, (x, y) in enumerate(places, start=1)
    ]
    world.nouns = [*stores, *fences, *(noun for noun in world.nouns if type(noun).__name__ in ("Category", "Product"))]
    world.nouns = [*world.nouns, *(noun for noun in World().nouns if type(noun).__name__ == "Offer")]
    world.stock = [replace(world.stock[0], store_id=item.store_id) for item in stores]
    zones = [
        zone(
            f"z-{index}",
            float(rng.uniform(5, 120)),
            float(rng.choice([0.0, 20.0, 100.0])),
            east_m=x + float(rng.normal(0, 100)),
            north_m=y + float(rng.normal(0, 100)),
        )
        for index, (x, y) in enumerate(places[:3])
    ]
    return world.build(), zones


def random_walk(rng: np.random.Generator, count: int) -> StructArray:
    places = np.cumsum(rng.normal(0, 90, (count, 2)), axis=0)
    time_ms = NOW_MS
    rows = []
    for index, (x, y) in enumerate(places):
        time_ms += int(rng.choice([1, 20, 70, 700, 1_000])) * SECOND_MS
        late_ms = int(rng.choice([0, 0, 0, 90])) * SECOND_MS
        rows.append(
            ping(
                time_ms,
                east_m=float(x),
                north_m=float(y),
                accuracy_m=float(rng.choice([0, 5, 30, 90, 150])),
                sequence=index + 1,
                session=1,
                now_ms=time_ms + late_ms,
            )
        )
    walk = pings(*rows)
    walk["now_ms"] = np.maximum.accumulate(walk["now_ms"])
    return walk


def told_of(engine: Engine, rows: StructArray, cuts: list[int]) -> tuple[list[int], list[Any]]:
    """Verdicts, and all that is told, with rows named by their sequence; in batches that end at `cuts`."""
    found: list[int] = []
    events: list[Any] = []
    for batch in np.split(rows, cuts):
        outcome = engine.step(batch)
        found += outcome.verdicts.tolist()
        names = batch["sequence"]
        events += [
            ("moved", *(int(item[name]) for name in ("event_time_ms", "kind", "cause", "fence_number", "historical")),
             int(names[item["row"]]))
            for item in outcome.transitions
        ]  # fmt: skip
        events += [
            ("tried", int(names[item["row"]]), int(item["fence_number"]), int(item["verdict"]))
            for item in outcome.tries
        ]
        events += [("offered", int(names[item.row]), item.offer.offer_id) for item in engine.commit(outcome)]
    return found, sorted(events)


def compare_with_pings_left_out(seed: int) -> tuple[int, int]:
    """A walk through zones is told, byte for byte, what the same walk without those pings is told, and leaves the same
    behind; returns how many pings fell into zones, and how many events were left.
    """
    rng = np.random.default_rng(seed)
    kind = KINDS[seed % 3]
    engine, zones = random_town(rng, kind)
    walk = random_walk(rng, 60)
    put(engine, *zones)
    cuts = sorted(set(rng.integers(1, len(walk), int(rng.integers(0, 8))).tolist()))
    found, events = told_of(engine, walk, cuts)
    outside = np.array([verdict != PingVerdict.EXCLUSION_ZONE for verdict in found])

    engine_without, _ = random_town(np.random.default_rng(seed), kind)
    put(engine_without, *(zone(item.zone_id, east_m=50_000.0) for item in zones))  # as many catalog changes
    _, events_without = told_of(engine_without, walk[outside], [])
    assert events == events_without
    assert soft_state(engine) == soft_state(engine_without)
    assert digests(engine) == digests(engine_without)
    dropped = {int(row["sequence"]) for row, is_out in zip(walk, outside, strict=True) if not is_out}
    assert not any(event[1 if event[0] != "moved" else 6] in dropped for event in events)
    return len(dropped), len(events)


def test_a_walk_through_zones_is_the_walk_without_those_pings() -> None:
    totals = np.sum([compare_with_pings_left_out(seed) for seed in range(40)], axis=0)
    assert totals.min() > 100


@pytest.mark.long
def test_many_walks_through_zones_are_walks_without_those_pings() -> None:
    totals = np.sum([compare_with_pings_left_out(seed) for seed in range(1_000, 2_500)], axis=0)
    assert totals.min() > 5_000


def first_pings(seed: int, zone_count: int) -> tuple[set[tuple[int, int]], set[tuple[int, int, int]]]:
    """(offers, transitions) of a crowd of whom each sends one ping, with that many of the town's zones."""
    rng = np.random.default_rng(seed)
    engine, zones = random_town(rng, KINDS[seed % 3])
    places = rng.uniform(-700, 700, (120, 2))
    accuracies_m = rng.choice([0, 5, 30, 90], len(places))
    put(engine, *zones[:zone_count])
    offers: set[tuple[int, int]] = set()
    moves: set[tuple[int, int, int]] = set()
    for index, ((x, y), accuracy_m) in enumerate(zip(places, accuracies_m, strict=True)):
        outcome = engine.step(ping(NOW_MS, east_m=float(x), north_m=float(y), accuracy_m=float(accuracy_m)))
        moves |= {(index, int(item["fence_number"]), int(item["kind"])) for item in outcome.transitions}
        offers |= {(index, int(item["offer_number"])) for item in outcome.winners}
        for winner in outcome.winners:
            engine._give_back(winner)  # the next ping is another person's first
        engine.state.people.clear_presence(engine.key_of("ann"))
        engine.state.people.view.devices["watermark_ms"] = -(2**62)
    return offers, moves


def compare_zone_by_zone(seed: int) -> tuple[int, int]:
    """Adding a zone only removes: at the same state, ping by ping; returns what was left out by all and was there."""
    offers, moves = first_pings(seed, 0)
    begun = len(offers) + len(moves)
    for zone_count in (1, 2, 3):
        fewer_offers, fewer_moves = first_pings(seed, zone_count)
        assert fewer_offers <= offers
        assert fewer_moves <= moves
        offers, moves = fewer_offers, fewer_moves
    return begun - len(offers) - len(moves), begun


def test_adding_a_zone_only_removes_offers_and_transitions() -> None:
    removed, begun = np.sum([compare_zone_by_zone(seed) for seed in range(8)], axis=0)
    assert removed > 10
    assert begun > removed


@pytest.mark.long
def test_adding_a_zone_only_removes_in_many_towns() -> None:
    removed, _ = np.sum([compare_zone_by_zone(seed) for seed in range(100, 400)], axis=0)
    assert removed > 1_000


def test_the_statistics_count_it_and_say_nothing_more() -> None:
    engine = World().build()
    put(engine, zone())
    engine.step(pings(ping(), ping(NOW_MS + 1), ping(NOW_MS + 2, north_m=900.0)))
    assert engine.statistics.ping_verdicts == {PingVerdict.EXCLUSION_ZONE: 2, PingVerdict.ACCEPTED: 1}
    assert not engine.statistics.tries[OfferVerdict.OFFERED]
