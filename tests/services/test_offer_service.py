"""Outcomes and nearby stock on the data port: whose decisions may be named, and what is never told."""

from __future__ import annotations

import pytest
from shop import (
    DAY_MS,
    DEVICE_KEY,
    EU_43,
    LATITUDE_E7,
    LONGITUDE_E7,
    NOW_MS,
    STORE,
    a_figure,
    bring_the_customer,
    stock_the_shop,
)
from wire import refused

from geooffer.engine.shapes import circle
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.kinds import Channel
from geooffer.rpc.checks import timestamp
from geooffer.v1 import decision_service_pb2, diagnostics_service_pb2, places_pb2
from geooffer.v1 import inventory_service_pb2 as inventory
from geooffer.v1 import offer_service_pb2 as pb
from geooffer.v1 import resources_pb2 as resources
from geooffer.v1 import signal_service_pb2 as signal
from geooffer.v1 import store_service_pb2 as store

HERE = places_pb2.Place(latitude_e7=LATITUDE_E7, longitude_e7=LONGITUDE_E7)


async def a_decision(plane) -> str:
    """The id of an offer decided for c1."""
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    request = decision_service_pb2.DecideRequest(customer_id="c1", place=HERE, channel=int(Channel.WEB_SHOP))
    return (await plane.decisions.Decide(request)).offer.decision_id


def a_report(decision_id: str, kind: str | int = "DISPLAYED", **changes) -> pb.OutcomeReport:
    number = f"OUTCOME_KIND_{kind}" if isinstance(kind, str) else kind
    values = {"decision_id": decision_id, "kind": number, "event_time": timestamp(NOW_MS)}
    return pb.OutcomeReport(**(values | changes))


def reports(*items: pb.OutcomeReport) -> pb.ReportOutcomesRequest:
    return pb.ReportOutcomesRequest(outcomes=items)


async def kept(plane, decision_id: str) -> list[tuple[int, int]]:
    """(kind, time) of what is known of a decision."""
    request = diagnostics_service_pb2.GetDecisionRequest(decision_id=decision_id)
    decision = (await plane.diagnostics.GetDecision(request)).decision
    return [(item.kind, item.event_time.ToMilliseconds()) for item in decision.outcomes]


async def test_a_phone_reports_its_own_offers_in_any_order_and_as_often_as_it_likes(plane):
    name = await a_decision(plane)
    phone = plane.metadata("device", str(DEVICE_KEY))
    request = reports(
        a_report(name, "DISMISSED"),
        a_report(name, "DISPLAYED", event_time=timestamp(NOW_MS - 1_000)),
        a_report(name, "DELIVERED", event_time=timestamp(NOW_MS - 2_000), device_key=DEVICE_KEY),
    )
    for _ in range(2):
        answer = await plane.offers.ReportOutcomes(request, metadata=phone)
        assert (answer.accepted_count, list(answer.problems)) == (3, [])
    # a phone's clock is off: nothing becomes of an offer before it was decided
    assert await kept(plane, name) == [(1, NOW_MS), (2, NOW_MS), (3, NOW_MS)]
    failed = await plane.offers.ReportOutcomes(reports(a_report(name, "FAILED")), metadata=phone)
    assert [(item.reason, item.field) for item in failed.problems] == [("INVALID_ARGUMENT", "kind")]
    counts = await plane.diagnostics.GetStatistics(diagnostics_service_pb2.GetStatisticsRequest())
    assert [(item.kind, item.decision_count) for item in counts.outcomes] == [(1, 1), (2, 1), (3, 1)]


async def test_anothers_decision_and_none_at_all_are_answered_alike(plane):
    name = await a_decision(plane)
    other = signal.Customer(customer_id="c2", device_keys=[99])
    await plane.signals.UpsertCustomers(signal.UpsertCustomersRequest(customers=[other]))
    for stranger in ("99", "12345"):  # another customer's phone, and one of nobody
        metadata = plane.metadata("device", stranger)
        answer = await plane.offers.ReportOutcomes(reports(a_report(name), a_report("none")), metadata=metadata)
        told = [(item.row, item.reason, item.message, item.field) for item in answer.problems]
        assert answer.accepted_count == 0
        assert [item[0] for item in told] == [0, 1]
        assert told[0][1:] == told[1][1:] == ("NOT_FOUND", "no such decision", "decision_id")
    assert await kept(plane, name) == []


async def test_a_gateway_reports_for_the_devices_its_token_covers(plane):
    name = await a_decision(plane)
    ranges = {"device_key_ranges": [(4_000, 5_000)]}
    gateway = plane.metadata("gateway", **ranges)
    nameless = await plane.offers.ReportOutcomes(reports(a_report(name)), metadata=gateway)
    assert [(item.reason, item.field) for item in nameless.problems] == [("INVALID_ARGUMENT", "device_key")]
    good, foreign = a_report(name, device_key=DEVICE_KEY), a_report(name, device_key=5_001)
    await refused(plane.offers.ReportOutcomes(reports(good, foreign), metadata=gateway), "PERMISSION_DENIED")
    assert await kept(plane, name) == []
    not_hers = await plane.offers.ReportOutcomes(reports(a_report(name, device_key=4_001)), metadata=gateway)
    assert [item.reason for item in not_hers.problems] == ["NOT_FOUND"]
    assert (await plane.offers.ReportOutcomes(reports(good), metadata=gateway)).accepted_count == 1
    assert await kept(plane, name) == [(2, NOW_MS)]
    phone = plane.metadata("device", str(DEVICE_KEY))
    await refused(plane.offers.ReportOutcomes(reports(foreign), metadata=phone), "PERMISSION_DENIED")


async def test_an_operator_reports_any_and_failed_gives_the_caps_back(plane):
    name = await a_decision(plane)
    operator = plane.metadata("operator")
    answer = await plane.offers.ReportOutcomes(reports(a_report(name, "FAILED")), metadata=operator)
    assert answer.accepted_count == 1
    gone = diagnostics_service_pb2.GetDecisionRequest(decision_id=name)
    await refused(plane.diagnostics.GetDecision(gone), "NOT_FOUND", "decision_id")
    again = decision_service_pb2.DecideRequest(customer_id="c1", place=HERE, channel=int(Channel.WEB_SHOP))
    assert (await plane.decisions.Decide(again)).offer.decision_id not in ("", name)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"decision_id": ""}, "decision_id"),
        ({"kind": 0}, "kind"),
        ({"kind": 6}, "kind"),
        ({"event_time": None}, "event_time"),
        ({"event_time": timestamp(NOW_MS + DAY_MS)}, "event_time"),
    ],
)
async def test_a_bad_report_is_told_and_the_others_are_taken(plane, change, field):
    name = await a_decision(plane)
    phone = plane.metadata("device", str(DEVICE_KEY))
    request = reports(a_report(**({"decision_id": name} | change)), a_report(name))
    answer = await plane.offers.ReportOutcomes(request, metadata=phone)
    assert [(item.row, item.reason, item.field) for item in answer.problems] == [(0, "INVALID_ARGUMENT", field)]
    assert answer.accepted_count == 1


@pytest.mark.parametrize("count", [0, 101])
async def test_a_report_has_1_to_100_rows(plane, count):
    request = reports(*[a_report("d")] * count)
    call = plane.offers.ReportOutcomes(request, metadata=plane.metadata("device", "7"))
    await refused(call, "INVALID_ARGUMENT", "outcomes")


# -- nearby stock --------------------------------------------------------------------------------------------


def a_search(**changes) -> pb.FindNearbyStockRequest:
    return pb.FindNearbyStockRequest(**({"product_id": "shoe", "size": EU_43, "place": HERE} | changes))


async def open_branch(plane, store_id: str, north_e7: int, count: int, hours: str = "24/7") -> None:
    branch = resources.Store(
        store_id=store_id,
        name=store_id.upper(),
        latitude_e7=LATITUDE_E7 + north_e7,
        longitude_e7=LONGITUDE_E7,
        time_zone="Europe/Berlin",
        opening_hours=hours,
    )
    await plane.stores.CreateStore(store.CreateStoreRequest(store=branch))
    rows = inventory.StockRows(figures=[a_figure(count, store_id=store_id)])
    await plane.inventory.ReportStock(inventory.ReportStockRequest(rows=rows))


async def test_nearest_branches_first_open_or_closed_and_never_a_count(plane):
    """S12: beyond the safety stock of 1 unit."""
    await stock_the_shop(plane)
    await open_branch(plane, "far", 200_000, 900, "Mo 09:00-10:00")
    await open_branch(plane, "near", 90_000, 2)
    await open_branch(plane, "last-one", 10_000, 1)
    phone = plane.metadata("device", "12345")
    found = (await plane.offers.FindNearbyStock(a_search(), metadata=phone)).stores
    # 1 E7 of latitude is 1.1119508 cm
    assert [(item.store_id, item.distance_m, item.is_open) for item in found] == [
        ("s1", 0, True),
        ("near", 1_000, True),
        ("far", 2_223, False),
    ]
    assert (found[0].store_name, found[0].place) == (STORE.name, HERE)
    assert found[0].in_stock_as_of_time == timestamp(NOW_MS)
    assert not [field.name for field in found[0].DESCRIPTOR.fields if "count" in field.name]
    one = await plane.offers.FindNearbyStock(a_search(limit_count=1), metadata=phone)
    assert [item.store_id for item in one.stores] == ["s1"]
    nowhere = a_search(size=resources.Size(system="EU", value="42"))
    assert not (await plane.offers.FindNearbyStock(nowhere, metadata=phone)).stores


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"product_id": ""}, "INVALID_ARGUMENT", "product_id"),
        ({"product_id": "none"}, "NOT_FOUND", "product_id"),
        ({"size": None}, "INVALID_ARGUMENT", ""),
        ({"size": resources.Size(system="EU", value="99")}, "INVALID_ARGUMENT", ""),
        ({"place": None}, "INVALID_ARGUMENT", "place"),
        ({"place": places_pb2.Place(latitude_e7=900_000_001)}, "INVALID_ARGUMENT", "place.latitude_e7"),
        ({"place": places_pb2.Place(longitude_e7=-1_800_000_001)}, "INVALID_ARGUMENT", "place.longitude_e7"),
        ({"limit_count": -1}, "INVALID_ARGUMENT", "limit_count"),
        ({"limit_count": 51}, "INVALID_ARGUMENT", "limit_count"),
    ],
)
async def test_bad_searches(plane, change, reason, field):
    await stock_the_shop(plane)
    call = plane.offers.FindNearbyStock(a_search(**change), metadata=plane.metadata("device", "7"))
    text = await refused(call, reason, field)
    assert "900000001" not in text


# -- wake regions --------------------------------------------------------------------------------------------


def regions_at(**changes) -> pb.ListWakeRegionsRequest:
    return pb.ListWakeRegionsRequest(**({"place": HERE} | changes))


async def live_shop(plane) -> None:
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    plane.engine.publish()


async def test_s14_a_phone_is_told_what_to_watch_and_until_where(plane):
    await live_shop(plane)
    phone = plane.metadata("device", str(DEVICE_KEY))
    answer = await plane.offers.ListWakeRegions(regions_at(), metadata=phone)
    told = [(item.centre.latitude_e7, item.centre.longitude_e7, item.radius_m) for item in answer.regions]
    assert told == [(LATITUDE_E7, LONGITUDE_E7, 100)]
    assert answer.location_wanted
    assert answer.validity_radius_m == 20_000
    assert answer.catalog_generation == plane.engine.live_generation


async def test_s14_without_consent_nothing_is_watched_and_no_reason_told(plane):
    await live_shop(plane)
    for device_key in ("999", "12345"):
        answer = await plane.offers.ListWakeRegions(regions_at(), metadata=plane.metadata("device", device_key))
        nothing = pb.ListWakeRegionsResponse(
            catalog_generation=plane.engine.live_generation, fences_generation=plane.engine.live_fences_generation
        )
        assert answer == nothing
    # of nobody in particular the fences are no secret
    gateway = plane.metadata("gateway", "gw", device_key_ranges=[(1, 10_000)])
    assert (await plane.offers.ListWakeRegions(regions_at(), metadata=gateway)).location_wanted
    own = regions_at(device_key=DEVICE_KEY)
    assert (await plane.offers.ListWakeRegions(own, metadata=gateway)).location_wanted
    assert not (await plane.offers.ListWakeRegions(regions_at(device_key=999), metadata=gateway)).location_wanted


async def test_s14_wake_regions_say_nothing_of_exclusion_zones(plane):
    await live_shop(plane)
    phone = plane.metadata("device", str(DEVICE_KEY))
    before = await plane.offers.ListWakeRegions(regions_at(), metadata=phone)
    zone = ExclusionZone("z", ZoneCategory.CLINIC, circle(LATITUDE_E7, LONGITUDE_E7, 200_000), 5_000)
    plane.engine.put_nouns([zone], now_ms=NOW_MS)
    plane.engine.publish()
    after = await plane.offers.ListWakeRegions(regions_at(), metadata=phone)
    before.catalog_generation = after.catalog_generation
    assert after == before


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"place": None}, "INVALID_ARGUMENT", "place"),
        ({"place": places_pb2.Place(latitude_e7=900_000_001)}, "INVALID_ARGUMENT", "place.latitude_e7"),
        ({"region_count_max": 101}, "INVALID_ARGUMENT", "region_count_max"),
        ({"region_count_max": -1}, "INVALID_ARGUMENT", "region_count_max"),
        ({"device_key": 8}, "PERMISSION_DENIED", "device_key"),
    ],
)
async def test_s14_bad_requests_for_wake_regions(plane, change, reason, field):
    call = plane.offers.ListWakeRegions(regions_at(**change), metadata=plane.metadata("device", "7"))
    await refused(call, reason, field)
