"""Customers, touchpoints and consent over a real control port: nothing without consent, no person in an error."""

from __future__ import annotations

import pytest
from shop import DAY_MS, DEVICE_KEY, NOW_MS, a_consent, a_touchpoint, bring_the_customer, stock_the_shop
from wire import refused

from geooffer.engine.clock import EngineClock
from geooffer.rpc.checks import timestamp
from geooffer.v1 import consent_service_pb2 as consent
from geooffer.v1 import signal_service_pb2 as pb

SECRET = "customer-who-must-not-be-named"


def customers(*people: pb.Customer, partial: bool = False) -> pb.UpsertCustomersRequest:
    return pb.UpsertCustomersRequest(customers=people, partial=partial)


def touchpoints(*items: pb.Touchpoint, partial: bool = False) -> pb.RecordTouchpointsRequest:
    return pb.RecordTouchpointsRequest(touchpoints=items, partial=partial)


async def test_a_customer_is_kept_read_replaced_and_forgotten(plane):
    person = pb.Customer(customer_id="c1", device_keys=[9, -3], language_code="de")
    await plane.signals.UpsertCustomers(customers(person))
    read = (await plane.signals.GetCustomer(pb.GetCustomerRequest(customer_id="c1"))).customer
    assert read == pb.Customer(customer_id="c1", device_keys=[-3, 9], language_code="de")
    await plane.signals.UpsertCustomers(customers(pb.Customer(customer_id="c1", device_keys=[9])))
    read = (await plane.signals.GetCustomer(pb.GetCustomerRequest(customer_id="c1"))).customer
    assert read == pb.Customer(customer_id="c1", device_keys=[9], language_code="en")
    await plane.signals.DeleteCustomer(pb.DeleteCustomerRequest(customer_id="c1"))
    for call in (
        plane.signals.GetCustomer(pb.GetCustomerRequest(customer_id="c1")),
        plane.signals.DeleteCustomer(pb.DeleteCustomerRequest(customer_id="c1")),
        plane.consents.GetConsent(consent.GetConsentRequest(customer_id="c1")),
    ):
        await refused(call, "NOT_FOUND")


@pytest.mark.parametrize(
    ("person", "reason", "field"),
    [
        (pb.Customer(), "INVALID_ARGUMENT", "customer_id"),
        (pb.Customer(customer_id="a@b"), "INVALID_ARGUMENT", "customer_id"),
        (pb.Customer(customer_id="a", device_keys=[0]), "INVALID_ARGUMENT", "device_keys"),
        (pb.Customer(customer_id="a", device_keys=[5, 5]), "INVALID_ARGUMENT", "device_keys"),
        (pb.Customer(customer_id="a", device_keys=range(1, 34)), "INVALID_ARGUMENT", "device_keys"),
        (pb.Customer(customer_id="a", device_keys=[DEVICE_KEY]), "ALREADY_EXISTS", "device_keys"),
        (pb.Customer(customer_id="a", language_code="deu"), "INVALID_ARGUMENT", "language_code"),
    ],
)
async def test_bad_customers(plane, person, reason, field):
    await plane.signals.UpsertCustomers(customers(pb.Customer(customer_id="c1", device_keys=[DEVICE_KEY])))
    good = pb.Customer(customer_id="good")
    await refused(plane.signals.UpsertCustomers(customers(good, person)), reason)
    await refused(plane.signals.GetCustomer(pb.GetCustomerRequest(customer_id="good")), "NOT_FOUND")
    answer = await plane.signals.UpsertCustomers(customers(person, good, partial=True))
    assert [(problem.row, problem.reason, problem.field) for problem in answer.problems] == [(0, reason, field)]
    assert answer.accepted_count == 1


async def test_consent_is_off_until_given_and_the_latest_event_holds(plane):
    await plane.signals.UpsertCustomers(customers(pb.Customer(customer_id="c1")))
    nothing = await plane.consents.GetConsent(consent.GetConsentRequest(customer_id="c1"))
    assert list(nothing.consents) == []
    given = await plane.consents.RecordConsent(a_consent(1, 3))
    assert [(item.purpose, item.granted, item.notice_version) for item in given.consents] == [
        (1, True, "2026-01"),
        (3, True, "2026-01"),
    ]
    withdrawal = consent.WithdrawConsentRequest(customer_id="c1", purposes=[3])
    after = await plane.consents.WithdrawConsent(withdrawal)
    assert [(item.purpose, item.granted) for item in after.consents] == [(1, True), (3, False)]
    assert after.consents[1].event_time == timestamp(NOW_MS)
    late = await plane.consents.RecordConsent(a_consent(3))
    assert [(item.purpose, item.granted) for item in late.consents] == [(1, True), (3, False)]


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"customer_id": "none"}, "NOT_FOUND", "customer_id"),
        ({"customer_id": ""}, "INVALID_ARGUMENT", "customer_id"),
        ({"purposes": []}, "INVALID_ARGUMENT", "purposes"),
        ({"purposes": [0]}, "INVALID_ARGUMENT", "purposes"),
        ({"purposes": [8]}, "INVALID_ARGUMENT", "purposes"),
        ({"event_time": None}, "INVALID_ARGUMENT", "event_time"),
        ({"event_time": timestamp(NOW_MS + DAY_MS)}, "INVALID_ARGUMENT", "event_time"),
        ({"notice_version": ""}, "INVALID_ARGUMENT", "notice_version"),
        ({"notice_version": "x" * 129}, "INVALID_ARGUMENT", "notice_version"),
    ],
)
async def test_bad_consents_give_nothing(plane, change, reason, field):
    await plane.signals.UpsertCustomers(customers(pb.Customer(customer_id="c1")))
    await refused(plane.consents.RecordConsent(a_consent(**change)), reason, field)
    if field != "notice_version":
        values = {"customer_id": "c1", "purposes": [1], "event_time": timestamp(NOW_MS)} | change
        if values["event_time"] is not None:
            await refused(plane.consents.WithdrawConsent(consent.WithdrawConsentRequest(**values)), reason, field)
    held = await plane.consents.GetConsent(consent.GetConsentRequest(customer_id="c1"))
    assert list(held.consents) == []


async def test_a_batch_of_consents_stands_row_by_row(plane):
    await plane.signals.UpsertCustomers(customers(pb.Customer(customer_id="c1")))
    good = consent.ConsentEvent(
        customer_id="c1", purposes=[1], granted=True, event_time=timestamp(NOW_MS), notice_version="1"
    )
    unknown = consent.ConsentEvent(customer_id=SECRET, purposes=[1], event_time=timestamp(NOW_MS))
    answer = await plane.consents.BatchRecordConsents(
        consent.BatchRecordConsentsRequest(events=[unknown, good, consent.ConsentEvent()])
    )
    assert answer.accepted_count == 1
    assert [(item.row, item.reason) for item in answer.problems] == [(0, "NOT_FOUND"), (2, "INVALID_ARGUMENT")]
    assert SECRET not in str(answer)
    await refused(
        plane.consents.BatchRecordConsents(consent.BatchRecordConsentsRequest()), "INVALID_ARGUMENT", "events"
    )


async def test_a_touchpoint_needs_consent_for_its_purpose(plane):
    await stock_the_shop(plane)
    await plane.signals.UpsertCustomers(customers(pb.Customer(customer_id="c1")))
    await refused(plane.signals.RecordTouchpoints(touchpoints(a_touchpoint())), "NOT_CONSENTED")
    await plane.consents.RecordConsent(a_consent())
    answer = await plane.signals.RecordTouchpoints(
        touchpoints(
            a_touchpoint(),
            a_touchpoint(product_id="shoe", kind="TOUCHPOINT_KIND_VIEW"),
            a_touchpoint(kind="TOUCHPOINT_KIND_PREFERENCE"),
            a_touchpoint(product_id="shoe", kind="TOUCHPOINT_KIND_PURCHASE"),
        )
    )
    assert answer.accepted_count == 4


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"customer_id": SECRET}, "NOT_FOUND", "customer_id"),
        ({"kind": 0}, "INVALID_ARGUMENT", "kind"),
        ({"kind": 13}, "INVALID_ARGUMENT", "kind"),
        ({"category_id": None}, "INVALID_ARGUMENT", "category_id"),
        ({"customer_id": ""}, "INVALID_ARGUMENT", "customer_id"),
        ({"web_id": SECRET}, "INVALID_ARGUMENT", "customer_id"),
        ({"customer_id": "", "web_id": SECRET}, "NOT_FOUND", "identity"),
        ({"customer_id": "", "loyalty_id": "a@b"}, "INVALID_ARGUMENT", "loyalty_id"),
        ({"search_text": "xylophone"}, "NOT_FOUND", "search_text"),
        ({"search_text": "a\x07b"}, "INVALID_ARGUMENT", "search_text"),
        ({"search_text": "x" * 513}, "INVALID_ARGUMENT", "search_text"),
        ({"channel": 1}, "INVALID_ARGUMENT", "channel"),
        ({"channel": 9}, "INVALID_ARGUMENT", "channel"),
        ({"language_code": "de"}, "INVALID_ARGUMENT", "language"),
        ({"fulfilment": 1}, "INVALID_ARGUMENT", "fulfilment"),
        ({"is_interested": False}, "INVALID_ARGUMENT", "is_interested"),
        ({"tier": 0}, "INVALID_ARGUMENT", "tier"),
        ({"account_kind": 1}, "INVALID_ARGUMENT", "account_kind"),
        ({"kind": "TOUCHPOINT_KIND_RETURN"}, "INVALID_ARGUMENT", "size"),
        ({"kind": "TOUCHPOINT_KIND_CONTACTED", "size": None}, "INVALID_ARGUMENT", "source"),
        ({"kind": "TOUCHPOINT_KIND_SURVEY_ANSWER", "size": None}, "INVALID_ARGUMENT", "is_interested"),
        ({"category_id": "none"}, "NOT_FOUND", "category_id"),
        ({"product_id": "none"}, "NOT_FOUND", "product_id"),
        ({"event_time": None}, "INVALID_ARGUMENT", "event_time"),
        ({"event_time": timestamp(NOW_MS + DAY_MS)}, "INVALID_ARGUMENT", "event_time"),
        ({"size": {"system": "EU"}}, "INVALID_ARGUMENT", "size.value"),
        ({"kind": "TOUCHPOINT_KIND_PREFERENCE", "size": None}, "INVALID_ARGUMENT", ""),
        ({"kind": "TOUCHPOINT_KIND_PREFERENCE", "product_id": "shoe"}, "INVALID_ARGUMENT", "product_id"),
    ],
)
async def test_bad_touchpoints(plane, change, reason, field):
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    bad = a_touchpoint(**change)
    text = await refused(plane.signals.RecordTouchpoints(touchpoints(a_touchpoint(), bad)), reason)
    assert SECRET not in text
    answer = await plane.signals.RecordTouchpoints(touchpoints(bad, a_touchpoint(), partial=True))
    assert [(problem.row, problem.reason, problem.field) for problem in answer.problems] == [(0, reason, field)]


async def test_a_touchpoint_field_outside_the_closed_list_is_refused(plane):
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    # field 100, varint 1: what a newer client might send
    newer = pb.Touchpoint.FromString(a_touchpoint().SerializeToString() + b"\xa0\x06\x01")
    await refused(plane.signals.RecordTouchpoints(touchpoints(newer)), "INVALID_ARGUMENT")


async def test_under_a_client_clock_the_first_event_starts_it_and_none_is_ahead(plane):
    plane.engine.clock = EngineClock("client")
    await plane.signals.UpsertCustomers(customers(pb.Customer(customer_id="c1")))
    nameless = consent.WithdrawConsentRequest(customer_id="c1", purposes=[1])
    await refused(plane.consents.WithdrawConsent(nameless), "INVALID_ARGUMENT", "event_time")
    await plane.consents.RecordConsent(a_consent(event_time=timestamp(1_000)))
    assert plane.engine.clock.now_ms(NOW_MS) == 1_000
    await plane.consents.RecordConsent(a_consent(event_time=timestamp(NOW_MS)))
    assert plane.engine.clock.now_ms(NOW_MS) == 1_000


@pytest.mark.parametrize(
    ("clock", "ahead_ms"), [("system", 0), ("system", 25_000), ("client", 25_000), ("client", DAY_MS)]
)
async def test_taking_back_now_wins_over_a_grant_dated_ahead(plane, clock, ahead_ms):
    plane.engine.clock = EngineClock(clock, NOW_MS)
    await plane.signals.UpsertCustomers(customers(pb.Customer(customer_id="c1")))
    granted = await plane.consents.RecordConsent(a_consent(event_time=timestamp(NOW_MS + ahead_ms)))
    given = {item.purpose for item in granted.consents if item.granted}
    assert given
    answer = await plane.consents.WithdrawConsent(
        consent.WithdrawConsentRequest(customer_id="c1", purposes=sorted(given))
    )
    assert not any(item.granted for item in answer.consents)


async def test_an_all_or_nothing_batch_names_the_row_the_engine_refused(plane):
    await stock_the_shop(plane)
    await plane.signals.UpsertCustomers(customers(pb.Customer(customer_id="c1")))
    await plane.consents.RecordConsent(a_consent())
    request = touchpoints(a_touchpoint(), a_touchpoint(customer_id="nobody"))
    await refused(plane.signals.RecordTouchpoints(request), "NOT_FOUND", "touchpoints[1].customer_id")
