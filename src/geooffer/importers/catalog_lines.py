"""Lines of the catalog's tables as nouns. All raise InvalidArgumentError naming the column."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from geooffer.importers import values
from geooffer.importers.cells import Cells, optional_id, optional_size, purposes
from geooffer.model import limits
from geooffer.model.catalog import Category, Offer, Price, Product, StockFigure, Store, Texts
from geooffer.model.repurchase import PRESETS, WAIT_DAYS_MAX, RepurchaseRule
from geooffer.model.sizes import CHART_NAMES
from geooffer.model.verdicts import OfferTrigger

_REPURCHASE_FLAGS = ("is_consumable", "search_lifts_wait")


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


def read_category(line: Cells) -> Category:
    """A category with its words and rules."""
    return Category(
        category_id=values.identifier(line["category_id"], "category_id"),
        names=_texts(line, "name"),
        synonyms=_synonyms(line),
        size_chart=_one_of(line, "size_chart", CHART_NAMES),
        repurchase_preset=_one_of(line, "repurchase_preset", PRESETS),
        repurchase=_repurchase(line),
        is_special=values.truth(line.get("is_special", ""), "is_special", default=False),
    )


def _synonyms(line: Cells) -> Texts:
    found = []
    for column, code in _text_columns(line, "synonyms"):
        words = values.parts(line[column])
        found += [(code, values.short_text(word, column)) for word in words if word]
        if len(set(words)) != len(words):
            raise values.refuse(column, "names a word twice")
    if len(found) > limits.SYNONYM_COUNT_MAX:
        raise values.refuse("synonyms", f"more than {limits.SYNONYM_COUNT_MAX}")
    return tuple(sorted(found))


def _one_of(line: Cells, column: str, names: Collection[str]) -> str:
    name = line.get(column, "")
    if name and name not in names:
        raise values.refuse(column, f"not one of {', '.join(filter(None, names))}")
    return name


def _repurchase(line: Cells) -> RepurchaseRule | None:
    """None where the line says nothing of it; then the preset holds."""
    flags = {name: values.truth(line.get(name, ""), name, default=False) for name in _REPURCHASE_FLAGS}
    wait_days = line.get("wait_days", "")
    if not wait_days:
        given = [name for name in _REPURCHASE_FLAGS if line.get(name)]
        if given:
            raise values.refuse(given[0], "needs wait_days")
        return None
    # a consumable with no wait would be due at once, for ever
    low = 1 if flags["is_consumable"] else 0
    return RepurchaseRule(values.integer(wait_days, "wait_days", low, WAIT_DAYS_MAX), **flags)


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
    safety_stock, vat = line.get("safety_stock_count", ""), line.get("vat_percent", "")
    return Product(
        product_id=values.identifier(line["product_id"], "product_id"),
        category_id=values.identifier(line["category_id"], "category_id"),
        titles=titles,
        sizes=sizes,
        stock_tracked=values.truth(line.get("stock_tracked", ""), "stock_tracked", default=True),
        safety_stock_count=(
            values.integer(safety_stock, "safety_stock_count", 0, limits.STOCK_COUNT_MAX) if safety_stock else -1
        ),
        is_sold_online=values.truth(line.get("is_sold_online", ""), "is_sold_online", default=False),
        vat_basis_points=values.percent(vat, "vat_percent") if vat else 0,
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
        campaign_id=optional_id(line, "campaign_id"),
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
    columns = _text_columns(line, prefix)
    return tuple((code, values.short_text(line[column], column)) for column, code in columns)


def _text_columns(line: Cells, prefix: str) -> Iterator[tuple[str, str]]:
    """(column, language) of the cells that hold something, such as ("title_de", "de")."""
    for column in sorted(line):
        if column.startswith(f"{prefix}_") and line[column]:
            yield column, values.language(column.removeprefix(f"{prefix}_"), column)
