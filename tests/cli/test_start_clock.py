"""What a start says of the machine's clock: nothing where it is right, and loudly where time is far ahead."""

from __future__ import annotations

import pytest
import structlog

from geooffer.cli.start_clock import PASSED_MAX_MS, read_first
from geooffer.engine.clock import AHEAD_MAX_MS, EngineClock
from geooffer.model.tables import NEVER_MS

NOW_MS = 1_772_528_400_000
YEAR_MS = 365 * 86_400_000


@pytest.mark.parametrize(
    ("latest_ms", "told"),
    [
        (NEVER_MS, []),
        (NOW_MS - PASSED_MAX_MS, []),
        (NOW_MS - PASSED_MAX_MS - 1, [("wall_clock_is_far_ahead", "warning")]),
        (NOW_MS, []),
        (NOW_MS + 1, [("wall_clock_was_set_back", "warning")]),
        (NOW_MS + AHEAD_MAX_MS, [("wall_clock_was_set_back", "warning")]),
        (NOW_MS + AHEAD_MAX_MS + 1, [("now_is_far_ahead", "error")]),
        (NOW_MS + 3 * YEAR_MS, [("now_is_far_ahead", "error")]),
    ],
)
def test_how_far_the_clocks_are_apart_is_told(latest_ms: int, told: list[tuple[str, str]]) -> None:
    clock = EngineClock("system")
    clock.resume(latest_ms)
    with structlog.testing.capture_logs() as logs:
        read_first(clock, latest_ms, NOW_MS)
    assert [(entry["event"], entry["log_level"]) for entry in logs] == told


def test_a_client_clock_is_no_matter_of_the_machines() -> None:
    clock = EngineClock("client", NOW_MS)
    clock.resume(NOW_MS - YEAR_MS)
    with structlog.testing.capture_logs() as logs:
        read_first(clock, NOW_MS - YEAR_MS, NOW_MS + YEAR_MS)
    assert logs == []
