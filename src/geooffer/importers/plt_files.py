"""PLT, the form of GeoLife's trajectories (and of OziExplorer, where it comes from).

    Geolife trajectory                                          six lines of header; the second names the datum
    WGS 84
    Altitude is in Feet
    Reserved 3
    0,2,255,My Track,0,0,2,8421376
    0
    39.477125,75.989985,0,4096,39540.2565509,2008-04-02,06:09:26    latitude, longitude, 0, feet, days, date, time

Times are GMT; where date and time are not written so, the days since 1899-12-30 are taken. There is neither accuracy
nor speed. Whose file it is, GeoLife's folders tell: 010/Trajectory/20080402060926.plt is of device 010; any other file
is a device of its own, called by its name without the ending. What 010/labels.txt says of a time is the fixes' label.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePath

import numpy as np

from geooffer.errors import InvalidArgumentError
from geooffer.importers import values
from geooffer.importers.files import decode_text
from geooffer.importers.local_traces import LABEL_LENGTH_MAX
from geooffer.importers.rows import Refusal
from geooffer.importers.traces import SPEED_UNKNOWN, LabelArray, Trace, trace_of_fixes
from geooffer.model import keys, limits
from geooffer.model.columns import Int64Array

LABELS_NAME = "labels.txt"
_FOLDER = "trajectory"
_HEADER_LINE_COUNT = 6
_FIRST_WORDS = ("geolife trajectory", "oziexplorer track point file")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{2}:\d{2}:\d{2}")
_DAYS_TO_1970 = 25_569  # 1899-12-30 to 1970-01-01
_DAY_MS = 86_400_000
_LABEL_TIME = "%Y/%m/%d %H:%M:%S"


def is_plt(name: str) -> bool:
    """Whether a file's name says that it is PLT, compressed or not."""
    return name.lower().removesuffix(".gz").endswith(".plt")


def device_name(path: PurePath) -> str:
    """Whose fixes a file has, by its place."""
    if path.parent.name.lower() == _FOLDER and path.parent.parent.name:
        return path.parent.parent.name
    return PurePath(path.name.removesuffix(".gz")).stem


def read_plt(path: Path, member: str, data: bytes) -> Trace:
    """The fixes of one file. `path` is the file that the user named, `member` the file in it, or ''.

    Raises InvalidArgumentError where it is no PLT, or not in WGS84.
    """
    name = Path(member) if member else path
    told = member or str(path)
    lines = decode_text(data, name).splitlines()
    if len(lines) < _HEADER_LINE_COUNT or not lines[0].strip().lower().startswith(_FIRST_WORDS):
        raise InvalidArgumentError(f"{told}: not PLT: its first line is not that of a GeoLife trajectory")
    if lines[1].replace(" ", "").upper() != "WGS84":
        raise InvalidArgumentError(f"{told}: its second line names another datum than WGS 84")
    place = path.absolute() if not member else (path.absolute().parent / member if path.is_dir() else name)
    device_key = keys.device_key(device_name(place))
    fixes = []
    refusals: list[tuple[Path, Refusal]] = []
    for number, line in enumerate(lines[_HEADER_LINE_COUNT:], start=_HEADER_LINE_COUNT + 1):
        if not line.strip():
            continue
        try:
            fixes.append(_fix(line, device_key))
        except InvalidArgumentError as error:
            refusals.append((path, Refusal(f"{member} line {number}".strip(), error.message)))
    return trace_of_fixes(fixes, refusals)


def _fix(line: str, device_key: int) -> tuple[int, int, int, int, int, int]:
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) < 5:
        raise InvalidArgumentError(f"{len(cells)} cells where a fix has 7")
    place = values.latitude_e7(cells[0]), values.longitude_e7(cells[1])
    return _time_ms(cells), device_key, *place, 0, SPEED_UNKNOWN


def _time_ms(cells: list[str]) -> int:
    if len(cells) >= 7 and _DATE.fullmatch(cells[5]) and _TIME.fullmatch(cells[6]):
        return values.time_ms(f"{cells[5]}T{cells[6]}Z", "date and time")
    value = round((values.number(cells[4], "days") - _DAYS_TO_1970) * _DAY_MS)
    if not limits.TIME_MIN_MS <= value <= limits.TIME_MAX_MS:
        raise values.refuse("days", "a time must lie between 1970 and 2100")
    return value


Spans = tuple[Int64Array, Int64Array, LabelArray]
"""From, until (both included, in ms) and what she did, by the start."""


def read_labels(path: Path, member: str, data: bytes) -> tuple[Spans, list[tuple[Path, Refusal]]]:
    """A labels.txt: `2008/03/28 14:52:54<tab>2008/03/28 15:59:59<tab>train` under a line of headings."""
    spans: list[tuple[int, int, str]] = []
    refusals: list[tuple[Path, Refusal]] = []
    for number, line in enumerate(decode_text(data, Path(member)).splitlines()[1:], start=2):
        if not line.strip():
            continue
        try:
            spans.append(_span(line.split("\t")))
        except InvalidArgumentError as error:
            refusals.append((path, Refusal(f"{member} line {number}", error.message)))
    spans.sort()
    columns = (np.array([span[column] for span in spans], np.int64) for column in (0, 1))
    starts, ends = columns
    return (starts, ends, np.array([span[2] for span in spans], dtype=f"<U{LABEL_LENGTH_MAX}")), refusals


def _span(cells: list[str]) -> tuple[int, int, str]:
    if len(cells) != 3:
        raise InvalidArgumentError(f"{len(cells)} cells where a label has 3")
    label = values.short_text(cells[2].strip(), "label")
    if len(label) > LABEL_LENGTH_MAX:
        raise values.refuse("label", f"longer than {LABEL_LENGTH_MAX} characters")
    try:
        start, end = (datetime.strptime(cell.strip(), _LABEL_TIME).replace(tzinfo=UTC) for cell in cells[:2])
    except ValueError:
        raise values.refuse("start and end", "not times such as 2008/03/28 14:52:54") from None
    return round(start.timestamp() * 1000), round(end.timestamp() * 1000), label


def labelled(trace: Trace, spans: Mapping[int, Spans]) -> LabelArray:
    """The labels of a trace's fixes, "" where nothing is said. `spans`: by device key; the later of two counts."""
    labels = trace.labels.astype(f"<U{LABEL_LENGTH_MAX}")
    for device_key, (starts, ends, names) in spans.items():
        if not len(starts):
            continue
        rows = np.flatnonzero(trace.device_keys == device_key)
        times = trace.fix_times_ms[rows]
        last = np.searchsorted(starts, times, side="right") - 1
        is_named = (last >= 0) & (ends[np.maximum(last, 0)] >= times)
        labels[rows[is_named]] = names[last[is_named]]
    return labels
