"""Two policy documents compared, field by field: what tightens applies at once, what loosens is approved first (A3).

What *tightening* promises. Take any try (a visit at a ping, an asked decision), and everything the service holds when
it comes, and the catalog, equal. Where the old document takes no decision, the new one takes none. It does not say

- which offer: where the best is silenced, the second best may take its place. A shadow offer of a control group is a
  decision like any other, so somebody held out of the best may now be sent the second best;
- what comes after: an offer silenced now leaves caps and cooldown free, and one may be made at a later try (where
  fences overlap, of the same ping) at which the old document, having made the first, would have been silent. Any cap
  does that, whoever tightens it;
- anything of a field whose direction is not known. Whatever is not proven below is a loosening, both ways.

tests/engine/test_policy_property.py holds it to 100,000 random pings with the real engine, and
tests/model/test_policy_classing.py each field and all pairs of cap rules to an oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapWindow
from geooffer.model.policy import Policy
from geooffer.model.policy_document import SECTIONS, PolicyDocument, human

TIGHTER_WHEN_LESS = frozenset(
    {
        "fast_cm_per_s",
        "intent_max_age_ms",
        "intent_retention_days",  # forgets interests, and nothing that silences
    }
)
TIGHTER_WHEN_MORE = frozenset(
    {
        "same_offer_after_ms",
        "ended_offer_after_ms",
        "cooldown_ms",
        "score_floor",
        "held_out_per_10000",
    }
)
"""Each only gives a try one more reason to end without a decision. What moves a try to another ping is in neither: a
later one may find what the earlier did not (she no longer drives past, night is over), without any cap in play."""
_MOVES = "fewer pings bring a try, but a later one may find what the earlier did not"
WHY_UNKNOWN = {
    "accuracy_max_cm": _MOVES,
    "inside_accuracy_floor_cm": _MOVES,
    "historical_after_ms": _MOVES,
    "jump_cm_per_s": _MOVES,
    "jump_fix_count": _MOVES,
    "enter_fix_count": _MOVES,
    "dwell_ms": _MOVES,
    "future_tolerance_ms": "less refuses purchases, dismissals and withdrawals whose clock is ahead, too",
    "decision_retention_days": "longer holds more; shorter forgets the decision that a late dismissal is about",
    "assumed_accuracy_cm": "a coarser fix enters less and counts as slower, a finer one the other way round",
    "outside_margin_cm": "later exits save a second visit and lengthen the first",
    "outside_accuracy_percent": "later exits save a second visit and lengthen the first",
    "exit_fix_count": "later exits save a second visit and lengthen the first",
    "silent_after_ms": "a longer silence saves a second visit and lengthens the first",
    "closing_margin_ms": "a closed store's offers may be shipped to who prefers that, stale stock or not",
    "safety_stock_count": "goods of another branch may score higher than those here",
    "stock_max_age_ms": "goods of another branch may score higher than those here",
    "fact_retention_days": "longer holds more; shorter forgets the purchase that silences a category",
    "consent_evidence_retention_days": "longer holds more; shorter loses the proof of consent",
}
"""Fields that loosen both ways, and why; for the officer who wonders."""
_QUIET = ("quiet_start_minute", "quiet_end_minute", "quiet_days_mask")
_DAY_MINUTES = 1_440
NOTICE_FIELD = "minimum_notice."
IsNewer = Callable[[str, str], bool]
"""(notice, other) → the other is known to be as new or newer."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field. `before` and `after` as people read them; '' = there was none."""

    field: str
    before: str
    after: str
    is_tightening: bool
    why: str = ""


def difference(old: PolicyDocument, new: PolicyDocument, is_newer: IsNewer) -> tuple[Change, ...]:
    """What `new` changes, in the order of the text; reason, author, version and time are no changes of the rules."""
    return (
        *_approvals(old, new),
        *_numbers(old.numbers, new.numbers),
        *_notices(old, new, is_newer),
        *_caps(old.cap_rules, new.cap_rules),
    )


def is_loosening(changes: Iterable[Change]) -> bool:
    """Whether any of them has to be approved."""
    return any(not change.is_tightening for change in changes)


def quiet_minutes(policy: Policy) -> frozenset[int]:
    """Minutes of the week (0 = Monday 00:00) in quiet hours, as kernels/calendar.py has them."""
    start, end, days = policy.quiet_start_minute, policy.quiet_end_minute, policy.quiet_days_mask
    length = (end - start) % _DAY_MINUTES
    return frozenset(
        (day * _DAY_MINUTES + start + minute) % (7 * _DAY_MINUTES)
        for day in range(7)
        if days >> day & 1
        for minute in range(length)
    )


def _approvals(old: PolicyDocument, new: PolicyDocument) -> Iterator[Change]:
    before, after = old.approvals_needed, new.approvals_needed
    if before != after:
        yield Change("approvals_needed", str(before), str(after), after > before)


def _numbers(old: Policy, new: Policy) -> Iterator[Change]:
    for section, names in SECTIONS.items():
        for name in names:
            before, after = getattr(old, name), getattr(new, name)
            if before == after:
                continue
            is_tightening = (name in TIGHTER_WHEN_LESS and after < before) or (
                name in TIGHTER_WHEN_MORE and after > before
            )
            why = WHY_UNKNOWN.get(name, "")
            if name in _QUIET:
                is_tightening = quiet_minutes(new) >= quiet_minutes(old)
                why = "" if is_tightening else "some minute of the week is quiet no longer"
            yield Change(f"{section}.{name}", _told(name, before), _told(name, after), is_tightening, why)


def _told(name: str, value: int) -> str:
    remark = human(name, value)
    return f"{value} ({remark})" if remark else str(value)


def _notices(old: PolicyDocument, new: PolicyDocument, is_newer: IsNewer) -> Iterator[Change]:
    held, wanted = dict(old.minimum_notices), dict(new.minimum_notices)
    for purpose in sorted(held.keys() | wanted.keys()):
        before, after = held.get(purpose, ""), wanted.get(purpose, "")
        if before != after:
            is_tightening = bool(after) and (not before or is_newer(before, after))
            why = "" if is_tightening or not after else "it is not known to be newer"
            yield Change(f"{NOTICE_FIELD}{purpose.name.lower()}", before, after, is_tightening, why)


def _caps(old: Iterable[CapRule], new: Iterable[CapRule]) -> Iterator[Change]:
    held, wanted = _limits(old), _limits(new)
    for what in sorted(held.keys() | wanted.keys(), key=lambda rule: (rule.scope, rule.event, rule.window, rule.zone)):
        before, after = held.get(what), wanted.get(what)
        if before == after:
            continue
        is_kept = before is None or any(_implies(rule, limit, what, before) for rule, limit in wanted.items())
        told = ["" if limit is None else str(limit) for limit in (before, after)]
        yield Change(f"caps[{_name_of(what)}]", told[0], told[1], is_kept)


def _limits(rules: Iterable[CapRule]) -> dict[CapRule, int]:
    """By what a rule counts (the rule with a limit of 0), its least limit: all rules hold at once."""
    found: dict[CapRule, int] = {}
    for rule in rules:
        what = CapRule(rule.scope, 0, rule.window, rule.window_ms, rule.zone, rule.event)
        found[what] = min(rule.limit_count, found.get(what, rule.limit_count))
    return found


def _implies(rule: CapRule, limit: int, other: CapRule, other_limit: int) -> bool:
    """Whoever keeps to `rule` keeps to the other: it counts the same, at least as far back, and allows no more."""
    if (rule.scope, rule.event, rule.window) != (other.scope, other.event, other.window) or limit > other_limit:
        return False
    if rule.window is CapWindow.SLIDING:
        return rule.window_ms >= other.window_ms
    return rule.zone is other.zone


def _name_of(what: CapRule) -> str:
    window = human("window_ms", what.window_ms) or f"{what.window_ms} ms"
    if what.window is not CapWindow.SLIDING:
        window = f"{what.window.name.lower()} of {what.zone.name.lower()}"
    return f"{what.scope.name.lower()}, {window}, {what.event.name.lower()}"
