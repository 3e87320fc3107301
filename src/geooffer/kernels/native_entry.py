"""What native threads call through its address, without the GIL: a batch of pings, from stamp to winners.

    decide(ctx, pings, ages_ms, n, real_now_ms, winner_count_max, verdicts, call) → rows decided, or < 0
    may_send(ctx, person_slot, person_key, consent_epoch, policy_version) → 1 or 0
    hint(ctx, pings_at, n, hints_at, workspace_at, workspace_bytes) → n, or < 0

All arguments are int64, addresses included; cells of `ctx` and `call`: model/context.py. Whoever calls holds the
engine's lock, and owns all buffers of `call`. It does what engine/pipeline.py's `step` does, and stops before the first
row for which that would do more than call kernels. The entries are called by address (kernels/pointers.py), so that
their code is compiled once for both planes; nothing here raises or allocates.
"""

from __future__ import annotations

from typing import Any

from numba import types

from geooffer.kernels.clock import keep_clock, read_clock, stamp_rows
from geooffer.kernels.compile import kernel, native_entry, signature_of
from geooffer.kernels.consent import admit_rows
from geooffer.kernels.exclusion import exclude_rows
from geooffer.kernels.fence_types import FENCES
from geooffer.kernels.locate import locate_batch
from geooffer.kernels.matcher import decide_rows
from geooffer.kernels.nearest import hint_rows
from geooffer.kernels.pointers import array_view, call_of, numbers_view, tuple_view
from geooffer.kernels.rows import SCRATCH_LENGTH, TRANSITION_COUNT, TRY_COUNT, OutcomeRows
from geooffer.kernels.types import (
    COMMERCE,
    I4,
    I8,
    LIVE,
    PEOPLE,
    PINGS,
    POLICY,
    TRANSITIONS,
    TRIES,
    U1,
    WINNERS,
    array_of,
)
from geooffer.model import context as c
from geooffer.model import exclusion_tables, limits
from geooffer.model.columns import Int32Array, Int64Array, StructArray, UInt8Array
from geooffer.model.exclusion_tables import ExclusionTables
from geooffer.model.hints import DWELL_WAIT_COUNT_MAX, HINT, NO_RIM_CM
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.tables import CONTACT_FREE_COUNT, NEVER_MS, PRESENCE_FREE_COUNT, PeopleTables

WORD_BYTES = 8
PEOPLE_AT = WORD_BYTES * c.TABLES
LIVE_AT = PEOPLE_AT + 2 * WORD_BYTES * len(PEOPLE)
COMMERCE_AT = LIVE_AT + 2 * WORD_BYTES * len(LIVE)
FENCES_AT = COMMERCE_AT + 2 * WORD_BYTES * len(COMMERCE)
ZONES_AT = FENCES_AT + 2 * WORD_BYTES * len(FENCES)
EXCLUSION_BYTES = 2 * WORD_BYTES * (1 + len(FENCES))
CONTEXT_LENGTH = (ZONES_AT + 2 * EXCLUSION_BYTES) // WORD_BYTES

_i4_at, _i8_at, _u1_at, _pings_at = (array_view(kind) for kind in (I4, I8, U1, PINGS))
_transitions_at, _tries_at, _winners_at = (array_view(kind) for kind in (TRANSITIONS, TRIES, WINNERS))
_zones_at = array_view(array_of(exclusion_tables.ZONE))
_people_at, _live_at, _commerce_at, _fences_at = (tuple_view(kind) for kind in (PEOPLE, LIVE, COMMERCE, FENCES))
_policy_at = numbers_view(POLICY)
_admit, _exclude, _locate, _decide, _hint = (
    call_of(signature_of(entry)) for entry in (admit_rows, exclude_rows, locate_batch, decide_rows, hint_rows)
)
_hints_at = array_view(array_of(HINT))


@kernel
def _is_misused(cells: Int64Array, call: Int64Array, count: int, winner_count_max: int) -> bool:
    needed = c.WORKSPACE_BYTES + c.WORKSPACE_BYTES_PER_ROW * count
    return bool(
        cells[c.LAYOUT] != c.LAYOUT_VERSION
        or count < 0
        or winner_count_max < 0
        or call[c.CALL_TRANSITIONS + 1] < 0
        or call[c.CALL_TRIES + 1] < 0
        or call[c.CALL_WINNERS + 1] < 0
        or call[c.CALL_HITS + 1] < 0
        or call[c.CALL_WORKSPACE + 1] < needed
    )


@kernel
def _why_not(people: PeopleTables, call: Int64Array, hit_starts: Int32Array, row: int, winner_count_max: int) -> int:
    """Which room a row lacks (`has_room` of matcher.py said no)."""
    hit_count = hit_starts[row + 1] - hit_starts[row]
    if people.free[PRESENCE_FREE_COUNT] < hit_count + 1 or people.free[CONTACT_FREE_COUNT] < hit_count:
        return c.NEEDS_ROOM
    if call[c.CALL_WINNER_COUNT] + hit_count > winner_count_max:
        return c.WINNERS_FULL
    return c.BUFFERS_FULL


@kernel
def _why_outside(cells: Int64Array, now_ms: int) -> int:
    """Which horizon a row's `now` is beyond."""
    if now_ms < cells[c.HOURS_FROM_MS] or now_ms >= cells[c.HOURS_UNTIL_MS]:
        return c.HOURS_OVER
    if now_ms >= cells[c.CONSENT_NEXT_MS]:
        return c.CONSENT_DUE
    return c.TOTALS_DUE


@kernel
def _next_now(clock: Int64Array, pings: StructArray, ages_ms: Int64Array, now_ms: int, row: int) -> int:
    """The `now` that the row after the last one stamped would have."""
    if row > 0:
        now_ms = pings[row - 1].now_ms
    if clock[c.CLOCK_IS_CLIENT] != 0 and pings[row].fix_time_ms != NEVER_MS and pings[row].malformed == 0:
        now_ms = max(now_ms, pings[row].fix_time_ms + ages_ms[row])
    return now_ms


@kernel
def _count(marks: Int64Array, verdicts: UInt8Array, out: OutcomeRows, done: int) -> None:
    """For engine/statistics.py, which sees no batch that stays here."""
    for row in range(done):
        marks[c.PING_VERDICT_COUNTS + (verdicts[row] & 63)] += 1
    for index in range(out.counts[TRY_COUNT]):
        marks[c.OFFER_VERDICT_COUNTS + (out.tries[index].verdict & 63)] += 1
    for index in range(out.counts[TRANSITION_COUNT]):
        marks[c.TRANSITION_COUNTS + (out.transitions[index].kind & 15)] += 1


@kernel
def _begin_call(cells: Int64Array, call: Int64Array, policy: Policy) -> None:
    """Nothing is decided yet, by this catalog and policy; no cell is left from the call before."""
    call[c.CALL_REASON] = c.ALL_DECIDED
    for cell in range(c.CALL_TRANSITION_COUNT, c.CALL_WINNER_COUNT + 1):
        call[cell] = 0
    call[c.CALL_CATALOG_GENERATION] = cells[c.CATALOG_GENERATION]
    call[c.CALL_CONTEXT_NUMBER] = cells[c.CONTEXT_NUMBER]
    call[c.CALL_FUTURE_TOLERANCE_MS] = policy.future_tolerance_ms


@kernel
def _exclude_all(
    ctx: int, cells: Int64Array, policy: Policy, rows: StructArray, verdicts: UInt8Array, wanted: UInt8Array
) -> None:
    for layer in range(cells[c.EXCLUSION_COUNT]):
        at = ctx + ZONES_AT + layer * EXCLUSION_BYTES
        place = (at - ctx) // WORD_BYTES
        zones = ExclusionTables(
            _zones_at(cells[place], cells[place + 1]),
            _fences_at(at + 2 * WORD_BYTES),
            cells[c.EXCLUSION_ACCURACY_CM + layer],
        )
        _exclude(cells[c.EXCLUDE_ROWS], (zones, policy, rows, verdicts, wanted, cells[c.USE_CELLS]))


@kernel
def _outcome_of(call_at: int, call: Int64Array, winner_count_max: int) -> OutcomeRows:
    return OutcomeRows(
        _transitions_at(call[c.CALL_TRANSITIONS], call[c.CALL_TRANSITIONS + 1]),
        _tries_at(call[c.CALL_TRIES], call[c.CALL_TRIES + 1]),
        _winners_at(call[c.CALL_WINNERS], min(call[c.CALL_WINNERS + 1], winner_count_max)),
        _i8_at(call_at + WORD_BYTES * c.CALL_TRANSITION_COUNT, 3),
        _i8_at(call[c.CALL_WORKSPACE], SCRATCH_LENGTH),
    )


@native_entry(types.int64(*[types.int64] * 8))
def decide(
    ctx: int, pings_at: int, ages_at: int, count: int, real_now_ms: int, winner_count_max: int, verdicts_at: int,
    call_at: int,
) -> int:  # fmt: skip
    """Decide a batch in the order given, until a row needs Python; returns how many rows were decided.

    pings_at, ages_at, verdicts_at: PING rows, int64, uint8, shape (n,). Rows not decided are as they came, `now_ms` 0.
    """
    cells, call = _i8_at(ctx, CONTEXT_LENGTH), _i8_at(call_at, c.CALL_LENGTH)
    if _is_misused(cells, call, count, winner_count_max):
        return c.MISUSED
    policy = _policy_at(cells[c.POLICY])
    _begin_call(cells, call, policy)
    if count > 0 and cells[c.FLAGS] != 0:
        call[c.CALL_REASON] = c.CONSENT_DUE if cells[c.FLAGS] == c.FLAG_CONSENTS_DUE else c.PYTHON_DECIDES
    if count == 0 or cells[c.FLAGS] != 0:
        return 0
    clock, marks = _i8_at(cells[c.CLOCK], c.CLOCK_LENGTH), _i8_at(cells[c.MARKS], c.MARKS_LENGTH)
    columns = call[c.CALL_WORKSPACE] + WORD_BYTES * SCRATCH_LENGTH
    flags = columns + 16 * count + 8
    pings, ages_ms, is_live = _pings_at(pings_at, count), _i8_at(ages_at, count), _u1_at(flags + count, count)
    now_ms = read_clock(clock, real_now_ms)
    until_ms = min(min(cells[c.HOURS_UNTIL_MS], cells[c.CONSENT_NEXT_MS]), cells[c.TOTALS_NEXT_MS])
    stamped = stamp_rows(clock, pings, ages_ms, is_live, now_ms, cells[c.HOURS_FROM_MS], until_ms)
    if stamped < count:
        call[c.CALL_REASON] = _why_outside(cells, _next_now(clock, pings, ages_ms, now_ms, stamped))
    people, fences = _people_at(ctx + PEOPLE_AT), _fences_at(ctx + FENCES_AT)
    rows, verdicts, wanted = _pings_at(pings_at, stamped), _u1_at(verdicts_at, stamped), _u1_at(flags, stamped)
    slots, latitudes_e7 = _i4_at(columns, stamped), _i4_at(columns + 4 * count, stamped)
    longitudes_e7, hit_starts = _i4_at(columns + 8 * count, stamped), _i4_at(columns + 12 * count, stamped + 1)
    hits, cells_used = _i4_at(call[c.CALL_HITS], call[c.CALL_HITS + 1]), cells[c.USE_CELLS]
    _admit(cells[c.ADMIT_ROWS], (people, policy, rows, verdicts, slots, wanted, latitudes_e7, longitudes_e7))
    _exclude_all(ctx, cells, policy, rows, verdicts, wanted)
    places = fences, latitudes_e7, longitudes_e7, wanted, hit_starts, hits, cells_used
    located = _locate(cells[c.LOCATE_BATCH], places)
    if located < stamped:
        call[c.CALL_REASON] = c.BUFFERS_FULL
    out = _outcome_of(call_at, call, winner_count_max)
    live, commerce, rows = _live_at(ctx + LIVE_AT), _commerce_at(ctx + COMMERCE_AT), _pings_at(pings_at, located)
    state = people, fences, live, commerce, policy, rows, verdicts, slots, hit_starts, hits, 0, out
    done = _decide(cells[c.DECIDE_ROWS], state)
    if done < located:
        call[c.CALL_REASON] = _why_not(people, call, hit_starts, done, winner_count_max)
    keep_clock(clock, pings, is_live, done, stamped)
    if done > 0:
        marks[c.DECIDED_MS] = max(marks[c.DECIDED_MS], pings[done - 1].now_ms)
    _count(marks, verdicts, out, done)
    return done


@native_entry(types.int64(*[types.int64] * 5))
def may_send(ctx: int, person_slot: int, person_key: int, consent_epoch: int, policy_version: int) -> int:
    """The send gate as of now, but for the time: whoever holds the offer knows when her consent changes by itself.

    policy_version: what the offer was decided by.
    """
    cells = _i8_at(ctx, CONTEXT_LENGTH)
    people = _people_at(ctx + PEOPLE_AT)
    if (
        cells[c.LAYOUT] != c.LAYOUT_VERSION
        or (cells[c.FLAGS] & (c.FLAG_NOTICES_DUE | c.FLAG_CLOSED)) != 0
        or _policy_at(cells[c.POLICY]).offers_stopped != 0
        or policy_version < cells[c.GATE_VERSION]
        or person_slot < 0
        or person_slot >= len(people.persons)
    ):
        return 0
    person = people.persons[person_slot]
    return 1 if person.person_key == person_key and person.consent_epoch == consent_epoch else 0


@kernel
def _tell_hint(cells: Int64Array, policy: Policy, told: Int64Array, hint: Any, waits_ms: Int64Array, ping: Any) -> None:
    """`_next_ping` of engine/hints.py; waits_ms: shape (DWELL_WAIT_COUNT_MAX,)."""
    speed = max(limits.HINT_WALKING_CM_PER_S, ping.speed_cm_per_s * 3 // 2)
    latest_ms = min(policy.silent_after_ms * 2 // 3, DAY_MS)
    if hint.opens_ms != 0:
        latest_ms = min(latest_ms, max(0, hint.opens_ms - ping.fix_time_ms))
    accuracy_cm = ping.accuracy_cm if ping.accuracy_cm != 0 else policy.assumed_accuracy_cm
    way_cm = min(hint.distance_cm, hint.leave_cm) - accuracy_cm - policy.outside_margin_cm
    earliest_ms = 0 if hint.enter_accuracy_cm != 0 else max(way_cm, 0) * 1000 // speed
    earliest_ms = min(earliest_ms, latest_ms)
    for index in range(DWELL_WAIT_COUNT_MAX):
        told[c.HINT_DWELL_MS + index] = waits_ms[index]
        if waits_ms[index] != 0:
            earliest_ms = min(earliest_ms, waits_ms[index])
    told[c.HINT_DISTANCE_M] = hint.distance_cm // 100
    told[c.HINT_LEAVE_DISTANCE_M] = c.HINT_NO_RIM if hint.leave_cm == NO_RIM_CM else hint.leave_cm // 100
    told[c.HINT_LEAVE_ACCURACY_M] = limits.ACCURACY_MAX_CM // 100
    if policy.outside_accuracy_percent >= 100:
        told[c.HINT_LEAVE_ACCURACY_M] = (cells[c.HINT_MARGIN_CM] + 99) // 100
    told[c.HINT_ENTER_ACCURACY_M] = (hint.enter_accuracy_cm + 99) // 100
    told[c.HINT_LATEST_MS] = latest_ms
    told[c.HINT_EARLIEST_MS] = earliest_ms
    told[c.HINT_SPEED_CM_PER_S] = speed
    told[c.HINT_TOLD_ENTER_COUNT] = cells[c.HINT_ENTER_COUNT]
    told[c.HINT_TOLD_LEAVE_COUNT] = cells[c.HINT_LEAVE_COUNT]
    told[c.HINT_FENCES_GENERATION] = cells[c.FENCES_GENERATION]
    told[c.HINT_ASSUMED_ACCURACY_M] = policy.assumed_accuracy_cm // 100


@native_entry(types.int64(*[types.int64] * 6))
def hint(ctx: int, pings_at: int, count: int, hints_at: int, workspace_at: int, workspace_bytes: int) -> int:
    """`Engine.next_pings`: when the next ping of each row's device is useful. Reads no person.

    pings_at: PING rows as decided, shape (n,). hints_at: int64, shape (n × HINT_LENGTH,). The workspace takes
    HINT_WORKSPACE_BYTES_PER_ROW for each row. Returns n; −1 = misuse; −2 = the fences are not known yet.
    """
    cells = _i8_at(ctx, CONTEXT_LENGTH)
    if cells[c.LAYOUT] != c.LAYOUT_VERSION or count < 0 or workspace_bytes < c.HINT_WORKSPACE_BYTES_PER_ROW * count:
        return c.MISUSED
    if (cells[c.FLAGS] & c.FLAG_CLOSED) != 0 or cells[c.HINT_BAND_CM] < 0:
        return c.HINTS_UNKNOWN
    policy = _policy_at(cells[c.POLICY])
    pings = _pings_at(pings_at, count)
    nows_ms = _i8_at(workspace_at, count)
    hints = _hints_at(workspace_at + 8 * count, count)
    waits_ms = _i8_at(workspace_at + 32 * count, count * DWELL_WAIT_COUNT_MAX)
    columns = workspace_at + 64 * count
    latitudes_e7 = _i4_at(columns, count)
    longitudes_e7 = _i4_at(columns + 4 * count, count)
    accuracies_cm = _i4_at(columns + 8 * count, count)
    for row in range(count):
        nows_ms[row] = pings[row].now_ms
        latitudes_e7[row] = pings[row].latitude_e7
        longitudes_e7[row] = pings[row].longitude_e7
        accuracies_cm[row] = pings[row].accuracy_cm
    _hint(
        cells[c.HINT_ROWS],
        (
            _fences_at(ctx + FENCES_AT),
            policy,
            cells[c.HINT_BAND_CM],
            _i4_at(cells[c.HINT_WIDE_PARTS], cells[c.HINT_WIDE_PART_COUNT]),
            latitudes_e7,
            longitudes_e7,
            accuracies_cm,
            nows_ms,
            hints,
            waits_ms,
        ),
    )
    for row in range(count):
        told = _i8_at(hints_at + 8 * c.HINT_LENGTH * row, c.HINT_LENGTH)
        own_waits_ms = _i8_at(workspace_at + 32 * count + 8 * DWELL_WAIT_COUNT_MAX * row, DWELL_WAIT_COUNT_MAX)
        _tell_hint(cells, policy, told, hints[row], own_waits_ms, pings[row])
    return count
