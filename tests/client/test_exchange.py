"""Reconnecting against a real gRPC server that breaks on purpose: nothing lost, nothing acknowledged twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from geooffer.client import Backoff, CallError, GeoofferClient, Ping
from geooffer.client.errors import retry_delay_s
from geooffer.client.pings import pending
from geooffer.errors import InvalidArgumentError, LimitExceededError, QuotaExceededError, UnauthenticatedError
from geooffer.rpc.checks import timestamp
from geooffer.rpc.status import DETAILS_KEY, status_of
from geooffer.v1 import ping_service_pb2 as pb

FAST = Backoff(first_s=0.005, longest_s=0.02, attempt_count_max=5)


class ScriptedService:
    """Acknowledges each message; call number k breaks after `breaks[k]` messages, with a status."""

    def __init__(self, breaks: list[tuple[int, grpc.StatusCode, BaseException | None]]) -> None:
        self.breaks = breaks
        self.calls: list[list[pb.StreamPingsRequest]] = []
        self.tokens: list[str] = []
        self.silent_from = 10**9
        """From this message of a call on nothing is acknowledged."""

    async def stream(self, _requests: Any, context: Any) -> None:
        received: list[pb.StreamPingsRequest] = []
        self.calls.append(received)
        self.tokens += [value for key, value in context.invocation_metadata() if key == "authorization"]
        number = len(self.calls) - 1
        limit, code, error = self.breaks[number] if number < len(self.breaks) else (10**9, grpc.StatusCode.OK, None)
        while len(received) < limit:
            data = await context.read()
            if data is grpc.aio.EOF:
                return
            received.append(pb.StreamPingsRequest.FromString(data))
            count = len(received)
            if count <= self.silent_from:
                answer = pb.PingAnswer(acknowledged_message_sequence=count, location_wanted=True)
                answer.offers.add(offer_id=f"for {received[-1].ping.sequence}", message_sequence=count)
                await context.write(pb.StreamPingsResponse(answer=answer).SerializeToString())
        trailing = ()
        if error is not None:
            trailing = ((DETAILS_KEY, status_of(error).SerializeToString()),)
        await context.abort(code, "broken on purpose", trailing_metadata=trailing)


@asynccontextmanager
async def serving(service: ScriptedService, address: str = "127.0.0.1:0") -> AsyncIterator[str]:
    server = grpc.aio.server()
    handlers = {"StreamPings": grpc.stream_stream_rpc_method_handler(service.stream)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("geooffer.v1.PingService", handlers),))
    port = server.add_insecure_port(address)
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


def fixes(count: int) -> list[Ping]:
    return [Ping(47.0, 8.0, fix_time_ms=1_700_000_000_000 + n, sequence=n) for n in range(1, count + 1)]


UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("window_count", [1, 3, 64])
async def test_lost_calls_lose_no_ping_and_sequences_count_on(window_count: int) -> None:
    service = ScriptedService([(3, UNAVAILABLE, None), (0, UNAVAILABLE, None), (5, UNAVAILABLE, None)])
    async with serving(service) as target, GeoofferClient(target, token="t", backoff=FAST) as client:
        exchange = client.exchange(fixes(40), window_count=window_count)
        answers = [answer async for answer in exchange.answers()]
    acknowledged = [answer.acknowledged_message_sequence for answer in answers]
    assert acknowledged == sorted(acknowledged)
    assert acknowledged[-1] == 40
    for answer in answers:  # message n of the exchange is the fix with sequence n, over all calls
        for offer in answer.offers:
            assert offer.offer_id == f"for {offer.message_sequence}"
    seen = {request.ping.sequence for call in service.calls for request in call}
    assert seen == set(range(1, 41))
    assert exchange.reconnect_count == 3


async def test_undecided_messages_are_sent_again_oldest_first() -> None:
    service = ScriptedService([(6, UNAVAILABLE, None)])
    service.silent_from = 2
    async with serving(service) as target, GeoofferClient(target, token="t", backoff=FAST) as client:
        answers = client.stream_answers(fixes(8), window_count=6)
        while len(service.calls) < 2:
            await asyncio.wait_for(anext(answers), 5)
            if len(service.calls[0]) == 6:
                service.silent_from = 10**9
        assert [a.acknowledged_message_sequence async for a in answers][-1] == 8
    resent = [request.ping.sequence for request in service.calls[1]]
    assert resent == list(range(resent[0], 9))
    assert resent[0] <= 3 or resent[0] == 7


async def test_a_lost_call_does_not_end_a_source_that_was_waiting() -> None:
    go_on = asyncio.Event()

    async def slow_source() -> AsyncIterator[Ping]:
        yield fixes(1)[0]
        await go_on.wait()
        yield fixes(2)[1]

    service = ScriptedService([(1, UNAVAILABLE, None)])
    async with serving(service) as target, GeoofferClient(target, token="t", backoff=FAST) as client:
        acknowledged = []
        async for answer in client.stream_answers(slow_source()):
            acknowledged.append(answer.acknowledged_message_sequence)
            asyncio.get_running_loop().call_later(0.1, go_on.set)
    assert acknowledged == [1, 2]


async def test_attempts_without_progress_are_counted_and_then_told() -> None:
    service = ScriptedService([(0, UNAVAILABLE, None)] * 50)
    async with serving(service) as target, GeoofferClient(target, token="t", backoff=FAST) as client:
        with pytest.raises(CallError) as caught:
            await anext(client.stream_answers(fixes(3)))
    assert caught.value.code == "UNAVAILABLE"
    assert len(service.calls) == FAST.attempt_count_max + 1


async def test_a_quota_holds_up_and_does_not_end() -> None:
    refusal = QuotaExceededError("too many pings a second", retry_after_ms=30)
    service = ScriptedService([(2, grpc.StatusCode.RESOURCE_EXHAUSTED, refusal)] * 2)
    async with serving(service) as target, GeoofferClient(target, token="t", backoff=FAST) as client:
        answers = [answer async for answer in client.stream_answers(fixes(8), window_count=4)]
    assert answers[-1].acknowledged_message_sequence == 8
    assert len(service.calls) == 3
    # a bound that no waiting helps against is told at once
    service = ScriptedService([(1, grpc.StatusCode.RESOURCE_EXHAUSTED, LimitExceededError("at most 4 streams"))])
    async with serving(service) as target, GeoofferClient(target, token="t", backoff=FAST) as client:
        with pytest.raises(LimitExceededError):
            [answer async for answer in client.stream_answers(fixes(3))]


@pytest.mark.parametrize(("asked_ms", "waited_s"), [(0, 0.0), (1_250, 1.25), (-5, 0.0), (10**9, 60.0)])
def test_the_wait_that_a_service_asks_for_is_bounded(asked_ms: int, waited_s: float) -> None:
    status = status_of(QuotaExceededError("slower", retry_after_ms=asked_ms)).SerializeToString()
    failure = grpc.aio.AioRpcError(
        grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.aio.Metadata(), grpc.aio.Metadata((DETAILS_KEY, status))
    )
    assert retry_delay_s(failure) == waited_s


async def test_an_error_the_service_names_is_raised_at_once_as_its_class() -> None:
    refusal = InvalidArgumentError("must be whole", field="batch.sequences")
    service = ScriptedService([(1, grpc.StatusCode.INVALID_ARGUMENT, refusal)])
    async with serving(service) as target, GeoofferClient(target, token="t", backoff=FAST) as client:
        with pytest.raises(InvalidArgumentError) as caught:
            [answer async for answer in client.stream_answers(fixes(3))]
    assert (caught.value.message, caught.value.field) == ("must be whole", "batch.sequences")
    assert len(service.calls) == 1


async def test_an_expired_token_is_renewed_where_it_can_be() -> None:
    refusal = UnauthenticatedError("a valid token is required")
    ends = [(2, grpc.StatusCode.UNAUTHENTICATED, refusal)]
    names = iter("abcdef")
    service = ScriptedService(list(ends))
    async with serving(service) as target:
        async with GeoofferClient(target, token=lambda: next(names), backoff=FAST) as client:
            answers = [answer async for answer in client.stream_answers(fixes(5))]
        assert answers[-1].acknowledged_message_sequence == 5
        assert service.tokens == ["Bearer a", "Bearer b"]
        service.calls.clear()
        async with GeoofferClient(target, token="fixed", backoff=FAST) as client:
            with pytest.raises(UnauthenticatedError):
                [answer async for answer in client.stream_answers(fixes(5))]


async def test_an_error_of_the_source_reaches_the_caller_and_ends_the_call() -> None:
    def source() -> Any:
        yield from fixes(2)
        yield Ping(float("nan"), 0.0)

    async with serving(ScriptedService([])) as target, GeoofferClient(target, token="t", backoff=FAST) as client:
        with pytest.raises(InvalidArgumentError):
            [answer async for answer in client.stream_answers(source())]


async def test_a_service_that_is_not_there_is_a_call_error() -> None:
    async with GeoofferClient("127.0.0.1:1", token="t", backoff=Backoff(0.001, 0.01, 2)) as client:
        with pytest.raises(CallError):
            await anext(client.stream_answers(fixes(1)))
        with pytest.raises(CallError):
            await client.ingest(fixes(1)[0])


async def test_a_consumer_that_stops_early_leaves_nothing_running() -> None:
    async with serving(ScriptedService([])) as target, GeoofferClient(target, token="t", backoff=FAST) as client:
        answers = client.stream_answers(fixes(1_000), window_count=2)
        await anext(answers)
        await answers.aclose()
    left = [task for task in asyncio.all_tasks() if "PingExchange" in repr(task.get_coro())]
    assert left == []


def test_live_fixes_age_while_they_wait_and_replayed_ones_do_not() -> None:
    live = pending(pb.Ping(fix_age_millis=100))
    assert pb.StreamPingsRequest.FromString(live.as_sent(live.taken_s + 0.5)).ping.fix_age_millis == 600
    column = pending(pb.PingBatch(latitudes_e7=[1, 2], longitudes_e7=[1, 2], fix_ages_millis=[5, 6]))
    sent = pb.StreamPingsRequest.FromString(column.as_sent(column.taken_s + 1.0)).batch
    assert list(sent.fix_ages_millis) == [1_005, 1_006]
    bare = pending(pb.PingBatch(latitudes_e7=[1, 2], longitudes_e7=[1, 2]))
    sent = pb.StreamPingsRequest.FromString(bare.as_sent(bare.taken_s + 1.0)).batch
    assert list(sent.fix_ages_millis) == [1_000, 1_000]
    for replayed in (pb.Ping(fix_time=timestamp(5)), pb.PingBatch(latitudes_e7=[1], base_time=timestamp(5))):
        message = pending(replayed)
        assert message.as_sent(message.taken_s + 9.0) == message.request.SerializeToString()
