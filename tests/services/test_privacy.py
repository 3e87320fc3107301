"""Export and erase over the wire; what comes late does not bring her back."""

from __future__ import annotations

import asyncio
import json

import grpc
import pytest
import structlog
from shop import DEVICE_KEY, NOW_MS, a_consent, a_touchpoint, bring_the_customer, stock_the_shop
from wire import refused

from geooffer.errors import JournalError
from geooffer.journal.erasures import ErasureLedger
from geooffer.model.keys import partition_of, person_key
from geooffer.rpc import roles
from geooffer.services.erasures import Erasures
from geooffer.v1 import consent_service_pb2 as consent
from geooffer.v1 import decision_service_pb2 as decisions
from geooffer.v1 import diagnostics_service_pb2 as diagnostics
from geooffer.v1 import offer_service_pb2 as offers
from geooffer.v1 import privacy_service_pb2 as pb
from geooffer.v1 import signal_service_pb2 as signal
from geooffer.v1.privacy_service_pb2_grpc import PrivacyServiceStub

EXPORT = pb.ExportSubjectRequest(customer_id="c1", reason="her letter")
TABLES = {
    "consents", "contacts", "customers", "decisions", "decisions_taken_back", "devices", "facts", "identities",
    "intents", "outcomes", "recent_tries", "remembered_requests", "rights_requests", "stated_fields",
    "united_customers",
}  # fmt: skip


async def a_decision(plane) -> str:
    plane.engine.publish()
    answer = await plane.decisions.Decide(
        decisions.DecideRequest(
            customer_id="c1",
            product_id="shoe",
            channel="CHANNEL_IN_APP",
            place={"latitude_e7": 525_200_000, "longitude_e7": 134_050_000},
            request_id="asked-once",
        )
    )
    assert answer.HasField("offer")
    return answer.offer.decision_id


async def test_all_that_is_held_is_told_and_then_nothing_is_held(plane):
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    web = signal.IdentityLink(customer_id="c1", web_id="session-1")
    await plane.signals.LinkIdentity(signal.LinkIdentityRequest(link=web))
    decision_id = await a_decision(plane)
    privacy = PrivacyServiceStub(plane.channel)
    told = json.loads((await privacy.ExportSubject(EXPORT)).document_json)
    assert [row["decision_id"] for row in told["decisions"]] == [decision_id]
    assert told["devices"] == [{"device_key": str(DEVICE_KEY)}]
    assert [row["decision_id"] for row in told["remembered_requests"]] == [decision_id]

    erasure = (await privacy.EraseSubject(pb.EraseSubjectRequest(customer_id="c1", request_id="once"))).erasure
    again = (await privacy.EraseSubject(pb.EraseSubjectRequest(customer_id="c1", request_id="once"))).erasure
    assert again == erasure
    assert erasure.state == pb.ERASURE_STATE_DONE, "the journal of this test is in no file"
    counts = {row.table: row.row_count for row in erasure.touched}
    assert counts.keys() == TABLES
    for table in TABLES - {"decisions_taken_back", "outcomes", "stated_fields", "united_customers"}:
        assert counts[table] > 0, table
    assert (await privacy.GetErasure(pb.GetErasureRequest(erasure_id=erasure.erasure_id))).erasure == erasure
    assert list((await privacy.ListErasures(pb.ListErasuresRequest())).erasures) == [erasure]
    for name in ("c1", "session-1", str(DEVICE_KEY)):
        assert name not in str(erasure).replace(erasure.erasure_id, "")  # a random number, in hex

    # what comes late finds nobody
    assert list(plane.engine.state.requests.items(partition_of(person_key("c1")))) == []
    by_web = a_touchpoint()
    by_web.ClearField("customer_id")
    by_web.web_id = "session-1"
    late = [
        plane.signals.RecordTouchpoints(signal.RecordTouchpointsRequest(touchpoints=[a_touchpoint()])),
        plane.signals.RecordTouchpoints(signal.RecordTouchpointsRequest(touchpoints=[by_web])),
        plane.consents.RecordConsent(a_consent()),
        plane.consents.GetConsent(consent.GetConsentRequest(customer_id="c1")),
        plane.diagnostics.GetDecision(diagnostics.GetDecisionRequest(decision_id=decision_id)),
        plane.diagnostics.ListRecentTries(diagnostics.ListRecentTriesRequest(customer_id="c1")),
        privacy.ExportSubject(EXPORT),
        privacy.GetErasure(pb.GetErasureRequest(erasure_id="c1")),
    ]
    for call in late:
        await refused(call, "NOT_FOUND")
    outcome = offers.OutcomeReport(decision_id=decision_id, kind="OUTCOME_KIND_DISPLAYED", device_key=DEVICE_KEY)
    outcome.event_time.FromMilliseconds(NOW_MS)
    reported = await plane.offers.ReportOutcomes(
        offers.ReportOutcomesRequest(outcomes=[outcome]), metadata=plane.metadata(roles.OPERATOR)
    )
    assert [problem.reason for problem in reported.problems] == ["NOT_FOUND"]

    # a new customer of that id is a new person with nothing
    person = signal.Customer(customer_id="c1", device_keys=[DEVICE_KEY])
    await plane.signals.UpsertCustomers(signal.UpsertCustomersRequest(customers=[person]))
    told = json.loads((await privacy.ExportSubject(EXPORT)).document_json)
    held = {name for name, rows in told.items() if isinstance(rows, list) and rows}
    assert held == {"devices"}


async def test_deleting_a_customer_is_erasing_her(plane):
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    await plane.signals.DeleteCustomer(signal.DeleteCustomerRequest(customer_id="c1"))
    erasures = (await PrivacyServiceStub(plane.channel).ListErasures(pb.ListErasuresRequest())).erasures
    assert [item.state for item in erasures] == [pb.ERASURE_STATE_DONE]
    await refused(plane.signals.DeleteCustomer(signal.DeleteCustomerRequest(customer_id="c1")), "NOT_FOUND")


async def test_the_officer_may_and_marketing_may_not(plane):
    await bring_only_her(plane)
    privacy = PrivacyServiceStub(plane.anonymous)
    request = EXPORT
    await privacy.ExportSubject(request, metadata=plane.metadata(roles.PRIVACY_OFFICER))
    for role in (roles.MARKETING, roles.GATEWAY, roles.DEVICE):
        await refused(privacy.ExportSubject(request, metadata=plane.metadata(role)), "PERMISSION_DENIED")


async def bring_only_her(plane) -> None:
    await plane.signals.UpsertCustomers(
        signal.UpsertCustomersRequest(customers=[signal.Customer(customer_id="c1", device_keys=[DEVICE_KEY])])
    )


async def test_erasures_are_listed_newest_first_page_by_page(plane):
    privacy = PrivacyServiceStub(plane.channel)
    customers = [signal.Customer(customer_id=f"p{number}") for number in range(5)]
    await plane.signals.UpsertCustomers(signal.UpsertCustomersRequest(customers=customers))
    for customer in customers:
        await privacy.EraseSubject(pb.EraseSubjectRequest(customer_id=customer.customer_id))
    found, token = [], ""
    while True:
        page = await privacy.ListErasures(pb.ListErasuresRequest(page_size=2, page_token=token))
        found += [item.erasure_id for item in page.erasures]
        token = page.next_page_token
        if not token:
            break
    assert len(found) == len(set(found)) == 5


async def test_an_erasure_is_pending_until_a_snapshot_without_her_is_written(plane):
    await bring_only_her(plane)
    ledger = ErasureLedger(None, bytes(32))
    erasures = Erasures(plane.engine, real_now_ms=lambda: NOW_MS, ledger=ledger, last_lsn=lambda: 7)
    plane.control.erasures = erasures
    lsns = iter((3, 9))
    written = asyncio.Event()

    async def compact() -> int:
        await written.wait()
        return next(lsns)

    erasures.compact = compact
    running = asyncio.create_task(erasures.run())
    privacy = PrivacyServiceStub(plane.channel)
    erasure = (await privacy.EraseSubject(pb.EraseSubjectRequest(customer_id="c1"))).erasure
    assert (erasure.state, erasure.lsn, erasure.HasField("done_time")) == (pb.ERASURE_STATE_PENDING, 7, False)
    written.set()
    async with asyncio.timeout(10):
        while erasures.get(erasure.erasure_id).done_ms is None:
            await asyncio.sleep(0.01)
    assert erasures.get(erasure.erasure_id).snapshot_lsn == 9, "a snapshot from before the erasure does not end it"
    running.cancel()


async def test_an_erasure_sent_again_gives_the_receipt_also_after_a_restart(plane, tmp_path):
    """D2: nobody is left without one because a crash, or a lost answer, came between."""
    await bring_only_her(plane)
    await plane.signals.UpsertCustomers(
        signal.UpsertCustomersRequest(customers=[signal.Customer(customer_id=name) for name in ("guest", "other")])
    )
    await plane.signals.MergeCustomers(signal.MergeCustomersRequest(from_customer_id="guest", into_customer_id="c1"))
    path = tmp_path / "erasures.ledger"

    def restarted() -> Erasures:
        return Erasures(plane.engine, real_now_ms=lambda: NOW_MS, ledger=ErasureLedger(path, bytes(32)))

    plane.control.erasures = restarted()
    privacy = PrivacyServiceStub(plane.channel)

    async def erase(name: str, request_id: str = "") -> pb.Erasure:
        request = pb.EraseSubjectRequest(customer_id=name, request_id=request_id)
        return (await privacy.EraseSubject(request)).erasure

    first = await erase("c1")
    plane.control.erasures = restarted()
    size_bytes = path.stat().st_size
    for name in ("c1", "guest"):
        for request_id in ("", f"again-{name}", f"again-{name}"):
            assert await erase(name, request_id) == first
    assert path.stat().st_size == size_bytes
    # who never was, and who was never erased, is told of as before
    await refused(privacy.EraseSubject(pb.EraseSubjectRequest(customer_id="nobody")), "NOT_FOUND")
    await plane.signals.DeleteCustomer(signal.DeleteCustomerRequest(customer_id="other"))
    for name in ("other", "nobody", "c1"):
        await refused(plane.signals.DeleteCustomer(signal.DeleteCustomerRequest(customer_id=name)), "NOT_FOUND")
    # who came back is erased anew, and the latest receipt is told
    await bring_only_her(plane)
    second = await erase("c1")
    assert second.erasure_id != first.erasure_id
    assert await erase("c1") == second
    assert await erase("guest") == first


async def test_an_erasure_whose_last_line_failed_is_recorded_when_it_is_sent_again(plane, tmp_path, monkeypatch):
    await bring_only_her(plane)
    ledger = ErasureLedger(tmp_path / "erasures.ledger", bytes(32))
    plane.control.erasures = Erasures(plane.engine, real_now_ms=lambda: NOW_MS, ledger=ledger)
    privacy = PrivacyServiceStub(plane.channel)
    request = pb.EraseSubjectRequest(customer_id="c1", request_id="once")

    def fails(*_: object, **__: object) -> None:
        raise JournalError("the erasure ledger was not written: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "erased", fails)
        with pytest.raises(grpc.aio.AioRpcError):
            await privacy.EraseSubject(request)
    assert not ledger.unfinished()
    erasure = (await privacy.EraseSubject(request)).erasure
    assert erasure.HasField("erase_time")
    assert [item.erasure_id for item in ledger.unfinished()] == [erasure.erasure_id], "her bytes go with the next one"


async def test_a_fault_nobody_foresaw_leaves_no_erasure_unfinished(plane, monkeypatch):
    await bring_only_her(plane)
    monkeypatch.setattr("geooffer.services.erasures.RETRY_S", 0.0)
    erasures = Erasures(plane.engine, real_now_ms=lambda: NOW_MS, ledger=ErasureLedger(None, bytes(32)))
    plane.control.erasures = erasures
    faults = [KeyError("customer c1"), RuntimeError("customer c1")]

    async def compact() -> int:
        if faults:
            raise faults.pop()
        return 9

    erasures.compact = compact
    privacy = PrivacyServiceStub(plane.channel)
    with structlog.testing.capture_logs() as logs:
        running = asyncio.create_task(erasures.run())
        erasure = (await privacy.EraseSubject(pb.EraseSubjectRequest(customer_id="c1"))).erasure
        async with asyncio.timeout(10):
            while erasures.get(erasure.erasure_id).done_ms is None:
                await asyncio.sleep(0.01)
    running.cancel()
    told = [entry for entry in logs if entry["event"] == "erasure_not_finished"]
    assert [entry["error"].split(" at ")[0] for entry in told] == ["RuntimeError", "KeyError"]
    assert "c1" not in str(told)


async def test_without_a_ledger_nobody_is_erased(plane, tmp_path):
    """What cannot be kept out of restored backups is not called erased."""
    await bring_only_her(plane)
    ledger = ErasureLedger(tmp_path / "gone" / "erasures.ledger", bytes(32))
    plane.control.erasures = Erasures(plane.engine, real_now_ms=lambda: NOW_MS, ledger=ledger)
    privacy = PrivacyServiceStub(plane.channel)
    with pytest.raises(grpc.aio.AioRpcError):
        await privacy.EraseSubject(pb.EraseSubjectRequest(customer_id="c1"))
    assert plane.engine.customer("c1").customer_id == "c1"
    with pytest.raises(JournalError):
        ledger.restored(time_ms=0, lsn=0, erased_count=0)
