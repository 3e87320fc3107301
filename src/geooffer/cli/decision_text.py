"""A kept decision and a customer's recent tries, for the eye and for `--json`."""

from __future__ import annotations

from typing import Any

from geooffer.cli.explanation import table_lines
from geooffer.model import units
from geooffer.model.kinds import Channel, Fulfilment, OutcomeKind
from geooffer.model.verdicts import OfferVerdict, TouchpointKind
from geooffer.v1 import diagnostics_service_pb2 as pb


def decision_lines(decision: pb.Decision) -> list[str]:
    """Text lines: what was decided, for whom, by which points, and what became of it."""
    told = decision_json(decision)
    shadow = "  (shadow: she is in the control group, nothing was sent)" if decision.is_shadow else ""
    size = f", size {told['size']}" if told["size"] else ""
    campaign = f" of campaign {decision.campaign_id}" if decision.campaign_id else ""
    supply = "" if told["fulfilment"] == "IN_STORE" else f", {told['fulfilment']} from {decision.supply_store_id}"
    lines = [
        f"decision {decision.decision_id}{shadow}",
        f"  {told['decided_time']}  customer {decision.customer_id}, channel {told['channel']}",
        f"  offer {decision.offer_id}{campaign}: product {decision.product_id}{size}",
        f"  store {decision.store_id}{supply}",
        f"  price {decision.price_minor}, before {decision.previous_price_minor} (gross, minor units)",
        f"  because of {told['reason_kind']} in category {decision.category_id}",
    ]
    factors = [factor for factor in decision.factors if factor.points]
    head = ["points", "score", *(factor.factor for factor in factors)]
    row = [decision.offer_id, str(decision.score), *(str(factor.points) for factor in factors)]
    lines += [f"  {line}" for line in table_lines(head, [row])]
    lines += [f"  {outcome['kind']} {outcome['event_time']}" for outcome in told["outcomes"]]
    if not decision.outcomes:
        lines.append("  no outcome reported")
    lines.append(f"catalog generation {decision.catalog_generation}, policy {decision.policy_version}")
    return lines


def decision_json(decision: pb.Decision) -> dict[str, Any]:
    """Everything, names instead of numbers."""
    size = decision.size
    return {
        "decision_id": decision.decision_id,
        "customer_id": decision.customer_id,
        "decided_time": units.format_time_ms(decision.decided_time.ToMilliseconds()),
        "store_id": decision.store_id,
        "supply_store_id": decision.supply_store_id,
        "offer_id": decision.offer_id,
        "product_id": decision.product_id,
        "category_id": decision.category_id,
        "campaign_id": decision.campaign_id,
        "size": f"{size.system} {size.value}" if decision.HasField("size") else None,
        "price_minor": decision.price_minor,
        "previous_price_minor": decision.previous_price_minor,
        "score": decision.score,
        "points": {factor.factor: factor.points for factor in decision.factors},
        "reason_kind": TouchpointKind(decision.reason_kind).name,
        "fulfilment": Fulfilment(decision.fulfilment).name,
        "channel": Channel(decision.channel).name,
        "is_shadow": decision.is_shadow,
        "outcomes": [
            {
                "kind": OutcomeKind(outcome.kind).name,
                "event_time": units.format_time_ms(outcome.event_time.ToMilliseconds()),
            }
            for outcome in decision.outcomes
        ],
        "catalog_generation": decision.catalog_generation,
        "policy_version": decision.policy_version,
    }


def try_lines(tries: pb.ListRecentTriesResponse) -> list[str]:
    """A line per try, newest first."""
    lines = [
        f"{told['try_time']}  {told['verdict']:<20} store {told['store_id']}"
        + (f"  offer {told['offer_id']}" if told["offer_id"] else "")
        for told in tries_json(tries)
    ]
    return lines or ["no try in the last 24 h (kept in memory only)"]


def tries_json(tries: pb.ListRecentTriesResponse) -> list[dict[str, Any]]:
    """Everything, names instead of numbers."""
    return [
        {
            "try_time": units.format_time_ms(item.try_time.ToMilliseconds()),
            "store_id": item.store_id,
            "offer_id": item.offer_id,
            "verdict": OfferVerdict(item.verdict).name,
        }
        for item in tries.tries
    ]
