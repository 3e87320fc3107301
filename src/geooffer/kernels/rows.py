"""Writing outcome rows: fixed arrays with counters, checked for room before a ping is touched."""

from __future__ import annotations

from typing import NamedTuple

from numba import types

from geooffer.kernels.compile import kernel
from geooffer.kernels.match import Match
from geooffer.kernels.rank import Points
from geooffer.kernels.types import I8, TRANSITIONS, TRIES, WINNERS
from geooffer.model.columns import Int64Array, StructArray
from geooffer.model.limits import INTENT_COUNT_MAX
from geooffer.model.tables import NEVER_MS, CommerceTables, LiveTables

TRANSITION_COUNT, TRY_COUNT, WINNER_COUNT = range(3)
COUNTS_LENGTH = 3
SCRATCH_LENGTH = 2 * INTENT_COUNT_MAX


class OutcomeRows(NamedTuple):
    """Where a step writes; `counts` holds how many rows of each are filled."""

    transitions: StructArray
    tries: StructArray
    winners: StructArray
    counts: Int64Array
    scratch: Int64Array  # shape (SCRATCH_LENGTH,): a try's notes on her intents, see attempt.py


OUTCOME_ROWS = types.NamedTuple([TRANSITIONS, TRIES, WINNERS, I8, I8], OutcomeRows)


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


@kernel
def write_winner(
    live: LiveTables,
    commerce: CommerceTables,
    out: OutcomeRows,
    winner_index: int,
    offer_number: int,
    found: Match,
    points: Points,
    score: int,
    reason_kind: int,
) -> None:
    """What a candidate brings; who, where and when is written once it has won."""
    winner = out.winners[winner_index]
    offer = commerce.offers[offer_number]
    price = commerce.prices[found.price_step]
    winner.score = score
    winner.interest_points = points.interest
    winner.due_again_points = points.due_again
    winner.affinity_points = points.affinity
    winner.price_cut_points = points.price_cut
    winner.distance_points = points.distance
    winner.dwell_points = points.dwell
    winner.stock_points = points.stock
    winner.loyalty_points = points.loyalty
    winner.closing_points = points.closing
    winner.offer_number = offer_number
    winner.product_number = offer.product_number
    winner.category_number = offer.category_number
    winner.campaign_number = offer.campaign_number
    winner.size_code = found.size_code
    winner.amount_minor = price.amount_minor
    winner.reference_amount_minor = price.reference_minor
    winner.supply_store_number = found.supply_store_number
    winner.fulfilment = found.fulfilment
    winner.available_count = live.stock[found.stock_row].available_count if found.stock_row >= 0 else -1
    winner.stock_as_of_ms = live.stock[found.stock_row].as_of_ms if found.stock_row >= 0 else NEVER_MS
    winner.reason_kind = reason_kind
