"""Does she drive past? (semantics D1.2): the speed her phone reports, else that from the last fix to this one."""

from __future__ import annotations

from typing import Any, NamedTuple

from geooffer.kernels.compile import kernel
from geooffer.kernels.occasion import distance_cm
from geooffer.kernels.types import wide
from geooffer.model.policy import Policy
from geooffer.model.tables import NEVER_MS, PeopleTables


class LastFix(NamedTuple):
    """Where a device was before this fix; `fix_time_ms` NEVER_MS = not known."""

    fix_time_ms: int
    latitude_e7: int
    longitude_e7: int
    accuracy_cm: int


@kernel
def last_fix(people: PeopleTables, device_slot: int) -> LastFix:
    """The device's last accepted fix; forgotten after silence (privacy M1)."""
    device = people.devices[device_slot]
    known_ms = device.watermark_ms if device.heard_ms != NEVER_MS else NEVER_MS
    return LastFix(wide(known_ms), wide(device.latitude_e7), wide(device.longitude_e7), wide(device.accuracy_cm))


@kernel
def is_fast(policy: Policy, ping: Any, accuracy_cm: int, last: LastFix) -> bool:
    """Over the limit. Without a reported speed both accuracies are subtracted from the way, so doubt says slow."""
    if ping.speed_cm_per_s >= 0:
        return bool(ping.speed_cm_per_s > policy.fast_cm_per_s)
    if last.fix_time_ms == NEVER_MS:
        return False
    way_cm = distance_cm(last.latitude_e7, last.longitude_e7, ping.latitude_e7, ping.longitude_e7)
    way_cm -= last.accuracy_cm + accuracy_cm
    return bool(way_cm * 1000 > policy.fast_cm_per_s * (ping.fix_time_ms - last.fix_time_ms))
