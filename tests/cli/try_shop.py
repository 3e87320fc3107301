"""A shop that makes Ann one offer, behind a real control port, for asking `geooffer try`. Not a test file."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.engine.shapes import circle
from geooffer.journal.memory import MemoryJournal
from geooffer.model.catalog import (
    Campaign,
    Category,
    Customer,
    Geofence,
    Offer,
    Price,
    Product,
    Size,
    StockFigure,
    Store,
)
from geooffer.model.columns import PING
from geooffer.model.kinds import Channel, SwitchKind
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.repurchase import RepurchaseRule
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import Purpose, TouchpointKind
from geooffer.rpc import auth, keys, roles
from geooffer.rpc.durability import at_once
from geooffer.rpc.server import PortOptions, bind_port
from geooffer.services.assembly import control_services
from geooffer.services.control import Control

NOW_MS = 1_772_528_400_000
"""Tuesday 2026-03-03 10:00 in Berlin."""
HERE = (525_200_000, 134_050_000)
ANN = 4711
EU_43 = Size("EU", "43")
ORDINARY = sum(purpose.bit for purpose in Purpose if purpose is not Purpose.SPECIAL_CATEGORY_OFFERS)
SHOES = Category("shoes", (("en", "Running shoes"),))
SPRING = Campaign("spring")

Arrange = Callable[[Engine], None]


def a_search(size: Size | None = EU_43, customer_id: str = "ann") -> Touchpoint:
    return Touchpoint(customer_id, TouchpointKind.SEARCH, NOW_MS - HOUR_MS, "shoes", size=size)


def open_shop() -> Engine:
    """Everything an offer of the shoe to Ann needs."""
    engine = Engine(journal=MemoryJournal(), clock=EngineClock("system"), decision_key=b"try")
    latitude_e7, longitude_e7 = HERE
    engine.put_nouns(
        [
            Store("mitte", "Mitte", latitude_e7, longitude_e7, "Europe/Berlin", "Mo-Sa 08:00-23:00"),
            Geofence("door", circle(latitude_e7, longitude_e7, 5_000), "mitte"),
            SHOES,
            SPRING,
            Product("shoe", "shoes", (("en", "Swift 3"),), (EU_43,)),
            Offer("o1", "shoe", NOW_MS - DAY_MS, NOW_MS + DAY_MS, campaign_id="spring"),
        ],
        now_ms=NOW_MS,
    )
    prices = [Price("shoe", 12_000, "EUR", NOW_MS - 60 * DAY_MS), Price("shoe", 9_000, "EUR", NOW_MS - DAY_MS)]
    engine.put_prices(prices, now_ms=NOW_MS)
    engine.report_stock([StockFigure("mitte", "shoe", EU_43, 5, NOW_MS - HOUR_MS)])
    engine.upsert_customers([Customer("ann", (ANN,)), Customer("bea", (4712,))])
    for name in ("ann", "bea"):
        consent(engine, ORDINARY, name)
    engine.record_touchpoints([a_search(), a_search(customer_id="bea")], now_ms=NOW_MS)
    return engine


def consent(engine: Engine, purposes: int, name: str = "ann", *, granted: bool = True) -> None:
    time_ms = NOW_MS - DAY_MS if granted else NOW_MS
    engine.record_consent(name, purposes, granted=granted, time_ms=time_ms, now_ms=NOW_MS, notice_version="1")


@asynccontextmanager
async def served(engine: Engine, state_dir: Path) -> AsyncIterator[tuple[str, ...]]:
    """The engine behind a control port at NOW_MS; yields the options that reach it."""
    control = Control(engine, real_now_ms=lambda: NOW_MS)
    pair = keys.development_keys(state_dir)
    port = bind_port(
        "control",
        PortOptions("127.0.0.1:0"),
        verifier=auth.TokenVerifier(pair.public_key),
        durable=at_once,
        services=control_services(control),
    )
    await port.start()
    token = auth.issue_token(pair.private_key, role=roles.OPERATOR, subject="tests", now_s=time.time())
    try:
        yield "--server", port.address, "--token", token
    finally:
        await port.stop(0)
        control.publisher.close()


# -- what is arranged so that the answer is another one ------------------------------------------------------


def nothing(_: Engine) -> None:
    """The shop as it is."""


def close(engine: Engine) -> None:
    engine.switch_stores(
        ["mitte"], SwitchKind.CLOSED, from_ms=NOW_MS, until_ms=NOW_MS + HOUR_MS, reason="burst pipe", now_ms=NOW_MS
    )


def stop_offers(engine: Engine) -> None:
    engine.switch_offers(is_stopped=True, author="officer", reason="wrong prices", now_ms=NOW_MS)


def withdraw(engine: Engine) -> None:
    consent(engine, Purpose.PERSONALISED_OFFERS.bit, granted=False)


def make_special(engine: Engine) -> None:
    engine.put_nouns([replace(SHOES, is_special=True)], now_ms=NOW_MS)


def pause(engine: Engine) -> None:
    engine.put_nouns([replace(engine.registry.offers["o1"], paused=True)], now_ms=NOW_MS)


def for_gold_only(engine: Engine) -> None:
    engine.put_nouns([replace(SPRING, minimum_tier=5)], now_ms=NOW_MS)


def forget_her_search(engine: Engine) -> None:
    consent(engine, Purpose.SEARCH_INTENT_USE.bit, granted=False)
    engine.record_consent(
        "ann", Purpose.SEARCH_INTENT_USE.bit, granted=True, time_ms=NOW_MS + 1, now_ms=NOW_MS + 1, notice_version="1"
    )


def buy(engine: Engine) -> None:
    engine.put_nouns([replace(SHOES, repurchase=RepurchaseRule(90))], now_ms=NOW_MS)
    bought = Touchpoint("ann", TouchpointKind.PURCHASE, NOW_MS - 2 * HOUR_MS, product_id="shoe")
    engine.record_touchpoints([bought, a_search()], now_ms=NOW_MS)


def forget_her_size(engine: Engine) -> None:
    engine.delete_customer("ann")
    engine.upsert_customers([Customer("ann", (ANN,))])
    consent(engine, ORDINARY)
    engine.record_touchpoints([a_search(None)], now_ms=NOW_MS)


def sell_out(engine: Engine) -> None:
    engine.report_stock([StockFigure("mitte", "shoe", EU_43, 1, NOW_MS)])


def make_dearer(engine: Engine) -> None:
    engine.put_prices([Price("shoe", 13_000, "EUR", NOW_MS - HOUR_MS)], now_ms=NOW_MS)


def decide(engine: Engine, customer_id: str = "ann", product_id: str = "shoe") -> str:
    """An offer decided on the web shop; its decision id."""
    answer = engine.decide(customer_id, channel=Channel.WEB_SHOP, now_ms=NOW_MS, product_id=product_id, place=HERE)
    assert answer.decision is not None
    return answer.decision.decision_id


def offer_it(engine: Engine) -> None:
    decide(engine)


def offer_socks(engine: Engine) -> None:
    """Socks, without sizes, at a smaller cut: behind the shoe."""
    engine.put_nouns(
        [Product("socks", "shoes", (("en", "Socks"),)), Offer("o2", "socks", NOW_MS - DAY_MS, NOW_MS + DAY_MS)],
        now_ms=NOW_MS,
    )
    prices = [Price("socks", 1_000, "EUR", NOW_MS - 60 * DAY_MS), Price("socks", 900, "EUR", NOW_MS - DAY_MS)]
    engine.put_prices(prices, now_ms=NOW_MS)
    engine.report_stock([StockFigure("mitte", "socks", None, 2, NOW_MS - HOUR_MS)])


def offer_socks_first(engine: Engine) -> None:
    offer_socks(engine)
    decide(engine, product_id="socks")


def spend_the_budget(engine: Engine) -> None:
    engine.put_nouns([replace(SPRING, budget_count=1)], now_ms=NOW_MS)
    decide(engine, "bea")


def raise_the_floor(engine: Engine) -> None:
    engine.put_nouns([replace(SPRING, score_floor=100_000)], now_ms=NOW_MS)


def hold_out_everybody(engine: Engine) -> None:
    engine.put_nouns([replace(SPRING, held_out_per_10000=10_000)], now_ms=NOW_MS)


def stock_the_other_branch(engine: Engine) -> None:
    sell_out(engine)
    latitude_e7, longitude_e7 = HERE
    north = Store("nord", "Nord", latitude_e7 + 90_000, longitude_e7, "Europe/Berlin", "24/7")
    engine.put_nouns([north, replace(SPRING, offers_other_branch=True)], now_ms=NOW_MS)
    engine.report_stock([StockFigure("nord", "shoe", EU_43, 5, NOW_MS - HOUR_MS)])


def come_too_late(engine: Engine) -> None:
    """A ping whose decision budget ran out."""
    import numpy as np

    engine.publish()
    ping = np.zeros(1, dtype=PING)
    ping["device_key"], ping["fix_time_ms"], ping["now_ms"], ping["accuracy_cm"] = ANN, NOW_MS, NOW_MS, 1_000
    ping["latitude_e7"], ping["longitude_e7"] = HERE
    assert engine.commit(engine.step(ping), late_rows=[0]) == []
