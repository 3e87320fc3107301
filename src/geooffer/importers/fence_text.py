"""Fences as GeoJSON and as CSV that import reads back bit for bit, and that are the same bytes for the same fences.

A part over the antimeridian is written unsplit, its vertices in ±180° and two edges of more than 180° (semantics G6):
cut in two, as RFC 7946 advises, it would not come back as the shape it was.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from geooffer.importers.exact_text import decimal_text, degrees_text
from geooffer.importers.fence_lines import SETTINGS, SHAPE_COLUMNS
from geooffer.model import limits
from geooffer.model.catalog import Geofence
from geooffer.model.shapes import Circle, Part
from geooffer.model.units import format_time_ms

_TEXTS = ("store_id", "name", "valid_from_time", "valid_until_time")
_TURN_E7 = 2 * limits.LONGITUDE_MAX_E7


def settings_of(fence: Geofence) -> dict[str, str]:
    """The cells of SETTINGS; '' = not set."""
    cells = {
        "store_id": fence.store_id,
        "name": fence.name,
        "dwell_s": decimal_text(fence.dwell_ms, 3) if fence.dwell_ms else "",
        "valid_from_time": format_time_ms(fence.valid_from_ms) if fence.valid_from_ms else "",
        "valid_until_time": format_time_ms(fence.valid_until_ms) if fence.valid_until_ms else "",
        "enter_fix_count": str(fence.enter_fix_count or ""),
        "exit_fix_count": str(fence.exit_fix_count or ""),
        "inside_accuracy_m": decimal_text(fence.inside_accuracy_cm, 2) if fence.inside_accuracy_cm else "",
        "outside_margin_m": decimal_text(fence.outside_margin_cm, 2) if fence.outside_margin_cm else "",
    }
    assert tuple(cells) == SETTINGS
    return cells


def crosses_antimeridian(fence: Geofence) -> bool:
    """Whether a part of it runs past +180° in its own frame."""
    if isinstance(fence.shape, Circle):
        return False
    return any(int(part.ring(0)[:, 1].max()) > limits.LONGITUDE_MAX_E7 for part in fence.shape.parts)


def fences_geojson(fences: Iterable[Geofence]) -> Iterator[str]:
    """A FeatureCollection by id, a feature a line."""
    yield '{"type": "FeatureCollection", "features": ['
    separator = "\n"
    for fence in sorted(fences, key=lambda fence: fence.geofence_id):
        members = [f"{json.dumps(name)}: {_json(name, cell)}" for name, cell in settings_of(fence).items() if cell]
        if isinstance(fence.shape, Circle):
            members.insert(0, f'"radius_m": {decimal_text(fence.shape.radius_cm, 2)}')
        yield (
            f'{separator}{{"type": "Feature", "id": {json.dumps(fence.geofence_id)}, '
            f'"properties": {{{", ".join(members)}}}, "geometry": {_geometry(fence)}}}'
        )
        separator = ",\n"
    yield "\n]}\n"


def fences_csv(fences: Iterable[Geofence]) -> Iterator[str]:
    """A table by id: circles by centre and radius, polygons as well-known text."""
    yield _line(["geofence_id", *SHAPE_COLUMNS, *SETTINGS])
    for fence in sorted(fences, key=lambda fence: fence.geofence_id):
        if isinstance(fence.shape, Circle):
            centre = degrees_text(fence.shape.latitude_e7), degrees_text(fence.shape.longitude_e7)
            shape = [*centre, decimal_text(fence.shape.radius_cm, 2), ""]
        else:
            shape = ["", "", "", _well_known_text(fence.shape.parts)]
        yield _line([fence.geofence_id, *shape, *settings_of(fence).values()])


def _json(name: str, cell: str) -> str:
    return json.dumps(cell, ensure_ascii=False) if name in _TEXTS else cell


def _geometry(fence: Geofence) -> str:
    if isinstance(fence.shape, Circle):
        place = degrees_text(fence.shape.longitude_e7), degrees_text(fence.shape.latitude_e7)
        return f'{{"type": "Point", "coordinates": [{place[0]}, {place[1]}]}}'
    parts = [
        "[" + ", ".join(f"[{', '.join(f'[{x}, {y}]' for x, y in ring)}]" for ring in _rings(part)) + "]"
        for part in fence.shape.parts
    ]
    if len(parts) == 1:
        return f'{{"type": "Polygon", "coordinates": {parts[0]}}}'
    return f'{{"type": "MultiPolygon", "coordinates": [{", ".join(parts)}]}}'


def _well_known_text(parts: Iterable[Part]) -> str:
    texts = [
        "(" + ", ".join(f"({', '.join(f'{x} {y}' for x, y in ring)})" for ring in _rings(part)) + ")" for part in parts
    ]
    return f"POLYGON {texts[0]}" if len(texts) == 1 else f"MULTIPOLYGON ({', '.join(texts)})"


def _rings(part: Part) -> Iterator[list[tuple[str, str]]]:
    """Closed rings as (longitude, latitude)."""
    for index in range(len(part.rings)):
        vertices = part.ring(index).tolist()
        yield [
            (degrees_text(x - _TURN_E7 if x > limits.LONGITUDE_MAX_E7 else x), degrees_text(y))
            for y, x in [*vertices, vertices[0]]
        ]


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
