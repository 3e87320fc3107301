"""Outcomes as data. The order of each enum is its precedence: the first that applies is the verdict.

Mirrored in proto/geooffer/v1/verdicts.proto; tests/model/test_verdicts.py holds the two together.
"""

from __future__ import annotations

from enum import IntEnum


class PingVerdict(IntEnum):
    """Exactly one per ping (semantics T6)."""

    MALFORMED = 1
    SHED = 2
    NO_CONSENT = 3
    ACCURACY_TOO_COARSE = 4
    EXCLUSION_ZONE = 5
    DUPLICATE = 6
    FUTURE_FIX = 7
    STALE_FIX = 8
    SUSPECT_JUMP = 9
    ACCEPTED = 10


#: What the role `device` may be told of its own row; everything else looks like ACCEPTED (semantics T6).
DEVICE_VISIBLE_VERDICTS = frozenset(
    {PingVerdict.MALFORMED, PingVerdict.SHED, PingVerdict.ACCURACY_TOO_COARSE, PingVerdict.FUTURE_FIX}
)


class OfferVerdict(IntEnum):
    """Exactly one per candidate offer of a try (semantics D1).

    A try's own verdict is the greatest of the candidates that match an intent, NO_INTENT where none does.
    """

    STORE_CLOSED = 1
    TOO_FAST = 2
    QUIET_HOURS = 3
    PURPOSE_NOT_CONSENTED = 4
    SPECIAL_CATEGORY = 5
    OFFER_INACTIVE = 6
    AUDIENCE_MISMATCH = 7
    NO_INTENT = 8
    RECENTLY_BOUGHT = 9
    SIZE_MISMATCH = 10
    OUT_OF_STOCK = 11
    STOCK_STALE = 12
    NO_PRICE_ADVANTAGE = 13
    ALREADY_OFFERED = 14
    COOLDOWN = 15
    FREQUENCY_CAP = 16
    BUDGET_SPENT = 17
    BELOW_RELEVANCE = 18
    OUTRANKED = 19
    HELD_OUT = 20
    TOO_LATE = 21
    OFFERED = 22
    OFFERS_STOPPED = 23
    """Asked before all others, though it came last: the numbers of the others are told already."""


class TransitionKind(IntEnum):
    """Order of the events of one ping (semantics G8)."""

    EXIT = 1
    ENTER = 2
    DWELL = 3


class TransitionCause(IntEnum):
    """Why a transition happened (semantics P5)."""

    MOVEMENT = 1
    INITIAL = 2
    FENCE_CREATED = 3
    FENCE_UPDATED = 4
    FENCE_REMOVED = 5
    FENCE_EXPIRED = 6
    SILENT = 7


class TouchpointKind(IntEnum):
    """Kinds of signal (semantics S-2); the value is part of the journal format."""

    SEARCH = 1
    VIEW = 2
    WISH = 3
    PURCHASE = 4
    PREFERENCE = 5
    CART = 6
    RETURN = 7
    CONTACTED = 8
    SOCIAL_LIKE = 9
    SURVEY_ANSWER = 10
    LOYALTY_UPDATE = 11
    CRM_PROFILE = 12


INTEREST_KINDS = (TouchpointKind.SEARCH, TouchpointKind.VIEW, TouchpointKind.WISH, TouchpointKind.CART)
"""What makes an intent (D1.8)."""


class Purpose(IntEnum):
    """Consent purposes (privacy C1); the value is the bit number in the person's consent word."""

    PRECISE_LOCATION_FOR_OFFERS = 0
    BACKGROUND_LOCATION = 1
    SEARCH_INTENT_USE = 2
    PERSONALISED_OFFERS = 3
    PUSH_MARKETING = 4
    AGGREGATE_STATISTICS = 5
    SPECIAL_CATEGORY_OFFERS = 6

    @property
    def bit(self) -> int:
        """The purpose as a mask of one bit."""
        return 1 << self.value


class OfferTrigger(IntEnum):
    """When an offer is tried first in a visit (semantics section 5)."""

    ENTER = 1
    DWELL = 2
