"""`geooffer privacy zones …` against a running server, and fences where a zone is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from feeds import Feeds, feeding
from typer.testing import Result

Invoke = Callable[..., Result]

STORES = ("store_id,latitude,longitude,time_zone", "s-1,47.4,8.5,Europe/Zurich")
FENCES = ("geofence_id,latitude,longitude,radius_m,store_id", "f-1,47.4,8.5,50,s-1", "f-2,47.41,8.5,50,s-1")
ZONES = ("zone_id,latitude,longitude,radius_m,category", "z-1,47.4,8.5007,20,clinic", "z-2,47.5,8.5,20,")


async def privacy(feeds: Feeds, invoke: Invoke, *arguments: str | Path, code: int = 0) -> Result:
    """`geooffer privacy …` with this server's address and token."""
    result = await asyncio.to_thread(invoke, "privacy", *arguments, *feeds.access)
    assert result.exit_code == code, result.output
    return result


async def test_zones_are_checked_imported_listed_and_deleted(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await feeds.load("stores", STORES)
        await feeds.load("fences", FENCES)
        assert (await privacy(feeds, invoke, "zones", "list")).stdout == "no exclusion zones\n"
        file = feeds.written("zones", ZONES)
        checked = await privacy(feeds, invoke, "zones", "check", file, code=1)
        assert checked.stdout.splitlines() == [
            f"refused   {file} line 3: category: is not one of clinic, worship, shelter, school, counselling, prison, "
            "union, childcare, political, authority, other",
            "accepted 1  refused 1  repaired 0",
            "would silence 1 fences, wholly or in part: f-1",
            "checked only: nothing was changed",
        ]
        assert feeds.engine.registry.exclusion_zones == {}
        told = await privacy(
            feeds, invoke, "zones", "import", file, "--category", "school", "--buffer-m", "5", "--json"
        )
        assert json.loads(told.stdout)["silenced_geofence_ids"] == ["f-1"]
        listed = (await privacy(feeds, invoke, "zones", "list")).stdout.splitlines()
        assert listed == [
            "z-1  clinic  buffer 5 m  circle of 20 m",
            "z-2  school  buffer 5 m  circle of 20 m",
        ]
        (first, _) = json.loads((await privacy(feeds, invoke, "zones", "list", "--json")).stdout)["zones"]
        assert first["place"] == {"latitude_e7": 474_000_000, "longitude_e7": 85_007_000}
        assert (await privacy(feeds, invoke, "zones", "delete", "z-2")).stdout == "deleted  z-2\n"
        gone = await privacy(feeds, invoke, "zones", "delete", "z-2", code=2)
        assert "NOT_FOUND" in gone.stderr


async def test_a_wrong_year_is_seen_at_the_import_and_in_the_list(invoke: Invoke, tmp_path: Path) -> None:
    rows = ("z-1,47.4,8.5,20,clinic,,2021-01-01T00:00:00Z", "z-2,47.4,8.5,20,clinic,2098-01-01T00:00:00Z,")
    async with feeding(invoke, tmp_path) as feeds:
        file = feeds.written("zones", (f"{ZONES[0]},valid_from_time,valid_until_time", *rows))
        told = (await privacy(feeds, invoke, "zones", "import", file)).stdout.splitlines()
        assert told[1:] == ["drops no ping now: z-1 (over: it drops nothing), z-2 (not yet in force)"]
        over, later = (await privacy(feeds, invoke, "zones", "list")).stdout.splitlines()
        assert over.endswith("from ever until 2021-01-01T00:00:00Z (over: it drops nothing)")
        assert later.endswith("from 2098-01-01T00:00:00Z until ever (not yet in force)")


async def test_fences_over_a_zone_are_refused_by_name_or_clipped(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        await feeds.load("stores", STORES)
        await privacy(feeds, invoke, "zones", "import", feeds.written("zones", ZONES[:2]))
        file = feeds.written("fences", FENCES)
        refused = await feeds.run("fences", file)
        assert refused.exit_code == 1
        assert refused.stdout.startswith(
            "refused   line 2: a store's fence may not touch an exclusion zone with its buffer: z-1 (clinic) "
            "[EXCLUSION_ZONE_OVERLAP]\naccepted 1  refused 1"
        )
        clipped = await feeds.run("fences", file, "--clip")
        assert clipped.exit_code == 0, clipped.output
        assert "repaired  line 2: clipped by exclusion zone z-1: 1 part of " in clipped.stdout
        assert sorted(feeds.engine.registry.geofences) == ["f-1", "f-2"]
        both = await feeds.run("fences", file, "--clip", "--sync")
        assert both.exit_code == 2
