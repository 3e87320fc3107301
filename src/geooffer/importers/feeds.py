"""Full feeds of prices and stock: tables without times, because the whole file is of one moment.

A nightly price list says what everything costs as of then, not since when; which of it is a new step of the history is
for the caller to find out. A stock feed says what lies on the shelves as of then; a line may name an earlier time of
its own.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from geooffer.importers import catalog_lines, values
from geooffer.importers.cells import Cells, size_text
from geooffer.importers.csv_files import read_table
from geooffer.importers.rows import Import, TakenIds
from geooffer.importers.tables import TABLES, Item, Table
from geooffer.model import units
from geooffer.model.catalog import Price, StockFigure


def read_price_feed(path: Path, as_of_ms: int, *, taken: TakenIds | None = None) -> Import[Price]:
    """The prices of a full feed (product_id amount_minor currency [store_id]), each from `as_of_ms` on.

    Raises InvalidArgumentError as `read_table` does.
    """
    as_of = units.format_time_ms(as_of_ms)

    def read(line: Cells) -> Item:
        return catalog_lines.read_price({**line, "valid_from_time": as_of})

    def identity(item: Item) -> str:
        assert isinstance(item, Price)
        return f"{item.product_id} {item.store_id}"

    table = replace(TABLES["prices"], required=("product_id", "amount_minor", "currency"), read=read, identity=identity)
    return _prices(read_table(path, "prices", taken=taken, table=table))


def read_stock_feed(path: Path, as_of_ms: int, *, taken: TakenIds | None = None) -> Import[StockFigure]:
    """The figures of a full feed (store_id product_id available_count [size as_of_time]), counted at `as_of_ms` or,
    where a line says so, before.

    Raises InvalidArgumentError as `read_table` does.
    """
    as_of = units.format_time_ms(as_of_ms)

    def read(line: Cells) -> Item:
        figure = catalog_lines.read_stock({**line, "as_of_time": line.get("as_of_time", "") or as_of})
        if figure.as_of_ms > as_of_ms:
            raise values.refuse("as_of_time", "is after --as-of")
        return figure

    def identity(item: Item) -> str:
        assert isinstance(item, StockFigure)
        return f"{item.store_id} {item.product_id} {size_text(item.size)}"

    table: Table = replace(
        TABLES["stock"],
        required=("store_id", "product_id", "available_count"),
        optional=("size", "as_of_time"),
        read=read,
        identity=identity,
    )
    return _figures(read_table(path, "stock", taken=taken, table=table))


def _prices(found: Import[Item]) -> Import[Price]:
    assert all(isinstance(row.item, Price) for row in found.rows)
    return found  # type: ignore[return-value]


def _figures(found: Import[Item]) -> Import[StockFigure]:
    assert all(isinstance(row.item, StockFigure) for row in found.rows)
    return found  # type: ignore[return-value]
