"""Who was refused is told once a minute, under a pseudonym, in bounded memory, and never to the caller's harm."""

from __future__ import annotations

import numpy as np

from geooffer.errors import NotFoundError, PermissionDeniedError, QuotaExceededError
from geooffer.rpc.auth import Identity
from geooffer.rpc.refusals import REMEMBERED_COUNT_MAX, Refusals

DENIED = PermissionDeniedError("no")


def identity(subject: str, role: str = "gateway") -> Identity:
    return Identity(role, subject, None, np.zeros((0, 2), np.int64), 0.0)


def test_only_refusals_are_told_and_once_a_minute():
    now = [0.0]
    refusals = Refusals(b"key", clock_s=lambda: now[0])
    told = []
    refusals.observers.append(lambda *refused: told.append(refused))
    refusals.tell(identity("a"), "/s/M", NotFoundError("gone"))
    for error in (DENIED, DENIED, QuotaExceededError("slow")):
        refusals.tell(identity("a"), "/s/M", error)
    refusals.tell(identity("a"), "/s/N", DENIED)
    who = refusals.pseudonym_of(identity("a"))
    assert told == [
        (who, "/s/M", "PERMISSION_DENIED"), (who, "/s/M", "QUOTA_EXCEEDED"), (who, "/s/N", "PERMISSION_DENIED")
    ]  # fmt: skip
    assert refusals.untold_count == 1
    now[0] = 60.0
    refusals.tell(identity("a"), "/s/M", DENIED)
    assert len(told) == 4


def test_pseudonyms_are_keyed_and_say_nothing():
    one, other = Refusals(b"key"), Refusals(b"another")
    names = {one.pseudonym_of(identity("anna")), one.pseudonym_of(identity("anna", "device"))}
    names |= {other.pseudonym_of(identity("anna")), Refusals().pseudonym_of(identity("anna"))}
    assert len(names) == 4
    assert one.pseudonym_of(identity("anna")) == Refusals(b"key").pseudonym_of(identity("anna"))
    assert all(len(name) == 16 and "anna" not in name for name in names)


def test_a_broken_observer_and_many_callers_harm_nobody():
    refusals = Refusals()
    told = []

    def broken(*refused):
        raise ValueError("a secret text")

    refusals.observers += [broken, lambda *refused: told.append(refused)]
    for number in range(REMEMBERED_COUNT_MAX + 100):
        refusals.tell(identity(str(number)), "/s/M", DENIED)
    assert len(told) == REMEMBERED_COUNT_MAX + 100
    assert len(refusals._told_s) == REMEMBERED_COUNT_MAX
