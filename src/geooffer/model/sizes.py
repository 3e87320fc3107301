"""Size systems: one canonical size per chart, so that EU 43 meets UK 9 and never US 43 (semantics S-2).

A category names its chart; '' keeps sizes as given. Conversions come from the definitions of the systems, not from one
maker's table:

    EU shoe   last length in Paris points of 2/3 cm
    UK shoe   3 × last length in inches − 25 (children − 12), so EU = 1.27 × (UK + 25), to the nearest half
    US shoe   men UK + 1, women UK + 2, children UK + ½ (custom, not a definition: makers differ by ½)
    MONDO     foot length in mm (CM in cm); the last is 2 points longer: EU = 1.5 × cm + 2, to the nearest half
    DE women  bust / 2 − 6 up to 46, then steps of 6 cm;  FR = DE + 2, IT = DE + 6, UK = DE − 26, US = DE − 30
    DE men    chest / 2;  IT = DE, UK = US = DE − 10
    INT       letters of EN 13402-3 by bust or chest; a letter spans two or three numbers

ISO 19407 tabulates the same shoe systems; makers round to their own halves and thirds, so a converted size may be
half a size from what a box says. A number is never made of a letter, because a letter is several: `letter_of` goes the
sure way. IT and INT shoes, FR men's suits and the like are refused: makers do not agree on them at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

from geooffer.errors import InvalidArgumentError
from geooffer.model.catalog import Size

LETTERS = ("XXS", "XS", "S", "M", "L", "XL", "XXL", "3XL", "4XL")
_LETTER_SPELLINGS = {"2XS": "XXS", "2XL": "XXL", "XXXL": "3XL", "XXXXL": "4XL"}
_VALUE = re.compile(r"(\d{1,3})(?:[.,](\d{1,2})| ([12])/([23])|([½⅓⅔]))?")
_SIGNS = {"½": Fraction(1, 2), "⅓": Fraction(1, 3), "⅔": Fraction(2, 3)}
_WAIST_LENGTH = re.compile(r"W?(\d{2})(?:\s*[/X ]?\s*L?(\d{2}))?")
_HALF = Fraction(1, 2)
_POINTS_PER_UK_SIZE = Fraction(127, 100)

Table = Mapping[tuple[str, str], Size]


def plain_number(value: Fraction) -> str:
    """42, 42.5; thirds become the nearest half."""
    half = nearest_half(value)
    return str(half.numerator) if half.denominator == 1 else f"{half.numerator // 2}.5"


def nearest_half(value: Fraction) -> Fraction:
    """Rounded to halves; a tie goes up, a shoe too long being the smaller fault."""
    return Fraction((value * 4 + 1).__floor__() // 2, 2)


def _halves(low: int, high: int) -> list[Fraction]:
    return [Fraction(number, 2) for number in range(2 * low, 2 * high + 1)]


def _shoes(low_eu: int, high_eu: int, uk_to_us: Fraction) -> dict[tuple[str, str], Size]:
    table: dict[tuple[str, str], Size] = {}
    for eu in _halves(low_eu, high_eu):
        for system in ("EU", "DE", "FR"):
            table[system, plain_number(eu)] = Size("EU", plain_number(eu))
    for uk in _halves(0, 20):
        eu = nearest_half(_POINTS_PER_UK_SIZE * (uk + 25))
        if low_eu <= eu <= high_eu:
            table["UK", plain_number(uk)] = Size("EU", plain_number(eu))
            table["US", plain_number(uk + uk_to_us)] = Size("EU", plain_number(eu))
    return table | _foot_lengths(low_eu, high_eu)


def _foot_lengths(low_eu: int, high_eu: int) -> dict[tuple[str, str], Size]:
    table: dict[tuple[str, str], Size] = {}
    for cm in _halves(8, 36):
        eu = nearest_half(cm * 3 / 2 + 2)
        if low_eu <= eu <= high_eu:
            table["CM", plain_number(cm)] = Size("EU", plain_number(eu))
            table["MONDO", plain_number(cm * 10)] = Size("EU", plain_number(eu))
    return table


def _children_shoes() -> dict[tuple[str, str], Size]:
    """Child sizes count 0..13½ (C) and begin again at 1 (Y): a bare number that is both is refused."""
    low_eu, high_eu = 16, 39
    table = {
        (system, plain_number(eu)): Size("EU", plain_number(eu))
        for eu in _halves(low_eu, high_eu)
        for system in ("EU", "DE", "FR")
    }
    for system, shift in (("UK", Fraction(0)), ("US", _HALF)):
        bare: dict[str, list[Size]] = {}
        for number in _halves(0, 27):
            eu = nearest_half(_POINTS_PER_UK_SIZE * (number + 12))
            if not low_eu <= eu <= high_eu:
                continue
            label = number + shift
            value = plain_number(label - 13 if label >= 14 else label)
            size = table[system, value + ("Y" if label >= 14 else "C")] = Size("EU", plain_number(eu))
            bare.setdefault(value, []).append(size)
        table |= {(system, value): sizes[0] for value, sizes in bare.items() if len(sizes) == 1}
    return table | _foot_lengths(low_eu, high_eu)


def _clothing(numbers: range, shifts: Mapping[str, int]) -> dict[tuple[str, str], Size]:
    table = {("INT", letter): Size("INT", letter) for letter in LETTERS}
    for number in numbers:
        for system, shift in {"DE": 0, "EU": 0, **shifts}.items():
            if number + shift >= 0:
                table[system, str(number + shift)] = Size("DE", str(number))
    return table


CHARTS: Mapping[str, Table] = MappingProxyType(
    {
        "shoes_women": _shoes(33, 46, Fraction(2)),
        "shoes_men": _shoes(36, 52, Fraction(1)),
        "shoes_children": _children_shoes(),
        "clothing_women": _clothing(range(30, 60, 2), {"FR": 2, "IT": 6, "UK": -26, "US": -30}),
        "clothing_men": _clothing(range(40, 72, 2), {"IT": 0, "UK": -10, "US": -10}),
    }
)
"""(system, normalised value) → canonical size. Shoes are EU, clothing is DE or stays a letter."""

CHART_NAMES = ("", *CHARTS, "trousers")

_GIRTHS_CM = {
    "clothing_women": (
        (66, 74, 82, 90, 98, 107, 119, 131, 143, 155),
        {48: 110, 50: 116, 52: 122, 54: 128, 56: 134, 58: 140},
    ),
    "clothing_men": ((70, 78, 86, 94, 102, 110, 118, 129, 141, 154), {}),
}
"""Lower bounds of the letters (EN 13402-3), and busts of the numbers that leave the rule bust / 2 − 6."""


def canonical_size(chart: str, size: Size) -> Size:
    """The size in its chart's own system: EU for shoes, DE (or INT) for clothing, WL for trousers.

    '' gives the size back as it is. Raises InvalidArgumentError: field `size_chart` for a chart that does not exist,
    `size` for a system or value the chart does not have.
    """
    if chart == "":
        return size
    if chart not in CHART_NAMES:
        raise InvalidArgumentError(f"size_chart must be one of {', '.join(CHART_NAMES[1:])}", field="size_chart")
    system = size.system.strip().upper()
    if chart == "trousers":
        return _waist_length(system, size.value)
    found = CHARTS[chart].get((system, _normalised(system, size.value)))
    if found is None:
        raise InvalidArgumentError(f"the chart {chart} does not have this size", field="size")
    return found


def letter_of(chart: str, size: Size) -> Size | None:
    """The letter a canonical clothing number falls under (a letter stays); None elsewhere."""
    if chart not in _GIRTHS_CM:
        return None
    if size.system == "INT":
        return size
    bounds, exceptions = _GIRTHS_CM[chart]
    number = int(size.value)
    girth_cm = exceptions.get(number, 2 * number + (12 if chart == "clothing_women" else 0))
    for letter, low_cm, high_cm in zip(LETTERS, bounds, bounds[1:], strict=True):
        if low_cm <= girth_cm < high_cm:
            return Size("INT", letter)
    return None


def _normalised(system: str, value: str) -> str:
    """*42,5*, *42.50*, *42 1/2* and *42½* are one value; letters lose their case and spelling; else ''."""
    text = " ".join(value.split()).upper()
    if system == "INT":
        return _LETTER_SPELLINGS.get(text, text)
    suffix = text[-1:] if text[-1:] in ("C", "Y") else ""
    number = _number(text.removesuffix(suffix).strip())
    return "" if number is None else plain_number(number) + suffix


def _number(text: str) -> Fraction | None:
    match = _VALUE.fullmatch(text) if text.isascii() or text[-1:] in _SIGNS else None
    if match is None:
        return None
    whole, decimals, over, under, sign = match.groups()
    if decimals:
        number = Fraction(f"{whole}.{decimals}")
        return number if number == nearest_half(number) else None
    if over:
        fraction = Fraction(int(over), int(under))
        return int(whole) + fraction if fraction < 1 else None
    return int(whole) + _SIGNS.get(sign or "", Fraction(0))


def _waist_length(system: str, value: str) -> Size:
    """Waist and length in inches: *W32 L34*, *32/34*, *32x34* → 32/34; a waist alone stays alone."""
    text = " ".join(value.split()).upper()
    match = _WAIST_LENGTH.fullmatch(text) if system in ("WL", "W/L", "US", "INCH") and text.isascii() else None
    if match is None:
        raise InvalidArgumentError("the chart trousers has sizes WL like 32/34", field="size")
    waist_inch, length_inch = int(match[1]), int(match[2] or 0)
    if not 22 <= waist_inch <= 60 or (length_inch and not 24 <= length_inch <= 40):
        raise InvalidArgumentError("waist must be 22..60 and length 24..40 inches", field="size")
    return Size("WL", f"{waist_inch}/{length_inch}" if length_inch else str(waist_inch))
