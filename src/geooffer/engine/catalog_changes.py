"""Changes of the catalog: references checked, then journaled as one commit, then folded.

`partial=False` is all or nothing: the first error is raised and nothing is kept. `partial=True` keeps the good items
and returns one error or None per item, in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geooffer.engine.core import RowResults
from geooffer.engine.hours import time_zone
from geooffer.engine.registry import noun_id, size_code
from geooffer.engine.zone_rules import ZoneRules
from geooffer.errors import InUseError, InvalidArgumentError, LimitExceededError, NotFoundError
from geooffer.model import limits
from geooffer.model.catalog import (
    Audience,
    Campaign,
    Category,
    Geofence,
    Noun,
    Offer,
    Price,
    Product,
    Size,
    StockFigure,
    Store,
)
from geooffer.model.exclusion import ExclusionZone
from geooffer.model.frequency import check_rules
from geooffer.model.records import NounDeleted, NounPut, PricePut, Record, StockPut
from geooffer.model.repurchase import PRESETS
from geooffer.model.sizes import CHART_NAMES, canonical_size


class _Pending:
    """Ids and sizes of this batch that are not folded yet."""

    def __init__(self) -> None:
        self.ids: dict[type, set[str]] = {}
        self.sizes: dict[int, Size] = {}
        self.categories: dict[str, Category] = {}
        self.currencies: dict[str, str] = {}
        self.price_moments: dict[tuple[str, str], set[int]] = {}
        self.fence_numbers: dict[str, int] = {}
        """Of fences that never existed before, as the fold will number them."""

    def add(self, noun: Noun) -> None:
        self.ids.setdefault(type(noun), set()).add(noun_id(noun))
        if isinstance(noun, Category):
            self.categories[noun.category_id] = noun


class CatalogChanges(ZoneRules):
    """Stores, fences, exclusion zones, categories, products, offers, prices and stock."""

    def put_nouns(self, nouns: Sequence[Noun], *, now_ms: int, partial: bool = False) -> RowResults:
        """Create or replace nouns, in order; later ones may refer to earlier ones of the same call."""
        pending = _Pending()
        touched: list[int] = []

        def record(noun: Noun) -> Record:
            self._check_noun(noun, pending)
            if isinstance(noun, Geofence):
                touched.append(self._index_fence(noun, pending))
            pending.add(noun)
            return NounPut(noun, now_ms)

        try:
            results = self.append_each(nouns, record, partial=partial)
        except BaseException:
            self._restore_index(touched)
            raise
        self.stage_fences()
        return results

    def _index_fence(self, geofence: Geofence, pending: _Pending) -> int:
        """Put the fence into the index of record under the number the fold will give it."""
        number = self.registry.number(Geofence, geofence.geofence_id)
        is_new = number < 0
        if is_new:
            new_number = self.registry.count(Geofence) + len(pending.fence_numbers)
            number = pending.fence_numbers.get(geofence.geofence_id, new_number)
        if number in self.index:
            self.index.replace(number, geofence)
        else:
            self.index.insert(number, geofence)
        if is_new:
            pending.fence_numbers[geofence.geofence_id] = number
        return number

    def _restore_index(self, numbers: Sequence[int]) -> None:
        """Bring the index back to what the registry holds."""
        touched = dict.fromkeys(numbers)
        for number in touched:
            self.index.delete(number)
        for number in touched:
            if number < self.registry.count(Geofence):
                held = self.registry.geofences.get(self.registry.fence_id(number))
                if held is not None:
                    self.index.restore(number, held)

    def _check_noun(self, noun: Noun, pending: _Pending) -> None:
        match noun:
            case Store():
                time_zone(noun.time_zone)
            case Geofence():
                if noun.store_id:
                    self._need(Store, noun.store_id, "store_id", pending)
                if noun.valid_until_ms and noun.valid_until_ms <= noun.valid_from_ms:
                    raise InvalidArgumentError(
                        "valid_until_time must be after valid_from_time", field="valid_until_time"
                    )
                self._check_zones(noun)
            case ExclusionZone():
                self._check_zone(noun)
            case Category():
                self._check_category(noun)
            case Product():
                self._need(Category, noun.category_id, "category_id", pending)
                self._check_sizes(noun, pending)
            case Offer():
                self._need(Product, noun.product_id, "product_id", pending)
                for store_id in noun.store_ids:
                    self._need(Store, store_id, "store_ids", pending)
                if noun.valid_until_ms <= noun.valid_from_ms:
                    raise InvalidArgumentError("valid_until_time must be after valid_from_time")
                if noun.campaign_id:
                    self._need(Campaign, noun.campaign_id, "campaign_id", pending)
            case Campaign():
                check_rules(noun.cap_rules)
                if noun.audience_id:
                    self._need(Audience, noun.audience_id, "audience_id", pending)

    def _need(self, kind: type[Noun], identifier: str, field: str, pending: _Pending) -> None:
        if identifier not in self.registry.nouns(kind) and identifier not in pending.ids.get(kind, ()):
            raise NotFoundError(f"{field} names a {kind.__name__.lower()} that does not exist", field=field)

    def _check_category(self, category: Category) -> None:
        """A chart and a preset that exist; the chart of a category with products of sizes stays what it is."""
        if category.size_chart not in CHART_NAMES:
            raise InvalidArgumentError("no such size chart", field="size_chart")
        if category.repurchase_preset and category.repurchase_preset not in PRESETS:
            raise InvalidArgumentError("no such repurchase preset", field="repurchase_preset")
        held = self.registry.categories.get(category.category_id)
        if held is not None and held.size_chart != category.size_chart:
            products = self.registry.products.values()
            if any(product.sizes and product.category_id == category.category_id for product in products):
                raise InUseError("products of this category have sizes; its size_chart cannot change")

    def _check_sizes(self, product: Product, pending: _Pending) -> None:
        category = pending.categories.get(product.category_id) or self.registry.categories[product.category_id]
        codes: dict[int, Size] = {}
        for given in product.sizes:
            size = canonical_size(category.size_chart, given)
            code = size_code(size)
            for held in (codes.get(code), self.registry.size(code), pending.sizes.get(code)):
                if held is not None and held != size:
                    raise LimitExceededError("two sizes share one code; rename one of them", field="sizes")
            if code in codes:
                raise InvalidArgumentError("a size is listed twice", field="sizes")
            codes[code] = size
        pending.sizes.update(codes)

    def delete_noun(self, kind: type[Any], noun_id: str, *, now_ms: int) -> None:
        """Delete one noun. Raises NotFoundError, or InUseError while another noun refers to it."""
        if noun_id not in self.registry.nouns(kind):
            raise NotFoundError(f"no such {kind.__name__.lower()}")
        users: dict[str, Any] = {}
        registry = self.registry
        if kind is Store:
            users["geofence"] = (fence.store_id == noun_id for fence in registry.geofences.values())
            users["offer"] = (noun_id in offer.store_ids for offer in registry.offers.values())
        elif kind is Category:
            users["product"] = (product.category_id == noun_id for product in registry.products.values())
        elif kind is Product:
            users["offer"] = (offer.product_id == noun_id for offer in registry.offers.values())
        elif kind is Campaign:
            users["offer"] = (offer.campaign_id == noun_id for offer in registry.offers.values())
        elif kind is Audience:
            users["campaign"] = (campaign.audience_id == noun_id for campaign in registry.campaigns.values())
        for user, uses in users.items():
            if any(uses):
                raise InUseError(f"the {kind.__name__.lower()} is named by a {user}; delete that first")
        self.append([NounDeleted(kind.__name__, noun_id, now_ms)])
        if kind is Geofence:
            self.index.delete(self.registry.number(Geofence, noun_id))
            self.stage_fences()

    def put_prices(self, prices: Sequence[Price], *, now_ms: int, partial: bool = False) -> RowResults:
        """Add price steps; they may lie in the past (history) or the future."""
        pending = _Pending()

        def record(price: Price) -> Record:
            self._check_price(price, pending)
            pending.currencies[price.product_id] = price.currency
            return PricePut(price, now_ms)

        return self.append_each(prices, record, partial=partial)

    def _check_price(self, price: Price, pending: _Pending) -> None:
        self._need(Product, price.product_id, "product_id", pending)
        if price.store_id:
            self._need(Store, price.store_id, "store_id", pending)
        currency = pending.currencies.get(price.product_id) or self.registry.currency(price.product_id)
        if currency and currency != price.currency:
            raise InvalidArgumentError("a product has one currency in all its prices", field="currency_code")
        key = (price.product_id, price.store_id)
        moments = pending.price_moments.setdefault(
            key, {step.valid_from_ms for step in self.registry.prices.get(key, ())}
        )
        if price.valid_from_ms not in moments and len(moments) >= limits.PRICE_STEPS_PER_LIST_COUNT_MAX:
            raise LimitExceededError("too many price steps for this product and store", field="valid_from_time")
        moments.add(price.valid_from_ms)

    def report_stock(self, figures: Sequence[StockFigure], *, partial: bool = False) -> RowResults:
        """Take stock figures; one older than held is accepted and changes nothing."""
        return self.append_each(figures, self._stock_record, partial=partial)

    def _stock_record(self, figure: StockFigure) -> StockPut:
        pending = _Pending()
        self._need(Store, figure.store_id, "store_id", pending)
        self._need(Product, figure.product_id, "product_id", pending)
        product = self.registry.products[figure.product_id]
        size = self._size_of(product, figure.size)
        product_number = self.registry.number(Product, figure.product_id)
        return StockPut(
            self.registry.number(Store, figure.store_id),
            self.registry.variant(product_number, size_code(size)),
            figure.available_count,
            figure.as_of_ms,
        )

    def _size_of(self, product: Product, given: Size | None) -> Size | None:
        """The canonical size of a product that has it. Raises InvalidArgumentError."""
        if not product.sizes:
            if given is not None:
                raise InvalidArgumentError("the product has no sizes", field="size")
            return None
        if given is not None:
            size = canonical_size(self.registry.categories[product.category_id].size_chart, given)
            if size in self.registry.canonical_sizes(product):
                return size
        raise InvalidArgumentError("the product does not come in this size", field="size")

    def stock_of(self, store_id: str, product_id: str = "") -> list[StockFigure]:
        """Known figures of a store, of one product or of all, by product and size. Raises NotFoundError."""
        pending = _Pending()
        self._need(Store, store_id, "store_id", pending)
        if product_id:
            self._need(Product, product_id, "product_id", pending)
        store_number = self.registry.number(Store, store_id)
        products = [self.registry.products[product_id]] if product_id else list(self.registry.products.values())
        figures = []
        for product in sorted(products, key=lambda item: item.product_id):
            product_number = self.registry.number(Product, product.product_id)
            for size in self.registry.canonical_sizes(product) or (None,):
                variant_number = self.registry.variant(product_number, size_code(size))
                held = self.state.live.stock_of(store_number, variant_number)
                if held is not None:
                    figures.append(StockFigure(store_id, product.product_id, size, *held))
        return figures

    def stale_stores(self, now_ms: int, age_max_ms: int | None = None) -> list[tuple[str, int]]:
        """The alarm of STOCK_STALE: (store id, ms since 1970 its newest figure was counted) of the stores where that is
        longer ago than `age_max_ms`, or than the policy allows, by id. Stores that never reported stock are not in it.
        """
        oldest_ms = now_ms - (self.policy.stock_max_age_ms if age_max_ms is None else age_max_ms)
        newest = self.state.live.newest_stock_ms
        return sorted((self.registry.store_id(number), at_ms) for number, at_ms in newest.items() if at_ms < oldest_ms)
