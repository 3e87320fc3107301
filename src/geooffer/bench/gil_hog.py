"""A Python thread beside the server's own that is as bad a neighbour as can be, at the lowest priority of its core.

`burn`: Python code for ever; the GIL is asked back every 5 ms. `hold`: one call into C that does not give the GIL back
for about a second, again and again; nothing in Python runs meanwhile.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

KINDS = ("burn", "hold")
PRIORITY = 19
_PROBE_COUNT = 2_000_000


@contextmanager
def hogging(kind: str) -> Iterator[None]:
    """While the block runs; "" = nobody hogs."""
    if not kind:
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_burn if kind == "burn" else _hold, args=(over,), name=f"hog-{kind}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10.0)


def _step_aside() -> None:
    # as the service does with threads of its own that are not in a hurry
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), PRIORITY)


def _burn(over: threading.Event) -> None:
    _step_aside()
    while not over.is_set():
        sum(number * number for number in range(1_000))


def _hold(over: threading.Event) -> None:
    started_s = time.perf_counter()
    sum(range(_PROBE_COUNT))
    count = round(_PROBE_COUNT / (time.perf_counter() - started_s))
    _step_aside()
    while not over.is_set():
        sum(range(count))  # in C from end to end: the GIL is held for a second of CPU time
