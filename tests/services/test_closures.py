"""Closing stores and pausing offers over a real control port: in force with the next ping."""

from __future__ import annotations

import numpy as np
import pytest
from shop import DEVICE_KEY, LATITUDE_E7, LONGITUDE_E7, NOW_MS, STORE, bring_the_customer, stock_the_shop
from wire import refused

from geooffer.engine.clock import EngineClock
from geooffer.model.columns import PING
from geooffer.model.verdicts import OfferVerdict
from geooffer.rpc.checks import timestamp
from geooffer.v1 import resources_pb2 as resources
from geooffer.v1 import store_service_pb2 as pb

HOUR_MS = 3_600_000
CLOSED, PAUSED = 1, 2


def a_store(store_id: str, **changes) -> resources.Store:
    store = resources.Store()
    store.CopyFrom(STORE)
    store.MergeFrom(resources.Store(store_id=store_id, **changes))
    return store


async def open_stores(plane) -> None:
    rows = [
        a_store("s1", region="DE-BE", tags=["mall"]),
        a_store("s2", region="DE-BE"),
        a_store("s3", region="DE-HH", tags=["mall"]),
    ]
    await plane.stores.BatchUpsertStores(pb.BatchUpsertStoresRequest(stores=rows))


def walk_in(plane, time_ms: int) -> list[OfferVerdict]:
    """Verdicts of the tries of one real ping of hers at the shop."""
    row = np.zeros(1, dtype=PING)
    row["device_key"], row["fix_time_ms"], row["now_ms"] = DEVICE_KEY, time_ms, time_ms
    row["latitude_e7"], row["longitude_e7"], row["accuracy_cm"] = LATITUDE_E7, LONGITUDE_E7, 800
    outcome = plane.engine.step(row)
    plane.engine.commit(outcome)
    return [OfferVerdict(int(verdict)) for verdict in outcome.tries["verdict"]]


async def listed(plane, **fields) -> list[tuple[str, int, int, int, str]]:
    """(store, kind, minutes from NOW_MS until it begins, until it ends or −1, reason)."""
    answer = await plane.stores.ListClosures(pb.ListClosuresRequest(**fields))
    return [
        (
            item.store_id,
            item.kind,
            (item.from_time.ToMilliseconds() - NOW_MS) // 60_000,
            (item.until_time.ToMilliseconds() - NOW_MS) // 60_000 if item.HasField("until_time") else -1,
            item.reason,
        )
        for item in answer.closures
    ]


@pytest.mark.parametrize("kind", ["closed", "paused"])
async def test_h2_a_switch_is_in_force_with_the_next_ping_and_so_is_its_end(plane, kind):
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    plane.control.publisher.flush()
    live = plane.engine.live_generation
    if kind == "closed":
        answer = await plane.stores.CloseStores(pb.CloseStoresRequest(store_ids=["s1"], reason="water"))
    else:
        answer = await plane.stores.PauseOffers(pb.PauseOffersRequest(store_ids=["s1"], reason="too full"))
    assert (answer.store_count, list(answer.store_ids), answer.catalog_generation) == (1, ["s1"], live)
    assert walk_in(plane, NOW_MS) == [OfferVerdict.STORE_CLOSED]
    # the other kind's end does not end it
    if kind == "closed":
        await plane.stores.ResumeOffers(pb.ResumeOffersRequest(store_ids=["s1"]))
    else:
        await plane.stores.ReopenStores(pb.ReopenStoresRequest(store_ids=["s1"]))
    assert walk_in(plane, NOW_MS + 1_000) in ([], [OfferVerdict.STORE_CLOSED])
    assert len(await listed(plane)) == 1
    if kind == "closed":
        await plane.stores.ReopenStores(pb.ReopenStoresRequest(store_ids=["s1"]))
    else:
        await plane.stores.ResumeOffers(pb.ResumeOffersRequest(store_ids=["s1"]))
    assert walk_in(plane, NOW_MS + 2_000) == [OfferVerdict.OFFERED]
    assert await listed(plane) == []
    assert plane.engine.live_generation == live


async def test_stores_are_named_by_ids_region_or_tag(plane):
    await open_stores(plane)
    by_region = await plane.stores.CloseStores(pb.CloseStoresRequest(region="DE-BE"))
    assert list(by_region.store_ids) == ["s1", "s2"]
    by_tag = await plane.stores.PauseOffers(pb.PauseOffersRequest(tag="mall"))
    assert list(by_tag.store_ids) == ["s1", "s3"]
    by_id = await plane.stores.ReopenStores(pb.ReopenStoresRequest(store_ids=["s2", "s1", "s2"]))
    assert (by_id.store_count, list(by_id.store_ids)) == (2, ["s1", "s2"])
    assert await listed(plane) == [("s1", PAUSED, 0, -1, ""), ("s3", PAUSED, 0, -1, "")]


async def test_closures_are_listed_by_store_and_time_in_pages(plane):
    await open_stores(plane)
    for store_id, hours in (("s2", 5), ("s1", 3), ("s1", 1)):
        request = pb.CloseStoresRequest(
            store_ids=[store_id],
            from_time=timestamp(NOW_MS + hours * HOUR_MS),
            until_time=timestamp(NOW_MS + (hours + 1) * HOUR_MS),
            reason=f"in {hours}",
        )
        await plane.stores.CloseStores(request)
    expected = [
        ("s1", CLOSED, 60, 120, "in 1"),
        ("s1", CLOSED, 180, 240, "in 3"),
        ("s2", CLOSED, 300, 360, "in 5"),
    ]
    assert await listed(plane) == expected
    assert await listed(plane, store_id="s2") == expected[2:]
    assert await listed(plane, store_id="s3") == []
    page = await plane.stores.ListClosures(pb.ListClosuresRequest(page_size=2))
    assert await listed(plane, page_token=page.next_page_token) == expected[2:]
    moved = pb.ListClosuresRequest(store_id="s2", page_token=page.next_page_token)
    await refused(plane.stores.ListClosures(moved), "INVALID_ARGUMENT", "page_token")


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({}, "INVALID_ARGUMENT", "store_ids"),
        ({"store_ids": ["s1"], "region": "DE-BE"}, "INVALID_ARGUMENT", "store_ids"),
        ({"region": "DE-BE", "tag": "mall"}, "INVALID_ARGUMENT", "store_ids"),
        ({"store_ids": ["s1", "none"]}, "NOT_FOUND", "store_ids"),
        ({"store_ids": ["no id"]}, "INVALID_ARGUMENT", "store_ids"),
        ({"store_ids": ["s1"] * 1_001}, "INVALID_ARGUMENT", "store_ids"),
        ({"region": "DE-XX"}, "NOT_FOUND", "region"),
        ({"region": "x" * 129}, "INVALID_ARGUMENT", "region"),
        ({"tag": "none"}, "NOT_FOUND", "tag"),
        ({"tag": "no id"}, "INVALID_ARGUMENT", "tag"),
        ({"tag": "mall", "reason": "x" * 513}, "INVALID_ARGUMENT", "reason"),
        ({"tag": "mall", "reason": "a\x1bb"}, "INVALID_ARGUMENT", "reason"),
        ({"tag": "mall", "from_time": timestamp(-1)}, "INVALID_ARGUMENT", "from_time"),
        ({"tag": "mall", "until_time": timestamp(NOW_MS)}, "INVALID_ARGUMENT", "until_time"),
        (
            {"tag": "mall", "from_time": timestamp(NOW_MS + 2), "until_time": timestamp(NOW_MS + 1)},
            "INVALID_ARGUMENT",
            "until_time",
        ),
    ],
)
async def test_bad_switches_change_nothing(plane, fields, reason, field):
    await open_stores(plane)
    await refused(plane.stores.CloseStores(pb.CloseStoresRequest(**fields)), reason, field)
    await refused(plane.stores.PauseOffers(pb.PauseOffersRequest(**fields)), reason, field)
    if not fields.keys() - {"store_ids", "region", "tag"}:
        await refused(plane.stores.ReopenStores(pb.ReopenStoresRequest(**fields)), reason, field)
        await refused(plane.stores.ResumeOffers(pb.ResumeOffersRequest(**fields)), reason, field)
    assert await listed(plane) == []


async def test_closures_of_nothing_known(plane):
    await refused(plane.stores.ListClosures(pb.ListClosuresRequest(store_id="none")), "NOT_FOUND", "store_id")
    await refused(plane.stores.ListClosures(pb.ListClosuresRequest(store_id="a b")), "INVALID_ARGUMENT", "store_id")


async def test_a_client_clock_that_has_not_started_needs_the_moment(plane):
    """T0."""
    await open_stores(plane)
    plane.engine.clock = EngineClock("client")
    open_ended = pb.CloseStoresRequest(store_ids=["s1"])
    await refused(plane.stores.CloseStores(open_ended), "INVALID_ARGUMENT", "from_time")
    open_ended.from_time.CopyFrom(timestamp(NOW_MS))
    await plane.stores.CloseStores(open_ended)
    assert await listed(plane) == [("s1", CLOSED, 0, -1, "")]
    await plane.stores.ReopenStores(pb.ReopenStoresRequest(store_ids=["s1"]))
    assert await listed(plane) == []


async def test_the_same_request_id_closes_once(plane):
    await open_stores(plane)
    request = pb.CloseStoresRequest(store_ids=["s1"], request_id="r1")
    first = await plane.stores.CloseStores(request)
    await plane.stores.ReopenStores(pb.ReopenStoresRequest(store_ids=["s1"]))
    assert await plane.stores.CloseStores(request) == first
    assert await listed(plane) == []


async def test_what_is_over_is_forgotten_and_a_store_holds_only_so_many(plane):
    """A switch thrown every minute for a year must not fill the memory."""
    await open_stores(plane)
    for number in range(64):
        request = pb.CloseStoresRequest(
            store_ids=["s1"],
            from_time=timestamp(NOW_MS - HOUR_MS + number),
            until_time=timestamp(NOW_MS + HOUR_MS + number),
        )
        await plane.stores.CloseStores(request)
    request.from_time.CopyFrom(timestamp(NOW_MS + 1))
    await refused(plane.stores.CloseStores(request), "LIMIT_EXCEEDED", "store_ids")
    await plane.stores.ReopenStores(pb.ReopenStoresRequest(store_ids=["s1"]))
    await plane.stores.CloseStores(request)
    assert len(plane.engine.state.live.closures) == 1
