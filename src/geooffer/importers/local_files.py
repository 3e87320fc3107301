"""Files of walks in local metres: GOAL's CSV, singly or many in an archive (archives.py).

Columns: `timestamp`, `x`, `y` (metres), and optionally `groundtruth` (what the recorder says she did: OnFoot,
Driving), `accuracy` and `speed` as in traces.py; others are ignored. Each file is a walk and a device of its own,
called by the file's name without its ending, so that customers can be registered for it.

GOAL's times have no zone and shifted dates (1964): they are read as UTC, and only their differences mean anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import numpy as np

from geooffer.errors import InvalidArgumentError
from geooffer.importers import values
from geooffer.importers.archives import read_members
from geooffer.importers.files import CsvTable, decode_text, parse_csv
from geooffer.importers.local_traces import LABEL_LENGTH_MAX, LOCAL_FIX, LocalTrace, join_walks
from geooffer.importers.rows import Refusal
from geooffer.importers.traces import accuracy_cm, optional_columns, speed_cm_per_s
from geooffer.model import keys, limits

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME_MIN = datetime(1901, 1, 1, tzinfo=UTC)
"""Before it, dates moved by 28 years would fall on other days of the week (walks.py)."""
_REQUIRED = ("timestamp", "x", "y")
_LABEL = "groundtruth"

_Fix = tuple[int, int, float, float, int, int, str]


def is_local(content: CsvTable) -> bool:
    """Whether a CSV file holds local metres."""
    return {"x", "y"} <= set(content.columns) and "latitude" not in content.columns


def walk_of_table(path: Path, content: CsvTable) -> LocalTrace:
    """The walk of one CSV file. Raises InvalidArgumentError where a column is missing."""
    return _walk(path, path.stem, "", content)


def read_archive(path: Path) -> LocalTrace:
    """The walks of an archive; a CSV file in it that is no walk is refused alone, other files are passed over.

    Raises InvalidArgumentError where the archive cannot be read, is too large or holds no CSV file.
    """
    members = read_members(path, (".csv",))
    if not members:
        raise InvalidArgumentError(f"{path}: holds no CSV file")
    return walks_of_members(path, members)


def walks_of_members(path: Path, members: Sequence[tuple[str, bytes]]) -> LocalTrace:
    """The walks of the CSV files of an archive, name and content of each."""
    walks: list[LocalTrace] = []
    for member, data in members:
        place = Path(member)
        try:
            walks.append(
                _walk(path, PurePosixPath(member).stem, f"{member} ", parse_csv(decode_text(data, place), place))
            )
        except InvalidArgumentError as error:
            refusal = Refusal(member, error.message.removeprefix(f"{member}: "))
            walks.append(LocalTrace(np.empty(0, dtype=LOCAL_FIX), {}, [(path, refusal)]))
    return join_walks(walks)


def _walk(path: Path, name: str, place: str, content: CsvTable) -> LocalTrace:
    """One file's fixes; `place` stands before the line in refusals."""
    missing = [column for column in _REQUIRED if column not in content.columns]
    if missing:
        has = f"a walk in local metres has {', '.join(_REQUIRED)}, and optionally {_LABEL}, accuracy and speed"
        raise InvalidArgumentError(f"{place.strip() or path}: missing column {', '.join(missing)} ({has})")
    columns = optional_columns(content) | {"label": _LABEL if _LABEL in content.columns else ""}
    device_key = keys.device_key(name)
    fixes: list[_Fix] = []
    refusals: list[tuple[Path, Refusal]] = []
    for line in content.lines:
        try:
            if line.cells is None:
                raise InvalidArgumentError(line.reason)
            fixes.append(_fix(device_key, line.cells, columns))
        except InvalidArgumentError as error:
            refusals.append((path, Refusal(f"{place}{line.place}", error.message)))
    return LocalTrace(np.array(fixes, dtype=LOCAL_FIX), {device_key: name} if fixes else {}, refusals)


def _fix(device_key: int, cells: Mapping[str, str], columns: Mapping[str, str]) -> _Fix:
    label = values.short_text(cells[columns["label"]], _LABEL) if columns["label"] else ""
    if len(label) > LABEL_LENGTH_MAX:
        raise values.refuse(_LABEL, f"longer than {LABEL_LENGTH_MAX} characters")
    return (
        device_key,
        _time_ms(cells["timestamp"]),
        _metres(cells["x"], "x"),
        _metres(cells["y"], "y"),
        accuracy_cm(cells, columns["accuracy"]),
        speed_cm_per_s(cells, columns["speed"]),
        label,
    )


def _metres(text: str, column: str) -> float:
    value = values.number(text, column)
    if abs(value) > limits.TRACE_SPAN_MAX_M:
        raise values.refuse(column, f"outside ±{limits.TRACE_SPAN_MAX_M} metres")
    return value


def _time_ms(text: str) -> int:
    """A time without a zone is taken as UTC: the date is made up, and a zone would not make it true."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise values.refuse("timestamp", "not a time such as 1964-01-12 00:00:05.007") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    value = (moment - _EPOCH) // timedelta(milliseconds=1)
    if moment < _TIME_MIN or value > limits.TIME_MAX_MS:
        raise values.refuse("timestamp", "a time must lie between 1901 and 2100")
    return value
