"""The catalog as registered: nouns by id, their numbers, price histories. Folded by engine/apply.py only.

A *number* is dense, given at first sight in journal order and never used again, so that tables and records of
people can speak of it for good. What a change touches is kept as a version per store (`touch`), by which open
visits learn that a new try is worthwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from geooffer.model.catalog import Audience, Campaign, Category, Geofence, Noun, Offer, Price, Product, Size, Store
from geooffer.model.consent import Notice
from geooffer.model.exclusion import ExclusionZone
from geooffer.model.keys import text_key
from geooffer.model.sizes import canonical_size

N = TypeVar("N", bound=Noun)
KINDS: tuple[type[Noun], ...] = (Store, Geofence, Category, Product, Offer, Campaign, Audience, ExclusionZone, Notice)
NO_SIZE = -1


def noun_id(noun: Noun) -> str:
    """The noun's own id, whatever its kind."""
    match noun:
        case Store():
            return noun.store_id
        case Geofence():
            return noun.geofence_id
        case Category():
            return noun.category_id
        case Product():
            return noun.product_id
        case Offer():
            return noun.offer_id
        case Campaign():
            return noun.campaign_id
        case Audience():
            return noun.audience_id
        case ExclusionZone():
            return noun.zone_id
        case Notice():
            return noun.notice_version


def size_code(size: Size | None) -> int:
    """A size as 31 bits: the same text is the same code in every journal; None (no sizes) is NO_SIZE."""
    if size is None:
        return NO_SIZE
    return text_key(f"{size.system}\x00{size.value}", b"geooffer.size") & 0x7FFF_FFFF


class FenceChange(NamedTuple):
    """What happened to a fence number since it was last asked."""

    time_ms: int
    """Of the latest put or deletion."""
    is_reshaped: bool
    removed_ms: int | None = None
    """Of the first deletion, also where it was made again since: the life that was in force is over."""


class CatalogNouns(NamedTuple):
    """The nouns of one catalog generation, for telling a person about a decision taken by it."""

    stores: dict[str, Store]
    categories: dict[str, Category]
    products: dict[str, Product]
    offers: dict[str, Offer]
    campaigns: dict[str, Campaign]
    prices: dict[tuple[str, str], tuple[Price, ...]]
    currencies: dict[str, str]


class Registry:
    """What exists. Read it anywhere; change it through Engine."""

    def __init__(self) -> None:
        self.stores: dict[str, Store] = {}
        self.geofences: dict[str, Geofence] = {}
        self.categories: dict[str, Category] = {}
        self.products: dict[str, Product] = {}
        self.offers: dict[str, Offer] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.audiences: dict[str, Audience] = {}
        self.exclusion_zones: dict[str, ExclusionZone] = {}
        self.notices: dict[str, Notice] = {}
        self.prices: dict[tuple[str, str], tuple[Price, ...]] = {}
        self.currencies: dict[str, str] = {}
        self.variant_numbers: dict[tuple[int, int], int] = {}
        self.variants: list[tuple[int, int]] = []
        self.store_versions: list[int] = []
        self.everywhere_version = 0
        self.generation = 0
        self.fences_generation = 0
        """Generation of the latest change of a fence."""
        self.commerce_generation = 0
        """Generation of the latest change of anything that is neither fence nor exclusion zone; since the start, never
        written."""
        self.changed_fences: dict[str, None] = {}
        """Fences put or deleted since engine/core.py last took them; derived, never written."""
        self.changed_zones: dict[str, None] = {}
        """Exclusion zones put or deleted since engine/exclusion.py last took them; derived, never written."""
        self.moved_to_special_count = 0
        """Products put into a special category that were in another one; since the start, never written."""
        self.words_generation = 0
        """Generation of the latest change of a category or product: what search text is matched to."""
        self.removed_fences: dict[int, int] = {}
        """Fence number → time of its deletion; only the latest life of a number counts."""
        self._fence_changes: dict[int, FenceChange] = {}
        self._numbers: dict[type, dict[str, int]] = {kind: {} for kind in KINDS}
        self._ids: dict[type, list[str]] = {kind: [] for kind in KINDS}
        self._sizes: dict[int, Size] = {}

    def nouns(self, kind: type[N]) -> dict[str, N]:
        """The dictionary of one kind."""
        table: dict[type, dict[str, Any]] = {
            Store: self.stores,
            Geofence: self.geofences,
            Category: self.categories,
            Product: self.products,
            Offer: self.offers,
            Campaign: self.campaigns,
            Audience: self.audiences,
            ExclusionZone: self.exclusion_zones,
            Notice: self.notices,
        }
        return table[kind]

    def number(self, kind: type[Noun], identifier: str) -> int:
        """The number of an id that exists or existed, else −1."""
        return self._numbers[kind].get(identifier, -1)

    def count(self, kind: type[Noun]) -> int:
        """How many numbers were given; tables have that many rows."""
        return len(self._ids[kind])

    def identifier(self, kind: type[Noun], number: int) -> str:
        """The id behind a number, also of a deleted noun."""
        return self._ids[kind][number]

    def fence_id(self, number: int) -> str:
        """The geofence id behind a number."""
        return self.identifier(Geofence, number)

    def store_id(self, number: int) -> str:
        """The store id behind a number."""
        return self.identifier(Store, number)

    def offer_id(self, number: int) -> str:
        """The offer id behind a number."""
        return self.identifier(Offer, number)

    def size(self, code: int) -> Size | None:
        """The size behind a code some product carries or carried."""
        return self._sizes.get(code)

    def variant(self, product_number: int, code: int) -> int:
        """Variant number of a product's size, or −1."""
        return self.variant_numbers.get((product_number, code), -1)

    def canonical_sizes(self, product: Product) -> tuple[Size, ...]:
        """The product's sizes in the system of its category's chart, in the product's order."""
        chart = self.categories[product.category_id].size_chart
        return tuple(canonical_size(chart, size) for size in product.sizes)

    def currency(self, product_id: str) -> str:
        """ISO 4217 code of all prices of a product, '' where it has none."""
        return self.currencies.get(product_id, "")

    def catalog_nouns(self) -> CatalogNouns:
        """A copy that later changes leave alone; a product has one currency (checked when prices come in)."""
        return CatalogNouns(
            dict(self.stores),
            dict(self.categories),
            dict(self.products),
            dict(self.offers),
            dict(self.campaigns),
            dict(self.prices),
            dict(self.currencies),
        )

    def variants_of(self, product_number: int) -> set[int]:
        """All variant numbers a product ever had."""
        return {number for (product, _), number in self.variant_numbers.items() if product == product_number}

    # -- snapshots (engine/parts_catalog.py) -----------------------------------------------------------------

    @property
    def sizes(self) -> dict[int, Size]:
        """All sizes some product carries or carried, by code."""
        return self._sizes

    def identifiers(self, kind: type[Noun]) -> list[str]:
        """The ids of a kind by number."""
        return self._ids[kind]

    def nameless_numbers(self, kind: type[Noun]) -> list[int]:
        """Numbers whose id does not name them any more: of audiences that were deleted."""
        return [number for number, name in enumerate(self._ids[kind]) if self._numbers[kind].get(name) != number]

    def restore_nouns(
        self, kind: type[N], nouns: dict[str, N], ids: Sequence[str], nameless_numbers: Collection[int]
    ) -> None:
        """Into an empty registry: the nouns of a kind, what `identifiers` and `nameless_numbers` gave."""
        self.nouns(kind).update(nouns)
        self._ids[kind] = list(ids)
        self._numbers[kind] = dict(zip(ids, range(len(ids)), strict=True))
        if nameless_numbers:
            nameless = set(nameless_numbers)
            self._numbers[kind] = {name: number for number, name in enumerate(ids) if number not in nameless}

    def restore_prices(self, prices: Iterable[Price], currencies: dict[str, str]) -> None:
        """Into an empty registry: all steps, those of a list one after the other."""
        lists: dict[tuple[str, str], list[Price]] = {}
        for price in prices:
            lists.setdefault((price.product_id, price.store_id), []).append(price)
        self.prices = {key: tuple(steps) for key, steps in lists.items()}
        self.currencies = currencies

    def restore_variants(self, variants: list[tuple[int, int]], sizes: dict[int, Size]) -> None:
        """Into an empty registry: (product number, size code) by variant number, and sizes by code."""
        self.variants = variants
        self.variant_numbers = {variant: number for number, variant in enumerate(variants)}
        self._sizes = sizes

    # -- the fold --------------------------------------------------------------------------------------------

    def put(self, noun: Noun, time_ms: int) -> None:
        """Create or replace; a new id gets the next number of its kind."""
        kind, identifier = type(noun), noun_id(noun)
        old = self.nouns(kind).get(identifier)
        if identifier not in self._numbers[kind]:
            self._numbers[kind][identifier] = len(self._ids[kind])
            self._ids[kind].append(identifier)
            if kind is Store:
                self.store_versions.append(0)
        self.nouns(kind)[identifier] = noun
        if kind is Notice:
            return  # nothing that pings are decided by: no new catalog generation
        self.generation += 1
        if isinstance(noun, Product):
            self._put_variants(noun)
            is_moved = isinstance(old, Product) and old.category_id != noun.category_id
            self.moved_to_special_count += is_moved and self.categories[noun.category_id].is_special
        if isinstance(noun, Geofence):
            number = self._numbers[Geofence][identifier]
            self.fences_generation = self.generation
            self.changed_fences[identifier] = None
            self.removed_fences.pop(number, None)
            self._note_fence(number, time_ms, not isinstance(old, Geofence) or old.shape != noun.shape)
        elif isinstance(noun, ExclusionZone):
            self.changed_zones[identifier] = None
        else:
            self.commerce_generation = self.generation
        self._touch(noun)
        if old is not None:
            self._touch(old)

    def delete(self, kind: type[Noun], identifier: str, time_ms: int) -> None:
        """Remove a noun that nothing refers to; its prices go with it."""
        noun = self.nouns(kind).pop(identifier)
        self.generation += 1
        if isinstance(noun, Audience):
            del self._numbers[Audience][identifier]  # a new list of this name is another one: nobody is on it
        if isinstance(noun, Geofence):
            number = self._numbers[Geofence][identifier]
            self.fences_generation = self.generation
            self.changed_fences[identifier] = None
            self.removed_fences[number] = time_ms
            self._note_fence(number, time_ms, True, removed_ms=time_ms)
        elif isinstance(noun, ExclusionZone):
            self.changed_zones[identifier] = None
        else:
            self.commerce_generation = self.generation
        if isinstance(noun, Store):
            self.prices = {key: steps for key, steps in self.prices.items() if key[1] != identifier}
        elif isinstance(noun, Product):
            self.prices = {key: steps for key, steps in self.prices.items() if key[0] != identifier}
            self.currencies.pop(identifier, None)
        self._touch(noun)

    def take_changed_fences(self) -> list[str]:
        """Ids of fences put or deleted since the last call."""
        changed = list(self.changed_fences)
        self.changed_fences = {}
        return changed

    def _note_fence(self, number: int, time_ms: int, is_reshaped: bool, *, removed_ms: int | None = None) -> None:
        held = self._fence_changes.get(number)
        if held is not None:
            is_reshaped = is_reshaped or held.is_reshaped
            removed_ms = removed_ms if held.removed_ms is None else held.removed_ms
        self._fence_changes[number] = FenceChange(time_ms, is_reshaped, removed_ms)

    def take_fence_changes(self) -> dict[int, FenceChange]:
        """By number, the fences put or deleted since the last call; derived, never written."""
        changes, self._fence_changes = self._fence_changes, {}
        return changes

    def take_changed_zones(self) -> list[str]:
        """Ids of exclusion zones put or deleted since the last call."""
        changed = list(self.changed_zones)
        self.changed_zones = {}
        return changed

    def put_price(self, price: Price) -> None:
        """Add a step; one of the same moment is replaced."""
        key = (price.product_id, price.store_id)
        steps = [step for step in self.prices.get(key, ()) if step.valid_from_ms != price.valid_from_ms]
        steps.append(price)
        self.currencies[price.product_id] = price.currency
        self.prices[key] = tuple(sorted(steps, key=lambda step: step.valid_from_ms))
        self.generation += 1
        self.commerce_generation = self.generation
        self._touch_stores((price.store_id,) if price.store_id else ())

    def _put_variants(self, product: Product) -> None:
        number = self._numbers[Product][product.product_id]
        for size in self.canonical_sizes(product) or (None,):
            code = size_code(size)
            if size is not None:
                self._sizes[code] = size
            if (number, code) not in self.variant_numbers:
                self.variant_numbers[number, code] = len(self.variants)
                self.variants.append((number, code))

    def _touch(self, noun: Noun) -> None:
        if isinstance(noun, Store):
            self._touch_stores((noun.store_id,))
        elif isinstance(noun, Offer):
            self._touch_stores(noun.store_ids)
        elif isinstance(noun, Product | Category):
            self.words_generation = self.generation
            self._touch_stores(())
        elif isinstance(noun, Campaign):
            self._touch_stores(())

    def _touch_stores(self, store_ids: tuple[str, ...]) -> None:
        """Mark stores as changed at this generation; none named = all."""
        if not store_ids:
            self.everywhere_version = self.generation
        for store_id in store_ids:
            self.store_versions[self._numbers[Store][store_id]] = self.generation
