"""A whole server with both ports, as `geooffer serve` assembles it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from planes import plane_settings


@pytest.fixture
async def service(plane_kind: str) -> AsyncIterator[RunningService]:
    """Nothing in it, nothing kept."""
    async with running_service(loopback_settings(**plane_settings(plane_kind))) as running:
        yield running
