"""A saved catalog goes live soon after the last change and not much later than the first."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from geooffer.engine import fence_layers
from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.engine.fence_merge import Merged, merge
from geooffer.engine.people_changes import WORDS_INLINE_PRODUCT_COUNT
from geooffer.engine.search_text import SearchIndex
from geooffer.errors import LimitExceededError, OverloadedError
from geooffer.journal.memory import MemoryJournal
from geooffer.model.catalog import Category, Geofence, Product
from geooffer.model.fence_tables import FenceTables
from geooffer.model.shapes import Circle
from geooffer.services.publisher import Publisher


class Counting:
    """An engine that only counts."""

    def __init__(self, *, is_quick: bool = False) -> None:
        self.is_quick_to_publish = is_quick
        self.needs_merge = False
        self.saved_generation = 0
        self.published: list[int] = []
        self.fault: Exception | None = None

    def merge_input(self) -> None:
        return None

    def take_merged(self, source: object, merged: object) -> int:
        raise AssertionError("nothing was to be merged")

    def words_to_index(self) -> None:
        return None

    def set_words(self, index: SearchIndex, generation: int) -> None:
        raise AssertionError("nothing was to be indexed")

    def publish(self) -> int:
        if self.fault is not None:
            raise self.fault
        self.published.append(self.saved_generation)
        return self.saved_generation


async def test_many_changes_are_one_publication():
    engine = Counting()
    publisher = Publisher(engine, quiet_ms=20, latest_ms=10_000)
    for generation in range(1, 51):
        engine.saved_generation = generation
        publisher.changed()
    assert engine.published == []
    await until(lambda: engine.published)
    assert engine.published == [50]


async def test_a_few_fences_are_published_in_the_next_turn_but_not_one_by_one():
    engine = Counting(is_quick=True)
    publisher = Publisher(engine, quiet_ms=60_000, latest_ms=60_000, quick_ms=20)
    for generation in range(1, 4):  # one turn of the loop
        engine.saved_generation = generation
        publisher.changed()
    await asyncio.sleep(0)
    await until(lambda: engine.published)
    assert engine.published == [3]
    while len(engine.published) < 3:
        engine.saved_generation += 1
        publisher.changed()
        await asyncio.sleep(0.001)
    assert engine.saved_generation > 8
    publisher.close()


async def test_many_fences_go_live_by_a_merge_aside_with_what_changed_meanwhile(monkeypatch: pytest.MonkeyPatch):
    may_end = threading.Event()

    def slow_merge(source: FenceTables) -> Merged:
        assert may_end.wait(10)
        return merge(source)

    monkeypatch.setattr("geooffer.services.publisher.merge", slow_merge)
    monkeypatch.setattr(fence_layers, "DELTA_BOX_COUNT_MAX", 40)
    monkeypatch.setattr(fence_layers, "MERGE_BOX_COUNT_MIN", 10)
    engine = Engine(journal=MemoryJournal(), clock=EngineClock("system"))
    publisher = Publisher(engine, quiet_ms=1, latest_ms=1)
    engine.put_nouns([circle(number) for number in range(100)], now_ms=0)
    assert engine.needs_merge
    publisher.changed()
    await until(lambda: publisher.is_merging)
    assert engine.live_generation == 0
    engine.put_nouns([circle(number) for number in (3, 100, 101)], now_ms=0)
    engine.delete_noun(Geofence, "fence-7", now_ms=0)
    publisher.changed()
    await asyncio.sleep(0.02)
    assert engine.live_generation == 0  # too many to enter in the delta: they wait for the merge, pings do not
    may_end.set()
    await until(lambda: engine.live_generation == engine.saved_generation and not publisher.is_merging)
    assert engine.index.layers.counts.merge_count == 2  # one was the start
    fences = engine.snapshot.fences.fences
    assert np.flatnonzero(fences["live"]).tolist() == [number for number in range(102) if number != 7]
    assert 1 <= len(engine.snapshot.fences.delta_items) <= 4
    # and once the delta has grown it is merged by itself
    for number in range(20):
        engine.put_nouns([circle(number, radius_cm=6_000)], now_ms=0)
        publisher.changed()
        await until(lambda: engine.live_generation == engine.saved_generation)
    await until(lambda: engine.index.layers.counts.merge_count >= 3 and not publisher.is_merging)
    assert engine.index.layers.counts.stale_row_count <= 20


def circle(number: int, radius_cm: int = 5_000) -> Geofence:
    return Geofence(f"fence-{number}", Circle(525_200_000 + number * 10_000, 134_050_000, radius_cm))


@pytest.mark.parametrize("fault", [MemoryError(), ValueError("whatever it is")], ids=["memory", "fault"])
@pytest.mark.parametrize("step", ["merge", "take_merged"])
async def test_a_merge_that_fails_leaves_the_old_index_and_is_tried_again_by_itself(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, step: str
):
    engine = Engine(journal=MemoryJournal(), clock=EngineClock("system"))
    layers = engine.index.layers
    real, faults = {"merge": merge, "take_merged": layers.take_merged}[step], [fault, fault]

    def failing(*args: object) -> object:
        if faults:
            raise faults.pop()
        return real(*args)

    if step == "merge":
        monkeypatch.setattr("geooffer.services.publisher.merge", failing)
    else:
        monkeypatch.setattr(layers, "take_merged", failing)
    monkeypatch.setattr("geooffer.services.publisher.MERGE_RETRY_S", 0.02)
    monkeypatch.setattr(fence_layers, "DELTA_BOX_COUNT_MAX", 40)
    publisher = Publisher(engine, quiet_ms=1, latest_ms=1)
    engine.put_nouns([circle(number) for number in range(100)], now_ms=0)
    publisher.changed()
    await until(lambda: len(faults) == 1 and not publisher.is_merging)
    assert engine.live_generation == 0
    await until(lambda: engine.live_generation == engine.saved_generation)  # and nobody changed anything
    assert engine.snapshot.fences.fences["live"].sum() == 100
    publisher.close()


async def test_merges_go_on_where_a_sandbox_forbids_priorities(monkeypatch: pytest.MonkeyPatch):
    def forbidden(*args: int) -> None:
        raise PermissionError

    monkeypatch.setattr("os.setpriority", forbidden)
    monkeypatch.setattr(fence_layers, "DELTA_BOX_COUNT_MAX", 40)
    engine = Engine(journal=MemoryJournal(), clock=EngineClock("system"))
    publisher = Publisher(engine, quiet_ms=1, latest_ms=1)
    engine.put_nouns([circle(number) for number in range(100)], now_ms=0)
    publisher.changed()
    await until(lambda: engine.live_generation == engine.saved_generation)
    publisher.close()


async def test_changes_that_never_pause_are_published_all_the_same():
    engine = Counting()
    publisher = Publisher(engine, quiet_ms=60_000, latest_ms=20)
    while not engine.published:
        engine.saved_generation += 1
        publisher.changed()
        await asyncio.sleep(0.001)
    assert 1 <= engine.published[0] <= engine.saved_generation
    publisher.close()


async def test_a_failed_publication_is_tried_again_by_the_next_change():
    engine = Counting()
    engine.fault = LimitExceededError("full")
    publisher = Publisher(engine, quiet_ms=0, latest_ms=0)
    publisher.changed()
    await asyncio.sleep(0.02)
    assert engine.published == []
    engine.fault, engine.saved_generation = None, 7
    publisher.changed()
    await until(lambda: engine.published)
    assert engine.published == [7]


async def test_flush_is_now_and_close_is_never():
    engine = Counting()
    publisher = Publisher(engine, quiet_ms=10, latest_ms=10)
    publisher.changed()
    assert publisher.flush() == 0
    publisher.changed()
    publisher.close()
    await asyncio.sleep(0.05)
    assert engine.published == [0]


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_the_words_of_a_large_assortment_are_indexed_aside():
    engine = Engine(journal=MemoryJournal(), clock=EngineClock("system"))
    shoes = Category("running-shoes", (("en", "Running shoes"),))
    titles = [
        Product(f"p{i}", "running-shoes", (("en", f"Runner {i}"),)) for i in range(WORDS_INLINE_PRODUCT_COUNT + 1)
    ]
    publisher = Publisher(engine, quiet_ms=1)
    engine.put_nouns([shoes, *titles], now_ms=0)
    with pytest.raises(OverloadedError):
        engine.category_of_text("running shoes")
    publisher.changed()
    await until(lambda: engine.words_to_index() is None)
    assert engine.category_of_text("running shoes") == "running-shoes"
    engine.put_nouns([Category("perfume", (("en", "Perfume"),))], now_ms=0)
    assert engine.category_of_text("perfume") is None  # the last index answers
    publisher.changed()
    await until(lambda: engine.words_to_index() is None)
    assert engine.category_of_text("perfume") == "perfume"
