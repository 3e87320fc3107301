"""G3: a store's token is good for its own stores, each by its id, and for nothing else."""

from __future__ import annotations

import grpc
import pytest
from shop import NOW_MS, a_figure, stock_the_shop
from test_closures import a_store, listed
from wire import refused

from geooffer.rpc import roles
from geooffer.rpc.checks import timestamp
from geooffer.v1 import inventory_service_pb2 as inventory
from geooffer.v1 import store_service_pb2 as stores

SWITCHES = ("CloseStores", "ReopenStores", "PauseOffers", "ResumeOffers")
INVENTORY, STORES = "/geooffer.v1.InventoryService/", "/geooffer.v1.StoreService/"
DENIED = "a store's token is for the stores it names, each by its id"


@pytest.fixture
async def call(plane):
    """`await call(path, request)` by the till of s1 and s2, in a town that has s3, too."""
    await stock_the_shop(plane)
    rows = [a_store(name, region="DE-BE", tags=["mall"]) for name in ("s2", "s3")]
    await plane.stores.BatchUpsertStores(stores.BatchUpsertStoresRequest(stores=rows))
    metadata = plane.metadata(roles.STORE, "till", store_ids=["s1", "s2"])
    return lambda path, request: plane.anonymous.unary_unary(path)(request.SerializeToString(), metadata=metadata)


def rows(*store_ids: str) -> inventory.ReportStockRequest:
    figures = [a_figure(9, store_id=store_id) for store_id in store_ids]
    return inventory.ReportStockRequest(rows=inventory.StockRows(figures=figures), partial=True)


def column(store_id: str) -> inventory.ReportStockRequest:
    columns = inventory.StockColumns(
        store_id=store_id,
        as_of_time=timestamp(NOW_MS),
        product_ids=["shoe"],
        available_counts=[9],
        size_systems=["EU"],
        size_values=["43"],
    )
    return inventory.ReportStockRequest(columns=columns)


async def counts(plane, store_id: str) -> list[int]:
    answer = await plane.inventory.GetStock(inventory.GetStockRequest(store_id=store_id))
    return [item.available_count for item in answer.figures]


async def test_a_till_reports_and_reads_its_own_stock(plane, call):
    for request in (rows("s1", "s2"), column("s2")):
        await call(INVENTORY + "ReportStock", request)
    assert 9 in await counts(plane, "s1")
    assert await counts(plane, "s2") == [9]
    answer = await call(INVENTORY + "GetStock", inventory.GetStockRequest(store_id="s2"))
    assert inventory.GetStockResponse.FromString(answer).figures[0].available_count == 9


@pytest.mark.parametrize(
    "request_", [rows("s3"), rows("s1", "s3"), rows("nowhere"), rows("s1", ""), column("s3"), column("")]
)
async def test_nothing_of_a_report_on_others_is_taken(plane, call, request_):
    before = await counts(plane, "s1")
    text = await refused(call(INVENTORY + "ReportStock", request_), "PERMISSION_DENIED", "content")
    assert text == DENIED
    assert (await counts(plane, "s1"), await counts(plane, "s3")) == (before, [])


@pytest.mark.parametrize("store_id", ["s3", "nowhere"])
async def test_others_are_not_told_of(call, store_id):
    asked = call(INVENTORY + "GetStock", inventory.GetStockRequest(store_id=store_id))
    assert await refused(asked, "PERMISSION_DENIED", "store_id") == DENIED
    asked = call(STORES + "ListClosures", stores.ListClosuresRequest(store_id=store_id))
    assert await refused(asked, "PERMISSION_DENIED", "store_id") == DENIED


@pytest.mark.parametrize("method", SWITCHES)
async def test_a_till_switches_its_own_stores_alone(plane, call, method):
    kind = getattr(stores, f"{method}Request")
    for fields in (
        {"store_ids": ["s3"]}, {"store_ids": ["s1", "s3"]}, {"region": "DE-BE"}, {"tag": "mall"}, {},
        {"store_ids": ["s1"], "tag": "mall"}, {"store_ids": ["s1"], "region": "DE-BE"},
    ):  # fmt: skip
        assert await refused(call(STORES + method, kind(**fields)), "PERMISSION_DENIED", "store_ids") == DENIED
    assert await listed(plane) == []
    await call(STORES + method, kind(store_ids=["s2"]))
    assert [row[0] for row in await listed(plane)] == (["s2"] if method in ("CloseStores", "PauseOffers") else [])
    page = await call(STORES + "ListClosures", stores.ListClosuresRequest(store_id="s2"))
    assert len(stores.ListClosuresResponse.FromString(page).closures) == len(await listed(plane))
    assert await refused(call(STORES + "ListClosures", stores.ListClosuresRequest()), "PERMISSION_DENIED") == DENIED


async def test_a_request_id_does_not_lead_around(plane, call):
    """Another caller's remembered answer is not given to who may not have it, be their subjects alike."""
    operator = plane.metadata(roles.OPERATOR, "till")
    request = stores.CloseStoresRequest(store_ids=["s3"], request_id="r1")
    await plane.anonymous.unary_unary(STORES + "CloseStores")(request.SerializeToString(), metadata=operator)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(STORES + "CloseStores", request)
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
