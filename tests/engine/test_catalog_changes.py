"""Changes of the catalog: all or nothing, or row by row; references; the overlap bound; numbers for good."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from world import (
    EU_43,
    EU_44,
    MINUTE_MS,
    NOW_MS,
    World,
    fence,
    offer,
    ping,
    product,
    store,
    transitions,
    try_verdicts,
    verdicts,
)

from geooffer.engine.engine import Engine
from geooffer.engine.state import digest
from geooffer.errors import (
    AlreadyExistsError,
    GeoofferError,
    InUseError,
    InvalidArgumentError,
    JournalError,
    LimitExceededError,
    NotFoundError,
    OverlapLimitError,
)
from geooffer.journal.commits import Commit
from geooffer.journal.memory import MemoryJournal
from geooffer.model import limits
from geooffer.model.catalog import Category, Customer, Geofence, Offer, Product, Size, StockFigure, Store
from geooffer.model.policy import HOUR_MS
from geooffer.model.records import CATALOG_PARTITION
from geooffer.model.verdicts import OfferVerdict, PingVerdict

BAD: list[tuple[Any, type[GeoofferError]]] = [
    (store("x").__class__("x", "x", 0, 0, "Europe/Nowhere"), InvalidArgumentError),
    (fence("x", "nowhere"), NotFoundError),
    (product("x", "nothing"), NotFoundError),
    (product("x", sizes=(EU_43, EU_43)), InvalidArgumentError),
    (offer("x", "nothing"), NotFoundError),
    (offer("x", store_ids=("nowhere",)), NotFoundError),
    (offer("x", valid_until_ms=0), InvalidArgumentError),
]


def catalog(engine: Engine) -> str:
    return digest(engine.state, CATALOG_PARTITION)


@pytest.mark.parametrize(("noun", "error"), BAD)
def test_a_bad_noun_is_refused_whole_or_alone(noun: Any, error: type[GeoofferError]) -> None:
    engine = World().build()
    before, generation = catalog(engine), engine.saved_generation
    with pytest.raises(error):
        engine.put_nouns([Category("new"), noun], now_ms=NOW_MS)
    assert (catalog(engine), engine.saved_generation) == (before, generation)
    results = engine.put_nouns([Category("new"), noun, Category("newer")], now_ms=NOW_MS, partial=True)
    assert [type(result) for result in results] == [type(None), error, type(None)]
    assert {"new", "newer"} <= set(engine.registry.categories)


def test_later_nouns_may_refer_to_earlier_ones_of_the_call_but_not_to_refused_ones() -> None:
    engine = World().build()
    results = engine.put_nouns(
        [store("s"), fence("f", "s"), product("p", "nothing"), offer("o", "p")], now_ms=NOW_MS, partial=True
    )
    assert [type(result) for result in results] == [type(None), type(None), NotFoundError, NotFoundError]


def test_what_is_in_use_is_not_deleted() -> None:
    world = World()
    world.nouns = [*world.nouns, store("store-2"), offer("offer-2", store_ids=("store-2",))]
    engine = world.build()
    before = catalog(engine)
    for kind, name in ((Store, "store-1"), (Store, "store-2"), (Category, "running-shoes"), (Product, "shoe")):
        with pytest.raises(InUseError):
            engine.delete_noun(kind, name, now_ms=NOW_MS)
    for kind in (Store, Geofence, Category, Product, Offer):
        with pytest.raises(NotFoundError):
            engine.delete_noun(kind, "nothing", now_ms=NOW_MS)
    assert catalog(engine) == before


def test_from_the_leaves_on_everything_can_be_deleted_and_pings_go_on() -> None:
    engine = World().build()
    engine.step(ping())
    for kind, name in (
        (Offer, "offer-1"),
        (Product, "shoe"),
        (Category, "running-shoes"),
        (Geofence, "fence-1"),
        (Store, "store-1"),
    ):
        engine.delete_noun(kind, name, now_ms=NOW_MS)
        engine.publish()
        assert verdicts(engine.step(ping(NOW_MS + 1_000 * engine.saved_generation))) == [PingVerdict.ACCEPTED]
    assert engine.registry.prices == {}
    assert engine.state.live.figures() == []
    assert engine.registry.fence_id(0) == "fence-1", "a deleted fence keeps its number"


def test_a_name_that_comes_back_keeps_its_number_and_a_new_one_never_takes_it() -> None:
    engine = World().build()
    engine.delete_noun(Geofence, "fence-1", now_ms=NOW_MS)
    engine.put_nouns([fence("fence-2"), fence("fence-1")], now_ms=NOW_MS)
    assert [engine.registry.number(Geofence, name) for name in ("fence-1", "fence-2")] == [0, 1]
    engine.publish()
    told = transitions(engine, engine.step(ping()).transitions)
    assert [fence_id for _, _, fence_id, _ in told] == ["fence-1", "fence-2"]


def test_pings_are_decided_by_the_published_catalog() -> None:
    engine = World().build()
    engine.step(ping(NOW_MS - HOUR_MS, east_m=5_000.0))
    engine.put_nouns([replace(offer(), paused=True)], now_ms=NOW_MS)
    assert engine.live_generation < engine.saved_generation
    assert try_verdicts(engine.step(ping())) == [OfferVerdict.OFFERED]
    assert engine.publish() == engine.saved_generation == engine.live_generation


def bounded(overlap: int, *fences: Geofence) -> Engine:
    return World(nouns=[store(), *fences], prices=(), stock=(), touchpoints=(), overlap_count_max=overlap).build()


def covering(engine: Engine, east_m: float) -> list[str]:
    """The fences a fresh visitor enters there."""
    engine.publish()
    engine.upsert_customers([Customer("probe", ())])
    engine.upsert_customers([Customer("probe", (77,))])
    engine.record_consent("probe", 1, granted=True, time_ms=NOW_MS, now_ms=NOW_MS, notice_version="1")
    outcome = engine.step(ping(device=77, east_m=east_m))
    return [fence_id for _, _, fence_id, _ in transitions(engine, outcome.transitions)]


def test_g8_a_refused_batch_leaves_the_index_as_it_was() -> None:
    """All or nothing, also in the index of record: moved fences move back even where they changed places."""
    engine = bounded(1, fence("a"), fence("b", east_m=1_000.0))
    with pytest.raises(OverlapLimitError):
        engine.put_nouns(
            [
                fence("a", east_m=2_000.0),
                fence("b"),
                fence("c", east_m=1_000.0),
                fence("d", east_m=1_010.0),
            ],
            now_ms=NOW_MS,
        )
    assert [covering(engine, east_m) for east_m in (0.0, 1_000.0, 2_000.0)] == [["a"], ["b"], []]
    # and it still counts right: what was free is free, what was taken is taken
    engine.put_nouns([fence("c", east_m=2_000.0)], now_ms=NOW_MS)
    with pytest.raises(OverlapLimitError):
        engine.put_nouns([fence("d", east_m=30.0)], now_ms=NOW_MS)
    assert covering(engine, 2_000.0) == ["c"]
    assert len(engine.index) == 3


def test_a_batch_that_fails_brings_back_fences_that_would_be_refused_today(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = bounded(1, fence("a"), fence("b", east_m=1_000.0))

    def refused(*args: object) -> None:
        raise OverlapLimitError("as where boxes decide now and shapes did then")

    moved = fence("a", east_m=5_000.0)

    def fails(noun: object, pending: object) -> None:
        if noun is not moved:
            monkeypatch.setattr(engine.index, "_check_overlap", refused)
            raise NotFoundError("the second noun of the batch")

    with monkeypatch.context() as patched:
        patched.setattr(engine, "_check_noun", fails)
        with pytest.raises(NotFoundError):
            engine.put_nouns([moved, fence("c", "nowhere", east_m=3_000.0)], now_ms=NOW_MS)
    monkeypatch.undo()
    assert [covering(engine, east_m) for east_m in (0.0, 1_000.0, 5_000.0)] == [["a"], ["b"], []]
    assert len(engine.index) == 2
    with pytest.raises(OverlapLimitError):
        engine.put_nouns([fence("d", east_m=20.0)], now_ms=NOW_MS)
    engine.delete_noun(Geofence, "a", now_ms=NOW_MS)


def test_g8_a_partial_batch_keeps_the_fences_that_fit_under_their_own_numbers() -> None:
    engine = bounded(1, fence("a"))
    results = engine.put_nouns(
        [
            fence("b", east_m=10.0),
            fence("c", east_m=1_000.0),
            fence("d", "nowhere", east_m=2_000.0),
            fence("c", east_m=3_000.0),
            fence("e", east_m=1_000.0),
        ],
        now_ms=NOW_MS,
        partial=True,
    )
    assert [type(result) for result in results] == [
        OverlapLimitError,
        type(None),
        NotFoundError,
        type(None),
        type(None),
    ]
    assert [covering(engine, east_m) for east_m in (0.0, 1_000.0, 2_000.0, 3_000.0)] == [["a"], ["e"], [], ["c"]]


def test_g8_the_journal_rebuilds_an_index_at_its_bound() -> None:
    journal = MemoryJournal()
    world = World(nouns=[fence(f"f{i}", "", radius_m=50.0 + i) for i in range(8)], prices=(), stock=(), touchpoints=())
    world.overlap_count_max = 8
    engine = world.build(journal)
    engine.delete_noun(Geofence, "f3", now_ms=NOW_MS)
    engine.put_nouns([fence("f9", ""), fence("f1", "", radius_m=99.0)], now_ms=NOW_MS)
    again = Engine(journal=journal, clock=engine.clock, overlap_count_max=8)
    assert covering(again, 0.0) == ["f0", "f1", "f2", "f4", "f5", "f6", "f7", "f9"]


def test_stock_is_of_a_store_a_product_and_a_size_that_exist() -> None:
    engine = World().build()
    bad: list[tuple[StockFigure, type[GeoofferError]]] = [
        (StockFigure("nowhere", "shoe", EU_43, 1, 0), NotFoundError),
        (StockFigure("store-1", "nothing", EU_43, 1, 0), NotFoundError),
        (StockFigure("store-1", "shoe", EU_44, 1, 0), InvalidArgumentError),
        (StockFigure("store-1", "shoe", None, 1, 0), InvalidArgumentError),
    ]
    good = StockFigure("store-1", "shoe", EU_43, 9, NOW_MS)
    before = catalog(engine)
    for figure, error in bad:
        with pytest.raises(error):
            engine.report_stock([good, figure])
    assert catalog(engine) == before
    results = engine.report_stock([figure for figure, _ in bad] + [good], partial=True)
    assert [type(result) for result in results] == [error for _, error in bad] + [type(None)]
    assert engine.stock_of("store-1") == engine.stock_of("store-1", "shoe") == [good]
    with pytest.raises(NotFoundError):
        engine.stock_of("nowhere")


def test_two_sizes_with_one_code_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geooffer.engine.catalog_changes.size_code", lambda size: 7)
    engine = Engine(journal=MemoryJournal(), clock=World().build().clock)
    with pytest.raises(LimitExceededError):
        engine.put_nouns([Category("running-shoes"), product(sizes=(EU_43, Size("US", "9")))], now_ms=NOW_MS)


def test_a_device_belongs_to_one_person_and_is_listed_once() -> None:
    engine = World(customers=[Customer("ann", (1, 2)), Customer("bob", (3,))], touchpoints=()).build()
    before = [digest(engine.state, partition) for partition in range(64)]
    too_many = tuple(range(100, 101 + limits.DEVICES_PER_CUSTOMER_COUNT_MAX))
    bad: list[tuple[Customer, type[GeoofferError]]] = [
        (Customer("bob", (2, 3)), AlreadyExistsError),
        (Customer("carl", (3,)), AlreadyExistsError),
        (Customer("carl", (0,)), InvalidArgumentError),
        (Customer("carl", (9, 9)), InvalidArgumentError),
        (Customer("carl", too_many), InvalidArgumentError),
    ]
    for customer, error in bad:
        with pytest.raises(error):
            engine.upsert_customers([Customer("dora", (50,)), customer])
    with pytest.raises(AlreadyExistsError):
        engine.upsert_customers([Customer("dora", (50,)), Customer("emil", (50,))])
    assert [digest(engine.state, partition) for partition in range(64)] == before
    assert engine.customer("ann").device_keys == (1, 2)
    with pytest.raises(NotFoundError):
        engine.customer("dora")


def test_a_deleted_customer_leaves_nothing() -> None:
    engine = World().build()
    empty = World(customers=(), touchpoints=()).build()
    engine.commit(engine.step(ping()))
    engine.delete_customer("ann")
    assert [digest(engine.state, p) for p in range(64)] == [digest(empty.state, p) for p in range(64)]
    assert verdicts(engine.step(ping(NOW_MS + MINUTE_MS))) == [PingVerdict.NO_CONSENT]
    people = engine.state.people
    assert not np.any(people.view.device_hash_keys)
    assert int(people._free[1]) == len(people._presences)
    assert int(people._free[3]) == len(people._contacts)
    with pytest.raises(NotFoundError):
        engine.delete_customer("ann")
    engine.upsert_customers([Customer("ann", (1,))])
    assert engine.consent_of("ann") == {}


@pytest.mark.parametrize("lost", [0, 3, -2])
def test_a_journal_that_lost_a_commit_is_not_replayed(lost: int) -> None:
    journal = MemoryJournal()
    engine = World().build(journal)
    engine.upsert_customers([Customer("ann", (1, 2))])
    del journal._memory._commits[lost]
    with pytest.raises(JournalError):
        Engine(journal=journal, clock=engine.clock)


def test_a_journal_with_a_broken_frame_is_not_replayed() -> None:
    journal = MemoryJournal()
    engine = World().build(journal)
    commits = journal._memory._commits
    commits[4] = Commit(commits[4].position, commits[4].payload[:-3])
    with pytest.raises(JournalError):
        Engine(journal=journal, clock=engine.clock)


def test_a_deleted_product_takes_its_stock_along() -> None:
    engine = World().build()
    shoe, prices = engine.registry.products["shoe"], engine.registry.prices["shoe", ""]
    assert engine.stock_of("store-1", "shoe")
    engine.delete_noun(Offer, "offer-1", now_ms=NOW_MS)
    engine.delete_noun(Product, "shoe", now_ms=NOW_MS)
    engine.put_nouns([shoe], now_ms=NOW_MS)
    engine.put_prices(prices, now_ms=NOW_MS)
    assert engine.stock_of("store-1", "shoe") == []


def test_a_price_list_is_bounded_within_one_call_and_a_step_can_be_replaced_at_the_bound() -> None:
    engine = World().build()
    step = engine.registry.prices["shoe", ""][-1]
    room = limits.PRICE_STEPS_PER_LIST_COUNT_MAX - len(engine.registry.prices["shoe", ""])
    more = [replace(step, valid_from_ms=step.valid_from_ms + 1 + index) for index in range(room + 1)]
    results = engine.put_prices(more, now_ms=NOW_MS, partial=True)
    assert [type(result) for result in results] == [type(None)] * room + [LimitExceededError]
    engine.put_prices([replace(step, amount_minor=step.amount_minor + 1)], now_ms=NOW_MS)
    assert len(engine.registry.prices["shoe", ""]) == limits.PRICE_STEPS_PER_LIST_COUNT_MAX


def test_at_equal_scores_the_lower_offer_id_wins_whatever_came_first() -> None:
    for ids in (("a", "b"), ("b", "a")):
        shop = [store(), fence(), Category("running-shoes"), product()]
        engine = World(nouns=[*shop, *(offer(offer_id) for offer_id in ids)]).build()
        outcome = engine.step(ping())
        assert [engine.registry.offer_id(int(winner["offer_number"])) for winner in outcome.winners] == ["a"]
