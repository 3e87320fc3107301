"""Policies as an officer reads them on a terminal, and as scripts do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from geooffer.model.units import format_time_ms
from geooffer.v1 import policy_service_pb2 as pb


def state_of(policy: pb.PolicyVersion) -> str:
    """waiting, in force, past, overtaken."""
    return pb.PolicyState.Name(policy.state).removeprefix("POLICY_STATE_").lower().replace("_", " ")


def version_line(policy: pb.PolicyVersion) -> str:
    """One version on one line."""
    parts = [
        f"version {policy.version}",
        state_of(policy),
        "loosening" if policy.is_loosening else "tightening or first",
    ]
    parts.append(f"by {policy.author}, {format_time_ms(policy.time.ToMilliseconds())}")
    if policy.restores_version:
        parts.append(f"restores {policy.restores_version}")
    if policy.approvals:
        parts.append("approved by " + ", ".join(approval.officer for approval in policy.approvals))
    parts.append(f"sha256 {policy.sha256.hex()[:16]}")
    parts.append("signed" if policy.signature else "not signed")
    return " · ".join(parts)


def kill_switch_line(switch: pb.KillSwitch) -> str:
    """Whether offers are made."""
    if not switch.author:
        return "offers are made"
    what = "ALL OFFERS ARE STOPPED" if switch.is_stopped else "offers are made again"
    return f"{what}: {switch.reason} ({switch.author}, {format_time_ms(switch.time.ToMilliseconds())})"


def change_lines(changes: Iterable[pb.PolicyChange]) -> Iterator[str]:
    """One field a line; nothing changed is said, too."""
    rows = [((change.field, change.before or "–", change.after or "–"), change) for change in changes]
    if not rows:
        yield "no change"
        return
    widths = [max(len(told[place]) for told, _ in rows) for place in range(3)]
    for (name, before, after), change in rows:
        kind = "tightening" if change.is_tightening else "LOOSENING"
        why = f"  ({change.why})" if change.why else ""
        yield f"{name:<{widths[0]}}  {before:>{widths[1]}} → {after:<{widths[2]}}  {kind}{why}"


def policy_object(policy: pb.PolicyVersion) -> dict[str, Any]:
    """For `--json`."""
    return {
        "version": policy.version,
        "state": state_of(policy),
        "author": policy.author,
        "time": format_time_ms(policy.time.ToMilliseconds()),
        "is_loosening": policy.is_loosening,
        "base_version": policy.base_version,
        "restores_version": policy.restores_version,
        "approvals": [approval.officer for approval in policy.approvals],
        "sha256": policy.sha256.hex(),
        "signature": policy.signature.hex(),
        "text": policy.text,
    }


def change_object(change: pb.PolicyChange) -> dict[str, Any]:
    """For `--json`."""
    return {
        "field": change.field,
        "before": change.before,
        "after": change.after,
        "is_tightening": change.is_tightening,
        "why": change.why,
    }
