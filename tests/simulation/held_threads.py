"""The threads of a simulated process: what is given to one waits until the simulation lets it run, or is cut off by a
crash. Not a test.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

Job = Callable[[], None]


class HeldThreads(ThreadPoolExecutor):
    """The loop's executor (`asyncio.to_thread`); it never starts a thread."""

    def __init__(self) -> None:
        super().__init__(max_workers=1)
        self._waiting: deque[Job] = deque()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def job() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:  # noqa: BLE001  (as a thread of a pool does)
                future.set_exception(error)

        self._waiting.append(job)
        return future

    def run(self) -> None:
        """Do all that waits."""
        while self._waiting:
            self._waiting.popleft()()

    def drop(self) -> Job | None:
        """The process is gone; returns what a thread was doing, if anything."""
        doing = self._waiting.popleft() if self._waiting else None
        self._waiting.clear()
        return doing
