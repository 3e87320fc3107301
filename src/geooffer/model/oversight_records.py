"""Durable changes of what keeps the service within its bounds: consent, rights, policy, audit (model/records.py has
all others, and the union of both).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConsentTaken:
    """Purposes given or withdrawn at `time_ms`; per purpose the latest time wins, at a tie the withdrawal. The fields
    are those of model/consent.py: RecordedConsent.
    """

    person_key: int
    purposes: int
    granted: bool
    time_ms: int
    recorded_ms: int
    """The engine's time: what is expired by then is expired in every fold of this record."""
    valid_until_ms: int
    method: int
    notice_version: str
    language: str
    notice_hash: bytes
    special_category_numbers: tuple[int, ...] = ()
    """Categories that were special then: so a partition is folded without the catalog's history."""


@dataclass(frozen=True, slots=True)
class ConsentLapsed:
    """Consent expired without a word of hers, which of it follows from her events; what was held on its ground goes."""

    person_key: int
    time_ms: int
    special_category_numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LocationSnoozed:
    """Her location is not used before `until_ms`, whatever she consented to; not after `time_ms` = no more snooze."""

    person_key: int
    until_ms: int
    time_ms: int


@dataclass(frozen=True, slots=True)
class RightsRequested:
    """A person uses one of her rights; the fields are those of model/rights.py: RightsRequest."""

    person_key: int
    request_id: str
    kind: int
    received_ms: int
    due_ms: int
    time_ms: int
    """When it was recorded."""
    ground: int = 0
    purposes: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RightsStepTaken:
    """What was done about a request; `step` is a RightsStep."""

    person_key: int
    request_id: str
    step: int
    time_ms: int
    text: str = ""
    """The answer, or the reason."""
    due_ms: int = 0
    """Of an extension: the new day."""
    informed_ms: int = 0
    """Of a restriction that is lifted: when she was told."""
    special_category_numbers: tuple[int, ...] = ()
    """Categories that are special now: what she withdrew meanwhile goes when the restriction does (ConsentRecord)."""


@dataclass(frozen=True, slots=True)
class PolicyMoved:
    """A policy document was proposed, approved or published; `step` is a PolicyStep."""

    step: int
    version: int
    """The document's number; every proposal takes the next one."""
    time_ms: int
    author: str
    """Whoever took this step: the subject of a token."""
    text: str = ""
    """Of a proposal: the canonical text, with its version, author and time."""
    is_loosening: bool = False
    """Of a proposal, compared with what was in force then."""
    base_version: int = 0
    """Of a proposal: what was in force then."""
    restores: int = 0
    """Of a proposal: the earlier version whose rules it brings back; 0 = none."""
    signature: bytes = b""
    """Of what is published: Ed25519 over the text in UTF-8."""


@dataclass(frozen=True, slots=True)
class PolicyStopSwitched:
    """The kill switch: from now on no offer is made, or offers are made again."""

    is_stopped: bool
    time_ms: int
    author: str
    reason: str


@dataclass(frozen=True, slots=True)
class CallNoted:
    """Who caused the `record_count` records after this one in the same append, or a call that left none. The audit log
    is made of it (audit/); it folds to nothing.
    """

    method: str
    """`Service/Method`; '' = the token was refused before a method was known."""
    role: str
    """Of the token; '' = none that verifies."""
    caller: bytes
    """Keyed hash of the token's subject, in the audit log's domain; b'' = none."""
    time_ms: int
    subject_key: int | None = None
    """The person whom a call without records is about; not `person_key`: the note lies in the catalog's partition."""
    reason: str = ""
    """Why it was refused (errors.py); '' = it was not."""
    record_count: int = 0
    call_count: int = 1
    """Refused calls of the same kind are told together."""


@dataclass(frozen=True, slots=True)
class AuditSealed:
    """How far the audit log had come: who cuts it has to cut the journal, too."""

    number: int
    """Of the log's latest entry; −1 = a new log begins after the old one was lost."""
    hash: bytes
    time_ms: int
