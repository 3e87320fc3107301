"""Campaigns, cap rules and waiting times compiled to rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geooffer.engine.registry import Registry
from geooffer.model import tables
from geooffer.model.catalog import Audience, Campaign, Category
from geooffer.model.columns import Int32Array, StructArray
from geooffer.model.frequency import CapRule
from geooffer.model.keys import text_key
from geooffer.model.kinds import ALL_ACCOUNTS, CapScope
from geooffer.model.policy import Policy
from geooffer.model.repurchase import PRESETS, RepurchaseRule
from geooffer.model.tables import CommerceTables


def repurchase_rule(category: Category) -> RepurchaseRule | None:
    """The category's own waiting time, else its preset's, else None."""
    if category.repurchase is not None:
        return category.repurchase
    return PRESETS[category.repurchase_preset] if category.repurchase_preset else None


def held_out_threshold(per_10000: int) -> int:
    """A share as a threshold of 63-bit hashes."""
    return (per_10000 << 63) // 10_000 if per_10000 < 10_000 else (1 << 63) - 1


def experiment_key(campaign_id: str) -> int:
    """The salt of a campaign's control group; '' is that of offers without a campaign."""
    return text_key(campaign_id, b"geooffer.trial")


def is_standing(rule: CapRule) -> bool:
    """Whether a rule says the same of every offer of a try; such rules are looked at once."""
    return rule.scope in (CapScope.PERSON, CapScope.PERSON_STORE)


def compile_campaigns(
    registry: Registry, policy_rules: Sequence[CapRule], policy: Policy
) -> tuple[StructArray, StructArray]:
    """(CAMPAIGN_ROW by number and one more for offers without a campaign, CAP_RULE: the policy's, then theirs)."""
    count = registry.count(Campaign)
    rows = np.zeros(count + 1, dtype=tables.CAMPAIGN_ROW)
    rules = _standing_first(policy_rules)
    rows["audience_number"] = -1
    none = rows[count]
    none["account_kinds"] = ALL_ACCOUNTS
    none["experiment_key"] = experiment_key("")
    none["held_out_threshold"] = held_out_threshold(policy.held_out_per_10000)
    for campaign in registry.campaigns.values():
        row = rows[registry.number(Campaign, campaign.campaign_id)]
        row["experiment_key"] = experiment_key(campaign.campaign_id)
        row["held_out_threshold"] = held_out_threshold(campaign.held_out_per_10000)
        row["score_floor"] = campaign.score_floor
        row["channels"] = campaign.channels
        row["account_kinds"] = campaign.account_kinds
        if campaign.audience_id:
            row["audience_number"] = registry.number(Audience, campaign.audience_id)
        row["cap_start"], row["cap_count"] = len(rules), len(campaign.cap_rules)
        rules.extend(campaign.cap_rules)
        row["minimum_tier"] = campaign.minimum_tier
        row["paused"] = campaign.paused
        row["is_open_when_hours_unknown"] = campaign.is_open_when_hours_unknown
        row["offers_other_branch"] = campaign.offers_other_branch
        row["offers_shipping"] = campaign.offers_shipping
    return rows, _cap_rows(rules)


def policy_cap_counts(policy_rules: Sequence[CapRule]) -> Int32Array:
    """(the policy's rules that say the same of every offer of a try, all of them)."""
    return np.array([sum(map(is_standing, policy_rules)), len(policy_rules)], dtype=np.int32)


def with_policy(commerce: CommerceTables, policy_rules: Sequence[CapRule], policy: Policy) -> CommerceTables:
    """A compiled catalog with another policy's cap rules and control group; the campaigns' own stay as they are.

    Nothing of the catalog is looked at, so this takes no longer where it is large, and may be half saved.
    """
    own_rules = commerce.cap_rules[commerce.policy_cap_counts[1] :]
    campaigns = commerce.campaigns.copy()
    campaigns["cap_start"][:-1] += len(policy_rules) - int(commerce.policy_cap_counts[1])
    campaigns[-1]["held_out_threshold"] = held_out_threshold(policy.held_out_per_10000)
    return commerce._replace(
        campaigns=campaigns,
        cap_rules=np.concatenate([_cap_rows(_standing_first(policy_rules)), own_rules]),
        policy_cap_counts=policy_cap_counts(policy_rules),
    )


def _standing_first(rules: Sequence[CapRule]) -> list[CapRule]:
    return sorted(rules, key=lambda rule: not is_standing(rule))


def _cap_rows(rules: Sequence[CapRule]) -> StructArray:
    rows = np.zeros(len(rules), dtype=tables.CAP_RULE)
    for row, rule in zip(rows, rules, strict=True):
        row["window_ms"], row["limit_count"] = rule.window_ms, rule.limit_count
        row["scope"], row["window"] = int(rule.scope), int(rule.window)
        row["zone"], row["event"] = int(rule.zone), int(rule.event)
    return rows
