"""The table of false enters on the evidence page is what `geooffer bench flaps --standing` prints of the recordings.

tests/bench/test_standing.py proves the command on fixes whose truth is known, for machines without the recordings.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from invoking import CliRunner, geooffer_app

PAGE = Path(__file__).parents[2] / "docs" / "presence-evidence.md"
RECORDINGS = {
    "GeoLife": "traces/geolife_modes.tar.gz",
    "GOAL": "traces/goal_trajectories.zip",
    "the Zürich phone": "traces/zurich_phone_google.csv",
}


def told_by(shared_data: Path, recording: str, folder: Path) -> dict[str, Any]:
    outlines = folder / "supermarkets.geojson"
    outlines.write_bytes(gzip.decompress((shared_data / "stores/berlin_supermarkets_polygons.geojson.gz").read_bytes()))
    command = ["bench", "flaps", str(shared_data / recording), "--fences", str(outlines), "--standing", "--json"]
    result = CliRunner().invoke(geooffer_app(), command)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def cell(count: int, per_hour: float) -> str:
    if not count:
        return "0"
    return f"{count:,} = {per_hour:.1f} /h" if per_hour >= 10 else f"{count:,} = {per_hour:.2f} /h"


def rows_of_the_page(name: str) -> list[list[str]]:
    """The rows of a recording: its own, and those below that name none."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith(f"| {name}"))
    found = [lines[first]]
    for line in lines[first + 1 :]:
        if not line.startswith("| | |"):
            break
        found.append(line)
    return [[part.strip() for part in line.strip("|").split("|")] for line in found]


@pytest.mark.parametrize("name", ["GeoLife", "the Zürich phone", pytest.param("GOAL", marks=pytest.mark.long)])
def test_the_table_is_what_the_command_prints(shared_data: Path, tmp_path: Path, name: str) -> None:
    told = told_by(shared_data, RECORDINGS[name], tmp_path)
    rows = rows_of_the_page(name)
    assert rows[0][1] == f"{told['spells']}, {told['hours']:.1f} h"
    if name != "the Zürich phone":
        assert f"{told['fixes']:,} fixes" in rows[0][0]
        assert [row[2] for row in rows] == ["5 m", "10 m", "20 m", "unknown"]
    for row, figures in zip(rows, told["rows"], strict=False):
        assert row[3] == cell(figures["off"], figures["off_per_hour"])
        assert row[4] == cell(figures["on"], figures["on_per_hour"])
    assert re.search(r"\d", rows[0][3])
