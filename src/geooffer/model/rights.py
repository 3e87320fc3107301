"""Requests of persons by which they use their rights (GDPR Art. 15, 17, 18, 21), and when an answer is due (Art. 12).

received ──► open ──► answered │ refused        due: one month after it was received, three where that was told
              └─ extended ─┘                    restrictions: in force from the answer until they are lifted
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from geooffer.model.verdicts import Purpose

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DUE_MONTH_COUNT = 1
DUE_EXTENDED_MONTH_COUNT = 3
"""The month of Art. 12(3) and the two by which it may be extended."""


class RightsKind(IntEnum):
    """What she asks for. Values are part of the journal format."""

    EXPORT = 1
    ERASE = 2
    RESTRICT = 3
    OBJECT = 4


class RightsState(IntEnum):
    """How far a request has come."""

    OPEN = 1
    ANSWERED = 2
    REFUSED = 3


class RightsStep(IntEnum):
    """What is done about a request."""

    ANSWERED = 1
    REFUSED = 2
    EXTENDED = 3
    LIFTED = 4


class RestrictionGround(IntEnum):
    """Why processing is restricted (Art. 18(1) a to d)."""

    ACCURACY_CONTESTED = 1
    PROCESSING_UNLAWFUL = 2
    LEGAL_CLAIMS = 3
    OBJECTION_PENDING = 4


DIRECT_MARKETING_PURPOSES = (
    Purpose.PRECISE_LOCATION_FOR_OFFERS,
    Purpose.BACKGROUND_LOCATION,
    Purpose.SEARCH_INTENT_USE,
    Purpose.PERSONALISED_OFFERS,
    Purpose.PUSH_MARKETING,
    Purpose.SPECIAL_CATEGORY_OFFERS,
)
"""What serves direct marketing, profiling included (Art. 21(2)): all but aggregate statistics."""


@dataclass(frozen=True, slots=True)
class RightsRequest:
    """One request as it stands. Times are milliseconds since 1970, 0 = not (yet)."""

    request_id: str
    kind: int
    received_ms: int
    due_ms: int
    recorded_ms: int
    ground: int = 0
    """Of a restriction, a RestrictionGround."""
    purposes: int = 0
    """Of an objection, a mask of Purpose bits."""
    reason: str = ""
    """Why the officer acts: as she or he put it."""
    state: int = int(RightsState.OPEN)
    closed_ms: int = 0
    answer: str = ""
    """What was done: of an export the SHA-256 of the document; of a refusal, or of a letter acted on later, why."""
    extended_ms: int = 0
    extension_reason: str = ""
    lifted_ms: int = 0
    informed_ms: int = 0
    """When she was told that the restriction would be lifted (Art. 18(3))."""
    lift_reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.state == RightsState.OPEN

    @property
    def is_in_force(self) -> bool:
        """Whether it restricts processing now."""
        return self.kind == RightsKind.RESTRICT and self.state == RightsState.ANSWERED and not self.lifted_ms

    def is_overdue(self, now_ms: int) -> bool:
        """Whether an answer is late."""
        return self.is_open and now_ms > self.due_ms


def months_after(time_ms: int, month_count: int) -> int:
    """The same moment so many months later, in UTC; where that month has no such day, on its last one."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    year, month = divmod(moment.month - 1 + month_count, 12)
    year, month = moment.year + year, month + 1
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return (moment.replace(year=year, month=month, day=day) - _EPOCH) // timedelta(milliseconds=1)
