"""`geooffer replay --place`: walks in local metres, and recordings, put somewhere else; the output says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from goal_twin import write_twin

Invoke = Callable[..., Result]

PLACE = "52.52,13.405"
MOVED = "5 walks, each with its first fix at --place: these coordinates are not where it was recorded"


def fence_file(tmp_path: Path, latitude: float = 52.52, longitude: float = 13.405) -> Path:
    """A circle of 60 m around a place."""
    geometry = {"type": "Point", "coordinates": [longitude, latitude]}
    path = tmp_path / "fences.geojson"
    path.write_text(json.dumps({"type": "Feature", "id": "here", "properties": {"radius_m": 60}, "geometry": geometry}))
    return path


def test_walks_begin_at_the_place_and_the_output_says_that_they_were_moved(invoke: Invoke, tmp_path: Path) -> None:
    options = ("--embedded", "--fences", fence_file(tmp_path), "--accuracy", "5")
    result = invoke("replay", write_twin(tmp_path), "--place", PLACE, *options, "--json", "--events")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["moved"] == MOVED
    assert told["verdicts"] == {"ACCEPTED": 200}
    # every walk begins in the fence
    enters = [event for event in told["events"] if event["kind"] == "ENTER"]
    assert {(event["cause"], event["event_time"]) for event in enters} == {("INITIAL", "1992-01-12T00:00:00Z")}
    assert len({event["device_key"] for event in enters}) == 5
    for remark in (
        "200 fixes sorted by (fix time, device)",
        "dates before 1970 were shifted by 28 years",
        "200 fixes have no accuracy recorded: 5 m is claimed for them (--accuracy)",
    ):
        assert remark in result.stderr


def test_plain_output_says_it_first(invoke: Invoke, tmp_path: Path) -> None:
    options = ("--place", PLACE, "--anchor", "centroid", "--select", "Driving", "--start", "2026-03-03T10:00:00+01:00")
    result = invoke("replay", write_twin(tmp_path), *options, "--embedded")
    lines = result.stdout.splitlines()
    assert lines[0] == (
        "moved        1 walk, with its centroid at --place: these coordinates are not where it was recorded"
    )
    assert lines[1] == "pings        40"
    assert "--start: times were shifted" in result.stderr
    assert "40 fixes have no accuracy recorded: the service assumes one" in result.stderr


def test_a_place_in_the_south_west(invoke: Invoke, tmp_path: Path) -> None:
    """Its text begins with a minus, as an option does."""
    options = ("--embedded", "--fences", fence_file(tmp_path, -33.45, -70.66), "--json")
    result = invoke("replay", write_twin(tmp_path), "--place", "-33.45,-70.66", *options)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["transitions"]["ENTER"] == 5


def test_the_real_walk_of_zurich_moved_to_berlin(invoke: Invoke, shared_data: Path, tmp_path: Path) -> None:
    """416 verdicts as at home, for accuracy and time are the recording's. Its synthetic twins are the tests above."""
    trace = shared_data / "traces" / "zurich_phone_google.csv"
    result = invoke("replay", trace, "--place", PLACE, "--embedded", "--fences", fence_file(tmp_path), "--json")
    told = json.loads(result.stdout)
    assert told["verdicts"] == {"ACCURACY_TOO_COARSE": 199, "ACCEPTED": 217}
    assert "1 walk, with its first fix" in told["moved"]
    assert "shifted" not in result.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "--place LAT,LON puts it on the map"),
        (("--place", "91,13"), "--place latitude: latitude outside -90..90"),
        (("--place", "52,181"), "--place longitude: longitude outside -180..180"),
        (("--place", "89,13"), "a place must lie within ±80 degrees"),
        (("--place", "52.52"), "--place is LAT,LON in degrees"),
        (("--place", "north,13"), "--place latitude: not a number"),
        (("--place", PLACE, "--anchor", "middle"), "--anchor is first or centroid"),
        (("--anchor", "first"), "there is no --place"),
        (("--place", PLACE, "--start", "tomorrow"), "--start: not an RFC 3339 time"),
        (("--place", PLACE, "--start", "2099-12-31T23:59:00Z"), "the last fix would lie after 2100"),
        (("--place", PLACE, "--accuracy", "-1"), "--accuracy must lie in"),
        (("--place", PLACE, "--accuracy", "nan"), "--accuracy must lie in"),
        (("--place", PLACE, "--select", "Flying"), "no walk has that number"),
    ],
)
def test_nonsense_is_one_clear_error(invoke: Invoke, tmp_path: Path, options: tuple[str, ...], reason: str) -> None:
    result = invoke("replay", write_twin(tmp_path), "--embedded", *options)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert reason in result.stderr.splitlines()[-1]


def test_files_that_are_no_archive(invoke: Invoke, tmp_path: Path) -> None:
    missing, broken = tmp_path / "none.zip", tmp_path / "broken.zip"
    broken.write_text("timestamp,x,y\n")
    for path, reason in ((missing, "no such file or directory"), (broken, "is not a whole ZIP archive")):
        result = invoke("replay", path, "--place", PLACE, "--embedded")
        assert result.exit_code == 2
        assert f"{path}: {reason}" in result.stderr.splitlines()[-1]
