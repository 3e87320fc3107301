"""What the native plane is started with; the field names are those of native/plane/src/settings.rs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from geooffer.model import limits
from geooffer.rpc.auth import TokenVerifier
from geooffer.rpc.open_files import connection_count_max
from geooffer.rpc.quotas import Quotas
from geooffer.rpc.refusals import Refusals
from geooffer.rpc.tls import TlsSource


@dataclass(frozen=True, slots=True)
class NativeSettings:
    """Of the Rust side."""

    phone_address: str
    """`host:port`; port 0 = chosen by the system."""
    gateway_address: str = ""
    """'' = gateways come to the phones' address."""
    upstream_path: str = ""
    """Unix socket of the data port, which answers all other services; '' = they are UNIMPLEMENTED."""
    worker_count: int = 1
    worker_cores: list[int] = field(default_factory=list)
    """Empty = not pinned."""
    default_budget_ms: int = limits.DECISION_BUDGET_DEFAULT_MS
    """For pings that name none; 0 = for ever (client clock)."""
    echo: bool = False
    """Answers unread: the ceiling of a benchmark."""
    handshakes_per_s: int = 0
    """Full TLS handshakes over all workers; 0 = without bound."""
    connection_count_max: int = field(default_factory=partial(connection_count_max, "data"))
    """Of both listeners: as many as leave the process files to work with."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call and how often; the same objects as the ports'."""

    verifier: TokenVerifier
    quotas: Quotas
    refusals: Refusals
    tls: TlsSource | None = None


def workers_of(cores: set[int], count: int) -> tuple[int, list[int]]:
    """How many workers, and the cores they are pinned to, of the cores this process may use.

    `count` 0 = one per core but the first, which is left to Python, the accept thread and the system. Pinned only where
    each has a core to itself: else the scheduler knows better.
    """
    ordered = sorted(cores)
    wanted = count or max(1, len(ordered) - 1)
    return wanted, ordered[1 : 1 + wanted] if wanted < len(ordered) else []
