"""No core dumps: a process that holds what is known of persons would leave all of it in a file nobody erases."""

from __future__ import annotations

import resource


def forbid_core_dumps() -> None:
    """Of this process and those it starts, for good: the hard limit goes, too."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
