"""The sweeper beside a server: in the engine's time, once a day, and over when the journal is."""

from __future__ import annotations

import asyncio

from shop import NOW_MS, bring_the_customer, stock_the_shop

from geooffer.model.policy import DAY_MS
from geooffer.model.records import RetentionSwept
from geooffer.services.sweeper import Sweeper


async def sweeps(plane) -> list[RetentionSwept]:
    """What was swept so far, once the sweeper has had its chance."""
    before = -1
    while before != len(found := [entry.record for entry in plane.engine.journal.read()]):
        before = len(found)
        await asyncio.sleep(0.05)
    return [record for record in found if isinstance(record, RetentionSwept)]


async def test_interest_goes_when_days_have_passed(plane):
    await stock_the_shop(plane)
    await bring_the_customer(plane)
    sweeper = asyncio.create_task(Sweeper(plane.control, pause_s=0.001).run())
    assert len(await sweeps(plane)) == 1
    told = plane.engine.export_person("c1", now_ms=NOW_MS)
    assert len(told["interests"]) == 1
    plane.control._real_now_ms = lambda: NOW_MS + 13 * DAY_MS
    assert len(await sweeps(plane)) == 2
    assert plane.engine.export_person("c1", now_ms=NOW_MS)["interests"] == []
    sweeper.cancel()


async def test_it_waits_for_a_clock_that_has_not_started(plane):
    await bring_the_customer_only(plane)
    plane.engine.clock.kind, plane.engine.clock._now_ms = "client", -(2**62)
    sweeper = asyncio.create_task(Sweeper(plane.control, pause_s=0.001).run())
    assert await sweeps(plane) == []
    sweeper.cancel()


async def bring_the_customer_only(plane) -> None:
    from geooffer.v1 import signal_service_pb2 as signal

    person = signal.Customer(customer_id="c1")
    await plane.signals.UpsertCustomers(signal.UpsertCustomersRequest(customers=[person]))
