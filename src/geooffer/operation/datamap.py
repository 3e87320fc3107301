"""The record of processing activities (GDPR Art. 30), generated from the closed field lists, so that it cannot lag."""

from __future__ import annotations

from typing import Any

from geooffer.engine.export_fields import EXPORTED, NOT_EXPORTED
from geooffer.operation.datamap_lists import HOLDINGS, LOG_FIELDS, METRIC_LABELS, RECORDS, SPAN_FIELDS, Holding

FORMAT = "geooffer-datamap/1"
SECURITY = (
    "TLS and signed tokens with roles on both ports; keyed hashes for ids; encryption at rest where a key is set; "
    "erasure down to the last file; retention swept daily (docs/privacy.md, docs/security.md)"
)


def data_map() -> dict[str, Any]:
    """The whole record, ready to be written as JSON."""
    return {
        "format": FORMAT,
        "subjects": "customers of the store network who use its app, web shop or loyalty programme",
        "transfers": "none by this service: it calls no other system",
        "security": SECURITY,
        "activities": [_activity(holding) for holding in HOLDINGS],
        "metrics": {
            "labels": dict(sorted(METRIC_LABELS.items())),
            "note": "counts without persons; kept by whoever scrapes them",
        },
        "logs": {"fields": sorted(LOG_FIELDS), "note": "no field holds a person, a place, a token or a search word"},
        "traces": {"fields": sorted(SPAN_FIELDS), "note": "off unless the environment asks; nothing of a person"},
    }


def _activity(holding: Holding) -> dict[str, Any]:
    return {
        "activity": holding.title,
        "why": holding.why,
        "ground": holding.ground,
        "consents": [purpose.name.lower() for purpose in holding.purposes],
        "storage": holding.storage,
        "kept": holding.kept,
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


def data_map_text() -> str:
    """The same to read."""
    found = data_map()
    lines = [f"{key}: {found[key]}" for key in ("subjects", "transfers", "security")]
    for row in found["activities"]:
        lines += ["", row["activity"].upper()]
        lines += [f"  {key + ':':<12}{row[key]}" for key in ("why", "ground", "storage", "kept", "recipients")]
        lines += [f"  consents:   {', '.join(row['consents']) or 'none needed'}"]
        lines += [f"  records:    {', '.join(row['journal_records']) or 'none'}", "  data:"]
        lines += [f"    {_told(item)}" for item in row["data"]]
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
