"""A trace, and what a replay of it wrote (`geooffer replay --report`), as tracks of a map."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from geooffer.errors import InvalidArgumentError
from geooffer.importers.files import read_text
from geooffer.importers.traces import Trace
from geooffer.mapping.document import Track, TrackEvent
from geooffer.model.columns import UInt8Array
from geooffer.model.units import format_time_ms, parse_time_ms
from geooffer.model.verdicts import PingVerdict

Line = dict[str, Any]


def read_events(path: Path) -> list[Line]:
    """The lines of a replay's report. Raises InvalidArgumentError where the file is none."""
    lines: list[Line] = []
    for number, text in enumerate(read_text(path).splitlines(), start=1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            raise InvalidArgumentError(f"{path}: line {number}: not JSON (write it with replay --report)") from None
        if not isinstance(line, dict) or not isinstance(line.get("type"), str):
            raise InvalidArgumentError(f"{path}: line {number}: not an object with a type")
        lines.append(line)
    if lines[0].get("type") != "replay":
        raise InvalidArgumentError(f"{path}: not a report of geooffer replay --report")
    return lines


def make_tracks(trace: Trace, events: list[Line]) -> list[Track]:
    """One track per device, numbered in order of first fix; `events` may be empty.

    Raises InvalidArgumentError where the events are of another trace: they are joined by the index of the fix, and
    each ping line repeats time and device, which must agree.
    """
    verdicts = _verdicts(trace, events)
    keys, first_rows, device_of_row = np.unique(trace.device_keys, return_index=True, return_inverse=True)
    told: dict[int, list[Line]] = {}
    for line in events:
        key = line.get("device_key")
        if type(key) is int:
            told.setdefault(key, []).append(line)
    tracks = []
    for number, device in enumerate(np.argsort(first_rows, kind="stable").tolist(), start=1):
        rows = np.flatnonzero(device_of_row == device)
        own = told.get(int(keys[device]), [])
        tracks.append(
            Track(
                label=f"device {number}",
                times_ms=trace.fix_times_ms[rows],
                latitudes_e7=trace.latitudes_e7[rows],
                longitudes_e7=trace.longitudes_e7[rows],
                accuracies_cm=trace.accuracies_cm[rows],
                verdicts=verdicts[rows],
                events=_track_events(trace, rows, own),
            )
        )
    return tracks


def _verdicts(trace: Trace, events: list[Line]) -> UInt8Array:
    """PingVerdict of each fix; 0 where no line tells it."""
    verdicts = np.zeros(trace.fix_count, dtype=np.uint8)
    for line in events:
        if line["type"] != "ping":
            continue
        fix = _fix(line, trace)
        agrees = (
            fix is not None
            and line.get("device_key") == int(trace.device_keys[fix])
            and line.get("fix_time") == format_time_ms(int(trace.fix_times_ms[fix]))
        )
        if fix is None or not agrees:
            raise InvalidArgumentError("the events are not of this trace: a fix has another time or device")
        try:
            verdicts[fix] = PingVerdict[str(line.get("verdict"))]
        except KeyError:
            raise InvalidArgumentError("the events hold a verdict that is none") from None
    return verdicts


def _track_events(trace: Trace, rows: Any, lines: list[Line]) -> list[TrackEvent]:
    """Transitions, tries and offers of one device; `fix_index` counts within its track."""
    place_of_row = {int(row): place for place, row in enumerate(rows)}
    found = []
    for line in lines:
        if line["type"] not in ("transition", "try", "offer"):
            continue
        fix = _fix(line, trace)
        own_time_ms = _time_ms(line, int(trace.fix_times_ms[rows[0] if fix is None else fix]))
        if fix is not None and fix in place_of_row:
            # shown when the fix comes, told with the time of its own (that of the first evidence)
            place, time_ms = place_of_row[fix], int(trace.fix_times_ms[fix])
        else:
            # nobody's ping: she fell silent. Where she was last
            before = int(np.searchsorted(trace.fix_times_ms[rows], own_time_ms, side="right"))
            place, time_ms = max(before - 1, 0), own_time_ms
        kind = str(line.get("kind", "")) if line["type"] == "transition" else line["type"].upper()
        found.append(TrackEvent(kind, place, time_ms, _text(line, kind, own_time_ms)))
    return sorted(found, key=lambda event: (event.time_ms, event.fix_index))


def _fix(line: Line, trace: Trace) -> int | None:
    fix = line.get("fix")
    if fix is None:
        return None
    if type(fix) is not int or not 0 <= fix < trace.fix_count:
        raise InvalidArgumentError("the events are not of this trace: it has fewer fixes")
    return fix


def _time_ms(line: Line, otherwise_ms: int) -> int:
    text = line.get("event_time") or line.get("decided_time")
    return parse_time_ms(text) if isinstance(text, str) else otherwise_ms


def _text(line: Line, kind: str, time_ms: int) -> str:
    clock = format_time_ms(time_ms)
    fence = line.get("geofence_id", "")
    if line["type"] == "transition":
        late = ", of an old fix" if line.get("historical") else ""
        return f"{clock} {kind} {fence} ({line.get('cause', '')}{late})"
    if line["type"] == "try":
        candidate = f", {line['offer_id']}" if line.get("offer_id") else ""
        return f"{clock} try at {fence}, store {line.get('store_id', '')}: {line.get('verdict', '')}{candidate}"
    return (
        f"{clock} OFFER {line.get('title', '')}, {line.get('store_name', '')}{_price(line)}: {line.get('reason', '')}"
    )


def _price(line: Line) -> str:
    """In major units: currencies of this release's price rules have two digits, as the demo prints them."""
    price, before, currency = (line.get(name) for name in ("price_minor", "previous_price_minor", "currency_code"))
    if type(price) is not int:
        return ""
    instead = f" instead of {before / 100:.2f}" if type(before) is int and before > price else ""
    return f", {price / 100:.2f} {currency}{instead}"
