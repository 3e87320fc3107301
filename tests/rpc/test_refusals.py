"""Who was refused is told once a minute, in bounded memory, and never to the caller's harm."""

from __future__ import annotations

import numpy as np

from geooffer.errors import (
    InvalidArgumentError,
    JournalError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    QuotaExceededError,
)
from geooffer.rpc.auth import Identity
from geooffer.rpc.refusals import REMEMBERED_COUNT_MAX, Refusals

DENIED = PermissionDeniedError("no")


def identity(subject: str, role: str = "gateway") -> Identity:
    return Identity(role, subject, None, np.zeros((0, 2), np.int64), 0.0)


def test_only_refusals_are_told_and_once_a_minute():
    now = [0.0]
    refusals = Refusals(clock_s=lambda: now[0])
    told = []
    refusals.observers.append(lambda caller, *refused: told.append((caller.subject, *refused)))
    refusals.tell(identity("a"), "/s/M", NotFoundError("gone"))
    for error in (DENIED, DENIED, QuotaExceededError("slow")):
        refusals.tell(identity("a"), "/s/M", error)
    refusals.tell(identity("a"), "/s/N", DENIED)
    refusals.tell(identity("a", "device"), "/s/N", DENIED)
    assert told == [
        ("a", "/s/M", "PERMISSION_DENIED", 1), ("a", "/s/M", "QUOTA_EXCEEDED", 1),
        ("a", "/s/N", "PERMISSION_DENIED", 1), ("a", "/s/N", "PERMISSION_DENIED", 1),
    ]  # fmt: skip
    assert refusals.untold_count == 1
    now[0] = 60.0
    refusals.tell(identity("a"), "/s/M", DENIED)
    assert told[4:] == [("a", "/s/M", "PERMISSION_DENIED", 2)], "with the one that was not told"


def test_of_officers_services_all_that_is_refused_is_told():
    refusals = Refusals()
    told = []
    refusals.observers.append(lambda caller, *refused: told.append(refused[1]))
    for error in (
        InvalidArgumentError("is required", field="reason"),
        NotFoundError("no such customer"),
        OverloadedError("retry"),
        JournalError("failed"),
    ):
        refusals.tell(identity("a", "privacy_officer"), "/geooffer.v1.PrivacyService/ExportSubject", error)
        refusals.tell(identity("a", "operator"), "/geooffer.v1.StoreService/GetStore", error)
    assert told == ["INVALID_ARGUMENT reason", "NOT_FOUND"]


def test_a_broken_observer_and_many_callers_harm_nobody():
    refusals = Refusals()
    told = []

    def broken(*refused):
        raise ValueError("a secret text")

    refusals.observers += [broken, lambda *refused: told.append(refused)]
    for number in range(REMEMBERED_COUNT_MAX + 100):
        refusals.tell(identity(str(number)), "/s/M", DENIED)
    assert len(told) == REMEMBERED_COUNT_MAX + 100
    assert len(refusals._told) == REMEMBERED_COUNT_MAX
