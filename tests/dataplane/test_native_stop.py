"""How the native plane ends while something of it is on its way: nothing blocks, and no caps are lost."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from plane_stage import ANNA, BERT, Plane, open_service
from test_held_offers import message, next_answer, until

from geooffer.client import GeoofferClient
from geooffer.dataplane import native_plane
from geooffer.dataplane.native_echo import echo_plane
from geooffer.dataplane.native_figures import Figures
from geooffer.rpc.auth import TokenVerifier, issue_token
from geooffer.telemetry.observed import BatchesObserved
from planes import NATIVE
from stalling_journal import StallingJournal

pytest.importorskip("geooffer_native", reason="geooffer-native is not installed (make native)")

GRACE_S = 10.0
CALL_COUNT = 20


def released_count(plane: Plane) -> int:
    return sum(type(entry.record).__name__ == "DecisionReleased" for entry in plane.engine.journal.read())


async def offer_on_its_way(plane: Plane, call: Any) -> None:
    await call.write(message(ANNA))
    await until(lambda: plane.plane.held_offer_count)


async def test_offers_that_wait_for_the_journal_at_the_end_give_their_caps_back() -> None:
    journal = StallingJournal()
    async with open_service("client", journal, NATIVE) as plane:
        journal.stall()
        async with plane.client("gateway") as client:
            await offer_on_its_way(plane, client.open_call())
            assert not await plane.plane.drain(0.02)
            await plane.plane.stop()
            assert released_count(plane) == 1
            journal.go_on()
            await until(lambda: not plane.plane.held_offer_count)
            assert released_count(plane) == 1, "once"
            assert plane.plane.fault is None


async def test_what_is_settled_while_the_plane_stops_is_still_told() -> None:
    journal = StallingJournal()
    async with open_service("client", journal, NATIVE) as plane:
        journal.stall()
        async with plane.client("gateway") as client:
            call = client.open_call()
            await offer_on_its_way(plane, call)
            stopping = asyncio.create_task(plane.plane.stop())
            await asyncio.sleep(0.1)
            assert not stopping.done(), "it waits for its peers"
            journal.go_on()
            while not (await next_answer(call)).offers:
                pass
            await stopping
            assert released_count(plane) == 0


async def test_all_else_may_be_called_while_it_stops() -> None:
    key = Ed25519PrivateKey.generate()
    token = issue_token(key, role="gateway", subject="gw", now_s=time.time(), lifetime_s=60.0)
    with echo_plane("127.0.0.1:0", TokenVerifier(key.public_key())) as plane:
        async with GeoofferClient(plane.phone_address, token=token) as client:
            call = client.open_call()
            await call.write(message(ANNA))
            await next_answer(call)
            stopping = asyncio.create_task(asyncio.to_thread(plane.stop, GRACE_S))
            for _ in range(CALL_COUNT):
                await asyncio.sleep(0.01)
                assert plane.take() == []
            assert not stopping.done(), "a call waited for the end"
        await stopping


async def test_the_lock_is_given_back_where_names_of_fences_cannot_be_told() -> None:
    async with open_service("client", None, NATIVE) as plane:
        native: Any = plane.plane
        native._fence_count = -1  # "fence 0 has another name"
        with pytest.raises((OverflowError, ValueError)), plane.engine.lock:
            pass
        with pytest.raises(RuntimeError, match="not held"):
            native._lock.release()
        native._fence_count = 1


async def test_what_workers_counted_last_is_told_when_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_plane, "KEEP_AHEAD_EVERY_S", 3_600.0)  # it is told by its end alone
    told: list[BatchesObserved] = []
    async with open_service("client", None, NATIVE) as plane:
        plane.plane.on_batches = told.append
        async with plane.client("gateway") as client:
            call = client.open_call()
            await call.write(message(BERT))
            await next_answer(call)
        assert not told
        await plane.plane.stop()
    assert [batches.row_total for batches in told] == [1]


def test_a_worker_that_has_ended_is_a_fault() -> None:
    class Native:
        def statistics_json(self) -> str:
            return '{"ended_workers": 1}'

    figures = Figures(lambda: 0)
    figures.check_workers()
    figures.begin(Native())  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="1 workers"):
        figures.check_workers()
