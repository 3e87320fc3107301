"""Who did it: notes that the journal keeps of calls, for the audit log (audit/derivation.py).

A call that changes something gets a note before its records, in the same commit; what an officer read, and who was
refused, get a note of their own, durable before the answer leaves. Pings are nobody's call: they get none.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Sequence
from typing import Any

from geooffer.audit.derivation import is_audited
from geooffer.audit.keys import AuditKeys
from geooffer.engine.engine import Engine
from geooffer.errors import GeoofferError, NotFoundError
from geooffer.model.records import CallNoted, Record
from geooffer.rpc.auth import Identity, bound_identity
from geooffer.rpc.bound_method import bound_method, short_name

_OFFICERS = ("PrivacyService/", "ConsentService/", "PolicyService/", "DiagnosticsService/")
_READING = ("Get", "List", "Export", "Explain", "Verify", "DryRun")
_OF_PERSONS = ("SignalService/GetCustomer", "CampaignService/ListAudienceMembers")
_OF_NOBODY = ("DiagnosticsService/GetStatistics",)
_OF_RULES = (
    "PolicyService/",
    "ConsentService/ListNotices",
    "PrivacyService/GetErasure",
    "PrivacyService/ListErasures",
    "PrivacyService/VerifyAudit",
    "PrivacyService/GetExclusionZone",
    "PrivacyService/ListExclusionZones",
)
"""Noted, and told also when that cannot be: nobody who is held is in it, and an officer needs it just then."""

_is_noted: contextvars.ContextVar[bool] = contextvars.ContextVar("geooffer_is_noted", default=False)
"""Whether the running call has a note already; every call runs in a context of its own."""


def is_noted_reading(method: str) -> bool:
    """Whether `Service/Method` tells of persons, or of what was done to them."""
    if method in _OF_NOBODY:
        return False
    return method in _OF_PERSONS or (method.startswith(_OFFICERS) and method.partition("/")[2].startswith(_READING))


class CallNotes:
    """All calls come from the loop's thread."""

    def __init__(
        self,
        engine: Engine,
        keys: AuditKeys,
        now_ms: Callable[[], int],
        refusal: Callable[[], GeoofferError | None] = lambda: None,
    ) -> None:
        """`refusal`: why no new record is taken now (rpc/write_gate.py)."""
        self._engine, self._keys, self._now_ms, self._refusal = engine, keys, now_ms, refusal

    def of_changes(self, changes: Sequence[Record]) -> Record | None:
        """The note that stands before `changes`; None where no caller, or nothing the audit log tells of."""
        identity = bound_identity()
        if identity is None or not any(map(is_audited, changes)):
            return None
        _is_noted.set(True)
        caller = self._keys.caller_of(identity.subject)
        return CallNoted(bound_method(), identity.role, caller, self._now_ms(), record_count=len(changes))

    def answered(self, method: str, message: Any) -> None:
        """A unary call went well: keep that it read, unless it left a record that says so. Raises OverloadedError,
        DiskFullError where nothing can be kept now: then nothing is told of persons either.
        """
        name, identity = short_name(method), bound_identity()
        if identity is None or not is_noted_reading(name) or _is_noted.get():
            return
        refusal = self._refusal()
        if refusal is not None:
            if name.startswith(_OF_RULES):
                return
            raise refusal
        self._append(identity, name, subject_key=self._subject_of(message))

    def refused(self, identity: Identity, method: str, reason: str, call_count: int) -> None:
        """A verified caller was refused (rpc/refusals.py, which bounds how often this is told: a full disk is no reason
        not to)."""
        self._append(identity, short_name(method), reason=reason, call_count=call_count)

    def _append(self, identity: Identity, method: str, **told: Any) -> None:
        caller = self._keys.caller_of(identity.subject)
        self._engine.append([CallNoted(method, identity.role, caller, self._now_ms(), **told)])

    def _subject_of(self, message: Any) -> int | None:
        customer_id = getattr(message, "customer_id", "")
        if not customer_id:
            return None
        try:
            return self._engine.key_of(customer_id)
        except NotFoundError:
            return None
