"""From the rows of a full feed to a plan: ask the service what it holds, compare, and say what would be sent.

Rows that can be known to fail (an unknown product, a second currency) are refused here, before anything is applied.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from geooffer.cli.import_report import NO_FILE, Report, SourceRow
from geooffer.cli.sync_difference import Difference, Key, noun_difference
from geooffer.cli.sync_steps import (
    Count,
    StockKey,
    price_difference,
    price_text,
    stale_stores,
    stock_difference,
    stock_text,
)
from geooffer.client import GeoofferControl
from geooffer.client.holdings import NOUN_KINDS, held_nouns, held_prices, held_stock
from geooffer.errors import GeoofferError, InvalidArgumentError
from geooffer.importers.cells import size_text
from geooffer.importers.rows import Row
from geooffer.model.catalog import Price, StockFigure
from geooffer.model.sizes import canonical_size
from geooffer.model.units import format_time_ms
from geooffer.rpc import convert


@dataclass(slots=True)
class Plan:
    """What a feed would do: the difference to show, the rows to send, then the nouns to delete."""

    report: Report[Any]
    difference: Difference
    rows: dict[str, SourceRow[Any]]
    """By the id that the difference has them under, in the order to send."""
    deletions: dict[str, str] = field(default_factory=dict)
    """Id → etag as it was read."""


async def plan_of(control: GeoofferControl, report: Report[Any], as_of_ms: int) -> Plan:
    """Compare the good rows with what the service holds; those that cannot be applied become refused ones.

    `as_of_ms` matters to prices and stock. Raises what the service answers to reading.
    """
    if report.kind == "prices":
        return await _plan_prices(control, report, as_of_ms)
    if report.kind == "stock":
        return await _plan_stock(control, report, as_of_ms)
    return await _plan_nouns(control, report)


async def _plan_nouns(control: GeoofferControl, report: Report[Any]) -> Plan:
    kind = NOUN_KINDS[report.kind]
    held = await held_nouns(control, kind)
    wanted: dict[str, Any] = {}
    sources: dict[str, SourceRow[Any]] = {}
    problems: dict[int, str] = {}
    for index, source in enumerate(report.good):
        encoded = kind.encode(source.row.item)
        try:
            message = kind.canonical(source.row.item)
        except GeoofferError as error:
            problems[index] = f"{error.message} [{error.reason}]"
            continue
        wanted[kind.id_of(encoded)] = message
        sources[kind.id_of(encoded)] = source
    report.refuse(problems, lambda noun: (kind.id_of(kind.encode(noun)),))
    etags = {identifier: message.etag for identifier, message in held.items()}
    for message in held.values():
        message.ClearField("etag")
    difference = noun_difference(report.kind, held, wanted, _refused_keys(report))
    rows = {identifier: sources[identifier] for identifier in (*difference.of("created"), *difference.of("changed"))}
    return Plan(report, difference, rows, {identifier: etags[identifier] for identifier in difference.of("deleted")})


async def _plan_prices(control: GeoofferControl, report: Report[Price], as_of_ms: int) -> Plan:
    stores, products = await _ids(control, "stores"), await _ids(control, "products")
    in_force = {(price.product_id, price.store_id): price for price in await held_prices(control, as_of_ms)}
    currencies = {price.product_id: price.currency for price in in_force.values()}
    problems: dict[int, str] = {}
    for index, source in enumerate(report.good):
        price = source.row.item
        if problem := _unknown(price.product_id, price.store_id, products, stores):
            problems[index] = problem
        elif currencies.setdefault(price.product_id, price.currency) != price.currency:
            problems[index] = f"currency: the product's other prices are in {currencies[price.product_id]}"
    report.refuse(problems, lambda price: (price.product_id, price.store_id))
    sources = {(source.row.item.product_id, source.row.item.store_id): source for source in report.good}
    wanted = {key: source.row.item for key, source in sources.items()}
    difference, steps = price_difference(in_force, wanted, _refused_keys(report))
    # stores' own steps first: batches are saved one by one, and a store that keeps its price must not follow the
    # chain's in between
    steps.sort(key=lambda key: not key[1])
    return Plan(report, difference, {price_text(key): sources[key] for key in steps})


async def _plan_stock(control: GeoofferControl, report: Report[StockFigure], as_of_ms: int) -> Plan:
    stores = await held_nouns(control, NOUN_KINDS["stores"])
    products = await held_nouns(control, NOUN_KINDS["products"])
    categories = await held_nouns(control, NOUN_KINDS["categories"])
    charts = {product_id: categories[message.category_id].size_chart for product_id, message in products.items()}
    sizes = {
        product_id: {canonical_size(charts[product_id], convert.decode_size(size)) for size in message.sizes}
        for product_id, message in products.items()
    }
    problems: dict[int, str] = {}
    for index, source in enumerate(report.good):
        figure = source.row.item
        if problem := _unknown(figure.product_id, figure.store_id, products, stores):
            problems[index] = problem
            continue
        try:
            figure = _canonical(figure, charts[figure.product_id])
        except InvalidArgumentError as error:
            problems[index] = f"size: {error.message}"
            continue
        if figure.size not in (sizes[figure.product_id] or (None,)):
            problems[index] = "size: the product does not come in this size"
        report.good[index] = replace(source, row=replace(source.row, item=figure))
    report.refuse(problems, lambda figure: (figure.store_id, figure.product_id, size_text(figure.size)))
    held: dict[StockKey, Count] = {}
    for store_id in stores:
        held.update(_counts(await held_stock(control, store_id)))
    sources = {_stock_key(source.row.item): source for source in report.good}
    wanted = _counts(source.row.item for source in report.good)
    difference, figures = stock_difference(held, wanted, _refused_keys(report), as_of_ms)
    for store_id, newest_ms in stale_stores([*held.items(), *figures], as_of_ms).items():
        difference.add("stale", store_id, f"newest figure of {format_time_ms(newest_ms)}")
    rows = {
        stock_text(key): sources.get(key) or _absent(number, key, count)
        for number, (key, count) in enumerate(figures, start=1)
    }
    return Plan(report, difference, rows)


def _canonical(figure: StockFigure, chart: str) -> StockFigure:
    """The figure under the size that the service holds it by: UK 8 of a feed is the EU 42 of the last one."""
    return figure if figure.size is None else replace(figure, size=canonical_size(chart, figure.size))


def _absent(number: int, key: StockKey, count: Count) -> SourceRow[StockFigure]:
    """The row of a variant that the feed does not name; `number` is its place among what is sent."""
    return SourceRow(NO_FILE, Row(f"figure {number} (not in the feed)", StockFigure(*key, *count)))


def _counts(figures: Iterable[StockFigure]) -> dict[StockKey, Count]:
    return {_stock_key(figure): Count(figure.available_count, figure.as_of_ms) for figure in figures}


def _stock_key(figure: StockFigure) -> StockKey:
    return figure.store_id, figure.product_id, figure.size


def _unknown(product_id: str, store_id: str, products: Iterable[str], stores: Iterable[str]) -> str:
    """Why a row speaks of nothing known; '' = it does not."""
    if product_id not in products:
        return "product_id: names a product that does not exist"
    if store_id and store_id not in stores:
        return "store_id: names a store that does not exist"
    return ""


async def _ids(control: GeoofferControl, kind: str) -> set[str]:
    return set(await held_nouns(control, NOUN_KINDS[kind]))


def _refused_keys(report: Report[Any]) -> set[Key]:
    return {refusal.key for _, refusal in report.refused}
