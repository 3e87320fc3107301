"""Stock: reported as rows or columns, in force at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from geooffer.errors import InvalidArgumentError
from geooffer.model.catalog import StockFigure
from geooffer.rpc import checks
from geooffer.rpc.convert import decode_stock_figure, encode_stock_figure
from geooffer.rpc.store_scope import check_own_stores
from geooffer.services.batches import apply_batch
from geooffer.services.control import Control
from geooffer.services.pages import page_of
from geooffer.v1 import inventory_service_pb2 as pb
from geooffer.v1 import inventory_service_pb2_grpc as rpc
from geooffer.v1 import resources_pb2 as resources

NAME = "geooffer.v1.InventoryService"
Context = Any


class InventoryService(rpc.InventoryServiceServicer):
    """Stock; the fields and rules are in proto/geooffer/v1/inventory_service.proto."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def ReportStock(self, request: pb.ReportStockRequest, context: Context) -> pb.ReportStockResponse:
        rows = _figures(request)
        check_own_stores(context, (figure.store_id for figure in rows), "content")

        def put(figures: list[StockFigure]) -> Any:
            return self._control.engine.report_stock(figures, partial=request.partial)

        now_ms = self._control.now_ms()
        latest_ms = now_ms + self._control.engine.policy.future_tolerance_ms

        def decode(message: resources.StockFigure) -> StockFigure:
            figure = decode_stock_figure(message)
            if figure.as_of_ms > latest_ms and self._control.engine.clock.kind == "system":
                raise InvalidArgumentError("as_of_time lies in the future", field="as_of_time")
            return figure

        name = "columns" if request.WhichOneof("content") == "columns" else "rows.figures"
        result = await apply_batch(rows, name, decode, put, partial=request.partial)
        return self._control.batch_answer(result, pb.ReportStockResponse)

    async def GetStock(self, request: pb.GetStockRequest, context: Context) -> pb.GetStockResponse:
        store_id = checks.identifier(request.store_id, "store_id")
        check_own_stores(context, [store_id], "store_id")
        product_id = checks.identifier(request.product_id, "product_id", required=False)
        figures = self._control.engine.stock_of(store_id, product_id)
        page, token = page_of(figures, _key, encode_stock_figure, request, "stock", store_id, product_id)
        return pb.GetStockResponse(
            figures=page, next_page_token=token, catalog_generation=self._control.engine.saved_generation
        )

    async def ListStaleStock(self, request: pb.ListStaleStockRequest, context: Context) -> pb.ListStaleStockResponse:
        engine = self._control.engine
        stale = engine.stale_stores(self._control.now_ms())
        page, token = page_of(stale, _store_key, _encode_stale, request, "stale")
        return pb.ListStaleStockResponse(
            stores=page,
            next_page_token=token,
            catalog_generation=engine.saved_generation,
            store_count=len(stale),
            stock_age_max_millis=engine.policy.stock_max_age_ms,
        )


def _store_key(row: tuple[str, int]) -> tuple[str]:
    return row[:1]


def _encode_stale(row: tuple[str, int]) -> pb.StaleStock:
    store_id, newest_ms = row
    return pb.StaleStock(store_id=store_id, newest_as_of_time=checks.timestamp(newest_ms))


def _key(figure: StockFigure) -> tuple[str, str, str]:
    size = figure.size
    return figure.product_id, size.system if size else "", size.value if size else ""


def _figures(request: pb.ReportStockRequest) -> list[resources.StockFigure]:
    match request.WhichOneof("content"):
        case "rows":
            return list(request.rows.figures)
        case "columns":
            return list(_rows_of(request.columns))
    raise InvalidArgumentError("a stock report needs rows or columns", field="content")


def _rows_of(columns: pb.StockColumns) -> Iterator[resources.StockFigure]:
    """Columns as rows. Raises InvalidArgumentError where they are not equally long."""
    count = checks.row_count(len(columns.product_ids), "columns.product_ids")
    sized = len(columns.size_systems)
    if len(columns.available_counts) != count or sized not in (0, count) or len(columns.size_values) != sized:
        raise InvalidArgumentError("columns must be equally long", field="columns")
    for row in range(count):
        figure = resources.StockFigure(
            store_id=columns.store_id,
            product_id=columns.product_ids[row],
            available_count=columns.available_counts[row],
        )
        if columns.HasField("as_of_time"):
            figure.as_of_time.CopyFrom(columns.as_of_time)
        if sized and (columns.size_systems[row] or columns.size_values[row]):
            figure.size.system = columns.size_systems[row]
            figure.size.value = columns.size_values[row]
        yield figure
