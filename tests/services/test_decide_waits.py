"""Decide while the disk stalls: its answer waits, and consent is looked at after the waiting (C4, D3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from shop import LATITUDE_E7, LONGITUDE_E7, bring_the_customer, stock_the_shop

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.rpc.durability import Durability
from geooffer.v1 import consent_service_pb2 as consent
from geooffer.v1 import decision_service_pb2 as pb
from geooffer.v1 import places_pb2
from geooffer.v1 import verdicts_pb2 as verdicts
from stalling_journal import StallingJournal

HERE = places_pb2.Place(latitude_e7=LATITUDE_E7, longitude_e7=LONGITUDE_E7)
ASKED = pb.DecideRequest(customer_id="c1", channel="CHANNEL_WEB_SHOP", place=HERE, request_id="r")
STILL_S, TOLD_S = 0.15, 5.0


@pytest.fixture
async def stalled(tmp_path: Path, open_plane: Any) -> AsyncIterator[tuple[Any, StallingJournal]]:
    """The shop with its customer, and a disk that stalls from now on."""
    journal = StallingJournal()
    durability = Durability(journal)
    journal.wake = durability.wake
    engine = Engine(journal=journal, clock=EngineClock("system"))
    async with open_plane(engine, tmp_path / "state", durability.wait) as plane:
        await stock_the_shop(plane)
        await bring_the_customer(plane)
        engine.publish()
        journal.stall()
        yield plane, journal


async def still_waiting(*calls: asyncio.Task[Any]) -> None:
    done, _ = await asyncio.wait(calls, timeout=STILL_S)
    assert not done


async def test_an_offer_leaves_when_its_record_is_durable(stalled: Any) -> None:
    plane, journal = stalled
    calls = [asyncio.ensure_future(plane.decisions.Decide(ASKED)) for _ in range(2)]  # one of them a retry
    await still_waiting(*calls)
    journal.go_on()
    first, again = await asyncio.wait_for(asyncio.gather(*calls), TOLD_S)
    assert first.HasField("offer")
    assert first == again


async def test_no_offer_leaves_after_a_withdrawal_that_came_while_it_waited(stalled: Any) -> None:
    plane, journal = stalled
    asked = asyncio.ensure_future(plane.decisions.Decide(ASKED))
    await still_waiting(asked)
    purpose = verdicts.PURPOSE_PERSONALISED_OFFERS
    withdrawal = consent.WithdrawConsentRequest(customer_id="c1", purposes=[purpose])
    withdrawn = asyncio.ensure_future(plane.consents.WithdrawConsent(withdrawal))
    await still_waiting(asked, withdrawn)
    journal.go_on()
    answer, _ = await asyncio.wait_for(asyncio.gather(asked, withdrawn), TOLD_S)
    assert not answer.HasField("offer")
    assert answer.verdict == verdicts.OFFER_VERDICT_PURPOSE_NOT_CONSENTED
