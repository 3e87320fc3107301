"""What the record of processing (GDPR Art. 30) is made of: closed lists beside those of engine/export_fields.py.

tests/operation/test_datamap.py holds them and the code together: a table, a record, an attribute of the state, a label
of a metric, a field of a log line that is not here fails, and the message says in which list it is missing.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from geooffer.model import limits
from geooffer.model.verdicts import Purpose

DAY_MS: Final = 86_400_000
FILES: Final = "tables in memory, journal, snapshots, backups"
MEMORY: Final = "memory only, in no file"
NOBODY: Final = "nobody outside the operator's own systems"
UNTIL_ERASED: Final = "until erased"
CONSENT: Final = "consent, Art. 6(1)(a)"
PROOF: Final = "proof, Art. 5(2) and 7(1)"


class Holding(NamedTuple):
    """Data of one kind, and why, where and for how long they are held."""

    title: str
    why: str
    ground: str
    purposes: tuple[Purpose, ...]
    """Which consents open it; none = it does not rest on consent."""
    storage: str
    kept: str
    recipients: str
    sources: tuple[str, ...]
    """Tables and classes whose fields it holds (engine/export_fields.py), and what has no class, in words."""
    kept_by: str = ""
    """Property of model/policy.py: Policy that shortens `kept`, or says where below it the end is; '' = none does."""


def _days(kept_ms: int) -> str:
    return f"{kept_ms // DAY_MS} days at most"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OFFERS = (Purpose.PERSONALISED_OFFERS,)
_STORES = "she herself, on her device or the channel she chose; counts without persons to the store network"

HOLDINGS: Final[tuple[Holding, ...]] = (
    Holding(
        "who she is",
        "to know which signals, devices and consents belong together",
        "performance of what consent is given for, Art. 6(1)(a)",
        (),
        FILES,
        UNTIL_ERASED,
        NOBODY,
        ("Customer", "PERSON", "hashes of web and loyalty pseudonyms", "keys of customers united with her"),
    ),
    Holding(
        "where she is",
        "to notice that she enters a store's surroundings",
        CONSENT,
        (Purpose.PRECISE_LOCATION_FOR_OFFERS, Purpose.BACKGROUND_LOCATION),
        MEMORY,
        "15 minutes",
        "nobody",
        ("DEVICE", "PRESENCE", "SUSPECT"),
    ),
    Holding(
        "what interests her",
        "to offer what she looks for, and nothing else",
        CONSENT,
        (Purpose.SEARCH_INTENT_USE, Purpose.SPECIAL_CATEGORY_OFFERS),
        FILES,
        _days(limits.INTENT_RETENTION_MS),
        NOBODY,
        ("INTENT",),
        "intents_kept_ms",
    ),
    Holding(
        "what she bought, likes, wears and stated",
        "to offer her size, what is due again, on the channel she wants",
        CONSENT,
        (*_OFFERS, Purpose.SPECIAL_CATEGORY_OFFERS),
        FILES,
        f"{_days(limits.FACT_RETENTION_MS)}; what she stated {UNTIL_ERASED}, or until she withdraws",
        NOBODY,
        ("FACT", "statements: language, channel, collect or ship, tier, account kind"),
        "facts_kept_ms",
    ),
    Holding(
        "what was decided for her, and what became of it",
        "to explain offers, to keep caps; with its store and time it is location data",
        CONSENT,
        (*_OFFERS, Purpose.PRECISE_LOCATION_FOR_OFFERS, Purpose.PUSH_MARKETING),
        FILES,
        f"{_days(limits.DECISION_RETENTION_MAX_MS)}, "
        f"{limits.DECISION_RETENTION_MS // DAY_MS} unless the policy says more",
        _STORES,
        ("DecisionRecord", "OutcomeRecord", "CONTACT"),
        "decisions_kept_ms",
    ),
    Holding(
        "her last tries",
        "to tell support why there was no offer",
        CONSENT,
        _OFFERS,
        MEMORY,
        f"24 hours, {limits.RECENT_TRY_COUNT} at most",
        NOBODY,
        ("RecentTry",),
    ),
    Holding(
        "what she consented to, by which notice, and snoozes",
        "to know, and to prove, what was allowed when",
        PROOF,
        (),
        FILES,
        f"the latest of each purpose {UNTIL_ERASED}; superseded ones as configured, "
        f"{_days(limits.CONSENT_EVIDENCE_RETENTION_MAX_MS)}",
        "she herself, as a signed receipt",
        ("RecordedConsent", "until when she snoozes her location", "since when her consent events are complete"),
        "consent_evidence_kept_ms",
    ),
    Holding(
        "how she used her rights",
        "to answer in time, and to prove it; restrictions and objections",
        "legal obligation, Art. 6(1)(c) with Art. 12 to 21",
        (),
        FILES,
        f"{_days(limits.RIGHTS_RETENTION_MS)} after the answer",
        "she herself",
        ("RightsRequest",),
    ),
    Holding(
        "answers to be given again",
        "so that a call that is repeated has its effect once",
        "security of processing, Art. 32",
        (),
        FILES,
        _days(limits.REQUEST_RETENTION_MS),
        NOBODY,
        ("RequestAnswered",),
    ),
    Holding(
        "the audit log",
        "to prove who did what: decisions, consent, policy, administration, rights; no coordinates",
        PROOF,
        (),
        "audit/ beside the journal, encrypted under a key of hers",
        f"what it says of decisions and outcomes {_days(limits.DECISION_RETENTION_MAX_MS)}, all else as the setting "
        "audit_retention_days says; unreadable once she is erased: her keys are destroyed",
        "auditors, supervisory authorities",
        ("CallNoted",),
    ),
    Holding(
        "which officer wrote, approved and stopped what",
        "to know who answers for the rules in force",
        PROOF,
        (),
        f"{FILES}; the audit log",
        f"as long as the policy is remembered, the latest {limits.POLICY_VERSION_COUNT_MAX:,}",
        "other officers",
        ("names of officers, as their tokens call them: of policies, approvals, the kill switch; times, reasons",),
    ),
    Holding(
        "who was erased",
        "so that no restored backup brings her back",
        "legal obligation, Art. 6(1)(c) with Art. 17",
        (),
        "erasures.ledger, outside backups, as keyed hashes",
        "as long as the ledger is kept",
        NOBODY,
        ("keyed hashes of her keys, times, counts by table",),
    ),
)

STATE_FILES: Final[dict[str, str]] = {
    "journal.sqlite3": "all that is kept in files", "snapshot-<lsn>/": "all that is kept in files",
    "erasures.ledger": "who was erased", "erasures.key": "", "audit/": "the audit log", "audit.key": "",
    "decision.key": "", "policy.key": "", "pseudonyms-engine.key": "", "consent-receipts.key": "", "service.lock": "",
    "token-dev.key": "",
}  # fmt: skip
"""File of the state directory, as docs/operation.md names it → what it holds of persons; '' = nothing."""

STATE: Final[dict[str, str]] = {
    "accepted_notices": "", "live": "", "registry": "", "sequences": "", "latest_ms": "", "totals": "",
    "audit_seal": "", "consent_wheel": "what she consented to, by which notice, and snoozes",
    "aliases": "who she is", "identities": "who she is", "owned_identities": "who she is",
    "people": "who she is", "consents": "what she consented to, by which notice, and snoozes",
    "consent_past": "what she consented to, by which notice, and snoozes",
    "consents_known_from": "what she consented to, by which notice, and snoozes",
    "snoozes": "what she consented to, by which notice, and snoozes",
    "policies": "which officer wrote, approved and stopped what",
    "decisions": "what was decided for her, and what became of it",
    "released": "what was decided for her, and what became of it",
    "outcomes": "what was decided for her, and what became of it",
    "requests": "answers to be given again", "rights": "how she used her rights",
}  # fmt: skip
"""Attribute of engine/state.py: State → the holding it belongs to; '' = nothing of a person."""

RECORDS: Final[dict[str, str]] = {
    "NounPut": "", "NounDeleted": "", "PricePut": "", "StockPut": "", "StoresSwitched": "", "StoresRestored": "",
    "AuditSealed": "", "RetentionSwept": "",
    "PolicyMoved": "which officer wrote, approved and stopped what",
    "PolicyStopSwitched": "which officer wrote, approved and stopped what",
    "CustomerPut": "who she is", "CustomerDeleted": "who she is", "IdentityLinked": "who she is",
    "IdentityUnlinked": "who she is", "PersonDeparted": "who she is", "PersonArrived": "who she is",
    "TouchpointRecord": "what interests her",
    "AudiencePut": "what she bought, likes, wears and stated",
    "ConsentRecord": "what she consented to, by which notice, and snoozes",
    "ConsentTaken": "what she consented to, by which notice, and snoozes",
    "ConsentLapsed": "what she consented to, by which notice, and snoozes",
    "LocationSnoozed": "what she consented to, by which notice, and snoozes",
    "DecisionRecord": "what was decided for her, and what became of it",
    "DecisionReleased": "what was decided for her, and what became of it",
    "OutcomeRecord": "what was decided for her, and what became of it",
    "RequestAnswered": "answers to be given again",
    "RightsRequested": "how she used her rights", "RightsStepTaken": "how she used her rights",
    "CallNoted": "the audit log",
}  # fmt: skip
"""Record of model/records.py → the holding it is folded into; '' = nothing of a person."""

METRIC_LABELS: Final[dict[str, str]] = {
    "check": "of /readyz", "code": "gRPC status", "kind": "of transition or outcome", "method": "gRPC method",
    "outcome": "of a reload or snapshot", "phase": "of the server's life", "stage": "of a batch",
    "verdict": "of a ping or offer", "version": "of the program",
}  # fmt: skip
"""Labels of metrics: each from a fixed list; none names a person, a place, a store or a campaign."""

LOG_FIELDS: Final[frozenset[str]] = _names(
    "ahead_ms catalog_generation checks code control_address count data_address development_tokens "
    "duration_ms erasure_id error failed fault_count faults free_bytes generation grace_s journal keys "
    "last_lsn logger loosening lsn method metrics_address oldest_age_hours oldest_late_days passed_ms "
    "pending person_count persons phase place plane plane_reason process_id reason record_count retry_s role "
    "saved seconds snapshot_lsn state state_dir store_count store_ids version"
)
"""Fields of log lines: none of a person; erasure ids are random numbers that do not say whose."""

SPAN_FIELDS: Final[frozenset[str]] = _names(
    "rpc.system rpc.service rpc.method rpc.grpc.status_code geooffer.rows geooffer.messages "
    "geooffer.winners geooffer.records geooffer.size_bytes geooffer.lsn geooffer.ok"
)
"""Attributes of spans: none of a person."""
