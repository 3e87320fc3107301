"""Explanations and counts over a real control port."""

from __future__ import annotations

import pytest
from shop import DEVICE_KEY, LATITUDE_E7, LONGITUDE_E7, NOW_MS, bring_the_customer, stock_the_shop
from wire import refused

from geooffer.rpc.checks import timestamp
from geooffer.v1 import diagnostics_service_pb2 as pb
from geooffer.v1 import verdicts_pb2 as verdicts


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
    assert fence.candidates[0].score > 0
    assert fence.candidates[0].detail
    night = await plane.diagnostics.ExplainPing(a_ping(ping_time=timestamp(NOW_MS + 12 * 3_600_000)))
    assert night.fences[0].verdict == verdicts.OFFER_VERDICT_STORE_CLOSED
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
        ({"ping_time": timestamp(-1)}, "ping_time"),
    ],
)
async def test_bad_pings(plane, change, field):
    text = await refused(plane.diagnostics.ExplainPing(a_ping(**change)), "INVALID_ARGUMENT", field)
    assert all(str(value) not in text for name, value in change.items() if name.endswith("_e7"))


async def test_statistics_start_at_nothing(plane):
    counts = await plane.diagnostics.GetStatistics(pb.GetStatisticsRequest())
    assert counts == pb.GetStatisticsResponse(read_time=timestamp(NOW_MS))
