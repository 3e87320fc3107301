"""Gate 5: the wall clock is stepped while the server runs and between two runs; nobody gets an offer too early.

Some seconds pass in truth, so everybody may have one offer at most: the cooldown is half an hour. Whoever follows the
wall clock gives more. Set back an hour over a restart and right again at the next, a server that only never goes back
while it runs gives a second one, too: the first is then dated before the hour that never was.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import fault_town as town
from servers import ServerProcess, WarmStarter, operator_client

from geooffer.client import GeoofferClient
from geooffer.errors import InvalidArgumentError
from geooffer.journal.recovery import recover
from geooffer.model.kinds import Channel
from geooffer.model.policy import HOUR_MS
from geooffer.model.signals import ConsentEvent
from geooffer.rpc.convert import encode_purposes
from geooffer.v1 import consent_service_pb2 as pb

FIRST_ASKED = town.CUSTOMERS[:8]
LATER_ASKED = town.CUSTOMERS[8:16]
"""First asked while the wall is an hour behind."""


class SteppedWall:
    """A server whose wall clock is the harness's to set."""

    def __init__(self, starter: WarmStarter, state_dir: Path, plants: dict[str, Any]) -> None:
        self._starter, self._state_dir = starter, state_dir
        self._file = state_dir.with_suffix(".wall")
        state_dir.parent.mkdir(parents=True, exist_ok=True)
        self._right_ms = town.START_MS - time.time_ns() // 1_000_000
        self.step(0)
        self._plants = {"set wall clock": str(self._file), **plants}
        self.offers: Counter[str] = Counter()
        self.faults: list[str] = []

    def step(self, error_ms: int) -> None:
        """The wall clock is off by so much from now on."""
        draft = self._file.with_suffix(".draft")
        draft.write_text(str(self._right_ms + error_ms))
        draft.replace(self._file)

    def start(self) -> ServerProcess:
        return self._starter.serve(self._state_dir, plants=self._plants)

    async def ask(self, client: GeoofferClient, names: tuple[str, ...]) -> None:
        """Each of them, at every branch."""
        for name in names:
            for place in range(len(town.BRANCHES)):
                answer = await client.control.decide(name, Channel.WEB_SHOP, place_e7=town.place_e7(place))
                self.offers[name] += answer.HasField("offer")

    async def live(self) -> None:
        """All steps in a row."""
        server = self.start()
        async with operator_client(await server.ready(), self._state_dir) as client:
            await town.build(client.control)
            await self.ask(client, FIRST_ASKED)
            for error_ms in (HOUR_MS, -HOUR_MS, 0):
                self.step(error_ms)
                await self.ask(client, FIRST_ASKED)
        server.kill()
        for error_ms in (-HOUR_MS, 0, -HOUR_MS, 0):
            self.step(error_ms)
            server = self.start()
            async with operator_client(await server.ready(), self._state_dir) as client:
                await self._consent_again(client)
                await self.ask(client, FIRST_ASKED + LATER_ASKED)
            server.kill()

    async def _consent_again(self, client: GeoofferClient) -> None:
        """Whoever withdraws and consents in the present is heard, whatever the wall says."""
        name = town.FICKLE[-1]
        request = pb.WithdrawConsentRequest(customer_id=name, purposes=encode_purposes(town.ALL_PURPOSES))
        try:
            answer = await client.control.call(client.control.consents.WithdrawConsent, request)
        except InvalidArgumentError:
            self.faults.append("a withdrawal in the present was refused")
            return
        if any(purpose.granted for purpose in answer.consents):
            self.faults.append("a withdrawal in the present was not heard")
        latest_ms = max(purpose.event_time.ToMilliseconds() for purpose in answer.consents)
        await client.control.record_consents([ConsentEvent(name, town.ALL_PURPOSES, True, latest_ms + 1, "1")])


async def step_clocks(starter: WarmStarter, state_dir: Path, plants: dict[str, Any] | None = None) -> list[str]:
    """What was granted too early; also found in the directory itself."""
    wall = SteppedWall(starter, state_dir, plants or {})
    await wall.live()
    faults = wall.faults + [
        f"{name} got {count} offers within seconds" for name, count in wall.offers.items() if count > 1
    ]
    if not sum(wall.offers.values()):
        faults.append("nobody got any offer: the test shows nothing")
    recovered = recover(state_dir)
    recovered.store.close()
    kept = Counter(record.person_key for record in recovered.state.decisions.values())
    return faults + [f"a person has {count} decisions within seconds" for count in kept.values() if count > 1]
