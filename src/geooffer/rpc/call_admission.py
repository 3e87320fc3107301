"""How many calls a port works on at once, and which may begin while nothing new may be written.

                                    room        disk low, journal behind
    read (Get, List, Find, …)       normal      goes on
    write                           normal      refused: OVERLOADED or DISK_FULL, with RetryInfo
    withdrawal, erasure,            + reserve   goes on: nobody is kept from taking back what she gave
    restriction, objection

Pings have their own admission (dataplane/admission.py); health and reflection have none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from geooffer.errors import GeoofferError, OverloadedError
from geooffer.model import limits

_READS: Final = ("Get", "List", "Find", "Explain", "Export", "Verify", "DryRun")
"""How the names of methods that write nothing begin; tests/rpc/test_call_admission.py goes through all."""
OWN_WITHDRAWAL: Final = "/geooffer.v1.OfferService/WithdrawOwnConsent"
_OWN_SNOOZE: Final = "/geooffer.v1.OfferService/SnoozeLocation"
_ALWAYS: Final = frozenset(
    {
        "/geooffer.v1.ConsentService/WithdrawConsent",
        OWN_WITHDRAWAL,
        _OWN_SNOOZE,
        "/geooffer.v1.SignalService/DeleteCustomer",
        "/geooffer.v1.PolicyService/SetKillSwitch",
        "/geooffer.v1.PrivacyService/EraseSubject",
        "/geooffer.v1.PrivacyService/RestrictSubject",
        "/geooffer.v1.PrivacyService/ObjectSubject",
    }
)
_CONSENT_BATCH: Final = "/geooffer.v1.ConsentService/BatchRecordConsents"

_RECORDED_READS: Final = frozenset({"/geooffer.v1.PrivacyService/ExportSubject"})
"""Told, and recorded that it was told."""

Refusal = Callable[[], GeoofferError | None]


def is_read(method: str) -> bool:
    """Whether a method (`/package.Service/Method`) leaves no record."""
    return method.rpartition("/")[2].startswith(_READS) and method not in _RECORDED_READS


def is_always_let_in(method: str, request: Any) -> bool:
    """Withdrawals and erasures; of a batch of consents one that only withdraws."""
    if method == _CONSENT_BATCH:
        return not any(event.granted for event in request.events)
    return method in _ALWAYS


def is_never_kept_waiting(method: str) -> bool:
    """What no quota holds up, known before the request is read: withdrawals and erasures by officers.

    A phone's own calls are not among them: each leaves a record, so one phone could fill a disk (rpc/quotas.py).
    """
    return (method in _ALWAYS or method == _CONSENT_BATCH) and method not in (OWN_WITHDRAWAL, _OWN_SNOOZE)


class CallAdmission:
    """Counts the calls of one port that are being worked on."""

    def __init__(self, refusal: Refusal = lambda: None, *, call_count_max: int = limits.CALL_COUNT_MAX) -> None:
        """`refusal`: why nothing may be written now (rpc/write_gate.py)."""
        self._refusal = refusal
        self._call_count_max = call_count_max
        self.call_count = 0
        self.size_bytes = 0
        """Of the requests being worked on."""
        self.refused_count = 0
        """Since start-up."""

    @contextmanager
    def entered(self, method: str, request: Any, size_bytes: int = 0) -> Iterator[None]:
        """The time of one call; `size_bytes` of its request. Raises OverloadedError, DiskFullError."""
        try:
            self._check(method, request, size_bytes)
        except GeoofferError:
            self.refused_count += 1
            raise
        self.call_count += 1
        self.size_bytes += size_bytes
        try:
            yield
        finally:
            self.call_count -= 1
            self.size_bytes -= size_bytes

    def _check(self, method: str, request: Any, size_bytes: int) -> None:
        always = is_always_let_in(method, request)
        if self.call_count >= self._call_count_max + (limits.CALL_RESERVE_COUNT if always else 0):
            raise OverloadedError("too many calls at once; retry")
        if not always and self.size_bytes + size_bytes > limits.CALLS_SIZE_MAX_BYTES:
            raise OverloadedError("too large calls at once; retry")
        if always or is_read(method):
            return
        refusal = self._refusal()
        if refusal is not None:
            raise refusal
