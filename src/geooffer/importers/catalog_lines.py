"""Lines of the catalog's tables as nouns. All raise InvalidArgumentError naming the column."""

from __future__ import annotations

from geooffer.engine import shapes
from geooffer.importers import values
from geooffer.importers.cells import Cells, optional_id, optional_size, purposes
from geooffer.model import limits, units
from geooffer.model.catalog import Category, Geofence, Offer, Price, Product, StockFigure, Store, Texts
from geooffer.model.verdicts import OfferTrigger

DWELL_MAX_S = 86_400


def read_store(line: Cells) -> Store:
    """A branch."""
    return Store(
        store_id=values.identifier(line["store_id"], "store_id"),
        name=values.short_text(line.get("name", ""), "name"),
        latitude_e7=values.latitude_e7(line["latitude"]),
        longitude_e7=values.longitude_e7(line["longitude"]),
        time_zone=values.time_zone(line["time_zone"], "time_zone"),
        opening_hours=values.opening_hours(line.get("opening_hours", ""), "opening_hours"),
        country=values.country(line.get("country", ""), "country"),
        region=values.region(line.get("region", ""), "region"),
        tags=values.tags(values.parts(line.get("tags", "")), "tags"),
        is_online=values.truth(line.get("is_online", ""), "is_online", default=False),
    )


def read_fence(line: Cells) -> Geofence:
    """A circle."""
    radius_m = values.number(line["radius_m"], "radius_m")
    centre = values.latitude_e7(line["latitude"]), values.longitude_e7(line["longitude"])
    dwell_s = line.get("dwell_s", "")
    return Geofence(
        geofence_id=values.identifier(line["geofence_id"], "geofence_id"),
        shape=shapes.circle(*centre, units.metres_to_cm(radius_m)),
        store_id=optional_id(line, "store_id"),
        name=values.short_text(line.get("name", ""), "name"),
        dwell_ms=1000 * values.integer(dwell_s, "dwell_s", 0, DWELL_MAX_S) if dwell_s else 0,
    )


def read_category(line: Cells) -> Category:
    """A category with its names."""
    return Category(values.identifier(line["category_id"], "category_id"), _texts(line, "name"))


def read_product(line: Cells) -> Product:
    """An article with titles and sizes."""
    titles = _texts(line, "title")
    if not titles:
        raise values.refuse("title", "no title in any language")
    sizes = tuple(values.size(part, "sizes") for part in values.parts(line.get("sizes", "")))
    if len(set(sizes)) != len(sizes):
        raise values.refuse("sizes", "names a size twice")
    if len(sizes) > limits.SIZES_PER_PRODUCT_COUNT_MAX:
        raise values.refuse("sizes", f"more than {limits.SIZES_PER_PRODUCT_COUNT_MAX}")
    return Product(
        product_id=values.identifier(line["product_id"], "product_id"),
        category_id=values.identifier(line["category_id"], "category_id"),
        titles=titles,
        sizes=sizes,
        stock_tracked=values.truth(line.get("stock_tracked", ""), "stock_tracked", default=True),
    )


def read_price(line: Cells) -> Price:
    """One step of a price history."""
    return Price(
        product_id=values.identifier(line["product_id"], "product_id"),
        amount_minor=values.integer(line["amount_minor"], "amount_minor", 1, limits.AMOUNT_MINOR_MAX),
        currency=values.currency(line["currency"], "currency"),
        valid_from_ms=values.time_ms(line["valid_from_time"], "valid_from_time"),
        store_id=optional_id(line, "store_id"),
    )


def read_offer(line: Cells) -> Offer:
    """What a network wants to say about a product."""
    valid_from_ms = values.time_ms(line["valid_from_time"], "valid_from_time")
    valid_until_ms = values.time_ms(line["valid_until_time"], "valid_until_time")
    if valid_until_ms <= valid_from_ms:
        raise values.refuse("valid_until_time", "is not after valid_from_time")
    store_ids = [values.identifier(part, "store_ids") for part in values.parts(line.get("store_ids", ""))]
    if len(store_ids) > limits.STORES_PER_OFFER_COUNT_MAX:
        raise values.refuse("store_ids", f"more than {limits.STORES_PER_OFFER_COUNT_MAX}")
    cut = line.get("minimum_price_cut_percent", "")
    return Offer(
        offer_id=values.identifier(line["offer_id"], "offer_id"),
        product_id=values.identifier(line["product_id"], "product_id"),
        valid_from_ms=valid_from_ms,
        valid_until_ms=valid_until_ms,
        store_ids=tuple(sorted(set(store_ids))),
        minimum_price_cut_percent=values.integer(cut, "minimum_price_cut_percent", 0, 99) if cut else 1,
        trigger=OfferTrigger[values.choice(line.get("trigger", "") or "ENTER", "trigger", OfferTrigger.__members__)],
        paused=values.truth(line.get("paused", ""), "paused", default=False),
        required_purposes=purposes(line.get("required_purposes", ""), "required_purposes"),
    )


def read_stock(line: Cells) -> StockFigure:
    """Units of one variant at one store."""
    return StockFigure(
        store_id=values.identifier(line["store_id"], "store_id"),
        product_id=values.identifier(line["product_id"], "product_id"),
        size=optional_size(line),
        available_count=values.integer(line["available_count"], "available_count", 0, limits.STOCK_COUNT_MAX),
        as_of_ms=values.time_ms(line["as_of_time"], "as_of_time"),
    )


def _texts(line: Cells, prefix: str) -> Texts:
    found = []
    for column in sorted(line):
        if column.startswith(f"{prefix}_") and line[column]:
            code = values.language(column.removeprefix(f"{prefix}_"), column)
            found.append((code, values.short_text(line[column], column)))
    return tuple(found)
