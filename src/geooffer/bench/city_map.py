"""The demo's map: one self-contained HTML file, an inline SVG of streets, fences, walks, offers, stories.

Coordinates are the city's metres with y turned downwards, rounded to decimetres. No script is loaded from
anywhere; forty lines of their own pan and zoom and switch the layers.
"""

from __future__ import annotations

from html import escape

import numpy as np

from geooffer.bench.city import City
from geooffer.bench.city_map_page import PAGE
from geooffer.bench.city_reasons import clock_text, money_text
from geooffer.bench.city_run import CityRun, device_key, place_m, time_ms
from geooffer.bench.city_stories import Story
from geooffer.bench.city_streets import COLUMN_COUNT, ROW_COUNT, FloatArray
from geooffer.bench.city_words import SHOP_KINDS
from geooffer.model.verdicts import OfferVerdict

STORY_COLOURS = ("#e8590c", "#364fc7", "#343a40")
_MARGIN_M = 90.0


def render_map(city: City, run: CityRun, stories: list[Story], figures: dict[str, str]) -> str:
    """The page as text. `figures` are the lines of the panel, label → value."""
    corners = city.streets.crossings_m.reshape(-1, 2)
    low, high = corners.min(axis=0) - _MARGIN_M, corners.max(axis=0) + _MARGIN_M
    view_box = f"{low[0]:.0f} {-high[1]:.0f} {high[0] - low[0]:.0f} {high[1] - low[1]:.0f}"
    layers = [
        _layer("streets", _streets(city)),
        _layer("walks", _walks(city)),
        _layer("fences", _fences(city)),
        _layer("held", _held_back(city, run)),
        _layer("offers", _offers(city, run)),
        _layer("stories", [_story_mark(city, story, index) for index, story in enumerate(stories)]),
    ]
    return (
        PAGE.replace("{{view_box}}", view_box)
        .replace("{{layers}}", "\n".join(layers))
        .replace("{{figures}}", "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in figures.items()))
        .replace("{{stories}}", "".join(_story_card(city, story, index) for index, story in enumerate(stories)))
        .replace("{{tries}}", _bars(run))
        .replace("{{kinds}}", "".join(_kind_line(kind.kind, kind.colour) for kind in SHOP_KINDS))
    )


def _layer(name: str, elements: list[str]) -> str:
    return f'<g id="layer-{name}">\n' + "\n".join(elements) + "\n</g>"


def _path(points_m: FloatArray, *, closed: bool = False) -> str:
    """SVG path data: first point absolute, the rest relative, in whole decimetres to keep the file small."""
    decimetres = np.rint(points_m * 10).astype(np.int64)
    steps = np.diff(decimetres, axis=0)
    steps = steps[(steps != 0).any(axis=1)]
    start = f"M{decimetres[0, 0] / 10:g} {-decimetres[0, 1] / 10:g}l"
    return start + " ".join(f"{x / 10:g} {-y / 10:g}" for x, y in steps) + ("z" if closed else "")


def _streets(city: City) -> list[str]:
    crossings = city.streets.crossings_m
    lines = [_path(crossings[column]) for column in range(COLUMN_COUNT)]
    lines += [_path(crossings[:, row]) for row in range(ROW_COUNT)]
    return [f'<path class="street" d="{line}"/>' for line in lines]


def _walks(city: City) -> list[str]:
    paths = [city.paths_m[person.customer.device_keys[0]] for person in city.people]
    return [f'<path class="walk" d="{_path(path)}"/>' for path in paths if len(path) > 1]


def _fences(city: City) -> list[str]:
    shell, court = (_path(ring, closed=True) for ring in city.arcade_rings_m)
    elements = [f'<path class="arcade" d="{shell}{court}"><title>Arkaden am Markt: transitions only</title></path>']
    for shop in city.shops:
        kind = shop.kind
        tip = f"<title>{escape(shop.store.name)} · {kind.kind}</title>"
        colour = f'fill="{kind.colour}" stroke="{kind.colour}"'
        if shop.radius_m:
            x, y = shop.door_m
            circle = f'cx="{x:.1f}" cy="{-y:.1f}" r="{shop.radius_m:g}"'
            elements.append(f'<circle class="fence" {colour} {circle}>{tip}</circle>')
        else:
            outline = _path(shop.outline_m, closed=True)
            elements.append(f'<path class="fence" {colour} d="{outline}">{tip}</path>')
    return elements


def _offers(city: City, run: CityRun) -> list[str]:
    elements = []
    for event in run.offers:
        x, y = place_m(city, event.ping_index)
        price = f"{money_text(event.price_minor)} instead of {money_text(event.previous_price_minor)}"
        size = f", size {event.size}" if event.size else ""
        clock = clock_text(time_ms(city, event.ping_index))
        tip = f"{clock} {event.title}{size} at {event.store_name}: {price}"
        tip += f" ({event.reason})"
        circle = f'cx="{x:.1f}" cy="{-y:.1f}" r="5"'
        elements.append(f'<circle class="offer" {circle}><title>{escape(tip)}</title></circle>')
    return elements


def _held_back(city: City, run: CityRun) -> list[str]:
    """Attempts that found a matching intent and yet gave nothing."""
    elements = []
    for event in run.tries:
        if not OfferVerdict.NO_INTENT < event.verdict < OfferVerdict.OFFERED:
            continue
        x, y = place_m(city, event.ping_index)
        tip = f"{clock_text(time_ms(city, event.ping_index))} {event.verdict.name}"
        circle = f'cx="{x:.1f}" cy="{-y:.1f}" r="3"'
        elements.append(f'<circle class="held" {circle}><title>{escape(tip)}</title></circle>')
    return elements


def _story_mark(city: City, story: Story, index: int) -> str:
    colour = STORY_COLOURS[index]
    x, y = place_m(city, story.ping_index)
    path = city.paths_m[device_key(city, story.ping_index)]
    return (
        f'<path class="story" stroke="{colour}" d="{_path(path)}"/>'
        f'<circle class="pin" fill="{colour}" cx="{x:.1f}" cy="{-y:.1f}" r="17"/>'
        f'<text class="pin" x="{x:.1f}" y="{-y + 7:.1f}">{index + 1}</text>'
    )


def _story_card(city: City, story: Story, index: int) -> str:
    x, y = place_m(city, story.ping_index)
    lines = "".join(f"<p>{escape(line)}</p>" for line in story.lines)
    return (
        f'<article data-x="{x:.0f}" data-y="{-y:.0f}" style="--colour:{STORY_COLOURS[index]}">'
        f"<h3><b>{index + 1}</b>{escape(story.title)}</h3>{lines}</article>"
    )


def _bars(run: CityRun) -> str:
    counts = run.try_counts()
    greatest = max(counts.values(), default=1)
    return "".join(
        f'<div class="bar"><span>{verdict.name}</span><i style="width:{100 * count / greatest:.1f}%"></i>'
        f"<b>{count:,}</b></div>"
        for verdict, count in counts.items()
    )


def _kind_line(kind: str, colour: str) -> str:
    return f'<li><i style="background:{colour}"></i>{escape(kind)}</li>'
