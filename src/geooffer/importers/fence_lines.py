"""A fence from the cells of a line, or from the properties of a feature: its shape, and what is said about it.

Columns of a CSV file: `geofence_id`; its shape as `latitude`, `longitude` and `radius_m` (a circle), or as `wkt`
(POLYGON, MULTIPOLYGON, or POINT with `radius_m`); and SETTINGS, which GeoJSON has as properties of the same names.
"""

from __future__ import annotations

from geooffer.engine import shapes
from geooffer.importers import values
from geooffer.importers.cells import Cells, optional_id
from geooffer.importers.wkt import read_wkt
from geooffer.model import limits, units
from geooffer.model.catalog import Geofence
from geooffer.model.shapes import Shape

SETTINGS = (
    "store_id",
    "name",
    "dwell_s",
    "valid_from_time",
    "valid_until_time",
    "enter_fix_count",
    "exit_fix_count",
    "inside_accuracy_m",
    "outside_margin_m",
)
"""Each may be missing: then the policy's holds, or nothing."""
SHAPE_COLUMNS = ("latitude", "longitude", "radius_m", "wkt")


def fence_of(fence_id: str, shape: Shape, cells: Cells) -> Geofence:
    """A fence with the settings of these cells; a column that lacks is as good as an empty cell.

    Raises InvalidArgumentError naming the column.
    """
    valid_from_ms, valid_until_ms = _time_ms(cells, "valid_from_time"), _time_ms(cells, "valid_until_time")
    if valid_until_ms and valid_until_ms <= valid_from_ms:
        raise values.refuse("valid_until_time", "is not after valid_from_time")
    dwell_s = cells.get("dwell_s", "")
    return Geofence(
        geofence_id=fence_id,
        shape=shape,
        store_id=optional_id(cells, "store_id"),
        name=values.short_text(cells.get("name", ""), "name"),
        dwell_ms=values.seconds_as_ms(dwell_s, "dwell_s", limits.FENCE_DWELL_MAX_MS // 1000) if dwell_s else 0,
        valid_from_ms=valid_from_ms,
        valid_until_ms=valid_until_ms,
        enter_fix_count=_fix_count(cells, "enter_fix_count"),
        exit_fix_count=_fix_count(cells, "exit_fix_count"),
        inside_accuracy_cm=_metres_as_cm(cells, "inside_accuracy_m", limits.FENCE_INSIDE_ACCURACY_MAX_CM),
        outside_margin_cm=_metres_as_cm(cells, "outside_margin_m", limits.FENCE_OUTSIDE_MARGIN_MAX_CM),
    )


def _time_ms(cells: Cells, column: str) -> int:
    text = cells.get(column, "")
    return values.time_ms(text, column) if text else 0


def _fix_count(cells: Cells, column: str) -> int:
    text = cells.get(column, "")
    return values.integer(text, column, 0, limits.FENCE_FIX_COUNT_MAX) if text else 0


def _metres_as_cm(cells: Cells, column: str, high_cm: int) -> int:
    text = cells.get(column, "")
    value = units.metres_to_cm(values.number(text, column)) if text else 0
    if not 0 <= value <= high_cm:
        raise values.refuse(column, f"outside 0..{high_cm // 100} metres")
    return value


def read_fence(line: Cells) -> Geofence:
    """A line of a table, without any mending."""
    return read_fence_line(line, repair=False)[0]


def read_fence_line(line: Cells, *, repair: bool) -> tuple[Geofence, str]:
    """A line of a table and what was mended ('' = nothing). Raises InvalidArgumentError, InvalidShapeError."""
    shape, note = shape_of_line(line, repair=repair)
    return fence_of(values.identifier(line["geofence_id"], "geofence_id"), shape, line), note


def shape_of_line(line: Cells, *, repair: bool) -> tuple[Shape, str]:
    """The shape of SHAPE_COLUMNS and what was mended. Raises InvalidArgumentError, InvalidShapeError."""
    text = line.get("wkt", "")
    if not text:
        missing = [name for name in SHAPE_COLUMNS[:3] if not line.get(name)]
        if missing:
            raise values.refuse(missing[0], "is missing (a fence has latitude, longitude and radius_m, or wkt)")
        centre = values.latitude_e7(line["latitude"]), values.longitude_e7(line["longitude"])
        return _circle(centre, line["radius_m"]), ""
    doubled = [name for name in SHAPE_COLUMNS[:2] if line.get(name)]
    if doubled:
        raise values.refuse(doubled[0], "stands beside wkt; a fence has one shape")
    parts, point = read_wkt(text)
    if point is None:
        if line.get("radius_m"):
            raise values.refuse("radius_m", "stands beside a polygon in wkt; only a point has a radius")
        return shapes.polygon_from_lonlat(parts, repair=repair)
    if not line.get("radius_m"):
        raise values.refuse("radius_m", "is missing, and wkt is a point")
    return _circle(values.place_e7(*point), line["radius_m"]), ""


def _circle(centre: tuple[int, int], radius_m: str) -> Shape:
    return shapes.circle(*centre, units.metres_to_cm(values.number(radius_m, "radius_m")))
