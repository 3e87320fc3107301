"""A fix that no vehicle in a town could have come to (semantics T4): not believed, until others agree with it.

What is not believed is kept as a SUSPECT at the head of the device's list. It moves the session and sequence, so that a
fix sent again is a DUPLICATE and does not count twice; watermark, last fix and silence know nothing of it. A fix that
agrees with the last accepted one forgets all suspects; so does silence, after which nothing is compared.
"""

from __future__ import annotations

from typing import Any

from geooffer.kernels.compile import kernel
from geooffer.kernels.geometry import HALF_TURN_E7, TURN_E7
from geooffer.kernels.speed import LastFix, last_fix
from geooffer.kernels.trig import RADIANS_PER_CM, chord_squared_of_half, unit_vector
from geooffer.kernels.types import wide
from geooffer.kernels.visits import insert_presence, remove_presence
from geooffer.model.policy import Policy
from geooffer.model.tables import NO_FENCE, PeopleTables

BELIEVED = -1
SUSPECTED = -2
_MILLICM_PER_E7_MORE = 1_112
"""At most so long is a unit of latitude, or of longitude anywhere (it is 1,111.95 thousandths of a centimetre)."""


@kernel
def outruns(policy: Policy, earlier: LastFix, ping: Any, accuracy_cm: int) -> bool:
    """Whether the way since `earlier`, less both accuracies, takes more than the allowed speed (great circle: G2).

    Most fixes are told by integers alone: no way is longer than its part along the meridian and that along a parallel.
    """
    elapsed_ms = ping.fix_time_ms - earlier.fix_time_ms
    reach_millicm = (earlier.accuracy_cm + accuracy_cm) * 1_000 + policy.jump_cm_per_s * elapsed_ms
    north_e7 = abs(int(ping.latitude_e7) - int(earlier.latitude_e7))
    east_e7 = abs(int(ping.longitude_e7) - int(earlier.longitude_e7))
    if east_e7 > HALF_TURN_E7:
        east_e7 = TURN_E7 - east_e7
    if (north_e7 + east_e7) * _MILLICM_PER_E7_MORE <= reach_millicm:
        return False
    x, y, z = unit_vector(int(earlier.latitude_e7), int(earlier.longitude_e7))
    to_x, to_y, to_z = unit_vector(int(ping.latitude_e7), int(ping.longitude_e7))
    x -= to_x
    y -= to_y
    z -= to_z
    half_angle = reach_millicm * 0.001 * RADIANS_PER_CM * 0.5
    return bool(x * x + y * y + z * z > chord_squared_of_half(half_angle))


@kernel
def is_suspect(people: PeopleTables, slot: int) -> bool:
    """Whether a row of the device's list is a fix that was not believed."""
    return bool(slot >= 0 and people.presences[slot].fence_number == NO_FENCE)


@kernel
def suspect_fix(people: PeopleTables, slot: int) -> LastFix:
    """The fix of a suspect."""
    fix = people.suspects[slot]
    return LastFix(wide(fix.fix_time_ms), wide(fix.latitude_e7), wide(fix.longitude_e7), wide(fix.accuracy_cm))


@kernel
def forget_suspects(people: PeopleTables, device_slot: int) -> None:
    """The device is where it was last believed to be, or believed anew."""
    while is_suspect(people, people.devices[device_slot].presence_head):
        remove_presence(people, device_slot, -1, people.devices[device_slot].presence_head)


@kernel
def _agreeing_count(people: PeopleTables, policy: Policy, device_slot: int, ping: Any, accuracy_cm: int) -> int:
    """How many of the latest suspects agree with this fix; those before the first that does not are forgotten."""
    count = 0
    previous = -1
    slot = people.devices[device_slot].presence_head
    while is_suspect(people, slot) and not outruns(policy, suspect_fix(people, slot), ping, accuracy_cm):
        count += 1
        previous = slot
        slot = people.presences[slot].next
    while is_suspect(people, slot):
        slot = remove_presence(people, device_slot, previous, slot)
    return count


@kernel
def judge_jump(people: PeopleTables, policy: Policy, device_slot: int, ping: Any, accuracy_cm: int) -> int:
    """BELIEVED, SUSPECTED (and noted), or the slot of the suspect before it, where enough agree to be believed.

    For a device that is not silent; there is room for one row. The caller forgets the suspects of a fix it accepts.
    """
    if not outruns(policy, last_fix(people, device_slot), ping, accuracy_cm):
        return BELIEVED
    people.devices[device_slot].session_id = ping.session_id
    people.devices[device_slot].sequence = ping.sequence
    newest = people.devices[device_slot].presence_head
    if is_suspect(people, newest) and ping.fix_time_ms <= people.suspects[newest].fix_time_ms:
        return SUSPECTED  # no later fix: it says nothing new
    if _agreeing_count(people, policy, device_slot, ping, accuracy_cm) + 1 >= policy.jump_fix_count:
        return int(people.devices[device_slot].presence_head) if policy.jump_fix_count > 1 else BELIEVED
    slot = insert_presence(people, device_slot, -1, NO_FENCE)
    people.suspects[slot].fix_time_ms = ping.fix_time_ms
    people.suspects[slot].latitude_e7 = ping.latitude_e7
    people.suspects[slot].longitude_e7 = ping.longitude_e7
    people.suspects[slot].accuracy_cm = accuracy_cm
    return SUSPECTED
