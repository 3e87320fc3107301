"""Small catalogs to draw: a town of stores, each in the middle of its own fence."""

from __future__ import annotations

from geooffer.engine.shapes import circle, polygon_from_lonlat
from geooffer.mapping.document import MapDocument, map_fences
from geooffer.mapping.suspicions import find_suspicions
from geooffer.model.catalog import Geofence, Store
from geooffer.model.shapes import Polygon

NOW_MS = 1_772_528_400_000  # Tuesday 2026-03-03 10:00 in Berlin
MIDDLE = (525_000_000, 134_000_000)
SPACING_E7 = 100_000


def store(
    number: int, *, north_e7: int = 0, east_e7: int = 0, name: str = "", hours: str = "Mo-Sa 09:00-20:00"
) -> Store:
    """Store `number` of a row that runs east, moved by some E7."""
    place = MIDDLE[0] + north_e7, MIDDLE[1] + number * SPACING_E7 + east_e7
    return Store(f"store-{number}", name, *place, "Europe/Berlin", hours)


def fence(number: int, *, radius_cm: int = 6_000, name: str = "", store_id: str | None = None) -> Geofence:
    """The round fence about store `number`'s usual place."""
    shape = circle(MIDDLE[0], MIDDLE[1] + number * SPACING_E7, radius_cm)
    return Geofence(f"fence-{number}", shape, store_id=f"store-{number}" if store_id is None else store_id, name=name)


def square(longitude: float, latitude: float, size: float, *, hole: bool = False) -> Polygon:
    """A square by its south-west corner, degrees; with a hole in its middle third."""

    def ring(x: float, y: float, side: float) -> list[tuple[float, float]]:
        corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]
        return [((east + 180) % 360 - 180, north) for east, north in corners]

    rings = [ring(longitude, latitude, size)]
    if hole:
        rings.append(ring(longitude + size / 3, latitude + size / 3, size / 3))
    return polygon_from_lonlat([rings])[0]


def document(fences: list[Geofence], stores: list[Store]) -> MapDocument:
    """A map of them, with what is suspicious."""
    return MapDocument(
        title="a map",
        source="a test",
        generated_ms=NOW_MS,
        time_ms=NOW_MS,
        fences=map_fences(fences),
        stores=stores,
        suspicions=find_suspicions(fences, stores),
    )
