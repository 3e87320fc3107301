"""`geooffer map`: of files, of a running server, with a walk and what a replay said of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.client import GeoofferClient
from geooffer.client.closures import StoreSelection, switch_stores
from geooffer.client.zones import upsert_zones
from geooffer.engine.shapes import circle
from geooffer.model.catalog import Category, Geofence, Offer, Product, Store
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.kinds import SwitchKind
from map_pages import data_of, numbers_of

Invoke = Callable[..., Result]

STORES = """store_id,name,latitude,longitude,time_zone,opening_hours
bhf,Bahnhof <b>,47.005,8.005,Europe/Zurich,Mo-Sa 09:00-20:00
off,Off,47.105,8.005,Europe/Zurich,
"""
FENCES = """geofence_id,latitude,longitude,radius_m,store_id,name,dwell_s
square,47.005,8.005,300,bhf,,
off-door,47.107,8.005,80,off,Door,120
"""
LONGITUDES = [7.990, 7.995, 8.004, 8.005, 8.006, 8.014, 8.018, 8.022]
DEVICE = "4711471147"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with stores, fences, and a walk through one of them."""
    (tmp_path / "stores.csv").write_text(STORES)
    (tmp_path / "fences.csv").write_text(FENCES)
    walk = ["user_id,tracked_at,latitude,longitude,accuracy"]
    walk += [
        f"{DEVICE},2026-03-03T10:{minute:02}:00Z,47.005,{longitude},12" for minute, longitude in enumerate(LONGITUDES)
    ]
    (tmp_path / "walk.csv").write_text("\n".join(walk))
    return tmp_path


def page_of(folder: Path) -> Any:
    """The data of the page written there."""
    return data_of((folder / "map.html").read_text(encoding="utf-8"))


def test_a_map_of_files(invoke: Invoke, files: Path) -> None:
    result = invoke(
        "map", "--fences", files / "fences.csv", "--stores", files / "stores.csv", "--output", files / "map.html",
        "--time", "2026-03-03T10:00:00Z", "--json",
    )  # fmt: skip
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told == {
        "page": str(files / "map.html"), "size_bytes": (files / "map.html").stat().st_size,
        "fences": 2, "stores": 2, "offers": 0, "fixes": 0, "events": 0, "suspicions": {"STORE_OUTSIDE": 1},
    }  # fmt: skip
    data = page_of(files)
    assert data["fences"]["ids"] == ["square", "off-door"]
    assert data["stores"]["names"]["0"] == "Bahnhof <b>"
    assert data["source"] == "fences.csv, stores.csv"
    assert data["tracks"] == []


def test_plain_output_names_the_page_and_its_size(invoke: Invoke, files: Path) -> None:
    result = invoke("map", "--fences", files / "fences.csv", "--output", files / "map.html")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith(f"{files / 'map.html'}: 2 fences, 0 stores, 0.1 MB")


def test_a_walk_with_what_a_replay_said_of_it(invoke: Invoke, files: Path) -> None:
    bare = files / "bare.csv"
    bare.write_text(FENCES.replace(",bhf,", ",,").replace(",off,", ",,"))
    replayed = invoke("replay", files / "walk.csv", "--embedded", "--fences", bare, "--report", files / "events.jsonl")
    assert replayed.exit_code == 0
    result = invoke(
        "map", "--fences", bare, "--trace", files / "walk.csv", "--events", files / "events.jsonl",
        "--output", files / "map.html",
    )  # fmt: skip
    assert result.exit_code == 0
    data = page_of(files)
    (track,) = data["tracks"]
    assert track["label"] == "device 1"
    assert [event["kind"] for event in track["events"]] == ["ENTER", "DWELL", "EXIT"]
    assert len(numbers_of(track["points"])) == 2 * len(LONGITUDES)
    assert numbers_of(track["verdicts"]) == [10] * len(LONGITUDES)
    # the page is about the walk's own time, and names no device
    assert data["time_ms"] == 1_772_532_000_000
    assert DEVICE not in (files / "map.html").read_text(encoding="utf-8")


async def test_a_map_of_a_running_server(invoke: Invoke, tmp_path: Path) -> None:
    async with running_service(loopback_settings(state_dir=tmp_path / "state")) as service:
        token = service.issue_token("operator")
        async with GeoofferClient(control_target=service.control_address, token=token) as client:
            control = client.control
            stores = [
                Store(f"s-{n:04}", "", 470_000_000 + 10_000 * n, 80_000_000, "Europe/Zurich") for n in range(1_100)
            ]
            await control.upsert_stores(stores)
            fences = [
                Geofence(f"f-{n:04}", circle(store.latitude_e7, store.longitude_e7, 3_000), store.store_id)
                for n, store in enumerate(stores)
            ]
            assert (await control.upsert_geofences(fences)).refused == []
            closed = StoreSelection(store_ids=("s-0002",))
            await switch_stores(control, SwitchKind.CLOSED, closed, from_ms=1_772_100_000_000, reason="water damage")
            await control.upsert_categories([Category("shoes")])
            await control.upsert_products([Product("runner", "shoes", (("en", "Runner"),))])
            await control.upsert_offers([Offer("spring", "runner", 1_772_000_000_000, 1_773_000_000_000, ("s-0001",))])

        async def draw(token: str) -> Result:
            arguments = ("--control-server", service.control_address, "--token", token)
            return await asyncio.to_thread(invoke, "map", *arguments, "--output", tmp_path / "map.html")

        for role in ("operator", "marketing"):
            result = await draw(service.issue_token(role))
            assert result.exit_code == 0, result.stderr
        data = page_of(tmp_path)
        assert data["fences"]["ids"] == [fence.geofence_id for fence in fences]
        assert data["fences"]["stores"] == list(range(1_100))
        assert data["offers"]["by_store"] == {"1": [0]}
        assert data["source"].startswith(f"{service.control_address}, catalog generation ")
        assert data["suspicions"] == []
        assert [closure["text"] for closure in data["closures"]["2"]] == ["closed: water damage"]
        (tmp_path / "map.html").unlink()
        refused = await draw(service.issue_token("device", device_key=7))
        assert refused.exit_code == 2
        assert "[PERMISSION_DENIED]" in refused.stderr
        assert not (tmp_path / "map.html").exists()


async def test_zones_are_drawn_for_who_may_see_them(invoke: Invoke, tmp_path: Path) -> None:
    """Marketing, which may draw the catalog, may not; a zone is no fence of the list of what looks wrong."""
    zone = ExclusionZone("x", ZoneCategory.CLINIC, circle(470_000_000, 80_000_000, 3_000), 5_000, "Klinik")
    async with running_service(loopback_settings(state_dir=tmp_path / "state")) as service:
        async with GeoofferClient(control_target=service.control_address, token=service.issue_token("operator")) as own:
            await own.control.upsert_geofences([Geofence("x", circle(471_000_000, 80_000_000, 3_000))])
            assert (await upsert_zones(own.control, [zone])).refused == []

        async def draw(role: str) -> Result:
            arguments = ("--control-server", service.control_address, "--token", service.issue_token(role))
            return await asyncio.to_thread(invoke, "map", *arguments, "--zones", "--output", tmp_path / "map.html")

        assert "[PERMISSION_DENIED]" in (await draw("marketing")).stderr
        result = await draw("operator")
        assert result.exit_code == 0, result.stderr
    data = page_of(tmp_path)
    assert data["fences"]["ids"] == ["x", "zone x"]
    assert [data["kinds"][kind]["label"].split(":")[0] for kind in data["fences"]["kinds"]] == [
        "fence without a store",
        "exclusion zone with its buffer",
    ]
    assert "Klinik (clinic, buffer 50 m)" in (tmp_path / "map.html").read_text(encoding="utf-8")


def test_refused_lines_are_named_and_end_with_1(invoke: Invoke, files: Path) -> None:
    (files / "fences.csv").write_text(FENCES + "bad,91,8,80,,,\n")
    result = invoke("map", "--fences", files / "fences.csv", "--output", files / "map.html")
    assert result.exit_code == 1
    assert "line 4: latitude" in result.stderr
    assert page_of(files)["fences"]["count"] == 2


def test_nonsense_is_one_clear_error(invoke: Invoke, files: Path, free_address: str) -> None:
    def reason(*arguments: str | Path) -> str:
        result = invoke("map", "--output", files / "map.html", *arguments)
        assert result.exit_code == 2
        assert not (files / "map.html").exists()
        return result.stderr.splitlines()[-1]

    fences, walk = files / "fences.csv", files / "walk.csv"
    assert "--stores and --offers are drawn with --fences or --places" in reason("--stores", files / "stores.csv")
    assert "give it with --trace" in reason("--fences", fences, "--events", walk)
    assert "not JSON" in reason("--fences", fences, "--trace", walk, "--events", walk)
    assert "no such file" in reason("--fences", files / "none.csv")
    assert "no token: give" in reason()
    assert f"no server answers at {free_address}" in reason("--control-server", free_address, "--token", "x")
    assert "a time needs a zone" in reason("--fences", fences, "--time", "2026-03-03T10:00:00")


def test_places_are_stores_in_their_fences(invoke: Invoke, tmp_path: Path) -> None:
    """Map data, which is stores and fences at once; a --stores file of the same id goes before it."""
    ring = [[8.0, 47.0], [8.001, 47.0], [8.001, 47.001], [8.0, 47.001], [8.0, 47.0]]
    features = [
        {"type": "Feature", "id": "shop", "properties": {"name": "Shop", "opening_hours": "Mo-Sa 09:00-20:00"},
         "geometry": {"type": "Polygon", "coordinates": [ring]}},
        {"type": "Feature", "id": "kiosk", "properties": {},
         "geometry": {"type": "Point", "coordinates": [8.01, 47.0]}},
    ]  # fmt: skip
    path = tmp_path / "places.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    stores = tmp_path / "stores.csv"
    stores.write_text("store_id,name,latitude,longitude,time_zone\nkiosk,Kiosk,47.0,8.01,Europe/Zurich\n")
    result = invoke(
        "map", "--places", path, "--stores", stores, "--time-zone", "Europe/Zurich", "--output", tmp_path / "map.html"
    )
    assert result.exit_code == 0, result.stderr
    data = page_of(tmp_path)
    assert (data["fences"]["ids"], data["stores"]["ids"]) == (["shop", "kiosk"], ["shop", "kiosk"])
    assert data["stores"]["names"] == {"0": "Shop", "1": "Kiosk"}
    assert data["stores"]["hour_texts"] == ["Mo-Sa 09:00-20:00", ""]
    assert data["suspicions"] == []


def test_real_supermarkets(invoke: Invoke, shared_data: Path, tmp_path: Path) -> None:
    """1,446 supermarkets of Berlin, 545 of them polygons; two of their opening hours cannot be read and are named. The
    synthetic twin is the test before."""
    path = shared_data / "stores" / "berlin_supermarkets_polygons.geojson.gz"
    options = ("--time-zone", "Europe/Berlin", "--country", "DE", "--time", "2026-03-03T10:00:00Z", "--json")
    result = invoke("map", "--places", path, "--output", tmp_path / "map.html", *options)
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["fences"], told["stores"]) == (1_446, 1_446)
    assert told["suspicions"]["AREA_TINY"] >= 1
    assert told["size_bytes"] < 400_000
    assert result.stderr.count("hours unknown") == 2
