"""Enter, dwell, exit (semantics P1–P5): what one accepted fix does to a device's visits.

The events of one fix come as EXIT, ENTER, DWELL, each ascending by fence number (G8); the list of presences is kept
in that order, so each kind is one walk over it.

    fence       evidence of this fix              entering                inside
    covered     accuracy good enough: INSIDE      count; at N → ENTER     forget a pending exit; maybe DWELL
    covered     too coarse: none                  stays                   stays
    not         farther than the margin: OUTSIDE  forget it               count; at N → EXIT
    not         within the margin: none           stays                   stays      (the band is the hysteresis)
    deleted     —                                 forget it               EXIT, cause FENCE_REMOVED
"""

from __future__ import annotations

from geooffer.kernels.compile import kernel
from geooffer.kernels.geometry import farther_than_cm
from geooffer.kernels.rows import OutcomeRows, add_transition
from geooffer.kernels.visits import (
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
FENCE_REMOVED = int(TransitionCause.FENCE_REMOVED)
SILENT = int(TransitionCause.SILENT)


@kernel
def end_silence(people: PeopleTables, device_slot: int, row: int, historical: int, out: OutcomeRows) -> None:
    """Every open visit ends where the device was last heard: EXIT, cause SILENT, event time = last fix (P5)."""
    device_key = people.devices[device_slot].device_key
    stream_number = people.devices[device_slot].stream_number
    watermark_ms = people.devices[device_slot].watermark_ms
    slot = people.devices[device_slot].presence_head
    while slot >= 0:
        if people.presences[slot].state & INSIDE:
            fence_number = people.presences[slot].fence_number
            add_transition(out, row, device_key, stream_number, fence_number, EXIT, SILENT, historical, watermark_ms)
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
def inside_accuracy_cm(fences: FenceTables, policy: Policy, fence_number: int) -> int:
    """P1: a fix counts as inside only if accurate to min(policy bound, max(floor, √(area/π)))."""
    equivalent_cm = max(policy.inside_accuracy_floor_cm, fences.fences[fence_number].radius_equivalent_cm)
    return min(policy.accuracy_max_cm, equivalent_cm)


@kernel
def _visit_evidence(
    people: PeopleTables, fences: FenceTables, policy: Policy, slot: int, accuracy_cm: int, fix_time_ms: int, cause: int
) -> None:
    """INSIDE evidence for one presence, entering or inside."""
    if accuracy_cm > inside_accuracy_cm(fences, policy, people.presences[slot].fence_number):
        return
    people.presences[slot].state |= INSIDE_EVIDENCE
    people.presences[slot].outside_count = 0
    if people.presences[slot].state & INSIDE:
        return
    if people.presences[slot].inside_count == 0:
        people.presences[slot].pending_time_ms = fix_time_ms
        people.presences[slot].initial = 1 if cause == INITIAL else 0
    people.presences[slot].inside_count += 1
    if people.presences[slot].inside_count >= policy.enter_fix_count:
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
    latitude_e7: int,
    longitude_e7: int,
    accuracy_cm: int,
    fix_time_ms: int,
    historical: int,
    out: OutcomeRows,
) -> bool:
    """A fix that this presence's fence does not cover. True where the presence is gone."""
    fence_number = people.presences[slot].fence_number
    inside = people.presences[slot].state & INSIDE
    cause = MOVEMENT
    event_time_ms = fix_time_ms
    if fences.fences[fence_number].live == 0:
        cause = FENCE_REMOVED
        event_time_ms = fences.fences[fence_number].removed_ms
    else:
        margin_cm = max(policy.outside_margin_cm, accuracy_cm * policy.outside_accuracy_percent // 100)
        if not farther_than_cm(fences, fence_number, latitude_e7, longitude_e7, margin_cm):
            return False
        if inside:
            if people.presences[slot].outside_count == 0:
                people.presences[slot].pending_time_ms = fix_time_ms
            people.presences[slot].outside_count += 1
            if people.presences[slot].outside_count < policy.exit_fix_count:
                return False
            event_time_ms = people.presences[slot].pending_time_ms
    if inside:
        device_key = people.devices[device_slot].device_key
        stream_number = people.devices[device_slot].stream_number
        add_transition(out, row, device_key, stream_number, fence_number, EXIT, cause, historical, event_time_ms)
    remove_presence(people, device_slot, previous, slot)
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
    latitude_e7: int,
    longitude_e7: int,
    accuracy_cm: int,
    fix_time_ms: int,
    cause: int,
    historical: int,
    out: OutcomeRows,
) -> None:
    """Merge the device's presences with the fences that cover its fix; writes the EXITs."""
    hit = hit_start
    previous = -1
    slot = people.devices[device_slot].presence_head
    while slot >= 0 or hit < hit_end:
        covered = hit < hit_end and (slot < 0 or hits[hit] <= people.presences[slot].fence_number)
        if covered:
            if slot < 0 or hits[hit] < people.presences[slot].fence_number:
                if accuracy_cm > inside_accuracy_cm(fences, policy, hits[hit]):
                    hit += 1
                    continue
                slot = insert_presence(people, device_slot, previous, hits[hit])
            _visit_evidence(people, fences, policy, slot, accuracy_cm, fix_time_ms, cause)
            hit += 1
        else:
            following = people.presences[slot].next
            if _absence(
                people,
                fences,
                policy,
                device_slot,
                previous,
                slot,
                row,
                latitude_e7,
                longitude_e7,
                accuracy_cm,
                fix_time_ms,
                historical,
                out,
            ):
                slot = following
                continue
        previous = slot
        slot = people.presences[slot].next


@kernel
def tell_enters_and_dwells(
    people: PeopleTables,
    fences: FenceTables,
    policy: Policy,
    device_slot: int,
    row: int,
    fix_time_ms: int,
    historical: int,
    out: OutcomeRows,
) -> None:
    """Write the ENTERs, then the DWELLs (once per visit, never while an exit is being confirmed: P3)."""
    device_key = people.devices[device_slot].device_key
    stream_number = people.devices[device_slot].stream_number
    slot = people.devices[device_slot].presence_head
    while slot >= 0:
        if people.presences[slot].state & JUST_ENTERED:
            cause = INITIAL if people.presences[slot].initial else MOVEMENT
            fence_number = people.presences[slot].fence_number
            enter_ms = people.presences[slot].enter_time_ms
            add_transition(out, row, device_key, stream_number, fence_number, ENTER, cause, historical, enter_ms)
        slot = people.presences[slot].next
    slot = people.devices[device_slot].presence_head
    while slot >= 0:
        state = people.presences[slot].state
        if (state & INSIDE) and (state & INSIDE_EVIDENCE) and people.presences[slot].dwell_done == 0:
            fence_number = people.presences[slot].fence_number
            own_ms = fences.fences[fence_number].dwell_ms
            wait_ms = own_ms if own_ms > 0 else policy.dwell_ms
            if fix_time_ms >= people.presences[slot].enter_time_ms + wait_ms:
                people.presences[slot].dwell_done = 1
                people.presences[slot].state |= JUST_DWELT
                add_transition(
                    out, row, device_key, stream_number, fence_number, DWELL, MOVEMENT, historical, fix_time_ms
                )
        slot = people.presences[slot].next
