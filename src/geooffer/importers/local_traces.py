"""Walks in metres of their own: real movement whose place and date are withheld, as in the GOAL data set.

x is taken as metres east and y as metres north. Every walk has an origin of its own (GOAL's is the walk's centroid),
so how two walks lie to one another is not known, nor where north was. local_files.py reads them; placing.py puts
them on a map.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from geooffer.errors import InvalidArgumentError
from geooffer.importers.rows import Refusal
from geooffer.model.columns import StructArray

LABEL_LENGTH_MAX = 32
LOCAL_FIX = np.dtype(
    [
        ("device_key", "<i8"),
        ("fix_time_ms", "<i8"),  # may lie before 1970
        ("east_m", "<f8"),
        ("north_m", "<f8"),
        ("accuracy_cm", "<i4"),  # 0 = unknown
        ("speed_cm_per_s", "<i4"),  # SPEED_UNKNOWN = not reported
        ("label", f"<U{LABEL_LENGTH_MAX}"),  # what the recorder says she did; "" = nothing
    ]
)


@dataclass(frozen=True, slots=True)
class LocalTrace:
    """Walks in local metres; each is a device of its own."""

    fixes: StructArray  # LOCAL_FIX, shape (n,), in the order of the files
    names: dict[int, str]  # device key → the walk's name, such as "trajectory_0003"
    refusals: list[tuple[Path, Refusal]] = field(default_factory=list)


def join_walks(walks: Sequence[LocalTrace]) -> LocalTrace:
    """All walks as one; none gives no fix. Raises InvalidArgumentError for a name that comes twice: it would be one
    device at two places.
    """
    counts = Counter(name for walk in walks for name in walk.names.values())
    if counts and counts.most_common(1)[0][1] > 1:
        raise InvalidArgumentError(f"two walks are called {counts.most_common(1)[0][0]}")
    return LocalTrace(
        np.concatenate([np.empty(0, dtype=LOCAL_FIX), *(walk.fixes for walk in walks)]),
        {key: name for walk in walks for key, name in walk.names.items()},
        [refusal for walk in walks for refusal in walk.refusals],
    )


def select_walks(trace: LocalTrace, wanted: Sequence[str]) -> LocalTrace:
    """The walks that any of `wanted` names: the number at the end of a name, a range of numbers (`3`, `10-19`), or a
    label that every fix of the walk has. Raises InvalidArgumentError where one names no walk.
    """
    chosen: set[int] = set()
    for wish in wanted:
        numbers = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", wish)
        if numbers:
            low, high = int(numbers[1]), int(numbers[2] or numbers[1])
            found = {key for key, name in trace.names.items() if low <= _number(name) <= high}
        else:
            is_labelled = trace.fixes["label"] == wish
            keys = trace.fixes["device_key"]
            found = set(keys[is_labelled].tolist()) - set(keys[~is_labelled].tolist())
        if not found:
            labels = ", ".join(sorted(set(trace.fixes["label"].tolist()) - {""})) or "none"
            rule = f"no walk has that number, or no label but that one (labels here: {labels})"
            raise InvalidArgumentError(f"--select {wish[:LABEL_LENGTH_MAX]}: {rule}", field="select")
        chosen |= found
    rows = np.isin(trace.fixes["device_key"], list(chosen))
    names = {key: name for key, name in trace.names.items() if key in chosen}
    return replace(trace, fixes=trace.fixes[rows], names=names)


def _number(name: str) -> int:
    digits = re.search(r"[0-9]{1,9}$", name)
    return int(digits[0]) if digits else -1
