"""A lock that notices what was written outside it: what kernels read is compared from section to section.

As a plugin it watches every engine of a run: `PYTHONPATH=tests/engine pytest -p watched_lock tests/engine`. Then those
tests are told of that write tables themselves: what comes of zones (they put people back between two pings), and the
planted bug of a restart. Not a test file.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import pytest

from geooffer.engine.core import Core
from geooffer.engine.engine import Engine

HASHED_BYTES_MAX = 1 << 20
"""Of larger tables only the place is looked at."""


class WatchedLock:
    """Watches one engine from now on; `unlocked`: where something was found changed."""

    def __init__(self, engine: Core) -> None:
        self._engine = engine
        self.unlocked: list[str] = []
        self._held = self._look()
        engine.lock.bind(self._enter, lambda: None, self._leave)

    def _look(self) -> dict[str, Any]:
        engine, state = self._engine, self._engine.state
        snapshot = engine.snapshot
        found: dict[str, Any] = {
            "policy": engine.policy,
            "generation": snapshot.generation,
            "hours": (snapshot.hours_from_ms, snapshot.hours_until_ms),
            "decided": int(engine.marks[0]),
            "shadow": id(getattr(engine, "shadow", None)),
        }
        tables = {
            "people": state.people.view,
            "live": state.live.view,
            "commerce": snapshot.commerce,
            "fences": snapshot.fences,
        }
        for table, arrays in tables.items():
            for name, array in arrays._asdict().items():
                is_small = array.nbytes <= HASHED_BYTES_MAX
                found[f"{table}.{name}"] = len(array), crc32(array.tobytes()) if is_small else id(array)
        return found

    def _enter(self) -> None:
        self.check()

    def _leave(self) -> None:
        self._held = self._look()

    def check(self) -> None:
        """Note what differs from when the last section was left."""
        now = self._look()
        changed = [name for name in now if now[name] != self._held[name]]
        if changed:
            place = "".join(traceback.format_stack(limit=8)[:-2])
            self.unlocked.append(f"{', '.join(changed)} changed outside the engine's lock, found at\n{place}")
        self._held = now


@pytest.fixture(autouse=True)
def every_engine_is_watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For runs with this module as a plugin."""
    watched: list[WatchedLock] = []
    begin = Engine.__init__

    def begin_watched(self: Engine, **options: Any) -> None:
        begin(self, **options)
        watched.append(WatchedLock(self))

    monkeypatch.setattr(Engine, "__init__", begin_watched)
    yield
    for lock in watched:
        lock.check()
        assert lock.unlocked == [], lock.unlocked[0]
