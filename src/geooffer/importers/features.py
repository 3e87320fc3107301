"""GeoJSON (RFC 7946) as a list of features: the document's own rules, before anything is a fence or a store.

Longitude comes first and nothing is guessed (semantics G7); a `crs` that is not WGS84 is refused.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geooffer.errors import InvalidArgumentError
from geooffer.importers.files import read_text

Ring = list[tuple[float, float]]

_WGS84 = ("crs84", "epsg:4326", "epsg::4326")
_CALLED_LENGTH_MAX = 80
_LINES_ENDINGS = (".geojsonl", ".geojsons", ".ndjson", ".jsonl")
_LINE_BLANK = " \t\r\n\x1e"
"""RFC 8142 puts a record separator (1E) before each text."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature as it stands; `number` counts from 1."""

    number: int
    raw_id: object
    properties: dict[str, Any]
    geometry: dict[str, Any] | None
    problem: str = ""

    @property
    def name(self) -> str:
        """The property `name`, or ''."""
        return text_of(self.properties.get("name"))

    @property
    def place(self) -> str:
        """How a report names it: by its number, and its name or id where it has one."""
        called = "".join(letter if letter.isprintable() else "?" for letter in self.name or text_of(self.raw_id))
        return f"feature {self.number} ({called[:_CALLED_LENGTH_MAX]})" if called else f"feature {self.number}"


def text_of(value: object) -> str:
    """A JSON string or number as stripped text; '' for anything else."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() if isinstance(value, str | int | float) else ""


def read_features(path: Path, *, may_be_empty: bool = False) -> list[Feature]:
    """All features of a FeatureCollection, Feature or bare geometry, or of lines of them (RFC 8142, `.geojsonl`).

    Raises InvalidArgumentError where the file is none of these, or holds no feature and must not be empty.
    """
    text = read_text(path)
    try:
        document = _parsed(text)
    except json.JSONDecodeError as error:
        if _is_lines(path, text):
            return _features_of_lines(text)
        message = f"{path}: not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        raise InvalidArgumentError(message) from None
    except RecursionError:
        raise InvalidArgumentError(f"{path}: not GeoJSON: nested too deep") from None
    except ValueError:
        raise InvalidArgumentError(f"{path}: not JSON: a number has too many digits") from None
    if not isinstance(document, dict):
        raise InvalidArgumentError(f"{path}: not GeoJSON: the document is not an object")
    _check_reference_system(path, document)
    members: object = [document]
    if document.get("type") == "FeatureCollection":
        members = document.get("features")
        if not isinstance(members, list):
            raise InvalidArgumentError(f"{path}: not GeoJSON: `features` is not a list")
        if not members and not may_be_empty:
            raise InvalidArgumentError(f"{path}: holds no feature")
    elif document.get("type") != "Feature" and not _is_geometry(document):
        raise InvalidArgumentError(f"{path}: not GeoJSON: no FeatureCollection, Feature or geometry")
    else:
        members = [_as_feature(document)]
    return [_feature(number, member) for number, member in enumerate(members, start=1)]


def _parsed(text: str) -> Any:
    # NaN is not JSON, but many writers write it: then it is the one feature that is refused (`position`)
    return json.loads(text, parse_constant=float)


def _is_lines(path: Path, text: str) -> bool:
    """Whether each line is a document of its own: its name says so, or its first line is whole."""
    if path.name.lower().removesuffix(".gz").endswith(_LINES_ENDINGS):
        return True
    first = text.lstrip(_LINE_BLANK).split("\n", 1)[0]
    try:
        return isinstance(_parsed(first), dict)
    except (ValueError, RecursionError):
        return False


def _features_of_lines(text: str) -> list[Feature]:
    features: list[Feature] = []
    for line in text.split("\n"):
        stripped = line.strip(_LINE_BLANK)
        if not stripped:
            continue
        number = len(features) + 1
        try:
            document = _parsed(stripped)
        except (ValueError, RecursionError):
            features.append(Feature(number, None, {}, None, "not JSON"))
        else:
            features.append(_feature(number, _as_feature(document)))
    return features


def _is_geometry(document: object) -> bool:
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        return False
    return "coordinates" in document or document["type"] == "GeometryCollection"


def _as_feature(document: object) -> object:
    """A bare geometry in a feature without id; everything else as it is."""
    return {"type": "Feature", "properties": {}, "geometry": document} if _is_geometry(document) else document


def _check_reference_system(path: Path, document: dict[str, Any]) -> None:
    system = document.get("crs")
    if system is None:
        return
    properties = system.get("properties") if isinstance(system, dict) else None
    name = text_of(properties.get("name")) if isinstance(properties, dict) else ""
    if not name.lower().endswith(_WGS84):
        raise InvalidArgumentError(f"{path}: its crs is not WGS84; GeoJSON is longitude and latitude in degrees")


def _feature(number: int, member: object) -> Feature:
    if not isinstance(member, dict) or member.get("type") != "Feature":
        return Feature(number, None, {}, None, "not a GeoJSON Feature")
    properties = member.get("properties") or {}
    if not isinstance(properties, dict):
        return Feature(number, None, {}, None, "`properties` is not an object")
    geometry = member.get("geometry")
    if not isinstance(geometry, dict):
        return Feature(number, member.get("id"), properties, None, "has no geometry")
    return Feature(number, member.get("id"), properties, geometry)


def position(value: object, where: str) -> tuple[float, float]:
    """(longitude, latitude) in degrees; what follows (altitude) is dropped. Raises InvalidArgumentError."""
    if not isinstance(value, list) or len(value) < 2:
        raise InvalidArgumentError(f"{where} is not [longitude, latitude]")
    for number in value[:2]:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise InvalidArgumentError(f"{where} holds something that is not a number")
    try:
        longitude, latitude = float(value[0]), float(value[1])
    except OverflowError:
        raise InvalidArgumentError(f"{where} is not a finite number") from None
    if not (math.isfinite(longitude) and math.isfinite(latitude)):
        raise InvalidArgumentError(f"{where} is not a finite number")
    return longitude, latitude


def is_area(geometry: dict[str, Any]) -> bool:
    """Whether it is a Polygon, a MultiPolygon or a GeometryCollection of nothing else."""
    if geometry.get("type") != "GeometryCollection":
        return geometry.get("type") in ("Polygon", "MultiPolygon")
    members = geometry.get("geometries")
    if not isinstance(members, list) or not members:
        return False
    return all(isinstance(member, dict) and member.get("type") in ("Polygon", "MultiPolygon") for member in members)


def polygon_parts(geometry: dict[str, Any]) -> list[list[Ring]]:
    """Parts, rings and positions of what `is_area`. Raises InvalidArgumentError naming the place."""
    parts: list[Any] = []
    for member in geometry["geometries"] if geometry["type"] == "GeometryCollection" else [geometry]:
        coordinates = member.get("coordinates")
        if not isinstance(coordinates, list) or not coordinates:
            raise InvalidArgumentError("has no coordinates")
        parts += coordinates if member["type"] == "MultiPolygon" else [coordinates]
    result: list[list[Ring]] = []
    for part_index, part in enumerate(parts):
        where = f"part {part_index}, " if len(parts) > 1 else ""
        if not isinstance(part, list) or not part:
            raise InvalidArgumentError(f"{where.rstrip(', ') or 'the polygon'} is not a list of rings")
        rings: list[Ring] = []
        for ring_index, ring in enumerate(part):
            if not isinstance(ring, list):
                raise InvalidArgumentError(f"{where}ring {ring_index} is not a list of positions")
            name = f"{where}ring {ring_index}, vertex"
            rings.append([position(value, f"{name} {index}") for index, value in enumerate(ring)])
        result.append(rings)
    return result
