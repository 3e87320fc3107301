"""H2: closures and pauses against a plain list of spans; stores by id, region or tag; durable."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import NOW_MS, World, store

from geooffer.engine.engine import Engine
from geooffer.engine.live import Closure, Live
from geooffer.engine.state import digest
from geooffer.errors import InvalidArgumentError, NotFoundError
from geooffer.journal.memory import MemoryJournal
from geooffer.kernels.branch import is_switched
from geooffer.model.catalog import Store
from geooffer.model.kinds import SwitchKind
from geooffer.model.limits import TIME_MAX_MS
from geooffer.model.policy import HOUR_MS
from geooffer.model.records import CATALOG_PARTITION

STORE_COUNT = 3


def town(journal: MemoryJournal | None = None) -> Engine:
    stores = [
        store("a", region="DE-BE", tags=("flagship", "new")),
        store("b", region="DE-BE"),
        store("c", region="DE-BY", tags=("new",)),
    ]
    return World(nouns=stores, prices=(), stock=(), touchpoints=()).build(journal)


def test_stores_are_named_in_one_way_and_the_answer_is_sorted() -> None:
    engine = town()
    assert engine.select_stores(store_ids=("c", "a", "c")) == ["a", "c"]
    assert engine.select_stores(region="DE-BE") == ["a", "b"]
    assert engine.select_stores(tag="new") == ["a", "c"]
    for wrong in ({}, {"region": "DE-BE", "tag": "new"}, {"store_ids": ("a",), "region": "DE-BE"}):
        with pytest.raises(InvalidArgumentError):
            engine.select_stores(**wrong)
    for unknown in ({"region": "DE-HH"}, {"tag": "old"}, {"store_ids": ("a", "z")}):
        with pytest.raises(NotFoundError):
            engine.select_stores(**unknown)  # type: ignore[arg-type]


def test_a_region_means_the_stores_that_have_it_then() -> None:
    engine = town()
    engine.switch_stores(
        engine.select_stores(region="DE-BE"),
        SwitchKind.CLOSED,
        from_ms=NOW_MS,
        until_ms=None,
        reason="water pipe",
        now_ms=NOW_MS,
    )
    engine.put_nouns([store("d", region="DE-BE")], now_ms=NOW_MS)
    told = {name: [(item.reason, item.until_ms) for item in engine.closures_of(name, NOW_MS)] for name in "abcd"}
    assert told == {"a": [("water pipe", TIME_MAX_MS)], "b": [("water pipe", TIME_MAX_MS)], "c": [], "d": []}


def test_an_empty_span_is_refused() -> None:
    engine = town()
    with pytest.raises(InvalidArgumentError) as caught:
        engine.switch_stores(["a"], SwitchKind.CLOSED, from_ms=NOW_MS, until_ms=NOW_MS, reason="", now_ms=NOW_MS)
    assert caught.value.field == "until_time"
    with pytest.raises(NotFoundError):
        engine.closures_of("z", NOW_MS)


def test_switches_are_durable_and_go_with_their_store() -> None:
    journal = MemoryJournal()
    engine = town(journal)
    for name in "abc":
        for hour, kind in enumerate(SwitchKind):
            from_ms = NOW_MS + hour * HOUR_MS
            engine.switch_stores([name], kind, from_ms=from_ms, until_ms=None, reason="x", now_ms=NOW_MS)
    engine.restore_stores(["a"], SwitchKind.CLOSED, now_ms=NOW_MS + HOUR_MS)
    engine.delete_noun(Store, "b", now_ms=NOW_MS)
    assert {item.store_number for item in engine.state.live.closures} == {0, 2}
    again = Engine(journal=journal, clock=engine.clock)
    assert digest(again.state, CATALOG_PARTITION) == digest(engine.state, CATALOG_PARTITION)


@dataclass
class Span:
    store: int
    kind: SwitchKind
    from_ms: int
    until_ms: int


MOMENT = st.integers(0, 20)
CHANGE = st.tuples(st.booleans(), st.integers(0, STORE_COUNT - 1), st.sampled_from(SwitchKind), MOMENT, MOMENT)


@settings(max_examples=60, deadline=None)
@given(st.lists(CHANGE, max_size=12))
def test_what_is_in_force_is_that_of_the_list(changes: list[tuple[bool, int, SwitchKind, int, int]]) -> None:
    live = Live()
    live.cover_stores(STORE_COUNT)
    spans: list[Span] = []
    for time_ms, (is_restored, number, kind, first, second) in enumerate(changes):
        if is_restored:
            live.restore([number], kind, time_ms)
            for span in spans:
                if (span.store, span.kind) == (number, kind):
                    span.until_ms = min(span.until_ms, time_ms)
        elif first < second:
            live.switch([Closure(number, kind, first, second, "")], time_ms)
            spans.append(Span(number, kind, first, second))
    for number in range(STORE_COUNT):
        for now_ms in range(len(changes), 22):  # what is over may be gone from the tables
            kinds = {span.kind for span in spans if span.store == number and span.from_ms <= now_ms < span.until_ms}
            # a closure goes before a pause
            assert is_switched(live.view, number, now_ms) == int(min(kinds, default=0))
