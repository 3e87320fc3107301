"""Stock as rows and as columns over a real control port."""

from __future__ import annotations

import pytest
from shop import DAY_MS, EU_43, NOW_MS, a_figure, stock_the_shop
from wire import refused

from geooffer.rpc.checks import timestamp
from geooffer.v1 import inventory_service_pb2 as pb


def columns(**changes) -> pb.ReportStockRequest:
    values = {
        "store_id": "s1",
        "as_of_time": timestamp(NOW_MS + 1),
        "product_ids": ["shoe", "shoe"],
        "size_systems": ["EU", "EU"],
        "size_values": ["42", "43"],
        "available_counts": [5, 0],
    }
    return pb.ReportStockRequest(columns=pb.StockColumns(**(values | changes)))


async def test_columns_and_rows_say_the_same(plane):
    await stock_the_shop(plane)
    saved = plane.engine.saved_generation
    answer = await plane.inventory.ReportStock(columns())
    assert (answer.accepted_count, answer.catalog_generation) == (2, saved)
    held = await plane.inventory.GetStock(pb.GetStockRequest(store_id="s1"))
    expected = [
        a_figure(5, size={"system": "EU", "value": "42"}, as_of_time=timestamp(NOW_MS + 1)),
        a_figure(0, as_of_time=timestamp(NOW_MS + 1)),
    ]
    assert list(held.figures) == expected
    page = await plane.inventory.GetStock(pb.GetStockRequest(store_id="s1", product_id="shoe", page_size=1))
    assert list(page.figures) == expected[:1]
    rest = pb.GetStockRequest(store_id="s1", product_id="shoe", page_token=page.next_page_token)
    assert list((await plane.inventory.GetStock(rest)).figures) == expected[1:]


async def test_an_older_figure_is_taken_and_changes_nothing(plane):
    await stock_the_shop(plane)
    rows = pb.StockRows(figures=[a_figure(9, as_of_time=timestamp(NOW_MS - 1))])
    answer = await plane.inventory.ReportStock(pb.ReportStockRequest(rows=rows))
    assert answer.accepted_count == 1
    held = await plane.inventory.GetStock(pb.GetStockRequest(store_id="s1"))
    assert [figure.available_count for figure in held.figures] == [2]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (pb.ReportStockRequest(), "INVALID_ARGUMENT"),
        (pb.ReportStockRequest(rows=pb.StockRows()), "INVALID_ARGUMENT"),
        (pb.ReportStockRequest(rows=pb.StockRows(figures=[a_figure()] * 1_001)), "INVALID_ARGUMENT"),
        (columns(available_counts=[1]), "INVALID_ARGUMENT"),
        (columns(size_values=["43"]), "INVALID_ARGUMENT"),
        (columns(size_systems=[], size_values=[]), "INVALID_ARGUMENT"),
        (columns(size_values=["42", "44"]), "INVALID_ARGUMENT"),
        (columns(size_systems=["EU", ""]), "INVALID_ARGUMENT"),
        (columns(product_ids=[]), "INVALID_ARGUMENT"),
        (columns(product_ids=["shoe", "none"]), "NOT_FOUND"),
        (columns(store_id="none"), "NOT_FOUND"),
        (columns(as_of_time=None), "INVALID_ARGUMENT"),
        (columns(available_counts=[1, -1]), "INVALID_ARGUMENT"),
        (columns(available_counts=[1, 2**63 - 1]), "INVALID_ARGUMENT"),
    ],
)
async def test_bad_reports_change_nothing(plane, request_, reason):
    await stock_the_shop(plane)
    await refused(plane.inventory.ReportStock(request_), reason)
    held = await plane.inventory.GetStock(pb.GetStockRequest(store_id="s1"))
    assert [(figure.size, figure.available_count) for figure in held.figures] == [(EU_43, 2)]


async def test_a_partial_report_names_its_bad_rows(plane):
    await stock_the_shop(plane)
    bad = columns(product_ids=["none", "shoe"])
    bad.partial = True
    answer = await plane.inventory.ReportStock(bad)
    assert answer.accepted_count == 1
    assert [(problem.row, problem.reason, problem.field) for problem in answer.problems] == [
        (0, "NOT_FOUND", "product_id")
    ]


async def test_stock_of_nothing_known(plane):
    await stock_the_shop(plane)
    await refused(plane.inventory.GetStock(pb.GetStockRequest(store_id="none")), "NOT_FOUND", "store_id")
    unknown = pb.GetStockRequest(store_id="s1", product_id="none")
    await refused(plane.inventory.GetStock(unknown), "NOT_FOUND", "product_id")
    await refused(plane.inventory.GetStock(pb.GetStockRequest()), "INVALID_ARGUMENT", "store_id")


async def test_a_figure_of_tomorrow_is_refused_so_that_it_cannot_outlive_true_ones(plane):
    await stock_the_shop(plane)
    await refused(
        plane.inventory.ReportStock(
            pb.ReportStockRequest(rows=pb.StockRows(figures=[a_figure(as_of_time=timestamp(NOW_MS + DAY_MS))]))
        ),
        "INVALID_ARGUMENT",
        "rows.figures[0].as_of_time",
    )
    held = await plane.inventory.GetStock(pb.GetStockRequest(store_id="s1"))
    assert all(figure.as_of_time.ToMilliseconds() <= NOW_MS for figure in held.figures)
