"""Well-known text (OGC 06-103r4) as the rings of a polygon, or as a point. Longitude comes first, as x does.

GEOS reads the numbers. Its polygons must be closed, though, and a ring that is not is to be refused with its place, or
mended: so a polygon is read as the lines of its rings, which may be open. An altitude is dropped.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import shapely

from geooffer.errors import InvalidArgumentError
from geooffer.importers.features import Ring

_FORM = re.compile(
    r"(?:SRID\s*=\s*(?P<srid>[0-9]+)\s*;\s*)?(?P<kind>[A-Z]+?)\s*(?P<axes>ZM|Z|M)?\s*(?P<body>\(.*\))", re.DOTALL
)
_WGS84 = "4326"
_RINGS_BEGIN = re.compile(r"\(\s*\(")
_WANTED = "not POLYGON, MULTIPOLYGON or POINT in well-known text, longitude before latitude"


def read_wkt(text: str) -> tuple[list[list[Ring]], tuple[float, float] | None]:
    """(parts, point) in degrees: parts with rings of (longitude, latitude), or () and a (longitude, latitude).

    Raises InvalidArgumentError where the text is neither.
    """
    form = _FORM.fullmatch(text.strip().upper())
    if form is None or form["kind"] not in ("POLYGON", "MULTIPOLYGON", "POINT"):
        raise _unread()
    if form["srid"] not in (None, _WGS84):
        raise InvalidArgumentError("wkt: its SRID is not 4326 (WGS84)", field="wkt")
    axes, body = form["axes"] or "", form["body"]
    if form["kind"] == "POINT":
        found = _read(f"POINT {axes} {body}")
        if found.is_empty:
            raise _unread()
        return [], (found.x, found.y)
    if form["kind"] == "POLYGON":
        lines = [_read(f"MULTILINESTRING {axes} {body}")]
    else:
        parts = _RINGS_BEGIN.sub(f"MULTILINESTRING {axes} ((", body[1:-1])
        lines = list(shapely.get_parts(_read(f"GEOMETRYCOLLECTION {axes} ({parts})")))
    return [[_ring(line) for line in shapely.get_parts(part)] for part in lines], None


def _read(text: str) -> Any:
    try:
        with np.errstate(all="ignore"):  # of a number that is too large GEOS makes infinity, which is refused later
            return shapely.from_wkt(text)
    except shapely.errors.GEOSException:
        # its message quotes the text, and so coordinates
        raise _unread() from None


def _ring(line: Any) -> Ring:
    return [(float(x), float(y)) for x, y in shapely.get_coordinates(line)]


def _unread() -> InvalidArgumentError:
    return InvalidArgumentError(f"wkt: {_WANTED}", field="wkt")
