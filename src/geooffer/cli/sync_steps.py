"""Full feeds of prices and stock against what is in force: pure functions, as cli/sync_difference.py.

Neither deletes. A price history is kept by law, so a price that a feed no longer names is only told. A variant that a
store's feed no longer names is not on its shelf: its figure becomes 0, which counts as a deletion.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from geooffer.cli.sync_difference import Difference, Key, kept_because
from geooffer.importers.cells import size_text
from geooffer.model.catalog import Price, Size
from geooffer.model.policy import DAY_MS
from geooffer.model.units import format_time_ms

PriceKey = tuple[str, str]
"""(product_id, store_id or '')."""
StockKey = tuple[str, str, Size | None]
"""(store_id, product_id, size)."""

STOCK_AGE_ALARM_MS = DAY_MS


class Count(NamedTuple):
    """Units, and when they were counted."""

    available_count: int
    as_of_ms: int


def price_difference(
    in_force: Mapping[PriceKey, Price], wanted: Mapping[PriceKey, Price], refused: Collection[Key]
) -> tuple[Difference, list[PriceKey]]:
    """What the feed says against the prices in force at its moment, and the keys that need a new step.

    A store without a price of its own is at the chain's; that is compared as it will be after this feed, so that a
    store which keeps its price while the chain's changes gets a step of its own.
    """
    difference = Difference("prices", len(in_force))
    wanted = {key: price for key, price in wanted.items() if key not in refused}
    steps: list[PriceKey] = []
    for key in sorted(wanted):
        product_id, store_id = key
        price = wanted[key]
        before = in_force.get(key)
        if before is None and store_id:
            chain = product_id, ""
            before = wanted.get(chain) or in_force.get(chain)
        if before is not None and before.amount_minor == price.amount_minor:
            difference.add("unchanged", price_text(key))
            continue
        steps.append(key)
        if before is None:
            difference.add("created", price_text(key), f"{price.amount_minor} {price.currency}")
        else:
            note = f"{before.amount_minor} -> {price.amount_minor} {price.currency}"
            difference.add("changed", price_text(key), note)
    for key in sorted(in_force.keys() - wanted.keys()):
        held = in_force[key]
        kept = kept_because(key, refused)
        since = f"{held.amount_minor} {held.currency} since {format_time_ms(held.valid_from_ms)}"
        difference.add("kept" if kept else "missing", price_text(key), kept or since)
    return difference, steps


def stock_difference(
    held: Mapping[StockKey, Count], wanted: Mapping[StockKey, Count], refused: Collection[Key], as_of_ms: int
) -> tuple[Difference, list[tuple[StockKey, Count]]]:
    """What the feed says against the figures held of all stores, and the figures to report.

    Stores that no good row names are left alone. The base of refusal is what is in stock in the others.
    """
    stores = {store_id for store_id, _, _ in wanted}
    in_stock = [key for key, count in held.items() if key[0] in stores and count.available_count > 0]
    difference = Difference("stock", len(in_stock))
    wanted = {key: count for key, count in wanted.items() if _as_refused(key) not in refused}
    report: list[tuple[StockKey, Count]] = []
    for key in sorted(wanted, key=stock_text):
        happens, note = _figure_change(held.get(key), wanted[key])
        difference.add(happens, stock_text(key), note)
        if happens not in ("unchanged", "superseded"):
            report.append((key, wanted[key]))
    for key in sorted((key for key in held if key[0] in stores and key not in wanted), key=stock_text):
        kept = kept_because(_as_refused(key), refused)
        if kept:
            difference.add("kept", stock_text(key), kept)
            continue
        happens, note = _figure_change(held[key], Count(0, as_of_ms))
        difference.add("zeroed" if happens == "changed" else happens, stock_text(key), note)
        if happens not in ("unchanged", "superseded"):
            report.append((key, Count(0, as_of_ms)))
    return difference, report


def _as_refused(key: StockKey) -> Key:
    """The key as a refused row would tell it."""
    store_id, product_id, size = key
    return store_id, product_id, size_text(size)


def _figure_change(held: Count | None, wanted: Count) -> tuple[str, str]:
    if held is None:
        return "created", str(wanted.available_count)
    if held.as_of_ms > wanted.as_of_ms:
        return "superseded", f"held of {format_time_ms(held.as_of_ms)}"
    if held.available_count != wanted.available_count:
        return "changed", f"{held.available_count} -> {wanted.available_count}"
    return ("unchanged" if held.as_of_ms == wanted.as_of_ms else "confirmed"), ""


def stale_stores(figures: Iterable[tuple[StockKey, Count]], as_of_ms: int) -> dict[str, int]:
    """Stores whose newest figure is more than 24 h older than the feed: id → its time, ms since 1970.

    figures: those held and those about to be reported. A store that never reported has none that could age.
    """
    newest: dict[str, int] = {}
    for (store_id, _, _), count in figures:
        newest[store_id] = max(count.as_of_ms, newest.get(store_id, count.as_of_ms))
    return {
        store_id: time_ms for store_id, time_ms in sorted(newest.items()) if as_of_ms - time_ms > STOCK_AGE_ALARM_MS
    }


def price_text(key: PriceKey) -> str:
    """How a report names a price."""
    product_id, store_id = key
    return f"{product_id} at {store_id}" if store_id else product_id


def stock_text(key: StockKey) -> str:
    """How a report names a figure."""
    store_id, product_id, size = key
    return f"{product_id} {size_text(size)} at {store_id}" if size else f"{product_id} at {store_id}"
