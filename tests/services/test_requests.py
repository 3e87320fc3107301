"""The memory of request ids: once means once, also side by side, and never for failures."""

from __future__ import annotations

import asyncio

import pytest

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.errors import InvalidArgumentError, NotFoundError, OverloadedError
from geooffer.journal.memory import MemoryJournal
from geooffer.model import limits
from geooffer.services.requests import RequestMemory
from geooffer.v1 import store_service_pb2 as pb

KEY = ("operator", "CreateStore", "r1")
REQUEST = pb.GetStoreRequest(store_id="a")


class Work:
    """Counts how often it was done."""

    def __init__(self) -> None:
        self.count = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.fault: Exception | None = None

    async def __call__(self) -> pb.GetStoreResponse:
        self.count += 1
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return pb.GetStoreResponse(catalog_generation=self.count)


class Clock:
    now_ms = 0

    def __call__(self) -> int:
        return self.now_ms


def memory_of(clock: Clock) -> RequestMemory:
    return RequestMemory(Engine(journal=MemoryJournal(), clock=EngineClock("system")), clock)


async def test_the_same_request_side_by_side_is_worked_once():
    memory, work = memory_of(Clock()), Work()
    work.gate.clear()
    both = [asyncio.create_task(memory.once(KEY, REQUEST, work)) for _ in range(2)]
    await asyncio.sleep(0)
    work.gate.set()
    assert [answer.catalog_generation for answer in await asyncio.gather(*both)] == [1, 1]


async def test_ids_are_apart_by_caller_and_method_and_without_id_all_is_worked():
    memory, work = memory_of(Clock()), Work()
    for key in (KEY, ("other", *KEY[1:]), (KEY[0], "DeleteStore", "r1"), (*KEY[:2], ""), (*KEY[:2], "")):
        await memory.once(key, REQUEST, work)
    assert work.count == 5


async def test_another_request_under_the_same_id_is_refused():
    memory, work = memory_of(Clock()), Work()
    await memory.once(KEY, REQUEST, work)
    with pytest.raises(InvalidArgumentError):
        await memory.once(KEY, pb.GetStoreRequest(store_id="b"), work)
    with pytest.raises(InvalidArgumentError):
        await memory.once((*KEY[:2], "x" * 129), REQUEST, work)
    assert work.count == 1


async def test_a_failure_is_told_to_its_caller_and_forgotten():
    memory, work = memory_of(Clock()), Work()
    work.fault = NotFoundError("no")
    work.gate.clear()
    first, second = (asyncio.create_task(memory.once(KEY, REQUEST, work)) for _ in range(2))
    await asyncio.sleep(0)
    work.gate.set()
    with pytest.raises(NotFoundError):
        await first
    with pytest.raises(OverloadedError):
        await second
    work.fault = None
    assert (await memory.once(KEY, REQUEST, work)).catalog_generation == 2


async def test_answers_are_forgotten_by_age():
    clock, work = Clock(), Work()
    memory = memory_of(clock)
    await memory.once(KEY, REQUEST, work)
    clock.now_ms = limits.REQUEST_RETENTION_MS
    await memory.once(KEY, REQUEST, work)
    assert work.count == 1
    clock.now_ms += 1
    await memory.once(KEY, REQUEST, work)
    assert work.count == 2


async def test_a_cancelled_call_is_over_and_its_retry_works():
    memory, work = memory_of(Clock()), Work()
    work.gate.clear()
    first = asyncio.create_task(memory.once(KEY, REQUEST, work))
    await asyncio.sleep(0)
    second = asyncio.create_task(memory.once(KEY, REQUEST, work))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    with pytest.raises(OverloadedError):
        await second
    work.gate.set()
    assert (await memory.once(KEY, REQUEST, work)).catalog_generation == 2
