"""A policy document: the rules of consent and throttling an officer answers for, in one canonical text (privacy A3).

The text is TOML with a closed list of keys in a fixed order, so that one document has one text and a signature over
its bytes means the document. model/policy_text.py reads it, model/policy_difference.py compares two.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.model.frequency import DEFAULT_CAP_RULES, CapRule, check_rules
from geooffer.model.kinds import CapWindow
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.units import format_time_ms
from geooffer.model.verdicts import Purpose

FORMAT = 1
APPROVALS_MAX = 2
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "pings": (
        "assumed_accuracy_cm", "accuracy_max_cm", "future_tolerance_ms", "historical_after_ms", "jump_cm_per_s",
        "jump_fix_count",
    ),
    "presence": (
        "inside_accuracy_floor_cm", "outside_margin_cm", "outside_accuracy_percent", "enter_fix_count",
        "exit_fix_count", "dwell_ms", "silent_after_ms",
    ),
    "offers": (
        "closing_margin_ms", "fast_cm_per_s", "quiet_start_minute", "quiet_end_minute", "quiet_days_mask",
        "intent_max_age_ms", "safety_stock_count", "stock_max_age_ms", "same_offer_after_ms", "ended_offer_after_ms",
        "cooldown_ms", "score_floor", "held_out_per_10000",
    ),
    "retention": tuple(name for name in Policy._fields if name.endswith("_retention_days")),
}  # fmt: skip
"""Which numbers of `Policy` stand under which heading."""
SET_BY_SERVICE = ("version", "retry_count", "offers_stopped")
"""Fields of `Policy` that nobody proposes."""
CEILINGS = {"intent_max_age_ms": limits.INTENT_RETENTION_MS}
"""Where a document may ask for less than `Policy` alone would take."""
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class PolicyStep(IntEnum):
    """What happened to a policy document (privacy A3)."""

    PROPOSED = 1
    APPROVED = 2
    PUBLISHED = 3


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """What is in force, or proposed. `version`, `author` and `time_ms` are the service's; 0 and '' = not yet given."""

    numbers: Policy = field(default_factory=Policy)
    cap_rules: tuple[CapRule, ...] = DEFAULT_CAP_RULES
    minimum_notices: tuple[tuple[Purpose, str], ...] = ()
    """By purpose, ascending: the oldest notice by which consent to it counts. A purpose without one takes any."""
    approvals_needed: int = 1
    """By how many officers other than its author a loosening is to be approved: 1 or 2."""
    reason: str = ""
    version: int = 0
    author: str = ""
    time_ms: int = 0

    def validate(self) -> None:
        """Raise InvalidArgumentError naming the first field outside its bound."""
        self.numbers.validate()
        for name, most in CEILINGS.items():
            if getattr(self.numbers, name) > most:
                raise InvalidArgumentError(f"{name} must be at most {most}", field=name)
        check_rules(self.cap_rules)
        if not 1 <= self.approvals_needed <= APPROVALS_MAX:
            raise InvalidArgumentError(f"approvals_needed must be 1..{APPROVALS_MAX}", field="approvals_needed")
        if list(self.minimum_notices) != sorted(dict(self.minimum_notices).items()):
            raise InvalidArgumentError("one minimum notice a purpose, ascending", field="minimum_notice")
        for purpose, notice in self.minimum_notices:
            check_line(notice, f"minimum_notice.{purpose.name.lower()}", limits.ID_LENGTH_MAX, required=True)
        check_line(self.reason, "reason", limits.TEXT_LENGTH_MAX)
        check_line(self.author, "author", limits.ID_LENGTH_MAX)

    def rules(self) -> tuple[object, ...]:
        """What decides, without who said so, when and why: two documents with equal rules do the same."""
        numbers = self.numbers._replace(**dict.fromkeys(SET_BY_SERVICE, 0))
        return numbers, self.cap_rules, self.minimum_notices, self.approvals_needed

    def text(self) -> str:
        """The canonical text; `parse_policy` gives the document back."""
        return "\n".join(_lines(self)) + "\n"


def check_line(text: str, name: str, length_max: int, *, required: bool = False) -> None:
    """One line of printable text. Raises InvalidArgumentError."""
    if len(text) > length_max or not text.isprintable() or (required and not text.strip()):
        least = "1" if required else "0"
        raise InvalidArgumentError(f"{name} must be {least}..{length_max} printable characters", field=name)


def human(name: str, value: int) -> str:
    """A number as people say it, by the unit its name ends in; '' where the number says it already."""
    if name == "quiet_days_mask":
        return " ".join(day for bit, day in enumerate(_WEEKDAYS) if value >> bit & 1) or "no day"
    if name.endswith("_minute"):
        return f"{value // 60:02}:{value % 60:02}"
    if name.endswith("_cm_per_s"):
        return f"{value / 100:g} m/s"
    if name.endswith("_cm"):
        return f"{value / 100:g} m"
    if name.endswith("_per_10000"):
        return f"{value / 100:g} %"
    if name.endswith("_ms"):
        for unit_ms, unit in ((DAY_MS, "d"), (HOUR_MS, "h"), (60_000, "min"), (1_000, "s")):
            if value and value % unit_ms == 0:
                return f"{value // unit_ms} {unit}"
    return ""


def _lines(document: PolicyDocument) -> Iterator[str]:
    yield f"format = {FORMAT}"
    if document.version:
        yield f"version = {document.version}"
        yield f"author = {_quoted(document.author)}"
        yield f"time = {_quoted(format_time_ms(document.time_ms))}"
    yield f"reason = {_quoted(document.reason)}"
    yield f"approvals_needed = {document.approvals_needed}"
    for section, names in SECTIONS.items():
        yield from ("", f"[{section}]")
        for name in names:
            value = getattr(document.numbers, name)
            remark = human(name, value)
            yield f"{name} = {value}" + (f"  # {remark}" if remark else "")
    yield from ("", "[minimum_notice]")
    for purpose, notice in document.minimum_notices:
        yield f"{purpose.name.lower()} = {_quoted(notice)}"
    for rule in document.cap_rules:
        yield from ("", "[[caps]]", f'scope = "{rule.scope.name.lower()}"', f"limit_count = {rule.limit_count}")
        yield f'window = "{rule.window.name.lower()}"'
        if rule.window is CapWindow.SLIDING:
            remark = human("window_ms", rule.window_ms)
            yield f"window_ms = {rule.window_ms}" + (f"  # {remark}" if remark else "")
        else:
            yield f'zone = "{rule.zone.name.lower()}"'
        yield f'event = "{rule.event.name.lower()}"'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
