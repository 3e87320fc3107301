"""Map data as it is: each GeoJSON feature is one store and the fence around it, both with the feature's id.

An outline is the fence, and its store stands inside; a Point is a circle of the property `radius_m`, else the caller's.
The properties are those of store_features.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from geooffer.engine import shapes
from geooffer.importers.features import Feature, text_of
from geooffer.importers.geojson import feature_id, read_each, shape_of
from geooffer.importers.rows import Import, TakenIds
from geooffer.importers.store_features import StoreDefaults, store_of
from geooffer.model.catalog import Geofence, Store


@dataclass(frozen=True, slots=True)
class StorePlace:
    """A store, its fence, and what was made of the feature's hours and shape."""

    store: Store
    fence: Geofence
    has_hours: bool
    """The feature names opening hours, readable or not."""
    hours_note: str = ""
    """'' = the hours, if any, were read."""


def read_places(
    path: Path,
    *,
    radius_m: float,
    defaults: StoreDefaults,
    repair: bool = False,
    id_property: str = "",
    taken: TakenIds | None = None,
) -> Import[StorePlace]:
    """The places of a GeoJSON file; notes say what was mended or dropped.

    Raises InvalidArgumentError where the file is no GeoJSON.
    """

    def id_of(feature: Feature) -> str:
        return feature_id(feature, id_property, "store_id")

    def convert(feature: Feature) -> tuple[StorePlace, str]:
        store_id = id_of(feature)
        shape, shape_note = shape_of(feature, repair, radius_m)
        store, hours_note = store_of(feature, store_id, *shapes.inner_point(shape), defaults)
        fence = Geofence(store_id, shape, store_id=store_id, name=store.name)
        has_hours = bool(text_of(feature.properties.get("opening_hours")))
        note = "; ".join(filter(None, (shape_note, hours_note)))
        return StorePlace(store, fence, has_hours, hours_note), note

    return read_each(path, taken or TakenIds(), convert, id_of)
