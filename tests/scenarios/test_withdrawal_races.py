"""C4 under load, over real gRPC and a journal in files: when a withdrawal has returned, nothing leaves for her.

Two judges: where bytes are made for the transport (server), and which pings the offers that arrive belong to (client).
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from unittest.mock import patch

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from geooffer.bench import consent, direct_world
from geooffer.bench.consent import ConsentPlan, ConsentResult
from geooffer.cli.bench_consent import raced_ports
from geooffer.client import GeoofferClient
from geooffer.dataplane.gatherer import Gatherer
from geooffer.dataplane.stream import PingStream
from geooffer.engine.people import People
from geooffer.rpc.answers import OfferDraft
from geooffer.v1 import offer_service_pb2 as offer_pb
from geooffer.v1 import ping_service_pb2 as ping_pb
from geooffer.v1.offer_service_pb2_grpc import OfferServiceStub


class Judge:
    """Notes every offer that passes the gate, with the moment."""

    def __init__(self, gatherer: Gatherer) -> None:
        self.left: list[tuple[int, float]] = []
        """(device key, when)."""
        self.held_back = 0
        self._passes = gatherer._may_leave
        gatherer._may_leave = self._note  # type: ignore[method-assign]

    def _note(self, item: OfferDraft) -> bool:
        passes = self._passes(item)
        if passes:
            self.left.append((item.decision.device_key, time.perf_counter()))
        self.held_back += not passes
        return passes

    def late(self, returned: dict[int, float]) -> list[int]:
        """Devices for which an offer left after their withdrawal had returned."""
        return [key for key, left_s in self.left if left_s > returned.get(key, float("inf"))]


async def race(plan: ConsentPlan) -> tuple[Judge, ConsentResult, dict[int, float]]:
    """One run; the phones' returns are noted where the client notes them."""
    returned: dict[int, float] = {}
    withdraw = consent._withdraw

    async def noted(stub: object, key: int, token: str, held: dict[int, float]) -> float:
        latency_s = await withdraw(stub, key, token, held)
        returned[key] = held[key]
        return latency_s

    async with raced_ports(plan) as raced:
        judge = Judge(raced.plane.gatherer)
        with patch.object(consent, "_withdraw", noted):
            result = await consent.run(plan, raced.address, raced.tokens)
    return judge, result, returned


def a_plan(directory: Path, **changes: object) -> ConsentPlan:
    values = {"stream_count": 4, "row_count": 16, "interval_s": 0.03, "withdrawal_interval_s": 0.005} | changes
    return ConsentPlan(state_dir=directory, **values)  # type: ignore[arg-type]


async def test_nothing_leaves_after_a_withdrawal_has_returned(tmp_path: Path) -> None:
    judge, result, returned = await race(a_plan(tmp_path))
    assert len(returned) == 32
    assert result.offers_of_withdrawn > 0, "they got offers before"
    assert {key for key, _ in judge.left} >= set(range(2, 65, 2)), "all others go on getting theirs"
    assert judge.late(returned) == []
    assert result.late == 0


async def test_the_judges_see_a_withdrawal_without_effect(tmp_path: Path) -> None:
    """A planted bug: the word that kernels read keeps what was withdrawn."""

    def kept(self: People, slot: int, bits: int) -> None:
        self._persons["consent_bits"][slot] |= bits

    with patch.object(People, "set_consent", kept):
        judge, result, returned = await race(a_plan(tmp_path))
    assert result.late > 0
    assert judge.late(returned)


async def test_an_answer_that_waits_in_a_slow_stream_is_looked_at_again(tmp_path: Path) -> None:
    """Drafts are held back until after the withdrawal, as a reader that does not read holds them back."""
    plan = a_plan(tmp_path, stream_count=1, row_count=8)
    async with raced_ports(plan) as raced:
        gatherer = raced.plane.gatherer
        judge, gate = Judge(gatherer), asyncio.Event()
        wait = PingStream.wait

        async def slow(self: PingStream) -> None:
            await wait(self)
            await gate.wait()

        async def open_when_returned() -> None:
            while len(raced.engine.consent_events("c7")) < 2:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.05)
            gate.set()

        with patch.object(PingStream, "wait", slow):
            opening = asyncio.create_task(open_when_returned())
            result = await consent.run(plan, raced.address, raced.tokens)
            await opening
    assert judge.held_back > 0, "offers were waiting when their consent went"
    assert not {key for key, _ in judge.left} & {1, 3, 5, 7}
    assert {key for key, _ in judge.left} == {2, 4, 6, 8}
    assert result.late == result.in_flight == result.offers_of_withdrawn == 0


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
async def test_nothing_leaves_after_any_of_many_withdrawals(tmp_path: Path, seed: int) -> None:
    plan = a_plan(tmp_path, stream_count=8, row_count=128, interval_s=0.1, withdrawal_interval_s=0.002 * seed)
    judge, result, returned = await race(plan)
    assert len(returned) == 512
    assert result.offers_of_withdrawn > 100
    assert judge.late(returned) == []
    assert result.late == 0


@pytest.mark.parametrize("how", ["withdraws", "snoozes"])
async def test_her_phone_learns_that_pings_are_of_no_use_and_nothing_more(tmp_path: Path, how: str) -> None:
    """C6: one flag, and the end of the stream; a phone that belongs to nobody reads the same bytes."""
    plan = a_plan(tmp_path, stream_count=1, row_count=2)
    async with raced_ports(plan) as raced:
        answers = {}
        for device in (1, 99):
            token = raced.tokens[1] if device == 1 else raced.issue("device", str(device))
            async with (
                GeoofferClient(raced.address, token=token) as client,
                grpc.aio.insecure_channel(raced.address) as channel,
            ):
                stub = OfferServiceStub(channel)
                metadata = (("authorization", f"Bearer {token}"),)
                if how == "withdraws":
                    withdrawal = offer_pb.WithdrawOwnConsentRequest(purposes=[1])
                    answer = await stub.WithdrawOwnConsent(withdrawal, metadata=metadata)
                else:
                    until = Timestamp(seconds=int(time.time()) + 3_600)
                    answer = await stub.SnoozeLocation(
                        offer_pb.SnoozeLocationRequest(until_time=until), metadata=metadata
                    )
                call = client.open_call()
                latitude_e7, longitude_e7 = direct_world.fence_centre(1)
                ping = ping_pb.Ping(latitude_e7=latitude_e7, longitude_e7=longitude_e7, accuracy_cm=1_000, sequence=1)
                await call.write(ping_pb.StreamPingsRequest(ping=ping).SerializeToString())
                told = [await call.read()]
                assert await call.read() is grpc.aio.EOF
                answers[device] = (answer.SerializeToString(), *told)
        assert answers[1] == answers[99]
        assert not ping_pb.StreamPingsResponse.FromString(answers[1][1]).answer.location_wanted
