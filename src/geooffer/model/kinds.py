"""Closed lists of choices that signals, campaigns and cap rules are made of. Values are part of the journal format.

Mirrored in proto/geooffer/v1/kinds.proto; tests/model/test_kinds.py holds the two together.
"""

from __future__ import annotations

from enum import IntEnum


class Channel(IntEnum):
    """How a message reaches her."""

    IN_APP = 1
    PUSH = 2
    WEB_SHOP = 3
    EMAIL = 4
    SMS = 5
    WHATSAPP = 6
    WECHAT = 7
    SOCIAL = 8

    @property
    def bit(self) -> int:
        """The channel as a mask of one bit."""
        return 1 << self.value


#: Channels that call on her by themselves: they need her consent to marketing messages (privacy C1).
PUSHED_CHANNELS = frozenset({Channel.PUSH, Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.WECHAT})


class AccountKind(IntEnum):
    """Who buys; consumers see gross prices, business accounts net ones (S9)."""

    CONSUMER = 1
    BUSINESS = 2

    @property
    def bit(self) -> int:
        """The kind as a mask of one bit."""
        return 1 << self.value


ALL_ACCOUNTS = AccountKind.CONSUMER.bit | AccountKind.BUSINESS.bit


class FulfilmentPreference(IntEnum):
    """What she said she prefers."""

    COLLECT = 1
    SHIP = 2


class Fulfilment(IntEnum):
    """Where the goods of an offer are: here, or the marked alternatives of S12."""

    IN_STORE = 1
    OTHER_BRANCH = 2
    SHIP_TO_HOME = 3


class OutcomeKind(IntEnum):
    """What became of an offer, as reported by who showed it."""

    DELIVERED = 1
    DISPLAYED = 2
    DISMISSED = 3
    REDEEMED = 4
    FAILED = 5


class IdentityKind(IntEnum):
    """What a person may be known by besides her customer id; always a pseudonym (privacy M8)."""

    WEB = 1
    LOYALTY = 2


class SwitchKind(IntEnum):
    """What a store network may throw at a moment's notice (semantics H2)."""

    CLOSED = 1
    OFFERS_PAUSED = 2


class CapScope(IntEnum):
    """Whose contacts a cap rule counts (semantics D2)."""

    PERSON = 1
    PERSON_STORE = 2
    PERSON_CATEGORY = 3
    PERSON_CAMPAIGN = 4
    CAMPAIGN_TOTAL = 5


class CapWindow(IntEnum):
    """How far back a cap rule looks: a sliding duration, or the calendar day, ISO week or month of its zone."""

    SLIDING = 1
    CALENDAR_DAY = 2
    CALENDAR_WEEK = 3
    CALENDAR_MONTH = 4


class CapZone(IntEnum):
    """Whose calendar a window follows; CUSTOMER falls back to the store's where hers is not known."""

    CUSTOMER = 1
    STORE = 2
    UTC = 3


class CapEvent(IntEnum):
    """What a cap rule counts. What is not yet known to have been delivered or displayed counts as if it were."""

    DECIDED = 1
    DELIVERED = 2
    DISPLAYED = 3
    CONTACTED = 4
