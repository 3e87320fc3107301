"""Six made-up features in the form of the real Berlin supermarkets; not a test file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

BENT = [[13.40, 52.50], [13.404, 52.50], [13.404, 52.5002], [13.4002, 52.5002], [13.4002, 52.504], [13.40, 52.504],
        [13.40, 52.50]]  # fmt: skip
"""An L whose middle lies outside of it."""
SQUARE = [[13.41, 52.51], [13.4105, 52.51], [13.4105, 52.5103], [13.41, 52.5103], [13.41, 52.51]]


def feature(number: int, kind: str, coordinates: Any, **properties: str) -> dict[str, Any]:
    """One feature with OpenStreetMap's form of an id."""
    return {
        "type": "Feature",
        "id": f"{'way' if kind == 'Polygon' else 'node'}/{number}",
        "properties": {"shop": "supermarket", **properties},
        "geometry": {"type": kind, "coordinates": coordinates},
    }


FEATURES = [
    feature(1, "Polygon", [BENT], name="Bent", opening_hours="Mo-Sa 07:00-21:00; Su,PH off", **{"addr:country": "DE"}),
    feature(2, "Polygon", [SQUARE], name="Square"),
    feature(3, "Point", [13.42, 52.52], name="Comma", opening_hours="Mo-Fr 08:00-20:00 Sa 08:00-18:00"),
    feature(4, "Point", [13.43, 52.53], name="Always", opening_hours="24/7", radius_m="12.5"),
    feature(5, "Point", [13.44, 52.54], opening_hours="Mo-Sa 08:00-20:00", **{"addr:country": "Deutschland"}),
    feature(6, "Point", [13.45, 52.55], name="Dash", opening_hours="PH-1 day 06:00-23:30"),
]


def write_twin(folder: Path) -> Path:
    """The features as a file."""
    path = folder / "twin.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": FEATURES}))
    return path
