"""Lines of campaigns, audiences and their members. All raise InvalidArgumentError naming the column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from geooffer.errors import InvalidArgumentError
from geooffer.importers import values
from geooffer.importers.cells import Cells, optional_id
from geooffer.model import limits
from geooffer.model.catalog import Audience, Campaign
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import ALL_ACCOUNTS, AccountKind, CapEvent, CapScope, CapWindow, CapZone, Channel
from geooffer.model.policy import DAY_MS

CAP_RULE_RULE: Final = (
    "a cap rule is SCOPE LIMIT WINDOW [ZONE] [EVENT], such as PERSON 3 24h or PERSON 1 CALENDAR_DAY UTC"
)
_DURATION = re.compile(r"([0-9]{1,6})(min|h|d)")
_UNIT_MS = {"min": 60_000, "h": 3_600_000, "d": DAY_MS}
_CALENDAR_WINDOWS = tuple(window.name for window in CapWindow if window is not CapWindow.SLIDING)


@dataclass(frozen=True, slots=True)
class AudienceMember:
    """A customer on an uploaded list."""

    audience_id: str
    customer_id: str


def read_audience(line: Cells) -> Audience:
    """A list of customers, without who is on it."""
    return Audience(
        values.identifier(line["audience_id"], "audience_id"), values.short_text(line.get("name", ""), "name")
    )


def read_audience_member(line: Cells) -> AudienceMember:
    """One customer on one list."""
    return AudienceMember(
        values.identifier(line["audience_id"], "audience_id"), values.identifier(line["customer_id"], "customer_id")
    )


def read_campaign(line: Cells) -> Campaign:
    """What several offers share."""
    cap_rules = tuple(read_cap_rule(part) for part in values.parts(line.get("cap_rules", "")))
    if len(cap_rules) > limits.CAP_RULE_COUNT_MAX:
        raise values.refuse("cap_rules", f"more than {limits.CAP_RULE_COUNT_MAX}")
    account_kinds = 0
    for part in values.parts(line.get("account_kinds", "")):
        account_kinds |= AccountKind[values.choice(part, "account_kinds", AccountKind.__members__)].bit
    channels = 0
    for part in values.parts(line.get("channels", "")):
        channels |= Channel[values.choice(part, "channels", Channel.__members__)].bit
    held_out = line.get("held_out_percent", "")
    return Campaign(
        campaign_id=values.identifier(line["campaign_id"], "campaign_id"),
        name=values.short_text(line.get("name", ""), "name"),
        paused=_truth(line, "paused"),
        budget_count=_count(line, "budget_count", limits.CAP_LIMIT_MAX),
        minimum_tier=_count(line, "minimum_tier", limits.LOYALTY_TIER_MAX),
        account_kinds=account_kinds or ALL_ACCOUNTS,
        channels=channels,
        audience_id=optional_id(line, "audience_id"),
        cap_rules=cap_rules,
        held_out_per_10000=values.percent(held_out, "held_out_percent") if held_out else 0,
        score_floor=_count(line, "score_floor", limits.SCORE_FLOOR_MAX),
        is_open_when_hours_unknown=_truth(line, "is_open_when_hours_unknown"),
        offers_other_branch=_truth(line, "offers_other_branch"),
        offers_shipping=_truth(line, "offers_shipping"),
    )


def read_cap_rule(text: str) -> CapRule:
    """`PERSON 3 24h`, `PERSON_STORE 1 CALENDAR_DAY STORE DISPLAYED`; units min, h and d."""
    words = text.split()
    if not 3 <= len(words) <= 5:
        raise values.refuse("cap_rules", CAP_RULE_RULE)
    scope = CapScope[values.choice(words[0], "cap_rules", CapScope.__members__)]
    limit_count = values.integer(words[1], "cap_rules", 0, limits.CAP_LIMIT_MAX)
    window, window_ms = _window(words[2])
    is_total = scope is CapScope.CAMPAIGN_TOTAL and window is not CapWindow.SLIDING
    zone, event = CapZone.UTC if is_total else CapZone.CUSTOMER, CapEvent.DECIDED
    rest = [word.upper() for word in words[3:]]
    if rest and rest[0] in CapZone.__members__ and window is not CapWindow.SLIDING:
        zone = CapZone[rest.pop(0)]
    if rest and rest[0] in CapEvent.__members__:
        event = CapEvent[rest.pop(0)]
    if rest:
        raise values.refuse("cap_rules", CAP_RULE_RULE)
    rule = CapRule(scope, limit_count, window, window_ms, zone, event)
    try:
        rule.validate()
    except InvalidArgumentError as error:
        raise values.refuse("cap_rules", error.message) from None
    return rule


def _window(word: str) -> tuple[CapWindow, int]:
    match = _DURATION.fullmatch(word.lower())
    if match:
        return CapWindow.SLIDING, int(match[1]) * _UNIT_MS[match[2]]
    return CapWindow[values.choice(word, "cap_rules", _CALENDAR_WINDOWS)], DAY_MS


def _truth(line: Cells, column: str) -> bool:
    return values.truth(line.get(column, ""), column, default=False)


def _count(line: Cells, column: str, high: int) -> int:
    text = line.get(column, "")
    return values.integer(text, column, 0, high) if text else 0
