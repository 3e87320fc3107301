"""The alarm for late stock feeds: on the wire and in the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog
from shop import DAY_MS, NOW_MS, STORE, a_figure, stock_the_shop
from structlog.testing import capture_logs
from wire import refused

from geooffer.engine.clock import EngineClock
from geooffer.rpc.checks import timestamp
from geooffer.services.stock_alarm import StockAlarm
from geooffer.v1 import inventory_service_pb2 as pb
from geooffer.v1 import resources_pb2 as resources
from geooffer.v1 import store_service_pb2 as store_pb

HOUR_MS = 3_600_000


async def report(plane, store_id: str, hours_ago: float) -> None:
    figure = a_figure(store_id=store_id, as_of_time=timestamp(NOW_MS - round(hours_ago * HOUR_MS)))
    await plane.inventory.ReportStock(pb.ReportStockRequest(rows=pb.StockRows(figures=[figure])))


async def add_store(plane, store_id: str) -> None:
    other = resources.Store()
    other.CopyFrom(STORE)
    other.store_id = store_id
    await plane.stores.CreateStore(store_pb.CreateStoreRequest(store=other))


async def stale(plane) -> list[tuple[str, int]]:
    """(store id, hours since its newest figure)."""
    answer = await plane.inventory.ListStaleStock(pb.ListStaleStockRequest())
    assert answer.store_count == len(answer.stores)
    return [(row.store_id, (NOW_MS - row.newest_as_of_time.ToMilliseconds()) // HOUR_MS) for row in answer.stores]


async def test_a_store_is_stale_when_its_newest_figure_is(plane):
    await stock_the_shop(plane)  # reports s1 as of now
    for store_id in ("s2", "s3", "never"):
        await add_store(plane, store_id)
    await report(plane, "s2", 30)
    await report(plane, "s3", 24)  # a day old is not older than a day
    assert await stale(plane) == [("s2", 30)]
    await report(plane, "s2", 1)
    await report(plane, "s2", 40)  # late news do not make it old again
    assert await stale(plane) == []
    answer = await plane.inventory.ListStaleStock(pb.ListStaleStockRequest())
    assert answer.stock_age_max_millis == DAY_MS == plane.engine.policy.stock_max_age_ms


async def test_stale_stores_come_in_pages_and_a_deleted_one_is_none(plane):
    await stock_the_shop(plane)
    for number in range(3):
        await add_store(plane, f"old-{number}")
        await report(plane, f"old-{number}", 48)
    page = await plane.inventory.ListStaleStock(pb.ListStaleStockRequest(page_size=2))
    assert ([row.store_id for row in page.stores], page.store_count) == (["old-0", "old-1"], 3)
    rest = await plane.inventory.ListStaleStock(pb.ListStaleStockRequest(page_token=page.next_page_token))
    assert [row.store_id for row in rest.stores] == ["old-2"]
    await plane.stores.DeleteStore(store_pb.DeleteStoreRequest(store_id="old-1"))
    assert await stale(plane) == [("old-0", 48), ("old-2", 48)]
    forged = pb.ListStaleStockRequest(page_token="x")
    await refused(plane.inventory.ListStaleStock(forged), "INVALID_ARGUMENT", "page_token")


@pytest.fixture
def info_is_logged() -> Iterator[None]:
    """As `serve` has it; a command that another test ran in this process may have left the level at warning."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("info_is_logged")
async def test_the_log_warns_at_changes_and_once_an_hour(plane, monkeypatch: pytest.MonkeyPatch):
    await stock_the_shop(plane)
    await add_store(plane, "s2")
    await report(plane, "s2", 30)
    now_ms = NOW_MS
    monkeypatch.setattr(plane.control, "_real_now_ms", lambda: now_ms)
    alarm = StockAlarm(plane.control)

    def told(time_ms: int) -> list[dict[str, object]]:
        nonlocal now_ms
        now_ms = time_ms
        with capture_logs() as lines:
            alarm.check()
        return [dict(line) for line in lines]

    warning = {"event": "stock_stale", "log_level": "warning"}
    assert told(NOW_MS) == [{**warning, "store_count": 1, "store_ids": ["s2"], "oldest_age_hours": 30.0}]
    assert told(NOW_MS + HOUR_MS - 1) == []
    (again,) = told(NOW_MS + HOUR_MS)
    assert (again["store_count"], again["oldest_age_hours"]) == (1, 31.0)
    (both,) = told(NOW_MS + DAY_MS + 1)
    assert (both["store_count"], both["store_ids"]) == (2, ["s1", "s2"])
    await report(plane, "s1", -24)
    await report(plane, "s2", -24)
    assert [line["event"] for line in told(NOW_MS + DAY_MS + 2)] == ["stock_fresh"]
    assert told(NOW_MS + DAY_MS + 3) == []


async def test_a_clock_that_has_not_started_raises_no_alarm(plane):
    """T0."""
    await stock_the_shop(plane)
    plane.engine.clock = EngineClock("client")
    with capture_logs() as lines:
        StockAlarm(plane.control).check()
    assert lines == []
