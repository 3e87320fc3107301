"""The data plane's stage as fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import pytest
from plane_stage import OpenPlane, Plane, open_plane


@pytest.fixture(name="open_plane")
def open_plane_fixture(plane_kind: str) -> OpenPlane:
    return partial(open_plane, kind=plane_kind)


@pytest.fixture
async def plane(plane_kind: str) -> AsyncIterator[Plane]:
    async with open_plane(kind=plane_kind) as running:
        yield running
