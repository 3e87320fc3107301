"""D1.4–13: verdicts about the offer, her interest, size, stock and price, worked out by hand from the semantics.

The default world is OFFERED; one thing changes. test_offer_verdicts.py asks the matcher and explain. Not a test file.
"""

from __future__ import annotations

from dataclasses import replace

from offer_cases import DAYS_AGO, nouns, stock
from world import (
    ALL_PURPOSES,
    EU_43,
    EU_44,
    MINUTE_MS,
    NOW_MS,
    STANDING,
    World,
    campaign,
    offer,
    price,
    product,
    store,
    touchpoint,
)

from geooffer.model.catalog import Audience, Category, Noun, Size
from geooffer.model.kinds import ALL_ACCOUNTS, AccountKind, Channel
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.repurchase import RepurchaseRule
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import OfferTrigger, OfferVerdict, Purpose, TouchpointKind

V = OfferVerdict
K = TouchpointKind
PUSH = Purpose.PUSH_MARKETING.bit


def open_until(minutes: int) -> list[Noun]:
    """The store closes so many minutes after 10:00 on Tuesdays."""
    return nouns(store=store(hours=f"Tu 09:00-10:{minutes:02}"))


UNTRACKED = product(sizes=(), stock_tracked=False)
SIZELESS = product(sizes=())
MEANT = offer(campaign_id="campaign-1")


def in_campaign(**changes: object) -> list[Noun]:
    """The offer belongs to a campaign."""
    return nouns(Audience("audience-1"), campaign(**changes), offer=MEANT)  # type: ignore[arg-type]


def waiting(days: int, *, is_consumable: bool = False, search_lifts_wait: bool = False) -> list[Noun]:
    """The category has a waiting time."""
    rule = RepurchaseRule(days, is_consumable, search_lifts_wait)
    return nouns(category=Category("running-shoes", repurchase=rule))


def bought(time_ms: int) -> Touchpoint:
    return touchpoint(K.PURCHASE, time_ms)


def tier(value: int) -> Touchpoint:
    return Touchpoint("ann", K.LOYALTY_UPDATE, NOW_MS - HOUR_MS, tier=value)


SEARCH = touchpoint(size=EU_43)
BUSINESS = Touchpoint("ann", K.CRM_PROFILE, NOW_MS - HOUR_MS, account_kind=AccountKind.BUSINESS)
WITHDRAWN = ALL_PURPOSES & ~Purpose.SPECIAL_CATEGORY_OFFERS.bit

CASES: dict[str, tuple[World, OfferVerdict]] = {
    "the shoe she searched for": (World(), V.OFFERED),
    # 1 STORE_CLOSED
    "hours unknown": (World(nouns=nouns(store=store(hours=""))), V.STORE_CLOSED),
    "opens at 10:00 sharp (half-open)": (
        World(nouns=nouns(store=store(hours="Tu 10:00-11:00"))),
        V.OFFERED,
    ),
    "opens a minute later": (World(nouns=nouns(store=store(hours="Tu 10:01-11:00"))), V.STORE_CLOSED),
    "open on another day": (World(nouns=nouns(store=store(hours="We 08:00-20:00"))), V.STORE_CLOSED),
    "exactly 10 min to closing is not less": (World(nouns=open_until(10)), V.OFFERED),
    "9 min to closing": (World(nouns=open_until(9)), V.STORE_CLOSED),
    "no margin: open to the last moment": (
        World(nouns=open_until(1), policy=Policy(closing_margin_ms=0)),
        V.OFFERED,
    ),
    "no margin: closed at the closing time": (
        World(nouns=open_until(0), policy=Policy(closing_margin_ms=0)),
        V.STORE_CLOSED,
    ),
    "closed comes before consent": (
        World(nouns=nouns(store=store(hours="We 08:00-20:00")), purposes=STANDING & ~4, touchpoints=()),
        V.STORE_CLOSED,
    ),
    # 4 PURPOSE_NOT_CONSENTED
    "the offer's own purpose is missing": (
        World(nouns=nouns(offer=offer(required_purposes=PUSH)), purposes=STANDING),
        V.PURPOSE_NOT_CONSENTED,
    ),
    "the offer's own purpose is given": (
        World(nouns=nouns(offer=offer(required_purposes=PUSH)), purposes=STANDING | PUSH),
        V.OFFERED,
    ),
    "purpose comes before inactive": (
        World(nouns=nouns(offer=offer(required_purposes=PUSH, paused=True)), purposes=STANDING),
        V.PURPOSE_NOT_CONSENTED,
    ),
    # 6 OFFER_INACTIVE
    "paused": (World(nouns=nouns(offer=offer(paused=True))), V.OFFER_INACTIVE),
    "valid from now on": (World(nouns=nouns(offer=offer(valid_from_ms=NOW_MS))), V.OFFERED),
    "valid from a moment later": (World(nouns=nouns(offer=offer(valid_from_ms=NOW_MS + 1))), V.OFFER_INACTIVE),
    "valid until now (half-open)": (World(nouns=nouns(offer=offer(valid_until_ms=NOW_MS))), V.OFFER_INACTIVE),
    "valid a moment longer": (World(nouns=nouns(offer=offer(valid_until_ms=NOW_MS + 1))), V.OFFERED),
    "waits for the dwell": (World(nouns=nouns(offer=offer(trigger=OfferTrigger.DWELL))), V.OFFER_INACTIVE),
    "for another store: no candidate here": (
        World(nouns=[store("store-2"), *nouns(offer=offer(store_ids=("store-2",)))]),
        V.NO_INTENT,
    ),
    "for this store among others": (
        World(nouns=[store("store-2"), *nouns(offer=offer(store_ids=("store-1", "store-2")))]),
        V.OFFERED,
    ),
    "its campaign is paused": (World(nouns=in_campaign(paused=True)), V.OFFER_INACTIVE),
    # 7 AUDIENCE_MISMATCH
    "a campaign without any condition": (World(nouns=in_campaign()), V.OFFERED),
    "from tier 2 on, she has none": (World(nouns=in_campaign(minimum_tier=2)), V.AUDIENCE_MISMATCH),
    "from tier 2 on, hers is 1": (
        World(nouns=in_campaign(minimum_tier=2), touchpoints=[SEARCH, tier(1)]),
        V.AUDIENCE_MISMATCH,
    ),
    "from tier 2 on, hers is 2": (
        World(nouns=in_campaign(minimum_tier=2), touchpoints=[SEARCH, tier(2)]),
        V.OFFERED,
    ),
    "for business, she is a consumer": (
        World(nouns=in_campaign(account_kinds=AccountKind.BUSINESS.bit)),
        V.AUDIENCE_MISMATCH,
    ),
    "for business, and so she buys": (
        World(nouns=in_campaign(account_kinds=AccountKind.BUSINESS.bit), touchpoints=[SEARCH, BUSINESS]),
        V.OFFERED,
    ),
    "for consumers, she buys for business": (
        World(nouns=in_campaign(account_kinds=AccountKind.CONSUMER.bit), touchpoints=[SEARCH, BUSINESS]),
        V.AUDIENCE_MISMATCH,
    ),
    "for both kinds of account": (
        World(nouns=in_campaign(account_kinds=ALL_ACCOUNTS), touchpoints=[SEARCH, BUSINESS]),
        V.OFFERED,
    ),
    "on another channel only": (World(nouns=in_campaign(channels=Channel.EMAIL.bit)), V.AUDIENCE_MISMATCH),
    "on this channel among others": (
        World(nouns=in_campaign(channels=Channel.EMAIL.bit | Channel.IN_APP.bit)),
        V.OFFERED,
    ),
    "for a list she is not on": (World(nouns=in_campaign(audience_id="audience-1")), V.AUDIENCE_MISMATCH),
    "inactive comes before the audience": (
        World(nouns=in_campaign(audience_id="audience-1", paused=True)),
        V.OFFER_INACTIVE,
    ),
    "the audience comes before interest": (
        World(nouns=in_campaign(minimum_tier=1), touchpoints=[touchpoint(K.SOCIAL_LIKE)]),
        V.NO_INTENT,  # what she is not interested in is not looked at; explain still says AUDIENCE_MISMATCH
    ),
    # 8 NO_INTENT
    "the cart": (World(touchpoints=[touchpoint(K.CART, size=EU_43)]), V.OFFERED),
    "a like is no intent": (
        World(touchpoints=[touchpoint(K.SOCIAL_LIKE), touchpoint(K.PREFERENCE, size=EU_43)]),
        V.NO_INTENT,
    ),
    "interest told to a survey is no intent": (
        World(touchpoints=[touchpoint(K.SURVEY_ANSWER, is_interested=True), touchpoint(K.PREFERENCE, size=EU_43)]),
        V.NO_INTENT,
    ),
    "a survey's no ends the search before it": (
        World(touchpoints=[SEARCH, touchpoint(K.SURVEY_ANSWER, NOW_MS - MINUTE_MS, is_interested=False)]),
        V.NO_INTENT,
    ),
    "a search after a survey's no": (
        World(touchpoints=[SEARCH, touchpoint(K.SURVEY_ANSWER, NOW_MS - 2 * HOUR_MS, is_interested=False)]),
        V.OFFERED,
    ),
    "no signal at all": (World(touchpoints=()), V.NO_INTENT),
    "a size is no intent": (World(touchpoints=[touchpoint(K.PREFERENCE, size=EU_43)]), V.NO_INTENT),
    "14 days old": (World(touchpoints=[touchpoint(time_ms=DAYS_AGO[14], size=EU_43)]), V.OFFERED),
    "older than 14 days": (World(touchpoints=[touchpoint(time_ms=DAYS_AGO[14] - 1, size=EU_43)]), V.NO_INTENT),
    "a view of the product": (
        World(touchpoints=[touchpoint(K.VIEW, product_id="shoe", size=EU_43)]),
        V.OFFERED,
    ),
    "a wish": (World(touchpoints=[touchpoint(K.WISH, size=EU_43)]), V.OFFERED),
    "interest in another category": (
        World(
            nouns=[Category("hats"), *nouns()],
            touchpoints=[
                touchpoint(category_id="hats"),
                touchpoint(K.PREFERENCE, size=EU_43),
            ],
        ),
        V.NO_INTENT,
    ),
    "interest in another product of the category": (
        World(
            nouns=[*nouns(), product("boot")],
            touchpoints=[touchpoint(K.VIEW, product_id="boot", size=EU_43)],
        ),
        V.NO_INTENT,
    ),
    "a purchase ends the intent": (
        World(touchpoints=[touchpoint(size=EU_43), touchpoint(K.PURCHASE, NOW_MS - MINUTE_MS)]),
        V.NO_INTENT,
    ),
    "a purchase at the moment of the search ends it": (
        World(touchpoints=[touchpoint(size=EU_43), touchpoint(K.PURCHASE)]),
        V.NO_INTENT,
    ),
    "a search after the purchase": (
        World(touchpoints=[touchpoint(size=EU_43), touchpoint(K.PURCHASE, NOW_MS - 2 * HOUR_MS)]),
        V.OFFERED,
    ),
    "bought and brought back: the search counts again": (
        World(touchpoints=[SEARCH, bought(NOW_MS - 30 * MINUTE_MS), touchpoint(K.RETURN, NOW_MS - MINUTE_MS)]),
        V.OFFERED,
    ),
    "brought back the same moment": (
        World(touchpoints=[SEARCH, bought(NOW_MS - MINUTE_MS), touchpoint(K.RETURN, NOW_MS - MINUTE_MS)]),
        V.OFFERED,
    ),
    "brought back something older": (
        World(touchpoints=[SEARCH, bought(NOW_MS - MINUTE_MS), touchpoint(K.RETURN, NOW_MS - MINUTE_MS - 1)]),
        V.NO_INTENT,
    ),
    # 8 and 9: due again, recently bought
    "due: the wait is over this moment": (
        World(nouns=waiting(10, is_consumable=True), touchpoints=[replace(bought(DAYS_AGO[10]), size=EU_43)]),
        V.NO_INTENT,
    ),
    "due: the wait was over a moment ago": (
        World(nouns=waiting(10, is_consumable=True), touchpoints=[replace(bought(DAYS_AGO[10] - 1), size=EU_43)]),
        V.OFFERED,
    ),
    "due until three times the wait": (
        World(nouns=waiting(10, is_consumable=True), touchpoints=[replace(bought(DAYS_AGO[30]), size=EU_43)]),
        V.OFFERED,
    ),
    "no longer due after three times the wait": (
        World(nouns=waiting(10, is_consumable=True), touchpoints=[replace(bought(DAYS_AGO[30] - 1), size=EU_43)]),
        V.NO_INTENT,
    ),
    "what lasts is never due": (
        World(nouns=waiting(10), touchpoints=[replace(bought(DAYS_AGO[15]), size=EU_43)]),
        V.NO_INTENT,
    ),
    "searched again before the wait is over": (
        World(nouns=waiting(10), touchpoints=[SEARCH, bought(DAYS_AGO[10] + 1)]),
        V.RECENTLY_BOUGHT,
    ),
    "searched again as the wait ends": (
        World(nouns=waiting(10), touchpoints=[SEARCH, bought(DAYS_AGO[10])]),
        V.OFFERED,
    ),
    "searched again, which lifts this wait": (
        World(nouns=waiting(10, search_lifts_wait=True), touchpoints=[SEARCH, bought(DAYS_AGO[1])]),
        V.OFFERED,
    ),
    "an old search does not lift the wait": (
        World(nouns=waiting(10, search_lifts_wait=True), touchpoints=[SEARCH, bought(NOW_MS - MINUTE_MS)]),
        V.NO_INTENT,
    ),
    "brought back: nothing to wait for": (
        World(
            nouns=waiting(10),
            touchpoints=[SEARCH, bought(DAYS_AGO[1]), touchpoint(K.RETURN, NOW_MS - 2 * HOUR_MS)],
        ),
        V.OFFERED,
    ),
    "a washing machine waits for years (preset)": (
        World(
            nouns=nouns(category=Category("running-shoes", repurchase_preset="washing_machine")),
            touchpoints=[SEARCH, bought(DAYS_AGO[90])],
        ),
        V.RECENTLY_BOUGHT,
    ),
    "recently bought comes before size": (
        World(nouns=waiting(10), touchpoints=[touchpoint(), bought(DAYS_AGO[1])]),
        V.RECENTLY_BOUGHT,
    ),
    # 10 SIZE_MISMATCH
    "UK 9 is EU 43 for men": (
        World(
            nouns=nouns(category=Category("running-shoes", size_chart="shoes_men")),
            touchpoints=[touchpoint(size=Size("UK", "9"))],
        ),
        V.OFFERED,
    ),
    "US 9 is not": (
        World(
            nouns=nouns(category=Category("running-shoes", size_chart="shoes_men")),
            touchpoints=[touchpoint(size=Size("US", "9"))],
        ),
        V.SIZE_MISMATCH,
    ),
    "the latest size counts": (
        World(touchpoints=[SEARCH, touchpoint(K.PREFERENCE, NOW_MS - MINUTE_MS, size=EU_44)]),
        V.SIZE_MISMATCH,
    ),
    "the size of a purchase counts": (
        World(touchpoints=[touchpoint(), replace(bought(NOW_MS - 2 * HOUR_MS), size=EU_43)]),
        V.OFFERED,
    ),
    "her size is unknown": (World(touchpoints=[touchpoint()]), V.SIZE_MISMATCH),
    "the product does not come in her size": (World(touchpoints=[touchpoint(size=EU_44)]), V.SIZE_MISMATCH),
    "this store never had her size": (World(stock=()), V.SIZE_MISMATCH),
    "another store has her size": (
        World(nouns=[store("store-2"), *nouns()], stock=stock(5, store_id="store-2")),
        V.SIZE_MISMATCH,
    ),
    "only other sizes here": (
        World(nouns=nouns(product=product(sizes=(EU_43, EU_44))), stock=stock(5, EU_44)),
        V.SIZE_MISMATCH,
    ),
    # 11 OUT_OF_STOCK
    "sold out in her size": (World(stock=stock(0)), V.OUT_OF_STOCK),
    "only the safety stock is left": (World(stock=stock(1)), V.OUT_OF_STOCK),
    "one more than the safety stock": (World(stock=stock(2)), V.OFFERED),
    "no safety stock kept": (World(stock=stock(1), policy=Policy(safety_stock_count=0)), V.OFFERED),
    "sizeless and never reported": (
        World(nouns=nouns(product=SIZELESS), stock=(), touchpoints=[touchpoint()]),
        V.OUT_OF_STOCK,
    ),
    "sizeless and on the shelf": (
        World(nouns=nouns(product=SIZELESS), stock=stock(2, None), touchpoints=[touchpoint()]),
        V.OFFERED,
    ),
    "a service has no shelf": (
        World(nouns=nouns(product=UNTRACKED), stock=(), touchpoints=[touchpoint()]),
        V.OFFERED,
    ),
    "the product keeps its own safety stock": (
        World(nouns=nouns(product=product(safety_stock_count=5))),
        V.OUT_OF_STOCK,
    ),
    "the product keeps none": (
        World(nouns=nouns(product=product(safety_stock_count=0)), stock=stock(1)),
        V.OFFERED,
    ),
    # 12 STOCK_STALE
    "counted exactly 24 h ago": (World(stock=stock(5, as_of_ms=NOW_MS - DAY_MS)), V.OFFERED),
    "counted a moment earlier": (World(stock=stock(5, as_of_ms=NOW_MS - DAY_MS - 1)), V.STOCK_STALE),
    "sold out then, and old": (World(stock=stock(0, as_of_ms=NOW_MS - 2 * DAY_MS)), V.OUT_OF_STOCK),
    "old, but trusted longer": (
        World(stock=stock(5, as_of_ms=NOW_MS - 2 * DAY_MS), policy=Policy(stock_max_age_ms=2 * DAY_MS)),
        V.OFFERED,
    ),
    "stale comes before price": (World(stock=stock(5, as_of_ms=NOW_MS - 2 * DAY_MS), prices=()), V.STOCK_STALE),
    # 13 NO_PRICE_ADVANTAGE
    "no price": (World(prices=()), V.NO_PRICE_ADVANTAGE),
    "only one price ever": (World(prices=[price(8_000, DAYS_AGO[60])]), V.NO_PRICE_ADVANTAGE),
    "a price that starts tomorrow": (
        World(prices=[price(10_000, DAYS_AGO[60]), price(8_000, NOW_MS + DAY_MS)]),
        V.NO_PRICE_ADVANTAGE,
    ),
    "dearer than before": (
        World(prices=[price(8_000, DAYS_AGO[60]), price(10_000, DAYS_AGO[3])]),
        V.NO_PRICE_ADVANTAGE,
    ),
    "raised for a week to be cut again": (
        World(prices=[price(8_000, DAYS_AGO[60]), price(10_000, DAYS_AGO[14]), price(8_000, DAYS_AGO[3])]),
        V.NO_PRICE_ADVANTAGE,
    ),
    "cut exactly by the minimum": (
        World(nouns=nouns(offer=offer(minimum_price_cut_percent=20))),
        V.OFFERED,
    ),
    "cut under the minimum": (
        World(nouns=nouns(offer=offer(minimum_price_cut_percent=21))),
        V.NO_PRICE_ADVANTAGE,
    ),
    "size comes before price": (World(prices=(), touchpoints=[touchpoint()]), V.SIZE_MISMATCH),
}
