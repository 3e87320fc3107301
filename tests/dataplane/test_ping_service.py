"""The data port over real gRPC: what each role is told, what ends a stream, and with which error."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
import pytest
from plane_stage import ANNA, BERT, NOBODY, SHOP, START_MS, OpenPlane, Plane

from geooffer.client import CallError, Ping
from geooffer.errors import (
    DrainingError,
    InvalidArgumentError,
    LimitExceededError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from geooffer.model.policy import Policy
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1 import verdicts_pb2 as words
from planes import both_planes


def at_shop(second: int, **more: Any) -> Ping:
    """A replayed fix inside the fence; her phone says that she walks, however far the last fix was."""
    return Ping(
        SHOP[0] / 1e7, SHOP[1] / 1e7, accuracy_m=10, speed_m_per_s=1.2,
        fix_time_ms=START_MS + second * 1_000, sequence=second + 1, **more,
    )  # fmt: skip


def away(second: int, **more: Any) -> Ping:
    """A replayed fix two kilometres north of the fence."""
    return Ping(47.32, 8.5, accuracy_m=10, fix_time_ms=START_MS + second * 1_000, sequence=second + 1, **more)


async def answers_of(client: Any, pings: list[Any], **more: Any) -> list[pb.PingAnswer]:
    async with client:
        return [answer async for answer in client.stream_answers(pings, **more)]


def batch_at_shop(keys: list[int], second: int = 0) -> pb.PingBatch:
    count = len(keys)
    return pb.PingBatch(
        device_keys=keys,
        latitudes_e7=[SHOP[0]] * count,
        longitudes_e7=[SHOP[1]] * count,
        base_time=timestamp(START_MS + second * 1_000),
    )


# -- offers and what roles see -------------------------------------------------------------------------------


@both_planes
async def test_a_phone_gets_one_offer_and_every_message_acknowledged(plane: Plane) -> None:
    answers = await answers_of(plane.client("device", ANNA), [at_shop(second) for second in range(20)])
    offers = [offer for answer in answers for offer in answer.offers]
    assert [(offer.offer_id, offer.title, offer.reason) for offer in offers] == [
        ("spring", "Läufer", "weil Sie nach „Laufschuhe“ gesucht haben")
    ]
    assert (offers[0].price_minor, offers[0].previous_price_minor, offers[0].currency_code) == (7_900, 10_000, "EUR")
    assert (offers[0].message_sequence, offers[0].row, offers[0].device_key) == (1, 0, ANNA)
    assert answers[-1].acknowledged_message_sequence == 20
    assert all(answer.location_wanted for answer in answers)
    assert sum(plane.verdicts().values()) == 20


@both_planes
async def test_a_phone_is_not_told_transitions_tries_or_other_rows_verdicts(plane: Plane) -> None:
    # the second ping repeats the first: DUPLICATE, which a phone is not told
    pings = [at_shop(0), at_shop(0), away(60), away(70)]
    answers = await answers_of(plane.client("device", BERT), pings)
    for answer in answers:
        assert not answer.rejected_rows
        assert not answer.transitions
        assert not answer.tries
        assert not answer.offers


@both_planes
@pytest.mark.parametrize(
    ("ping", "verdict"),
    [
        (pb.Ping(latitude_e7=999_999_999), words.PING_VERDICT_MALFORMED),
        (pb.Ping(accuracy_cm=50_000), words.PING_VERDICT_ACCURACY_TOO_COARSE),
    ],
)
async def test_a_phone_is_told_what_its_own_row_explains(plane: Plane, ping: pb.Ping, verdict: int) -> None:
    answers = await answers_of(plane.client("device", BERT), [at_shop(0), ping])
    told = [(item.message_sequence, item.row, item.verdict) for answer in answers for item in answer.rejected_rows]
    assert told == [(2, 0, verdict)]


@both_planes
async def test_a_gateway_sees_verdicts_and_transitions_in_order_but_no_tries(plane: Plane) -> None:
    keys = [ANNA, NOBODY, BERT, BERT]
    out = [away(60 + i, device_key=BERT) for i in range(2)]
    answers = await answers_of(plane.client("gateway"), [batch_at_shop(keys), *out])
    rejected = [(item.message_sequence, item.row, item.verdict) for a in answers for item in a.rejected_rows]
    assert rejected == [(1, 1, words.PING_VERDICT_NO_CONSENT), (1, 3, words.PING_VERDICT_STALE_FIX)]
    events = [(t.device_key, t.kind, t.geofence_id, t.message_sequence, t.row) for a in answers for t in a.transitions]
    enter, leave = words.TRANSITION_KIND_ENTER, words.TRANSITION_KIND_EXIT
    assert events == [(ANNA, enter, "fence", 1, 0), (BERT, enter, "fence", 1, 2), (BERT, leave, "fence", 3, 0)]
    assert [(o.device_key, o.row) for a in answers for o in a.offers] == [(ANNA, 0)]
    assert not any(a.tries for a in answers)
    assert all(a.location_wanted for a in answers)


@both_planes
async def test_an_operator_sees_how_far_each_try_came(plane: Plane) -> None:
    answers = await answers_of(plane.client("operator"), [batch_at_shop([ANNA, BERT])])
    tries = [(t.device_key, t.store_id, t.geofence_id, t.verdict, t.offer_id) for a in answers for t in a.tries]
    assert tries == [
        (ANNA, "shop", "fence", words.OFFER_VERDICT_OFFERED, "spring"),
        (BERT, "shop", "fence", words.OFFER_VERDICT_NO_INTENT, ""),
    ]


@both_planes
async def test_large_and_small_batches_of_many_streams_are_all_decided(plane: Plane) -> None:
    async def gateway(first: int, size: int) -> int:
        messages = [batch_at_shop([BERT] * size, second) for second in range(first, first + 10)]
        answers = await answers_of(plane.client("gateway"), messages)
        return answers[-1].acknowledged_message_sequence

    assert await asyncio.gather(*(gateway(n, size) for n, size in enumerate((1, 7, 300, 1_024)))) == [10] * 4
    verdicts = plane.verdicts()
    assert sum(verdicts.values()) == 10 * (1 + 7 + 300 + 1_024) == plane.plane.statistics.rows


@both_planes
async def test_unary_ingest_answers_like_a_stream(plane: Plane) -> None:
    async with plane.client("device", ANNA) as client:
        answer = await client.ingest(at_shop(0))
    assert (answer.acknowledged_message_sequence, len(answer.offers), answer.location_wanted) == (1, 1, True)
    async with plane.client("gateway") as client:
        answer = await client.ingest(batch_at_shop([NOBODY] * 1_024))
    assert [item.row for item in answer.rejected_rows] == list(range(1_024))


# -- consent -------------------------------------------------------------------------------------------------


@both_planes
async def test_a_phone_without_consent_is_asked_to_stop_and_its_stream_ends(plane: Plane) -> None:
    async with plane.client("device", NOBODY) as client:
        exchange = client.exchange([at_shop(second) for second in range(500)], window_count=4)
        answers = [answer async for answer in exchange.answers()]
    assert [answer.location_wanted for answer in answers] == [False]
    assert not answers[0].rejected_rows
    assert exchange.decided_count < 500
    async with plane.client("device", 999) as client:  # a device nobody knows looks the same
        assert (await client.ingest(at_shop(0))).location_wanted is False


async def test_an_offer_is_held_back_when_consent_changes_before_it_leaves(plane: Plane) -> None:
    async with plane.client("operator") as client:
        step = plane.engine.commit

        def withdraw_after_commit(*args: Any, **more: Any) -> Any:
            decisions = step(*args, **more)
            plane.engine.record_consent("anna", 1, granted=False, time_ms=START_MS, now_ms=START_MS, notice_version="")
            return decisions

        plane.engine.commit = withdraw_after_commit  # type: ignore[method-assign]
        answers = [answer async for answer in client.stream_answers([batch_at_shop([ANNA])])]
    assert not any(answer.offers for answer in answers)
    assert [t.verdict for a in answers for t in a.tries] == [words.OFFER_VERDICT_TOO_LATE]
    assert plane.engine.statistics.offers == 0


# -- who may call, and how much ------------------------------------------------------------------------------


async def failure_of(client: Any, pings: list[Any]) -> BaseException:
    with pytest.raises(Exception) as caught:
        await answers_of(client, pings)
    return caught.value


@both_planes
async def test_foreign_devices_ragged_columns_and_too_many_rows_end_the_stream_typed(plane: Plane) -> None:
    foreign = await failure_of(plane.client("device", ANNA), [at_shop(0, device_key=BERT)])
    assert isinstance(foreign, PermissionDeniedError)
    outside = plane.client("gateway", device_key_ranges=[(1, 10)])
    assert isinstance(await failure_of(outside, [batch_at_shop([ANNA])]), PermissionDeniedError)
    ragged = batch_at_shop([ANNA])
    ragged.sequences.extend([1, 2])
    error = await failure_of(plane.client("gateway"), [ragged])
    assert isinstance(error, InvalidArgumentError)
    assert error.field == "batch.sequences"
    assert isinstance(await failure_of(plane.client("gateway"), [batch_at_shop([ANNA] * 1_025)]), InvalidArgumentError)
    assert not plane.verdicts()


@both_planes
async def test_what_was_read_before_a_bad_message_is_decided_and_answered(plane: Plane) -> None:
    answers: list[pb.PingAnswer] = []

    async def collect(client: Any) -> None:
        async for answer in client.stream_answers([batch_at_shop([ANNA]), pb.PingBatch()]):
            answers.append(answer)

    async with plane.client("gateway") as client:
        with pytest.raises(InvalidArgumentError):
            await collect(client)
    assert answers[-1].acknowledged_message_sequence == 1
    assert sum(len(answer.offers) for answer in answers) == 1


@both_planes
@pytest.mark.parametrize("data", [b"\x0a\xff", b"\x00", b"not protobuf at all", b""])
async def test_bytes_that_are_no_message_are_an_invalid_argument(plane: Plane, data: bytes) -> None:
    async with plane.client("device", ANNA) as client:
        call = client.open_call()
        await call.write(data)
        assert await call.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert not plane.verdicts()


@both_planes
async def test_no_token_wrong_role_and_foreign_key_are_refused(plane: Plane) -> None:
    client = plane.client("device", ANNA)
    client._token._token = "nonsense"
    assert isinstance(await failure_of(client, [at_shop(0)]), UnauthenticatedError)
    assert isinstance(await failure_of(plane.client("marketing", "m"), [at_shop(0)]), PermissionDeniedError)


@both_planes
async def test_a_message_over_64_kib_is_refused_by_the_transport(plane: Plane) -> None:
    error = await failure_of(plane.client("gateway"), [batch_at_shop([ANNA] * 5_000)])
    assert isinstance(error, CallError)
    assert error.code == "RESOURCE_EXHAUSTED"


@both_planes
async def test_a_device_has_four_streams_at_most_and_gets_them_back(plane: Plane) -> None:
    async with plane.client("device", ANNA) as client:
        calls = [client.open_call() for _ in range(4)]
        for second, call in enumerate(calls):
            await call.write(pb.StreamPingsRequest(ping=at_shop(second).to_message()).SerializeToString())
            await call.read()
        with pytest.raises(LimitExceededError):
            await anext(client.stream_answers([at_shop(9)]))
        calls[0].cancel()
        while plane.plane.statistics.streams == 4:
            await asyncio.sleep(0.01)
        assert [a.acknowledged_message_sequence async for a in client.stream_answers([at_shop(10)])] == [1]


@both_planes
async def test_a_stream_ends_when_its_token_expires(plane: Plane) -> None:
    async with plane.client("device", ANNA, lifetime_s=2.0) as client:
        call = client.open_call()
        await call.write(pb.StreamPingsRequest(ping=at_shop(0).to_message()).SerializeToString())
        assert await call.read() is not grpc.aio.EOF
        assert await call.code() == grpc.StatusCode.UNAUTHENTICATED


async def last_acknowledged(call: Any) -> int | None:
    """Read a call to its end; what its last answer acknowledged."""
    acknowledged = None
    try:
        while (data := await call.read()) is not grpc.aio.EOF:
            acknowledged = pb.StreamPingsResponse.FromString(data).answer.acknowledged_message_sequence
    except grpc.aio.AioRpcError:
        pass
    return acknowledged


# -- budgets, drain, silence ---------------------------------------------------------------------------------


async def test_a_ping_over_its_budget_is_shed_and_every_role_is_told(open_plane: OpenPlane) -> None:
    async with open_plane() as plane, plane.client("device", ANNA) as client:
        call = client.open_call()
        await call.write(pb.StreamPingsRequest(ping=away(0).to_message()).SerializeToString())
        await call.read()
        late = pb.StreamPingsRequest(ping=at_shop(1, decision_budget_ms=1).to_message())
        gatherer = plane.plane._gatherer
        submit = gatherer.submit

        def submit_and_stall(*args: Any) -> None:
            submit(*args)
            time.sleep(0.01)

        gatherer.submit = submit_and_stall  # type: ignore[method-assign]
        await call.write(late.SerializeToString())
        answer = pb.StreamPingsResponse.FromString(await call.read()).answer
        assert [item.verdict for item in answer.rejected_rows] == [words.PING_VERDICT_SHED]
        assert answer.acknowledged_message_sequence == 2
        assert not answer.offers
        assert plane.plane.statistics.shed_rows == 1


async def test_a_late_offer_is_taken_back_before_the_commit(plane: Plane) -> None:
    step = plane.engine.step

    def slow_step(pings: Any) -> Any:
        outcome = step(pings)
        time.sleep(0.06)
        return outcome

    plane.engine.step = slow_step  # type: ignore[method-assign]
    async with plane.client("operator") as client:
        message = batch_at_shop([ANNA])
        message.decision_budget_millis = 50
        answers = [answer async for answer in client.stream_answers([message])]
        assert [t.verdict for a in answers for t in a.tries] == [words.OFFER_VERDICT_TOO_LATE]
        assert plane.engine.statistics.offers == 0
        plane.engine.step = step  # type: ignore[method-assign]
    # her caps came back: the next visit gives the offer
    async with plane.client("gateway") as client:
        walk = [away(60, device_key=ANNA), away(61, device_key=ANNA), at_shop(62, device_key=ANNA)]
        answers = [answer async for answer in client.stream_answers(walk)]
    assert sum(len(answer.offers) for answer in answers) == 1


@both_planes
async def test_drain_answers_what_was_read_then_ends_unavailable(open_plane: OpenPlane) -> None:
    async with open_plane() as plane, plane.client("gateway") as client:
        call = client.open_call()
        for second in range(50):
            request = pb.StreamPingsRequest(batch=batch_at_shop([BERT], second))
            await call.write(request.SerializeToString())
        first = pb.StreamPingsResponse.FromString(await call.read()).answer.acknowledged_message_sequence
        assert await plane.plane.drain(5.0)
        # nothing is left to tell where the first answer acknowledged all that was read
        acknowledged = await last_acknowledged(call) or first
        assert await call.code() == grpc.StatusCode.UNAVAILABLE
        statistics = plane.plane.statistics
        assert acknowledged == statistics.messages == statistics.rows >= first > 0
        assert sum(plane.verdicts().values()) == acknowledged
        with pytest.raises(DrainingError):
            await client.ingest(batch_at_shop([BERT], 60))


async def test_drain_decides_a_queue_of_several_steps_before_it_ends_the_stream(open_plane: OpenPlane) -> None:
    message_count, row_count = 3, 1_000
    async with open_plane() as plane, plane.client("gateway") as client:
        gatherer = plane.plane._gatherer
        ask_flush = gatherer._ask_flush
        gatherer._ask_flush = lambda: None  # type: ignore[method-assign]    # the loop is busy: nothing is decided yet
        call = client.open_call()
        for second in range(message_count):
            request = pb.StreamPingsRequest(batch=batch_at_shop([BERT] * row_count, second))
            await call.write(request.SerializeToString())
        while [stream.read_count for stream in gatherer.streams.values()] != [message_count]:
            await asyncio.sleep(0.01)
        draining = asyncio.create_task(plane.plane.drain(5.0))
        await asyncio.sleep(0.05)
        assert not draining.done()
        gatherer._ask_flush = ask_flush  # type: ignore[method-assign]
        ask_flush()
        assert await draining
        assert await last_acknowledged(call) == message_count
        assert await call.code() == grpc.StatusCode.UNAVAILABLE
        assert sum(plane.verdicts().values()) == message_count * row_count


@both_planes
async def test_silence_ends_a_visit_on_the_stream_that_brought_it(open_plane: OpenPlane) -> None:
    async with open_plane() as plane, plane.client("gateway") as client:
        call = client.open_call()
        await call.write(pb.StreamPingsRequest(batch=batch_at_shop([BERT])).SerializeToString())
        first = pb.StreamPingsResponse.FromString(await call.read()).answer
        assert [t.kind for t in first.transitions] == [words.TRANSITION_KIND_ENTER]
        # time goes on with somebody else's pings
        later_s = Policy().silent_after_ms // 1_000 + 1
        await call.write(pb.StreamPingsRequest(batch=batch_at_shop([ANNA], later_s)).SerializeToString())
        seen: list[pb.Transition] = []
        while not any(t.kind == words.TRANSITION_KIND_EXIT for t in seen):
            seen += pb.StreamPingsResponse.FromString(await call.read()).answer.transitions
        told = seen[-1]
        assert (told.device_key, told.cause) == (BERT, words.TRANSITION_CAUSE_SILENT)
        assert (told.message_sequence, told.row, told.event_time) == (0, 0, timestamp(START_MS))
