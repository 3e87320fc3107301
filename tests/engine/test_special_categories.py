"""M6: a special category makes no intent, no fact and no offer without explicit consent, whichever way it comes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from world import (
    ALL_PURPOSES,
    EU_43,
    HOUR_MS,
    NOW_MS,
    STANDING,
    World,
    campaign,
    consent,
    offer,
    ping,
    store,
    touchpoint,
    try_verdicts,
)

from geooffer.engine.apply import fold
from geooffer.engine.engine import Engine
from geooffer.engine.state import State, digest
from geooffer.errors import GeoofferError, NotConsentedError
from geooffer.importers.csv_files import read_table
from geooffer.journal.memory import MemoryJournal
from geooffer.model.catalog import Audience, Category, Customer, StockFigure
from geooffer.model.keys import partition_of, person_key
from geooffer.model.kinds import Channel, Fulfilment
from geooffer.model.policy import DAY_MS
from geooffer.model.records import CATALOG_PARTITION
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import OfferVerdict, Purpose, TouchpointKind

K, V = TouchpointKind, OfferVerdict
NAMED = (("en", "Running shoes"),)
SPECIAL = Category("running-shoes", NAMED, is_special=True, repurchase_preset="vitamins")
PLAIN = replace(SPECIAL, is_special=False)
HERE = (525_200_000, 134_050_000)
WITHOUT = ALL_PURPOSES & ~Purpose.SPECIAL_CATEGORY_OFFERS.bit
WAYS: dict[str, Touchpoint] = {
    "search of the category": touchpoint(),
    "search in words": replace(touchpoint(), category_id="", search_text="running shoes"),
    "search of a product": touchpoint(product_id="shoe"),
    "search with a size": touchpoint(size=EU_43),
    "view": touchpoint(K.VIEW, product_id="shoe"),
    "wish": touchpoint(K.WISH, product_id="shoe"),
    "cart": touchpoint(K.CART, product_id="shoe"),
    "purchase": touchpoint(K.PURCHASE, product_id="shoe", size=EU_43),
    "return": touchpoint(K.RETURN, product_id="shoe"),
    "preference of a size": touchpoint(K.PREFERENCE, size=EU_43),
    "like": touchpoint(K.SOCIAL_LIKE),
    "survey": touchpoint(K.SURVEY_ANSWER, is_interested=True),
    "message of others": touchpoint(K.CONTACTED, source="mail"),
}
OTHER = {K.LOYALTY_UPDATE, K.CRM_PROFILE}
"""Kinds that are about no category."""


def shop(category: Category = SPECIAL, *, purposes: int = WITHOUT, journal: Any = None, **changes: Any) -> Engine:
    """The shop of world.py with ann, who told nothing yet."""
    world = World(purposes=purposes, touchpoints=(), **changes)
    world.nouns = [category if isinstance(noun, Category) else noun for noun in world.nouns]
    return world.build(journal)


def lists_of(engine: Engine, customer_id: str = "ann") -> tuple[int, int, int]:
    """Heads of her intents, facts and contacts; −1 = none."""
    row = engine.state.people.view.persons[engine.state.people.person_slots[person_key(customer_id)]]
    return int(row["intent_head"]), int(row["fact_head"]), int(row["contact_head"])


def test_every_kind_that_may_name_a_category_is_tried() -> None:
    assert {signal.kind for signal in WAYS.values()} == set(TouchpointKind) - OTHER


@pytest.mark.parametrize("name", WAYS)
def test_no_signal_of_it_is_kept_without_consent(name: str) -> None:
    journal = MemoryJournal()
    engine = shop(journal=journal)
    count = journal.appended
    with pytest.raises(NotConsentedError):
        engine.record_touchpoints([WAYS[name]], now_ms=NOW_MS)
    (error,) = engine.record_touchpoints([WAYS[name]], now_ms=NOW_MS, partial=True)
    assert isinstance(error, NotConsentedError)
    assert lists_of(engine) == (-1, -1, -1)
    assert journal.appended == count or not any(
        type(entry.record).__name__ == "TouchpointRecord" for entry in journal.read()
    )
    consent(engine, Purpose.SPECIAL_CATEGORY_OFFERS.bit)
    engine.record_touchpoints([WAYS[name]], now_ms=NOW_MS)
    assert lists_of(engine) != (-1, -1, -1) or WAYS[name].kind is K.RETURN


def test_imported_signals_take_the_same_way(tmp_path: Path) -> None:
    path = tmp_path / "touchpoints.csv"
    lines = [f"{kind},2026-03-03T08:00:00Z,ann,running-shoes" for kind in ("SEARCH", "PURCHASE", "SOCIAL_LIKE")]
    path.write_text("\n".join(["kind,event_time,customer_id,category_id", *lines]))
    found = read_table(path, "touchpoints")
    assert not found.refusals
    engine = shop()
    signals = [item for item in found.items if isinstance(item, Touchpoint)]
    results = engine.record_touchpoints(signals, now_ms=NOW_MS, partial=True)
    assert [type(result) for result in results] == [NotConsentedError] * 3
    assert lists_of(engine) == (-1, -1, -1)


def became_special(**changes: Any) -> Engine:
    """She told before it was special: all that could make an offer is there."""
    engine = shop(PLAIN, **changes)
    signals = [touchpoint(time_ms=NOW_MS - HOUR_MS, size=EU_43), touchpoint(K.SOCIAL_LIKE)]
    engine.record_touchpoints(signals, now_ms=NOW_MS)
    engine.put_nouns([SPECIAL], now_ms=NOW_MS)
    engine.publish()
    return engine


ALTERNATIVES = {
    "in the store": [StockFigure("store-1", "shoe", EU_43, 5, NOW_MS - HOUR_MS)],
    "another branch": [StockFigure("store-2", "shoe", EU_43, 5, NOW_MS - HOUR_MS)],
    "shipped home": [StockFigure("web", "shoe", EU_43, 5, NOW_MS - HOUR_MS)],
}


@pytest.mark.parametrize("where", ALTERNATIVES)
@pytest.mark.parametrize("is_asked", [False, True], ids=["walked", "asked"])
def test_no_offer_of_it_is_made_wherever_the_goods_are(where: str, is_asked: bool) -> None:
    """The same shop with consent makes it, so that the refusal is the category's."""
    verdicts = []
    for purposes in (WITHOUT, ALL_PURPOSES):
        world = World(purposes=purposes, touchpoints=())
        told = [noun for noun in world.nouns if not isinstance(noun, Category) and type(noun).__name__ != "Offer"]
        told = [replace(noun, is_sold_online=True) if type(noun).__name__ == "Product" else noun for noun in told]
        extra = [
            campaign(offers_other_branch=True, offers_shipping=True),
            store("store-2", east_m=800.0),
            store("web", is_online=True),
        ]
        world.nouns = [PLAIN, *extra, *told, offer(campaign_id="campaign-1")]
        world.stock = ALTERNATIVES[where]
        engine = world.build()
        engine.record_touchpoints([touchpoint(size=EU_43)], now_ms=NOW_MS)
        engine.put_nouns([SPECIAL], now_ms=NOW_MS)
        engine.publish()
        if is_asked:
            answer = engine.decide("ann", channel=Channel.IN_APP, now_ms=NOW_MS, product_id="shoe", place=HERE)
            verdicts.append(answer.verdict)
            assert (answer.decision is None) == (purposes == WITHOUT)
        else:
            outcome = engine.step(ping())
            decisions = engine.commit(outcome)
            verdicts += try_verdicts(outcome)
            assert bool(decisions) == (purposes == ALL_PURPOSES)
            if decisions and where != "in the store":
                assert decisions[0].fulfilment is not Fulfilment.IN_STORE
    assert verdicts == [V.SPECIAL_CATEGORY, V.OFFERED]


def test_being_due_again_or_on_a_list_is_no_consent() -> None:
    """Vitamins bought 60 days ago, and an uploaded list of a campaign."""
    for purposes, expected in ((WITHOUT, V.SPECIAL_CATEGORY), (ALL_PURPOSES, V.OFFERED)):
        world = World(purposes=purposes, touchpoints=())
        kept = [noun for noun in world.nouns if type(noun).__name__ not in ("Category", "Offer")]
        world.nouns = [
            PLAIN, Audience("audience-1"), campaign(audience_id="audience-1"), *kept, offer(campaign_id="campaign-1"),
        ]  # fmt: skip
        engine = world.build()
        bought = touchpoint(K.PURCHASE, NOW_MS - 60 * DAY_MS, size=EU_43)
        engine.record_touchpoints([bought], now_ms=NOW_MS)
        engine.put_audience_members("audience-1", ["ann"], are_members=True, now_ms=NOW_MS)
        engine.put_nouns([SPECIAL], now_ms=NOW_MS)
        engine.publish()
        assert try_verdicts(engine.step(ping())) == [expected]


def test_an_answer_is_not_told_again_once_the_consent_is_gone() -> None:
    engine = became_special(purposes=ALL_PURPOSES)
    decision = engine.decide("ann", channel=Channel.IN_APP, now_ms=NOW_MS, product_id="shoe", place=HERE).decision
    assert decision is not None
    assert not isinstance(engine.told_again(decision.decision_key, None, NOW_MS), OfferVerdict)
    consent(engine, Purpose.SPECIAL_CATEGORY_OFFERS.bit, granted=False, time_ms=NOW_MS)
    assert isinstance(engine.told_again(decision.decision_key, None, NOW_MS), OfferVerdict)
    assert not engine.may_send(decision)
    assert lists_of(engine)[:2] == (-1, -1)


def test_a_person_who_is_united_brings_nothing_of_it_along() -> None:
    """Bob's latest word on the purpose is no; what ann told goes when they are one."""
    world = World(purposes=ALL_PURPOSES, touchpoints=(), customers=[Customer("ann", (1,)), Customer("bob", (2,))])
    world.nouns = [SPECIAL if isinstance(noun, Category) else noun for noun in world.nouns]
    engine = world.build()
    engine.record_touchpoints([touchpoint(size=EU_43)], now_ms=NOW_MS)
    consent(engine, Purpose.SPECIAL_CATEGORY_OFFERS.bit, granted=False, time_ms=NOW_MS, customer_id="bob")
    engine.merge_customers("ann", "bob")
    assert lists_of(engine, "bob")[:2] == (-1, -1)


def swept(engine: Engine) -> None:
    while engine.sweep_retention(NOW_MS + 1):
        pass


def test_what_was_told_before_goes_with_the_next_sweep_live_and_in_replay() -> None:
    """Of those who did not consent; a category that turns special makes everybody due again."""
    journal = MemoryJournal()
    customers = [Customer("ann", (1,)), Customer("bob", (2,))]
    engine = shop(PLAIN, purposes=STANDING, journal=journal, customers=customers)
    consent(engine, ALL_PURPOSES, customer_id="bob")
    for name in ("ann", "bob"):
        signals = [touchpoint(customer_id=name, size=EU_43), touchpoint(K.SOCIAL_LIKE, customer_id=name)]
        engine.record_touchpoints(signals, now_ms=NOW_MS)
    swept(engine)
    assert -1 not in lists_of(engine)[:2]
    engine.put_nouns([SPECIAL], now_ms=NOW_MS)
    swept(engine)
    assert lists_of(engine)[:2] == (-1, -1)
    assert -1 not in lists_of(engine, "bob")[:2]
    again = fold(State(), journal.read())
    for partition in (CATALOG_PARTITION, partition_of(person_key("ann")), partition_of(person_key("bob"))):
        assert digest(again, partition) == digest(engine.state, partition)


def test_an_interest_in_a_product_goes_when_the_product_is_moved_into_it() -> None:
    """Told under a plain category, of which other products stay: no offer at once, and gone with the next sweep."""
    journal = MemoryJournal()
    customers = [Customer("ann", (1,)), Customer("bob", (2,))]
    engine = shop(PLAIN, purposes=STANDING, journal=journal, customers=customers)
    engine.put_nouns([Category("tests"), replace(SPECIAL, category_id="health")], now_ms=NOW_MS)
    plain = next(iter(engine.registry.products.values()))
    engine.put_nouns([replace(plain, product_id="sock")], now_ms=NOW_MS)
    consent(engine, ALL_PURPOSES, customer_id="bob")
    for name in ("ann", "bob"):
        signals = [touchpoint(K.VIEW, customer_id=name, product_id=product_id) for product_id in ("shoe", "sock")]
        engine.record_touchpoints(signals, now_ms=NOW_MS)
    swept(engine)
    assert interests(engine, "ann") == interests(engine, "bob") == {"shoe", "sock"}
    engine.put_nouns([replace(plain, category_id="health")], now_ms=NOW_MS)
    engine.publish()
    assert V.OFFERED not in try_verdicts(engine.step(ping()))
    swept(engine)
    assert interests(engine, "ann") == {"sock"}
    assert interests(engine, "bob") == {"shoe", "sock"}
    again = fold(State(), journal.read())
    for partition in (CATALOG_PARTITION, partition_of(person_key("ann")), partition_of(person_key("bob"))):
        assert digest(again, partition) == digest(engine.state, partition)


def interests(engine: Engine, customer_id: str) -> set[str]:
    return {row["product_id"] for row in engine.export_person(customer_id, now_ms=NOW_MS)["interests"]}


def test_errors_name_no_category() -> None:
    with pytest.raises(GeoofferError) as caught:
        shop().record_touchpoints([touchpoint()], now_ms=NOW_MS)
    assert "running" not in caught.value.message
