"""The one lock of an engine: taken by the loop thread around all that changes what kernels read, and by native workers
around one call of the matcher (docs/adr/0012-one-engine-lock.md).

    with engine.lock:      short: nothing awaited, no file, no call that lets go of the GIL
        …                  on leaving the outermost section native callers are told what is where now (engine/join.py)

Without native workers it locks nothing. Only the loop's thread may enter a section: a second Python thread that waited
for the lock would hold the GIL, which the owner may need to leave.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident


def _nothing() -> None:
    return None


class EngineLock:
    """Reentrant for the thread that runs the engine."""

    def __init__(self) -> None:
        self._depth = 0
        self._thread = 0
        self._acquire: Callable[[], object] = _nothing
        self._release: Callable[[], object] = _nothing
        self._leave: Callable[[], None] = _nothing

    def bind(
        self, acquire: Callable[[], object], release: Callable[[], object], leave: Callable[[], None] = _nothing
    ) -> None:
        """From the next section on take and give back a real lock. `leave` is called while it is still held."""
        if self._depth:
            raise RuntimeError("the engine's lock is bound inside one of its sections")
        self._acquire, self._release, self._leave = acquire, release, leave
        self._thread = get_ident()

    def unbind(self) -> None:
        """From now on it locks nothing."""
        self.bind(_nothing, _nothing)

    @property
    def is_bound(self) -> bool:
        """Whether anybody else may hold it."""
        return self._acquire is not _nothing

    @property
    def is_bound_here(self) -> bool:
        """The same, asked by the thread that may enter sections: the one that bound it."""
        return self.is_bound and get_ident() == self._thread

    @property
    def is_held(self) -> bool:
        """Whether the loop's thread is inside a section."""
        return self._depth > 0

    def __enter__(self) -> None:
        if self._depth == 0:
            self._acquire()
        self._depth += 1

    def __exit__(self, *error: object) -> None:
        if self._depth > 1:
            self._depth -= 1
            return
        try:
            self._leave()
        finally:
            self._depth = 0
            self._release()
