"""Ping columns in, outcome rows out: the arrays that cross between data plane, engine and kernels.

Every dtype is aligned and its size asserted, because compiled kernels and (later) the native plane share it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Int32Array = npt.NDArray[np.int32]
UInt8Array = npt.NDArray[np.uint8]
StructArray = npt.NDArray[np.void]

PING = np.dtype(
    [
        ("device_key", "<i8"),
        ("session_id", "<i8"),
        ("sequence", "<i8"),  # 0 = not given: duplicates are then found by fix time alone
        ("fix_time_ms", "<i8"),  # resolved by engine/clock.py: now − age, or the row's own wall time
        ("now_ms", "<i8"),  # the engine's time when the row is decided
        ("latitude_e7", "<i4"),
        ("longitude_e7", "<i4"),
        ("accuracy_cm", "<i4"),  # 0 = unknown
        ("stream_number", "<i4"),  # where transitions of later sweeps are told; 0 = nowhere
        ("speed_cm_per_s", "<i4"),  # as the phone reports it; −1 = not reported
        ("malformed", "u1"),  # 1 = the decoder or the door refused the row
        ("_pad", "u1", (3,)),
    ],
    align=True,
)
assert PING.itemsize == 64

TRANSITION = np.dtype(
    [
        ("device_key", "<i8"),
        ("event_time_ms", "<i8"),
        ("row", "<i4"),  # −1: from a sweep, no ping
        ("fence_number", "<i4"),
        ("stream_number", "<i4"),
        ("kind", "u1"),  # TransitionKind
        ("cause", "u1"),  # TransitionCause
        ("historical", "u1"),
        ("_pad", "u1"),
    ],
    align=True,
)
assert TRANSITION.itemsize == 32

TRY = np.dtype(
    [
        ("time_ms", "<i8"),
        ("row", "<i4"),  # −1: asked for, not walked
        ("fence_number", "<i4"),
        ("store_number", "<i4"),
        ("offer_number", "<i4"),  # of the candidate that came furthest; −1 = none matched
        ("person_slot", "<i4"),
        ("verdict", "u1"),  # OfferVerdict
        ("_pad", "u1", (3,)),
    ],
    align=True,
)
assert TRY.itemsize == 32

#: What a score is made of, in points (kernels/rank.py); their sum is the score.
FACTORS = (
    "interest",
    "due_again",
    "affinity",
    "price_cut",
    "distance",
    "dwell",
    "stock",
    "loyalty",
    "closing",
)

WINNER = np.dtype(
    [
        ("person_key", "<i8"),
        ("device_key", "<i8"),
        ("time_ms", "<i8"),
        ("amount_minor", "<i8"),
        ("reference_amount_minor", "<i8"),
        ("stock_as_of_ms", "<i8"),
        ("row", "<i4"),
        ("person_slot", "<i4"),
        ("fence_number", "<i4"),
        ("store_number", "<i4"),
        ("supply_store_number", "<i4"),  # where the goods are: the same store, another branch, an online store
        ("offer_number", "<i4"),
        ("product_number", "<i4"),
        ("category_number", "<i4"),
        ("campaign_number", "<i4"),
        ("size_code", "<i4"),  # −1 = the product has no sizes
        ("available_count", "<i4"),  # −1 = stock is not tracked
        ("score", "<i4"),
        *((f"{name}_points", "<i4") for name in FACTORS),
        ("try_index", "<i4"),  # its row among the tries of the same step
        ("contact_slot", "<i4"),  # where its caps are consumed
        ("consent_epoch", "<i4"),  # of the person as it won; the send gate compares it
        ("reason_kind", "u1"),  # TouchpointKind of the interest that won; PURCHASE = due again
        ("fulfilment", "u1"),  # Fulfilment
        ("channel", "u1"),  # Channel
        ("is_shadow", "u1"),  # 1 = held out: nothing is sent
    ],
    align=True,
)
assert WINNER.itemsize == 152
assert WINNER.fields is not None
assert WINNER.fields["row"][1] == 48  # native/plane/src/rows.rs: WINNER_ROW_OFFSET
assert WINNER.fields["try_index"][1] == 132


class Outcome(NamedTuple):
    """What a step decided, for one batch of n pings."""

    verdicts: UInt8Array  # shape (n,), PingVerdict
    transitions: StructArray  # TRANSITION, by row, then EXIT, ENTER, DWELL, then fence number
    tries: StructArray  # TRY, by row, then fence number
    winners: StructArray  # WINNER, by row; caps consumed, not yet durable
