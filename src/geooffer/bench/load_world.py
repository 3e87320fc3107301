"""Where the devices of the native load generator are, and what offers are due to them (native/load/src/world.rs).

position of device key at its step n  =  bases[key mod |bases|] + path[(n + key · shift) mod |path|]

Fences and stores are those of the `direct` shape; of each hundred pings of a device 95 lie outside all fences (350 m
from four), and five in a row inside: the first of them enters and tries a decision. So 95 % are outside, 4 % inside,
1 % try. One device in `intent_every` has a customer who searched: she gets one offer, at her first try, and no more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geooffer.bench import direct_world
from geooffer.model.columns import BoolArray, Int64Array

PATH_LENGTH, INSIDE_LENGTH = 100, 5
PATH_SHIFT = 37
"""How far on its path the next device begins; prime to the path's length, so that all phases are equally frequent."""
_OUTSIDE_JITTER_E7, _INSIDE_JITTER_E7 = 4_500, 900


@dataclass(frozen=True, slots=True)
class LoadWorld:
    """The tables of one load."""

    device_count: int
    names_devices: bool
    """Gateways name the device of a ping, phones do not."""

    def json(self) -> dict[str, Any]:
        """As native/load reads it."""
        return {
            "device_count": self.device_count,
            "names_devices": self.names_devices,
            "bases": [direct_world.fence_centre(number) for number in range(direct_world.FENCE_COUNT)],
            "path": path_offsets(),
            "path_shift": PATH_SHIFT,
            "accuracy_cm": direct_world.ACCURACY_CM,
            "speed_cm_per_s": direct_world.SPEED_CM_PER_S,
        }


def path_offsets() -> list[tuple[int, int]]:
    """Latitude and longitude offsets E7 from the middle of a device's fence, for each phase; the first five inside."""
    random = np.random.default_rng(8)
    inside = random.integers(-_INSIDE_JITTER_E7, _INSIDE_JITTER_E7, size=(INSIDE_LENGTH, 2))
    outside = random.integers(-_OUTSIDE_JITTER_E7, _OUTSIDE_JITTER_E7, size=(PATH_LENGTH - INSIDE_LENGTH, 2))
    outside += np.array(direct_world.HALF_STEP_E7)
    return [(int(latitude), int(longitude)) for latitude, longitude in np.concatenate((inside, outside)).tolist()]


def steps_taken(world: LoadWorld, row_count: int, stream_sent: Sequence[int]) -> Int64Array:
    """How many pings each device sent, keys 1..device_count, of streams that sent so many messages."""
    each = world.device_count // len(stream_sent)
    turn_of = np.empty(each, dtype=np.int64)
    turn_of[np.arange(each) * stride(each) % each] = np.arange(each)
    rows = np.asarray(stream_sent, dtype=np.int64)[:, np.newaxis] * row_count
    steps: Int64Array = rows // each + (turn_of[np.newaxis, :] < rows % each)
    return steps.ravel()


def offers_due(world: LoadWorld, steps: Int64Array, every: int = direct_world.INTENT_EVERY) -> BoolArray:
    """Whether each device's customer gets her offer within so many pings of a run; shape as `steps`."""
    keys = np.arange(1, len(steps) + 1)
    phases = keys * PATH_SHIFT % PATH_LENGTH
    # inside at once, or when the round begins again
    first_inside = np.where(phases < INSIDE_LENGTH, 0, PATH_LENGTH - phases)
    due: BoolArray = (keys % every == 0) & (steps > first_inside)
    return due


def stride(count: int) -> int:
    """The order in which a stream's devices have their turns: the same as in native/load/src/world.rs."""
    step = max(count * 618 // 1_000, 1)
    while math.gcd(step, count) != 1:
        step += 1
    return step
