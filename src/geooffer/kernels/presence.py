"""Enter, dwell, exit (semantics P1–P5): what one accepted fix does to a device's visits.

The events of one fix come as EXIT, ENTER, DWELL, each ascending by fence number (G8); the list of presences is kept
in that order, so each kind is one walk over it.

    fence       evidence of this fix              entering                inside
    covered     accuracy good enough: INSIDE      count; at N → ENTER     forget a pending exit; maybe DWELL
    covered     too coarse: none                  stays                   stays
    not         farther than the margin: OUTSIDE  forget it               count; at N → EXIT
    not         within the margin: none           stays                   stays      (the band is the hysteresis)
    no more     —                                 forget it               EXIT, cause FENCE_REMOVED or FENCE_EXPIRED

A fence that is not in force at `now` covers nothing. An ENTER is caused by the fence where that, or its shape, is newer
than the device's last fix and covers it; so is an EXIT where the new shape no longer covers that fix.
"""

from __future__ import annotations

from typing import NamedTuple

from geooffer.kernels.compile import kernel
from geooffer.kernels.geometry import covers, farther_than_cm
from geooffer.kernels.rows import OutcomeRows, add_transition
from geooffer.kernels.types import wide
from geooffer.kernels.visits import (
    HELD_BACK,
    INSIDE,
    INSIDE_EVIDENCE,
    JUST_DWELT,
    JUST_ENTERED,
    clear_presence,
    insert_presence,
    remove_presence,
)
from geooffer.model.columns import Int32Array
from geooffer.model.fence_tables import FenceTables
from geooffer.model.policy import Policy
from geooffer.model.tables import NEVER_MS, PeopleTables
from geooffer.model.verdicts import TransitionCause, TransitionKind

EXIT = int(TransitionKind.EXIT)
ENTER = int(TransitionKind.ENTER)
DWELL = int(TransitionKind.DWELL)
MOVEMENT = int(TransitionCause.MOVEMENT)
INITIAL = int(TransitionCause.INITIAL)
FENCE_CREATED = int(TransitionCause.FENCE_CREATED)
FENCE_UPDATED = int(TransitionCause.FENCE_UPDATED)
FENCE_REMOVED = int(TransitionCause.FENCE_REMOVED)
FENCE_EXPIRED = int(TransitionCause.FENCE_EXPIRED)
SILENT = int(TransitionCause.SILENT)


class Fix(NamedTuple):
    """An accepted fix and what was known before it. All int64."""

    latitude_e7: int
    longitude_e7: int
    accuracy_cm: int
    time_ms: int
    now_ms: int
    cause: int
    """MOVEMENT, or INITIAL where nothing was known before."""
    historical: int
    heard_ms: int
    """`now` of the fix before, and where that was; nothing of INITIAL."""
    last_latitude_e7: int
    last_longitude_e7: int


class End(NamedTuple):
    """When and why a visit's fence was no more; cause 0 = it is in force still."""

    time_ms: int
    cause: int


@kernel
def is_in_force(fences: FenceTables, fence_number: int, now_ms: int) -> bool:
    """Whether the fence covers anything now: it exists and its validity has begun and is not over."""
    fence = fences.fences[fence_number]
    return bool(fence.live != 0 and fence.valid_from_ms <= now_ms and now_ms < fence.valid_until_ms)


@kernel
def end_of_visit(people: PeopleTables, fences: FenceTables, slot: int, now_ms: int) -> End:
    """How the fence's life that this presence belongs to ended, never before what was told of the visit."""
    presence = people.presences[slot]
    fence = fences.fences[presence.fence_number]
    if fence.life != presence.life:
        cause = wide(fence.ended_cause)
        end_ms = int(fence.ended_ms)
    elif fence.live == 0 and fence.removed_ms < fence.valid_until_ms:
        cause = FENCE_REMOVED
        end_ms = int(fence.removed_ms)
    elif fence.live == 0 or now_ms >= fence.valid_until_ms:
        cause = FENCE_EXPIRED
        end_ms = int(fence.valid_until_ms)
    else:
        return End(NEVER_MS, 0)
    return End(max(end_ms, int(presence.pending_time_ms)), cause)


@kernel
def end_silence(
    people: PeopleTables,
    fences: FenceTables,
    policy: Policy,
    device_slot: int,
    row: int,
    historical: int,
    now_ms: int,
    out: OutcomeRows,
) -> None:
    """Every open visit ends where the device was last heard: EXIT, cause SILENT, event time = last fix (P5).

    A fence that was no more before the silence was noticed ended its visit itself: so a sweep in between would tell.
    """
    device_key = people.devices[device_slot].device_key
    stream_number = people.devices[device_slot].stream_number
    watermark_ms = people.devices[device_slot].watermark_ms
    silent_ms = people.devices[device_slot].heard_ms + policy.silent_after_ms
    slot = people.devices[device_slot].presence_head
    while slot >= 0:
        if people.presences[slot].state & INSIDE:
            fence_number = people.presences[slot].fence_number
            cause = SILENT
            time_ms = int(watermark_ms)
            end = end_of_visit(people, fences, slot, now_ms)
            if end.cause != 0 and end.time_ms <= silent_ms:
                cause = end.cause
                time_ms = end.time_ms
            add_transition(out, row, device_key, stream_number, fence_number, EXIT, cause, historical, time_ms)
        slot = people.presences[slot].next
    clear_presence(people, device_slot)


@kernel
def is_silent(people: PeopleTables, policy: Policy, device_slot: int, fix_time_ms: int, now_ms: int) -> bool:
    """No accepted fix for `silent_after_ms`, by the fixes' own times or by when they were heard.

    Both count: a late upload has all its fixes at one `now`, and the sweep must agree with the next fix.
    """
    heard_ms = people.devices[device_slot].heard_ms
    if heard_ms == NEVER_MS:
        return True
    gap_ms = fix_time_ms - people.devices[device_slot].watermark_ms
    return gap_ms > policy.silent_after_ms or now_ms - heard_ms > policy.silent_after_ms


@kernel
def _end_visit(
    people: PeopleTables,
    device_slot: int,
    previous: int,
    slot: int,
    row: int,
    cause: int,
    historical: int,
    time_ms: int,
    out: OutcomeRows,
) -> int:
    """Tell the EXIT of an open visit, forget an unconfirmed one. Returns the slot that followed."""
    if people.presences[slot].state & INSIDE:
        device_key = people.devices[device_slot].device_key
        stream_number = people.devices[device_slot].stream_number
        fence_number = people.presences[slot].fence_number
        add_transition(out, row, device_key, stream_number, fence_number, EXIT, cause, historical, time_ms)
    return remove_presence(people, device_slot, previous, slot)


@kernel
def end_outlived(people: PeopleTables, fences: FenceTables, device_slot: int, now_ms: int, out: OutcomeRows) -> None:
    """The sweep of one device: its visits to fences that are no more end."""
    previous = -1
    slot = people.devices[device_slot].presence_head
    while slot >= 0:
        if people.presences[slot].fence_number >= 0:
            end = end_of_visit(people, fences, slot, now_ms)
            if end.cause != 0:
                slot = _end_visit(people, device_slot, previous, slot, -1, end.cause, 0, end.time_ms, out)
                continue
        previous = slot
        slot = people.presences[slot].next


@kernel
def inside_accuracy_cm(fences: FenceTables, policy: Policy, fence_number: int) -> int:
    """P1: a fix counts as inside only if accurate to the fence's own bound, else to max(floor, √(area/π)); and to the
    bound of all pings.
    """
    fence = fences.fences[fence_number]
    own_cm = wide(fence.inside_accuracy_cm)
    if own_cm == 0:
        own_cm = max(policy.inside_accuracy_floor_cm, wide(fence.radius_equivalent_cm))
    return min(policy.accuracy_max_cm, own_cm)


@kernel
def outside_margin_cm(fences: FenceTables, policy: Policy, fence_number: int, accuracy_cm: int) -> int:
    """P1: how far away a fix must be to count as outside."""
    own_cm = wide(fences.fences[fence_number].outside_margin_cm)
    return max(own_cm if own_cm > 0 else policy.outside_margin_cm, accuracy_cm * policy.outside_accuracy_percent // 100)


@kernel
def _enter_cause(fences: FenceTables, fence_number: int, fix: Fix) -> int:
    """Why a visit begins: the fence was made, or moved, to where the device had been seen; or the device came."""
    if fix.cause == INITIAL:
        return INITIAL
    fence = fences.fences[fence_number]
    is_made = fix.heard_ms <= fence.live_since_ms or fix.heard_ms < fence.valid_from_ms
    if not is_made and fix.heard_ms > fence.shaped_since_ms:
        return MOVEMENT
    if not covers(fences, fence_number, fix.last_latitude_e7, fix.last_longitude_e7):
        return MOVEMENT
    return FENCE_CREATED if is_made else FENCE_UPDATED


@kernel
def _begin_presence(
    people: PeopleTables,
    fences: FenceTables,
    policy: Policy,
    device_slot: int,
    previous: int,
    fence_number: int,
    fix: Fix,
) -> int:
    """An entry for a fence that covers the fix; −1 where a coarse fix gives no evidence, and nothing to remember.

    That the fence came to her is remembered: otherwise one coarse fix would make a MOVEMENT of it.
    """
    cause = _enter_cause(fences, fence_number, fix)
    if fix.accuracy_cm > inside_accuracy_cm(fences, policy, fence_number) and cause in (INITIAL, MOVEMENT):
        return -1
    slot = insert_presence(people, device_slot, previous, fence_number)
    people.presences[slot].cause = cause
    people.presences[slot].life = fences.fences[fence_number].life
    return slot


@kernel
def _visit_evidence(people: PeopleTables, fences: FenceTables, policy: Policy, slot: int, fix: Fix) -> None:
    """INSIDE evidence for one presence, entering or inside."""
    fence_number = people.presences[slot].fence_number
    if fix.accuracy_cm > inside_accuracy_cm(fences, policy, fence_number):
        return
    people.presences[slot].state |= INSIDE_EVIDENCE
    if people.presences[slot].state & INSIDE:
        people.presences[slot].outside_count = 0
        people.presences[slot].cause = MOVEMENT
        return
    if people.presences[slot].inside_count == 0:
        people.presences[slot].pending_time_ms = fix.time_ms
    people.presences[slot].inside_count += 1
    own_count = wide(fences.fences[fence_number].enter_fix_count)
    if people.presences[slot].inside_count >= (own_count if own_count > 0 else policy.enter_fix_count):
        people.presences[slot].state |= INSIDE | JUST_ENTERED
        people.presences[slot].enter_time_ms = people.presences[slot].pending_time_ms


@kernel
def _absence(
    people: PeopleTables,
    fences: FenceTables,
    policy: Policy,
    device_slot: int,
    previous: int,
    slot: int,
    row: int,
    fix: Fix,
    out: OutcomeRows,
) -> bool:
    """A fix that this presence's fence does not cover. True where the presence is gone."""
    fence_number = people.presences[slot].fence_number
    inside = people.presences[slot].state & INSIDE
    if (
        inside
        and people.presences[slot].outside_count == 0
        and fix.heard_ms <= fences.fences[fence_number].shaped_since_ms
    ):
        if not covers(fences, fence_number, fix.last_latitude_e7, fix.last_longitude_e7):
            people.presences[slot].cause = FENCE_UPDATED
    margin_cm = outside_margin_cm(fences, policy, fence_number, fix.accuracy_cm)
    if not farther_than_cm(fences, fence_number, fix.latitude_e7, fix.longitude_e7, margin_cm):
        return False
    if inside:
        if people.presences[slot].outside_count == 0:
            people.presences[slot].pending_time_ms = fix.time_ms
        people.presences[slot].outside_count += 1
        own_count = wide(fences.fences[fence_number].exit_fix_count)
        if people.presences[slot].outside_count < (own_count if own_count > 0 else policy.exit_fix_count):
            return False
    cause = people.presences[slot].cause
    time_ms = people.presences[slot].pending_time_ms
    _end_visit(people, device_slot, previous, slot, row, cause, fix.historical, time_ms, out)
    return True


@kernel
def weigh_evidence(
    people: PeopleTables,
    fences: FenceTables,
    policy: Policy,
    device_slot: int,
    row: int,
    hits: Int32Array,
    hit_start: int,
    hit_end: int,
    fix: Fix,
    out: OutcomeRows,
) -> None:
    """Merge the device's presences with the fences that cover its fix; writes the EXITs."""
    hit = hit_start
    previous = -1
    slot = int(people.devices[device_slot].presence_head)
    while slot >= 0 or hit < hit_end:
        if hit < hit_end and not is_in_force(fences, hits[hit], fix.now_ms):
            hit += 1
            continue
        if slot >= 0 and (hit == hit_end or people.presences[slot].fence_number <= hits[hit]):
            end = end_of_visit(people, fences, slot, fix.now_ms)
            if end.cause != 0:
                slot = _end_visit(people, device_slot, previous, slot, row, end.cause, fix.historical, end.time_ms, out)
                continue
        if hit < hit_end and (slot < 0 or hits[hit] <= people.presences[slot].fence_number):
            if slot < 0 or hits[hit] < people.presences[slot].fence_number:
                begun = _begin_presence(people, fences, policy, device_slot, previous, hits[hit], fix)
                if begun < 0:
                    hit += 1
                    continue
                slot = begun
            _visit_evidence(people, fences, policy, slot, fix)
            hit += 1
        else:
            following = people.presences[slot].next
            if _absence(people, fences, policy, device_slot, previous, slot, row, fix, out):
                slot = following
                continue
        previous = slot
        slot = int(people.presences[slot].next)


@kernel
def tell_enters_and_dwells(
    people: PeopleTables,
    fences: FenceTables,
    policy: Policy,
    device_slot: int,
    row: int,
    fix: Fix,
    out: OutcomeRows,
) -> None:
    """Write the ENTERs, then the DWELLs (once per visit, never while an exit is being confirmed: P3)."""
    device_key = people.devices[device_slot].device_key
    stream_number = people.devices[device_slot].stream_number
    slot = people.devices[device_slot].presence_head
    while slot >= 0:
        if people.presences[slot].state & JUST_ENTERED:
            cause = people.presences[slot].cause
            fence_number = people.presences[slot].fence_number
            enter_ms = people.presences[slot].enter_time_ms
            add_transition(out, row, device_key, stream_number, fence_number, ENTER, cause, fix.historical, enter_ms)
            if cause == FENCE_CREATED:
                people.presences[slot].state |= HELD_BACK
            people.presences[slot].cause = MOVEMENT
        slot = people.presences[slot].next
    slot = people.devices[device_slot].presence_head
    while slot >= 0:
        state = people.presences[slot].state
        if (state & INSIDE) and (state & INSIDE_EVIDENCE) and people.presences[slot].dwell_done == 0:
            fence_number = people.presences[slot].fence_number
            own_ms = fences.fences[fence_number].dwell_ms
            wait_ms = own_ms if own_ms > 0 else policy.dwell_ms
            if fix.time_ms >= people.presences[slot].enter_time_ms + wait_ms:
                people.presences[slot].dwell_done = 1
                people.presences[slot].state |= JUST_DWELT
                people.presences[slot].pending_time_ms = fix.time_ms
                add_transition(
                    out, row, device_key, stream_number, fence_number, DWELL, MOVEMENT, fix.historical, fix.time_ms
                )
        slot = people.presences[slot].next
