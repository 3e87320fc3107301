"""Fixtures of the scenario tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from running_shoes import NOW_MS
from scenario_stage import Stage

from planes import plane_settings


@pytest.fixture
async def stage(tmp_path: Path, plane_kind: str) -> AsyncIterator[Stage]:
    """A fresh service whose clock stands at Tuesday 2026-03-03, 10:00 in Berlin."""
    async with Stage.running(NOW_MS, tmp_path / "state", **plane_settings(plane_kind)) as running:
        yield running


@pytest.fixture
def stage_at(tmp_path: Path, plane_kind: str) -> Callable[[int], AbstractAsyncContextManager[Stage]]:
    """Makes a fresh service whose clock starts at the given time."""
    return lambda start_ms: Stage.running(start_ms, tmp_path / "state", **plane_settings(plane_kind))
