"""`geooffer store …` against a running server: closures, pauses, old stock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from feeds import Feeds, feeding, products
from typer.testing import Result

Invoke = Callable[..., Result]

STORES = (
    "store_id,latitude,longitude,time_zone,region,tags",
    "s1,47.0,8.0,Europe/Zurich,CH-ZH,mall",
    "s2,47.1,8.1,Europe/Zurich,CH-ZH,",
    "s3,47.2,8.2,Europe/Zurich,CH-BE,mall",
)
START = "2026-03-02T03:00:00Z"


async def store(feeds: Feeds, invoke: Invoke, *arguments: str, code: int = 0) -> Result:
    """`geooffer store …` with this server's address and token."""
    result = await asyncio.to_thread(invoke, "store", *arguments, *feeds.access)
    assert result.exit_code == code, result.output
    return result


async def told(feeds: Feeds, invoke: Invoke, *arguments: str, code: int = 0) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((await store(feeds, invoke, *arguments, "--json", code=code)).stdout)
    return value


async def test_stores_are_closed_paused_listed_and_opened_again(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path, START) as feeds:
        await feeds.load("stores", STORES)
        assert await told(feeds, invoke, "close", "--region", "CH-ZH", "--reason", "water") == {
            "store_count": 2,
            "store_ids": ["s1", "s2"],
        }
        late = ("--from", "2026-03-02T12:00:00Z", "--until", "2026-03-02T14:00:00Z")
        paused = await store(feeds, invoke, "pause", "--tag", "mall", *late)
        assert paused.stdout == "paused  s1\npaused  s3\n"
        assert (await told(feeds, invoke, "closures", "--store", "s1"))["closures"] == [
            {"store_id": "s1", "kind": "closed", "from_time": START, "until_time": "", "reason": "water"},
            {
                "store_id": "s1",
                "kind": "paused",
                "from_time": "2026-03-02T12:00:00Z",
                "until_time": "2026-03-02T14:00:00Z",
                "reason": "",
            },
        ]
        listed = (await store(feeds, invoke, "closures")).stdout.splitlines()
        assert listed[0] == f"closed  s1  {START} until reopened  (water)"
        assert listed[3] == "paused  s3  2026-03-02T12:00:00Z until 2026-03-02T14:00:00Z"
        assert len(listed) == 4
        await store(feeds, invoke, "reopen", "--store", "s1", "--store", "s2")
        resumed = await store(feeds, invoke, "resume", "--tag", "mall")
        assert resumed.stdout == "resumed s1\nresumed s3\n"
        assert (await store(feeds, invoke, "closures")).stdout == "no store is closed or paused, now or later\n"


async def test_what_the_service_refuses_is_one_line(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path, START) as feeds:
        await feeds.load("stores", STORES)
        unknown = await store(feeds, invoke, "close", "--store", "s9", code=2)
        assert "[NOT_FOUND]" in unknown.stderr
        over = await store(feeds, invoke, "close", "--store", "s1", "--until", "2026-03-01T00:00:00Z", code=2)
        assert "until_time is over" in over.stderr
        assert (await told(feeds, invoke, "closures"))["closures"] == []


@pytest.mark.parametrize("command", ["close", "reopen", "pause", "resume"])
@pytest.mark.parametrize("selection", [(), ("--store", "s1", "--tag", "mall"), ("--region", "r", "--tag", "mall")])
def test_stores_are_named_in_one_way(invoke: Invoke, command: str, selection: tuple[str, ...]) -> None:
    result = invoke("store", command, *selection, "--token", "t")
    assert result.exit_code == 2
    assert "--region or --tag" in result.stderr


def test_a_bad_time_is_named(invoke: Invoke) -> None:
    result = invoke("store", "close", "--store", "s1", "--until", "tomorrow", "--token", "t")
    assert (result.exit_code, "--until" in result.stderr) == (2, True)


async def test_stores_with_old_stock_are_a_finding(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path, START) as feeds:
        await feeds.load("stores", STORES)
        await feeds.load("categories", ("category_id,name_en", "shoes,Shoes"))
        await feeds.load("products", products(1))
        header = "store_id,product_id,size,available_count,as_of_time"
        rows = ("s1,p0001,EU 43,5,2026-02-28T00:00:00Z", "s2,p0001,EU 43,5,2026-03-02T00:00:00Z")
        await feeds.load("stock", (header, *rows))
        found = await told(feeds, invoke, "stale-stock", code=1)
        assert found == {"stale": [{"store_id": "s1", "newest_as_of_time": "2026-02-28T00:00:00Z"}]}
        text = (await store(feeds, invoke, "stale-stock", code=1)).stdout
        assert text == "stale   s1  newest figure of 2026-02-28T00:00:00Z\n"
        await feeds.load("stock", (header, "s1,p0001,EU 43,5,2026-03-02T02:00:00Z"))
        assert (await store(feeds, invoke, "stale-stock")).stdout == "no store's stock is too old\n"
