"""The CSV tables of the catalog and of people: which columns each has, and how a line becomes a noun.

A column that a table does not know is refused, as is a missing required one: a misspelt column would
otherwise be a silent default. `{language}` stands for an ISO 639-1 code (`title_en`, `title_de`). Lists are
separated by `|`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from geooffer.engine import shapes
from geooffer.importers import values
from geooffer.importers.weekly_hours import weekly_hours
from geooffer.model import keys, limits, units
from geooffer.model.catalog import (
    Category,
    Customer,
    Geofence,
    Offer,
    Price,
    Product,
    Size,
    StockFigure,
    Store,
    Texts,
)
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import OfferTrigger, Purpose, TouchpointKind

Cells = Mapping[str, str]
DWELL_MAX_S = 86_400


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """Purposes (a mask of Purpose bits) given or taken back by one person."""

    customer_id: str
    purposes: int
    granted: bool
    time_ms: int
    notice_version: str = ""


Item = (
    Store | Geofence | Category | Product | Price | Offer | StockFigure | Customer | Touchpoint | ConsentEvent
)


@dataclass(frozen=True, slots=True)
class Table:
    """How one kind of file is read. `identity` is what may stand in a file once; '' = may repeat."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    read: Callable[[Cells], Item]
    identity: Callable[[Item], str]
    text_prefix: str = ""
    """`title` allows the columns title_en, title_de, …"""
    text_required: bool = False


def _store(cells: Cells) -> Store:
    return Store(
        store_id=values.identifier(cells["store_id"], "store_id"),
        name=values.short_text(cells.get("name", ""), "name"),
        latitude_e7=values.latitude_e7(cells["latitude"]),
        longitude_e7=values.longitude_e7(cells["longitude"]),
        time_zone=values.time_zone(cells["time_zone"], "time_zone"),
        weekly_hours=weekly_hours(cells.get("weekly_hours", ""), "weekly_hours"),
    )


def _fence(cells: Cells) -> Geofence:
    radius_m = values.number(cells["radius_m"], "radius_m")
    centre = values.latitude_e7(cells["latitude"]), values.longitude_e7(cells["longitude"])
    dwell_s = cells.get("dwell_s", "")
    return Geofence(
        geofence_id=values.identifier(cells["geofence_id"], "geofence_id"),
        shape=shapes.circle(*centre, units.metres_to_cm(radius_m)),
        store_id=_optional_id(cells, "store_id"),
        name=values.short_text(cells.get("name", ""), "name"),
        dwell_ms=1000 * values.integer(dwell_s, "dwell_s", 0, DWELL_MAX_S) if dwell_s else 0,
    )


def _category(cells: Cells) -> Category:
    return Category(values.identifier(cells["category_id"], "category_id"), _texts(cells, "name"))


def _product(cells: Cells) -> Product:
    titles = _texts(cells, "title")
    if not titles:
        raise values.refuse("title", "no title in any language")
    sizes = tuple(values.size(part, "sizes") for part in values.parts(cells.get("sizes", "")))
    if len(set(sizes)) != len(sizes):
        raise values.refuse("sizes", "names a size twice")
    if len(sizes) > limits.SIZES_PER_PRODUCT_COUNT_MAX:
        raise values.refuse("sizes", f"more than {limits.SIZES_PER_PRODUCT_COUNT_MAX}")
    return Product(
        product_id=values.identifier(cells["product_id"], "product_id"),
        category_id=values.identifier(cells["category_id"], "category_id"),
        titles=titles,
        sizes=sizes,
        stock_tracked=values.truth(cells.get("stock_tracked", ""), "stock_tracked", default=True),
    )


def _price(cells: Cells) -> Price:
    return Price(
        product_id=values.identifier(cells["product_id"], "product_id"),
        amount_minor=values.integer(cells["amount_minor"], "amount_minor", 1, limits.AMOUNT_MINOR_MAX),
        currency=values.currency(cells["currency"], "currency"),
        valid_from_ms=values.time_ms(cells["valid_from_time"], "valid_from_time"),
        store_id=_optional_id(cells, "store_id"),
    )


def _offer(cells: Cells) -> Offer:
    valid_from_ms = values.time_ms(cells["valid_from_time"], "valid_from_time")
    valid_until_ms = values.time_ms(cells["valid_until_time"], "valid_until_time")
    if valid_until_ms <= valid_from_ms:
        raise values.refuse("valid_until_time", "is not after valid_from_time")
    store_ids = [values.identifier(part, "store_ids") for part in values.parts(cells.get("store_ids", ""))]
    if len(store_ids) > limits.STORES_PER_OFFER_COUNT_MAX:
        raise values.refuse("store_ids", f"more than {limits.STORES_PER_OFFER_COUNT_MAX}")
    cut = cells.get("minimum_price_cut_percent", "")
    return Offer(
        offer_id=values.identifier(cells["offer_id"], "offer_id"),
        product_id=values.identifier(cells["product_id"], "product_id"),
        valid_from_ms=valid_from_ms,
        valid_until_ms=valid_until_ms,
        store_ids=tuple(sorted(set(store_ids))),
        minimum_price_cut_percent=values.integer(cut, "minimum_price_cut_percent", 0, 99) if cut else 1,
        trigger=OfferTrigger[
            values.choice(cells.get("trigger", "") or "ENTER", "trigger", OfferTrigger.__members__)
        ],
        paused=values.truth(cells.get("paused", ""), "paused", default=False),
        required_purposes=_purposes(cells.get("required_purposes", ""), "required_purposes"),
    )


def _stock(cells: Cells) -> StockFigure:
    return StockFigure(
        store_id=values.identifier(cells["store_id"], "store_id"),
        product_id=values.identifier(cells["product_id"], "product_id"),
        size=_optional_size(cells),
        available_count=values.integer(
            cells["available_count"], "available_count", 0, limits.STOCK_COUNT_MAX
        ),
        as_of_ms=values.time_ms(cells["as_of_time"], "as_of_time"),
    )


def _customer(cells: Cells) -> Customer:
    devices = [keys.device_key(part) for part in values.parts(cells["device_keys"]) if part]
    if len(set(devices)) != len(devices):
        raise values.refuse("device_keys", "names a device twice")
    if len(devices) > limits.DEVICES_PER_CUSTOMER_COUNT_MAX:
        raise values.refuse("device_keys", f"more than {limits.DEVICES_PER_CUSTOMER_COUNT_MAX}")
    return Customer(
        customer_id=values.identifier(cells["customer_id"], "customer_id"),
        device_keys=tuple(sorted(devices)),
        language=values.language(cells.get("language", "") or "en", "language"),
    )


def _touchpoint(cells: Cells) -> Touchpoint:
    category_id, product_id = _optional_id(cells, "category_id"), _optional_id(cells, "product_id")
    if bool(category_id) == bool(product_id):
        raise values.refuse("category_id", "exactly one of category_id and product_id is needed")
    kind = TouchpointKind[values.choice(cells["kind"], "kind", TouchpointKind.__members__)]
    size = _optional_size(cells)
    if kind is TouchpointKind.PREFERENCE and (size is None or not category_id):
        raise values.refuse("kind", "PREFERENCE needs category_id and size")
    return Touchpoint(
        customer_id=values.identifier(cells["customer_id"], "customer_id"),
        kind=kind,
        time_ms=values.time_ms(cells["event_time"], "event_time"),
        category_id=category_id,
        product_id=product_id,
        size=size,
    )


def _consent(cells: Cells) -> ConsentEvent:
    granted = values.truth(cells["granted"], "granted", default=True)
    purposes = _purposes(cells["purposes"], "purposes")
    if not purposes:
        raise values.refuse("purposes", "is missing")
    notice = values.short_text(cells.get("notice_version", ""), "notice_version")
    if granted and not 1 <= len(notice) <= limits.ID_LENGTH_MAX:
        raise values.refuse("notice_version", f"needed where granted, 1 to {limits.ID_LENGTH_MAX} characters")
    return ConsentEvent(
        customer_id=values.identifier(cells["customer_id"], "customer_id"),
        purposes=purposes,
        granted=granted,
        time_ms=values.time_ms(cells["event_time"], "event_time"),
        notice_version=notice if granted else "",
    )


def _purposes(text: str, column: str) -> int:
    mask = 0
    for part in values.parts(text):
        mask |= Purpose[values.choice(part, column, Purpose.__members__)].bit
    return mask


def _optional_id(cells: Cells, column: str) -> str:
    text = cells.get(column, "")
    return values.identifier(text, column) if text else ""


def _optional_size(cells: Cells) -> Size | None:
    text = cells.get("size", "")
    return values.size(text, "size") if text else None


def _texts(cells: Cells, prefix: str) -> Texts:
    found = []
    for column in sorted(cells):
        if column.startswith(f"{prefix}_") and cells[column]:
            code = values.language(column.removeprefix(f"{prefix}_"), column)
            found.append((code, values.short_text(cells[column], column)))
    return tuple(found)


def _no_identity(_: Item) -> str:
    return ""


def _attribute(name: str) -> Callable[[Item], str]:
    def identity(item: Item) -> str:
        value = getattr(item, name)
        assert isinstance(value, str)
        return value

    return identity


def _price_identity(item: Item) -> str:
    assert isinstance(item, Price)
    return f"{item.product_id} {item.store_id} {item.valid_from_ms}"


def _stock_identity(item: Item) -> str:
    assert isinstance(item, StockFigure)
    return f"{item.store_id} {item.product_id} {item.size} {item.as_of_ms}"


TABLES: dict[str, Table] = {
    "stores": Table(
        ("store_id", "latitude", "longitude", "time_zone"),
        ("name", "weekly_hours"),
        _store,
        _attribute("store_id"),
    ),
    "fences": Table(
        ("geofence_id", "latitude", "longitude", "radius_m"),
        ("store_id", "name", "dwell_s"),
        _fence,
        _attribute("geofence_id"),
    ),
    "categories": Table(("category_id",), (), _category, _attribute("category_id"), text_prefix="name"),
    "products": Table(
        ("product_id", "category_id"),
        ("sizes", "stock_tracked"),
        _product,
        _attribute("product_id"),
        text_prefix="title",
        text_required=True,
    ),
    "prices": Table(
        ("product_id", "amount_minor", "currency", "valid_from_time"), ("store_id",), _price, _price_identity
    ),
    "offers": Table(
        ("offer_id", "product_id", "valid_from_time", "valid_until_time"),
        ("store_ids", "minimum_price_cut_percent", "trigger", "paused", "required_purposes"),
        _offer,
        _attribute("offer_id"),
    ),
    "stock": Table(
        ("store_id", "product_id", "available_count", "as_of_time"), ("size",), _stock, _stock_identity
    ),
    "customers": Table(("customer_id", "device_keys"), ("language",), _customer, _attribute("customer_id")),
    "touchpoints": Table(
        ("customer_id", "kind", "event_time"),
        ("category_id", "product_id", "size"),
        _touchpoint,
        _no_identity,
    ),
    "consents": Table(
        ("customer_id", "purposes", "granted", "event_time"), ("notice_version",), _consent, _no_identity
    ),
}
"""By the name of the `import` subcommand."""
