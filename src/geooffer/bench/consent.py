"""Withdrawals under load: how long a customer's own call takes, and that nothing leaves for her after it has returned.

    gateway streams ── in, out, out, in … ──► an offer a person every third ping, no cap
    phones ── WithdrawOwnConsent, one after the other, while offers to them are decided, written and sent

The call returns when its record is durable; consent is in force before that. So its duration is an upper bound of
"from call to effect". What arrives later than its return is told apart: `late` of a ping that was sent after it had
returned (there must be none), `in_flight` of one sent before (handed to the transport before the withdrawal).
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import grpc

from geooffer.bench import direct_world, latency
from geooffer.bench.load import answer_of
from geooffer.bench.processes import READY_TIMEOUT_S, BenchmarkError, ReadyServer, cores, process, receive
from geooffer.client import GeoofferClient
from geooffer.v1 import offer_service_pb2 as offer_pb
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1.offer_service_pb2_grpc import OfferServiceStub
from geooffer.v1.verdicts_pb2 import PURPOSE_PERSONALISED_OFFERS, PURPOSE_PRECISE_LOCATION_FOR_OFFERS

PHASE_COUNT = 3
"""Inside once, then outside twice, which ends the visit (semantics P2)."""
CALL_TIMEOUT_S = 30.0
Serve = Callable[[Connection, Any], None]


@dataclass(frozen=True, slots=True)
class ConsentPlan:
    """What to measure."""

    stream_count: int
    row_count: int
    """Persons of a stream, one ping each a message."""
    interval_s: float
    """Between two messages of a stream."""
    withdrawal_interval_s: float
    state_dir: Path
    core: int | None = None

    @property
    def person_count(self) -> int:
        """Devices 1..n, one a person; those with odd keys withdraw."""
        return self.stream_count * self.row_count


@dataclass(slots=True)
class ConsentResult:
    """Of one run."""

    latencies_s: list[float] = field(default_factory=list)
    """Of each withdrawal."""
    offers: int = 0
    offers_of_withdrawn: int = 0
    """Before they withdrew."""
    in_flight: int = 0
    late: int = 0


def measure(plan: ConsentPlan, serve: Serve, note: Callable[[str], None]) -> dict[str, Any]:
    """A server process of its own, the phones in this one. Raises BenchmarkError where nothing was raced."""
    with process(serve, plan) as (pipe, started):
        ready: ReadyServer = receive(pipe, started, READY_TIMEOUT_S)
        note(f"{plan.person_count} persons on {plan.stream_count} streams, every second withdraws")
        result = asyncio.run(run(plan, ready.data_address, ready.tokens))
    if not result.offers_of_withdrawn:
        raise BenchmarkError("nobody who withdrew had got an offer before: nothing was raced")
    summary = latency.summary(latency.histogram_of(result.latencies_s))
    return {
        "streams": plan.stream_count,
        "persons": plan.person_count,
        "pings_per_s": round(plan.person_count / plan.interval_s),
        "withdrawals": len(result.latencies_s),
        "offers": result.offers,
        "offers_in_flight": result.in_flight,
        "offers_late": result.late,
        **{name: round(value) for name, value in summary.items()},
        "mean_us": round(1e6 * statistics.mean(result.latencies_s)),
    }


async def run(plan: ConsentPlan, address: str, tokens: list[str]) -> ConsentResult:
    """The load. `tokens`: the gateway's, then one a withdrawing device, by ascending key."""
    result, returned = ConsentResult(), dict[int, float]()
    async with AsyncExitStack() as ending:
        streams = []
        for number in range(plan.stream_count):
            client = GeoofferClient(address, token=tokens[0], private_connection=True)
            await ending.enter_async_context(client)
            streams.append(_Stream(client.open_call(), plan, number, result, returned))
        tasks = [asyncio.create_task(task) for stream in streams for task in (stream.write(), stream.read())]
        channel = await ending.enter_async_context(grpc.aio.insecure_channel(address))
        stub: Any = OfferServiceStub(channel)  # type: ignore[no-untyped-call]
        try:
            await asyncio.sleep(4 * PHASE_COUNT * plan.interval_s)
            for key, token in zip(withdrawing_keys(plan.person_count), tokens[1:], strict=True):
                result.latencies_s.append(await _withdraw(stub, key, token, returned))
                await asyncio.sleep(plan.withdrawal_interval_s)
            await asyncio.sleep(4 * PHASE_COUNT * plan.interval_s)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return result


def withdrawing_keys(person_count: int) -> range:
    """Devices whose persons withdraw."""
    return range(1, person_count + 1, 2)


async def _withdraw(stub: Any, key: int, token: str, returned: dict[int, float]) -> float:
    """Seconds from sending to return."""
    purpose = PURPOSE_PRECISE_LOCATION_FOR_OFFERS if key % 4 == 1 else PURPOSE_PERSONALISED_OFFERS
    request = offer_pb.WithdrawOwnConsentRequest(purposes=[purpose], request_id=f"r{key}")
    metadata = (("authorization", f"Bearer {token}"),)
    sent_s = time.perf_counter()
    await stub.WithdrawOwnConsent(request, metadata=metadata, timeout=CALL_TIMEOUT_S)
    returned[key] = time.perf_counter()
    return returned[key] - sent_s


class _Stream:
    """One gateway stream: pings at a fixed rate, and what comes back."""

    def __init__(
        self, call: Any, plan: ConsentPlan, number: int, result: ConsentResult, returned: dict[int, float]
    ) -> None:
        self._call = call
        self._interval_s = plan.interval_s
        self._first_key = 1 + number * plan.row_count
        self._messages = [_message(self._first_key, plan.row_count, phase) for phase in range(PHASE_COUNT)]
        self._sent_s: dict[int, float] = {}
        self._result = result
        self._returned = returned

    async def write(self) -> None:
        """For ever."""
        sequence = 0
        while True:
            sequence += 1
            self._sent_s[sequence] = time.perf_counter()
            await self._call.write(self._messages[sequence % PHASE_COUNT])
            await asyncio.sleep(self._interval_s)

    async def read(self) -> None:
        """For ever."""
        result = self._result
        while True:
            answer = await answer_of(self._call)
            for offer in answer.offers:
                key = self._first_key + offer.row
                result.offers += 1
                returned_s = self._returned.get(key)
                if returned_s is None:
                    result.offers_of_withdrawn += key % 2
                elif self._sent_s[offer.message_sequence] > returned_s:
                    result.late += 1
                else:
                    result.in_flight += 1


def _message(first_key: int, row_count: int, phase: int) -> bytes:
    """A ping of each person; a third of them are inside their fence."""
    keys = range(first_key, first_key + row_count)
    centres = [direct_world.fence_centre(key) for key in keys]
    away_e7 = [0 if (key + phase) % PHASE_COUNT == 0 else 30_000 for key in keys]
    return pb.StreamPingsRequest(
        batch=pb.PingBatch(
            device_keys=keys,
            latitudes_e7=[centre[0] + away for centre, away in zip(centres, away_e7, strict=True)],
            longitudes_e7=[centre[1] for centre in centres],
            accuracies_cm=[direct_world.ACCURACY_CM] * row_count,
            speeds_cm_per_s=[direct_world.SPEED_CM_PER_S] * row_count,
            decision_budget_millis=60_000,
        )
    ).SerializeToString()


def plan_of(directory: Path, **changes: Any) -> ConsentPlan:
    """A plan whose server is kept on one core where there are two."""
    core, _ = cores()
    return ConsentPlan(state_dir=directory, core=core, **changes)
