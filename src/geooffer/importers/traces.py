"""Recorded walks: CSV with a line per fix, as phones and trackintel export them.

Columns (others are ignored, exports are full of them): `user_id` or `device_key`, `tracked_at` or `fix_time`
(RFC 3339 with a zone), `latitude`, `longitude`, and optionally `accuracy` (metres, 68 % radius; empty =
unknown). The fixes of all files are brought into one order by (fix time, device), because the service takes
rows as they come (semantics T2); `was_sorted` says whether that changed anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from geooffer.errors import InvalidArgumentError
from geooffer.importers import values
from geooffer.importers.files import read_csv
from geooffer.importers.rows import Refusal
from geooffer.model import keys, limits, units
from geooffer.model.columns import Int32Array, Int64Array

_COLUMNS = {
    "device": ("user_id", "device_key"),
    "time": ("tracked_at", "fix_time"),
    "latitude": ("latitude",),
    "longitude": ("longitude",),
}
_ACCURACY = ("accuracy", "accuracy_m")


@dataclass(frozen=True, slots=True)
class Trace:
    """Fixes as columns of one length n, ascending by (fix time, device key)."""

    device_keys: Int64Array
    fix_times_ms: Int64Array
    latitudes_e7: Int32Array
    longitudes_e7: Int32Array
    accuracies_cm: Int32Array  # 0 = unknown
    was_sorted: bool
    refusals: list[tuple[Path, Refusal]] = field(default_factory=list)

    @property
    def fix_count(self) -> int:
        """n."""
        return len(self.device_keys)


def read_traces(paths: Sequence[Path]) -> Trace:
    """The fixes of all files. Raises InvalidArgumentError for a file that is no trace, or where no fix is
    left.
    """
    fixes: list[tuple[int, int, int, int, int]] = []
    refusals: list[tuple[Path, Refusal]] = []
    for path in paths:
        _read_file(path, fixes, refusals)
    if not fixes:
        first = f": {refusals[0][1].place}: {refusals[0][1].reason}" if refusals else ""
        raise InvalidArgumentError(f"{paths[0] if paths else 'no file'}: holds no usable fix{first}")
    table = np.array(fixes, dtype=np.int64)
    order = np.lexsort((table[:, 1], table[:, 0]))
    was_sorted = bool(np.array_equal(order, np.arange(len(order))))
    table = table[order]
    return Trace(
        device_keys=np.ascontiguousarray(table[:, 1]),
        fix_times_ms=np.ascontiguousarray(table[:, 0]),
        latitudes_e7=table[:, 2].astype(np.int32),
        longitudes_e7=table[:, 3].astype(np.int32),
        accuracies_cm=table[:, 4].astype(np.int32),
        was_sorted=was_sorted,
        refusals=refusals,
    )


def _read_file(path: Path, fixes: list[tuple[int, int, int, int, int]], refusals: list[tuple[Path, Refusal]]) -> None:
    content = read_csv(path)
    names = {}
    for meaning, candidates in _COLUMNS.items():
        found = [name for name in candidates if name in content.columns]
        if not found:
            wanted = "; ".join(" or ".join(column) for column in (*_COLUMNS.values(), _ACCURACY))
            raise InvalidArgumentError(
                f"{path}: missing column {' or '.join(candidates)} (a trace has {wanted}, the last optional)"
            )
        names[meaning] = found[0]
    names["accuracy"] = next((name for name in _ACCURACY if name in content.columns), "")
    for line in content.lines:
        if line.cells is None:
            refusals.append((path, Refusal(line.place, line.reason)))
            continue
        try:
            fixes.append(_fix(line.cells, names))
        except InvalidArgumentError as error:
            refusals.append((path, Refusal(line.place, error.message)))


def _fix(cells: Mapping[str, str], names: Mapping[str, str]) -> tuple[int, int, int, int, int]:
    device = cells[names["device"]]
    if not device:
        raise values.refuse(names["device"], "is missing")
    accuracy = cells[names["accuracy"]] if names["accuracy"] else ""
    return (
        values.time_ms(cells[names["time"]], names["time"]),
        keys.device_key(device),
        values.latitude_e7(cells[names["latitude"]]),
        values.longitude_e7(cells[names["longitude"]]),
        _accuracy_cm(accuracy, names["accuracy"]) if accuracy else 0,
    )


def _accuracy_cm(text: str, column: str) -> int:
    value = units.metres_to_cm(values.number(text, column))
    if not 0 <= value <= limits.ACCURACY_MAX_CM:
        raise values.refuse(column, f"outside 0..{limits.ACCURACY_MAX_CM // 100} metres")
    return value
