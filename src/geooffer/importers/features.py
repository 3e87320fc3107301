"""GeoJSON (RFC 7946) as a list of features: the document's own rules, before anything is a fence or a store.

Longitude comes first and nothing is guessed (semantics G7); a `crs` that is not WGS84 is refused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from geooffer.errors import InvalidArgumentError
from geooffer.importers.files import read_text

Ring = list[tuple[float, float]]

_WGS84 = ("crs84", "epsg:4326", "epsg::4326")


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
        """How a report names it."""
        return f"feature {self.number} ({self.name})" if self.name else f"feature {self.number}"


def text_of(value: object) -> str:
    """A JSON string or number as stripped text; '' for anything else."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() if isinstance(value, str | int | float) else ""


def read_features(path: Path) -> list[Feature]:
    """All features of a FeatureCollection, Feature or bare geometry. Raises InvalidArgumentError."""

    def no_constant(name: str) -> NoReturn:
        raise InvalidArgumentError(f"{path}: not JSON: {name} is not a JSON number")

    try:
        document = json.loads(read_text(path), parse_constant=no_constant)
    except json.JSONDecodeError as error:
        message = f"{path}: not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        raise InvalidArgumentError(message) from None
    except RecursionError:
        raise InvalidArgumentError(f"{path}: not GeoJSON: nested too deep") from None
    except ValueError:
        raise InvalidArgumentError(f"{path}: not JSON: a number has too many digits") from None
    if not isinstance(document, dict):
        raise InvalidArgumentError(f"{path}: not GeoJSON: the document is not an object")
    _check_reference_system(path, document)
    kind = document.get("type")
    if kind == "FeatureCollection":
        members = document.get("features")
        if not isinstance(members, list):
            raise InvalidArgumentError(f"{path}: not GeoJSON: `features` is not a list")
        if not members:
            raise InvalidArgumentError(f"{path}: holds no feature")
    elif kind == "Feature":
        members = [document]
    elif isinstance(kind, str) and ("coordinates" in document or kind == "GeometryCollection"):
        members = [{"type": "Feature", "properties": {}, "geometry": document}]
    else:
        raise InvalidArgumentError(f"{path}: not GeoJSON: no FeatureCollection, Feature or geometry")
    return [_feature(number, member) for number, member in enumerate(members, start=1)]


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
    """(longitude, latitude) in degrees; a third number (altitude) is dropped. Raises InvalidArgumentError."""
    if not isinstance(value, list) or len(value) not in (2, 3):
        raise InvalidArgumentError(f"{where} is not [longitude, latitude]")
    for number in value:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise InvalidArgumentError(f"{where} holds something that is not a number")
    try:
        return float(value[0]), float(value[1])
    except OverflowError:
        raise InvalidArgumentError(f"{where} is not a finite number") from None


def polygon_parts(geometry: dict[str, Any]) -> list[list[Ring]]:
    """Parts, rings and positions of a Polygon or MultiPolygon.

    Raises InvalidArgumentError naming the place.
    """
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, list) or not coordinates:
        raise InvalidArgumentError("has no coordinates")
    parts = coordinates if geometry["type"] == "MultiPolygon" else [coordinates]
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
