"""`geooffer replay --report`: every fix, transition, try and offer in a file, without a position."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import Result

from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.client import GeoofferClient
from geooffer.model.catalog import Customer, Store
from geooffer.model.signals import ConsentEvent

Invoke = Callable[..., Result]

LONGITUDES = [7.990, 7.995, 8.004, 8.005, 8.006, 8.014, 8.018, 8.022]
COARSE_ROW = 7


def walk_file(folder: Path) -> Path:
    """A walk from the west through the fence `square` and out of it; the last fix is too coarse."""
    lines = ["user_id,tracked_at,latitude,longitude,accuracy"]
    for minute, longitude in enumerate(LONGITUDES):
        accuracy = 500 if minute == COARSE_ROW else 12
        lines.append(f"7,2026-03-03T10:{minute:02}:00Z,47.005,{longitude},{accuracy}")
    path = folder / "walk.csv"
    path.write_text("\n".join(lines))
    return path


def square_file(folder: Path, **properties: str) -> Path:
    """A fence of about 760 m by 1,110 m."""
    ring = [[8.0, 47.0], [8.01, 47.0], [8.01, 47.01], [8.0, 47.01], [8.0, 47.0]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    path = folder / "fences.geojson"
    path.write_text(json.dumps({"type": "Feature", "id": "square", "properties": properties, "geometry": geometry}))
    return path


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_fix_has_its_verdict_and_its_transitions(invoke: Invoke, tmp_path: Path) -> None:
    report = tmp_path / "events.jsonl"
    result = invoke("replay", walk_file(tmp_path), "--embedded", "--fences", square_file(tmp_path), "--report", report)
    assert result.exit_code == 0
    head, *lines = lines_of(report)
    assert head == {"type": "replay", "version": 1, "fixes": 8}
    pings = [line for line in lines if line["type"] == "ping"]
    assert [ping["fix"] for ping in pings] == list(range(8))
    assert [ping["verdict"] for ping in pings] == ["ACCEPTED"] * 7 + ["ACCURACY_TOO_COARSE"]
    assert {ping["device_key"] for ping in pings} == {7}
    assert pings[3]["fix_time"] == "2026-03-03T10:03:00Z"
    moves = [(line["kind"], line["fix"], line["event_time"]) for line in lines if line["type"] == "transition"]
    assert [kind for kind, _, _ in moves] == ["ENTER", "DWELL", "EXIT"]
    for _, fix, event_time in moves:
        assert pings[fix]["fix_time"] >= event_time
    fixes = [line["fix"] for line in lines]
    assert fixes == sorted(fixes)
    assert "47.0" not in report.read_text()
    assert "latitude" not in report.read_text()


async def test_a_try_of_a_store_is_told_with_its_verdict(invoke: Invoke, tmp_path: Path) -> None:
    report = tmp_path / "events.jsonl"
    async with running_service(loopback_settings(state_dir=tmp_path / "state")) as service:
        token = service.issue_token("operator")
        async with GeoofferClient(control_target=service.control_address, token=token) as client:
            await client.control.upsert_stores([Store("bhf", "Bahnhof", 470_050_000, 80_050_000, "Europe/Zurich")])
            await client.control.upsert_customers([Customer("anna", (7,))])
            await client.control.record_consents([ConsentEvent("anna", 1, True, 1_772_000_000_000, "v1")])
        await asyncio.to_thread(
            invoke, "replay", walk_file(tmp_path), "--server", service.data_address,
            "--control-server", service.control_address, "--token", token,
            "--fences", square_file(tmp_path, store_id="bhf"), "--report", report,
        )  # fmt: skip
    tries = [line for line in lines_of(report) if line["type"] == "try"]
    assert len(tries) == 1
    assert tries[0]["store_id"] == "bhf"
    assert tries[0]["geofence_id"] == "square"
    enter = next(line for line in lines_of(report) if line["type"] == "transition" and line["kind"] == "ENTER")
    assert tries[0]["fix"] == enter["fix"]


def test_a_file_that_cannot_be_written_is_one_clear_error(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("replay", walk_file(tmp_path), "--embedded", "--report", tmp_path / "none" / "events.jsonl")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].endswith("No such file or directory")
