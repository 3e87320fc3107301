"""What streams that read nothing are fed with, and how it is seen that others are served meanwhile."""

from __future__ import annotations

import asyncio

from plane_stage import BERT, SHOP, START_MS, Plane

from geooffer.client import Ping
from geooffer.model import limits
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb

ROW_COUNT = limits.PING_BATCH_ROW_COUNT_MAX


def rejected_batch(number: int) -> bytes:
    """Every row is of a device nobody knows: NO_CONSENT, told to a gateway row by row; about 12 KiB of answers."""
    batch = pb.PingBatch(
        device_keys=range(10_000, 10_000 + ROW_COUNT),
        latitudes_e7=[SHOP[0]] * ROW_COUNT,
        longitudes_e7=[SHOP[1]] * ROW_COUNT,
        base_time=timestamp(START_MS + number * 1_000),
    )
    return pb.StreamPingsRequest(batch=batch).SerializeToString()


def bert(second: int) -> Ping:
    return Ping(
        SHOP[0] / 1e7, SHOP[1] / 1e7, accuracy_m=10, speed_m_per_s=1.2,
        fix_time_ms=START_MS + second * 1_000, sequence=second + 1,
    )  # fmt: skip


async def others_are_served(plane: Plane, first_second: int, told_s: float) -> None:
    """A phone's stream and its single call are answered, together within `told_s`."""
    async with plane.client("device", BERT) as client, asyncio.timeout(told_s):
        pings = [bert(first_second + second) for second in range(30)]
        answers = [answer async for answer in client.stream_answers(pings)]
        assert answers[-1].acknowledged_message_sequence == 30
        assert (await client.ingest(bert(first_second + 40))).acknowledged_message_sequence == 1
