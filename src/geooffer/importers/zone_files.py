"""Exclusion zones from GeoJSON and CSV, read as fences are (importers/geojson.py, importers/tables.py).

A zone is a Polygon, a MultiPolygon, or a Point with a radius. Its properties or columns: `category` (a name of
ZoneCategory), else what OpenStreetMap's tags say of it, else the caller's; `buffer_m`, else the caller's; `name`;
`valid_from_time` and `valid_until_time` (RFC 3339). Its id: the property the caller names, else the feature's own id,
else the property `zone_id` or `id`, else its name made into a legal id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from geooffer.engine import shapes
from geooffer.errors import InvalidArgumentError
from geooffer.importers import values
from geooffer.importers.cells import Cells
from geooffer.importers.csv_files import read_table
from geooffer.importers.features import Feature, text_of
from geooffer.importers.files import is_csv
from geooffer.importers.geojson import feature_id, read_each, shape_of
from geooffer.importers.rows import Import, TakenIds
from geooffer.importers.tables import Item, Table
from geooffer.model import limits, units
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.shapes import Shape

CATEGORY_NAMES = tuple(category.name.lower() for category in ZoneCategory)
#: key and value of OpenStreetMap → what it is here; an officer's own `category` goes before
MAPPED: Mapping[tuple[str, str], ZoneCategory] = {
    ("amenity", "clinic"): ZoneCategory.CLINIC,
    ("amenity", "doctors"): ZoneCategory.CLINIC,
    ("amenity", "hospital"): ZoneCategory.CLINIC,
    ("amenity", "dentist"): ZoneCategory.CLINIC,
    ("amenity", "nursing_home"): ZoneCategory.CLINIC,
    ("healthcare", "hospital"): ZoneCategory.CLINIC,
    ("healthcare", "clinic"): ZoneCategory.CLINIC,
    ("healthcare", "doctor"): ZoneCategory.CLINIC,
    ("healthcare", "hospice"): ZoneCategory.CLINIC,
    ("amenity", "place_of_worship"): ZoneCategory.WORSHIP,
    ("amenity", "monastery"): ZoneCategory.WORSHIP,
    # amenity=shelter is a roof against rain: a bus stop
    ("social_facility", "shelter"): ZoneCategory.SHELTER,
    ("amenity", "refugee_site"): ZoneCategory.SHELTER,
    ("social_facility", "outreach"): ZoneCategory.COUNSELLING,
    ("healthcare", "counselling"): ZoneCategory.COUNSELLING,
    ("healthcare", "psychotherapist"): ZoneCategory.COUNSELLING,
    ("amenity", "school"): ZoneCategory.SCHOOL,
    ("amenity", "kindergarten"): ZoneCategory.CHILDCARE,
    ("amenity", "childcare"): ZoneCategory.CHILDCARE,
    ("amenity", "prison"): ZoneCategory.PRISON,
    ("office", "union"): ZoneCategory.UNION,
    ("office", "political_party"): ZoneCategory.POLITICAL,
    ("amenity", "police"): ZoneCategory.AUTHORITY,
    ("amenity", "courthouse"): ZoneCategory.AUTHORITY,
}
_REQUIRED = ("zone_id", "latitude", "longitude", "radius_m")
_OPTIONAL = ("category", "buffer_m", "name", "valid_from_time", "valid_until_time")


@dataclass(frozen=True, slots=True)
class ZoneDefaults:
    """What rows that do not say it themselves are given."""

    category: str = ""
    """'' = every row has to say."""
    buffer_m: float = 0.0
    radius_m: float | None = None
    """Of GeoJSON Points; None = each has to say."""


def read_zones(
    path: Path,
    defaults: ZoneDefaults = ZoneDefaults(),
    *,
    repair: bool = False,
    id_property: str = "",
    taken: TakenIds | None = None,
) -> Import[ExclusionZone]:
    """The zones of a file; a `.csv` is a table, everything else GeoJSON. Raises InvalidArgumentError."""
    if is_csv(path):
        table = Table(_REQUIRED, _OPTIONAL, lambda line: _of_line(line, defaults), _zone_id)
        return read_table(path, "zones", taken=taken, table=table)  # type: ignore[return-value]

    def id_of(feature: Feature) -> str:
        return feature_id(feature, id_property, "zone_id")

    def convert(feature: Feature) -> tuple[ExclusionZone, str]:
        zone_id = id_of(feature)
        shape, note = shape_of(feature, repair, defaults.radius_m)
        cells = {name: text_of(feature.properties.get(name)) for name in _OPTIONAL}
        if not cells["category"]:
            cells["category"] = _mapped(feature)
        return _zone(zone_id, shape, cells, defaults), note

    return read_each(path, taken or TakenIds(), convert, id_of)


def _zone_id(item: Item) -> str:
    assert isinstance(item, ExclusionZone)
    return item.zone_id


def _mapped(feature: Feature) -> str:
    """The category's name, '' where the map data says nothing that is known."""
    for (key, value), category in MAPPED.items():
        if feature.properties.get(key) == value:
            return category.name.lower()
    return ""


def _of_line(line: Cells, defaults: ZoneDefaults) -> ExclusionZone:
    centre = values.latitude_e7(line["latitude"]), values.longitude_e7(line["longitude"])
    shape = shapes.circle(*centre, units.metres_to_cm(values.number(line["radius_m"], "radius_m")))
    return _zone(values.identifier(line["zone_id"], "zone_id"), shape, line, defaults)


def _zone(zone_id: str, shape: Shape, cells: Mapping[str, str], defaults: ZoneDefaults) -> ExclusionZone:
    category = (cells.get("category") or defaults.category).lower()
    if category not in CATEGORY_NAMES:
        raise InvalidArgumentError(f"category: is not one of {', '.join(CATEGORY_NAMES)}", field="category")
    own = cells.get("buffer_m")
    buffer_m = values.number(own, "buffer_m") if own else defaults.buffer_m
    high_m = limits.EXCLUSION_BUFFER_MAX_CM // 100
    if not 0 <= buffer_m <= high_m:
        raise InvalidArgumentError(f"buffer_m: outside 0..{high_m}", field="buffer_m")
    from_ms, until_ms = (
        values.time_ms(cells[name], name) if cells.get(name) else 0 for name in ("valid_from_time", "valid_until_time")
    )
    if until_ms and until_ms <= from_ms:
        raise InvalidArgumentError("valid_until_time: is not after valid_from_time", field="valid_until_time")
    return ExclusionZone(
        zone_id=zone_id,
        category=ZoneCategory[category.upper()],
        shape=shape,
        buffer_cm=units.metres_to_cm(buffer_m),
        name=values.short_text(cells.get("name") or "", "name"),
        valid_from_ms=from_ms,
        valid_until_ms=until_ms,
    )
