"""C4 and C6 over real gRPC and a journal in files: many calls under load, and what a phone learns of its own.

The races of a few calls, and gates that leak, are in tests/bench/test_effect.py.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from geooffer.bench import direct_world
from geooffer.bench.effect import EffectPlan
from geooffer.bench.effect_calls import PERSON_KINDS, RacePlan, calling, race
from geooffer.bench.effect_judge import judge
from geooffer.bench.effect_load import EffectLoad, EffectLoadPlan
from geooffer.cli.bench_effect import raced_service
from geooffer.client import GeoofferClient
from geooffer.v1 import offer_service_pb2 as offer_pb
from geooffer.v1 import ping_service_pb2 as ping_pb
from geooffer.v1.offer_service_pb2_grpc import OfferServiceStub


@pytest.mark.long
@pytest.mark.parametrize("pause_s", [0.0, 0.002])
async def test_nothing_leaves_after_any_of_many_calls(tmp_path: Path, pause_s: float) -> None:
    races = RacePlan(64, 8, pause_s, 0.05, 0.1)
    plan = EffectPlan(tmp_path, stream_count=8, row_count=128, races=races)
    async with raced_service(plan) as raced, AsyncExitStack() as ending:
        service, tokens = raced.service, raced.tokens
        caller = await calling(ending, service.data_address, service.control_address, tokens)
        await caller.let_flow()
        load = EffectLoad(EffectLoadPlan(service.data_address, tokens.gateway, 8, 128, window_count=2))
        working = asyncio.create_task(load.run())
        await asyncio.sleep(1.0)
        trials = await race(caller, races)
        await asyncio.sleep(0.5)
        load.over.set()
        await working
    told = judge(trials, raced.watch.seen, load.received)
    for kind, found in told.items():
        assert found["trials_with_offers_before"] > 0, kind
        assert found["offers_left_late"] == found["offers_answered_late"] == 0, kind
    assert [told[kind]["trials"] for kind in PERSON_KINDS] == [64] * 4


@pytest.mark.parametrize("how", ["withdraws", "snoozes"])
async def test_her_phone_learns_that_pings_are_of_no_use_and_nothing_more(tmp_path: Path, how: str) -> None:
    """C6: one flag, and the end of the stream; a phone that belongs to nobody reads the same bytes."""
    async with raced_service(EffectPlan(tmp_path, stream_count=1, row_count=4)) as raced:
        answers = {}
        for device in (1, 99):
            token = raced.service.issue_token("device", device_key=device)
            address = raced.service.data_address
            async with GeoofferClient(address, token=token) as client, grpc.aio.insecure_channel(address) as channel:
                stub = OfferServiceStub(channel)
                metadata = (("authorization", f"Bearer {token}"),)
                if how == "withdraws":
                    withdrawal = offer_pb.WithdrawOwnConsentRequest(purposes=[1])
                    answer = await stub.WithdrawOwnConsent(withdrawal, metadata=metadata)
                else:
                    until = Timestamp(seconds=int(time.time()) + 3_600)
                    request = offer_pb.SnoozeLocationRequest(until_time=until)
                    answer = await stub.SnoozeLocation(request, metadata=metadata)
                call = client.open_call()
                latitude_e7, longitude_e7 = direct_world.fence_centre(1)
                ping = ping_pb.Ping(latitude_e7=latitude_e7, longitude_e7=longitude_e7, accuracy_cm=1_000, sequence=1)
                await call.write(ping_pb.StreamPingsRequest(ping=ping).SerializeToString())
                told = [await call.read()]
                assert await call.read() is grpc.aio.EOF
                answers[device] = (answer.SerializeToString(), *told)
        assert answers[1] == answers[99]
        assert not ping_pb.StreamPingsResponse.FromString(answers[1][1]).answer.location_wanted
