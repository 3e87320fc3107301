"""C4, C6: what a customer takes back from her own device; nobody else's device can, and it learns nothing."""

from __future__ import annotations

import pytest
from shop import DAY_MS, DEVICE_KEY, NOW_MS, a_consent, bring_the_customer, stock_the_shop
from wire import refused

from geooffer.rpc import roles
from geooffer.rpc.checks import timestamp
from geooffer.v1 import offer_service_pb2 as pb
from geooffer.v1 import signal_service_pb2 as signal
from geooffer.v1 import verdicts_pb2 as verdicts

LOCATION, PERSONAL = verdicts.PURPOSE_PRECISE_LOCATION_FOR_OFFERS, verdicts.PURPOSE_PERSONALISED_OFFERS


@pytest.fixture
async def shop(plane):
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    return plane


def her(plane, key: int = DEVICE_KEY):
    return plane.metadata(roles.DEVICE, str(key))


async def in_force(plane) -> set[int]:
    from geooffer.v1 import consent_service_pb2 as consent

    held = await plane.consents.GetConsent(consent.GetConsentRequest(customer_id="c1"))
    return {item.purpose for item in held.consents if item.is_in_force}


async def test_she_withdraws_and_it_is_recorded_as_hers(shop):
    request = pb.WithdrawOwnConsentRequest(purposes=[LOCATION, PERSONAL])
    answer = await shop.offers.WithdrawOwnConsent(request, metadata=her(shop))
    assert answer == pb.WithdrawOwnConsentResponse(location_wanted=False)
    assert await in_force(shop) == set(range(1, 8)) - {LOCATION, PERSONAL}
    latest = shop.engine.consent_events("c1")[-1]
    assert (latest.granted, latest.method, latest.time_ms) == (False, 7, NOW_MS)


async def test_a_withdrawal_of_something_else_leaves_location_wanted(shop):
    request = pb.WithdrawOwnConsentRequest(purposes=[PERSONAL], device_key=DEVICE_KEY)
    assert (await shop.offers.WithdrawOwnConsent(request, metadata=her(shop))).location_wanted


async def test_the_same_request_id_withdraws_once(shop):
    request = pb.WithdrawOwnConsentRequest(purposes=[LOCATION], request_id="r1")
    first = await shop.offers.WithdrawOwnConsent(request, metadata=her(shop))
    later = timestamp(NOW_MS)
    await shop.consents.RecordConsent(a_consent(LOCATION, event_time=later, notice_version="2026-02"))
    shop.control._real_now_ms = lambda: NOW_MS + 1_000
    await shop.consents.RecordConsent(a_consent(LOCATION, event_time=timestamp(NOW_MS + 1_000)))
    again = await shop.offers.WithdrawOwnConsent(request, metadata=her(shop))
    assert again == first
    assert LOCATION in await in_force(shop), "given again since, and the repetition withdraws nothing"
    other = pb.WithdrawOwnConsentRequest(purposes=[PERSONAL], request_id="r1")
    await refused(shop.offers.WithdrawOwnConsent(other, metadata=her(shop)), "INVALID_ARGUMENT", "request_id")


@pytest.mark.parametrize("key", [DEVICE_KEY + 1, -5])
async def test_another_device_key_is_refused_and_changes_nothing(shop, key):
    requests = (
        (shop.offers.WithdrawOwnConsent, pb.WithdrawOwnConsentRequest(purposes=[LOCATION], device_key=key)),
        (shop.offers.SnoozeLocation, pb.SnoozeLocationRequest(until_time=timestamp(NOW_MS + DAY_MS), device_key=key)),
    )
    for call, request in requests:
        await refused(call(request, metadata=her(shop)), "PERMISSION_DENIED")
    assert await in_force(shop) == set(range(1, 8))


@pytest.mark.parametrize("role", [roles.GATEWAY, roles.OPERATOR, roles.MARKETING, roles.PRIVACY_OFFICER])
async def test_no_other_role_speaks_for_her(shop, role):
    request = pb.WithdrawOwnConsentRequest(purposes=[LOCATION])
    metadata = shop.metadata(role, "x")
    await refused(shop.offers.WithdrawOwnConsent(request, metadata=metadata), "PERMISSION_DENIED")
    snooze = pb.SnoozeLocationRequest(until_time=timestamp(NOW_MS + DAY_MS))
    await refused(shop.offers.SnoozeLocation(snooze, metadata=metadata), "PERMISSION_DENIED")


async def test_another_customers_phone_withdraws_its_own_customers_consent_alone(shop):
    person = signal.Customer(customer_id="c2", device_keys=[77])
    await shop.signals.UpsertCustomers(signal.UpsertCustomersRequest(customers=[person]))
    await shop.consents.RecordConsent(a_consent(customer_id="c2"))
    request = pb.WithdrawOwnConsentRequest(purposes=range(1, 8))
    await shop.offers.WithdrawOwnConsent(request, metadata=her(shop, 77))
    assert await in_force(shop) == set(range(1, 8))
    assert shop.engine.consented_now("c2", NOW_MS) == 0


async def test_a_phone_of_nobody_gets_the_same_answer_as_one_without_consent(shop):
    request = pb.WithdrawOwnConsentRequest(purposes=[LOCATION], request_id="r")
    nobodys = await shop.offers.WithdrawOwnConsent(request, metadata=her(shop, 999))
    hers = await shop.offers.WithdrawOwnConsent(request, metadata=her(shop))
    assert nobodys == hers
    too_long = pb.SnoozeLocationRequest(until_time=timestamp(NOW_MS + 32 * DAY_MS))
    for key in (999, DEVICE_KEY):
        await refused(shop.offers.SnoozeLocation(too_long, metadata=her(shop, key)), "INVALID_ARGUMENT", "until_time")


async def test_a_snooze_ends_by_itself_or_by_her_word(shop):
    def until(time_ms: int):
        request = pb.SnoozeLocationRequest(until_time=timestamp(time_ms))
        return shop.offers.SnoozeLocation(request, metadata=her(shop))

    assert not (await until(NOW_MS + DAY_MS)).location_wanted
    assert await in_force(shop) == set(range(1, 8)) - {LOCATION}
    assert (await until(NOW_MS)).location_wanted
    await until(NOW_MS + DAY_MS)
    shop.control._real_now_ms = lambda: NOW_MS + DAY_MS - 1
    assert LOCATION not in await in_force(shop)
    shop.control._real_now_ms = lambda: NOW_MS + DAY_MS
    assert LOCATION in await in_force(shop)
    assert len(shop.engine.consent_events("c1")) == 1, "she consented all the while"


async def test_malformed_calls_change_nothing(shop):
    bad = (
        (shop.offers.WithdrawOwnConsent, pb.WithdrawOwnConsentRequest(), "purposes"),
        (shop.offers.WithdrawOwnConsent, pb.WithdrawOwnConsentRequest(purposes=[9]), "purposes"),
        (shop.offers.SnoozeLocation, pb.SnoozeLocationRequest(), "until_time"),
    )
    for call, request, field in bad:
        await refused(call(request, metadata=her(shop)), "INVALID_ARGUMENT", field)
    assert await in_force(shop) == set(range(1, 8))
