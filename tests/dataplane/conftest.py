"""The data plane's stage as fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from plane_stage import OpenPlane, Plane, open_plane


@pytest.fixture(name="open_plane")
def open_plane_fixture() -> OpenPlane:
    return open_plane


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    async with open_plane() as running:
        yield running
