"""How many connections a port takes: as many as leave the process files to work with.

Every connection is an open file. A process that has no more cannot write a snapshot, nor take a withdrawal on its other
port; so whoever opens connections without end meets the end of his own port, and nobody else does.
"""

from __future__ import annotations

import resource
from typing import Final

from geooffer.rpc.tls import PortKind

CONNECTION_COUNT_MAX: Final[dict[PortKind, int]] = {"data": 16_384, "control": 1_024}
_SHARE: Final[dict[PortKind, float]] = {"data": 0.75, "control": 0.125}
"""Of the files the process may open; the rest is the journal's, the audit log's and the snapshots'."""


def raise_open_file_limit() -> None:
    """To what the system allows this process: the usual first limit of 1,024 is for programs that use select()."""
    _, hard_count = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_count, hard_count))


def connection_count_max(kind: PortKind, open_file_count_max: int | None = None) -> int:
    """Of one port; by default from the limit that is set now."""
    if open_file_count_max is None:
        open_file_count_max, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if open_file_count_max == resource.RLIM_INFINITY:
        return CONNECTION_COUNT_MAX[kind]
    return min(CONNECTION_COUNT_MAX[kind], int(open_file_count_max * _SHARE[kind]))
