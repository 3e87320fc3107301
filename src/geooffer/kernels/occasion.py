"""What is the same for all candidates of one try: who, where, when, on which channel, and why now."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from numba import types

from geooffer.kernels.compile import kernel
from geooffer.kernels.trig import METRES_PER_E7, sine_cosine_e7
from geooffer.model.kinds import PUSHED_CHANNELS, Channel
from geooffer.model.verdicts import OfferTrigger, Purpose

HALF_TURN_E7 = 1_800_000_000
TURN_E7 = 3_600_000_000
PROXIMITY_PURPOSES = (
    Purpose.PRECISE_LOCATION_FOR_OFFERS.bit | Purpose.SEARCH_INTENT_USE.bit | Purpose.PERSONALISED_OFFERS.bit
)
"""What every offer on a walk needs."""
ASKED_PURPOSES = Purpose.SEARCH_INTENT_USE.bit | Purpose.PERSONALISED_OFFERS.bit
"""What every offer somebody asks for her needs: no place of hers is used (semantics D9)."""
ALL_TRIGGERS = 1 << int(OfferTrigger.ENTER) | 1 << int(OfferTrigger.DWELL)
UNKNOWN_DISTANCE = -1


class Occasion(NamedTuple):
    """All int64. `triggers`: bits 1 << OfferTrigger; product and category −1 = any; distance −1 = no place known."""

    person_slot: int
    store_number: int
    now_ms: int
    triggers: int
    purposes: int
    channel: int
    is_fast: int
    may_be_quiet: int
    """1 = quiet hours hold for this channel."""
    distance_m: int
    has_dwelt: int
    product_number: int
    category_number: int


OCCASION = types.NamedUniTuple(types.int64, len(Occasion._fields), Occasion)


def asked_occasion(
    *, person_slot: int, store_number: int, now_ms: int, channel: Channel, product_number: int, category_number: int
) -> Occasion:
    """Somebody asks on her behalf. The web shop and the app are looked at by herself: no quiet hours there."""
    pushed = channel in PUSHED_CHANNELS
    return Occasion(
        person_slot=person_slot,
        store_number=store_number,
        now_ms=now_ms,
        triggers=ALL_TRIGGERS,
        purposes=ASKED_PURPOSES | (Purpose.PUSH_MARKETING.bit if pushed else 0),
        channel=int(channel),
        is_fast=0,
        may_be_quiet=0 if channel in (Channel.IN_APP, Channel.WEB_SHOP) else 1,
        distance_m=UNKNOWN_DISTANCE,
        has_dwelt=0,
        product_number=product_number,
        category_number=category_number,
    )


@kernel
def distance_cm(latitude_a_e7: int, longitude_a_e7: int, latitude_b_e7: int, longitude_b_e7: int) -> int:
    """Centimetres between two near places, in the local plane at the first (semantics G2), rounded down.

    Against the great circle: under 0.1 % within 10 km up to 60° of latitude.
    """
    turn_e7 = longitude_b_e7 - longitude_a_e7
    if turn_e7 > HALF_TURN_E7:
        turn_e7 -= TURN_E7
    elif turn_e7 < -HALF_TURN_E7:
        turn_e7 += TURN_E7
    _, cosine = sine_cosine_e7(latitude_a_e7)
    east_m = turn_e7 * cosine * METRES_PER_E7
    north_m = (latitude_b_e7 - latitude_a_e7) * METRES_PER_E7
    return int(sqrt(east_m * east_m + north_m * north_m) * 100.0)
