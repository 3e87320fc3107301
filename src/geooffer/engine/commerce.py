"""Compile the registry into one immutable CommerceTables snapshot: stores, hours, products, prices, offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from geooffer.engine.campaigns import compile_campaigns, policy_cap_counts, repurchase_rule
from geooffer.engine.hours import Interval, store_hours
from geooffer.engine.neighbours import Neighbours
from geooffer.engine.prices import cut_percent, merged_history, with_references
from geooffer.engine.registry import Registry
from geooffer.engine.zones import Zones
from geooffer.model import tables
from geooffer.model.catalog import Campaign, Category, Offer, Product, Store
from geooffer.model.columns import StructArray
from geooffer.model.frequency import CapRule
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.tables import CommerceTables
from geooffer.model.verdicts import OfferTrigger


def compile_stores(registry: Registry, zones: Zones, first_day: int) -> tuple[StructArray, StructArray]:
    """(STORE_ROW, HOURS) for the horizon of `first_day`; stores that open alike share their intervals."""
    rows = np.zeros(registry.count(Store), dtype=tables.STORE_ROW)
    hours: list[Interval] = []
    placed: dict[tuple[Interval, ...], tuple[int, int]] = {}
    for store in registry.stores.values():
        number = registry.number(Store, store.store_id)
        intervals = store_hours(store, first_day)
        row = rows[number]
        row["hours_known"] = intervals is not None
        if intervals:
            if intervals not in placed:
                placed[intervals] = (len(hours), len(intervals))
                hours.extend(intervals)
            row["hours_start"], row["hours_count"] = placed[intervals]
        row["live"] = 1
        row["is_online"] = store.is_online
        row["zone_number"] = zones.number(store.time_zone)
        row["latitude_e7"], row["longitude_e7"] = store.latitude_e7, store.longitude_e7
        row["version"] = max(registry.store_versions[number], registry.everywhere_version)
    _mark_dwell_offers(registry, rows)
    return rows, np.array(hours, dtype=tables.HOURS)


def _mark_dwell_offers(registry: Registry, rows: StructArray) -> None:
    for offer in registry.offers.values():
        if offer.trigger is OfferTrigger.DWELL:
            for store_id in offer.store_ids or registry.stores:
                rows["has_dwell_offers"][registry.number(Store, store_id)] = 1


class _PriceLists:
    """Steps of all lists, one after the other."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.steps: list[tuple[int, int, int, int]] = []
        self.max_cut_percents: dict[str, int] = {}
        """By product id, over all its lists."""

    def place(self, product_id: str, store_id: str) -> tuple[int, int]:
        """Compile one list; returns (start, count)."""
        chain = self._registry.prices.get((product_id, ""), ())
        own = self._registry.prices.get((product_id, store_id), ()) if store_id else ()
        compiled = [(*step, cut_percent(*step[1:])) for step in with_references(merged_history(chain, own))]
        start = len(self.steps)
        self.steps.extend(compiled)
        best = max((step[3] for step in compiled), default=0)
        self.max_cut_percents[product_id] = max(self.max_cut_percents.get(product_id, 0), best)
        return start, len(compiled)


def _compile_products(registry: Registry, lists: _PriceLists) -> tuple[StructArray, StructArray]:
    rows = np.zeros(registry.count(Product), dtype=tables.PRODUCT_ROW)
    variants: list[tuple[int, int]] = []
    by_product: dict[int, list[tuple[int, int]]] = {}
    for (product_number, code), variant_number in registry.variant_numbers.items():
        by_product.setdefault(product_number, []).append((code, variant_number))
    for product in registry.products.values():
        number = registry.number(Product, product.product_id)
        row = rows[number]
        row["category_number"] = registry.number(Category, product.category_id)
        row["price_start"], row["price_count"] = lists.place(product.product_id, "")
        offered = _current_variants(registry, product, by_product.get(number, []))
        row["variant_start"], row["variant_count"] = len(variants), len(offered)
        variants.extend(offered)
        row["has_sizes"] = bool(product.sizes)
        row["stock_tracked"] = product.stock_tracked
        row["safety_stock_count"] = product.safety_stock_count
        row["is_sold_online"] = product.is_sold_online
        row["live"] = 1
    return rows, np.array(variants, dtype=tables.VARIANT)


def _current_variants(registry: Registry, product: Product, known: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Variants the product has now, ascending by size code; sizes it used to have keep their number but not a row."""
    current = set(registry.canonical_sizes(product))
    if not current:
        return [(code, number) for code, number in known if code < 0]
    return sorted((code, number) for code, number in known if registry.size(code) in current and code >= 0)


def _compile_own_prices(registry: Registry, lists: _PriceLists) -> tuple[Any, Any, Any]:
    entries = []
    for product_id, store_id in registry.prices:
        if store_id:
            store, product = registry.number(Store, store_id), registry.number(Product, product_id)
            entries.append((store << 32 | product, *lists.place(product_id, store_id)))
    entries.sort()
    keys = np.array([entry[0] for entry in entries], dtype=np.int64)
    starts = np.array([entry[1] for entry in entries], dtype=np.int32)
    counts = np.array([entry[2] for entry in entries], dtype=np.int32)
    return keys, starts, counts


def _compile_categories(registry: Registry, offers: StructArray) -> StructArray:
    rows = np.zeros(registry.count(Category), dtype=tables.CATEGORY_ROW)
    for category in registry.categories.values():
        row = rows[registry.number(Category, category.category_id)]
        row["is_special"] = category.is_special
        rule = repurchase_rule(category)
        if rule is not None:
            row["wait_ms"] = rule.wait_days * DAY_MS
            row["is_consumable"], row["search_lifts_wait"] = rule.is_consumable, rule.search_lifts_wait
    live = offers[offers["live"] == 1]
    np.maximum.at(rows["max_cut_percent"], live["category_number"], live["max_cut_percent"])
    return rows


def _compile_offers(registry: Registry, max_cut_percents: Mapping[str, int]) -> StructArray:
    rows = np.zeros(registry.count(Offer), dtype=tables.OFFER_ROW)
    for rank, (offer_id, offer) in enumerate(sorted(registry.offers.items())):
        row = rows[registry.number(Offer, offer_id)]
        row["id_rank"] = rank
        row["valid_from_ms"], row["valid_until_ms"] = offer.valid_from_ms, offer.valid_until_ms
        row["product_number"] = registry.number(Product, offer.product_id)
        row["category_number"] = registry.number(Category, registry.products[offer.product_id].category_id)
        row["minimum_cut_percent"] = offer.minimum_price_cut_percent
        row["max_cut_percent"] = max_cut_percents.get(offer.product_id, 0)
        row["purposes"] = offer.required_purposes
        row["campaign_number"] = registry.number(Campaign, offer.campaign_id) if offer.campaign_id else -1
        row["campaign_row"] = row["campaign_number"] if offer.campaign_id else registry.count(Campaign)
        row["everywhere"] = not offer.store_ids
        row["trigger"], row["paused"], row["live"] = int(offer.trigger), offer.paused, 1
    return rows


def _list_offers(registry: Registry, rows: StructArray) -> tuple[Any, Any, Any, Any, Any]:
    """(starts, offers) by category of those for every store; (starts, categories, offers) by store of the others."""
    everywhere: list[list[int]] = [[] for _ in range(registry.count(Category))]
    own: list[list[tuple[int, int]]] = [[] for _ in range(registry.count(Store))]
    for offer_id, offer in sorted(registry.offers.items()):
        number = registry.number(Offer, offer_id)
        category_number = int(rows["category_number"][number])
        if not offer.store_ids:
            everywhere[category_number].append(number)
        for store_id in offer.store_ids:
            own[registry.number(Store, store_id)].append((category_number, number))
    listed = [pair for pairs in own for pair in sorted(pairs)]
    return (
        _starts(everywhere),
        np.array([number for numbers in everywhere for number in sorted(numbers)], dtype=np.int32),
        _starts(own),
        np.array([category for category, _ in listed], dtype=np.int32),
        np.array([number for _, number in listed], dtype=np.int32),
    )


def _starts(lists: Sequence[Sequence[Any]]) -> Any:
    starts = np.zeros(len(lists) + 1, dtype=np.int32)
    starts[1:] = np.cumsum([len(items) for items in lists])
    return starts


def compile_commerce(
    registry: Registry,
    zones: Zones,
    neighbours: Neighbours,
    cap_rules: Sequence[CapRule],
    policy: Policy,
    first_day: int,
) -> CommerceTables:
    """The whole snapshot; `first_day` as in engine/hours.py, `cap_rules` those of the policy."""
    lists = _PriceLists(registry)
    stores, hours = compile_stores(registry, zones, first_day)
    products, variants = _compile_products(registry, lists)
    own_keys, own_starts, own_counts = _compile_own_prices(registry, lists)
    offers = _compile_offers(registry, lists.max_cut_percents)
    everywhere_starts, everywhere_offers, own_offer_starts, own_offer_categories, own_offers = _list_offers(
        registry, offers
    )
    campaigns, rules = compile_campaigns(registry, cap_rules, policy)
    return CommerceTables(
        stores=stores,
        hours=hours,
        categories=_compile_categories(registry, offers),
        products=products,
        variants=variants,
        prices=np.array(lists.steps, dtype=tables.PRICE_STEP),
        own_price_keys=own_keys,
        own_price_starts=own_starts,
        own_price_counts=own_counts,
        offers=offers,
        everywhere_offer_starts=everywhere_starts,
        everywhere_offers=everywhere_offers,
        own_offer_starts=own_offer_starts,
        own_offer_categories=own_offer_categories,
        own_offers=own_offers,
        campaigns=campaigns,
        cap_rules=rules,
        policy_cap_counts=policy_cap_counts(cap_rules),
        neighbours=neighbours.place(registry, stores),
        online_stores=np.array(
            [registry.number(Store, key) for key, store in sorted(registry.stores.items()) if store.is_online],
            dtype=np.int32,
        ),
    )
