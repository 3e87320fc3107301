"""Campaigns, audiences and cap rules to and from the wire. References are the engine's to check."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TypeVar

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.model.catalog import Audience, Campaign
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import ALL_ACCOUNTS, AccountKind, CapEvent, CapScope, CapWindow, CapZone, Channel
from geooffer.model.policy import DAY_MS
from geooffer.rpc import checks
from geooffer.v1 import resources_pb2 as pb

HELD_OUT_MAX_PER_10000 = 10_000
UNSPECIFIED = 0

E = TypeVar("E", bound=IntEnum)


def decode_audience(message: pb.Audience) -> Audience:
    """Raises InvalidArgumentError."""
    return Audience(
        audience_id=checks.identifier(message.audience_id, "audience_id"), name=checks.text(message.name, "name")
    )


def encode_audience(audience: Audience) -> pb.Audience:
    """The wire form, without etag."""
    return pb.Audience(audience_id=audience.audience_id, name=audience.name)


def decode_campaign(message: pb.Campaign) -> Campaign:
    """Raises InvalidArgumentError."""
    if len(message.cap_rules) > limits.CAP_RULE_COUNT_MAX:
        raise InvalidArgumentError(f"cap_rules may be {limits.CAP_RULE_COUNT_MAX} at most", field="cap_rules")
    return Campaign(
        campaign_id=checks.identifier(message.campaign_id, "campaign_id"),
        name=checks.text(message.name, "name"),
        paused=message.paused,
        budget_count=checks.integer(message.budget_count, 0, limits.CAP_LIMIT_MAX, "budget_count"),
        minimum_tier=checks.integer(message.minimum_tier, 0, limits.LOYALTY_TIER_MAX, "minimum_tier"),
        account_kinds=_mask(message.account_kinds, AccountKind, "account_kinds") or ALL_ACCOUNTS,
        channels=_mask(message.channels, Channel, "channels"),
        audience_id=checks.identifier(message.audience_id, "audience_id", required=False),
        cap_rules=tuple(decode_cap_rule(rule) for rule in message.cap_rules),
        held_out_per_10000=checks.integer(message.held_out_per_10000, 0, HELD_OUT_MAX_PER_10000, "held_out_per_10000"),
        score_floor=checks.integer(message.score_floor, 0, limits.SCORE_FLOOR_MAX, "score_floor"),
        is_open_when_hours_unknown=message.is_open_when_hours_unknown,
        offers_other_branch=message.offers_other_branch,
        offers_shipping=message.offers_shipping,
    )


def encode_campaign(campaign: Campaign) -> pb.Campaign:
    """The wire form, without etag."""
    account_kinds = [] if campaign.account_kinds == ALL_ACCOUNTS else _numbers(campaign.account_kinds, AccountKind)
    return pb.Campaign(
        campaign_id=campaign.campaign_id,
        name=campaign.name,
        paused=campaign.paused,
        budget_count=campaign.budget_count,
        minimum_tier=campaign.minimum_tier,
        account_kinds=account_kinds,  # type: ignore[arg-type]
        channels=_numbers(campaign.channels, Channel),  # type: ignore[arg-type]
        audience_id=campaign.audience_id,
        cap_rules=[encode_cap_rule(rule) for rule in campaign.cap_rules],
        held_out_per_10000=campaign.held_out_per_10000,
        score_floor=campaign.score_floor,
        is_open_when_hours_unknown=campaign.is_open_when_hours_unknown,
        offers_other_branch=campaign.offers_other_branch,
        offers_shipping=campaign.offers_shipping,
    )


def decode_cap_rule(message: pb.CapRule) -> CapRule:
    """Raises InvalidArgumentError naming cap_rules and the field."""
    scope = choice(message.scope, CapScope, "cap_rules.scope")
    window = choice(message.window, CapWindow, "cap_rules.window", CapWindow.SLIDING)
    window_ms = message.window_millis
    if window is not CapWindow.SLIDING:
        if window_ms:
            raise InvalidArgumentError("window_millis is of sliding windows", field="cap_rules.window_millis")
        window_ms = DAY_MS
    elif message.zone != UNSPECIFIED:
        raise InvalidArgumentError("zone is of calendar windows", field="cap_rules.zone")
    is_total = scope is CapScope.CAMPAIGN_TOTAL and window is not CapWindow.SLIDING
    rule = CapRule(
        scope=scope,
        limit_count=message.limit_count,
        window=window,
        window_ms=checks.integer(window_ms, 1, limits.CAP_WINDOW_MAX_MS, "cap_rules.window_millis"),
        zone=choice(message.zone, CapZone, "cap_rules.zone", CapZone.UTC if is_total else CapZone.CUSTOMER),
        event=choice(message.event, CapEvent, "cap_rules.event", CapEvent.DECIDED),
    )
    try:
        rule.validate()
    except InvalidArgumentError as error:
        raise InvalidArgumentError(error.message, field=f"cap_rules.{error.field}") from None
    return rule


def encode_cap_rule(rule: CapRule) -> pb.CapRule:
    """The wire form."""
    is_sliding = rule.window is CapWindow.SLIDING
    return pb.CapRule(
        scope=int(rule.scope),  # type: ignore[arg-type]
        limit_count=rule.limit_count,
        window=int(rule.window),  # type: ignore[arg-type]
        window_millis=rule.window_ms if is_sliding else 0,
        zone=UNSPECIFIED if is_sliding else int(rule.zone),  # type: ignore[arg-type]
        event=int(rule.event),  # type: ignore[arg-type]
    )


def choice(value: int, enum: type[E], field: str, default: E | None = None) -> E:
    """A wire enum as the model's; unspecified is `default`, or refused where there is none."""
    if value == UNSPECIFIED and default is not None:
        return default
    if value not in (item.value for item in enum):
        raise InvalidArgumentError(f"{field} must be one of {', '.join(item.name for item in enum)}", field=field)
    return enum(value)


def _mask(values: Iterable[int], enum: type[AccountKind] | type[Channel], field: str) -> int:
    mask = 0
    for value in values:
        mask |= choice(value, enum, field).bit
    return mask


def _numbers(mask: int, enum: type[AccountKind] | type[Channel]) -> list[int]:
    """Wire numbers of the bits in a mask, ascending."""
    return [item.value for item in enum if mask & item.bit]
