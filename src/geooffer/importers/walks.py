"""Trace files as `replay` takes them: each read as what it is, moved where that was asked for, in one order.

Whatever is changed about a recording is said in a note: where it lies, when it was, what accuracy it claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from geooffer.errors import InvalidArgumentError
from geooffer.importers.archives import is_archive, read_members
from geooffer.importers.files import decode_text, parse_csv, read_bytes, read_csv
from geooffer.importers.gpx_files import is_gpx, read_gpx
from geooffer.importers.local_files import is_local, walk_of_table, walks_of_members
from geooffer.importers.local_traces import LocalTrace, join_walks, select_walks
from geooffer.importers.placing import Anchor, Place, move_trace, place_walks
from geooffer.importers.plt_files import LABELS_NAME, Spans, is_plt, labelled, read_labels, read_plt
from geooffer.importers.rows import Refusal
from geooffer.importers.traces import Trace, merge_traces, trace_of_fixes, trace_of_table
from geooffer.model import keys, limits, units

_CALENDAR_PERIOD_MS = 10_227 * 86_400_000
"""28 years: the same dates on the same days of the week, between 1901 and 2099."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to become of the recordings; the defaults leave them as they are."""

    place: Place | None = None
    """Where every device's anchor is put; required for walks in local metres."""
    anchor: Anchor = Anchor.FIRST
    start_ms: int | None = None
    """When the earliest fix shall be; all others keep their distance in time to it."""
    accuracy_cm: int | None = None
    """For the fixes that have none recorded. 1..ACCURACY_MAX_CM."""
    select: tuple[str, ...] = ()
    """Which walks in local metres: see select_walks. Empty: all."""


@dataclass(frozen=True, slots=True)
class Walks:
    """Fixes ready to be sent, and what to say about them."""

    trace: Trace
    moved_note: str  # '' where all coordinates are those of the recording
    notes: tuple[str, ...]  # other changes and assumptions


def read_walks(paths: Sequence[Path], wishes: Wishes) -> Walks:
    """The fixes of all files: CSV traces, PLT, GPX, walks in local metres, archives and folders of them.

    Raises InvalidArgumentError for a file that is none of these, wishes that cannot be met, or where no fix is left.
    """
    recorded, local = _read(paths, wishes)
    notes: list[str] = []
    moved_note = ""
    if wishes.place is not None:
        recorded = [move_trace(trace, wishes.place, wishes.anchor) for trace in recorded]
        local_trace = place_walks(local, wishes.place, wishes.anchor)
        merged = merge_traces([*recorded, local_trace], paths)
        what = "first fix" if wishes.anchor is Anchor.FIRST else "centroid"
        count = merged.device_count
        moved = "1 walk, with its" if count == 1 else f"{count} walks, each with its"
        moved_note = f"{moved} {what} at --place: these coordinates are not where it was recorded"
    else:
        merged = merge_traces(recorded, paths)
    if not merged.was_sorted:
        notes.append(f"{merged.fix_count} fixes sorted by (fix time, device): the service takes rows as they come")
    merged = _in_time(merged, wishes.start_ms, notes)
    return Walks(_with_accuracy(merged, wishes.accuracy_cm, notes), moved_note, tuple(notes))


def _read(paths: Sequence[Path], wishes: Wishes) -> tuple[list[Trace], LocalTrace]:
    recorded: list[Trace] = []
    local: list[LocalTrace] = []
    for path in paths:
        if is_archive(path):
            tracks, members = _of_archive(path)
            recorded += tracks
            if not members:
                continue
            local.append(walks_of_members(path, members))
        elif is_plt(path.name):
            recorded.append(read_plt(path, "", read_bytes(path)))
            continue
        elif is_gpx(path.name):
            recorded.append(read_gpx(path, "", read_bytes(path)))
            continue
        else:
            content = read_csv(path)
            if not is_local(content):
                recorded.append(trace_of_table(path, content))
                continue
            local.append(walk_of_table(path, content))
        if wishes.place is None:
            rule = "its coordinates are metres from an origin of its own; --place LAT,LON puts it on the map"
            raise InvalidArgumentError(f"{path}: {rule}", field="place")
    walks = join_walks(local)
    if wishes.select:
        if not local:
            raise InvalidArgumentError("--select chooses among walks in local metres; there are none", field="select")
        walks = select_walks(walks, wishes.select)
    return recorded, walks


def _of_archive(path: Path) -> tuple[list[Trace], list[tuple[str, bytes]]]:
    """The recordings of an archive with their labels, and its CSV files in local metres; what is neither is refused
    alone.
    """
    members = read_members(path, (".csv", ".plt", ".gpx", LABELS_NAME))
    has_plt = any(is_plt(member) for member, _ in members)
    tracks: list[Trace] = []
    tables: list[tuple[str, bytes]] = []
    spans: dict[int, Spans] = {}
    refusals: list[tuple[Path, Refusal]] = []
    for member, data in members:
        try:
            if has_plt and PurePosixPath(member).name.lower() == LABELS_NAME:
                named, refused = read_labels(path, member, data)
                spans[keys.device_key(PurePosixPath(member).parent.name or member)] = named
                refusals += refused
            elif is_plt(member) or is_gpx(member):
                tracks.append((read_plt if is_plt(member) else read_gpx)(path, member, data))
            elif member.lower().endswith(".csv"):
                trace = _recorded_table(path, member, data)
                if trace is None:
                    tables.append((member, data))
                else:
                    tracks.append(trace)
        except InvalidArgumentError as error:
            refusals.append(
                (path, Refusal(member, error.message.removeprefix(f"{member}: ").removeprefix(f"{Path(member)}: ")))
            )
    if not tracks and not tables and not refusals:
        raise InvalidArgumentError(f"{path}: holds no recording (CSV, PLT or GPX)")
    if refusals:
        tracks.append(trace_of_fixes([], refusals))
    return [replace(track, labels=labelled(track, spans)) for track in tracks], tables


def _recorded_table(path: Path, member: str, data: bytes) -> Trace | None:
    """The fixes of a CSV file in degrees; None where it has metres, or is not to be told from what has."""
    place = Path(member)
    content = parse_csv(decode_text(data, place), place)
    if is_local(content) or "latitude" not in content.columns:
        return None
    trace = trace_of_table(place, content)
    refusals = [(path, replace(refusal, place=f"{member} {refusal.place}")) for _, refusal in trace.refusals]
    return replace(trace, refusals=refusals)


def _in_time(trace: Trace, start_ms: int | None, notes: list[str]) -> Trace:
    """The service knows no time before 1970, so such dates are moved even unasked."""
    first_ms = int(trace.fix_times_ms[0])
    if start_ms is not None:
        shift_ms = start_ms - first_ms
        notes.append("--start: times were shifted; only their differences are those of the recording")
    else:
        periods = max(0, -(first_ms // _CALENDAR_PERIOD_MS))
        shift_ms = periods * _CALENDAR_PERIOD_MS
        if periods:
            notes.append(f"dates before 1970 were shifted by {28 * periods} years (--start TIME chooses another time)")
    if int(trace.fix_times_ms[-1]) + shift_ms > limits.TIME_MAX_MS:
        raise InvalidArgumentError("the last fix would lie after 2100", field="start")
    return replace(trace, fix_times_ms=trace.fix_times_ms + shift_ms)


def _with_accuracy(trace: Trace, accuracy_cm: int | None, notes: list[str]) -> Trace:
    is_unknown = trace.accuracies_cm == 0
    count = int(is_unknown.sum())
    if not count:
        return trace
    if accuracy_cm is None:
        notes.append(f"{count} fixes have no accuracy recorded: the service assumes one (50 m, if not told otherwise)")
        return trace
    notes.append(f"{count} fixes have no accuracy recorded: {accuracy_cm / 100:g} m is claimed for them (--accuracy)")
    return replace(trace, accuracies_cm=np.where(is_unknown, accuracy_cm, trace.accuracies_cm).astype(np.int32))


def parse_accuracy(metres: float) -> int:
    """Metres as centimetres. Raises InvalidArgumentError outside 0.01..ACCURACY_MAX_CM."""
    # written so that NaN is refused too
    if not 0.01 <= metres <= limits.ACCURACY_MAX_CM / 100:
        raise InvalidArgumentError(f"--accuracy must lie in 0.01..{limits.ACCURACY_MAX_CM // 100} m", field="accuracy")
    return units.metres_to_cm(metres)
