"""Gate 3 on the real service: its disk refuses to grow amid the load; it ends by itself, and nothing promised is lost.

A file size limit set on the running process stands for a full disk: mounting one of its own needs rights that a test
has not. A write that reaches the limit is cut short, the next one is refused (EFBIG), as on a disk without room.
"""

from __future__ import annotations

import resource

import numpy as np
from servers import ServerProcess

ROOM_MAX_BYTES = 48 * 1024
END_S = 20.0
SLOW_TO_END = "the server did not end after its disk had refused a write"


async def fill_disk(server: ServerProcess, random: np.random.Generator) -> list[str]:
    """kills.End: a little room is left, and then none."""
    # the log has its whole length from the start, and is overwritten: what is refused there is what goes far into it
    files = [path for path in server.state_dir.rglob("*") if path.is_file() and not path.name.endswith("-wal")]
    largest_bytes = max(path.stat().st_size for path in files)
    limit_bytes = largest_bytes + int(random.integers(0, ROOM_MAX_BYTES))
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    try:
        code = await server.ended(END_S)
    except TimeoutError:
        server.kill()
        return [SLOW_TO_END]
    return [] if code > 0 else [f"the server ended with {code} after its disk had refused a write"]
