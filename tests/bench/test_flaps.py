"""`geooffer bench flaps`: its numbers are those of slow independent counting, on a synthetic evening at an edge."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
import shapely
from shapely.geometry import Point, shape

from edge_twin import write_evening, write_quarters
from geooffer.bench.flaps import (
    distance_to_edge_m,
    events_of,
    evidence_of,
    naive_stays,
    without_hysteresis,
)
from geooffer.importers.geojson import read_fences
from geooffer.importers.traces import Trace, read_traces
from geooffer.model.catalog import Geofence
from geooffer.model.policy import Policy
from geooffer.model.verdicts import TransitionCause, TransitionKind
from invoking import CliRunner, geooffer_app


@pytest.fixture
def evening(tmp_path: Path) -> tuple[Trace, list[Geofence]]:
    return read_traces([write_evening(tmp_path)]), read_fences(write_quarters(tmp_path)).items


def counted_stays(folder: Path) -> list[str]:
    """Where plain point-in-polygon says that she is, stay by stay: csv, json and shapely alone."""
    with (folder / "evening.csv").open(newline="", encoding="utf-8") as lines:
        rows = sorted(csv.DictReader(lines, delimiter=";"), key=lambda row: row["tracked_at"])
    areas = [
        (feature["properties"]["name"], shape(feature["geometry"]))
        for feature in json.loads((folder / "quarters.geojson").read_text(encoding="utf-8"))["features"]
    ]
    names = []
    for row in rows:
        if float(row["accuracy"]) <= 100:
            here = Point(float(row["longitude"]), float(row["latitude"]))
            names += [name for name, area in areas if shapely.covers(area, here)]
    return [name for index, name in enumerate(names) if not index or names[index - 1] != name]


def test_point_in_polygon_flaps_and_the_engine_does_not(evening: tuple[Trace, list[Geofence]], tmp_path: Path) -> None:
    trace, quarters = evening
    stays = naive_stays(trace, quarters, 100)
    expected = counted_stays(tmp_path)
    names = {quarter.geofence_id: quarter.name for quarter in quarters}
    assert [names[stay.fence_ids[0]] for stay in stays] == expected
    assert len(expected) > 40
    off, _ = events_of(trace, quarters, without_hysteresis(Policy()))
    enters = [names[event.fence_id] for event in off if event.kind is TransitionKind.ENTER]
    assert enters == expected, "hysteresis off is point-in-polygon"
    on, verdicts = events_of(trace, quarters, Policy())
    assert [(e.kind.name, names[e.fence_id]) for e in on if e.kind is not TransitionKind.DWELL] == [
        ("ENTER", "West"),
        ("ENTER", "East"),
    ]
    assert sum(verdicts.values()) == trace.fix_count


def test_the_evidence_of_an_event_is_what_the_rule_asks_for(evening: tuple[Trace, list[Geofence]]) -> None:
    trace, quarters = evening
    policy = Policy(exit_fix_count=2, outside_accuracy_percent=20)
    events, _ = events_of(trace, quarters, policy)
    by_id = {quarter.geofence_id: quarter for quarter in quarters}
    exits = [e for e in events if (e.kind, e.cause) == (TransitionKind.EXIT, TransitionCause.MOVEMENT)]
    assert exits
    for event in events:
        evidence = evidence_of(trace, by_id[event.fence_id], event)
        if event.kind is TransitionKind.EXIT:
            outside = [edge_m for accuracy_m, edge_m in evidence if edge_m > max(10, 0.2 * accuracy_m)]
            assert len(outside) == 2
            assert outside[0] == evidence[0][1]
            assert outside[1] == evidence[-1][1]
        else:
            assert [edge_m <= 0 for _, edge_m in evidence] == [True]


def test_the_distance_to_an_edge(evening: tuple[Trace, list[Geofence]]) -> None:
    west = evening[1][0]
    assert distance_to_edge_m(west, 473_750_000, 85_500_000) == pytest.approx(0.0, abs=0.01)
    assert distance_to_edge_m(west, 473_750_000, 85_510_000) == pytest.approx(75.3, abs=0.1)
    assert distance_to_edge_m(west, 473_750_000, 85_490_000) == pytest.approx(-75.3, abs=0.1)


def test_the_command_tells_the_counts_each_event_and_draws(tmp_path: Path) -> None:
    trace, quarters, picture = write_evening(tmp_path), write_quarters(tmp_path), tmp_path / "quarters.svg"
    command = ["bench", "flaps", str(trace), "--fences", str(quarters), "--picture", str(picture)]
    result = CliRunner().invoke(geooffer_app(), [*command, "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    expected = counted_stays(tmp_path)
    assert told["point_in_polygon_enters"] == len(expected)
    assert told["point_in_polygon_changes"] == len(expected) - 1
    assert told["without_hysteresis"]["ENTER MOVEMENT"] == len(expected) - 1
    assert told["with_hysteresis"] == {"DWELL MOVEMENT": 2, "ENTER INITIAL": 1, "ENTER MOVEMENT": 1}
    assert [event["fence"] for event in told["events"] if event["event"] == "ENTER"] == ["West", "East"]
    drawn = ElementTree.parse(picture).getroot()
    bars = [item for item in drawn if item.tag.endswith("rect") and item.get("fill") != "white"]
    assert len(bars) == len(expected) + 2
    assert "8.5" not in [item.text for item in drawn]
    text = CliRunner().invoke(geooffer_app(), command).stdout
    assert f"{len(expected) - 1} changes, {len(expected)} enters" in text
    assert "47.37" not in text
