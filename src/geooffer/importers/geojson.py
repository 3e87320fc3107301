"""Fences and stores from GeoJSON.

A fence is a Polygon, a MultiPolygon, or a Point with a radius: the property `radius_m`, else the caller's.
Its properties: `store_id` (whose offers it tries; without one it gives transitions only), `name`, `dwell_s` and the
other SETTINGS of fence_lines.py.
Its id: the property the caller names, else the feature's own id, else the property `geofence_id` or `id`,
else its name made into a legal id. Other properties are ignored: map data is full of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from geooffer.engine import shapes
from geooffer.errors import InvalidArgumentError
from geooffer.importers import values
from geooffer.importers.features import Feature, is_area, polygon_parts, position, read_features, text_of
from geooffer.importers.fence_lines import SETTINGS, fence_of
from geooffer.importers.rows import Import, Refusal, Row, TakenIds
from geooffer.importers.store_features import StoreDefaults, store_of
from geooffer.model import units
from geooffer.model.catalog import Geofence, Store
from geooffer.model.shapes import Shape

T = TypeVar("T")

_FAR_M = 1e9
"""Beyond every radius that is allowed."""


def read_fences(
    path: Path,
    *,
    repair: bool = False,
    radius_m: float | None = None,
    id_property: str = "",
    taken: TakenIds | None = None,
) -> Import[Geofence]:
    """The fences of a GeoJSON file. `repair` mends invalid polygons (the note says how); `radius_m` is for
    Points that have none; `taken` is shared by the files of one run.

    Raises InvalidArgumentError where the file is no GeoJSON.
    """

    def convert(feature: Feature) -> tuple[Geofence, str]:
        fence_id = feature_id(feature, id_property, "geofence_id")
        shape, note = shape_of(feature, repair, radius_m)
        return fence_of(fence_id, shape, {name: text_of(feature.properties.get(name)) for name in SETTINGS}), note

    def id_of(feature: Feature) -> str:
        return feature_id(feature, id_property, "geofence_id")

    return read_each(path, taken or TakenIds(), convert, id_of)


def read_stores(
    path: Path, *, id_property: str = "", time_zone: str = "", taken: TakenIds | None = None
) -> Import[Store]:
    """The stores of a GeoJSON file of Points, with the properties of store_features.py.

    Raises InvalidArgumentError where the file is no GeoJSON.
    """

    def convert(feature: Feature) -> tuple[Store, str]:
        store_id = feature_id(feature, id_property, "store_id")
        geometry = feature.geometry or {}
        if geometry.get("type") != "Point":
            raise InvalidArgumentError("a store is a Point; its outline is a fence (import fences)")
        longitude, latitude = position(geometry.get("coordinates"), "the Point")
        return store_of(feature, store_id, *values.place_e7(longitude, latitude), StoreDefaults(time_zone))

    def id_of(feature: Feature) -> str:
        return feature_id(feature, id_property, "store_id")

    return read_each(path, taken or TakenIds(), convert, id_of)


def feature_id(feature: Feature, id_property: str, own_property: str) -> str:
    """The id of a feature, by the order of the module's first lines. Raises InvalidArgumentError."""
    if id_property:
        return values.identifier(text_of(feature.properties.get(id_property)), id_property)
    if text_of(feature.raw_id):
        return values.identifier(text_of(feature.raw_id), "id")
    for name in (own_property, "id"):
        if text_of(feature.properties.get(name)):
            return values.identifier(text_of(feature.properties[name]), name)
    made = values.legal_id(feature.name)
    if not made:
        raise InvalidArgumentError(f"has no id: neither its own nor a property {own_property}, id or name")
    return made


def read_each(
    path: Path,
    taken: TakenIds,
    convert: Callable[[Feature], tuple[T, str]],
    id_of: Callable[[Feature], str],
    *,
    may_be_empty: bool = False,
) -> Import[T]:
    """What `convert` makes of each feature: (item, note), or InvalidArgumentError for a refusal."""
    result: Import[T] = Import()
    for feature in read_features(path, may_be_empty=may_be_empty):
        try:
            if feature.problem:
                raise InvalidArgumentError(feature.problem)
            item, note = convert(feature)
            taken.take(id_of(feature), path, feature.place, f"id {id_of(feature)}")
        except InvalidArgumentError as error:
            result.refusals.append(Refusal(feature.place, error.message, _readable_id(feature, id_of)))
        else:
            result.rows.append(Row(feature.place, item, note))
    return result


def _readable_id(feature: Feature, id_of: Callable[[Feature], str]) -> tuple[str, ...]:
    """The id of a refused feature as a key; () where none can be read."""
    try:
        return (id_of(feature),)
    except InvalidArgumentError:
        return ()


def shape_of(feature: Feature, repair: bool, radius_m: float | None) -> tuple[Shape, str]:
    """(shape, what was mended); a Point is a circle of its own `radius_m`, else the caller's.

    Raises InvalidArgumentError, InvalidShapeError.
    """
    geometry = feature.geometry or {}
    kind = geometry.get("type")
    if is_area(geometry):
        return shapes.polygon_from_lonlat(polygon_parts(geometry), repair=repair)
    if kind != "Point":
        raise InvalidArgumentError("a fence is a Polygon, a MultiPolygon or a Point with radius_m")
    own = text_of(feature.properties.get("radius_m"))
    radius = values.number(own, "radius_m") if own else radius_m
    if radius is None:
        raise InvalidArgumentError("a Point needs the property radius_m (or --radius-m for all that have none)")
    longitude, latitude = position(geometry.get("coordinates"), "the Point")
    return shapes.circle(*values.place_e7(longitude, latitude), units.metres_to_cm(min(radius, _FAR_M))), ""
