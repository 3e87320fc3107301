"""A store from the properties of a GeoJSON feature, the project's own names first, then OpenStreetMap's.

`name`; `time_zone`, `country` (or `addr:country`) and `region`, each else the caller's; `opening_hours`; `tags`
separated by `|`; `is_online`. Map data cannot be mended by who imports it: hours that do not parse are dropped with a
note, and the store's hours are unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

from geooffer.errors import InvalidArgumentError
from geooffer.importers import values
from geooffer.importers.features import Feature, text_of
from geooffer.model.catalog import Store


@dataclass(frozen=True, slots=True)
class StoreDefaults:
    """What features that do not say it themselves are given."""

    time_zone: str = ""
    country: str = ""
    region: str = ""
    closed_on_holidays: bool = False
    """Hours that do not speak of public holidays get `PH off`: mappers leave out what everybody there knows."""


def store_of(
    feature: Feature, store_id: str, latitude_e7: int, longitude_e7: int, defaults: StoreDefaults
) -> tuple[Store, str]:
    """(store, note): the note names what was dropped, '' = nothing. Raises InvalidArgumentError."""
    properties = feature.properties
    opening_hours, note = _opening_hours(text_of(properties.get("opening_hours")))
    if opening_hours and defaults.closed_on_holidays and "PH" not in opening_hours:
        opening_hours = values.opening_hours(f"{opening_hours}; PH off", "opening_hours")
    region = text_of(properties.get("region")) or defaults.region
    online = properties.get("is_online")
    store = Store(
        store_id=store_id,
        name=values.short_text(feature.name, "name"),
        latitude_e7=latitude_e7,
        longitude_e7=longitude_e7,
        time_zone=values.time_zone(text_of(properties.get("time_zone")) or defaults.time_zone, "time_zone"),
        opening_hours=opening_hours,
        country=_country(feature, defaults),
        region=values.region(region, "region"),
        tags=values.tags(values.parts(text_of(properties.get("tags"))), "tags"),
        is_online=online if isinstance(online, bool) else values.truth(text_of(online), "is_online", default=False),
    )
    return store, note


def _opening_hours(text: str) -> tuple[str, str]:
    try:
        return values.opening_hours(text, "opening_hours"), ""
    except InvalidArgumentError as error:
        return "", f"{error.message}; hours unknown"


def _country(feature: Feature, defaults: StoreDefaults) -> str:
    own = text_of(feature.properties.get("country"))
    if own or defaults.country:
        return values.country(own or defaults.country, "country")
    mapped = text_of(feature.properties.get("addr:country"))
    try:
        return values.country(mapped, "addr:country")
    except InvalidArgumentError:
        return ""  # a mapper's free text, such as "Deutschland"
