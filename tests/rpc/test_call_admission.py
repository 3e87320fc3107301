"""Who may begin a call: room in calls and bytes, and what goes on while nothing may be written."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from geooffer.errors import DiskFullError, OverloadedError
from geooffer.model import limits
from geooffer.rpc import roles
from geooffer.rpc.call_admission import CallAdmission, is_always_let_in, is_read
from geooffer.v1 import consent_service_pb2 as consent

READ = "/geooffer.v1.StoreService/GetStore"
WRITE = "/geooffer.v1.StoreService/CreateStore"
WITHDRAWAL = "/geooffer.v1.ConsentService/WithdrawConsent"
BATCH = "/geooffer.v1.ConsentService/BatchRecordConsents"
WRITES = {
    "ExportSubject", "RestrictSubject", "LiftRestriction", "ObjectSubject",
    "RecordRequest", "ExtendRequest", "RefuseRequest",
    "AddAudienceMembers", "BatchLinkIdentities", "BatchRecordConsents", "CloseStores", "Decide", "DeleteCustomer",
    "LinkIdentity", "MergeCustomers", "PauseOffers", "RecordConsent", "RecordTouchpoints", "RemoveAudienceMembers",
    "EraseSubject", "ReopenStores", "ReportOutcomes", "ReportStock", "ResumeOffers", "UnlinkIdentity",
    "UpsertCustomers", "WithdrawConsent",
    "ProposePolicy", "ApprovePolicy", "RollbackPolicy", "SetKillSwitch",
    "BatchRegisterNotices", "SnoozeLocation", "WithdrawOwnConsent",
}  # fmt: skip
"""And what is created, updated, deleted and upserted."""
READS = {"DryRunPolicy", "VerifyAudit", "ExplainPing", "FindNearbyStock"}


def test_every_method_is_known_to_write_or_to_read():
    for method in roles.METHODS:
        service, _, name = method[1:].partition("/")
        if not service.startswith("geooffer.v1.") or service == "geooffer.v1.PingService":
            continue
        writes = name in WRITES or name.startswith(("Create", "Update", "Delete", "BatchUpsert"))
        reads = name in READS or name.startswith(("Get", "List"))
        assert writes != reads, method
        assert is_read(method) == reads, method


def test_calls_beyond_the_bound_are_refused_and_withdrawals_have_a_reserve():
    admission = CallAdmission(call_count_max=2)
    with ExitStack() as calls:
        for _ in range(2):
            calls.enter_context(admission.entered(READ, None))
        for method in (READ, WRITE):
            with pytest.raises(OverloadedError):
                calls.enter_context(admission.entered(method, None))
        for _ in range(limits.CALL_RESERVE_COUNT):
            calls.enter_context(admission.entered(WITHDRAWAL, None))
        with pytest.raises(OverloadedError):
            calls.enter_context(admission.entered(WITHDRAWAL, None))
        assert admission.refused_count == 3
    assert (admission.call_count, admission.size_bytes) == (0, 0)


def test_requests_are_bounded_in_bytes_together():
    admission = CallAdmission()
    with ExitStack() as calls:
        while admission.size_bytes + limits.CONTROL_MESSAGE_SIZE_MAX_BYTES <= limits.CALLS_SIZE_MAX_BYTES:
            calls.enter_context(admission.entered(WRITE, None, limits.CONTROL_MESSAGE_SIZE_MAX_BYTES))
        assert admission.call_count < limits.CALL_COUNT_MAX
        with pytest.raises(OverloadedError):
            calls.enter_context(admission.entered(WRITE, None, limits.CONTROL_MESSAGE_SIZE_MAX_BYTES))
        calls.enter_context(admission.entered(WITHDRAWAL, None, 100))
    assert admission.size_bytes == 0


def test_a_call_that_fails_gives_its_room_back():
    admission = CallAdmission()

    def fail() -> None:
        with admission.entered(WRITE, None, 10):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (admission.call_count, admission.size_bytes) == (0, 0)


@pytest.mark.parametrize("error", [OverloadedError, DiskFullError])
def test_while_nothing_may_be_written_reads_and_withdrawals_go_on(error):
    admission = CallAdmission(lambda: error("no"))
    erasures = ("/geooffer.v1.SignalService/DeleteCustomer", "/geooffer.v1.PrivacyService/EraseSubject")
    for method in (READ, WITHDRAWAL, *erasures):
        assert method in roles.METHODS
        with admission.entered(method, None):
            pass
    with pytest.raises(error), admission.entered(WRITE, None):
        pass
    event = consent.ConsentEvent
    withdrawals = consent.BatchRecordConsentsRequest(events=[event(granted=False), event(granted=False)])
    mixed = consent.BatchRecordConsentsRequest(events=[event(granted=False), event(granted=True)])
    assert is_always_let_in(BATCH, withdrawals)
    with admission.entered(BATCH, withdrawals):
        pass
    with pytest.raises(error), admission.entered(BATCH, mixed):
        pass
