"""A fix told by its age is dated from the arrival of its message (semantics T1), however long that waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from plane_stage import ANNA, BERT, SHOP, OpenPlane, Plane, told_of

from geooffer.dataplane.native_plane import NativeDataPlane
from geooffer.engine.shadow import Shadow
from geooffer.model.verdicts import PingVerdict
from geooffer.v1 import ping_service_pb2 as pb
from planes import both_planes

APART_S = 0.05
LATER_AGE_MS = 20
"""More than the first one's, less than what lies between them."""


def message(device_key: int, age_ms: int) -> bytes:
    ping = pb.Ping(device_key=device_key, latitude_e7=SHOP[0], longitude_e7=SHOP[1], accuracy_cm=1_000)
    ping.fix_age_millis, ping.decision_budget_millis = age_ms, 60_000
    return pb.StreamPingsRequest(ping=ping).SerializeToString()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20.0):
        while not condition():
            await asyncio.sleep(0.002)


@asynccontextmanager
async def nothing_decided(plane: Plane, call: Any, *, python_decides: bool) -> AsyncIterator[int]:
    """What comes now waits in one batch; gives the number of the first message."""
    if isinstance(plane.plane, NativeDataPlane):
        async with _native_waits(plane, plane.plane, call, python_decides=python_decides):
            yield 2
        return
    gatherer = plane.plane.gatherer
    asked, gatherer._ask_flush = gatherer._ask_flush, lambda: None
    yield 1
    gatherer._ask_flush = asked
    asked()


@asynccontextmanager
async def _native_waits(
    plane: Plane, native: NativeDataPlane, call: Any, *, python_decides: bool
) -> AsyncIterator[None]:
    """A first message is left to Python, which is in no hurry: its worker reads on, and decides nothing."""
    engine, left = plane.engine, []
    decide, native._decide = native._decide, lambda *crossing: left.append(crossing)  # type: ignore[method-assign]
    with engine.lock:
        engine.shadow = Shadow(engine.policy_document, 1)
    await call.write(message(BERT, 0))
    await until(lambda: bool(left))
    if not python_decides:
        with engine.lock:
            engine.shadow = None
    yield
    native._decide = decide  # type: ignore[method-assign]
    decide(*left[0])


@both_planes
@pytest.mark.parametrize("python_decides", [False, True], ids=["the matcher", "python"])
async def test_two_fixes_of_a_phone_that_wait_in_one_batch_are_as_far_apart_as_they_came(
    open_plane: OpenPlane, python_decides: bool
) -> None:
    async with open_plane("system") as plane:
        client = plane.client("gateway", device_key_ranges=[(1, 2_000)])
        call = client.open_call()
        async with nothing_decided(plane, call, python_decides=python_decides) as first:
            for count, age_ms in enumerate((0, LATER_AGE_MS), 1):
                await call.write(message(ANNA, age_ms))
                await until(lambda: plane.plane.queued.message_count >= count)  # noqa: B023
                await asyncio.sleep(APART_S)
        answer = pb.StreamPingsResponse.FromString(await told_of(call, first + 1)).answer
        verdicts = plane.verdicts()
        await client.close()
    assert not answer.rejected_rows
    assert verdicts[PingVerdict.STALE_FIX] == 0
    assert verdicts[PingVerdict.ACCEPTED] == first + 1
