"""What the native matcher is told by: int64 cells (kernels/native_entry.py reads them, engine/join.py writes them).

Addresses are those of arrays that engine/join.py keeps alive. A table of rows takes two cells, (address, rows).
"""

from __future__ import annotations

LAYOUT_VERSION = 1

# -- the context: one for all workers --------------------------------------------------------------------------------
(
    LAYOUT,
    FLAGS,  # anything but 0: Python decides
    CONTEXT_NUMBER,  # names catalog, policy and people of a decision to Python
    CATALOG_GENERATION,
    HOURS_FROM_MS,
    HOURS_UNTIL_MS,
    CONSENT_NEXT_MS,  # from this moment on somebody's consent has to be looked at
    TOTALS_NEXT_MS,  # from this moment on a spent campaign may have something left
    USE_CELLS,  # 0 = the packed tree
    CLOCK,  # address of the clock's cells
    MARKS,  # address of the marks
    POLICY,  # address of the policy's numbers
    ADMIT_ROWS,  # addresses of compiled functions
    EXCLUDE_ROWS,
    LOCATE_BATCH,
    DECIDE_ROWS,
    HINT_ROWS,
    EXCLUSION_COUNT,  # tables of exclusion zones, 0..2
    EXCLUSION_ACCURACY_CM,  # and of the second one
    EXCLUSION_ACCURACY_2_CM,
    HINT_BAND_CM,
    HINT_WIDE_PARTS,  # address, length of int32
    HINT_WIDE_PART_COUNT,
    HINT_MARGIN_CM,
    HINT_ENTER_COUNT,
    HINT_LEAVE_COUNT,
    FENCES_GENERATION,
    GATE_VERSION,  # what was decided by an older policy does not leave
) = range(28)
TABLES = 32
"""From here on the tables: people, live, commerce, fences, then zones and shapes of two exclusion tables."""

# -- flags ------------------------------------------------------------------------------------------------------------
FLAG_SHADOW, FLAG_RTREE, FLAG_ZONES_CHANGED, FLAG_CONSENTS_DUE, FLAG_CLOSED = (1 << bit for bit in range(5))
FLAG_NOTICES_DUE = 1 << 5
"""What notices the policy takes has changed, and not everybody was looked at: no offer may leave."""

# -- the clock (engine/clock.py) --------------------------------------------------------------------------------------
CLOCK_IS_CLIENT, CLOCK_NOW_MS, CLOCK_BEGUN_MS, CLOCK_AHEAD_AT_BEGIN_MS, CLOCK_AHEAD_MS = range(5)
CLOCK_LENGTH = 5

# -- marks: what the matcher leaves behind ----------------------------------------------------------------------------
DECIDED_MS = 0
"""Greatest `now` of the pings decided so far."""
PING_VERDICT_COUNTS = 8
"""Counts by verdict or kind since Python took them."""
OFFER_VERDICT_COUNTS = PING_VERDICT_COUNTS + 64
TRANSITION_COUNTS = OFFER_VERDICT_COUNTS + 64
MARKS_LENGTH = TRANSITION_COUNTS + 16

# -- a call: one block per worker, owned by it ------------------------------------------------------------------------
(
    CALL_REASON,
    CALL_TRANSITION_COUNT,
    CALL_TRY_COUNT,
    CALL_WINNER_COUNT,
    CALL_CATALOG_GENERATION,
    CALL_CONTEXT_NUMBER,
    CALL_FUTURE_TOLERANCE_MS,
) = range(7)
CALL_TRANSITIONS, CALL_TRIES, CALL_WINNERS, CALL_HITS, CALL_WORKSPACE = range(8, 18, 2)
"""Each an address, and in the next cell the capacity: rows, int32s of hits, bytes of workspace."""
CALL_LENGTH = 24
WORKSPACE_BYTES = 512
WORKSPACE_BYTES_PER_ROW = 24

# -- a hint: what engine/hints.py's NextPing says, one row of int64 per ping ------------------------------------------
(
    HINT_DISTANCE_M,
    HINT_LEAVE_DISTANCE_M,  # HINT_NO_RIM = there is nothing to leave
    HINT_LEAVE_ACCURACY_M,
    HINT_ENTER_ACCURACY_M,
    HINT_LATEST_MS,
    HINT_EARLIEST_MS,
    HINT_SPEED_CM_PER_S,
    HINT_TOLD_ENTER_COUNT,
    HINT_TOLD_LEAVE_COUNT,
    HINT_FENCES_GENERATION,
    HINT_ASSUMED_ACCURACY_M,
    HINT_DWELL_MS,  # four cells, ascending, 0 = no more
) = range(12)
HINT_LENGTH = 16
HINT_NO_RIM = -(2**62)
HINT_WORKSPACE_BYTES_PER_ROW = 80
HINTS_UNKNOWN = -2

# -- why rows are left undecided --------------------------------------------------------------------------------------
(
    ALL_DECIDED,
    NEEDS_ROOM,
    BUFFERS_FULL,
    HOURS_OVER,
    CONSENT_DUE,
    PYTHON_DECIDES,
    WINNERS_FULL,
    TOTALS_DUE,
) = range(8)
MISUSED = -1
