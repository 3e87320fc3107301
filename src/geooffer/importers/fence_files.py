"""Fence files of either form: CSV as fence_lines.py has it, everything else GeoJSON as geojson.py has it."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

from geooffer.errors import InvalidArgumentError
from geooffer.importers import geojson, values
from geooffer.importers.cells import Cells
from geooffer.importers.csv_files import read_table
from geooffer.importers.features import Feature, text_of
from geooffer.importers.fence_lines import read_fence_line, shape_of_line
from geooffer.importers.files import is_csv
from geooffer.importers.rows import Import, Row, TakenIds
from geooffer.importers.tables import TABLES
from geooffer.model.catalog import Geofence

_OWN_IDS = ("geofence_id", "id")


def read_fences(
    path: Path,
    *,
    repair: bool = False,
    radius_m: float | None = None,
    id_property: str = "",
    taken: TakenIds | None = None,
) -> Import[Geofence]:
    """The fences of a file, to be registered. The options are those of geojson.read_fences; a table has only the first.

    Raises InvalidArgumentError where the file cannot be read as what its name says.
    """
    if is_csv(path):
        return _read_table(path, repair, taken, is_bare=False)
    return geojson.read_fences(path, repair=repair, radius_m=radius_m, id_property=id_property, taken=taken)


def read_bare_fences(
    path: Path, *, repair: bool = False, id_property: str = "", taken: TakenIds | None = None
) -> Import[Geofence]:
    """The fences of a file as ids and shapes, for looking points up: nothing else about them is read.

    An id may be any text here, because nothing is registered under it; which one it is, geojson.py says. A Point
    without `radius_m` may have `radius`, in metres. Raises as read_fences does.
    """
    if is_csv(path):
        return _read_table(path, repair, taken, is_bare=True)

    def convert(feature: Feature) -> tuple[Geofence, str]:
        fence_id = _bare_id_of(feature, id_property)
        shape, note = geojson.shape_of(_with_radius(feature), repair, None)
        return Geofence(fence_id, shape), note

    def id_of(feature: Feature) -> str:
        return _bare_id_of(feature, id_property)

    return geojson.read_each(path, taken or TakenIds(), convert, id_of, may_be_empty=True)


def _read_table(path: Path, repair: bool, taken: TakenIds | None, *, is_bare: bool) -> Import[Geofence]:
    notes: dict[str, str] = {}

    def read(line: Cells) -> Geofence:
        if is_bare:
            shape, note = shape_of_line(line, repair=repair)
            fence = Geofence(_any_id(line["geofence_id"], "geofence_id"), shape)
        else:
            fence, note = read_fence_line(line, repair=repair)
        notes[fence.geofence_id] = note
        return fence

    found = read_table(path, "fences", taken=taken, table=replace(TABLES["fences"], read=read))
    result: Import[Geofence] = Import(refusals=found.refusals)
    for row in found.rows:
        assert isinstance(row.item, Geofence)
        result.rows.append(Row(row.place, row.item, notes[row.item.geofence_id]))
    return result


def _bare_id_of(feature: Feature, id_property: str) -> str:
    """As geojson.feature_id, of any characters. Raises InvalidArgumentError."""
    if id_property:
        return _any_id(text_of(feature.properties.get(id_property)), id_property)
    if text_of(feature.raw_id):
        return _any_id(text_of(feature.raw_id), "id")
    for name in _OWN_IDS:
        if text_of(feature.properties.get(name)):
            return _any_id(text_of(feature.properties[name]), name)
    return geojson.feature_id(feature, "", _OWN_IDS[0])


def _any_id(text: str, column: str) -> str:
    if not text:
        raise InvalidArgumentError(f"{column}: is missing", field=column)
    if any(unicodedata.category(character) == "Cs" for character in text):
        raise InvalidArgumentError(f"{column}: holds half a character (a surrogate)", field=column)
    return values.short_text(text, column)


def _with_radius(feature: Feature) -> Feature:
    properties = feature.properties
    if "radius" not in properties or text_of(properties.get("radius_m")):
        return feature
    return replace(feature, properties=properties | {"radius_m": properties["radius"]})
