"""`geooffer replay --report FILE`: what became of each fix, one JSON object a line, for `geooffer map --events`.

The first line is {"type": "replay", "version": 1, "fixes": n}. Then, in order of the fixes (`fix` counts from 0 in
the order of `read_traces`; null: no ping of the trace was the cause):

    {"type": "ping", "fix": 0, "fix_time": …, "device_key": …, "verdict": "ACCEPTED"}      one for each fix
    {"type": "transition", "fix": 2, "kind": "ENTER", "cause": …, "geofence_id": …, "event_time": …, …}
    {"type": "try", "fix": 2, "verdict": "OFFERED", "geofence_id": …, "store_id": …, "offer_id": …, …}
    {"type": "offer", "fix": 2, "title": …, "price_minor": …, "reason": …, "decided_time": …, …}

No line holds a position: a reader joins them with the trace, which has them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geooffer.model import units
from geooffer.model.verdicts import PingVerdict

if TYPE_CHECKING:
    from geooffer.cli.replay_run import Replayed
    from geooffer.importers.traces import Trace

REPORT_VERSION = 1


def write_report(path: Path, trace: Trace, result: Replayed) -> None:
    """Write the report of a replay of `trace`. Raises OSError where the file cannot be written."""
    with path.open("w", encoding="utf-8") as file:
        for line in report_lines(trace, result):
            file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")


def report_lines(trace: Trace, result: Replayed) -> Iterator[dict[str, Any]]:
    """The lines as objects, in the order of the module's first lines; what no fix caused comes last."""
    yield {"type": "replay", "version": REPORT_VERSION, "fixes": trace.fix_count}
    told: dict[int | None, list[dict[str, Any]]] = {}
    for kind, events in (("transition", result.events), ("try", result.tries), ("offer", result.offers)):
        for event in events:
            told.setdefault(event["fix"], []).append({"type": kind} | event)
    for fix in range(trace.fix_count):
        yield {
            "type": "ping",
            "fix": fix,
            "fix_time": units.format_time_ms(int(trace.fix_times_ms[fix])),
            "device_key": int(trace.device_keys[fix]),
            "verdict": result.rejected.get(fix, PingVerdict.ACCEPTED).name,
        }
        yield from told.pop(fix, ())
    for rest in told.values():
        yield from rest
