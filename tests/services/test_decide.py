"""Decide over a real control port: the same verdicts and caps as on a walk, for web shop, newsletter and messenger."""

from __future__ import annotations

import pytest
from shop import (
    DAY_MS,
    DEVICE_KEY,
    LATITUDE_E7,
    LONGITUDE_E7,
    NOW_MS,
    a_touchpoint,
    bring_the_customer,
    stock_the_shop,
)
from wire import refused

from geooffer.engine.clock import EngineClock
from geooffer.rpc.checks import timestamp
from geooffer.v1 import consent_service_pb2 as consent
from geooffer.v1 import decision_service_pb2 as pb
from geooffer.v1 import diagnostics_service_pb2 as diagnostics
from geooffer.v1 import kinds_pb2, ping_service_pb2, places_pb2
from geooffer.v1 import signal_service_pb2 as signal
from geooffer.v1 import verdicts_pb2 as verdicts

HERE = places_pb2.Place(latitude_e7=LATITUDE_E7, longitude_e7=LONGITUDE_E7)


def asked(**changes) -> pb.DecideRequest:
    values = {"customer_id": "c1", "channel": "CHANNEL_WEB_SHOP", "place": HERE} | changes
    return pb.DecideRequest(**{name: value for name, value in values.items() if value is not None})


async def open_the_shop(plane) -> None:
    await stock_the_shop(plane)
    await bring_the_customer(plane)


async def test_an_offer_is_decided_without_a_ping_and_says_the_nearest_branches(plane):
    await open_the_shop(plane)
    answer = await plane.decisions.Decide(asked())
    assert answer.verdict == verdicts.OFFER_VERDICT_OFFERED
    assert (answer.catalog_generation, answer.policy_version) == (plane.engine.live_generation, 1)
    offer = answer.offer
    assert (offer.offer_id, offer.product_id, offer.store_id) == ("o1", "shoe", "s1")
    assert (offer.price_minor, offer.previous_price_minor, offer.currency_code) == (9_000, 12_000, "EUR")
    assert (offer.channel, offer.language_code) == ("web_shop", "de")
    assert offer.reason == "weil Sie nach „Laufschuhe“ gesucht haben"
    assert (offer.fulfilment, offer.alternative) == (kinds_pb2.FULFILMENT_IN_STORE, "")
    assert offer.decided_time == timestamp(NOW_MS)
    nothing = (offer.device_key, offer.geofence_id, offer.message_sequence, offer.row)
    assert nothing == (0, "", 0, 0)
    assert [(item.store_id, item.distance_m, item.is_open) for item in answer.nearby_stores] == [("s1", 0, True)]
    kept = (await plane.diagnostics.GetDecision(diagnostics.GetDecisionRequest(decision_id=offer.decision_id))).decision
    assert (kept.customer_id, kept.offer_id, kept.channel) == ("c1", "o1", kinds_pb2.CHANNEL_WEB_SHOP)
    assert kept.score == sum(factor.points for factor in kept.factors) > 0


async def test_it_consumes_her_caps_and_the_next_says_why_not(plane):
    """S13: one state of an offer over all channels."""
    await open_the_shop(plane)
    assert (await plane.decisions.Decide(asked())).HasField("offer")
    for channel in ("CHANNEL_WEB_SHOP", "CHANNEL_EMAIL", "CHANNEL_WHATSAPP"):
        again = await plane.decisions.Decide(asked(channel=channel))
        assert not again.HasField("offer")
        assert again.verdict == verdicts.OFFER_VERDICT_ALREADY_OFFERED
        assert not again.nearby_stores
        product = await plane.decisions.Decide(asked(channel=channel, product_id="shoe"))
        assert not product.HasField("offer")
    explained = await plane.diagnostics.ExplainPing(
        diagnostics.ExplainPingRequest(device_key=DEVICE_KEY, latitude_e7=LATITUDE_E7, longitude_e7=LONGITUDE_E7)
    )
    assert explained.fences[0].verdict == verdicts.OFFER_VERDICT_ALREADY_OFFERED


async def test_a_request_id_counts_once(plane):
    await open_the_shop(plane)
    first = await plane.decisions.Decide(asked(request_id="r1"))
    assert first.HasField("offer")
    assert await plane.decisions.Decide(asked(request_id="r1")) == first
    other = await plane.decisions.Decide(asked(request_id="r2"))
    assert other.verdict == verdicts.OFFER_VERDICT_ALREADY_OFFERED
    another = asked(request_id="r1", channel="CHANNEL_EMAIL")
    await refused(plane.decisions.Decide(another), "INVALID_ARGUMENT", "request_id")


async def test_a_remembered_offer_does_not_outlive_her_consent(plane):
    """C4: when WithdrawConsent has returned, no offer leaves on any channel, the same answer again included."""
    await open_the_shop(plane)
    assert (await plane.decisions.Decide(asked(request_id="r1"))).HasField("offer")
    purpose = verdicts.PURPOSE_PERSONALISED_OFFERS
    await plane.consents.WithdrawConsent(consent.WithdrawConsentRequest(customer_id="c1", purposes=[purpose]))
    again = await plane.decisions.Decide(asked(request_id="r1"))
    assert not again.HasField("offer")
    assert again.verdict == verdicts.OFFER_VERDICT_PURPOSE_NOT_CONSENTED


async def test_she_may_be_named_by_what_is_linked_to_her(plane):
    await open_the_shop(plane)
    link = signal.IdentityLink(customer_id="c1", loyalty_id="card-7")
    await plane.signals.LinkIdentity(signal.LinkIdentityRequest(link=link))
    answer = await plane.decisions.Decide(asked(customer_id=None, loyalty_id="card-7"))
    assert answer.verdict == verdicts.OFFER_VERDICT_OFFERED
    await refused(plane.decisions.Decide(asked(customer_id=None, web_id="card-7")), "NOT_FOUND", "identity")


async def test_what_is_asked_for_limits_what_is_offered(plane):
    await open_the_shop(plane)
    for subject in ({"product_id": "shoe"}, {"category_id": "running-shoes"}):
        assert (await plane.decisions.Decide(asked(**subject))).verdict != verdicts.OFFER_VERDICT_NO_INTENT
    await plane.signals.UpsertCustomers(
        signal.UpsertCustomersRequest(customers=[signal.Customer(customer_id="c2", device_keys=[5])])
    )
    silent = await plane.decisions.Decide(asked(customer_id="c2", product_id="shoe"))
    assert silent.verdict == verdicts.OFFER_VERDICT_PURPOSE_NOT_CONSENTED
    # her size is not known
    assert not silent.nearby_stores


async def test_without_a_place_only_online_stores_are_asked(plane):
    await open_the_shop(plane)
    answer = await plane.decisions.Decide(asked(place=None))
    assert not answer.HasField("offer")
    assert not answer.nearby_stores


async def test_a_pushed_channel_needs_consent_to_marketing_and_keeps_quiet_hours(plane):
    await stock_the_shop(plane)
    person = signal.Customer(customer_id="c1", device_keys=[DEVICE_KEY], language_code="de")
    await plane.signals.UpsertCustomers(signal.UpsertCustomersRequest(customers=[person]))
    given = [number for number in range(1, 8) if number != verdicts.PURPOSE_PUSH_MARKETING]
    await plane.consents.RecordConsent(
        consent.RecordConsentRequest(
            customer_id="c1", purposes=given, event_time=timestamp(NOW_MS - DAY_MS), notice_version="1"
        )
    )
    await plane.signals.RecordTouchpoints(signal.RecordTouchpointsRequest(touchpoints=[a_touchpoint()]))
    answer = await plane.decisions.Decide(asked(channel="CHANNEL_PUSH"))
    assert answer.verdict == verdicts.OFFER_VERDICT_PURPOSE_NOT_CONSENTED


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"customer_id": None}, "INVALID_ARGUMENT", "customer_id"),
        ({"customer_id": "nobody"}, "NOT_FOUND", "customer_id"),
        ({"customer_id": "a@b"}, "INVALID_ARGUMENT", "customer_id"),
        ({"channel": 0}, "INVALID_ARGUMENT", "channel"),
        ({"channel": 9}, "INVALID_ARGUMENT", "channel"),
        ({"product_id": "none"}, "NOT_FOUND", "product_id"),
        ({"category_id": "none"}, "NOT_FOUND", "category_id"),
        ({"place": places_pb2.Place(latitude_e7=900_000_001)}, "INVALID_ARGUMENT", "place.latitude_e7"),
        ({"event_time": timestamp(NOW_MS)}, "INVALID_ARGUMENT", "event_time"),
        ({"request_id": "x" * 129}, "INVALID_ARGUMENT", "request_id"),
    ],
)
async def test_bad_questions_decide_nothing(plane, change, reason, field):
    await open_the_shop(plane)
    await refused(plane.decisions.Decide(asked(**change)), reason, field)
    assert (await plane.decisions.Decide(asked())).HasField("offer")


async def test_under_a_client_clock_the_question_brings_its_time(plane):
    await open_the_shop(plane)
    plane.engine.clock = EngineClock("client")
    await refused(plane.decisions.Decide(asked()), "INVALID_ARGUMENT", "event_time")
    answer = await plane.decisions.Decide(asked(event_time=timestamp(NOW_MS)))
    assert answer.offer.decided_time == timestamp(NOW_MS)


def test_an_asked_offer_is_the_message_phones_get():
    assert (
        pb.DecideResponse.DESCRIPTOR.fields_by_name["offer"].message_type is ping_service_pb2.PersonalOffer.DESCRIPTOR
    )
