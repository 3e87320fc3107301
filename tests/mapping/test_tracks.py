"""A trace and a replay's report as tracks: joined by the fix, and refused where they do not belong together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from town import NOW_MS

from geooffer.errors import InvalidArgumentError
from geooffer.importers.traces import Trace, read_traces
from geooffer.mapping.tracks import make_tracks, read_events
from geooffer.model.units import format_time_ms
from geooffer.model.verdicts import PingVerdict

KEYS = [7, 9, 7, 9, 7]


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    """Two devices in turn, a fix every second."""
    lines = ["device_key,fix_time,latitude,longitude,accuracy"]
    lines += [f"{key},{clock(fix)},{52.5 + fix / 1e7:.7f},13.4,12" for fix, key in enumerate(KEYS)]
    path = tmp_path / "trace.csv"
    path.write_text("\n".join(lines))
    return read_traces([path])


def clock(fix: int) -> str:
    return format_time_ms(NOW_MS + 1000 * fix)


def ping(fix: int, verdict: str = "ACCEPTED", **changes: Any) -> dict[str, Any]:
    line = {"type": "ping", "fix": fix, "fix_time": clock(fix), "device_key": KEYS[fix], "verdict": verdict}
    return line | changes


def transition(fix: int | None, event_fix: int, kind: str, device_key: int) -> dict[str, Any]:
    return {
        "type": "transition", "fix": fix, "kind": kind, "cause": "MOVEMENT", "geofence_id": "door",
        "event_time": clock(event_fix), "device_key": device_key, "historical": False,
    }  # fmt: skip


def test_a_track_per_device_in_order_of_first_fix(trace: Trace) -> None:
    first, second = make_tracks(trace, [])
    assert (first.label, second.label) == ("device 1", "device 2")
    assert first.times_ms.tolist() == [NOW_MS, NOW_MS + 2000, NOW_MS + 4000]
    assert second.latitudes_e7.tolist() == [525_000_001, 525_000_003]
    assert first.verdicts.tolist() == [0, 0, 0]
    assert first.events == second.events == []


def test_verdicts_and_events_stand_at_their_fixes(trace: Trace) -> None:
    lines = [
        {"type": "replay", "version": 1, "fixes": 5},
        *(ping(fix) for fix in range(4)),
        ping(4, "ACCURACY_TOO_COARSE"),
        transition(2, 0, "ENTER", 7),
        {"type": "try", "fix": 2, "device_key": 7, "geofence_id": "door", "store_id": "s", "verdict": "OFFERED",
         "offer_id": "spring"},
        {"type": "offer", "fix": 2, "device_key": 7, "title": "Shoe", "store_name": "Shop", "reason": "because",
         "price_minor": 8_990, "previous_price_minor": 11_990, "currency_code": "EUR", "decided_time": clock(2)},
        transition(None, 3, "EXIT", 7),
    ]  # fmt: skip
    first, second = make_tracks(trace, lines)
    assert first.verdicts.tolist() == [PingVerdict.ACCEPTED, PingVerdict.ACCEPTED, PingVerdict.ACCURACY_TOO_COARSE]
    assert second.verdicts.tolist() == [PingVerdict.ACCEPTED] * 2
    assert second.events == []
    assert [(event.kind, event.fix_index, event.time_ms) for event in first.events] == [
        ("ENTER", 1, NOW_MS + 2000),
        ("TRY", 1, NOW_MS + 2000),
        ("OFFER", 1, NOW_MS + 2000),
        ("EXIT", 1, NOW_MS + 3000),
    ]
    assert [event.text for event in first.events] == [
        f"{clock(0)} ENTER door (MOVEMENT)",
        f"{clock(2)} try at door, store s: OFFERED, spring",
        f"{clock(2)} OFFER Shoe, Shop, 89.90 EUR instead of 119.90: because",
        f"{clock(3)} EXIT door (MOVEMENT)",
    ]


@pytest.mark.parametrize(
    "line",
    [
        ping(0, fix_time=clock(1)),
        ping(0, device_key=8),
        ping(0) | {"fix": 7},
        ping(0) | {"fix": None},
        ping(0, "MAYBE"),
        ping(0) | {"fix": "0"},
        transition(2, 0, "ENTER", 7) | {"event_time": "soon"},
    ],
)
def test_events_of_another_trace_are_refused(trace: Trace, line: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError):
        make_tracks(trace, [line])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{}", "line 1: not an object with a type"),
        ("[" * 100_000, "line 1: not JSON"),
        ('{"type": "ping"}', "not a report of geooffer replay"),
        ('{"type": "replay"}\nnonsense', "line 2: not JSON"),
        (" ", "the file is empty"),
    ],
)
def test_a_file_that_is_no_report_is_one_clear_error(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(text)
    with pytest.raises(InvalidArgumentError, match=reason):
        read_events(path)


def test_a_report_is_read_back(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [{"type": "replay", "version": 1, "fixes": 5}, ping(0)]
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    assert read_events(path) == lines
