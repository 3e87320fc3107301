"""Both data planes, for tests that hold them to one behaviour.

@both_planes
async def test_…(plane: Plane) -> None: ...       # any fixture that is built on `plane_kind`
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest

PYTHON, NATIVE = "python", "native"


def why_not_native() -> str | None:
    """Why the native plane cannot be tested here; None where it can."""
    return None if find_spec("geooffer_native") is not None else "geooffer-native is not built here (make native)"


_absent = why_not_native()
PLANES = (PYTHON, pytest.param(NATIVE, marks=pytest.mark.skipif(_absent is not None, reason=str(_absent))))
both_planes = pytest.mark.parametrize("plane_kind", PLANES, indirect=True)
native_plane = pytest.mark.parametrize("plane_kind", PLANES[1:], indirect=True)
"""For what only it promises, or where its twin of the Python plane stands beside it."""


def plane_settings(kind: str) -> dict[str, Any]:
    """For `loopback_settings`, which chooses the Python plane by itself. Two workers also where there is one core."""
    return {"plane": kind, "worker_count": 2} if kind == NATIVE else {}


def verdicts_of(engine: Any) -> Any:
    """How many pings came to each, as of now: the native plane takes over what its workers counted now and then."""
    with engine.lock:
        engine.statistics.take(engine.marks)
    return engine.statistics.ping_verdicts


def plane_options(kind: str) -> tuple[str, ...]:
    """The same on the command line of `geooffer serve`."""
    return ("--plane", kind)
