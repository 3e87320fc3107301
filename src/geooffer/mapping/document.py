"""What a map shows, as data: `geooffer map` and the demo fill it, mapping/page.py makes a page of it.

Places are E7 throughout. Texts come from outside (names, titles, reasons) and are data to the page, never markup.
Nothing here holds a customer id or a device key: a track is known by its number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from geooffer.engine.zone_clipping import with_buffer
from geooffer.errors import ExclusionZoneOverlapError, InvalidShapeError
from geooffer.model.catalog import Geofence, Offer, Store
from geooffer.model.columns import Int32Array, Int64Array, UInt8Array
from geooffer.model.exclusion import ExclusionZone

BLUE, SKY, GREEN, YELLOW = "#0072b2", "#56b4e9", "#009e73", "#f0e442"
ORANGE, VERMILION, PURPLE, GREY = "#e69f00", "#d55e00", "#cc79a7", "#7a7f87"
"""Okabe and Ito's palette, which colour-blind readers tell apart, and a grey."""


@dataclass(frozen=True, slots=True)
class FenceKind:
    """Areas drawn alike."""

    label: str
    colour: str
    dashed: bool = False


STORE_FENCE = FenceKind("fence of a store", BLUE)
BARE_FENCE = FenceKind("fence without a store: transitions only", PURPLE, dashed=True)
EXCLUSION_ZONE = FenceKind("exclusion zone with its buffer: pings are dropped", VERMILION, dashed=True)


@dataclass(frozen=True, slots=True)
class MapFence:
    """A fence and the kind it is drawn as."""

    fence: Geofence
    kind: FenceKind


class SuspicionKind(Enum):
    """What may be wrong, the surest first; the value is the heading of the page's list."""

    SWAPPED = "Latitude and longitude swapped?"
    AT_ZERO = "At latitude 0, longitude 0"
    UNKNOWN_STORE = "Names a store that is not there"
    FAR_FROM_STORE = "Far from its store"
    STORE_OUTSIDE = "Store outside its own fences"
    IDENTICAL = "The same shape twice"
    OVERLAP = "Overlaps a fence of another store"
    AREA_HUGE = "Far larger than the others"
    AREA_TINY = "Far smaller than the others"
    STORE_WITHOUT_FENCE = "Store without a fence: no offer will ever be tried"
    NO_STORE = "Fence without a store: transitions only"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One thing to look at. `fences` and `stores` are ids; `text` says what was found, with its figure."""

    kind: SuspicionKind
    fences: tuple[str, ...]
    stores: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class MapClosure:
    """A store that gives no offers in [from_ms, until_ms), whatever its hours say; `text` tells why."""

    store_id: str
    from_ms: int
    until_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class LineLayer:
    """Lines drawn under everything, such as streets. Paths have shape (n, 2): latitude_e7, longitude_e7."""

    label: str
    colour: str
    width_px: float
    opacity: float
    paths: list[Int32Array]
    width_m: float = 0.0
    """Where above 0, the width grows with the scale, from width_px on."""


@dataclass(frozen=True, slots=True)
class MapMark:
    """A symbol at a place, with what is told when it is pointed at."""

    latitude_e7: int
    longitude_e7: int
    text: str


@dataclass(frozen=True, slots=True)
class MarkLayer:
    """Marks that look alike. `symbol`: "dot", "star", or the text of a numbered pin."""

    label: str
    symbol: str
    colour: str
    marks: list[MapMark]


@dataclass(frozen=True, slots=True)
class TrackEvent:
    """Something that happened at a fix. `kind`: ENTER, DWELL, EXIT, TRY or OFFER."""

    kind: str
    fix_index: int
    time_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Track:
    """The fixes of one device in order of time, all columns of one length n."""

    label: str
    times_ms: Int64Array
    latitudes_e7: Int32Array
    longitudes_e7: Int32Array
    accuracies_cm: Int32Array
    verdicts: UInt8Array
    """PingVerdict; 0 = not known."""
    events: list[TrackEvent] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Card:
    """A story in the panel; pressing it goes to its place."""

    title: str
    lines: tuple[str, ...]
    latitude_e7: int
    longitude_e7: int
    colour: str
    span_m: float = 400.0


@dataclass(slots=True)
class MapDocument:
    """One page. `time_ms` is the moment whose opening state it first shows."""

    title: str
    source: str
    generated_ms: int
    time_ms: int
    fences: list[MapFence] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    closures: list[MapClosure] = field(default_factory=list)
    """Closures and pauses in force or to come."""
    suspicions: list[Suspicion] = field(default_factory=list)
    lines: list[LineLayer] = field(default_factory=list)
    marks: list[MarkLayer] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    figures: dict[str, str] = field(default_factory=dict)
    tallies: dict[str, int] = field(default_factory=dict)
    """Counts by verdict, drawn as bars."""
    tallies_title: str = ""
    opens_on_tracks: bool = True
    """A walk in a large catalog: the page opens on the walk."""

    @property
    def kinds(self) -> list[FenceKind]:
        """The kinds that occur, in order of first use."""
        return list(dict.fromkeys(item.kind for item in self.fences))


def map_fences(fences: list[Geofence]) -> list[MapFence]:
    """Fences with the kind that their store gives them."""
    return [MapFence(fence, STORE_FENCE if fence.store_id else BARE_FENCE) for fence in fences]


def map_zones(zones: list[ExclusionZone]) -> list[MapFence]:
    """Exclusion zones as areas of a kind of their own; their ids hold a space, so that they are no fence's."""
    areas = []
    for zone in zones:
        told = f"{zone.category.name.lower()}, buffer {zone.buffer_cm / 100:g} m"
        try:
            shape = with_buffer(zone)
        except (ExclusionZoneOverlapError, InvalidShapeError):
            shape, told = zone.shape, f"{told}, not drawn"
        name = f"{zone.name} ({told})" if zone.name else told
        areas.append(MapFence(Geofence(f"zone {zone.zone_id}", shape, name=name), EXCLUSION_ZONE))
    return areas
