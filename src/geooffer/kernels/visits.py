"""The list of a device's presences, ascending by fence number; slots come from a free list.

Fixes that are not believed stand before them (kernels/jumps.py) until the next fix is accepted.
"""

from __future__ import annotations

from numba import types

from geooffer.kernels.compile import entry, kernel
from geooffer.kernels.types import PEOPLE
from geooffer.model.tables import NEVER_MS, PRESENCE_FREE_COUNT, PRESENCE_FREE_HEAD, PeopleTables

# bits of PRESENCE.state
INSIDE = 1
JUST_ENTERED = 2  # cleared before the row ends
INSIDE_EVIDENCE = 4  # this row's fix is evidence of being inside; cleared before the row ends
JUST_DWELT = 8  # cleared before the row ends
HELD_BACK = 16  # the fence came to her, not she to it: no try in this visit before its DWELL (P5)
KEPT = INSIDE | HELD_BACK


@kernel
def presence_count(people: PeopleTables, device_slot: int) -> int:
    """How many fences the device is in or entering, and fixes of it that are not believed."""
    count = 0
    slot = people.devices[device_slot].presence_head
    while slot >= 0:
        count += 1
        slot = people.presences[slot].next
    return count


@kernel
def insert_presence(people: PeopleTables, device_slot: int, previous: int, fence_number: int) -> int:
    """A new entry after `previous` (−1 = at the head). Returns its slot; room was checked."""
    slot = people.free[PRESENCE_FREE_HEAD]
    people.free[PRESENCE_FREE_HEAD] = people.presences[slot].next
    people.free[PRESENCE_FREE_COUNT] -= 1
    people.presences[slot].fence_number = fence_number
    people.presences[slot].state = 0
    people.presences[slot].inside_count = 0
    people.presences[slot].outside_count = 0
    people.presences[slot].dwell_done = 0
    people.presences[slot].cause = 0
    people.presences[slot].life = 0
    people.presences[slot].tried_version = -1
    people.presences[slot].enter_time_ms = NEVER_MS
    people.presences[slot].pending_time_ms = NEVER_MS
    if previous < 0:
        people.presences[slot].next = people.devices[device_slot].presence_head
        people.devices[device_slot].presence_head = slot
    else:
        people.presences[slot].next = people.presences[previous].next
        people.presences[previous].next = slot
    return slot


@kernel
def remove_presence(people: PeopleTables, device_slot: int, previous: int, slot: int) -> int:
    """Unlink the entry after `previous` and forget where and when it was. Returns the slot that followed it."""
    following = people.presences[slot].next
    people.presences[slot].enter_time_ms = 0
    people.presences[slot].pending_time_ms = 0
    people.presences[slot].tried_version = 0
    if previous < 0:
        people.devices[device_slot].presence_head = following
    else:
        people.presences[previous].next = following
    people.presences[slot].next = people.free[PRESENCE_FREE_HEAD]
    people.free[PRESENCE_FREE_HEAD] = slot
    people.free[PRESENCE_FREE_COUNT] += 1
    return following


@kernel
def clear_presence(people: PeopleTables, device_slot: int) -> None:
    """Drop all presence and the last fix without a word (withdrawal, erasure, end of silence)."""
    slot = people.devices[device_slot].presence_head
    while slot >= 0:
        slot = remove_presence(people, device_slot, -1, slot)
    people.devices[device_slot].latitude_e7 = 0
    people.devices[device_slot].longitude_e7 = 0
    people.devices[device_slot].accuracy_cm = 0
    people.devices[device_slot].heard_ms = NEVER_MS


@entry(lambda: types.void(PEOPLE, types.int64))
def presence_clear(people: PeopleTables, device_slot: int) -> None:
    """`clear_presence` for the control side."""
    clear_presence(people, device_slot)
