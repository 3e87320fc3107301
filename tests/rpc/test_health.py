"""grpc.health.v1 of a port: told to whoever watches, held up by nobody."""

from __future__ import annotations

import asyncio

import pytest
from grpc_health.v1 import health_pb2 as pb

from geooffer.errors import LimitExceededError, NotFoundError
from geooffer.rpc.health import WATCHER_COUNT_MAX, Health

SERVING, NOT_SERVING = pb.HealthCheckResponse.SERVING, pb.HealthCheckResponse.NOT_SERVING
ALL = pb.HealthCheckRequest()


async def test_all_names_say_the_same() -> None:
    health = Health(["a", "b"])
    for is_serving, status in ((False, NOT_SERVING), (True, SERVING), (False, NOT_SERVING)):
        health.report(is_serving)
        for name in ("", "a", "b"):
            assert (await health.Check(pb.HealthCheckRequest(service=name), None)).status == status
        listed = (await health.List(pb.HealthListRequest(), None)).statuses
        assert {name: item.status for name, item in listed.items()} == dict.fromkeys(("", "a", "b"), status)
    with pytest.raises(NotFoundError):
        await health.Check(pb.HealthCheckRequest(service="c"), None)


async def test_a_watcher_is_told_of_changes_only() -> None:
    health = Health(["a"])
    watch = health.Watch(pb.HealthCheckRequest(service="a"), None)
    assert (await anext(watch)).status == NOT_SERVING
    told = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0)
    health.report(False)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not told.done()
    health.report(True)
    assert (await told).status == SERVING
    # who was away for two changes hears of the state that is, and of nothing where it is the same again
    health.report(False)
    assert (await anext(watch)).status == NOT_SERVING
    await watch.aclose()
    assert health.watcher_count == 0


async def test_an_unknown_name_stays_unknown_and_is_not_remembered() -> None:
    health = Health(["a"])
    watch = health.Watch(pb.HealthCheckRequest(service="x" * 60_000), None)
    assert (await anext(watch)).status == pb.HealthCheckResponse.SERVICE_UNKNOWN
    told = asyncio.ensure_future(anext(watch))
    health.report(True)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not told.done()
    told.cancel()


async def test_watchers_are_bounded() -> None:
    health = Health([])
    watches = [health.Watch(ALL, None) for _ in range(WATCHER_COUNT_MAX)]
    for watch in watches:
        await anext(watch)
    with pytest.raises(LimitExceededError):
        await anext(health.Watch(ALL, None))
    await watches[0].aclose()
    await anext(health.Watch(ALL, None))
