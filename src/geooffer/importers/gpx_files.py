"""GPX 1.0 and 1.1: what recorders and apps write. A file is one device, called by its name without the ending.

The fixes are the points of all tracks and segments; where a file has no track, of its routes and waypoints, as far as
they carry a time (a route without times is a plan, not a walk). Latitude, longitude and `time` are read, and `speed` in
metres per second: GPX 1.0's own, or any extension of that name; a negative one is not reported. `hdop` is a factor
without a unit, so no accuracy is made of it; only an extension `accuracy` in metres is one. GPX has its times in UTC,
and one without a zone is taken so.

The file is hostile until read: a document type, and with it every entity, is refused (so there is nothing to expand or
to fetch), and expat reads a stream of events, however deep it nests. A file that breaks off gives what stands before.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any
from xml.parsers import expat

from geooffer.errors import InvalidArgumentError
from geooffer.importers import values
from geooffer.importers.rows import Refusal
from geooffer.importers.traces import SPEED_UNKNOWN, Trace, accuracy_cm, speed_cm_per_s, trace_of_fixes
from geooffer.model import keys

_POINTS = ("trkpt", "rtept", "wpt")
_TEXTS = ("time", "speed", "accuracy")
_TEXT_LENGTH_MAX = 64

_Fix = tuple[int, int, int, int, int, int]


def is_gpx(name: str) -> bool:
    """Whether a file's name says that it is GPX, compressed or not."""
    return name.lower().removesuffix(".gz").endswith(".gpx")


def read_gpx(path: Path, member: str, data: bytes) -> Trace:
    """The fixes of one file. `path` is the file that the user named, `member` the file in it, or ''.

    Raises InvalidArgumentError where it is no GPX, or has a document type.
    """
    name = member or str(path)
    device = PurePath(PurePath(name).name.removesuffix(".gz")).stem
    reading = _Reading(name, keys.device_key(device))
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reading.doctype
    parser.StartElementHandler = lambda tag, attributes: reading.start(tag, attributes, parser.CurrentLineNumber)
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        if not reading.is_gpx:
            raise InvalidArgumentError(f"{name}: not GPX: not XML at line {error.lineno}") from None
        reading.refuse(error.lineno, "not XML from here on; what follows is not read")
    except (LookupError, ValueError):
        raise InvalidArgumentError(f"{name}: not GPX: an encoding that is not known") from None
    chosen = "trkpt" if reading.fixes["trkpt"] or reading.has_track else "rtept wpt"
    fixes = [fix for kind in chosen.split() for fix in reading.fixes[kind]]
    refusals = [
        (path, Refusal(f"{member} line {line}".strip(), reason))
        for line, kind, reason in sorted(reading.refusals)
        if kind == "" or kind in chosen
    ]
    return trace_of_fixes(fixes, refusals)


class _Reading:
    """What the events of one file add up to."""

    def __init__(self, name: str, device_key: int) -> None:
        self._name = name
        self._device_key = device_key
        self.is_gpx = False
        self.has_track = False
        self.fixes: dict[str, list[_Fix]] = {kind: [] for kind in _POINTS}
        self.refusals: list[tuple[int, str, str]] = []
        """(line, kind of point or '', reason)."""
        self._point = ""
        self._line = 0
        self._cells: dict[str, str] = {}
        self._column = ""

    def refuse(self, line: int, reason: str) -> None:
        """Note what is wrong with the point at hand, or with the file."""
        self.refusals.append((line, self._point, reason))

    def doctype(self, *_: Any) -> None:
        """Nothing in GPX needs one, and everything that XML can be attacked with stands in it."""
        raise InvalidArgumentError(f"{self._name}: has a document type (DTD), which no GPX needs; refused unread")

    def start(self, tag: str, attributes: dict[str, str], line: int) -> None:
        """An element begins; `tag` is "namespace name"."""
        name = tag.rpartition(" ")[2]
        if not self.is_gpx:
            if name != "gpx":
                raise InvalidArgumentError(f"{self._name}: not GPX: its root element is another")
            self.is_gpx = True
        elif name in _POINTS and not self._point:
            self._point, self._line = name, line
            self._cells = {
                "latitude": attributes.get("lat", "").strip(),
                "longitude": attributes.get("lon", "").strip(),
            } | dict.fromkeys(_TEXTS, "")
            self.has_track |= name == "trkpt"
        self._column = name if self._point and name in _TEXTS and not self._cells[name] else ""

    def text(self, text: str) -> None:
        """Characters of the element at hand; they may come in pieces."""
        if self._column and len(self._cells[self._column]) <= _TEXT_LENGTH_MAX:
            self._cells[self._column] += text[: _TEXT_LENGTH_MAX + 1]

    def end(self, tag: str) -> None:
        """An element ends."""
        self._column = ""
        if not self._point or tag.rpartition(" ")[2] != self._point:
            return
        cells = {name: cell.strip() for name, cell in self._cells.items()}
        if cells["time"] or self._point == "trkpt":
            try:
                self.fixes[self._point].append(self._fix(cells))
            except InvalidArgumentError as error:
                self.refuse(self._line, error.message)
        self._point = ""

    def _fix(self, cells: dict[str, str]) -> _Fix:
        place = values.latitude_e7(cells["latitude"]), values.longitude_e7(cells["longitude"])
        speed = SPEED_UNKNOWN if cells["speed"].startswith("-") else speed_cm_per_s(cells, "speed")
        return _time_ms(cells["time"]), self._device_key, *place, accuracy_cm(cells, "accuracy"), speed


def _time_ms(text: str) -> int:
    if not text:
        raise values.refuse("time", "is missing")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise values.refuse("time", "not a time such as 2026-03-03T10:00:00Z") from None
    zoned = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return values.time_ms(zoned.isoformat(), "time")
