"""Would a fix here be believed (semantics T4)? Told slowly, over plain values; kernels/jumps.py decides for pings."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import TYPE_CHECKING

from geooffer.engine.explain_shopper import LastFix, last_fix_of
from geooffer.model.policy import Policy
from geooffer.model.tables import NO_FENCE
from geooffer.model.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from geooffer.engine.pipeline import Pipeline


def way_to(engine: Pipeline, device_key: int, here: LastFix) -> tuple[bool, LastFix | None]:
    """(whether the fix would be a SUSPECT_JUMP, the fix that a speed to it is told from; None = none is known)."""
    policy = engine.policy
    last = last_fix_of(engine, device_key, here.time_ms)
    if last is None or not outruns(policy, last, here):
        return False, last
    suspects = _suspects(engine, device_key)
    if suspects and suspects[0].time_ms >= here.time_ms:
        return True, last
    agreeing = 0
    while agreeing < len(suspects) and not outruns(policy, suspects[agreeing], here):
        agreeing += 1
    if agreeing + 1 < policy.jump_fix_count:
        return True, last
    return False, suspects[0] if suspects else last


def outruns(policy: Policy, earlier: LastFix, later: LastFix) -> bool:
    """Whether the great circle between two fixes, their accuracies subtracted, is longer than the speed allows."""
    way_m = great_circle_m(earlier.latitude_e7, earlier.longitude_e7, later.latitude_e7, later.longitude_e7)
    allowed_cm = policy.jump_cm_per_s * (later.time_ms - earlier.time_ms) / 1000
    return way_m * 100 - earlier.accuracy_cm - later.accuracy_cm > allowed_cm


def great_circle_m(latitude_a_e7: int, longitude_a_e7: int, latitude_b_e7: int, longitude_b_e7: int) -> float:
    """By the haversine, on the sphere of semantics G2."""
    north, east = (
        radians((latitude_b_e7 - latitude_a_e7) / 1e7) / 2,
        radians((longitude_b_e7 - longitude_a_e7) / 1e7) / 2,
    )
    cosines = cos(radians(latitude_a_e7 / 1e7)) * cos(radians(latitude_b_e7 / 1e7))
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(sin(north) ** 2 + cosines * sin(east) ** 2)))


def _suspects(engine: Pipeline, device_key: int) -> list[LastFix]:
    """The device's fixes that are not believed yet, newest first."""
    people = engine.state.people
    rows = people.view.suspects
    slot = int(people.view.devices["presence_head"][people.device_slots[device_key]])
    found = []
    while slot >= 0 and rows["fence_number"][slot] == NO_FENCE:
        names = ("fix_time_ms", "latitude_e7", "longitude_e7", "accuracy_cm")
        found.append(LastFix(*(int(rows[name][slot]) for name in names)))
        slot = int(rows["next"][slot])
    return found
