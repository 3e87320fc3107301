"""`geooffer replay`: embedded and against a running server, synthetic and real."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.client import GeoofferClient
from geooffer.model.catalog import Customer
from geooffer.model.signals import ConsentEvent

Invoke = Callable[..., Result]

# a square of about 760 m by 1,110 m; the walk comes from the west, stays, leaves eastwards; newest fix first
SQUARE = [[8.0, 47.0], [8.01, 47.0], [8.01, 47.01], [8.0, 47.01], [8.0, 47.0]]
LONGITUDES = [7.990, 7.995, 8.004, 8.005, 8.006, 8.014, 8.018, 8.022]
COARSE_ROW = 7


def trace_file(tmp_path: Path, *more: str, device: str = "7") -> Path:
    lines = [
        f"{device};2026-03-03T10:{minute:02}:00Z;47.005;{longitude};{500 if minute == COARSE_ROW else 12}"
        for minute, longitude in enumerate(LONGITUDES)
    ]
    path = tmp_path / "walk.csv"
    path.write_text("\n".join(["user_id;tracked_at;latitude;longitude;accuracy", *reversed(lines), *more, ""]))
    return path


def fence_file(tmp_path: Path) -> Path:
    geometry = {"type": "Polygon", "coordinates": [SQUARE]}
    feature = {"type": "Feature", "id": "square", "properties": {}, "geometry": geometry}
    path = tmp_path / "fences.geojson"
    path.write_text(json.dumps(feature))
    return path


EXPECTED = {
    "pings": 8,
    "verdicts": {"ACCURACY_TOO_COARSE": 1, "ACCEPTED": 7},
    "transitions": {"EXIT": 1, "ENTER": 1, "DWELL": 1},
    "tries": {},
    "offers": 0,
    "refused": 0,
}


@pytest.mark.parametrize("index", ["rtree", "packed", "cells"])
def test_an_embedded_replay_counts_what_became_of_each_ping(invoke: Invoke, tmp_path: Path, index: str) -> None:
    options = ("--fences", fence_file(tmp_path), "--embedded", "--index", index, "--json", "--events")
    result = invoke("replay", trace_file(tmp_path), *options)
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    events = [(event["kind"], event["geofence_id"], event["event_time"]) for event in told.pop("events")]
    assert events == [
        ("ENTER", "square", "2026-03-03T10:02:00Z"),
        ("DWELL", "square", "2026-03-03T10:03:00Z"),
        ("EXIT", "square", "2026-03-03T10:05:00Z"),
    ]
    assert told.pop("offer_list") == told.pop("try_list") == []
    assert told == EXPECTED
    assert "8 fixes sorted by (fix time, device)" in result.stderr
    assert "registered the trace's devices (1) with location consent, and nothing else" in result.stderr


def test_plain_output(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("replay", trace_file(tmp_path), "--embedded", "--fences", fence_file(tmp_path))
    assert result.stdout.splitlines() == [
        "pings        8",
        "verdicts     ACCURACY_TOO_COARSE 1  ACCEPTED 7",
        "transitions  EXIT 1  ENTER 1  DWELL 1",
        "offers       0",
    ]


def test_refused_lines_are_named_and_end_with_1(invoke: Invoke, tmp_path: Path) -> None:
    trace = trace_file(tmp_path, "7;2026-03-03T10:59:00Z;NaN;8.0;12")
    result = invoke("replay", trace, "--embedded", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["pings"], told["refused"], told["transitions"]) == (8, 1, {})
    assert f"refused   {trace} line 10: latitude: not a number" in result.stderr


def test_nonsense_is_one_clear_error(invoke: Invoke, tmp_path: Path) -> None:
    def reason(*arguments: str | Path) -> str:
        result = invoke("replay", *arguments)
        assert result.exit_code == 2
        assert result.stdout == ""
        return result.stderr.splitlines()[-1]

    trace = trace_file(tmp_path)
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    assert "holds no recording (CSV, PLT or GPX)" in reason(nothing, "--embedded")
    assert "no such file" in reason(tmp_path / "none.csv", "--embedded")
    assert "looks like JSON, not CSV" in reason(fence_file(tmp_path), "--embedded")
    assert "unknown column user_id" in reason(trace, "--embedded", "--fences", trace)
    assert "--index is" in reason(trace, "--embedded", "--index", "magic")
    assert "no token: give" in reason(trace)
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    assert "the file is empty" in reason(empty, "--embedded")


async def known_device(service: RunningService) -> None:
    async with GeoofferClient(control_target=service.control_address, token=service.issue_token("operator")) as client:
        await client.control.upsert_customers([Customer("anna", (7,))])
        await client.control.record_consents([ConsentEvent("anna", 1, True, 1_772_000_000_000, "v1")])


async def test_a_running_server_with_a_known_consenting_device(invoke: Invoke, tmp_path: Path) -> None:
    async with running_service(loopback_settings(state_dir=tmp_path / "state")) as service:
        access = ("--server", service.data_address, "--control-server", service.control_address)

        async def replay(role: str, *options: str | Path) -> Result:
            token = service.issue_token(role)
            arguments = ("replay", trace_file(tmp_path), *access, "--token", token, "--json", *options)
            return await asyncio.to_thread(invoke, *arguments)

        stranger = await replay("operator", "--fences", fence_file(tmp_path))
        assert json.loads(stranger.stdout)["verdicts"] == {"NO_CONSENT": 8}
        await known_device(service)
        assert json.loads((await replay("gateway")).stdout) == EXPECTED
        again = json.loads((await replay("gateway")).stdout)
        assert again["verdicts"] == {"ACCURACY_TOO_COARSE": 1, "STALE_FIX": 7}
        assert again["transitions"] == {}


async def test_wrong_tokens(invoke: Invoke, tmp_path: Path) -> None:
    async with running_service(loopback_settings(state_dir=tmp_path / "state")) as service:

        async def refusal(token: str) -> str:
            arguments = ("replay", trace_file(tmp_path), "--server", service.data_address, "--token", token)
            result = await asyncio.to_thread(invoke, *arguments)
            assert result.exit_code == 2
            assert result.stdout == ""
            return result.stderr.splitlines()[-1]

        assert "gateway or operator token" in await refusal(service.issue_token("device", device_key=7))
        other_keys = service.issue_token("gateway", device_key_ranges=[(8, 9)])
        assert "[PERMISSION_DENIED]" in await refusal(other_keys)
        assert sum(service.engine.statistics.ping_verdicts.values()) == 0


def test_no_server_is_told_with_its_address(invoke: Invoke, tmp_path: Path, free_address: str) -> None:
    result = invoke("replay", trace_file(tmp_path), "--server", free_address, "--token", "x")
    assert result.exit_code == 2
    assert f"no server answers at {free_address}" in result.stderr


def test_the_real_walk_in_zurich(invoke: Invoke, shared_data: Path) -> None:
    """Every one of the 416 pings gets a verdict. Its synthetic twin is the first test; the sequence of events is
    held against shapely in tests/scenarios/test_zurich_walk.py."""
    trace = shared_data / "traces" / "zurich_phone_google.csv"
    fences = shared_data / "areas" / "zurich-city.geojson"
    result = invoke("replay", trace, "--fences", fences, "--repair", "--embedded", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["pings"] == 416
    assert sum(told["verdicts"].values()) == 416
    assert told["verdicts"]["ACCURACY_TOO_COARSE"] == 199
    assert told["transitions"]["ENTER"] - told["transitions"]["EXIT"] in (0, 1)
    assert told["offers"] == 0
    assert result.stderr.count("repaired  ") == 7
