"""Explanations and counts over a real control port."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shop import DEVICE_KEY, LATITUDE_E7, LONGITUDE_E7, NOW_MS, bring_the_customer, stock_the_shop
from wire import refused

from geooffer.model.catalog import Campaign
from geooffer.model.columns import FACTORS
from geooffer.model.kinds import SwitchKind
from geooffer.rpc.checks import timestamp
from geooffer.v1 import consent_service_pb2 as consent
from geooffer.v1 import decision_service_pb2 as decisions
from geooffer.v1 import diagnostics_service_pb2 as pb
from geooffer.v1 import kinds_pb2 as kinds
from geooffer.v1 import verdicts_pb2 as verdicts

AT_THE_SHOP = decisions.DecideRequest(
    customer_id="c1",
    channel="CHANNEL_WEB_SHOP",
    place={"latitude_e7": LATITUDE_E7, "longitude_e7": LONGITUDE_E7},
)


def a_ping(**changes) -> pb.ExplainPingRequest:
    values = {"device_key": DEVICE_KEY, "latitude_e7": LATITUDE_E7, "longitude_e7": LONGITUDE_E7, "accuracy_cm": 800}
    return pb.ExplainPingRequest(**(values | changes))


async def test_an_offer_and_a_silence_are_explained_and_nothing_changes(plane):
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    plane.control.publisher.flush()
    twice = [await plane.diagnostics.ExplainPing(a_ping()) for _ in range(2)]
    assert twice[0] == twice[1]
    answer = twice[0]
    assert answer.ping_verdict == verdicts.PING_VERDICT_ACCEPTED
    assert answer.ping_time == timestamp(NOW_MS)
    assert answer.catalog_generation == plane.engine.live_generation
    fence = answer.fences[0]
    assert (fence.geofence_id, fence.store_id, fence.covered, fence.evidence) == ("f1", "s1", True, "inside")
    assert fence.verdict == verdicts.OFFER_VERDICT_OFFERED
    assert [(item.offer_id, item.verdict) for item in fence.candidates] == [("o1", verdicts.OFFER_VERDICT_OFFERED)]
    candidate = fence.candidates[0]
    assert candidate.score == sum(factor.points for factor in candidate.factors) > 0
    assert candidate.detail
    assert (candidate.fulfilment, candidate.supply_store_id) == (kinds.FULFILMENT_IN_STORE, "s1")
    assert candidate.reason_kind == verdicts.TOUCHPOINT_KIND_SEARCH
    assert (fence.offer_id, list(fence.closures)) == ("o1", [])
    assert fence.store_detail
    night = await plane.diagnostics.ExplainPing(a_ping(ping_time=timestamp(NOW_MS + 12 * 3_600_000)))
    assert night.fences[0].verdict == verdicts.OFFER_VERDICT_STORE_CLOSED
    assert [list(item.factors) for item in night.fences[0].candidates] == [[]]
    stranger = await plane.diagnostics.ExplainPing(a_ping(device_key=1))
    assert stranger.ping_verdict == verdicts.PING_VERDICT_NO_CONSENT


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"device_key": 0}, "device_key"),
        ({"latitude_e7": -900_000_001}, "latitude_e7"),
        ({"longitude_e7": 1_800_000_001}, "longitude_e7"),
        ({"accuracy_cm": -1}, "accuracy_cm"),
        ({"accuracy_cm": 100_000_001}, "accuracy_cm"),
        ({"speed_cm_per_s": -1}, "speed_cm_per_s"),
        ({"speed_cm_per_s": 100_001}, "speed_cm_per_s"),
        ({"ping_time": timestamp(-1)}, "ping_time"),
    ],
)
async def test_bad_pings(plane, change, field):
    text = await refused(plane.diagnostics.ExplainPing(a_ping(**change)), "INVALID_ARGUMENT", field)
    assert all(str(value) not in text for name, value in change.items() if name.endswith("_e7"))


@pytest.mark.parametrize(("speed", "verdict"), [(0, "OFFERED"), (800, "OFFERED"), (801, "TOO_FAST")])
async def test_a_reported_speed_is_judged(plane, speed, verdict):
    """D1.2: over 8 m/s."""
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    answer = await plane.diagnostics.ExplainPing(a_ping(speed_cm_per_s=speed))
    assert verdicts.OfferVerdict.Name(answer.fences[0].verdict) == f"OFFER_VERDICT_{verdict}"


async def test_a_closed_store_tells_its_closures(plane):
    """H2."""
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    plane.engine.switch_stores(
        ["s1"], SwitchKind.CLOSED, from_ms=NOW_MS - 1, until_ms=NOW_MS + 1_000, reason="burst pipe", now_ms=NOW_MS
    )
    plane.engine.switch_stores(
        ["s1"], SwitchKind.OFFERS_PAUSED, from_ms=NOW_MS + 2_000, until_ms=None, reason="", now_ms=NOW_MS
    )
    fence = (await plane.diagnostics.ExplainPing(a_ping())).fences[0]
    assert fence.verdict == verdicts.OFFER_VERDICT_STORE_CLOSED
    told = [(item.store_id, item.kind, item.reason, item.HasField("until_time")) for item in fence.closures]
    assert told == [
        ("s1", kinds.SWITCH_KIND_CLOSED, "burst pipe", True),
        ("s1", kinds.SWITCH_KIND_OFFERS_PAUSED, "", False),
    ]


async def test_a_decision_is_told_with_all_that_decided_it(plane):
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    decision_id = (await plane.decisions.Decide(AT_THE_SHOP)).offer.decision_id
    decision = (await plane.diagnostics.GetDecision(pb.GetDecisionRequest(decision_id=decision_id))).decision
    assert decision.score == sum(factor.points for factor in decision.factors) > 0
    assert [factor.factor for factor in decision.factors] == list(FACTORS)
    told = pb.Decision()
    told.CopyFrom(decision)
    told.ClearField("factors")
    told.ClearField("score")
    assert told == pb.Decision(
        decision_id=decision_id,
        customer_id="c1",
        decided_time=timestamp(NOW_MS),
        store_id="s1",
        supply_store_id="s1",
        offer_id="o1",
        product_id="shoe",
        category_id="running-shoes",
        size={"system": "EU", "value": "43"},
        price_minor=9_000,
        previous_price_minor=12_000,
        reason_kind=verdicts.TOUCHPOINT_KIND_SEARCH,
        fulfilment=kinds.FULFILMENT_IN_STORE,
        channel=kinds.CHANNEL_WEB_SHOP,
        catalog_generation=plane.engine.live_generation,
        policy_version=1,
    )
    await refused(plane.diagnostics.GetDecision(pb.GetDecisionRequest(decision_id="none")), "NOT_FOUND", "decision_id")
    await refused(plane.diagnostics.GetDecision(pb.GetDecisionRequest()), "INVALID_ARGUMENT", "decision_id")


async def test_recent_tries_are_hers_newest_first_and_go_with_her_consent(plane):
    """D8."""
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    nothing = await plane.diagnostics.ListRecentTries(pb.ListRecentTriesRequest(customer_id="c1"))
    assert nothing == pb.ListRecentTriesResponse()
    for _ in range(2):
        await plane.decisions.Decide(AT_THE_SHOP)
    request = pb.ListRecentTriesRequest(customer_id="c1")
    tries = (await plane.diagnostics.ListRecentTries(request)).tries
    assert [(item.verdict, item.store_id, item.offer_id, item.try_time) for item in tries] == [
        (verdicts.OFFER_VERDICT_ALREADY_OFFERED, "s1", "o1", timestamp(NOW_MS)),
        (verdicts.OFFER_VERDICT_OFFERED, "s1", "o1", timestamp(NOW_MS)),
    ]
    await refused(
        plane.diagnostics.ListRecentTries(pb.ListRecentTriesRequest(customer_id="c2")), "NOT_FOUND", "customer_id"
    )
    await plane.consents.WithdrawConsent(consent.WithdrawConsentRequest(customer_id="c1", purposes=[1]))
    assert not (await plane.diagnostics.ListRecentTries(request)).tries


async def test_a_shadow_offer_is_kept_as_one_and_counted_apart(plane):
    """D6: held out, nothing is sent."""
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    everybody = Campaign("spring", held_out_per_10000=10_000)
    offer = replace(plane.engine.registry.offers["o1"], campaign_id="spring")
    plane.engine.put_nouns([everybody, offer], now_ms=NOW_MS)
    answer = await plane.decisions.Decide(AT_THE_SHOP)
    assert not answer.HasField("offer")
    assert answer.verdict == verdicts.OFFER_VERDICT_HELD_OUT
    counts = await plane.diagnostics.GetStatistics(pb.GetStatisticsRequest())
    assert counts.offer_count == 0
    assert [(item.verdict, item.try_count) for item in counts.offer_verdicts] == [(verdicts.OFFER_VERDICT_HELD_OUT, 1)]
    [(name, _)] = plane.engine._decision_keys.items()
    shadow = (await plane.diagnostics.GetDecision(pb.GetDecisionRequest(decision_id=name))).decision
    assert (shadow.is_shadow, shadow.campaign_id, list(shadow.outcomes)) == (True, "spring", [])


async def test_statistics_start_at_nothing(plane):
    counts = await plane.diagnostics.GetStatistics(pb.GetStatisticsRequest())
    assert counts == pb.GetStatisticsResponse(read_time=timestamp(NOW_MS))
