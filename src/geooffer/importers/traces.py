"""Recorded walks: CSV with a line per fix, as phones and trackintel export them.

Columns (others are ignored, exports are full of them): `user_id` or `device_key`, `tracked_at` or `fix_time`
(RFC 3339 with a zone), `latitude`, `longitude`, and optionally `accuracy` (metres, 68 % radius; empty =
unknown) and `speed` (metres per second as the phone measured it; empty = not reported). The fixes of all files
are brought into one order by (fix time, device), because the service takes rows as they come (semantics T2);
`was_sorted` says whether that changed anything. Traces in local metres are local_traces.py's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geooffer.errors import InvalidArgumentError
from geooffer.importers import values
from geooffer.importers.files import CsvTable, read_csv
from geooffer.importers.rows import Refusal
from geooffer.model import keys, limits, units
from geooffer.model.columns import Int32Array, Int64Array

SPEED_UNKNOWN = -1
LabelArray = npt.NDArray[np.str_]

_COLUMNS = {
    "device": ("user_id", "device_key"),
    "time": ("tracked_at", "fix_time"),
    "latitude": ("latitude",),
    "longitude": ("longitude",),
}
_ACCURACY = ("accuracy", "accuracy_m")
_SPEED = ("speed", "speed_m_per_s")

_Fix = tuple[int, int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Trace:
    """Fixes as columns of one length n; from read_traces and merge_traces ascending by (fix time, device key)."""

    device_keys: Int64Array
    fix_times_ms: Int64Array
    latitudes_e7: Int32Array
    longitudes_e7: Int32Array
    accuracies_cm: Int32Array  # 0 = unknown
    speeds_cm_per_s: Int32Array  # SPEED_UNKNOWN = not reported
    labels: LabelArray  # what the recorder says she did, such as "OnFoot"; "" = nothing
    was_sorted: bool
    refusals: list[tuple[Path, Refusal]] = field(default_factory=list)

    @property
    def fix_count(self) -> int:
        """n."""
        return len(self.device_keys)

    @property
    def device_count(self) -> int:
        """How many devices the fixes are of."""
        return len(np.unique(self.device_keys))


def read_traces(paths: Sequence[Path]) -> Trace:
    """The fixes of all files. Raises InvalidArgumentError for a file that is no trace, or where no fix is
    left.
    """
    return merge_traces([trace_of_table(path, read_csv(path)) for path in paths], paths)


def trace_of_table(path: Path, content: CsvTable) -> Trace:
    """The fixes of one CSV file, maybe none. Raises InvalidArgumentError where a column is missing."""
    fixes: list[_Fix] = []
    refusals: list[tuple[Path, Refusal]] = []
    names = _column_names(path, content)
    for line in content.lines:
        if line.cells is None:
            refusals.append((path, Refusal(line.place, line.reason)))
            continue
        try:
            fixes.append(_fix(line.cells, names))
        except InvalidArgumentError as error:
            refusals.append((path, Refusal(line.place, error.message)))
    return trace_of_fixes(fixes, refusals)


def trace_of_fixes(fixes: Sequence[_Fix], refusals: list[tuple[Path, Refusal]]) -> Trace:
    """Fixes without labels, in their own order: (time, device key, latitude, longitude, accuracy, speed) each."""
    table = np.array(fixes, dtype=np.int64).reshape(len(fixes), 6)
    return Trace(
        device_keys=table[:, 1],
        fix_times_ms=table[:, 0],
        latitudes_e7=table[:, 2].astype(np.int32),
        longitudes_e7=table[:, 3].astype(np.int32),
        accuracies_cm=table[:, 4].astype(np.int32),
        speeds_cm_per_s=table[:, 5].astype(np.int32),
        labels=np.full(len(fixes), "", dtype=np.str_),
        was_sorted=False,
        refusals=refusals,
    )


def merge_traces(traces: Sequence[Trace], paths: Sequence[Path]) -> Trace:
    """All fixes in one order. The traces' own order is what `was_sorted` is judged by; `paths` name them in errors.

    Raises InvalidArgumentError where no fix is left.
    """
    refusals = [refusal for trace in traces for refusal in trace.refusals]
    if not any(trace.fix_count for trace in traces):
        first = f": {refusals[0][1].place}: {refusals[0][1].reason}" if refusals else ""
        raise InvalidArgumentError(f"{paths[0] if paths else 'no file'}: holds no usable fix{first}")
    device_keys = np.concatenate([trace.device_keys for trace in traces])
    fix_times_ms = np.concatenate([trace.fix_times_ms for trace in traces])
    order = np.lexsort((device_keys, fix_times_ms))
    return Trace(
        device_keys=device_keys[order],
        fix_times_ms=fix_times_ms[order],
        latitudes_e7=np.concatenate([trace.latitudes_e7 for trace in traces])[order],
        longitudes_e7=np.concatenate([trace.longitudes_e7 for trace in traces])[order],
        accuracies_cm=np.concatenate([trace.accuracies_cm for trace in traces])[order],
        speeds_cm_per_s=np.concatenate([trace.speeds_cm_per_s for trace in traces])[order],
        labels=np.concatenate([trace.labels for trace in traces])[order],
        was_sorted=bool(np.array_equal(order, np.arange(len(order)))),
        refusals=refusals,
    )


def _column_names(path: Path, content: CsvTable) -> dict[str, str]:
    names = {}
    for meaning, candidates in _COLUMNS.items():
        found = [name for name in candidates if name in content.columns]
        if not found:
            wanted = "; ".join(" or ".join(column) for column in (*_COLUMNS.values(), _ACCURACY, _SPEED))
            raise InvalidArgumentError(
                f"{path}: missing column {' or '.join(candidates)} (a trace has {wanted}, the last two optional)"
            )
        names[meaning] = found[0]
    return names | optional_columns(content)


def optional_columns(content: CsvTable) -> dict[str, str]:
    """The names of the columns of accuracy and speed; '' where there is none."""
    return {
        "accuracy": next((name for name in _ACCURACY if name in content.columns), ""),
        "speed": next((name for name in _SPEED if name in content.columns), ""),
    }


def _fix(cells: Mapping[str, str], names: Mapping[str, str]) -> _Fix:
    device = cells[names["device"]]
    if not device:
        raise values.refuse(names["device"], "is missing")
    return (
        values.time_ms(cells[names["time"]], names["time"]),
        keys.device_key(device),
        values.latitude_e7(cells[names["latitude"]]),
        values.longitude_e7(cells[names["longitude"]]),
        accuracy_cm(cells, names["accuracy"]),
        speed_cm_per_s(cells, names["speed"]),
    )


def accuracy_cm(cells: Mapping[str, str], column: str) -> int:
    """The accuracy of a line, 0 where it has none. Raises InvalidArgumentError."""
    if not column or not cells[column]:
        return 0
    value = units.metres_to_cm(values.number(cells[column], column))
    if not 0 <= value <= limits.ACCURACY_MAX_CM:
        raise values.refuse(column, f"outside 0..{limits.ACCURACY_MAX_CM // 100} metres")
    return value


def speed_cm_per_s(cells: Mapping[str, str], column: str) -> int:
    """The speed that a line reports, SPEED_UNKNOWN where it has none. Raises InvalidArgumentError."""
    if not column or not cells[column]:
        return SPEED_UNKNOWN
    value = units.metres_to_cm(values.number(cells[column], column))
    if not 0 <= value <= limits.TRACE_SPEED_MAX_CM_PER_S:
        raise values.refuse(column, f"outside 0..{limits.TRACE_SPEED_MAX_CM_PER_S // 100} metres per second")
    return value
