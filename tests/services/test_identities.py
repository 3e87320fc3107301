"""Signals of every kind, and who is who, over a real control port (S3, S9, S13, semantics S-2, S-5)."""

from __future__ import annotations

import pytest
from shop import DAY_MS, DEVICE_KEY, LATITUDE_E7, LONGITUDE_E7, NOW_MS, a_touchpoint, bring_the_customer, stock_the_shop
from wire import refused

from geooffer.rpc.checks import timestamp
from geooffer.v1 import consent_service_pb2 as consent
from geooffer.v1 import decision_service_pb2 as decisions
from geooffer.v1 import diagnostics_service_pb2 as diagnostics
from geooffer.v1 import kinds_pb2 as kinds
from geooffer.v1 import places_pb2
from geooffer.v1 import signal_service_pb2 as pb
from geooffer.v1 import verdicts_pb2 as verdicts

SECRET = "pseudonym-who-must-not-be-named"
HERE = places_pb2.Place(latitude_e7=LATITUDE_E7, longitude_e7=LONGITUDE_E7)


def touchpoints(*items: pb.Touchpoint) -> pb.RecordTouchpointsRequest:
    return pb.RecordTouchpointsRequest(touchpoints=items)


def a_signal(kind: str, **fields) -> pb.Touchpoint:
    values = {"customer_id": "c1", "kind": f"TOUCHPOINT_KIND_{kind}", "event_time": timestamp(NOW_MS - DAY_MS)}
    return pb.Touchpoint(**(values | fields))


async def link(plane, customer_id: str, **identity) -> None:
    request = pb.LinkIdentityRequest(link=pb.IdentityLink(customer_id=customer_id, **identity))
    await plane.signals.LinkIdentity(request)


async def register(plane, customer_id: str, *device_keys: int, consenting: bool = True) -> None:
    person = pb.Customer(customer_id=customer_id, device_keys=device_keys)
    await plane.signals.UpsertCustomers(pb.UpsertCustomersRequest(customers=[person]))
    if consenting:
        await plane.consents.RecordConsent(
            consent.RecordConsentRequest(
                customer_id=customer_id,
                purposes=range(1, 8),
                event_time=timestamp(NOW_MS - 3 * DAY_MS),
                notice_version="1",
            )
        )


async def read(plane, customer_id: str) -> pb.GetCustomerResponse:
    return await plane.signals.GetCustomer(pb.GetCustomerRequest(customer_id=customer_id))


async def explained(plane, device_key: int) -> diagnostics.FenceExplanation:
    place = {"latitude_e7": LATITUDE_E7, "longitude_e7": LONGITUDE_E7}
    request = diagnostics.ExplainPingRequest(device_key=device_key, **place)
    return (await plane.diagnostics.ExplainPing(request)).fences[0]


GOOD = [
    a_signal("SEARCH", search_text="Laufschuhe"),
    a_signal("VIEW", product_id="shoe", source="web-shop"),
    a_signal("WISH", category_id="running-shoes"),
    a_signal("CART", product_id="shoe", size={"system": "EU", "value": "43"}),
    a_signal("PURCHASE", product_id="shoe"),
    a_signal("RETURN", product_id="shoe"),
    a_signal("PREFERENCE", channel="CHANNEL_WHATSAPP", language_code="de", fulfilment="FULFILMENT_PREFERENCE_SHIP"),
    a_signal("CONTACTED", source="newsletter", channel="CHANNEL_EMAIL"),
    a_signal("SOCIAL_LIKE", category_id="running-shoes"),
    a_signal("SURVEY_ANSWER", category_id="running-shoes", is_interested=False),
    a_signal("LOYALTY_UPDATE", tier=3),
    a_signal("CRM_PROFILE", account_kind="ACCOUNT_KIND_BUSINESS"),
]


async def test_every_kind_of_signal_is_taken_as_often_as_it_comes(plane):
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    assert {item.kind for item in GOOD} == set(verdicts.TouchpointKind.values()) - {0}
    for _ in range(2):
        assert (await plane.signals.RecordTouchpoints(touchpoints(*GOOD))).accepted_count == len(GOOD)
    assert (await read(plane, "c1")).profile == pb.CustomerProfile(
        language_code="de",
        preferred_channel=kinds.CHANNEL_WHATSAPP,
        fulfilment_preference=kinds.FULFILMENT_PREFERENCE_SHIP,
        tier=3,
        account_kind=kinds.ACCOUNT_KIND_BUSINESS,
    )


@pytest.mark.parametrize("signal", GOOD, ids=lambda signal: verdicts.TouchpointKind.Name(signal.kind))
async def test_no_kind_is_kept_without_consent_for_its_purpose(plane, signal):
    """S3, C3."""
    await stock_the_shop(plane)
    await register(plane, "c1", consenting=False)
    await refused(plane.signals.RecordTouchpoints(touchpoints(signal)), "NOT_CONSENTED")


async def test_her_words_become_a_category_and_are_dropped(plane):
    """S-2: the reason names the category, never her words."""
    await stock_the_shop(plane)
    await register(plane, "c1", DEVICE_KEY)
    words = a_touchpoint(search_text="rote Laufschuhe")
    assert (await plane.signals.RecordTouchpoints(touchpoints(words))).accepted_count == 1
    answer = await plane.decisions.Decide(
        decisions.DecideRequest(customer_id="c1", place=HERE, channel="CHANNEL_WEB_SHOP")
    )
    assert answer.offer.reason == "because you searched for Running shoes"
    assert "rote" not in str(list(plane.engine._journal.read()))


async def test_time_zone_language_and_profile_are_read_back(plane):
    person = pb.Customer(customer_id="c1", language_code="de", time_zone="America/New_York")
    await plane.signals.UpsertCustomers(pb.UpsertCustomersRequest(customers=[person]))
    answer = await read(plane, "c1")
    assert answer.customer == person
    assert answer.profile == pb.CustomerProfile(language_code="de", account_kind=kinds.ACCOUNT_KIND_CONSUMER)
    nowhere = pb.Customer(customer_id="c1", time_zone="Mars/Olympus")
    call = plane.signals.UpsertCustomers(pb.UpsertCustomersRequest(customers=[nowhere]))
    await refused(call, "INVALID_ARGUMENT", "customers[0].time_zone")


# -- links ---------------------------------------------------------------------------------------------------


async def test_a_linked_pseudonym_speaks_for_her_until_it_is_unlinked(plane):
    await stock_the_shop(plane)
    await register(plane, "c1", DEVICE_KEY)
    unlinked = a_touchpoint(customer_id="", web_id="w1")
    await refused(plane.signals.RecordTouchpoints(touchpoints(unlinked)), "NOT_FOUND")
    for _ in range(2):
        await link(plane, "c1", web_id="w1")
    assert (await read(plane, "c1")).profile.identity_count == 1
    assert (await plane.signals.RecordTouchpoints(touchpoints(unlinked))).accepted_count == 1
    assert (await explained(plane, DEVICE_KEY)).verdict == verdicts.OFFER_VERDICT_OFFERED
    # the same text is another pseudonym at the loyalty programme
    other = a_touchpoint(customer_id="", loyalty_id="w1")
    await refused(plane.signals.RecordTouchpoints(touchpoints(other)), "NOT_FOUND")
    gone = pb.UnlinkIdentityRequest(link=pb.IdentityLink(customer_id="c1", web_id="w1"))
    await plane.signals.UnlinkIdentity(gone)
    await refused(plane.signals.UnlinkIdentity(gone), "NOT_FOUND", "identity")
    await refused(plane.signals.RecordTouchpoints(touchpoints(unlinked)), "NOT_FOUND")


async def test_a_device_moves_to_whom_it_is_linked(plane):
    await register(plane, "c1", DEVICE_KEY)
    await register(plane, "c2")
    await link(plane, "c2", device_key=DEVICE_KEY)
    assert list((await read(plane, "c1")).customer.device_keys) == []
    assert list((await read(plane, "c2")).customer.device_keys) == [DEVICE_KEY]


async def test_unlinking_a_device_copies_contacts_so_that_no_cap_comes_back(plane):
    """S-5: parting gives no cap back."""
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    decide = decisions.DecideRequest(customer_id="c1", place=HERE, channel="CHANNEL_WEB_SHOP")
    assert (await plane.decisions.Decide(decide)).HasField("offer")
    device = pb.IdentityLink(customer_id="c1", device_key=DEVICE_KEY)
    await plane.signals.UnlinkIdentity(pb.UnlinkIdentityRequest(link=device, new_customer_id="c9"))
    assert list((await read(plane, "c9")).customer.device_keys) == [DEVICE_KEY]
    await register(plane, "c9", DEVICE_KEY)
    await plane.signals.RecordTouchpoints(touchpoints(a_touchpoint(customer_id="c9")))
    assert (await explained(plane, DEVICE_KEY)).verdict == verdicts.OFFER_VERDICT_ALREADY_OFFERED


async def test_two_customers_become_one_with_one_contact_log(plane):
    """S13: a cap counts per human, over all devices."""
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    await register(plane, "c2", 5)
    await plane.signals.RecordTouchpoints(touchpoints(a_touchpoint(customer_id="c2")))
    decide = decisions.DecideRequest(customer_id="c1", place=HERE, channel="CHANNEL_WEB_SHOP")
    assert (await plane.decisions.Decide(decide)).HasField("offer")
    assert (await explained(plane, 5)).verdict == verdicts.OFFER_VERDICT_OFFERED
    merge = pb.MergeCustomersRequest(from_customer_id="c1", into_customer_id="c2")
    for _ in range(2):
        await plane.signals.MergeCustomers(merge)
    for customer_id in ("c1", "c2"):
        customer = (await read(plane, customer_id)).customer
        assert (customer.customer_id, list(customer.device_keys)) == ("c2", [5, DEVICE_KEY])
    for device in (5, DEVICE_KEY):
        assert (await explained(plane, device)).verdict == verdicts.OFFER_VERDICT_ALREADY_OFFERED
    again = pb.UpsertCustomersRequest(customers=[pb.Customer(customer_id="c1")])
    await refused(plane.signals.UpsertCustomers(again), "ALREADY_EXISTS")


@pytest.mark.parametrize(
    ("from_id", "into_id", "reason", "field"),
    [
        ("none", "c1", "NOT_FOUND", "from_customer_id"),
        ("c1", "none", "NOT_FOUND", "into_customer_id"),
        ("", "c1", "INVALID_ARGUMENT", "from_customer_id"),
        ("c1", "a@b", "INVALID_ARGUMENT", "into_customer_id"),
    ],
)
async def test_bad_mergers(plane, from_id, into_id, reason, field):
    await register(plane, "c1", DEVICE_KEY)
    request = pb.MergeCustomersRequest(from_customer_id=from_id, into_customer_id=into_id)
    await refused(plane.signals.MergeCustomers(request), reason, field)


BAD_LINKS = [
    (pb.IdentityLink(customer_id=SECRET, web_id="w1"), "NOT_FOUND", "customer_id"),
    (pb.IdentityLink(web_id="w1"), "INVALID_ARGUMENT", "customer_id"),
    (pb.IdentityLink(customer_id="c1"), "INVALID_ARGUMENT", "identity"),
    (pb.IdentityLink(customer_id="c1", device_key=0), "INVALID_ARGUMENT", "identity"),
    (pb.IdentityLink(customer_id="c1", web_id=""), "INVALID_ARGUMENT", "web_id"),
    (pb.IdentityLink(customer_id="c1", loyalty_id=f"{SECRET}@example.org"), "INVALID_ARGUMENT", "loyalty_id"),
]


@pytest.mark.parametrize(("bad", "reason", "field"), BAD_LINKS)
async def test_bad_links_are_named_by_row_and_never_by_their_content(plane, bad, reason, field):
    await register(plane, "c1", DEVICE_KEY)
    text = await refused(plane.signals.LinkIdentity(pb.LinkIdentityRequest(link=bad)), reason, field)
    assert SECRET not in text
    good = pb.IdentityLink(customer_id="c1", loyalty_id="card-7")
    answer = await plane.signals.BatchLinkIdentities(pb.BatchLinkIdentitiesRequest(links=[bad, good]))
    assert [(item.row, item.reason, item.field) for item in answer.problems] == [(0, reason, field)]
    assert answer.accepted_count == 1
    assert SECRET not in str(answer)
    assert (await read(plane, "c1")).profile.identity_count == 1


async def test_a_customer_has_32_pseudonyms_at_most(plane):
    await register(plane, "c1", DEVICE_KEY)
    links = [pb.IdentityLink(customer_id="c1", web_id=f"w{number}") for number in range(33)]
    answer = await plane.signals.BatchLinkIdentities(pb.BatchLinkIdentitiesRequest(links=links))
    assert [(item.row, item.reason) for item in answer.problems] == [(32, "LIMIT_EXCEEDED")]
