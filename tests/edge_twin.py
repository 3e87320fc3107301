"""The synthetic twin of the Zürich phone's evening: somebody walks to the edge between two quarters and sits there, and
her phone's place hops between one some 20 m to the west and one some 20 m to the east of it, minute by minute.

Newest fix first, some fixes too coarse, as in the recording. Seeded; nobody's.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

EDGE, SOUTH = 8.55, 47.37
QUARTER_DEGREES = 0.01
M_PER_DEGREE_EAST, M_PER_DEGREE = 75_300.0, 111_195.0
WALK_COUNT, SIT_COUNT = 30, 150


def write_quarters(folder: Path) -> Path:
    """West and East, which share an edge."""
    features = []
    for name, west in (("West", EDGE - QUARTER_DEGREES), ("East", EDGE)):
        x, y = west, SOUTH
        ring = [[x, y], [x + QUARTER_DEGREES, y], [x + QUARTER_DEGREES, y + QUARTER_DEGREES], [x, y + QUARTER_DEGREES]]
        features.append(
            {
                "type": "Feature",
                "id": name.lower(),
                "properties": {"name": name},
                "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
            }
        )
    path = folder / "quarters.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def write_evening(folder: Path) -> Path:
    """30 minutes of walking east through West, then 150 of sitting at the edge."""
    rng = np.random.default_rng(31)
    walk_m = np.linspace(-500, -20, WALK_COUNT) + rng.normal(0, 5, WALK_COUNT)
    hop_m = rng.choice([-20.0, 20.0], SIT_COUNT) + rng.normal(0, 3, SIT_COUNT)
    east_m = np.concatenate([walk_m, hop_m])
    north_m = rng.normal(300, 5, len(east_m))
    accuracy = np.where(
        rng.random(len(east_m)) < 0.3, rng.uniform(101, 900, len(east_m)), rng.uniform(25, 45, len(east_m))
    )
    start = datetime(2026, 3, 3, 18, 0, tzinfo=UTC)
    lines = ["user_id;tracked_at;latitude;longitude;elevation;accuracy"]
    for index in reversed(range(len(east_m))):
        moment = (start + timedelta(minutes=index)).strftime("%Y-%m-%dT%H:%M:%SZ")
        latitude = SOUTH + float(north_m[index]) / M_PER_DEGREE
        longitude = EDGE + float(east_m[index]) / M_PER_DEGREE_EAST
        lines.append(f"1;{moment};{latitude:.7f};{longitude:.7f};0;{accuracy[index]:.0f}")
    path = folder / "evening.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
