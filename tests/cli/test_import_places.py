"""`geooffer import places`: map data into a running server in one go, with the counts of its report."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from geooffer.cli.assembly import loopback_settings, running_service
from map_twin import write_twin

Invoke = Callable[..., Result]
BERLIN = ("--time-zone", "Europe/Berlin", "--region", "DE-BE")


def test_a_dry_run_reports_counts_and_names_unreadable_hours(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("import", "places", "--dry-run", *BERLIN, write_twin(tmp_path))
    assert result.exit_code == 0
    *noted, summary = result.stdout.splitlines()
    assert [line.partition(": ")[0] for line in noted] == [
        "noted     feature 3 (Comma)",
        "noted     feature 6 (Dash)",
    ]
    assert summary == "accepted 6  refused 0  polygons 2  circles 4  with_opening_hours 5  unreadable_hours 2"
    assert "nothing sent" in result.stderr


def test_without_a_zone_every_feature_is_refused(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("import", "places", "--dry-run", "--json", write_twin(tmp_path))
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["accepted"], told["refused"]) == (0, 6)
    assert {row["reason"] for row in told["rows"]} == {"time_zone: is missing"}


async def test_stores_and_fences_arrive_together(invoke: Invoke, tmp_path: Path) -> None:
    settings = loopback_settings(state_dir=tmp_path / "state", clock_start="2026-03-03T10:00:00Z")
    async with running_service(settings) as service:
        access = ("--server", service.control_address, "--token", service.issue_token("operator"))
        result = await asyncio.to_thread(invoke, "import", "places", *BERLIN, *access, "--json", write_twin(tmp_path))
        assert result.exit_code == 0
        assert json.loads(result.stdout)["accepted"] == 6
        registry = service.engine.registry
        assert sorted(registry.stores) == sorted(registry.geofences)
        assert registry.stores["way/1"].opening_hours == "Mo-Sa 07:00-21:00; Su,PH off"
        assert registry.stores["way/1"].region == "DE-BE"
        assert registry.stores["node/6"].opening_hours == ""
        assert service.engine.live_generation == service.engine.saved_generation


async def test_a_fence_the_server_refuses_is_told(invoke: Invoke, tmp_path: Path) -> None:
    """65 shops on one spot are one more than the overlap bound."""
    features = [
        {"type": "Feature", "id": f"node/{number}", "properties": {"name": f"Shop {number}"},
         "geometry": {"type": "Point", "coordinates": [13.4, 52.5]}}
        for number in range(1, 66)
    ]  # fmt: skip
    path = tmp_path / "stack.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    async with running_service(loopback_settings(state_dir=tmp_path / "state")) as service:
        access = ("--server", service.control_address, "--token", service.issue_token("operator"))
        result = await asyncio.to_thread(invoke, "import", "places", *BERLIN, *access, path)
        assert result.exit_code == 1
        refused, summary = result.stdout.splitlines()
        assert refused.startswith("refused   feature 65 (Shop 65): the store is saved, its fence is not: ")
        assert summary.startswith("accepted 64  refused 1  ")
        assert len(service.engine.registry.stores) == 65


def test_the_real_supermarkets_of_berlin(invoke: Invoke, shared_data: Path) -> None:
    """Its synthetic twin is the first dry run above."""
    path = shared_data / "stores" / "berlin_supermarkets_polygons.geojson.gz"
    result = invoke("import", "places", "--dry-run", "--time-zone", "Europe/Berlin", path)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == (
        "accepted 1446  refused 0  polygons 545  circles 901  with_opening_hours 1342  unreadable_hours 2"
    )


@pytest.mark.parametrize("name", ["stores.csv", "none.geojson"])
def test_what_is_no_map_is_one_clear_error(invoke: Invoke, tmp_path: Path, name: str) -> None:
    (tmp_path / "stores.csv").write_text("store_id,latitude\ns1,52.5\n")
    result = invoke("import", "places", "--dry-run", *BERLIN, tmp_path / name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert name in result.stderr
