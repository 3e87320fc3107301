"""The catalog compiled to rows: each number of the tables against the noun it comes from, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_market import random_market
from random_rules import random_rules
from world import (
    EU_43,
    EU_44,
    NOW_MS,
    World,
    audience,
    campaign,
    offer,
    price,
    product,
    store,
)

from geooffer.engine.campaigns import (
    compile_campaigns,
    experiment_key,
    held_out_threshold,
    policy_cap_counts,
    repurchase_rule,
    with_policy,
)
from geooffer.engine.engine import Engine
from geooffer.engine.registry import size_code
from geooffer.engine.zones import zone_steps
from geooffer.model.catalog import Campaign, Category, Offer, Product, Store
from geooffer.model.frequency import DEFAULT_CAP_RULES, CapRule
from geooffer.model.kinds import AccountKind, CapEvent, CapScope, CapWindow, CapZone, Channel
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.repurchase import PRESETS, RepurchaseRule
from geooffer.model.tables import CommerceTables
from geooffer.model.verdicts import OfferTrigger, Purpose


def compiled(engine: Engine) -> CommerceTables:
    engine.publish()
    return engine.snapshot.commerce


def test_a_campaign_is_a_row_and_offers_without_one_have_the_last() -> None:
    own = CapRule(CapScope.PERSON_CATEGORY, 2, CapWindow.CALENDAR_WEEK, zone=CapZone.STORE, event=CapEvent.DISPLAYED)
    spring = campaign(
        "spring",
        audience_id="audience-1",
        minimum_tier=3,
        account_kinds=AccountKind.BUSINESS.bit,
        channels=Channel.EMAIL.bit,
        cap_rules=(own,),
        held_out_per_10000=500,
        score_floor=700,
        is_open_when_hours_unknown=True,
        offers_shipping=True,
        paused=True,
    )
    by_category = CapRule(CapScope.PERSON_CATEGORY, 9)
    world = World(cap_rules=(by_category, *DEFAULT_CAP_RULES))
    world.nouns = [*world.nouns, audience("audience-0"), audience(), spring, offer("offer-2", campaign_id="spring")]
    engine = world.build()
    tables = compiled(engine)
    assert len(tables.campaigns) == 2
    row, none = tables.campaigns
    assert (row["experiment_key"], row["held_out_threshold"]) == (experiment_key("spring"), held_out_threshold(500))
    names = ("audience_number", "minimum_tier", "account_kinds", "channels", "score_floor", "cap_start", "cap_count")
    assert [int(row[name]) for name in names] == [1, 3, 1 << AccountKind.BUSINESS, 1 << Channel.EMAIL, 700, 4, 1]
    flags = ("paused", "is_open_when_hours_unknown", "offers_other_branch", "offers_shipping")
    assert [int(row[name]) for name in flags] == [1, 1, 0, 1]
    assert [int(none[name]) for name in (*names[:5], "cap_count", *flags)] == [-1, 0, 0b110, 0, 0, 0, 0, 0, 0, 0]
    told = [
        tuple(int(rule[name]) for name in ("scope", "limit_count", "window", "window_ms", "zone", "event"))
        for rule in tables.cap_rules
    ]
    assert told == [
        (rule.scope, rule.limit_count, rule.window, rule.window_ms, rule.zone, rule.event)
        for rule in (*DEFAULT_CAP_RULES, by_category, own)
    ]
    assert tables.policy_cap_counts.tolist() == [3, 4], "those that say the same of every offer of a try come first"
    numbers = [(int(row["campaign_number"]), int(row["campaign_row"])) for row in tables.offers]
    assert numbers == [(-1, 1), (0, 0)]


@pytest.mark.parametrize("seed", range(6))
def test_another_policys_caps_stand_in_the_live_catalog_as_if_it_had_been_compiled_with_them(seed: int) -> None:
    engine = random_market(seed).engine
    rng = np.random.default_rng(seed)
    policy, rules = Policy(held_out_per_10000=int(rng.integers(0, 10_001))), random_rules(rng, int(rng.integers(0, 5)))
    found = with_policy(engine.snapshot.commerce, rules, policy)
    campaigns, cap_rules = compile_campaigns(engine.registry, rules, policy)
    assert found.campaigns.tobytes() == campaigns.tobytes()
    assert found.cap_rules.tobytes() == cap_rules.tobytes()
    assert found.policy_cap_counts.tolist() == policy_cap_counts(rules).tolist()


def test_offers_are_listed_by_category_and_those_that_name_stores_by_store() -> None:
    names = ["c", "a", "b"]
    world = World(
        nouns=[
            *(store(name) for name in names),
            Category("shoes"),
            Category("hats"),
            product("shoe", "shoes"),
            product("hat", "hats", sizes=()),
            offer("everywhere-2", "shoe"),
            offer("everywhere-1", "shoe"),
            offer("hats", "hat"),
            offer("named-2", "hat", store_ids=("a", "b"), trigger=OfferTrigger.DWELL),
            offer("named-1", "shoe", store_ids=("a",)),
        ],
        prices=(),
        stock=(),
        touchpoints=(),
    )
    engine = world.build()
    tables, registry = compiled(engine), engine.registry

    def everywhere(category: str) -> list[str]:
        number = registry.number(Category, category)
        start, end = tables.everywhere_offer_starts[number : number + 2]
        return [registry.offer_id(int(item)) for item in tables.everywhere_offers[start:end]]

    def own(store_id: str) -> list[tuple[str, str]]:
        number = registry.number(Store, store_id)
        start, end = tables.own_offer_starts[number : number + 2]
        return [
            (registry.identifier(Category, int(category)), registry.offer_id(int(item)))
            for category, item in zip(tables.own_offer_categories[start:end], tables.own_offers[start:end], strict=True)
        ]

    assert sorted(everywhere("shoes")) == ["everywhere-1", "everywhere-2"]
    assert everywhere("hats") == ["hats"]
    assert (own("a"), own("b"), own("c")) == (
        [("shoes", "named-1"), ("hats", "named-2")],
        [("hats", "named-2")],
        [],
    )
    ranks = sorted(registry.offers, key=lambda name: tables.offers["id_rank"][registry.number(Offer, name)])
    assert ranks == sorted(registry.offers), "ties go by id, not by the order of registration"
    dwelling = {name: int(tables.stores["has_dwell_offers"][registry.number(Store, name)]) for name in names}
    assert dwelling == {"a": 1, "b": 1, "c": 0}


def test_a_deleted_offer_leaves_a_row_that_is_not_live_and_is_listed_nowhere() -> None:
    engine = World().build()
    engine.delete_noun(Offer, "offer-1", now_ms=NOW_MS)
    tables = compiled(engine)
    assert tables.offers["live"].tolist() == [0]
    assert len(tables.everywhere_offers) == len(tables.own_offers) == 0
    engine.put_nouns([offer("offer-2")], now_ms=NOW_MS)
    assert compiled(engine).offers["live"].tolist() == [0, 1]


def test_waiting_times_are_the_categorys_own_before_its_presets() -> None:
    own = RepurchaseRule(3, is_consumable=True)
    nouns = [
        Category("none"),
        Category("preset", repurchase_preset="coffee"),
        Category("own", repurchase_preset="coffee", repurchase=own),
        Category("special", is_special=True),
    ]
    assert [repurchase_rule(item) for item in nouns] == [None, PRESETS["coffee"], own, None]
    rows = compiled(World(nouns=nouns, prices=(), stock=(), touchpoints=()).build()).categories
    names = ("wait_ms", "is_consumable", "search_lifts_wait", "is_special")
    assert [tuple(int(row[name]) for name in names) for row in rows] == [
        (0, 0, 0, 0),
        (21 * DAY_MS, 1, 1, 0),
        (3 * DAY_MS, 1, 0, 0),
        (0, 0, 0, 1),
    ]


def test_sizes_are_variants_and_a_size_that_went_keeps_its_number() -> None:
    world = World()
    world.nouns = [product(sizes=(EU_44, EU_43)) if isinstance(noun, Product) else noun for noun in world.nouns]
    engine = world.build()
    registry = engine.registry
    both = compiled(engine)
    rows = [(int(row["size_code"]), int(row["variant_number"])) for row in both.variants]
    assert rows == sorted((size_code(size), registry.variant(0, size_code(size))) for size in (EU_43, EU_44))
    engine.put_nouns([product(sizes=(EU_44,))], now_ms=NOW_MS)
    fewer = compiled(engine)
    assert [int(row["size_code"]) for row in fewer.variants] == [size_code(EU_44)]
    assert registry.variant(0, size_code(EU_43)) >= 0
    engine.put_nouns([product(sizes=())], now_ms=NOW_MS)
    assert [int(row["size_code"]) for row in compiled(engine).variants] == [-1]
    engine.put_nouns([product(sizes=(EU_43, EU_44))], now_ms=NOW_MS)
    assert [(int(row["size_code"]), int(row["variant_number"])) for row in compiled(engine).variants] == rows


def test_a_stores_own_prices_stand_behind_its_key() -> None:
    world = World()
    world.nouns = [store("store-0"), *world.nouns]
    world.prices = [
        price(10_000, NOW_MS - 60 * DAY_MS),
        price(8_000, NOW_MS - 3 * DAY_MS),
        price(7_500, NOW_MS - DAY_MS, store_id="store-1"),
    ]
    tables = compiled(world.build())
    row = tables.products[0]
    chain = tables.prices[row["price_start"] : row["price_start"] + row["price_count"]]
    assert [(int(step["amount_minor"]), int(step["reference_minor"])) for step in chain] == [
        (10_000, -1),
        (8_000, 10_000),
    ]
    assert tables.own_price_keys.tolist() == [1 << 32 | 0]
    start, count = int(tables.own_price_starts[0]), int(tables.own_price_counts[0])
    own = tables.prices[start : start + count]
    assert [(int(step["amount_minor"]), int(step["reference_minor"])) for step in own] == [
        (10_000, -1),
        (8_000, 10_000),
        (7_500, 8_000),
    ]


def test_stores_have_their_hours_zone_and_place_and_share_equal_hours() -> None:
    nouns = [
        store("a", "24/7", time_zone="Asia/Kathmandu"),
        store("b", "24/7", time_zone="Asia/Kathmandu", east_m=500.0),
        store("unknown", ""),
        store("shut", "off"),
        store("web", "24/7", is_online=True),
    ]
    engine = World(nouns=nouns, prices=(), stock=(), touchpoints=()).build()
    tables, zones = compiled(engine), engine.state.people.zones
    rows = tables.stores
    assert rows["hours_known"].tolist() == [1, 1, 0, 1, 1]
    assert (rows["hours_start"][0], rows["hours_count"][0]) == (rows["hours_start"][1], rows["hours_count"][1])
    assert rows["hours_count"][3] == 0
    number = int(rows["zone_number"][0])
    steps = zones.steps[zones.starts[number] : zones.starts[number + 1]]
    assert [tuple(map(int, step)) for step in steps.tolist()] == list(zone_steps("Asia/Kathmandu"))
    for index, noun in enumerate(nouns):
        assert (rows["latitude_e7"][index], rows["longitude_e7"][index]) == (noun.latitude_e7, noun.longitude_e7)
    assert tables.online_stores.tolist() == [4]


def test_an_offer_carries_its_purposes_span_and_least_cut() -> None:
    world = World()
    changed = offer(minimum_price_cut_percent=30, required_purposes=Purpose.PUSH_MARKETING.bit, paused=True)
    world.nouns = [changed if isinstance(noun, Offer) else noun for noun in world.nouns]
    (row,) = compiled(world.build()).offers
    assert (row["valid_from_ms"], row["valid_until_ms"]) == (changed.valid_from_ms, changed.valid_until_ms)
    assert (row["minimum_cut_percent"], row["purposes"]) == (30, Purpose.PUSH_MARKETING.bit)
    assert (row["trigger"], row["paused"], row["everywhere"], row["live"]) == (OfferTrigger.ENTER, 1, 1, 1)


def test_a_store_s_version_moves_with_what_touches_its_offers_and_with_nothing_else() -> None:
    world = World()
    world.nouns = [store("other"), *world.nouns]
    engine = world.build()

    def versions() -> list[int]:
        tables = compiled(engine)
        return [int(tables.stores["version"][engine.registry.number(Store, name)]) for name in ("store-1", "other")]

    def moved(*nouns: object) -> list[bool]:
        before = versions()
        engine.put_nouns(nouns, now_ms=NOW_MS)  # type: ignore[arg-type]
        return [after > first for first, after in zip(before, versions(), strict=True)]

    assert moved(offer("offer-9", store_ids=("store-1",))) == [True, False]
    assert moved(offer("offer-9", store_ids=("other",))) == [True, True], "where it was it is gone"
    assert moved(offer("offer-8")) == [True, True]
    assert moved(campaign()) == [True, True]
    assert moved(audience()) == [False, False]
    assert moved(store("third", east_m=9_000.0)) == [False, False]
    before = versions()
    engine.put_prices([price(9_000, NOW_MS - HOUR_MS, store_id="other")], now_ms=NOW_MS)
    assert [after > first for first, after in zip(before, versions(), strict=True)] == [False, True]


def test_compiling_twice_gives_the_same_bytes() -> None:
    engine = replace(World()).build()
    first = compiled(engine)
    engine.put_nouns([campaign()], now_ms=NOW_MS)
    engine.delete_noun(Campaign, "campaign-1", now_ms=NOW_MS)
    second = compiled(engine)
    for name in CommerceTables._fields:
        if name not in ("campaigns", "stores", "offers"):  # one row more, versions, and the last row's number
            assert np.array_equal(getattr(first, name), getattr(second, name)), name
