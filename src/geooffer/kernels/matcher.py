"""Steps 3–7 of a ping's life, row by row: validate, transition, match, cap, rank. The compiled heart.

Rows are independent of how they are batched: each reads the tables as the row before left them, and its own `now`.
A row is touched only when there is room for everything it may write; otherwise the call returns early, the engine
makes room and calls again from that row (architecture 5: NEED_ROOM).
"""

from __future__ import annotations

from typing import Any

from numba import types

from geooffer.kernels.attempt import attempt_offer
from geooffer.kernels.compile import entry, kernel
from geooffer.kernels.consent import may_use_location
from geooffer.kernels.fence_types import FENCES
from geooffer.kernels.jumps import BELIEVED, SUSPECTED, forget_suspects, judge_jump, suspect_fix
from geooffer.kernels.occasion import OCCASION, PROXIMITY_PURPOSES, Occasion, distance_cm
from geooffer.kernels.presence import (
    INITIAL,
    MOVEMENT,
    Fix,
    end_outlived,
    end_silence,
    is_silent,
    tell_enters_and_dwells,
    weigh_evidence,
)
from geooffer.kernels.rows import (
    OUTCOME_ROWS,
    TRANSITION_COUNT,
    TRY_COUNT,
    WINNER_COUNT,
    OutcomeRows,
)
from geooffer.kernels.speed import is_fast, last_fix
from geooffer.kernels.types import COMMERCE, I4, LIVE, PEOPLE, PINGS, POLICY, U1, wide
from geooffer.kernels.visits import HELD_BACK, INSIDE, INSIDE_EVIDENCE, JUST_DWELT, KEPT, presence_count
from geooffer.model.columns import Int32Array, StructArray, UInt8Array
from geooffer.model.fence_tables import FenceTables
from geooffer.model.kinds import Channel
from geooffer.model.policy import Policy
from geooffer.model.tables import (
    CONTACT_FREE_COUNT,
    PRESENCE_FREE_COUNT,
    CommerceTables,
    LiveTables,
    PeopleTables,
)
from geooffer.model.verdicts import OfferTrigger, PingVerdict

NO_CONSENT = int(PingVerdict.NO_CONSENT)
DUPLICATE = int(PingVerdict.DUPLICATE)
FUTURE_FIX = int(PingVerdict.FUTURE_FIX)
STALE_FIX = int(PingVerdict.STALE_FIX)
SUSPECT_JUMP = int(PingVerdict.SUSPECT_JUMP)
ACCEPTED = int(PingVerdict.ACCEPTED)
IN_APP = int(Channel.IN_APP)
ENTER_TRIGGER = 1 << int(OfferTrigger.ENTER)
DWELL_TRIGGER = 1 << int(OfferTrigger.DWELL)


@kernel
def validate(people: PeopleTables, policy: Policy, device_slot: int, ping: Any) -> int:
    """DUPLICATE, FUTURE_FIX, STALE_FIX or ACCEPTED (semantics T2), in precedence; reads only the device's line."""
    device = people.devices[device_slot]
    if ping.sequence > 0 and ping.session_id == device.session_id and ping.sequence <= device.sequence:
        return DUPLICATE
    if ping.fix_time_ms > ping.now_ms + policy.future_tolerance_ms:
        return FUTURE_FIX
    if ping.fix_time_ms <= device.watermark_ms:
        return STALE_FIX
    return ACCEPTED


@kernel
def has_room(people: PeopleTables, device_slot: int, hit_count: int, out: OutcomeRows) -> bool:
    """Room for all that one row may write, at worst."""
    present_count = presence_count(people, device_slot)
    return (
        out.counts[TRANSITION_COUNT] + 2 * present_count + 2 * (present_count + hit_count) <= len(out.transitions)
        and out.counts[TRY_COUNT] + hit_count <= len(out.tries)
        and out.counts[WINNER_COUNT] + hit_count <= len(out.winners)
        and people.free[PRESENCE_FREE_COUNT] >= hit_count + 1
        and people.free[CONTACT_FREE_COUNT] >= hit_count
    )


@kernel
def _take_fix(people: PeopleTables, device_slot: int, ping: Any, accuracy_cm: int) -> None:
    device = people.devices[device_slot]
    device.watermark_ms = ping.fix_time_ms
    device.heard_ms = ping.now_ms
    device.session_id = ping.session_id
    device.sequence = ping.sequence
    device.latitude_e7 = ping.latitude_e7
    device.longitude_e7 = ping.longitude_e7
    device.accuracy_cm = accuracy_cm
    if ping.stream_number != 0:
        device.stream_number = ping.stream_number


@kernel
def _try_visits(
    people: PeopleTables,
    fences: FenceTables,
    live: LiveTables,
    commerce: CommerceTables,
    policy: Policy,
    device_slot: int,
    row: int,
    ping: Any,
    historical: int,
    fast: bool,
    out: OutcomeRows,
) -> None:
    """A try per visit that was just entered, just dwelt in, or whose circumstances changed since its last try.

    A historical fix never causes an offer (T3); the first live fix of that visit then counts as its first try. A visit
    that began because a fence was made around her is not tried before its DWELL (P5).
    """
    device = people.devices[device_slot]
    person_slot = device.person_slot
    slot = device.presence_head
    while slot >= 0:
        presence = people.presences[slot]
        state = presence.state
        presence.state = state & KEPT
        fence_number = presence.fence_number
        store_number = fences.fences[fence_number].store_number
        if (
            (state & INSIDE)
            and (state & INSIDE_EVIDENCE)
            and historical == 0
            and not (state & HELD_BACK and presence.dwell_done == 0)
            and store_number >= 0
            and commerce.stores[store_number].live
        ):
            store = commerce.stores[store_number]
            version = (
                people.persons[person_slot].signals_version
                + live.store_versions[store_number]
                + store.version
                + policy.retry_count
            )
            triggers = 0
            if presence.tried_version != version:
                triggers = ENTER_TRIGGER | (DWELL_TRIGGER if presence.dwell_done else 0)
            elif (state & JUST_DWELT) and store.has_dwell_offers:
                triggers = DWELL_TRIGGER
            if triggers:
                presence.tried_version = version
                way_cm = distance_cm(ping.latitude_e7, ping.longitude_e7, store.latitude_e7, store.longitude_e7)
                occasion = Occasion(
                    wide(person_slot),
                    wide(store_number),
                    wide(ping.now_ms),
                    triggers,
                    PROXIMITY_PURPOSES,
                    IN_APP,
                    1 if fast else 0,
                    1,
                    way_cm // 100,
                    wide(presence.dwell_done),
                    -1,
                    -1,
                )
                attempt_offer(
                    people, live, commerce, policy, occasion, int(device.device_key), row, int(fence_number), out
                )
        slot = presence.next


@entry(lambda: types.int64(PEOPLE, FENCES, LIVE, COMMERCE, POLICY, PINGS, U1, I4, I4, I4, types.int64, OUTCOME_ROWS))
def decide_rows(
    people: PeopleTables,
    fences: FenceTables,
    live: LiveTables,
    commerce: CommerceTables,
    policy: Policy,
    pings: StructArray,
    verdicts: UInt8Array,
    device_slots: Int32Array,
    hit_starts: Int32Array,
    hits: Int32Array,
    first_row: int,
    out: OutcomeRows,
) -> int:
    """Decide rows from `first_row` on; returns the row where room ran out, or len(pings).

    hit_starts (n + 1,) and hits: fences that cover each row's fix, ascending. Rows with a verdict already are passed.
    """
    for row in range(first_row, len(pings)):
        if verdicts[row] != 0:
            continue
        ping = pings[row]
        device_slot = device_slots[row]
        hit_start = hit_starts[row]
        hit_end = hit_starts[row + 1]
        if not has_room(people, device_slot, hit_end - hit_start, out):
            return row
        if not may_use_location(people, device_slot):
            verdicts[row] = NO_CONSENT
            continue
        verdict = validate(people, policy, device_slot, ping)
        verdicts[row] = verdict
        if verdict != ACCEPTED:
            continue
        accuracy_cm = ping.accuracy_cm if ping.accuracy_cm > 0 else policy.assumed_accuracy_cm
        historical = 1 if ping.now_ms - ping.fix_time_ms > policy.historical_after_ms else 0
        cause = MOVEMENT
        seen = BELIEVED
        if is_silent(people, policy, device_slot, ping.fix_time_ms, ping.now_ms):
            end_silence(people, fences, policy, device_slot, row, historical, ping.now_ms, out)
            cause = INITIAL
        else:
            seen = judge_jump(people, policy, device_slot, ping, accuracy_cm)
            if seen == SUSPECTED:
                verdicts[row] = SUSPECT_JUMP
                continue
        last = last_fix(people, device_slot)
        before = last if seen == BELIEVED else suspect_fix(people, seen)
        forget_suspects(people, device_slot)
        heard_ms = int(people.devices[device_slot].heard_ms)
        _take_fix(people, device_slot, ping, accuracy_cm)
        fix = Fix(
            wide(ping.latitude_e7),
            wide(ping.longitude_e7),
            wide(accuracy_cm),
            wide(ping.fix_time_ms),
            wide(ping.now_ms),
            wide(cause),
            wide(historical),
            heard_ms,
            last.latitude_e7,
            last.longitude_e7,
        )
        weigh_evidence(people, fences, policy, device_slot, row, hits, hit_start, hit_end, fix, out)
        tell_enters_and_dwells(people, fences, policy, device_slot, row, fix, out)
        if people.devices[device_slot].presence_head >= 0:
            fast = is_fast(policy, ping, accuracy_cm, before)
            _try_visits(people, fences, live, commerce, policy, device_slot, row, ping, historical, fast, out)
    return len(pings)


@entry(lambda: types.int64(PEOPLE, FENCES, POLICY, types.int64, types.int64, OUTCOME_ROWS))
def sweep_presence(
    people: PeopleTables, fences: FenceTables, policy: Policy, first_device: int, now_ms: int, out: OutcomeRows
) -> int:
    """End the visits of devices not heard for `silent_after_ms` and forget their last fix (privacy M1), and the visits
    of fences that were removed or expired (P5).

    Returns the device slot where room ran out, or the number of slots.
    """
    for device_slot in range(first_device, len(people.devices)):
        device = people.devices[device_slot]
        if device.device_key == 0 or device.heard_ms < 0:
            continue
        silent = now_ms - device.heard_ms > policy.silent_after_ms
        if not silent and device.presence_head < 0:
            continue
        if out.counts[TRANSITION_COUNT] + presence_count(people, device_slot) > len(out.transitions):
            return device_slot
        if silent:
            end_silence(people, fences, policy, device_slot, -1, 0, now_ms, out)
        else:
            end_outlived(people, fences, device_slot, now_ms, out)
    return len(people.devices)


@entry(lambda: types.void(PEOPLE, LIVE, COMMERCE, POLICY, OCCASION, OUTCOME_ROWS))
def ask_store(
    people: PeopleTables,
    live: LiveTables,
    commerce: CommerceTables,
    policy: Policy,
    occasion: Occasion,
    out: OutcomeRows,
) -> None:
    """One try that somebody asks for, without a ping (semantics D9); there is room for a try, a winner, a contact."""
    attempt_offer(people, live, commerce, policy, occasion, 0, -1, -1, out)
