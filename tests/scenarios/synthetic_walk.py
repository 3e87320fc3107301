"""The synthetic twin of the Zürich walk: nine crooked quarters, one of them invalid, and a walk across them.

It has what the real one has: newest fix first, coarse fixes, long silences, and borders walked along and crossed.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

WEST, SOUTH = 8.50, 47.36
QUARTER_DEGREES = 0.012


def write_areas(folder: Path) -> Path:
    """A GeoJSON of 3 × 3 quarters that share crooked borders; the last has a spike, so it needs repair."""
    rng = np.random.default_rng(11)
    corners = np.stack(np.meshgrid(np.arange(4.0), np.arange(4.0), indexing="ij"), axis=2)
    corners = (corners + rng.uniform(-0.2, 0.2, corners.shape)) * QUARTER_DEGREES + (WEST, SOUTH)
    features = []
    for column in range(3):
        for row in range(3):
            ring = [
                corners[column, row],
                corners[column + 1, row],
                corners[column + 1, row + 1],
                corners[column, row + 1],
            ]
            if (column, row) == (2, 2):
                ring.insert(2, ring[2] + (0.004, 0.004))
                ring.insert(2, ring[3])
            closed = [[round(float(x), 7), round(float(y), 7)] for x, y in [*ring, ring[0]]]
            features.append(
                {
                    "type": "Feature",
                    "properties": {"name": f"Quarter {column}{row}"},
                    "geometry": {"type": "Polygon", "coordinates": [closed]},
                }
            )
    path = folder / "quarters.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def write_trace(folder: Path) -> Path:
    """240 fixes a minute apart, newest first: there and back across the town, with noise and two silences."""
    rng = np.random.default_rng(12)
    count = 240
    along = np.concatenate([np.linspace(0.1, 2.9, count // 2), np.linspace(2.9, 0.1, count // 2)])
    x = WEST + along * QUARTER_DEGREES + rng.normal(0, 0.0004, count)
    y = SOUTH + (1.5 + 1.2 * np.sin(along * 2.1)) * QUARTER_DEGREES + rng.normal(0, 0.0003, count)
    accuracy = np.where(rng.random(count) < 0.3, rng.uniform(101, 900, count), rng.uniform(10, 90, count))
    minutes = np.arange(count) + np.where(np.arange(count) >= 70, 40, 0) + np.where(np.arange(count) >= 160, 16, 0)
    start = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
    lines = ["user_id;tracked_at;latitude;longitude;elevation;accuracy"]
    for index in reversed(range(count)):
        moment = (start + timedelta(minutes=int(minutes[index]))).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines.append(f"1;{moment};{y[index]:.7f};{x[index]:.7f};0;{accuracy[index]:.0f}")
    path = folder / "walk.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
