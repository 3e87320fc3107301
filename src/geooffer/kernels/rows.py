"""Writing outcome rows: fixed arrays with counters, checked for room before a ping is touched."""

from __future__ import annotations

from typing import NamedTuple

from numba import types

from geooffer.kernels.compile import kernel
from geooffer.kernels.types import I8, TRANSITIONS, TRIES, WINNERS
from geooffer.model.columns import Int64Array, StructArray

TRANSITION_COUNT, TRY_COUNT, WINNER_COUNT = range(3)
COUNTS_LENGTH = 3


class OutcomeRows(NamedTuple):
    """Where a step writes; `counts` holds how many rows of each are filled."""

    transitions: StructArray
    tries: StructArray
    winners: StructArray
    counts: Int64Array


OUTCOME_ROWS = types.NamedTuple([TRANSITIONS, TRIES, WINNERS, I8], OutcomeRows)


@kernel
def add_transition(
    out: OutcomeRows,
    row: int,
    device_key: int,
    stream_number: int,
    fence_number: int,
    kind: int,
    cause: int,
    historical: int,
    event_time_ms: int,
) -> None:
    """Append one transition; room was checked."""
    index = out.counts[TRANSITION_COUNT]
    out.counts[TRANSITION_COUNT] = index + 1
    out.transitions[index].row = row
    out.transitions[index].device_key = device_key
    out.transitions[index].stream_number = stream_number
    out.transitions[index].fence_number = fence_number
    out.transitions[index].kind = kind
    out.transitions[index].cause = cause
    out.transitions[index].historical = historical
    out.transitions[index].event_time_ms = event_time_ms
