"""Lines are JSON, bounded, and a warning that repeats is counted."""

from __future__ import annotations

import json
import subprocess
import sys

import structlog

from geooffer.cli.log import (
    FIELD_LENGTH_MAX,
    LIST_LENGTH_MAX,
    REPEAT_COUNT_MAX,
    REPEAT_WINDOW_S,
    RepeatLimit,
    bounded,
)

LEVELS_CODE = """
import logging
import structlog
from geooffer.cli.log import log_to_stderr, set_log_level
log = structlog.get_logger("early")
log_to_stderr("warning")
log_to_stderr("debug")
for level in ("debug", "warning", "error", "info"):
    set_log_level(level)
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)("said", at=level)
logging.getLogger("some.library").warning("anna-4711 said %s", "much")
try:
    raise ValueError("anna-4711")
except ValueError:
    logging.getLogger("some.library").exception("anna-4711")
"""


def test_fields_are_bounded_and_of_plain_types() -> None:
    event = {"b": "x" * 1000, "a": list(range(100)), "event": "e", "level": "info", "o": object(), "n": None, "f": 1.5}
    told = bounded(None, "info", event)
    assert list(told) == ["level", "event", "b", "a", "o", "n", "f"]
    assert len(told["b"]) == FIELD_LENGTH_MAX
    assert told["b"].endswith("x…")
    assert told["a"] == list(range(LIST_LENGTH_MAX))
    assert (told["o"], told["n"], told["f"]) == ("object", None, 1.5)
    assert len(json.dumps(bounded(None, "info", {"deep": [["x" * 1000] * 100] * 100}))) < 100_000


def test_a_warning_that_repeats_is_told_ten_times_a_minute_and_counted() -> None:
    now_s = 0.0
    limit = RepeatLimit(lambda: now_s)

    def told(event: str, method: str = "warning") -> dict[str, object] | None:
        try:
            return dict(limit(None, method, {"event": event}))
        except structlog.DropEvent:
            return None

    assert [told("a") is not None for _ in range(25)] == [True] * REPEAT_COUNT_MAX + [False] * 15
    assert told("b") == {"event": "b"}
    assert all(told("a", "info") == {"event": "a"} for _ in range(100))
    now_s = REPEAT_WINDOW_S
    assert told("a") == {"event": "a", "suppressed_count": 15}
    assert told("a") == {"event": "a"}
    now_s += REPEAT_WINDOW_S
    assert told("a") == {"event": "a"}


def test_levels_change_while_it_runs_and_libraries_say_who_and_where_only() -> None:
    done = subprocess.run([sys.executable, "-c", LEVELS_CODE], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    said = [(line["at"], line["level"]) for line in lines if line["event"] == "said"]
    assert said == [
        *(("debug", level) for level in ("debug", "info", "warning", "error")),
        *(("warning", level) for level in ("warning", "error")),
        ("error", "error"),
        *(("info", level) for level in ("info", "warning", "error")),
    ]
    others = [line for line in lines if line["event"] != "said"]
    assert [(line["event"], line["logger"]) for line in others] == [("library_warning", "some.library")] * 2
    assert "anna" not in done.stderr
