"""What a server holds as files: exported, imported and exported again, it is the same bytes."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from feeds import Feeds, feeding
from typer.testing import Result

from geooffer.cli.whole_file import write_whole
from geooffer.client import GeoofferClient
from geooffer.client.listing import list_geofences, list_stores
from geooffer.errors import ConfigurationError
from geooffer.model.catalog import Geofence, Store

Invoke = Callable[..., Result]

STORES = (
    "store_id,latitude,longitude,time_zone,name,opening_hours,country,region,tags,is_online",
    's1,52.5200066,13.4049540,Europe/Berlin,"Mitte, ""Süd""",Mo-Sa 08:00-20:00; PH off,DE,DE-BE,city|flagship,',
    "s2,-0.0000001,-180,Europe/Zurich,,,,,,yes",
)
FENCES = (
    "geofence_id,latitude,longitude,radius_m,wkt,store_id,name,dwell_s,valid_from_time,enter_fix_count,outside_margin_m",
    "c1,52.5200067,13.404954,30.5,,s1,Circle,90.125,2026-03-03T10:00:00.001Z,3,12.34",
    "c2,90,180,100000,,,,,,,",
    'p1,,,,"POLYGON ((8 47, 8.0000001 47, 8.01 47.01, 8 47.01, 8 47), (8.001 47.005, 8.002 47.005, 8.002 47.006, '
    '8.001 47.005))",s2,=1+1,,,,',
    'p2,,,,"MULTIPOLYGON (((179 1, -179 1, -179 2, 180 2, 179 1)), ((179 -9, 180 -9, 180 -8, 179 -9)))",,,0.001,,,',
)


async def exported(feeds: Feeds, invoke: Invoke, *arguments: str | Path, code: int = 0) -> Result:
    result = await asyncio.to_thread(invoke, "export", *arguments, *feeds.access)
    assert result.exit_code == code, result.output
    return result


async def held(feeds: Feeds) -> tuple[list[Geofence], list[Store]]:
    token = feeds.access[-1]
    async with GeoofferClient(control_target=feeds.service.control_address, token=token) as client:
        return await list_geofences(client.control), await list_stores(client.control)


@pytest.mark.parametrize("form", ["geojson", "csv"])
async def test_g6_exported_imported_and_exported_again_it_is_the_same_bytes(
    invoke: Invoke, tmp_path: Path, form: str
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    async with feeding(invoke, first) as feeds:
        await feeds.load("stores", STORES)
        await feeds.load("fences", FENCES)
        before = await held(feeds)
        for kind in ("stores", "fences"):
            result = await exported(feeds, invoke, kind, "--out", first / f"{kind}.{form}.gz")
            assert result.stdout == ""
            assert f"exported {2 if kind == 'stores' else 4} {kind} to" in result.stderr
        assert "1 fences cross the antimeridian" in result.stderr
        shown = await exported(feeds, invoke, "fences", "--format", form)
        assert shown.stdout == gzip.decompress((first / f"fences.{form}.gz").read_bytes()).decode()
    async with feeding(invoke, second) as feeds:
        for kind in ("stores", "fences"):
            assert (await feeds.run(kind, first / f"{kind}.{form}.gz")).exit_code == 0
        assert await held(feeds) == before
        for kind in ("stores", "fences"):
            await exported(feeds, invoke, kind, "--out", second / f"{kind}.{form}.gz")
            assert (second / f"{kind}.{form}.gz").read_bytes() == (first / f"{kind}.{form}.gz").read_bytes()
        same = await feeds.run("fences", second / f"fences.{form}.gz", "--sync", "--json", "--dry-run")
        assert {kind: len(rows) for kind, rows in json.loads(same.stdout)["changes"].items() if rows} in (
            {},
            {"unchanged": 4},
        )


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "fences.csv"
    out.write_text("what was there\n")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigurationError, match=r"fences.csv: no space left on device"):
        write_whole(out, b"new")
    assert out.read_text() == "what was there\n"
    assert list(tmp_path.iterdir()) == [out]
    monkeypatch.undo()
    write_whole(out, b"new")
    assert out.read_text() == "new"
    assert list(tmp_path.iterdir()) == [out]


async def test_what_cannot_be_written_is_one_error(invoke: Invoke, tmp_path: Path) -> None:
    async with feeding(invoke, tmp_path) as feeds:
        empty = await exported(feeds, invoke, "fences")
        assert json.loads(empty.stdout) == {"type": "FeatureCollection", "features": []}
        wrong = await exported(feeds, invoke, "fences", "--out", "a.csv", "--format", "geojson", code=2)
        assert "--format geojson is not what a.csv is called" in wrong.stderr
        odd = await exported(feeds, invoke, "fences", "--format", "kml", code=2)
        assert "--format is geojson or csv" in odd.stderr
        missing = await exported(feeds, invoke, "stores", "--out", tmp_path / "none" / "a.csv", code=2)
        assert "no such file or directory" in missing.stderr


def test_without_a_server_nothing_is_written(invoke: Invoke, tmp_path: Path, free_address: str) -> None:
    out = tmp_path / "fences.geojson"
    result = invoke("export", "fences", "--out", out, "--server", free_address, "--token", "x.y.z")
    assert result.exit_code == 2
    assert not out.exists()
    assert result.stdout == ""
