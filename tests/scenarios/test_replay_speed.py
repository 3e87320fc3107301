"""A recorded speed counts before the way between two fixes: the same walk by foot, and by a phone that says 30 km/h."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from running_shoes import NOW_MS, running_shoes_world, walk_past
from scenario_stage import Stage

from geooffer.model.units import e7_to_degrees, format_time_ms
from invoking import CliRunner, geooffer_app

StageAt = Callable[[int], AbstractAsyncContextManager[Stage]]


def _write_walk(path: Path, speed: str) -> Path:
    lines = ["user_id,tracked_at,latitude,longitude,accuracy,speed"]
    for ping in walk_past():
        place = f"{e7_to_degrees(int(ping['latitude_e7']))},{e7_to_degrees(int(ping['longitude_e7']))}"
        time = format_time_ms(int(ping["fix_time_ms"]))
        lines.append(f"{int(ping['device_key'])},{time},{place},8,{speed}")
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(("speed", "verdict"), [("", "OFFERED"), ("0", "OFFERED"), ("8.4", "TOO_FAST")])
async def test_a_recorded_speed_goes_before_the_way(
    stage_at: StageAt, tmp_path: Path, speed: str, verdict: str
) -> None:
    async with stage_at(NOW_MS - 1_000) as stage:
        await stage.set_up(running_shoes_world())
        walk = _write_walk(tmp_path / "walk.csv", speed)
        options = [f"--server={stage.service.data_address}", f"--token={stage.service.issue_token('operator')}"]
        command = ["replay", str(walk), *options, "--json", "--events"]
        result = await asyncio.to_thread(CliRunner().invoke, geooffer_app(), command)
    assert result.exit_code == 0, result.stderr
    told: dict[str, Any] = json.loads(result.stdout)
    assert told["try_list"][0]["verdict"] == verdict
    assert len(told["offer_list"]) == (verdict == "OFFERED")
