"""Where log lines go: JSON on stderr, one object a line, so that stdout stays the result of the command.

Every event has a name of docs/operation.md's table; what is bound to it is bounded here once more, so that no line can
grow without end, and a warning that repeats is told ten times a minute and then counted.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

FIELD_LENGTH_MAX = 200
LIST_LENGTH_MAX = 16
REPEAT_COUNT_MAX = 10
REPEAT_WINDOW_S = 60.0

Event = MutableMapping[str, Any]


def log_to_stderr(level: str) -> None:
    """Set up logging once a process; a second call changes nothing. `level`: debug, info, warning or error."""
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            RepeatLimit(time.monotonic),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            bounded,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # looked up for every line: whoever replaces stderr (tests do) gets what is written then
        # one write a line: others write here, too
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
    )
    logging.getLogger().addHandler(_LibraryLines(logging.WARNING))


def set_log_level(level: str) -> None:
    """From the next line on."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))


def bounded(_logger: object, _method: str, event: Event) -> Event:
    """Cut texts and lists; of what is neither text, number nor a list of them only the type is told. When, how grave
    and what come first in a line.
    """
    first = {key: event[key] for key in ("timestamp", "level", "event") if key in event}
    return {key: _bounded(value) for key, value in (first | dict(event)).items()}


def _bounded(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value if len(value) <= FIELD_LENGTH_MAX else value[: FIELD_LENGTH_MAX - 1] + "…"
    if isinstance(value, list | tuple):
        return [_bounded(item) for item in value[:LIST_LENGTH_MAX]]
    return type(value).__name__


class RepeatLimit:
    """Drops a warning or error that was told often enough lately; the next one told says how many were not."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._told: dict[str, tuple[float, int]] = {}
        """By event: when its window began, and how many came in it."""

    def __call__(self, _logger: object, method: str, event: Event) -> Event:
        if method not in ("warning", "error"):
            return event
        name, now_s = str(event["event"]), self._clock_s()
        with self._lock:
            began_s, count = self._told.get(name, (now_s, 0))
            if now_s - began_s < REPEAT_WINDOW_S:
                self._told[name] = (began_s, count + 1)
                if count >= REPEAT_COUNT_MAX:
                    raise structlog.DropEvent
                return event
            self._told[name] = (now_s, 1)
        if count > REPEAT_COUNT_MAX:
            event["suppressed_count"] = count - REPEAT_COUNT_MAX
        return event


class _LibraryLines(logging.Handler):
    """Warnings of libraries that use `logging`: who and where, never the text, which may hold anything."""

    def emit(self, record: logging.LogRecord) -> None:
        place = f"{record.filename}:{record.lineno}"
        structlog.get_logger(__name__).warning("library_warning", logger=record.name, place=place)
