"""The demo's map: the city, its walks and what happened on them, as the page that `geooffer map` writes too."""

from __future__ import annotations

import numpy as np

from geooffer.bench.city import City
from geooffer.bench.city_reasons import clock_text, money_text
from geooffer.bench.city_run import CityRun, device_key, time_ms
from geooffer.bench.city_story import Story
from geooffer.bench.city_streets import COLUMN_COUNT, ROW_COUNT, FloatArray, to_e7
from geooffer.mapping.document import (
    BLUE,
    GREY,
    YELLOW,
    Card,
    FenceKind,
    LineLayer,
    MapDocument,
    MapFence,
    MapMark,
    MarkLayer,
    Track,
    TrackEvent,
)
from geooffer.mapping.page import render_page
from geooffer.mapping.suspicions import find_suspicions
from geooffer.model.columns import Int32Array
from geooffer.model.verdicts import OfferVerdict

STORY_COLOURS = ("#e8590c", "#364fc7", "#343a40", "#2b8a3e", "#862e9c", "#c92a2a")
_ARCADE_KIND = FenceKind("arcade: transitions only", GREY, dashed=True)
_STREET_WIDTH_M = 13.0


def render_map(city: City, run: CityRun, stories: list[Story], figures: dict[str, str]) -> str:
    """The page as text. `figures` are the lines of the panel, label → value."""
    return render_page(map_document(city, run, stories, figures))


def map_document(city: City, run: CityRun, stories: list[Story], figures: dict[str, str]) -> MapDocument:
    """What the map shows; made at the city's own time, so that the same seed gives the same page."""
    stores = [shop.store for shop in city.shops]
    return MapDocument(
        title="geooffer: a morning in the demo city",
        source="streets, shops, brands and people are synthetic",
        generated_ms=city.start_ms,
        time_ms=city.start_ms,
        fences=_fences(city),
        stores=stores,
        offers=city.assortment.offers,
        suspicions=find_suspicions(city.fences, stores),
        lines=[
            LineLayer("streets", "halo", 1.5, 1.0, _streets(city), width_m=_STREET_WIDTH_M),
            LineLayer("walks", BLUE, 1.0, 0.045, _walks(city)),
        ],
        marks=[
            MarkLayer("held back although wanted", "dot", GREY, _held_back(city, run)),
            MarkLayer("offers", "dot", YELLOW, _offers(city, run)),
            *(
                MarkLayer(f"customer {number}", str(number), colour, [_mark(city, story.ping_index, story.title)])
                for number, (story, colour) in enumerate(zip(stories, STORY_COLOURS, strict=False), start=1)
            ),
        ],
        tracks=[_track(city, run, story, number) for number, story in enumerate(stories, start=1)],
        cards=[_card(city, story, number) for number, story in enumerate(stories, start=1)],
        figures=figures,
        tallies={verdict.name: count for verdict, count in run.try_counts().items()},
        tallies_title="Attempts to find an offer, by verdict",
        opens_on_tracks=False,
    )


def _fences(city: City) -> list[MapFence]:
    """Shops in the colour of what they sell; what belongs to no shop is the arcade."""
    kinds = {shop.store.store_id: FenceKind(shop.kind.kind, shop.kind.colour) for shop in city.shops}
    return [MapFence(fence, kinds.get(fence.store_id, _ARCADE_KIND)) for fence in city.fences]


def _path(points_m: FloatArray) -> Int32Array:
    latitudes_e7, longitudes_e7 = to_e7(points_m)
    return np.stack([latitudes_e7, longitudes_e7], axis=1)


def _streets(city: City) -> list[Int32Array]:
    crossings = city.streets.crossings_m
    columns = [_path(crossings[column]) for column in range(COLUMN_COUNT)]
    return columns + [_path(crossings[:, row]) for row in range(ROW_COUNT)]


def _walks(city: City) -> list[Int32Array]:
    paths = [city.paths_m[person.customer.device_keys[0]] for person in city.people]
    return [_path(path) for path in paths if len(path) > 1]


def _mark(city: City, ping_index: int, text: str) -> MapMark:
    row = city.pings[ping_index]
    return MapMark(int(row["latitude_e7"]), int(row["longitude_e7"]), text)


def _offers(city: City, run: CityRun) -> list[MapMark]:
    marks = []
    for event in run.offers:
        price = f"{money_text(event.price_minor)} instead of {money_text(event.previous_price_minor)}"
        size = f", size {event.size}" if event.size else ""
        clock = clock_text(time_ms(city, event.ping_index))
        text = f"{clock} {event.title}{size} at {event.store_name}: {price} ({event.reason})"
        marks.append(_mark(city, event.ping_index, text))
    return marks


def _held_back(city: City, run: CityRun) -> list[MapMark]:
    """Attempts that found a matching intent and yet gave nothing."""
    return [
        _mark(city, event.ping_index, f"{clock_text(time_ms(city, event.ping_index))} {event.verdict.name}")
        for event in run.tries
        if OfferVerdict.NO_INTENT < event.verdict < OfferVerdict.OFFERED
    ]


def _track(city: City, run: CityRun, story: Story, number: int) -> Track:
    """The walk of a story's customer; she is known by her number in the panel."""
    rows = np.flatnonzero(city.pings["device_key"] == device_key(city, story.ping_index))
    place_of_row = {int(row): place for place, row in enumerate(rows)}
    happened = [("TRY", event.ping_index, event.verdict.name) for event in run.tries]
    happened += [("OFFER", event.ping_index, f"{event.title}: {event.reason}") for event in run.offers]
    events = [
        TrackEvent(kind, place_of_row[row], time_ms(city, row), f"{clock_text(time_ms(city, row))} {kind} {text}")
        for kind, row, text in happened
        if row in place_of_row
    ]
    pings = city.pings[rows]
    return Track(
        label=f"customer {number}",
        times_ms=pings["fix_time_ms"].astype(np.int64),
        latitudes_e7=pings["latitude_e7"],
        longitudes_e7=pings["longitude_e7"],
        accuracies_cm=pings["accuracy_cm"],
        verdicts=run.ping_verdicts[rows],
        events=sorted(events, key=lambda event: event.time_ms),
    )


def _card(city: City, story: Story, number: int) -> Card:
    row = city.pings[story.ping_index]
    place = int(row["latitude_e7"]), int(row["longitude_e7"])
    return Card(f"{number}. {story.title}", story.lines, *place, STORY_COLOURS[number - 1])
