"""`geooffer import`: dry runs, a real server, and everything a user may get wrong."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.importers.tables import TABLES

Invoke = Callable[..., Result]

SQUARE = [[8.0, 47.0], [8.01, 47.0], [8.01, 47.01], [8.0, 47.01], [8.0, 47.0]]
BOW_TIE = [[8.0, 47.0], [8.01, 47.01], [8.01, 47.0], [8.0, 47.01], [8.0, 47.0]]

CATALOG = {
    "stores": "store_id,latitude,longitude,time_zone,opening_hours\ns1,47.005,8.005,Europe/Zurich,24/7\n",
    "categories": "category_id,name_en\nshoes,Running shoes\n",
    "products": "product_id,category_id,title_en,sizes\np1,shoes,Swift,EU 42|EU 43\n",
    "prices": "product_id,amount_minor,currency,valid_from_time\n"
    "p1,9990,EUR,2026-01-01T00:00:00Z\np1,7990,EUR,2026-03-01T00:00:00Z\n",
    "offers": "offer_id,product_id,valid_from_time,valid_until_time\no1,p1,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z\n",
    "stock": "store_id,product_id,size,available_count,as_of_time\ns1,p1,EU 43,5,2026-03-03T00:00:00Z\n",
    "customers": "customer_id,device_keys\nanna,7\n",
    "consents": "customer_id,purposes,granted,event_time,notice_version\n"
    "anna,precise_location_for_offers|search_intent_use|personalised_offers,yes,2026-03-01T00:00:00Z,v1\n",
    "touchpoints": "customer_id,kind,event_time,category_id,size\nanna,search,2026-03-02T00:00:00Z,shoes,EU 43\n",
}


def fence_file(tmp_path: Path) -> Path:
    features = [
        {"type": "Feature", "properties": {"name": name, "store_id": "s1"},
         "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for name, ring in (("Good", SQUARE), ("Bow Tie", BOW_TIE))
    ]  # fmt: skip
    path = tmp_path / "fences.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def counts(result: Result) -> dict[str, Any]:
    told = json.loads(result.stdout)
    return {name: told[name] for name in ("accepted", "refused", "repaired")}


# -- without a server ----------------------------------------------------------------------------------------


def test_a_dry_run_names_refused_features_and_ends_with_1(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("import", "fences", "--dry-run", fence_file(tmp_path))
    assert result.exit_code == 1
    refused, summary = result.stdout.splitlines()
    assert refused.startswith("refused   feature 2 (Bow Tie): self-crossing")
    assert summary == "accepted 1  refused 1  repaired 0"
    assert "nothing sent" in result.stderr


def test_a_dry_run_with_repair_says_what_changed(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("import", "fences", "--dry-run", "--repair", "--json", fence_file(tmp_path))
    assert result.exit_code == 0
    assert counts(result) == {"accepted": 2, "refused": 0, "repaired": 1}
    row = json.loads(result.stdout)["rows"][0]
    assert (row["status"], row["place"]) == ("repaired", "feature 2 (Bow Tie)")
    assert "mended" in row["reason"]


def test_the_same_file_twice_is_noticed(invoke: Invoke, tmp_path: Path) -> None:
    path = fence_file(tmp_path)
    result = invoke("import", "fences", "--dry-run", "--repair", path, path)
    assert result.stdout.splitlines()[-1] == "accepted 2  refused 2  repaired 1"
    assert f"refused   {path} feature 1 (Good): the same id Good as feature 1 (Good) of {path}" in result.stdout


@pytest.mark.parametrize("kind", sorted(CATALOG))
def test_csv_files_are_checked_without_a_server(invoke: Invoke, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"{kind}.csv"
    path.write_text(CATALOG[kind])
    result = invoke("import", kind, "--dry-run", "--json", path)
    assert result.exit_code == 0
    assert counts(result) == {"accepted": CATALOG[kind].count("\n") - 1, "refused": 0, "repaired": 0}


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_help_names_every_column(invoke: Invoke, kind: str) -> None:
    told = re.split(r"[^a-z0-9_]+", invoke("import", kind, "--help").stdout.rpartition("olumns:")[2])
    assert set(TABLES[kind].required) | set(TABLES[kind].optional) <= set(told)


@pytest.mark.parametrize("kind", ["fences", *sorted(CATALOG)])
def test_nonsense_is_one_clear_error(invoke: Invoke, tmp_path: Path, kind: str) -> None:
    def reason(path: Path) -> str:
        result = invoke("import", kind, "--dry-run", path)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1
        assert str(path) in result.stderr
        return result.stderr

    assert "is a directory" in reason(tmp_path)
    assert "no such file" in reason(tmp_path / "none.csv")
    for name, content, expected in (
        ("empty.csv", b"", "the file is empty"),
        ("binary.csv", bytes(range(256)), "not UTF-8 text"),
        ("other.csv", b"colour\nred\n", "missing column"),
        ("broken.geojson", b"{", "not JSON" if kind in ("fences", "stores") else "CSV files, not GeoJSON"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        assert expected in reason(path)


def test_the_real_quarters_of_zurich(invoke: Invoke, shared_data: Path) -> None:
    """Its synthetic twins are the two dry runs above."""
    path = shared_data / "areas" / "zurich-city.geojson"
    strict = invoke("import", "fences", "--dry-run", path)
    assert strict.exit_code == 1
    assert strict.stdout.splitlines()[-1] == "accepted 27  refused 7  repaired 0"
    for name in ("Unterstrass", "Oerlikon", "Weinegg", "Mühlebach", "Hard", "Friesenberg", "Altstetten"):
        assert f"({name}): self-crossing" in strict.stdout
    mended = invoke("import", "fences", "--dry-run", "--repair", path)
    assert mended.exit_code == 0
    assert mended.stdout.splitlines()[-1] == "accepted 34  refused 0  repaired 7"


# -- with a server -------------------------------------------------------------------------------------------


async def test_a_whole_catalog_goes_into_a_running_server(invoke: Invoke, tmp_path: Path) -> None:
    settings = loopback_settings(state_dir=tmp_path / "state", clock_start="2026-03-03T10:00:00Z")
    async with running_service(settings) as service:
        access = ("--server", service.control_address, "--token", service.issue_token("operator"))

        async def load(kind: str, path: Path, *options: str) -> Result:
            return await asyncio.to_thread(invoke, "import", kind, *options, *access, "--json", path)

        for kind in ("stores", "categories", "products", "prices", "offers", "stock", "customers", "consents"):
            path = tmp_path / f"{kind}.csv"
            path.write_text(CATALOG[kind])
            result = await load(kind, path)
            assert (kind, result.exit_code, counts(result)["refused"]) == (kind, 0, 0)
        touchpoints = tmp_path / "touchpoints.csv"
        touchpoints.write_text(CATALOG["touchpoints"] + "bob,search,2026-03-02T00:00:00Z,shoes,\n")
        result = await load("touchpoints", touchpoints)
        assert result.exit_code == 1
        row = json.loads(result.stdout)["rows"][0]
        assert (row["place"], "[NOT_FOUND]" in row["reason"], "bob" in row["reason"]) == ("line 3", True, False)

        result = await load("fences", fence_file(tmp_path), "--repair")
        assert counts(result) == {"accepted": 2, "refused": 0, "repaired": 1}
        assert sorted(service.engine.registry.geofences) == ["Bow-Tie", "Good"]
        assert service.engine.live_generation == service.engine.saved_generation
        assert service.engine.customer("anna").device_keys == (7,)
        assert [figure.available_count for figure in service.engine.stock_of("s1")] == [5]

        # what was imported is enough: a walk through the fence fires exactly one offer
        walk = tmp_path / "walk.csv"
        fixes = "".join(f"7,2026-03-03T10:0{minute}:00Z,47.005,8.00{minute},12\n" for minute in range(1, 6))
        walk.write_text("user_id,tracked_at,latitude,longitude,accuracy\n" + fixes)
        options = ("--server", service.data_address, *access[2:], "--json", "--events", walk)
        replayed = await asyncio.to_thread(invoke, "replay", *options)
        told = json.loads(replayed.stdout)
        assert (told["pings"], told["offers"]) == (5, 1)
        offer = told["offer_list"][0]
        assert (offer["offer_id"], offer["store_id"], offer["title"]) == ("o1", "s1", "Swift")
        assert "Running shoes" in offer["reason"]


async def test_rows_the_server_refuses_are_named_and_change_nothing(invoke: Invoke, tmp_path: Path) -> None:
    async with running_service(loopback_settings(state_dir=tmp_path / "state")) as service:
        access = ("--server", service.control_address, "--token", service.issue_token("operator"))
        path = fence_file(tmp_path)
        result = await asyncio.to_thread(invoke, "import", "fences", *access, path)
        assert result.exit_code == 1
        assert result.stdout.splitlines()[-1] == "accepted 0  refused 2  repaired 0"
        assert "refused   feature 1 (Good): " in result.stdout
        assert "[NOT_FOUND]" in result.stdout
        assert "refused   feature 2 (Bow Tie): self-crossing" in result.stdout
        assert service.engine.saved_generation == 0


async def test_no_token_wrong_token_wrong_role(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "stores.csv"
    path.write_text(CATALOG["stores"])
    async with running_service(loopback_settings(state_dir=tmp_path / "state")) as service:

        async def refusal(*options: str) -> str:
            arguments = ("import", "stores", "--server", service.control_address, *options, path)
            result = await asyncio.to_thread(invoke, *arguments)
            assert result.exit_code == 2
            assert result.stdout == ""
            return result.stderr.splitlines()[-1]

        assert "no token: give" in await refusal()
        assert "[UNAUTHENTICATED]" in await refusal("--token", "nonsense")
        assert "holds no token" in await refusal("--token", "two words")
        assert "[UNAUTHENTICATED]" in await refusal("--token", service.issue_token("operator")[:-4] + "AAAA")
        assert "[PERMISSION_DENIED]" in await refusal("--token", service.issue_token("gateway"))
        assert service.engine.saved_generation == 0


def test_no_server_is_told_with_its_address(invoke: Invoke, tmp_path: Path, free_address: str) -> None:
    path = tmp_path / "stores.csv"
    path.write_text(CATALOG["stores"])
    result = invoke("import", "stores", "--server", free_address, "--token", "x", path)
    assert result.exit_code == 2
    assert f"no server answers at {free_address}" in result.stderr
