"""A whole server in this process: engine, data port and control port, as every command starts it.

    async with running_service(loopback_settings()) as service:
        token = service.issue_token("operator")
        ...  # GeoofferClient against service.data_address and service.control_address

Used by `serve`, `replay --embedded`, `demo`, `bench` and the scenario tests. Leaving the block drains: what
was read is decided and answered, then streams end UNAVAILABLE.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from geooffer.cli.settings import ServiceSettings

if TYPE_CHECKING:
    from geooffer.engine.engine import Engine


class IssueToken(Protocol):
    """Make a token that this server accepts; only where it runs on its own development key."""

    def __call__(
        self,
        role: str,
        *,
        device_key: int | None = None,
        device_key_ranges: tuple[tuple[int, int], ...] | None = None,
        lifetime_s: int = 3600,
    ) -> str: ...


@dataclass(frozen=True, slots=True)
class RunningService:
    """A started server. Addresses carry the ports the system chose."""

    data_address: str
    control_address: str
    engine: Engine
    issue_token: IssueToken


def loopback_settings(**changes: Any) -> ServiceSettings:
    """Settings of a private server on loopback: ports chosen by the system, the client clock."""
    values: dict[str, Any] = {
        "data_address": "127.0.0.1:0", "control_address": "127.0.0.1:0", "clock": "client"
    }
    return ServiceSettings(**(values | changes))


@asynccontextmanager
async def running_service(settings: ServiceSettings) -> AsyncIterator[RunningService]:
    """Start a server, yield it, drain it. Raises ConfigurationError for settings that do not fit together."""
    raise NotImplementedError
    yield
