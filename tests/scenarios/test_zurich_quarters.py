"""The evidence page: what point-in-polygon and the engine make of the Zürich phone, and that the page says just that.

The number of point-in-polygon is counted here by csv, json and shapely alone. Where the shared data is absent,
tests/bench/test_flaps.py proves the same of a synthetic evening at an edge.
"""

from __future__ import annotations

import csv
import json
import re
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import Point, shape
from walk_oracle import Fix, expected_walk

from invoking import CliRunner, geooffer_app

PAGE = Path(__file__).parents[2] / "docs" / "presence-evidence.md"


@pytest.fixture
def files(shared_data: Path) -> tuple[Path, Path]:
    return shared_data / "traces/zurich_phone_google.csv", shared_data / "areas/zurich-city.geojson"


def read(files: tuple[Path, Path]) -> tuple[list[Fix], dict[str, Any]]:
    with files[0].open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    fixes = [
        Fix(
            int(datetime.fromisoformat(row["tracked_at"]).timestamp() * 1000),
            float(row["latitude"]),
            float(row["longitude"]),
            float(row["accuracy"]),
        )
        for row in rows
    ]
    features = json.loads(files[1].read_text(encoding="utf-8"))["features"]
    areas = {item["properties"]["name"]: shapely.make_valid(shape(item["geometry"])) for item in features}
    return sorted(fixes, key=lambda fix: fix.time_ms), areas


@cache
def told_by(files: tuple[Path, Path]) -> dict[str, Any]:
    command = ["bench", "flaps", str(files[0]), "--fences", str(files[1]), "--json"]
    result = CliRunner().invoke(geooffer_app(), command)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def row_of(event: dict[str, Any]) -> str:
    """As on the page, up to its last column."""
    evidence = "; ".join(f"±{fix['accuracy_m']} m, {fix['edge_m']:+} m" for fix in event["evidence"])
    return f"| {event['minutes']} | {event['event']} {event['cause']} | {event['fence']} | {evidence} |"


def test_point_in_polygon_enters_a_quarter_104_times_and_the_engine_13(files: tuple[Path, Path]) -> None:
    fixes, areas = read(files)
    there = [
        [name for name, area in areas.items() if shapely.covers(area, Point(fix.longitude, fix.latitude))]
        for fix in fixes
        if fix.accuracy_m <= 100
    ]
    assert len(there) == 217
    assert all(len(names) == 1 for names in there)
    changes = sum(now != before for before, now in pairwise(there))
    told = told_by(files)
    assert (changes, 1 + changes) == (103, 104)
    assert (told["point_in_polygon_changes"], told["point_in_polygon_enters"]) == (103, 104)
    off, on = told["without_hysteresis"], told["with_hysteresis"]
    # the silences, 15 minutes without a usable fix, are ended in both: two enters more
    assert off["ENTER INITIAL"] + off["ENTER MOVEMENT"] == 106
    assert on["ENTER INITIAL"] + on["ENTER MOVEMENT"] == 13
    # the oracle names areas, not their numbers: within a fix only the order of its events may differ
    assert sorted((event["event"], event["cause"], event["fence"]) for event in told["events"]) == sorted(
        event[:3] for event in expected_walk(fixes, areas).events
    )


def test_every_event_is_on_the_page_with_its_evidence(files: tuple[Path, Path]) -> None:
    told = told_by(files)
    page = PAGE.read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if re.match(r"\| \d+\.\d \| (ENTER|DWELL|EXIT) ", line)]
    assert len(rows) == len(told["events"])
    for row, event in zip(rows, told["events"], strict=True):
        assert row.startswith(row_of(event))
        reason = row.removeprefix(row_of(event)).strip(" |")
        assert len(reason) > 10, row


def test_the_page_tells_no_coordinate(files: tuple[Path, Path]) -> None:
    for path in (PAGE, PAGE.parent / "zurich-quarters.svg"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\b(47\.[34]\d{2,}|8\.5\d{2,})", text)


def test_each_event_has_the_evidence_its_rule_asks_for(files: tuple[Path, Path]) -> None:
    for event in told_by(files)["events"]:
        evidence = [(fix["accuracy_m"], fix["edge_m"]) for fix in event["evidence"]]
        if event["event"] != "EXIT":
            assert [edge_m <= 0 and accuracy_m <= 100 for accuracy_m, edge_m in evidence] == [True]
        elif event["cause"] == "MOVEMENT":
            outside = [edge_m > max(10, accuracy_m) for accuracy_m, edge_m in evidence]
            assert (sum(outside), outside[0], outside[-1]) == (2, True, True)
