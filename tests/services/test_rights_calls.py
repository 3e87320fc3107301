"""Rights over the wire: due dates and receipts, effective at once, remembered once; nobody learns of others."""

from __future__ import annotations

import hashlib

import pytest
import structlog
from shop import DEVICE_KEY, NOW_MS, a_consent, a_touchpoint, bring_the_customer, stock_the_shop
from wire import refused

from geooffer.model.keys import partition_of, person_key
from geooffer.model.policy import DAY_MS
from geooffer.model.rights import months_after
from geooffer.rpc import roles
from geooffer.rpc.checks import timestamp
from geooffer.services.rights_watch import RightsWatch
from geooffer.v1 import decision_service_pb2 as decisions
from geooffer.v1 import offer_service_pb2 as offers
from geooffer.v1 import privacy_service_pb2 as privacy_pb
from geooffer.v1 import rights_pb2 as pb
from geooffer.v1 import signal_service_pb2 as signal
from geooffer.v1.privacy_service_pb2_grpc import PrivacyServiceStub

GROUND = pb.RESTRICTION_GROUND_LEGAL_CLAIMS
RESTRICT = pb.RestrictSubjectRequest(customer_id="c1", ground=GROUND, reason="a lawsuit")
LIFT = pb.LiftRestrictionRequest(customer_id="c1", inform_time=timestamp(NOW_MS), reason="it is over")
OBJECT = pb.ObjectSubjectRequest(customer_id="c1", is_direct_marketing=True, reason="by mail")
ASK = decisions.DecideRequest(
    customer_id="c1",
    product_id="shoe",
    channel="CHANNEL_IN_APP",
    place={"latitude_e7": 525_200_000, "longitude_e7": 134_050_000},
)


@pytest.fixture
async def privacy(plane):
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    plane.engine.publish()
    return PrivacyServiceStub(plane.channel)


async def list_all(privacy, **fields) -> list[pb.RightsRequest]:
    return list((await privacy.ListRequests(pb.ListRequestsRequest(**fields))).requests)


async def record(privacy, kind: str, days_ago: int = 0, **fields) -> pb.RightsRequest:
    request = pb.RecordRequestRequest(
        customer_id="c1",
        kind=f"RIGHTS_KIND_{kind}",
        receive_time=timestamp(NOW_MS - days_ago * DAY_MS),
        reason="a letter",
    )
    request.MergeFrom(pb.RecordRequestRequest(**fields))
    return (await privacy.RecordRequest(request)).request


async def test_a_letter_is_due_in_a_month_and_the_export_answers_it(privacy):
    asked = await record(privacy, "EXPORT", days_ago=40)
    assert asked.due_time == timestamp(months_after(NOW_MS - 40 * DAY_MS, 1))
    assert (asked.is_overdue, asked.state, asked.customer_id) == (True, pb.RIGHTS_STATE_OPEN, "c1")
    assert await list_all(privacy, only_open=True) == [asked]
    told = await privacy.ExportSubject(privacy_pb.ExportSubjectRequest(customer_id="c1", reason="her letter"))
    (receipt,) = told.requests
    assert receipt.rights_request_id == asked.rights_request_id
    assert receipt.answer == hashlib.sha256(told.document_json.encode()).hexdigest()
    assert (receipt.state, receipt.is_overdue) == (pb.RIGHTS_STATE_ANSWERED, False)
    assert await list_all(privacy, only_open=True) == []
    assert await list_all(privacy, customer_id="c1") == await list_all(privacy) == [receipt]
    assert asked.rights_request_id in told.document_json, "she is told what was recorded of her requests, too"


@pytest.mark.parametrize("reason", ["", "x" * 201, "line\nbreak"])
async def test_without_a_reason_nothing_is_told_and_nothing_done(privacy, plane, reason):
    for call in (
        privacy.ExportSubject(privacy_pb.ExportSubjectRequest(customer_id="c1", reason=reason)),
        privacy.RestrictSubject(pb.RestrictSubjectRequest(customer_id="c1", ground=GROUND, reason=reason)),
        privacy.ObjectSubject(pb.ObjectSubjectRequest(customer_id="c1", is_direct_marketing=True, reason=reason)),
        privacy.RecordRequest(pb.RecordRequestRequest(customer_id="c1", kind="RIGHTS_KIND_ERASE", reason=reason)),
    ):
        assert "x" * 201 not in await refused(call, "INVALID_ARGUMENT", field="reason")
    assert plane.engine.rights_requests("c1") == []


async def test_restricted_at_once_and_lifted_when_she_was_told(privacy, plane):
    """Effective through the send gate: what was decided before does not leave after the call returned."""
    before = plane.engine.decide(
        "c1", channel=1, now_ms=NOW_MS, product_id="shoe", place=(525_200_000, 134_050_000)
    ).decision
    assert before is not None
    (receipt,) = (await privacy.RestrictSubject(RESTRICT)).requests
    assert (receipt.is_in_force, receipt.ground, receipt.kind) == (True, GROUND, pb.RIGHTS_KIND_RESTRICT)
    assert not plane.engine.may_send(before, NOW_MS)
    assert not (await plane.decisions.Decide(ASK)).HasField("offer")
    seen = signal.RecordTouchpointsRequest(touchpoints=[a_touchpoint()])
    await refused(plane.signals.RecordTouchpoints(seen), "NOT_CONSENTED")
    await plane.consents.RecordConsent(a_consent())
    assert not plane.engine.location_wanted(DEVICE_KEY)
    await refused(privacy.EraseSubject(privacy_pb.EraseSubjectRequest(customer_id="c1")), "RESTRICTED")
    await refused(plane.signals.DeleteCustomer(signal.DeleteCustomerRequest(customer_id="c1")), "RESTRICTED")
    await refused(privacy.RestrictSubject(RESTRICT), "IN_USE")
    late = pb.LiftRestrictionRequest(customer_id="c1", inform_time=timestamp(NOW_MS + 1), reason="x")
    await refused(privacy.LiftRestriction(late), "INVALID_ARGUMENT")
    early = pb.LiftRestrictionRequest(customer_id="c1", inform_time=timestamp(NOW_MS - 1), reason="x")
    await refused(privacy.LiftRestriction(early), "INVALID_ARGUMENT")
    blank = pb.LiftRestrictionRequest(customer_id="c1", inform_time=LIFT.inform_time, reason=" \u3000")
    await refused(privacy.LiftRestriction(blank), "INVALID_ARGUMENT")
    await refused(privacy.LiftRestriction(pb.LiftRestrictionRequest(customer_id="c1", reason="x")), "INVALID_ARGUMENT")
    (lifted,) = (await privacy.LiftRestriction(LIFT)).requests
    assert (lifted.is_in_force, lifted.inform_time, lifted.lift_reason) == (False, LIFT.inform_time, "it is over")
    assert plane.engine.location_wanted(DEVICE_KEY)
    await refused(privacy.LiftRestriction(LIFT), "IN_USE")


async def test_an_objection_stops_until_she_consents_anew(privacy, plane):
    (receipt,) = (await privacy.ObjectSubject(OBJECT)).requests
    assert len(receipt.purposes) == 6
    assert not plane.engine.location_wanted(DEVICE_KEY)
    await plane.consents.RecordConsent(a_consent())  # dated before
    assert not plane.engine.location_wanted(DEVICE_KEY)
    assert not (await plane.decisions.Decide(ASK)).HasField("offer")
    await refused(privacy.ObjectSubject(pb.ObjectSubjectRequest(customer_id="c1", reason="x")), "INVALID_ARGUMENT")


async def test_more_time_and_refusals_over_the_wire(privacy):
    asked = await record(privacy, "ERASE", days_ago=1)
    step = {"rights_request_id": asked.rights_request_id, "reason": "many at once"}
    longer = (await privacy.ExtendRequest(pb.ExtendRequestRequest(**step))).request
    assert longer.due_time == timestamp(months_after(NOW_MS - DAY_MS, 3))
    assert longer.extension_reason == "many at once"
    await refused(privacy.ExtendRequest(pb.ExtendRequestRequest(**step)), "IN_USE")
    no = (await privacy.RefuseRequest(pb.RefuseRequestRequest(**step))).request
    assert (no.state, no.answer) == (pb.RIGHTS_STATE_REFUSED, "many at once")
    for name in ("", "unknown"):
        code = "NOT_FOUND" if name else "INVALID_ARGUMENT"
        await refused(privacy.RefuseRequest(pb.RefuseRequestRequest(rights_request_id=name, reason="x")), code)


async def test_what_is_asked_twice_with_one_id_is_done_once(privacy, plane):
    for call, request, kind in (
        (privacy.RestrictSubject, RESTRICT, pb.RIGHTS_KIND_RESTRICT),
        (privacy.LiftRestriction, LIFT, pb.RIGHTS_KIND_RESTRICT),
        (privacy.ObjectSubject, OBJECT, pb.RIGHTS_KIND_OBJECT),
    ):
        named = type(request)()
        named.CopyFrom(request)
        named.request_id = f"once-{type(request).__name__}"
        first = await call(named)
        assert [item.kind for item in first.requests] == [kind]
        assert await call(named) == first
    again = [await record(privacy, "EXPORT", request_id="once") for _ in range(2)]
    assert again[0] == again[1]
    assert len(plane.engine.rights_requests("c1")) == 3
    kept = list(plane.engine.state.requests.items(partition_of(person_key("c1"))))
    assert len(kept) == 4, "what answers again is hers, and goes with her"


async def test_an_erasure_that_was_asked_for_earlier_is_due_then(privacy, plane):
    asked = await record(privacy, "ERASE", days_ago=10)
    await privacy.EraseSubject(privacy_pb.EraseSubjectRequest(customer_id="c1"))
    (receipt,) = await list_all(privacy)
    assert (receipt.kind, receipt.state, receipt.customer_id) == (pb.RIGHTS_KIND_ERASE, pb.RIGHTS_STATE_ANSWERED, "")
    assert (receipt.receive_time, receipt.due_time) == (asked.receive_time, asked.due_time)
    assert "c1" not in str(receipt).replace(receipt.rights_request_id, "")


async def test_who_watches_hears_of_late_answers(privacy, plane):
    watch = RightsWatch(plane.control)
    watch.check()
    assert (watch.open_count, watch.overdue_count) == (0, 0)
    await record(privacy, "EXPORT", days_ago=3)
    await record(privacy, "ERASE", days_ago=50)
    with structlog.testing.capture_logs() as logs:
        watch.check()
        watch.check()
    assert (watch.open_count, watch.overdue_count) == (2, 1)
    assert [entry["event"] for entry in logs] == ["rights_requests_overdue"]
    assert logs[0]["count"] == 1
    assert "c1" not in str(logs)


# -- nobody learns of others ---------------------------------------------------------------------------------


async def test_somebody_elses_and_nobodys_sound_alike(privacy, plane):
    """A device or gateway that names what is another person's is told what it would be told of what does not exist."""
    other = signal.Customer(customer_id="c2", device_keys=[DEVICE_KEY + 1])
    await plane.signals.UpsertCustomers(signal.UpsertCustomersRequest(customers=[other]))
    hers = (await plane.decisions.Decide(ASK)).offer.decision_id
    assert hers

    async def told(decision_id: str, role: str, device_key: int, **token) -> list[tuple[str, str]]:
        outcome = offers.OutcomeReport(decision_id=decision_id, kind="OUTCOME_KIND_REDEEMED", device_key=device_key)
        outcome.event_time.FromMilliseconds(NOW_MS)
        answer = await plane.offers.ReportOutcomes(
            offers.ReportOutcomesRequest(outcomes=[outcome]), metadata=plane.metadata(role, str(device_key), **token)
        )
        return [(problem.reason, problem.message) for problem in answer.problems]

    gateway = {"device_key_ranges": [(DEVICE_KEY, DEVICE_KEY + 1)]}
    for role, token in ((roles.DEVICE, {}), (roles.GATEWAY, gateway)):
        foreign = await told(hers, role, DEVICE_KEY + 1, **token)
        unknown = await told(hers[:-2] + ("00" if hers[-2:] != "00" else "11"), role, DEVICE_KEY + 1, **token)
        assert foreign == unknown == [("NOT_FOUND", "no such decision")]
    assert await told(hers, roles.DEVICE, DEVICE_KEY) == []
    # the officer's methods are none of theirs, whoever exists
    for role in (roles.DEVICE, roles.GATEWAY, roles.MARKETING):
        anonymous = PrivacyServiceStub(plane.anonymous)
        texts = set()
        for name in ("c1", "c2", "nobody"):
            for call, request in (
                (anonymous.ExportSubject, privacy_pb.ExportSubjectRequest(customer_id=name, reason="curious")),
                (anonymous.RestrictSubject, pb.RestrictSubjectRequest(customer_id=name, ground=GROUND, reason="x")),
                (anonymous.ListRequests, pb.ListRequestsRequest(customer_id=name)),
            ):
                texts.add(await refused(call(request, metadata=plane.metadata(role)), "PERMISSION_DENIED"))
        assert len(texts) == 1


async def test_united_ids_name_one_person_and_erased_none(privacy, plane):
    await plane.signals.UpsertCustomers(
        signal.UpsertCustomersRequest(customers=[signal.Customer(customer_id=name) for name in ("guest", "other")])
    )
    await plane.signals.MergeCustomers(signal.MergeCustomersRequest(from_customer_id="guest", into_customer_id="c1"))

    async def export(name: str):
        return await privacy.ExportSubject(privacy_pb.ExportSubjectRequest(customer_id=name, reason="her letter"))

    assert '"guest"' not in (await export("guest")).document_json, "the id itself is not kept"
    await privacy.EraseSubject(privacy_pb.EraseSubjectRequest(customer_id="guest"))
    texts = {await refused(export(name), "NOT_FOUND") for name in ("guest", "c1", "nobody")}
    assert texts == {"no such customer"}
    await export("other")


@pytest.mark.parametrize(
    ("name", "form"),
    [("6D92078A-8246-4BA4-AE5B-76104861E7DC", "an advertising id"), ("00491701234567", "a phone number")],
)
async def test_ids_that_name_a_person_elsewhere_are_refused(privacy, plane, name, form):
    named = signal.UpsertCustomersRequest(customers=[signal.Customer(customer_id=name)])
    text = await refused(plane.signals.UpsertCustomers(named), "RAW_IDENTIFIER")
    assert (form in text, name in text) == (True, False)
    link = signal.IdentityLink(customer_id="c1", loyalty_id=name)
    assert name not in await refused(
        plane.signals.LinkIdentity(signal.LinkIdentityRequest(link=link)), "RAW_IDENTIFIER"
    )
