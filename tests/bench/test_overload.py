"""The overload benchmark: its messages and its counting, and short runs over real processes."""

from __future__ import annotations

import asyncio

import pytest

from geooffer.bench.gateways import GatewayPlan, GatewayResult, GatewayStream, _Load, device_keys, messages_of
from geooffer.cli.bench_overload import measure_overload
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1.verdicts_pb2 import PING_VERDICT_SHED, PING_VERDICT_STALE_FIX


def test_each_stream_speaks_for_devices_of_its_own():
    assert [*device_keys(0, 3), *device_keys(1, 3)] == [1, 2, 3, 4, 5, 6]
    batches = [pb.StreamPingsRequest.FromString(data).batch for data in messages_of(1, 3)]
    assert {tuple(batch.device_keys) for batch in batches} == {(4, 5, 6)}
    assert len({tuple(batch.latitudes_e7) for batch in batches}) == len(batches)


class _Answers:
    """A call that was answered so."""

    def __init__(self, *answers: pb.PingAnswer) -> None:
        self._left = [pb.StreamPingsResponse(answer=answer).SerializeToString() for answer in answers]

    async def read(self) -> bytes:
        return self._left.pop(0)


def rejected(sequence: int, row: int, verdict: int) -> pb.RejectedRow:
    return pb.RejectedRow(message_sequence=sequence, row=row, verdict=verdict)


async def test_a_message_is_shed_whole_and_counted_once_however_its_rows_are_told():
    stream = GatewayStream(_Client(), PLAN, 0)  # type: ignore[arg-type]
    stream.call = _Answers(
        # message 1 was shed, its last row is told with the next answer; of message 2 one row is stale
        pb.PingAnswer(rejected_rows=[rejected(1, 0, PING_VERDICT_SHED), rejected(1, 1, PING_VERDICT_SHED)]),
        pb.PingAnswer(
            acknowledged_message_sequence=3,
            rejected_rows=[
                rejected(1, 2, PING_VERDICT_SHED),
                rejected(2, 1, PING_VERDICT_STALE_FIX),
                *(rejected(3, row, PING_VERDICT_SHED) for row in range(3)),
            ],
        ),
    )
    for due_s in (1.0, 2.0, 3.0):
        stream.offer(due_s)
    assert await stream.read() == []
    told = await stream.read()
    assert [(due_s, is_shed) for due_s, _, is_shed in told] == [(1.0, True), (2.0, False), (3.0, True)]


class _Client:
    def open_call(self) -> None:
        return None


PLAN = GatewayPlan("", "", 0, 1, 3, 1.0, 0.0, 0.0, 0.05)


async def test_a_full_window_holds_back_and_says_so():
    stream = GatewayStream(_Client(), PLAN, 0)  # type: ignore[arg-type]
    load = _Load(PLAN, [stream])
    due_s = load._begin_s
    for _ in range(20):
        load._send(stream, due_s)
    result: GatewayResult = load._result
    assert (result.offered, result.held_back, len(stream.unanswered)) == (20, 4, 16)
    await asyncio.sleep(0)


@pytest.mark.long
@pytest.mark.parametrize("bounded", [True, False])
def test_a_short_run_over_real_processes_adds_up(bounded: bool):
    report = measure_overload(
        pair_count=1, seconds=1.0, warmup_s=0.5, factor=4.0, stream_count=8, row_count=64, bounded=bounded
    )
    assert report["peak_per_s"] > 0
    assert report["offered_per_s"] > 2 * report["peak_per_s"]
    assert report["goodput_per_s"] <= report["decided_per_s"] <= report["offered_per_s"]
    assert 0.0 <= report["shed_share"] + report["held_back_share"] <= 1.0
    assert report["rss_before_bytes"] > 0
    assert not (report["shed_share"] and not bounded)
