"""Processes of a benchmark: where they run, what they use."""

from __future__ import annotations

import os
from pathlib import Path


def cores() -> tuple[int | None, int | None]:
    """(server's core, load generator's core): two of those this process may use; None where there is no choice."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else (None, None)


def pin(core: int | None) -> None:
    """Keep this process, and the threads it will start, on one core."""
    if core is not None:
        os.sched_setaffinity(0, {core})


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in RAM; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """CPU time a process has used, user and system; 0 where the system does not tell."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    # the name in parentheses may hold spaces; utime and stime are the 14th and 15th field
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
