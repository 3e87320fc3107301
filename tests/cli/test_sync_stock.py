"""`geooffer import stock FILE --sync --as-of …` over a real server: what a store's feed does not name is not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from feeds import Feeds, feeding, named, products
from typer.testing import Result

Invoke = Callable[..., Result]

HEADER = "store_id,product_id,size,available_count"
STORES = (
    "store_id,latitude,longitude,time_zone",
    *(f"s{number},47.0,8.{number},Europe/Zurich" for number in (1, 2, 3)),
)
NIGHT_1, NIGHT_2, NIGHT_4 = (f"2026-03-0{day}T03:00:00Z" for day in (1, 2, 4))
WIDE = 12
"""Products in stock at s1, so that one that sells out is less than a tenth."""


async def furnish(feeds: Feeds) -> None:
    await feeds.load("stores", STORES)
    await feeds.load("categories", ("category_id,name_en", "shoes,Shoes"))
    await feeds.load("products", [*products(*range(WIDE)), "p0099,shoes,Laces,"])


def shelf(store_id: str, *numbers: int, count: int = 5) -> list[str]:
    return [f"{store_id},p{number:04},EU 43,{count}" for number in numbers]


def units(feeds: Feeds, store_id: str) -> dict[str, int]:
    return {figure.product_id: figure.available_count for figure in feeds.engine.stock_of(store_id)}


async def test_what_is_absent_becomes_zero_in_the_stores_of_the_feed_alone(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await furnish(feeds)
        both = [HEADER, *shelf("s1", *range(WIDE)), *shelf("s2", 1, 2), "s2,p0099,,3"]
        first = await feeds.sync("stock", both, "--as-of", NIGHT_1)
        assert first["counts"]["created"] == WIDE + 3

        feed = [HEADER, *shelf("s1", *range(1, WIDE - 1)), *shelf("s1", WIDE - 1, count=4)]
        dry = await feeds.sync("stock", feed, "--as-of", NIGHT_2, "--dry-run")
        assert units(feeds, "s1")["p0000"] == 5
        told = await feeds.sync("stock", feed, "--as-of", NIGHT_2)
        assert told["changes"] == dry["changes"]
        assert told["changes"]["zeroed"] == [{"id": "p0000 EU 43 at s1", "note": "5 -> 0"}]
        assert told["changes"]["changed"] == [{"id": f"p{WIDE - 1:04} EU 43 at s1", "note": "5 -> 4"}]
        # the others are reported again: their count is the same, their age is not
        assert (told["counts"]["held"], told["counts"]["confirmed"]) == (WIDE, WIDE - 2)
        assert {figure.as_of_ms for figure in feeds.engine.stock_of("s1")} == {1772420400000}
        assert units(feeds, "s2") == {"p0001": 5, "p0002": 5, "p0099": 3}

        again = await feeds.sync("stock", feed, "--as-of", NIGHT_2)
        assert (again["counts"]["unchanged"], again["counts"]["confirmed"]) == (WIDE, 0)


async def test_a_store_without_figures_for_a_day_raises_the_alarm(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await furnish(feeds)
        await feeds.sync("stock", [HEADER, *shelf("s1", 1), *shelf("s2", 1)], "--as-of", NIGHT_1)
        # 24 h is not yet too old, and s3 never reported: nothing of it can be old
        told = await feeds.sync("stock", [HEADER, *shelf("s1", 1)], "--as-of", NIGHT_2)
        assert named(told, "stale") == []
        told = await feeds.sync("stock", [HEADER, *shelf("s1", 1)], "--as-of", NIGHT_4, code=1)
        assert told["changes"]["stale"] == [{"id": "s2", "note": f"newest figure of {NIGHT_1}"}]
        result = await feeds.run("stock", tmp_path / "stock.csv", "--sync", "--as-of", NIGHT_4)
        assert f"stale      s2: newest figure of {NIGHT_1}" in result.stdout.splitlines()


async def test_more_than_a_tenth_to_zero_is_refused(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await furnish(feeds)
        await feeds.sync("stock", [HEADER, *shelf("s1", *range(WIDE))], "--as-of", NIGHT_1)
        cut = [HEADER, *shelf("s1", *range(2, WIDE))]
        refused = await feeds.sync("stock", cut, "--as-of", NIGHT_2, code=2)
        assert refused["objection"].startswith(f"2 of {WIDE} would be deleted or become 0")
        assert units(feeds, "s1")["p0000"] == 5
        await feeds.sync("stock", cut, "--as-of", NIGHT_2, "--force")
        assert (units(feeds, "s1")["p0000"], units(feeds, "s1")["p0002"]) == (0, 5)


async def test_a_newer_figure_is_left_alone(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await furnish(feeds)
        await feeds.sync("stock", [HEADER, *shelf("s1", 1, 2, 3)], "--as-of", NIGHT_2)
        told = await feeds.sync("stock", [HEADER, *shelf("s1", 1, 2, count=1)], "--as-of", NIGHT_1)
        assert named(told, "superseded") == [f"p000{number} EU 43 at s1" for number in (1, 2, 3)]
        assert units(feeds, "s1") == {"p0001": 5, "p0002": 5, "p0003": 5}


async def test_refused_rows_are_not_taken_for_sold_out(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await furnish(feeds)
        whole = [*shelf("s1", *range(WIDE)), *shelf("s2", *range(WIDE))]
        await feeds.sync("stock", [HEADER, *whole], "--as-of", NIGHT_1)
        feed = [
            HEADER,
            *shelf("s1", *range(2, WIDE)),
            "s1,p0000,EU 43,many",  # names one variant: that one is kept, p0001 is gone
            "s1,p0099,EU 43,1",  # laces have no size
            *shelf("s2", *range(1, WIDE)),
            "s2,,EU 43,5",  # may be any variant of s2
        ]
        stopped = await feeds.sync("stock", feed, "--as-of", NIGHT_2, code=2)
        assert stopped["objection"].startswith("3 rows are refused")
        assert [row["reason"] for row in stopped["rows"]] == [
            "available_count: not a whole number",
            "size: the product does not come in this size",
            "product_id: is missing",
        ]
        done = await feeds.sync("stock", feed, "--as-of", NIGHT_2, "--keep-refused", code=1)
        assert named(done, "zeroed") == ["p0001 EU 43 at s1"]
        assert named(done, "kept") == ["p0000 EU 43 at s1", "p0000 EU 43 at s2"]
        assert (units(feeds, "s1")["p0000"], units(feeds, "s2")["p0000"]) == (5, 5)


async def test_a_feed_in_another_size_system_is_of_the_same_variants(invoke: Invoke, tmp_path: Path) -> None:
    """UK 8 is EU 42: the figure held under one must not become 0 because the feed names the other."""
    async with feeding(invoke, tmp_path) as feeds:
        await feeds.load("stores", STORES)
        await feeds.load("categories", ("category_id,name_en,size_chart", "shoes,Shoes,shoes_men"))
        await feeds.load("products", ("product_id,category_id,title_en,sizes", "p1,shoes,Swift,UK 8|UK 9"))
        first = await feeds.sync("stock", (HEADER, "s1,p1,EU 42,5", "s1,p1,UK 9,3"), "--as-of", NIGHT_1)
        assert first["counts"]["created"] == 2
        told = await feeds.sync("stock", (HEADER, "s1,p1,UK 8,5", "s1,p1,EU 43,4"), "--as-of", NIGHT_2)
        assert (told["counts"]["zeroed"], named(told, "changed")) == (0, ["p1 EU 43 at s1"])
        assert [figure.available_count for figure in feeds.engine.stock_of("s1")] == [5, 4]
        bad = (HEADER, "s1,p1,UK 8,5", "s1,p1,XX 9,4")
        refused = await feeds.sync("stock", bad, "--as-of", NIGHT_4, code=2)
        assert refused["counts"]["refused"] == 1
