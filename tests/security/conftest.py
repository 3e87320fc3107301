"""A whole server with both ports, as `geooffer serve` assembles it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from geooffer.cli.assembly import RunningService, loopback_settings, running_service


@pytest.fixture
async def service() -> AsyncIterator[RunningService]:
    """Nothing in it, nothing kept."""
    async with running_service(loopback_settings()) as running:
        yield running
