"""A small archive in the form of the GOAL data set, for machines that have none of it: its synthetic twin.

Three walkers and two drivers, 40 fixes each about 5 s apart. Driver 4 parks in the middle and walks about, so that
its labels change as GOAL's do. Walkers go at 1.2 m/s, drivers at 13 m/s; a driver's first label is at standstill.
"""

from __future__ import annotations

import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

FIX_COUNT = 40
WALKER_COUNT = 3
DRIVER_COUNT = 2
NAMES = tuple(f"trajectory_{number:04}" for number in range(WALKER_COUNT + DRIVER_COUNT))
WALK_M_PER_S, DRIVE_M_PER_S = 1.2, 13.0


def write_twin(folder: Path) -> Path:
    """The archive as a file; walks are centred on their centroids, times start in 1964, as GOAL's."""
    rng = np.random.default_rng(21)
    path = folder / "goal.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, name in enumerate(NAMES):
            archive.writestr(f"data_anon/{name}.csv", _walk(number, rng))
        archive.writestr("data_anon/LICENSE", "not a walk")
    return path


def labels_of(number: int) -> list[str]:
    """The label of each fix of walk `number`."""
    if number < WALKER_COUNT:
        return ["OnFoot"] * FIX_COUNT
    if number == WALKER_COUNT:
        return ["Driving"] * FIX_COUNT
    return ["Driving"] * 15 + ["OnFoot"] * 10 + ["Driving"] * 15


def _walk(number: int, rng: np.random.Generator) -> str:
    labels = labels_of(number)
    speeds = np.array([DRIVE_M_PER_S if label == "Driving" else WALK_M_PER_S for label in labels])
    speeds[0] = 0.0
    seconds = np.round(5.0 + rng.uniform(-0.02, 0.02, FIX_COUNT), 6)
    heading = number + np.cumsum(rng.normal(0, 0.05, FIX_COUNT))
    steps = np.stack([np.cos(heading), np.sin(heading)]) * speeds * seconds
    x, y = np.cumsum(steps, axis=1)
    x, y = x - x.mean(), y - y.mean()
    start = datetime(1964, 1, 12)
    times = [start + timedelta(seconds=float(s)) for s in np.cumsum(seconds) - seconds[0]]
    lines = [
        f"{time.isoformat(' ', 'microseconds') + '001' if index else time.isoformat(' ')},{x[index]},{y[index]},{label}"
        for index, (time, label) in enumerate(zip(times, labels, strict=True))
    ]
    return "\n".join(["timestamp,x,y,groundtruth", *lines, ""])
