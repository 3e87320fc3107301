"""The loads of `tile38-*`: what enters and exits they cause, against a walk one by one; what Tile38 is told."""

from __future__ import annotations

import json

import numpy as np
import pytest

from geooffer.bench import fence_loads, tile38
from geooffer.bench.crossings import GEOOFFER_EARTH_M, Crossings, Events
from geooffer.bench.fence_loads import DEVICE_COUNT, FenceLoad, FenceWorld
from geooffer.bench.tile38 import channel_commands, packed
from geooffer.engine.shapes import circle
from geooffer.errors import ConfigurationError

MADE = {name: FenceLoad(name, "") for name in fence_loads.LOADS}


def small_world() -> FenceWorld:
    """Three circles; devices of even keys at the first two, of odd keys at the third, paths of four."""
    fences = [circle(0, 0, 10_000), circle(9_000, 0, 10_000), circle(10_000_000, 0, 10_000)]
    bases = [(0, 0), (10_000_000, 0)]
    return FenceWorld(fences, [], bases, [(0, 0), (9_000, 0), (20_000, 0), (-8_950, 0)], 1)


def walked(world: FenceWorld, steps: list[int], inside: dict[int, set[int]]) -> Events:
    """One by one, by degrees of latitude alone (all is on one meridian)."""
    enters = exits = 0
    for key, count in enumerate(steps, 1):
        for step in range(count):
            base = world.bases_e7[key % len(world.bases_e7)]
            offset = world.path_e7[(step + key * world.path_shift) % len(world.path_e7)]
            north_e7 = base[0] + offset[0]
            now = {n for n, fence in enumerate(world.fences) if abs(north_e7 - fence.latitude_e7) * 0.011119508 <= 100}
            before = inside.get(key, set())
            enters, exits = enters + len(now - before), exits + len(before - now)
            inside[key] = now
    return Events(enters, exits)


def test_events_are_those_of_a_walk_one_by_one_and_go_on_from_run_to_run() -> None:
    world = small_world()
    crossings = Crossings(world, GEOOFFER_EARTH_M)
    random = np.random.default_rng(3)
    inside: dict[int, set[int]] = {}
    for _ in range(3):
        steps = np.zeros(DEVICE_COUNT, dtype=np.int64)
        steps[:50] = random.integers(0, 12, 50)
        expected = walked(world, steps.tolist(), inside)
        assert crossings.take(steps) == expected
        assert expected.enters > 100


def test_what_is_crossed_is_as_the_loads_say() -> None:
    steps = np.zeros(DEVICE_COUNT, dtype=np.int64)
    steps[::97] = 21
    rate = {}
    for name in "abcd":
        world = fence_loads.world_of(MADE[name])
        if name != "d":  # of a quick test enough: some of the devices
            world = FenceWorld(world.fences, [], world.bases_e7, world.path_e7[:2], world.path_shift)
        crossings = Crossings(world, GEOOFFER_EARTH_M)
        crossings.take(steps)
        again = crossings.take(steps)
        rate[name] = (again.enters + again.exits) / steps.sum()
    assert rate["a"] == 0
    assert rate["b"] > 7
    assert rate["c"] < 0.3
    assert 0.15 < rate["d"] < 0.4


def test_tile38_is_told_of_every_fence_by_its_protocol() -> None:
    world = small_world()
    commands = list(channel_commands(world))
    point = ["POINT", "0.0009000", "0.0000000", "100.0"]
    assert commands[1] == ["SETCHAN", "f1", "NEARBY", "fleet", "FENCE", "DETECT", "enter,exit", *point]
    assert packed(["SET", "ü"]) == b"*2\r\n$3\r\nSET\r\n$2\r\n\xc3\xbc\r\n"
    outline = [(8.0, 47.0), (8.1, 47.0), (8.0, 47.1), (8.0, 47.0)]
    building = FenceWorld(world.fences, [], world.bases_e7, world.path_e7, 1)
    assert building.outlines == []
    polygons = fence_loads._outlined([[(0, 0), (9, 0), (0, 9), (0, 0)]], np.array([[8.0, 47.0]]))
    (command,) = channel_commands(polygons)
    assert command[2] == "WITHIN"
    told = json.loads(command[-1])["coordinates"][0]
    assert told[0] == told[-1] == list(outline[0])


def test_an_absent_rival_is_absent_and_a_wrong_path_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tile38.SERVER_VARIABLE, raising=False)
    assert tile38.server_path() is None
    monkeypatch.setenv(tile38.SERVER_VARIABLE, "/nowhere/tile38-server")
    with pytest.raises(ConfigurationError):
        tile38.server_path()
