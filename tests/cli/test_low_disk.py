"""A whole service on a disk that gets low, and has room again: what is refused, what goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from geooffer.bench import direct_world
from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.client import GeoofferClient, Ping
from geooffer.errors import DiskFullError
from geooffer.model.catalog import Customer, Store
from geooffer.model.policy import DAY_MS
from geooffer.model.signals import ConsentEvent
from geooffer.model.verdicts import Purpose
from geooffer.v1 import signal_service_pb2 as signal
from geooffer.v1 import verdicts_pb2 as words

MORE_THAN_ANY = 2**60
WALKER = direct_world.INTENT_EVERY
"""Who searched for what the stores have, and her phone's key."""
ALL_PURPOSES = sum(purpose.bit for purpose in Purpose)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[RunningService]:
    settings = loopback_settings(clock="system", journal="sqlite", state_dir=tmp_path / "state", disk_reserve_bytes=1)
    async with running_service(settings) as running:
        now_ms, engine = time.time_ns() // 1_000_000, running.engine
        engine.put_nouns([*direct_world.catalog(now_ms), direct_world.offer(now_ms)], now_ms=now_ms)
        engine.put_prices(direct_world.prices(now_ms), now_ms=now_ms)
        engine.report_stock(direct_world.stock(now_ms))
        engine.upsert_customers([Customer(f"c{WALKER}", (WALKER,))])
        engine.record_consent(
            f"c{WALKER}", ALL_PURPOSES, granted=True, time_ms=now_ms - 2 * DAY_MS, now_ms=now_ms, notice_version="1"
        )
        engine.record_touchpoints(direct_world.searches(WALKER, now_ms), now_ms=now_ms)
        engine.publish()
        yield running


def inside() -> Ping:
    latitude_e7, longitude_e7 = direct_world.fence_centre(WALKER)
    return Ping(latitude_e7 / 1e7, longitude_e7 / 1e7, accuracy_m=10, speed_m_per_s=1.2, device_key=WALKER)


def set_reserve(service: RunningService, reserve_bytes: int) -> None:
    assert service.disk is not None
    service.disk.reserve_bytes = reserve_bytes
    service.disk.check()


async def test_writes_are_refused_withdrawals_and_pings_go_on_and_all_comes_back(service: RunningService) -> None:
    async with GeoofferClient(
        service.data_address, control_target=service.control_address, token=service.issue_token("operator")
    ) as client:
        control = client.control
        store = Store("new", "New", 1, 1, "Europe/Berlin", "24/7")
        set_reserve(service, MORE_THAN_ANY)
        appended = service.engine.journal.appended
        with pytest.raises(DiskFullError):
            await control.upsert_stores([store])
        answer = await client.ingest(inside())
        assert (answer.acknowledged_message_sequence, len(answer.offers)) == (1, 0)
        assert [item.verdict for item in answer.tries] == [words.OFFER_VERDICT_TOO_LATE]
        assert (await control.catalog_state()).store_count == direct_world.FENCE_COUNT
        assert service.engine.journal.appended == appended
        withdrawal = ConsentEvent(f"c{WALKER}", Purpose.BACKGROUND_LOCATION.bit, False, time.time_ns() // 1_000_000, "")
        assert (await control.record_consents([withdrawal])).accepted_count == 1
        set_reserve(service, 1)
        assert (await control.upsert_stores([store])).accepted_count == 1
        # her caps had come back: the next try gives the offer
        await asyncio.sleep(0.01)
        assert len((await client.ingest(inside())).offers) == 1
        set_reserve(service, MORE_THAN_ANY)
        deleted = signal.DeleteCustomerRequest(customer_id=f"c{WALKER}")
        await control.call(control.signals.DeleteCustomer, deleted)
        assert not service.engine.state.people.customers


async def test_the_service_looks_every_second_by_itself(service: RunningService) -> None:
    disk: Any = service.disk
    disk.reserve_bytes = MORE_THAN_ANY
    async with asyncio.timeout(10):
        while not disk.is_low:
            await asyncio.sleep(0.05)
