"""Public holidays of a country or a subdivision of it: the `PH` of opening hours (semantics H1).

The dates come from the `holidays` package, because opening-hours-py knows countries only, and 8 March is a holiday in
Berlin but not in Munich. School holidays are in neither; engine/opening_days.py says what becomes of `SH`.
"""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache


def is_public_holiday(day: date, country: str, region: str) -> bool:
    """Whether `day` is one in `country` (ISO 3166-1 alpha-2) or its `region`; never, where the country is ''.

    `region` counts where it is an ISO 3166-2 code of that country, such as DE-BE; a network's own name does not.
    """
    return bool(country) and day in _holidays(country, _subdivision(country, region), day.year)


def _subdivision(country: str, region: str) -> str:
    own, _, code = region.partition("-")
    return code if own == country and code in _known_countries().get(country, ()) else ""


@cache
def _known_countries() -> dict[str, list[str]]:
    import holidays  # takes 0.3 s, and only catalogs that say PH need it

    return holidays.list_supported_countries()


@lru_cache(maxsize=4096)
def _holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    import holidays

    if country not in _known_countries():
        return frozenset()
    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
