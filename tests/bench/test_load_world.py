"""Where the native load's devices are, and what is due to them: against a walk that counts one by one."""

from __future__ import annotations

import numpy as np

from geooffer.bench import direct_world, load_world
from geooffer.bench.load_world import LoadWorld


def turns(world: LoadWorld, stream: int, stream_count: int, row_count: int) -> list[int]:
    """The device keys of a stream's first rows, one after the other (native/load/src/world.rs: Turns)."""
    each = world.device_count // stream_count
    place, keys = 0, []
    for row in range(row_count):
        if row % each == 0:
            place = 0
        keys.append(stream * each + 1 + place)
        place = (place + load_world.stride(each)) % each
    return keys


def test_the_mix_is_as_stated_and_lies_where_it_should() -> None:
    path = np.array(load_world.path_offsets())
    assert path.shape == (100, 2)
    metres = np.hypot(path[:, 0] * 0.01113, path[:, 1] * 0.01113 * np.cos(np.radians(47.2)))
    assert (metres[:5] < direct_world.RADIUS_CM / 100 / 2).all()
    assert (metres[5:] > 4 * direct_world.RADIUS_CM / 100).all()
    assert len({key * load_world.PATH_SHIFT % 100 for key in range(1, 101)}) == 100


def test_steps_and_offers_are_those_of_a_walk_one_by_one() -> None:
    world = LoadWorld(device_count=60, names_devices=True)
    stream_sent = [3, 40, 0, 101]
    row_count = 5
    counted = np.zeros(60, dtype=np.int64)
    insides = np.zeros(60, dtype=np.int64)
    for stream, sent in enumerate(stream_sent):
        for key in turns(world, stream, len(stream_sent), sent * row_count):
            phase = (counted[key - 1] + key * load_world.PATH_SHIFT) % load_world.PATH_LENGTH
            insides[key - 1] += phase < load_world.INSIDE_LENGTH
            counted[key - 1] += 1
    steps = load_world.steps_taken(world, row_count, stream_sent)
    assert steps.tolist() == counted.tolist()
    due = load_world.offers_due(world, steps, every=3)
    assert due.tolist() == [bool(insides[key - 1] and key % 3 == 0) for key in range(1, 61)]
    assert due.any()
    assert not due.all()


def test_turns_visit_every_device_once_a_pass() -> None:
    for each in (1, 2, 7, 100):
        world = LoadWorld(device_count=each, names_devices=True)
        assert sorted(turns(world, 0, 1, each)) == list(range(1, each + 1))
