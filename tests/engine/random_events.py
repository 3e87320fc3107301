"""What happens between two pings of a random market: signals, stock, prices, closures, outcomes, time. Not a test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from random_market import (
    BRANCH_COUNT,
    CATEGORY_COUNT,
    OFFER_COUNT,
    PERSON_COUNT,
    PRODUCT_COUNT,
    PRODUCTS,
    RandomMarket,
    chance,
    join,
    pick,
    random_offer,
    random_signal,
    random_stock,
    tell,
)
from random_rules import random_campaign, random_category

from geooffer.engine.decisions import Decision
from geooffer.model.kinds import OutcomeKind, SwitchKind
from geooffer.model.policy import DAY_MS, HOUR_MS

MINUTE_MS = 60_000
Rng = np.random.Generator


def something_happens(rng: Rng, market: RandomMarket, decisions: list[Decision], now_ms: int) -> None:
    """Zero to three random changes at `now_ms`; each may or may not matter to the next ping."""
    changes = (
        _signals,
        _signals,
        _signals,
        _lists,
        _stock,
        _stock,
        _closure,
        _pause,
        _restore,
        _campaign,
        _category,
        _offer,
    )
    for _ in range(int(rng.integers(0, 4))):
        pick(rng, changes)(rng, market, now_ms)
    if decisions and chance(rng, 0.5):
        _outcome(rng, market, decisions, now_ms)


def _signals(rng: Rng, market: RandomMarket, now_ms: int) -> None:
    name = f"customer-{int(rng.integers(0, PERSON_COUNT))}"
    for _ in range(int(rng.integers(1, 6))):
        tell(market, random_signal(rng, market, name, now_ms), now_ms)


def _lists(rng: Rng, market: RandomMarket, now_ms: int) -> None:
    name = f"customer-{int(rng.integers(0, PERSON_COUNT))}"
    join(market, f"audience-{int(rng.integers(0, 2))}", name, chance(rng, 0.6), now_ms)


def _stock(rng: Rng, market: RandomMarket, now_ms: int) -> None:
    for index in PRODUCTS:
        if chance(rng, 0.5):
            market.engine.report_stock(random_stock(rng, market.engine, index, now_ms))


def _stores(rng: Rng, market: RandomMarket) -> list[str]:
    engine = market.engine
    if chance(rng, 0.2) and any(store.region == "east" for store in engine.registry.stores.values()):
        return engine.select_stores(region="east")
    return engine.select_stores(store_ids=[pick(rng, [f"store-{int(rng.integers(0, BRANCH_COUNT))}", "web-0"])])


def _switch(rng: Rng, market: RandomMarket, kind: SwitchKind, now_ms: int) -> None:
    from_ms = now_ms + int(pick(rng, [-HOUR_MS, 0, 1, HOUR_MS]))
    until_ms = pick(rng, [None, from_ms + 1, from_ms + 10, from_ms + 30 * MINUTE_MS, from_ms + 5 * HOUR_MS])
    market.engine.switch_stores(
        _stores(rng, market), kind, from_ms=from_ms, until_ms=until_ms, reason="", now_ms=now_ms
    )


def _closure(rng: Rng, market: RandomMarket, now_ms: int) -> None:
    _switch(rng, market, SwitchKind.CLOSED, now_ms)


def _pause(rng: Rng, market: RandomMarket, now_ms: int) -> None:
    _switch(rng, market, SwitchKind.OFFERS_PAUSED, now_ms)


def _restore(rng: Rng, market: RandomMarket, now_ms: int) -> None:
    for kind in SwitchKind:
        market.engine.restore_stores(sorted(market.engine.registry.stores), kind, now_ms=now_ms)


def _campaign(rng: Rng, market: RandomMarket, now_ms: int) -> None:
    market.engine.put_nouns([random_campaign(rng, int(rng.integers(0, 4)))], now_ms=now_ms)


def _category(rng: Rng, market: RandomMarket, now_ms: int) -> None:
    """Another waiting time; or special from now on, whatever is held of interest in it."""
    market.engine.put_nouns([random_category(rng, int(rng.integers(0, CATEGORY_COUNT)))], now_ms=now_ms)


def _offer(rng: Rng, market: RandomMarket, now_ms: int) -> None:
    """An offer is replaced by another one for the same product or another."""
    offer = random_offer(rng, int(rng.integers(0, OFFER_COUNT)), now_ms)
    product_id = f"product-{int(rng.integers(0, PRODUCT_COUNT))}"
    market.engine.put_nouns([replace(offer, product_id=product_id)], now_ms=now_ms)


def _outcome(rng: Rng, market: RandomMarket, decisions: list[Decision], now_ms: int) -> None:
    """One of the last decisions was seen, dismissed, redeemed, failed, or its bytes never left."""
    index = int(rng.integers(max(len(decisions) - 4, 0), len(decisions)))
    decision = decisions[index]
    if decision.decision_key not in market.engine.state.decisions:
        return  # forgotten after 32 days
    if chance(rng, 0.2):
        market.engine.release(decision)
        del decisions[index]
        return
    kind = pick(rng, list(OutcomeKind))
    time_ms = min(now_ms, decision.time_ms + int(rng.integers(0, 3 * DAY_MS)))
    market.engine.report_outcome(decision.decision_id, kind, time_ms=time_ms, now_ms=now_ms)
    if kind is OutcomeKind.FAILED:
        del decisions[index]
