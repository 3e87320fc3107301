"""Offers wait for the journal and nothing else does: a real engine and port over a disk that the test holds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import grpc
import pytest
from plane_stage import ANNA, BERT, SHOP, START_MS, Plane, open_plane

from geooffer.client import Ping
from geooffer.engine.engine import Engine
from geooffer.errors import JournalError
from geooffer.model.verdicts import Purpose
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1 import verdicts_pb2 as words
from planes import PYTHON, both_planes
from stalling_journal import StallingJournal

STILL_S = 0.15
TOLD_S = 5.0


@dataclass
class Stage:
    """A plane whose journal stalls when told."""

    plane: Plane
    journal: StallingJournal

    @property
    def streams(self) -> Any:
        """Of the Python plane."""
        return self.plane.plane.gatherer.streams.values()

    @property
    def open_stream_count(self) -> int:
        return int(self.plane.plane.statistics.streams)


@pytest.fixture
async def stage(plane_kind: str) -> AsyncIterator[Stage]:
    journal = StallingJournal()
    async with open_plane(journal=journal, kind=plane_kind) as plane:
        yield Stage(plane, journal)
        if journal.fault is None:
            journal.go_on()


def message(*keys: int, second: int = 0, budget_ms: int = 0) -> bytes:
    count = len(keys)
    batch = pb.PingBatch(
        device_keys=keys,
        latitudes_e7=[SHOP[0]] * count,
        longitudes_e7=[SHOP[1]] * count,
        base_time=timestamp(START_MS + second * 1_000),
        decision_budget_millis=budget_ms,
    )
    return pb.StreamPingsRequest(batch=batch).SerializeToString()


async def next_answer(call: Any) -> pb.PingAnswer:
    data = await asyncio.wait_for(call.read(), TOLD_S)
    assert data is not grpc.aio.EOF, "the stream ended"
    return pb.StreamPingsResponse.FromString(data).answer


async def nothing_comes(call: Any) -> asyncio.Task[bytes]:
    """Assert that no answer is read for a while; returns the read, which goes on."""
    read = asyncio.ensure_future(call.read())
    done, _ = await asyncio.wait([read], timeout=STILL_S)
    assert not done, pb.StreamPingsResponse.FromString(read.result())
    return read


async def until(condition: Any) -> None:
    async with asyncio.timeout(TOLD_S):
        while not condition():
            await asyncio.sleep(0.005)


def answer_of(data: bytes) -> pb.PingAnswer:
    return pb.StreamPingsResponse.FromString(data).answer


async def held(stage: Stage) -> None:
    """Wait until an offer is decided and held back."""
    await until(lambda: stage.plane.plane.held_offer_count)


@both_planes
async def test_an_offer_waits_and_the_acknowledgement_stays_before_its_message(stage: Stage) -> None:
    stage.journal.stall()
    async with stage.plane.client("gateway") as client:
        call = client.open_call()
        await call.write(message(BERT))
        first = await next_answer(call)
        assert (first.acknowledged_message_sequence, len(first.transitions)) == (1, 1)
        await call.write(message(ANNA, second=1))  # the offer
        await held(stage)
        # the same stream goes on: what was decided is told, the acknowledgement stays at 1
        await call.write(message(BERT, second=0))  # DUPLICATE or STALE: something to tell
        answer = await next_answer(call)
        while not answer.rejected_rows:
            assert not answer.offers
            assert answer.acknowledged_message_sequence == 1
            answer = await next_answer(call)
        assert answer.acknowledged_message_sequence == 1
        assert not answer.offers
        read = await nothing_comes(call)
        stage.journal.go_on()
        last = answer_of(await asyncio.wait_for(read, TOLD_S))
        assert last.acknowledged_message_sequence == 3
        assert [offer.message_sequence for offer in last.offers] == [2]


@both_planes
async def test_other_streams_are_decided_and_answered_while_the_disk_stalls(stage: Stage) -> None:
    stage.journal.stall()
    async with stage.plane.client("gateway") as waiting, stage.plane.client("device", BERT) as other:
        call = waiting.open_call()
        await call.write(message(ANNA))
        await held(stage)
        for second in range(5):
            answer = await asyncio.wait_for(other.ingest(one_ping(second)), TOLD_S)
            assert answer.acknowledged_message_sequence == 1
        assert stage.journal.durable < stage.journal.appended
        stage.journal.go_on()
        while not (answer := await next_answer(call)).offers:
            pass
        assert answer.acknowledged_message_sequence == 1


def one_ping(second: int) -> Ping:
    return Ping(
        SHOP[0] / 1e7, SHOP[1] / 1e7, accuracy_m=10, speed_m_per_s=1.2,
        fix_time_ms=START_MS + second * 1_000, sequence=second + 1,
    )  # fmt: skip


@both_planes
async def test_ingest_waits_for_its_offer(stage: Stage) -> None:
    stage.journal.stall()
    async with stage.plane.client("device", ANNA) as client:
        call = asyncio.create_task(client.ingest(one_ping(0)))
        await held(stage)
        done, _ = await asyncio.wait([call], timeout=STILL_S)
        assert not done
        stage.journal.go_on()
        answer = await asyncio.wait_for(call, TOLD_S)
        assert (len(answer.offers), answer.acknowledged_message_sequence) == (1, 1)


@both_planes
async def test_a_half_closed_stream_ends_after_its_held_offer(stage: Stage) -> None:
    stage.journal.stall()
    async with stage.plane.client("gateway") as client:
        call = client.open_call()
        await call.write(message(ANNA))
        await held(stage)
        await call.done_writing()
        if stage.plane.plane.name == PYTHON:
            await until(lambda: next(iter(stage.streams))._reading_over)
        told = [await next_answer(call)]  # her transition
        read = await nothing_comes(call)
        stage.journal.go_on()
        told.append(answer_of(await asyncio.wait_for(read, TOLD_S)))
        assert [len(answer.offers) for answer in told] == [0, 1]
        assert told[-1].acknowledged_message_sequence == 1
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK


@both_planes
async def test_caps_come_back_where_the_stream_closes_meanwhile(stage: Stage) -> None:
    stage.journal.stall()
    client = stage.plane.client("gateway")
    call = client.open_call()
    await call.write(message(ANNA))
    await held(stage)
    await client.close()
    await until(lambda: not stage.open_stream_count)
    engine = stage.plane.engine
    assert engine.statistics.offers == 1
    stage.journal.go_on()
    await until(lambda: engine.statistics.offers == 0)
    assert len(engine.state.released) == 1
    assert not engine.state.decisions


@both_planes
async def test_an_offer_whose_budget_ends_meanwhile_is_too_late(plane_kind: str) -> None:
    journal = StallingJournal()
    async with open_plane("system", journal=journal, kind=plane_kind) as plane, plane.client("operator") as client:
        stage = Stage(plane, journal)
        journal.stall()
        call = client.open_call()
        batch = pb.PingBatch(
            device_keys=[ANNA], latitudes_e7=[SHOP[0]], longitudes_e7=[SHOP[1]], fix_ages_millis=[0],
            decision_budget_millis=400,
        )  # fmt: skip
        await call.write(pb.StreamPingsRequest(batch=batch).SerializeToString())
        decided_s = time.monotonic()
        await held(stage)
        await asyncio.sleep(max(0.0, decided_s + 0.5 - time.monotonic()))
        journal.go_on()
        answers = [await next_answer(call)]
        while not answers[-1].acknowledged_message_sequence:
            answers.append(await next_answer(call))
        assert not any(answer.offers for answer in answers)
        tries = [item.verdict for answer in answers for item in answer.tries]
        assert tries == [words.OFFER_VERDICT_TOO_LATE]
        assert plane.engine.statistics.offers == 0
        assert len(plane.engine.state.released) == 1


@both_planes
async def test_an_offer_is_not_sent_where_consent_is_withdrawn_meanwhile(stage: Stage) -> None:
    stage.journal.stall()
    async with stage.plane.client("gateway") as client:
        call = client.open_call()
        await call.write(message(ANNA))
        await held(stage)
        withdraw(stage.plane)
        stage.journal.go_on()
        answer = await next_answer(call)
        while not answer.acknowledged_message_sequence:
            assert not answer.offers
            answer = await next_answer(call)
        assert not answer.offers
        await until(lambda: stage.plane.engine.statistics.offers == 0)


def withdraw(plane: Plane) -> None:
    now_ms = START_MS + 5_000
    plane.engine.record_consent(
        "anna", Purpose.PUSH_MARKETING.bit, granted=False, time_ms=now_ms, now_ms=now_ms, notice_version=""
    )


def kill(engine: Engine) -> None:
    engine.switch_offers(is_stopped=True, author="anna", reason="wrong prices", now_ms=START_MS)


def publish(engine: Engine, **numbers: int) -> None:
    held = engine.policy_document
    document = replace(held, numbers=held.numbers._replace(**numbers), reason="test")
    version = engine.propose_policy(document, author="anna", now_ms=START_MS, sign=bytes).version
    if engine.policy.version != version:
        engine.approve_policy(version, officer="bert", now_ms=START_MS, sign=bytes)


@both_planes
@pytest.mark.parametrize(
    ("change", "leaves"),
    [
        pytest.param(kill, False, id="kill"),
        pytest.param(lambda engine: publish(engine, cooldown_ms=3_600_000), False, id="tightening"),
        pytest.param(lambda engine: publish(engine, cooldown_ms=1), True, id="loosening"),
    ],
)
async def test_an_offer_is_not_sent_where_the_policy_closed_the_gate_meanwhile(
    stage: Stage, change: Callable[[Engine], None], leaves: bool
) -> None:
    """A3: when the officer's call has returned, which is after its record is durable, nothing of before leaves."""
    engine = stage.plane.engine
    engine.first_policy(author="geooffer", now_ms=START_MS, sign=bytes)
    stage.journal.stall()
    async with stage.plane.client("gateway") as client:
        call = client.open_call()
        await call.write(message(ANNA))
        await held(stage)
        change(engine)
        stage.journal.go_on()
        answer = await next_answer(call)
        while not answer.acknowledged_message_sequence:
            assert not answer.offers
            answer = await next_answer(call)
        assert bool(answer.offers) is leaves
        await until(lambda: engine.statistics.offers == int(leaves))
        assert len(engine.state.released) == int(not leaves), "its caps come back"


@both_planes
async def test_a_failed_journal_ends_all_and_sends_nothing(stage: Stage) -> None:
    stage.journal.stall()
    async with stage.plane.client("gateway") as client, stage.plane.client("device", BERT) as other:
        call, quiet = client.open_call(), other.open_call()
        await call.write(message(ANNA))
        single = asyncio.create_task(client.ingest(pb.PingBatch(**batch_of(ANNA, second=5))))
        await held(stage)
        await quiet.write(pb.StreamPingsRequest(ping=one_ping(3).to_message()).SerializeToString())
        await next_answer(quiet)
        stage.journal.fail()
        for ended in (call, quiet):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await read_to_the_end(ended)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(JournalError):
            await asyncio.wait_for(client.ingest(pb.PingBatch(**batch_of(BERT, second=9))), TOLD_S)
        done, _ = await asyncio.wait([single], timeout=TOLD_S)
        assert done, "a call that waits for its answer is never told"
        assert single.exception() is None or isinstance(single.exception(), JournalError)
    assert isinstance(stage.plane.plane.fault, JournalError)
    # nothing was given back: what the journal holds is recovered, caps consumed (in doubt one offer too few)
    assert stage.plane.engine.statistics.offers == 1


async def test_what_was_durable_before_the_failure_is_told_and_what_was_not_stays_unacknowledged(stage: Stage) -> None:
    """Both before the loop comes to either: the commit of the first offer went well, that of the second did not."""
    stage.journal.stall()
    async with stage.plane.client("gateway") as client:
        call = client.open_call()
        await call.write(message(ANNA))
        await held(stage)
        (stream,) = stage.streams
        stream.hold(stream.read(1))  # as of another offer, decided with the next message
        stream.decided(2, 1)
        stage.journal._durable_up_to = stage.journal.appended
        stage.journal.fail()
        answers: list[pb.PingAnswer] = []
        with pytest.raises(grpc.aio.AioRpcError):
            await read_until_it_ends(call, answers)
    assert max(answer.acknowledged_message_sequence for answer in answers) == 1
    assert [offer.message_sequence for answer in answers for offer in answer.offers] == [1]


async def read_until_it_ends(call: Any, answers: list[pb.PingAnswer]) -> None:
    while True:
        answers.append(answer_of(await asyncio.wait_for(call.read(), TOLD_S)))


async def read_to_the_end(call: Any) -> None:
    """What is left to tell holds no offer."""
    while True:
        assert not answer_of(await asyncio.wait_for(call.read(), TOLD_S)).offers


def batch_of(key: int, second: int) -> dict[str, Any]:
    return {
        "device_keys": [key],
        "latitudes_e7": [SHOP[0]],
        "longitudes_e7": [SHOP[1]],
        "base_time": timestamp(START_MS + second * 1_000),
    }


@both_planes
async def test_a_call_that_waits_for_its_offer_ends_with_the_journal(stage: Stage) -> None:
    stage.journal.stall()
    async with stage.plane.client("device", ANNA) as client:
        call = asyncio.create_task(client.ingest(one_ping(0)))
        await held(stage)
        stage.journal.fail()
        with pytest.raises(JournalError):
            await asyncio.wait_for(call, TOLD_S)


@both_planes
@pytest.mark.parametrize("shut", ["age", "records", "held"])
async def test_winners_are_silence_while_nothing_may_be_written(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, shut: str
) -> None:
    if shut == "age":
        stage.journal.pending_age_ns = 10_000_000_000
    elif shut == "records":
        stage.journal.appended_record_count += 100_000
    else:
        monkeypatch.setattr("geooffer.model.limits.HELD_OFFER_COUNT_MAX", 0)
    async with stage.plane.client("operator") as client:
        appended = stage.journal.appended
        call = client.open_call()
        await call.write(message(ANNA))
        answers = [await next_answer(call)]
        while not answers[-1].acknowledged_message_sequence:  # native workers tell the transition before
            answers.append(await next_answer(call))
        assert answers[-1].acknowledged_message_sequence == 1
        tries = [item.verdict for answer in answers for item in answer.tries]
        assert tries == [words.OFFER_VERDICT_TOO_LATE]
        assert not any(answer.offers for answer in answers)
        assert stage.journal.appended == appended
    assert stage.plane.engine.statistics.offers == 0
