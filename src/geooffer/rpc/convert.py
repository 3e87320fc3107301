"""Catalog nouns to and from the wire. Decoding checks every value; references are the engine's to check."""

from __future__ import annotations

from collections.abc import Iterable

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.model.catalog import (
    Category,
    Geofence,
    Offer,
    Price,
    Product,
    Size,
    StockFigure,
    Store,
    Texts,
)
from geooffer.model.repurchase import PRESETS, RepurchaseRule
from geooffer.model.sizes import CHART_NAMES
from geooffer.model.verdicts import OfferTrigger, Purpose
from geooffer.rpc import checks
from geooffer.rpc.convert_shapes import decode_shape, encode_shape
from geooffer.v1 import resources_pb2 as pb
from geooffer.v1 import verdicts_pb2 as verdicts

PRICE_CUT_DEFAULT_PERCENT = 1
SAFETY_STOCK_OF_POLICY = -1


# -- stores and fences ---------------------------------------------------------------------------------------


def decode_store(message: pb.Store) -> Store:
    """Raises InvalidArgumentError."""
    return Store(
        store_id=checks.identifier(message.store_id, "store_id"),
        name=checks.text(message.name, "name"),
        latitude_e7=checks.latitude(message.latitude_e7),
        longitude_e7=checks.longitude(message.longitude_e7),
        time_zone=checks.time_zone(message.time_zone),
        opening_hours=checks.opening_hours(message.opening_hours),
        country=checks.country(message.country),
        region=checks.text(message.region, "region", length_max=limits.ID_LENGTH_MAX),
        tags=_decode_tags(message.tags),
        is_online=message.is_online,
    )


def _decode_tags(values: Iterable[str]) -> tuple[str, ...]:
    tags = sorted(checks.identifier(tag, "tags") for tag in values)
    if len(tags) > limits.TAGS_PER_STORE_COUNT_MAX or len(set(tags)) != len(tags):
        raise InvalidArgumentError(f"tags may be {limits.TAGS_PER_STORE_COUNT_MAX} at most, each once", field="tags")
    return tuple(tags)


def encode_store(store: Store) -> pb.Store:
    """The wire form, without etag."""
    return pb.Store(
        store_id=store.store_id,
        name=store.name,
        latitude_e7=store.latitude_e7,
        longitude_e7=store.longitude_e7,
        time_zone=store.time_zone,
        opening_hours=store.opening_hours,
        country=store.country,
        region=store.region,
        tags=store.tags,
        is_online=store.is_online,
    )


_FENCE_NUMBERS = {
    "enter_fix_count": limits.FENCE_FIX_COUNT_MAX,
    "exit_fix_count": limits.FENCE_FIX_COUNT_MAX,
    "inside_accuracy_cm": limits.FENCE_INSIDE_ACCURACY_MAX_CM,
    "outside_margin_cm": limits.FENCE_OUTSIDE_MARGIN_MAX_CM,
}


def decode_geofence(message: pb.Geofence, *, repair: bool = False) -> tuple[Geofence, str]:
    """The fence, and what was mended ('' = nothing). Raises InvalidArgumentError, InvalidShapeError."""
    geofence_id = checks.identifier(message.geofence_id, "geofence_id")
    store_id = checks.identifier(message.store_id, "store_id", required=False)
    name = checks.text(message.name, "name")
    dwell_ms = checks.integer(message.dwell_millis, 0, limits.FENCE_DWELL_MAX_MS, "dwell_millis")
    times_ms = [
        checks.time_ms(message, field) if message.HasField(field) else 0
        for field in ("valid_from_time", "valid_until_time")
    ]
    numbers = [checks.integer(getattr(message, name), 0, most, name) for name, most in _FENCE_NUMBERS.items()]
    checks.present(message, "shape")
    shape, note = decode_shape(message.shape, repair=repair)
    return Geofence(geofence_id, shape, store_id, name, dwell_ms, *times_ms, *numbers), note


def encode_geofence(fence: Geofence) -> pb.Geofence:
    """The wire form, without etag."""
    message = pb.Geofence(
        geofence_id=fence.geofence_id,
        store_id=fence.store_id,
        name=fence.name,
        shape=encode_shape(fence.shape),
        dwell_millis=fence.dwell_ms,
        enter_fix_count=fence.enter_fix_count,
        exit_fix_count=fence.exit_fix_count,
        inside_accuracy_cm=fence.inside_accuracy_cm,
        outside_margin_cm=fence.outside_margin_cm,
    )
    if fence.valid_from_ms:
        message.valid_from_time.CopyFrom(checks.timestamp(fence.valid_from_ms))
    if fence.valid_until_ms:
        message.valid_until_time.CopyFrom(checks.timestamp(fence.valid_until_ms))
    return message


# -- assortment ----------------------------------------------------------------------------------------------


def decode_category(message: pb.Category) -> Category:
    """Raises InvalidArgumentError."""
    return Category(
        category_id=checks.identifier(message.category_id, "category_id"),
        names=checks.texts(message.names, "names", required=False),
        synonyms=checks.synonyms(message.synonyms, "synonyms"),
        size_chart=checks.one_of(message.size_chart, CHART_NAMES, "size_chart"),
        repurchase_preset=checks.one_of(message.repurchase_preset, ("", *PRESETS), "repurchase_preset"),
        repurchase=_decode_repurchase(message.repurchase) if message.HasField("repurchase") else None,
        is_special=message.is_special,
    )


def _decode_repurchase(message: pb.RepurchaseRule) -> RepurchaseRule:
    try:
        return RepurchaseRule(message.wait_days, message.is_consumable, message.search_lifts_wait)
    except InvalidArgumentError as error:
        raise InvalidArgumentError(error.message, field=f"repurchase.{error.field}") from None


def encode_category(category: Category) -> pb.Category:
    """The wire form, without etag."""
    message = pb.Category(
        category_id=category.category_id,
        names=_encode_texts(category.names),
        synonyms=_encode_texts(category.synonyms),
        size_chart=category.size_chart,
        repurchase_preset=category.repurchase_preset,
        is_special=category.is_special,
    )
    if category.repurchase is not None:
        rule = category.repurchase
        # in place, because a rule that is all zeros is still a rule
        message.repurchase.SetInParent()
        message.repurchase.wait_days = rule.wait_days
        message.repurchase.is_consumable = rule.is_consumable
        message.repurchase.search_lifts_wait = rule.search_lifts_wait
    return message


def decode_product(message: pb.Product) -> Product:
    """Raises InvalidArgumentError."""
    sizes = tuple(decode_size(size, "sizes") for size in message.sizes)
    if len(sizes) > limits.SIZES_PER_PRODUCT_COUNT_MAX or len(set(sizes)) != len(sizes):
        rule = f"sizes may be {limits.SIZES_PER_PRODUCT_COUNT_MAX} at most, each once"
        raise InvalidArgumentError(rule, field="sizes")
    return Product(
        product_id=checks.identifier(message.product_id, "product_id"),
        category_id=checks.identifier(message.category_id, "category_id"),
        titles=checks.texts(message.titles, "titles", required=True),
        sizes=sizes,
        stock_tracked=message.stock_tracked if message.HasField("stock_tracked") else True,
        safety_stock_count=_decode_safety_stock(message),
        is_sold_online=message.is_sold_online,
        vat_basis_points=checks.integer(message.vat_basis_points, 0, limits.VAT_BASIS_POINTS_MAX, "vat_basis_points"),
    )


def _decode_safety_stock(message: pb.Product) -> int:
    if not message.HasField("safety_stock_count"):
        return SAFETY_STOCK_OF_POLICY
    return checks.integer(message.safety_stock_count, 0, limits.STOCK_COUNT_MAX, "safety_stock_count")


def encode_product(product: Product) -> pb.Product:
    """The wire form, without etag."""
    return pb.Product(
        product_id=product.product_id,
        category_id=product.category_id,
        titles=_encode_texts(product.titles),
        sizes=[encode_size(size) for size in product.sizes],
        stock_tracked=product.stock_tracked,
        safety_stock_count=None if product.safety_stock_count < 0 else product.safety_stock_count,
        is_sold_online=product.is_sold_online,
        vat_basis_points=product.vat_basis_points,
    )


def decode_size(message: pb.Size, field: str = "size") -> Size:
    """Raises InvalidArgumentError."""
    high = limits.ID_LENGTH_MAX
    return Size(
        system=checks.text(message.system, f"{field}.system", required=True, length_max=high),
        value=checks.text(message.value, f"{field}.value", required=True, length_max=high),
    )


def encode_size(size: Size) -> pb.Size:
    """The wire form."""
    return pb.Size(system=size.system, value=size.value)


def _encode_texts(texts: Texts) -> list[pb.LocalizedText]:
    return [pb.LocalizedText(language_code=code, text=text) for code, text in texts]


# -- prices, offers, stock -----------------------------------------------------------------------------------


def decode_price(message: pb.Price) -> Price:
    """Raises InvalidArgumentError."""
    return Price(
        product_id=checks.identifier(message.product_id, "product_id"),
        store_id=checks.identifier(message.store_id, "store_id", required=False),
        amount_minor=checks.integer(message.amount_minor, 1, limits.AMOUNT_MINOR_MAX, "amount_minor"),
        currency=checks.currency(message.currency_code),
        valid_from_ms=checks.time_ms(message, "valid_from_time"),
    )


def encode_price(price: Price) -> pb.Price:
    """The wire form."""
    return pb.Price(
        product_id=price.product_id,
        store_id=price.store_id,
        amount_minor=price.amount_minor,
        currency_code=price.currency,
        valid_from_time=checks.timestamp(price.valid_from_ms),
    )


def decode_offer(message: pb.Offer) -> Offer:
    """Raises InvalidArgumentError."""
    if len(message.store_ids) > limits.STORES_PER_OFFER_COUNT_MAX:
        rule = f"store_ids may name {limits.STORES_PER_OFFER_COUNT_MAX} stores"
        raise InvalidArgumentError(rule, field="store_ids")
    store_ids = tuple(sorted(checks.identifier(item, "store_ids") for item in message.store_ids))
    if len(set(store_ids)) != len(store_ids):
        raise InvalidArgumentError("store_ids must name each store once", field="store_ids")
    valid_from_ms = checks.time_ms(message, "valid_from_time")
    valid_until_ms = checks.time_ms(message, "valid_until_time")
    if valid_until_ms <= valid_from_ms:
        rule = "valid_until_time must be after valid_from_time"
        raise InvalidArgumentError(rule, field="valid_until_time")
    cut = PRICE_CUT_DEFAULT_PERCENT
    if message.HasField("minimum_price_cut_percent"):
        cut = checks.integer(message.minimum_price_cut_percent, 0, 99, "minimum_price_cut_percent")
    return Offer(
        offer_id=checks.identifier(message.offer_id, "offer_id"),
        product_id=checks.identifier(message.product_id, "product_id"),
        valid_from_ms=valid_from_ms,
        valid_until_ms=valid_until_ms,
        store_ids=store_ids,
        minimum_price_cut_percent=cut,
        trigger=_decode_trigger(message.trigger),
        paused=message.paused,
        required_purposes=decode_purposes(message.required_purposes, "required_purposes", required=False),
        campaign_id=checks.identifier(message.campaign_id, "campaign_id", required=False),
    )


def _decode_trigger(value: int) -> OfferTrigger:
    if value == verdicts.OFFER_TRIGGER_UNSPECIFIED:
        return OfferTrigger.ENTER
    return OfferTrigger(checks.integer(value, OfferTrigger.ENTER, OfferTrigger.DWELL, "trigger"))


def encode_offer(offer: Offer) -> pb.Offer:
    """The wire form, without etag."""
    return pb.Offer(
        offer_id=offer.offer_id,
        product_id=offer.product_id,
        valid_from_time=checks.timestamp(offer.valid_from_ms),
        valid_until_time=checks.timestamp(offer.valid_until_ms),
        store_ids=offer.store_ids,
        minimum_price_cut_percent=offer.minimum_price_cut_percent,
        trigger=int(offer.trigger),  # type: ignore[arg-type]
        paused=offer.paused,
        required_purposes=encode_purposes(offer.required_purposes),  # type: ignore[arg-type]
        campaign_id=offer.campaign_id,
    )


def decode_purposes(values: Iterable[int], field: str, *, required: bool) -> int:
    """A mask of Purpose bits; the wire's numbers are one above the bit's, because zero is UNSPECIFIED."""
    mask = 0
    for value in values:
        mask |= Purpose(checks.integer(value, 1, len(Purpose), field) - 1).bit
    if required and mask == 0:
        raise InvalidArgumentError(f"{field} needs at least one purpose", field=field)
    return mask


def encode_purposes(mask: int) -> list[int]:
    """Wire numbers of the purposes in a mask, ascending."""
    return [purpose.value + 1 for purpose in Purpose if mask & purpose.bit]


def decode_stock_figure(message: pb.StockFigure) -> StockFigure:
    """Raises InvalidArgumentError."""
    return StockFigure(
        store_id=checks.identifier(message.store_id, "store_id"),
        product_id=checks.identifier(message.product_id, "product_id"),
        size=decode_size(message.size) if message.HasField("size") else None,
        available_count=checks.integer(message.available_count, 0, limits.STOCK_COUNT_MAX, "available_count"),
        as_of_ms=checks.time_ms(message, "as_of_time"),
    )


def encode_stock_figure(figure: StockFigure) -> pb.StockFigure:
    """The wire form."""
    message = pb.StockFigure(
        store_id=figure.store_id,
        product_id=figure.product_id,
        available_count=figure.available_count,
        as_of_time=checks.timestamp(figure.as_of_ms),
    )
    if figure.size is not None:
        message.size.CopyFrom(encode_size(figure.size))
    return message
