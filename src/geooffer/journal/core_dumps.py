"""No core dumps: a process that holds what is known of persons would leave all of it in a file nobody erases."""

from __future__ import annotations

import resource

LIMIT_BYTES = 1
"""Too little for a dump into a file, as 0 would be; and where `kernel.core_pattern` pipes dumps into a program, Linux
asks for no limit but this one, at which it starts no program (core(5), fs/coredump.c).
"""


def forbid_core_dumps() -> None:
    """Of this process and those it starts, for good: the hard limit goes, too. One that is 0 already stays: only root
    could raise it.
    """
    _, hard_bytes = resource.getrlimit(resource.RLIMIT_CORE)
    limit_bytes = 0 if hard_bytes == 0 else LIMIT_BYTES
    resource.setrlimit(resource.RLIMIT_CORE, (limit_bytes, limit_bytes))
