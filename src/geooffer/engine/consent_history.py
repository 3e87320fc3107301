"""Was it allowed then? A person's events replayed up to a moment (privacy C5). Obvious on purpose: it is proof."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from geooffer.engine.consent_ledger import consent_rank
from geooffer.model.consent import RecordedConsent
from geooffer.model.verdicts import Purpose


@dataclass(frozen=True, slots=True)
class Allowance:
    """What her events say of one purpose at one moment."""

    allowed: bool
    """By the events' own times, whenever they came in. What a policy demanded of notices is not asked."""
    was_known: bool
    """By those events alone that had come in by then: what this service could act on."""
    is_complete: bool
    """False: events of that time were dropped when their retention was over, so `allowed` is no by default."""
    event: RecordedConsent | None
    """The event that decides `allowed`; None = she had said nothing."""


def allowance(
    events: Iterable[RecordedConsent], purpose: Purpose, time_ms: int, known_from_ms: int | None = None
) -> Allowance:
    """`known_from_ms`: since when nothing was dropped; None = nothing ever was."""
    named = [event for event in events if event.purposes & purpose.bit and event.time_ms <= time_ms]
    deciding = _latest(named)
    known = _latest([event for event in named if event.recorded_ms <= time_ms])
    is_complete = known_from_ms is None or time_ms >= known_from_ms
    return Allowance(
        allowed=is_complete and deciding is not None and deciding.holds_at(time_ms),
        was_known=is_complete and known is not None and known.holds_at(time_ms),
        is_complete=is_complete,
        event=deciding,
    )


def _latest(events: list[RecordedConsent]) -> RecordedConsent | None:
    """At one moment a withdrawal wins (consent_rank)."""
    return max(events, key=consent_rank, default=None)
