"""The record of processing activities (GDPR Art. 30), generated from the closed field lists, so that it cannot lag."""

from __future__ import annotations

from typing import Any

from geooffer.engine.export_fields import EXPORTED, NOT_EXPORTED
from geooffer.model.policy import Policy
from geooffer.operation.datamap_lists import (
    DAY_MS,
    HOLDINGS,
    LOG_FIELDS,
    METRIC_LABELS,
    RECORDS,
    SPAN_FIELDS,
    STATE_FILES,
    Holding,
)

FORMAT = "geooffer-datamap/1"
SECURITY = (
    "TLS and signed tokens with roles on both ports; keyed hashes for ids; encryption at rest where a key is set; "
    "erasure down to the last file; retention swept daily (docs/privacy.md, docs/security.md)"
)


def data_map(policy: Policy | None = None) -> dict[str, Any]:
    """The whole record, ready to be written as JSON; with the policy in force, its retention beside the ceilings."""
    return {
        "format": FORMAT,
        "subjects": "customers of the store network who use its app, web shop or loyalty programme; its officers",
        "transfers": "none by this service: it calls no other system",
        "security": SECURITY,
        "activities": [_activity(holding, policy) for holding in HOLDINGS],
        "files": dict(sorted(STATE_FILES.items())),
        "metrics": {
            "labels": dict(sorted(METRIC_LABELS.items())),
            "note": "counts without persons; kept by whoever scrapes them",
        },
        "logs": {"fields": sorted(LOG_FIELDS), "note": "no field holds a person, a place, a token or a search word"},
        "traces": {"fields": sorted(SPAN_FIELDS), "note": "off unless the environment asks; nothing of a person"},
    }


def _activity(holding: Holding, policy: Policy | None) -> dict[str, Any]:
    in_force = {}
    if policy is not None and holding.kept_by:
        in_force = {"kept_by_policy_days": getattr(policy, holding.kept_by) // DAY_MS}
    return {
        "activity": holding.title,
        "why": holding.why,
        "ground": holding.ground,
        "consents": [purpose.name.lower() for purpose in holding.purposes],
        "storage": holding.storage,
        "kept": holding.kept,
        **in_force,
        "recipients": holding.recipients,
        "journal_records": [name for name, title in RECORDS.items() if title == holding.title],
        "data": [row for source in holding.sources for row in _fields(source)],
    }


def _fields(source: str) -> list[dict[str, str]]:
    """One row a field of a table or class; what has no class is one row in words."""
    told = [{"field": field, "export": place} for field, place in EXPORTED.items() if field.partition(".")[0] == source]
    untold = [
        {"field": field, "not_exported": reason}
        for field, reason in NOT_EXPORTED.items()
        if field.partition(".")[0] == source
    ]
    return sorted(told + untold, key=lambda row: row["field"]) or [{"field": source}]


def data_map_text(policy: Policy | None = None) -> str:
    """The same to read."""
    found = data_map(policy)
    lines = [f"{key}: {found[key]}" for key in ("subjects", "transfers", "security")]
    for row in found["activities"]:
        lines += ["", row["activity"].upper()]
        lines += [f"  {key + ':':<12}{row[key]}" for key in ("why", "ground", "storage", "kept", "recipients")]
        if "kept_by_policy_days" in row:
            lines += [f"  in force:   {row['kept_by_policy_days']} days by the policy"]
        lines += [f"  consents:   {', '.join(row['consents']) or 'none needed'}"]
        lines += [f"  records:    {', '.join(row['journal_records']) or 'none'}", "  data:"]
        lines += [f"    {_told(item)}" for item in row["data"]]
    lines += ["", "FILES OF THE STATE DIRECTORY"]
    lines += [f"  {name:<24}{held or 'nothing of a person'}" for name, held in found["files"].items()]
    for key in ("metrics", "logs", "traces"):
        fields = found[key].get("fields") or found[key]["labels"]
        lines += ["", f"{key}: {found[key]['note']}: {', '.join(fields)}"]
    return "\n".join(lines)


def _told(item: dict[str, str]) -> str:
    if "export" in item:
        return f"{item['field']:<42}exported as {item['export']}"
    if "not_exported" in item:
        return f"{item['field']:<42}not exported: {item['not_exported']}"
    return item["field"]
