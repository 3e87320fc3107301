"""Everything held of a person, as one document (privacy D1): each row once, in the network's own ids, with its end.

Exact times are told; numbers beyond 2⁵³ (device keys, hashes) are text, as JSON readers would round them.
export_fields.py says of every field where it is, or why it is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geooffer.engine.export_consents import consent_rows
from geooffer.engine.export_rows import (
    contact_rows,
    decision_rows,
    fact_rows,
    forgotten_interest,
    hex_of,
    intent_rows,
)
from geooffer.model import limits
from geooffer.model.keys import partition_of
from geooffer.model.kinds import AccountKind, Channel, FulfilmentPreference, IdentityKind
from geooffer.model.policy import DAY_MS
from geooffer.model.rights import RestrictionGround, RightsKind, RightsRequest, RightsState
from geooffer.model.units import format_time_ms
from geooffer.model.verdicts import Purpose

if TYPE_CHECKING:
    from geooffer.engine.consent_changes import ConsentChanges

FORMAT = "geooffer-person/1"
_ENUMS = {"channel": Channel, "fulfilment": FulfilmentPreference, "account_kind": AccountKind}

Row = dict[str, Any]


def export_person(engine: ConsentChanges, customer_id: str, now_ms: int) -> Row:
    """The document. Raises NotFoundError."""
    key = engine.key_of(customer_id)
    state = engine.state
    customer = state.people.customers[key]
    return {
        "format": FORMAT,
        "export_time": format_time_ms(now_ms),
        "policy_version": engine.policy.version,
        "retention": _retention(engine),
        "customer": {
            "customer_id": customer.customer_id,
            "person_key": hex_of(key),
            "language": customer.language,
            "time_zone": customer.time_zone,
            "kept": "until erased",
        },
        "united_customers": [{"person_key": hex_of(alias)} for alias in sorted(state.aliases_of(key))],
        "devices": [{"device_key": str(device_key)} for device_key in customer.device_keys],
        "identities": [
            {"kind": IdentityKind(kind).name, "hash": hex_of(hashed)}
            for kind, hashed in sorted(state.owned_identities.get(key, ()))
        ],
        "consents": consent_rows(engine, customer_id),
        "consent_limits": _consent_limits(engine, key),
        "stated_fields": _stated(engine, key),
        "interests": intent_rows(engine, key),
        "interest_forgotten": forgotten_interest(engine, key),
        "facts": [row for row in fact_rows(engine, key) if "audience_id" not in row],
        "lists": [row for row in fact_rows(engine, key) if "audience_id" in row],
        "contacts": contact_rows(engine, key),
        "decisions": decision_rows(engine, engine.state.decisions, key),
        "decisions_taken_back": decision_rows(engine, engine.state.released, key),
        "recent_tries": _tries(engine, key),
        "rights_requests": [_rights_row(held) for held in state.rights.of(key)],
        "remembered_requests": _requests(engine, key),
    }


def _retention(engine: ConsentChanges) -> Row:
    policy = engine.policy
    return {
        "until_erased": ["customer", "united_customers", "devices", "identities", "consents", "stated_fields"],
        "days": {
            "superseded_consents": policy.consent_evidence_kept_ms // DAY_MS,
            "interests": policy.intents_kept_ms // DAY_MS,
            "facts": policy.facts_kept_ms // DAY_MS,
            "lists": policy.facts_kept_ms // DAY_MS,
            "contacts": policy.decisions_kept_ms // DAY_MS,
            "decisions": policy.decisions_kept_ms // DAY_MS,
            "decisions_taken_back": policy.decisions_kept_ms // DAY_MS,
            "recent_tries": limits.RECENT_TRY_RETENTION_MS // DAY_MS,
            "rights_requests": limits.RIGHTS_RETENTION_MS // DAY_MS,
            "remembered_requests": limits.REQUEST_RETENTION_MS // DAY_MS,
            "backups": limits.BACKUP_RETENTION_MS // DAY_MS,
        },
        "note": "What is over is swept within a day after kept_until, from the files with the next snapshot.",
    }


def _consent_limits(engine: ConsentChanges, key: int) -> Row:
    """What else bears on her consent; '' = nothing."""
    known_from_ms, snoozed_until_ms = engine.state.consents_known_from.get(key), engine.state.snoozes.get(key)
    return {
        "complete_from": "" if known_from_ms is None else format_time_ms(known_from_ms),
        "location_snoozed_until": "" if snoozed_until_ms is None else format_time_ms(snoozed_until_ms),
    }


def _stated(engine: ConsentChanges, key: int) -> list[Row]:
    return [
        {
            "field": field,
            "value": _ENUMS[field](int(value)).name if field in _ENUMS else value,
            "time": format_time_ms(time_ms),
        }
        for field, (time_ms, value) in sorted(engine.state.people.stated.get(key, {}).items())
    ]


def _tries(engine: ConsentChanges, key: int) -> list[Row]:
    registry = engine.registry
    return [
        {
            "time": format_time_ms(attempt.time_ms),
            "store_id": registry.store_id(attempt.store_number),
            "offer_id": registry.offer_id(attempt.offer_number) if attempt.offer_number >= 0 else "",
            "verdict": attempt.verdict.name,
            "kept_until": format_time_ms(attempt.time_ms + limits.RECENT_TRY_RETENTION_MS),
        }
        for attempt in engine.recent_tries.held(key)
    ]


def _rights_row(held: RightsRequest) -> Row:
    """A right she used; what is 0 or empty did not happen."""
    row: Row = {
        "request_id": held.request_id,
        "kind": RightsKind(held.kind).name,
        "state": RightsState(held.state).name,
        "received": format_time_ms(held.received_ms),
        "recorded": format_time_ms(held.recorded_ms),
        "due": format_time_ms(held.due_ms),
        "reason": held.reason,
        "answer": held.answer,
        "extension_reason": held.extension_reason,
        "lift_reason": held.lift_reason,
        "ground": RestrictionGround(held.ground).name if held.ground else "",
        "purposes": [purpose.name for purpose in Purpose if held.purposes & purpose.bit],
    }
    times = {"closed": held.closed_ms, "extended": held.extended_ms, "lifted": held.lifted_ms}
    row |= {name: format_time_ms(at) for name, at in (times | {"informed": held.informed_ms}).items() if at}
    if held.closed_ms and not held.is_in_force:
        row["kept_until"] = format_time_ms(max(held.closed_ms, held.lifted_ms) + limits.RIGHTS_RETENTION_MS)
    return row


def _requests(engine: ConsentChanges, key: int) -> list[Row]:
    return [
        {
            "request_hash": record.request_key.hex(),
            "content_hash": record.request_digest.hex(),
            "answer_hex": record.answer.hex(),
            "decision_id": engine.decision_name(record.decision_key) if record.decision_key >= 0 else "",
            "time": format_time_ms(record.time_ms),
            "kept_until": format_time_ms(record.time_ms + limits.REQUEST_RETENTION_MS),
        }
        for record in engine.state.requests.items(partition_of(key))
        if record.person_key == key
    ]
