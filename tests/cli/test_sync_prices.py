"""`geooffer import prices FILE --sync --as-of …` over a real server: nightly lists become a lawful history."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from feeds import Feeds, feeding, named, products
from typer.testing import Result

from geooffer.model.catalog import Price
from geooffer.model.policy import DAY_MS
from geooffer.model.units import format_time_ms, parse_time_ms

Invoke = Callable[..., Result]

HEADER = "product_id,amount_minor,currency,store_id"
NIGHT_MS = parse_time_ms("2026-01-01T03:00:00Z")


def night(number: int) -> str:
    return format_time_ms(NIGHT_MS + number * DAY_MS)


def held(feeds: Feeds, product_id: str, store_id: str = "") -> list[tuple[int, int]]:
    """(night, amount) of the kept steps."""
    steps: tuple[Price, ...] = feeds.engine.registry.prices.get((product_id, store_id), ())
    return [((step.valid_from_ms - NIGHT_MS) // DAY_MS, step.amount_minor) for step in steps]


async def furnish(feeds: Feeds) -> None:
    """Two open stores, one fence, three products, one offer, and Anna, who looks for shoes of size EU 43."""
    stores = [
        {"type": "Feature",
         "properties": {"store_id": f"s{number}", "time_zone": "Europe/Zurich", "opening_hours": "24/7"},
         "geometry": {"type": "Point", "coordinates": [8.005, 47.005]}}
        for number in (1, 2)
    ]  # fmt: skip
    path = feeds.written("stores", []).with_suffix(".geojson")
    path.write_text(json.dumps({"type": "FeatureCollection", "features": stores}))
    assert (await feeds.run("stores", path)).exit_code == 0
    consents = "precise_location_for_offers|search_intent_use|personalised_offers"
    for kind, lines in (
        ("fences", ("geofence_id,latitude,longitude,radius_m,store_id", "f1,47.005,8.005,300,s1")),
        ("categories", ("category_id,name_en", "shoes,Shoes")),
        ("products", products(1, 2, 3)),
        ("offers", ("offer_id,product_id,valid_from_time,valid_until_time", f"o1,p0001,{night(0)},{night(50)}")),
        ("customers", ("customer_id,device_keys", "anna,7")),
        ("consents", ("customer_id,purposes,granted,event_time,notice_version", f"anna,{consents},yes,{night(0)},v1")),
        ("touchpoints", ("customer_id,kind,event_time,category_id,size", f"anna,search,{night(39)},shoes,EU 43")),
        ("stock", ("store_id,product_id,size,available_count,as_of_time", f"s1,p0001,EU 43,5,{night(40)}")),
    ):
        await feeds.load(kind, lines)


async def test_forty_nights_give_the_lowest_price_of_the_30_days_before(invoke: Invoke, tmp_path: Path) -> None:
    """An article was 70 EUR until night 3, then 100, 90 from night 10, 95 from 15, and is 80 from night 35. The window
    of the last cut opens on night 5: 100, 90 and 95 were in force in it, 70 was not. So the reference is 90 EUR.
    """
    amounts = [7_000] * 4 + [10_000] * 6 + [9_000] * 5 + [9_500] * 20 + [8_000] * 5
    assert len(amounts) == 40
    async with feeding(invoke, tmp_path, clock_start=night(40)) as feeds:
        await furnish(feeds)
        changed_nights = []
        for number, amount in enumerate(amounts):
            lines = (HEADER, f"p0001,{amount},EUR,", "p0002,500,EUR,")
            told = await feeds.sync("prices", lines, "--as-of", night(number))
            if told["counts"]["unchanged"] < 2:
                changed_nights.append(number)
        assert changed_nights == [0, 4, 10, 15, 35]
        assert held(feeds, "p0001") == [(0, 7_000), (4, 10_000), (10, 9_000), (15, 9_500), (35, 8_000)]
        assert held(feeds, "p0002") == [(0, 500)]

        walk = tmp_path / "walk.csv"
        morning = f"{night(40)[:10]}T09"  # not at night: then she is left in peace
        fixes = "".join(f"7,{morning}:0{minute}:00Z,47.005,8.00{minute},12\n" for minute in range(1, 6))
        walk.write_text("user_id,tracked_at,latitude,longitude,accuracy\n" + fixes)
        options = ("--server", feeds.service.data_address, *feeds.access[2:], "--json", "--events", walk)
        result = await asyncio.to_thread(invoke, "replay", *options)
        offers = json.loads(result.stdout)["offer_list"]
        assert [(offer["price_minor"], offer["previous_price_minor"]) for offer in offers] == [(8_000, 9_000)]


async def test_a_store_that_keeps_its_price_gets_a_step_of_its_own(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await furnish(feeds)
        same = (HEADER, "p0001,9000,EUR,", "p0001,9000,EUR,s1", "p0001,9500,EUR,s2")
        told = await feeds.sync("prices", same, "--as-of", night(0))
        # nothing was in force: the chain's price is new, s1 has no need of its own, s2 is dearer
        assert told["changes"]["created"] == [{"id": "p0001", "note": "9000 EUR"}]
        assert told["changes"]["changed"] == [{"id": "p0001 at s2", "note": "9000 -> 9500 EUR"}]
        cut = (HEADER, "p0001,8000,EUR,", "p0001,9000,EUR,s1", "p0001,9500,EUR,s2")
        dry = await feeds.sync("prices", cut, "--as-of", night(1), "--dry-run")
        assert held(feeds, "p0001") == [(0, 9_000)]
        told = await feeds.sync("prices", cut, "--as-of", night(1))
        assert dry["changes"] == told["changes"]
        assert named(told, "changed") == ["p0001", "p0001 at s1"]
        assert (held(feeds, "p0001"), held(feeds, "p0001", "s1")) == ([(0, 9_000), (1, 8_000)], [(1, 9_000)])
        again = await feeds.sync("prices", cut, "--as-of", night(1))
        assert again["counts"] == {
            "held": 3, "created": 0, "changed": 0, "missing": 0, "kept": 0, "unchanged": 3, "refused": 0
        }  # fmt: skip


async def test_a_missing_price_is_told_and_kept(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await furnish(feeds)
        whole = (HEADER, *(f"p000{number},9000,EUR,{store}" for number in (1, 2, 3) for store in ("", "s1")))
        await feeds.sync("prices", whole, "--as-of", night(0))
        told = await feeds.sync("prices", (HEADER, "p0001,9000,EUR,"), "--as-of", night(1))
        note = f"9000 EUR since {night(0)}"
        assert told["changes"]["missing"] == [{"id": "p0002", "note": note}, {"id": "p0003", "note": note}]
        assert held(feeds, "p0002") == [(0, 9_000)]


async def test_rows_that_cannot_hold_stop_a_price_feed(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await furnish(feeds)
        await feeds.sync("prices", (HEADER, "p0001,9000,EUR,", "p0002,500,EUR,"), "--as-of", night(0))
        feed = (
            HEADER,
            "p0001,8000,EUR,",
            "p0002,500,CHF,",  # in euros so far
            "p0003,100,CHF,",
            "p0003,100,EUR,s1",  # in francs one line above
            "p0004,100,EUR,",
            "p0001,100,EUR,s9",
            "p0001,7000,EUR,",
            "p0003,0,EUR,s2",
        )
        generation = feeds.engine.saved_generation
        stopped = await feeds.sync("prices", feed, "--as-of", night(1), code=2)
        assert feeds.engine.saved_generation == generation
        assert [(row["place"], row["reason"]) for row in stopped["rows"]] == [
            ("line 3", "currency: the product's other prices are in EUR"),
            ("line 5", "currency: the product's other prices are in CHF"),
            ("line 6", "product_id: names a product that does not exist"),
            ("line 7", "store_id: names a store that does not exist"),
            ("line 8", f"the same product and store as line 2 of {tmp_path / 'prices.csv'}"),
            ("line 9", "amount_minor: outside 1..1000000000000000"),
        ]
        done = await feeds.sync("prices", feed, "--as-of", night(1), "--keep-refused", code=1)
        assert (named(done, "changed"), named(done, "created"), named(done, "kept")) == (
            [],
            ["p0003"],
            ["p0001", "p0002"],
        )
        assert held(feeds, "p0001") == [(0, 9_000)]
