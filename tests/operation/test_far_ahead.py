"""A whole service whose time is known to be wrong: no offers until the real time has caught up, all else goes on.

In doubt silence: by a time that is minutes off, midnight may be told for morning, and a shop that is closed for open.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from watched_stage import ALL_PURPOSES, ANNA, SHOP_E7, START_MS, stock

from geooffer.cli import assembly
from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.client import GeoofferClient, Ping
from geooffer.engine.clock import AHEAD_MAX_MS, CATCH_UP_DIVISOR
from geooffer.model.catalog import Store
from geooffer.model.kinds import Channel
from geooffer.model.policy import DAY_MS
from geooffer.model.signals import ConsentEvent, Touchpoint
from geooffer.model.verdicts import Purpose, TouchpointKind
from geooffer.operation.checks import ready_checks
from geooffer.operation.watched import Watched
from geooffer.v1 import signal_service_pb2 as signal
from geooffer.v1 import verdicts_pb2 as words

WRONG_BY_MS = AHEAD_MAX_MS + 60_000


@dataclass
class Machine:
    """A machine whose clock is set by the test, and the service that runs on it."""

    now_ms: int
    service: RunningService
    watched: Watched

    def client(self) -> GeoofferClient:
        token = self.service.issue_token("operator")
        return GeoofferClient(self.service.data_address, control_target=self.service.control_address, token=token)

    def failing(self) -> list[str]:
        """The checks that keep it from being ready."""
        return [check.name for check in ready_checks(self.watched) if not check.is_good]


@pytest.fixture
async def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Machine]:
    """Its clock was six minutes ahead when a withdrawal was recorded, and is right now; offers are due to two."""
    wrong_ms = START_MS + WRONG_BY_MS
    settings = loopback_settings(state_dir=tmp_path, journal="sqlite", clock="system")
    monkeypatch.setattr(assembly, "monotonic_now_ms", lambda: lambda: wrong_ms)
    async with running_service(settings) as service:
        stock(service.engine)
        search = Touchpoint("bert", TouchpointKind.SEARCH, START_MS - DAY_MS, category_id="shoes")
        service.engine.record_touchpoints([search], now_ms=wrong_ms)
        service.engine.record_consent(
            "nobody", ALL_PURPOSES, granted=False, time_ms=wrong_ms, now_ms=wrong_ms, notice_version=""
        )
    watched = Watched()
    running: list[Machine] = []
    monkeypatch.setattr(assembly, "monotonic_now_ms", lambda: lambda: running[0].now_ms if running else START_MS)
    async with running_service(settings, watched=watched) as service:
        running.append(Machine(START_MS, service, watched))
        yield running[0]


def in_shop() -> Ping:
    return Ping(SHOP_E7[0] / 1e7, SHOP_E7[1] / 1e7, fix_age_ms=0, device_key=ANNA)


async def test_no_offer_is_made_by_a_time_that_is_known_to_be_wrong(machine: Machine) -> None:
    async with machine.client() as client:
        assert machine.failing() == ["clock"]
        appended = machine.service.engine.journal.appended
        answer = await client.ingest(in_shop())
        assert (answer.acknowledged_message_sequence, len(answer.transitions), len(answer.offers)) == (1, 1, 0)
        assert [item.verdict for item in answer.tries] == [words.OFFER_VERDICT_TOO_LATE]
        asked = await client.control.decide("bert", Channel.WEB_SHOP, place_e7=SHOP_E7)
        assert (asked.HasField("offer"), asked.verdict) == (False, words.OFFER_VERDICT_TOO_LATE)
        assert machine.service.engine.journal.appended == appended
        # the real time comes near enough, and as nothing was consumed both get their offers
        machine.now_ms += CATCH_UP_DIVISOR * 60_000
        answer = await client.ingest(in_shop())
        assert len(answer.offers) == 1
        assert (await client.control.decide("bert", Channel.WEB_SHOP, place_e7=SHOP_E7)).HasField("offer")
        assert machine.failing() == []


async def test_an_offer_is_not_told_again_by_a_time_that_is_known_to_be_wrong(machine: Machine) -> None:
    """A retry gets what was decided, once the time is right again."""
    async with machine.client() as client:
        machine.now_ms += CATCH_UP_DIVISOR * 60_000
        first = await client.control.decide("bert", Channel.WEB_SHOP, place_e7=SHOP_E7, request_id="r")
        assert first.HasField("offer")
        machine.now_ms = START_MS  # set back, as between two starts
        again = await client.control.decide("bert", Channel.WEB_SHOP, place_e7=SHOP_E7, request_id="r")
        assert (again.HasField("offer"), again.verdict) == (False, words.OFFER_VERDICT_TOO_LATE)
        machine.now_ms += CATCH_UP_DIVISOR * 60_000
        assert await client.control.decide("bert", Channel.WEB_SHOP, place_e7=SHOP_E7, request_id="r") == first


async def test_withdrawals_erasures_and_all_other_writes_pass(machine: Machine) -> None:
    async with machine.client() as client:
        assert machine.failing() == ["clock"]
        control, engine = client.control, machine.service.engine
        push, now_ms = Purpose.PUSH_MARKETING, machine.service.control.now_ms()
        assert (await control.record_consents([ConsentEvent("anna", push.bit, False, now_ms, "")])).accepted_count == 1
        slot = engine.state.people.person_slots[engine.key_of("anna")]
        assert not engine.state.people.view.persons["consent_bits"][slot] & push.bit
        assert (await control.upsert_stores([Store("new", "New", 1, 1, "Europe/Berlin", "24/7")])).accepted_count == 1
        await control.call(control.signals.DeleteCustomer, signal.DeleteCustomerRequest(customer_id="bert"))
        assert sorted(customer.customer_id for customer in engine.state.people.customers.values()) == ["anna", "nobody"]
