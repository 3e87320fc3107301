"""ConsentService beyond giving and taking back: notices, history, what was allowed, receipts; over the wire."""

from __future__ import annotations

import asyncio

import pytest
from shop import DAY_MS, NOW_MS, a_consent, bring_the_customer, stock_the_shop
from wire import refused

from geooffer.model.consent import ConsentMethod
from geooffer.model.records import ConsentLapsed
from geooffer.rpc.checks import timestamp
from geooffer.services.consent_expiry import ConsentExpiry
from geooffer.v1 import consent_service_pb2 as pb
from geooffer.v1 import signal_service_pb2 as signal

HASH = bytes(range(32))


def a_notice(version: str = "2026-01", **changes) -> pb.Notice:
    values = {
        "notice_version": version,
        "effective_time": timestamp(NOW_MS - 30 * DAY_MS),
        "purposes": range(1, 8),
        "texts": [pb.NoticeText(language_code="de", text_hash=HASH)],
        "controller": "Shop AG",
        "withdrawal_method": "in the app",
        "recipients": ["Post"],
        "validity_days": 20,
    }
    return pb.Notice(**(values | changes))


def registering(*notices: pb.Notice, partial: bool = False) -> pb.BatchRegisterNoticesRequest:
    return pb.BatchRegisterNoticesRequest(notices=notices, partial=partial)


@pytest.fixture
async def person(plane):
    customer = signal.Customer(customer_id="c1", device_keys=[7])
    await plane.signals.UpsertCustomers(signal.UpsertCustomersRequest(customers=[customer]))
    return plane


def test_methods_have_the_same_numbers_on_the_wire():
    told = {name.removeprefix("CONSENT_METHOD_"): number for name, number in pb.ConsentMethod.items()}
    assert told == {method.name: method.value for method in ConsentMethod}


async def test_notices_are_registered_and_listed_by_age(plane):
    newer = a_notice("2026-02", effective_time=timestamp(NOW_MS))
    for _ in range(2):
        answer = await plane.consents.BatchRegisterNotices(registering(newer, a_notice()))
        assert (answer.accepted_count, list(answer.problems)) == (2, [])
    first = await plane.consents.ListNotices(pb.ListNoticesRequest(page_size=1))
    rest = await plane.consents.ListNotices(pb.ListNoticesRequest(page_size=9, page_token=first.next_page_token))
    assert [*first.notices, *rest.notices] == [a_notice(), newer]
    other = registering(a_notice(controller="Other"), a_notice("2026-03"), partial=True)
    answer = await plane.consents.BatchRegisterNotices(other)
    assert [(row.row, row.reason) for row in answer.problems] == [(0, "ALREADY_EXISTS")]
    assert answer.accepted_count == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"notice_version": ""}, "notice_version"),
        ({"effective_time": None}, "effective_time"),
        ({"purposes": []}, "purposes"),
        ({"texts": []}, "texts"),
        ({"texts": [pb.NoticeText(language_code="de", text_hash=HASH)] * 2}, "texts"),
        ({"texts": [pb.NoticeText(language_code="de", text_hash=HASH[1:])]}, "texts.text_hash"),
        ({"texts": [pb.NoticeText(language_code="deu", text_hash=HASH)]}, "texts.language_code"),
        ({"controller": ""}, "controller"),
        ({"withdrawal_method": ""}, "withdrawal_method"),
        ({"recipients": ["x"] * 65}, "recipients"),
        ({"validity_days": -1}, "validity_days"),
        ({"validity_days": 3_654}, "validity_days"),
    ],
)
async def test_a_notice_that_says_too_little_is_none(plane, changes, field):
    request = registering(a_notice(**changes))
    await refused(plane.consents.BatchRegisterNotices(request), "INVALID_ARGUMENT", f"notices[0].{field}")
    assert plane.engine.registry.notices == {}


async def test_history_and_allowance_tell_what_was_said(person):
    await person.consents.BatchRegisterNotices(registering(a_notice()))
    grant = a_consent(1, 2, language_code="de", method="CONSENT_METHOD_PAPER", event_time=timestamp(NOW_MS - DAY_MS))
    answer = await person.consents.RecordConsent(grant)
    assert [item.is_in_force for item in answer.consents] == [True, True]
    assert answer.consents[0].valid_until_time == timestamp(NOW_MS + 19 * DAY_MS)
    await person.consents.WithdrawConsent(pb.WithdrawConsentRequest(customer_id="c1", purposes=[2]))
    history = await person.consents.GetConsentHistory(pb.GetConsentHistoryRequest(customer_id="c1"))
    given, taken = history.events
    assert (given.event.notice_hash, given.event.language_code, given.event.method) == (HASH, "de", 5)
    assert list(given.latest_of_purposes) == [1]
    assert (taken.event.granted, taken.record_time) == (False, timestamp(NOW_MS))
    assert not history.HasField("complete_from_time")

    def asked(purpose: int, time_ms: int):
        request = pb.GetAllowanceRequest(customer_id="c1", purpose=purpose, at_time=timestamp(time_ms))
        return person.consents.GetAllowance(request)

    before = await asked(2, NOW_MS - 1)
    assert (before.allowed, before.was_known, before.is_complete, before.event) == (True, False, True, given)
    after = await asked(2, NOW_MS)
    assert (after.allowed, after.event.event_id) == (False, taken.event_id)
    await refused(asked(2, NOW_MS + 1), "INVALID_ARGUMENT")
    nothing = await asked(7, NOW_MS)
    assert (nothing.allowed, nothing.HasField("event")) == (False, False)


async def test_what_cannot_be_asked_is_refused(person):
    stub = person.consents
    at = timestamp(NOW_MS)
    for call, reason in (
        (stub.GetConsentHistory(pb.GetConsentHistoryRequest(customer_id="nobody")), "NOT_FOUND"),
        (stub.GetAllowance(pb.GetAllowanceRequest(customer_id="nobody", purpose=1, at_time=at)), "NOT_FOUND"),
        (stub.GetAllowance(pb.GetAllowanceRequest(customer_id="c1", at_time=at)), "INVALID_ARGUMENT"),
        (stub.GetAllowance(pb.GetAllowanceRequest(customer_id="c1", purpose=8, at_time=at)), "INVALID_ARGUMENT"),
        (stub.GetAllowance(pb.GetAllowanceRequest(customer_id="c1", purpose=1)), "INVALID_ARGUMENT"),
        (stub.GetConsentReceipt(pb.GetConsentReceiptRequest(customer_id="c1", event_id="00")), "NOT_FOUND"),
        (stub.GetConsentReceipt(pb.GetConsentReceiptRequest(customer_id="c1")), "INVALID_ARGUMENT"),
    ):
        await refused(call, reason)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"notice_hash": b"short"}, "notice_hash"),
        ({"language_code": "german"}, "language_code"),
        ({"method": 7}, "method"),
        ({"method": 99}, "method"),
        ({"valid_until_time": timestamp(NOW_MS - 3 * DAY_MS)}, "valid_until_time"),
    ],
)
async def test_a_malformed_grant_is_none_and_a_withdrawal_like_it_is_heard(person, changes, field):
    await refused(person.consents.RecordConsent(a_consent(**changes)), "INVALID_ARGUMENT", field)
    assert person.engine.consent_events("c1") == []
    await person.consents.RecordConsent(a_consent())
    event = pb.ConsentEvent(
        customer_id="c1", purposes=[1], event_time=timestamp(NOW_MS), notice_version="\x07" * 200, **changes
    )
    answer = await person.consents.BatchRecordConsents(pb.BatchRecordConsentsRequest(events=[event]))
    assert answer.accepted_count == 1
    assert not person.engine.location_wanted(7)


async def test_consent_ends_while_nobody_asks(plane):
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    await plane.consents.RecordConsent(
        a_consent(event_time=timestamp(NOW_MS), valid_until_time=timestamp(NOW_MS + DAY_MS))
    )
    task = asyncio.create_task(ConsentExpiry(plane.control, pause_s=0.001).run())
    await asyncio.sleep(0.02)
    assert plane.engine.location_wanted(4_711)
    plane.control._real_now_ms = lambda: NOW_MS + DAY_MS
    while plane.engine.location_wanted(4_711):
        await asyncio.sleep(0.001)
    task.cancel()
    lapsed = [entry.record for entry in plane.engine.journal.read() if isinstance(entry.record, ConsentLapsed)]
    assert [record.time_ms for record in lapsed] == [NOW_MS + DAY_MS]
    held = await plane.consents.GetConsent(pb.GetConsentRequest(customer_id="c1"))
    assert {(item.granted, item.is_in_force) for item in held.consents} == {(True, False)}
