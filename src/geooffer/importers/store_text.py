"""Stores as GeoJSON and as CSV that import reads back bit for bit, and that are the same bytes for the same stores."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from geooffer.importers.exact_text import degrees_text
from geooffer.importers.tables import TABLES
from geooffer.model.catalog import Store


def stores_geojson(stores: Iterable[Store]) -> Iterator[str]:
    """A FeatureCollection of Points by id, a feature a line."""
    yield '{"type": "FeatureCollection", "features": ['
    separator = "\n"
    for store in sorted(stores, key=lambda store: store.store_id):
        cells = _cells(store)
        place = f"[{cells['longitude']}, {cells['latitude']}]"
        named = {
            name: cell for name, cell in cells.items() if cell and name not in ("latitude", "longitude", "store_id")
        }
        properties = json.dumps(named | ({"is_online": True} if store.is_online else {}), ensure_ascii=False)
        yield (
            f'{separator}{{"type": "Feature", "id": {json.dumps(store.store_id)}, "properties": {properties}, '
            f'"geometry": {{"type": "Point", "coordinates": {place}}}}}'
        )
        separator = ",\n"
    yield "\n]}\n"


def stores_csv(stores: Iterable[Store]) -> Iterator[str]:
    """A table by id."""
    table = TABLES["stores"]
    columns = (*table.required, *table.optional)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for store in sorted(stores, key=lambda store: store.store_id):
        cells = _cells(store)
        writer.writerow([cells[column] for column in columns])
    yield text.getvalue()


def _cells(store: Store) -> dict[str, str]:
    return {
        "store_id": store.store_id,
        "latitude": degrees_text(store.latitude_e7),
        "longitude": degrees_text(store.longitude_e7),
        "time_zone": store.time_zone,
        "name": store.name,
        "opening_hours": store.opening_hours,
        "country": store.country,
        "region": store.region,
        "tags": "|".join(store.tags),
        "is_online": "true" if store.is_online else "",
    }
