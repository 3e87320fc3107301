"""What every data plane offers the assembly, whatever carries its messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from geooffer.rpc.server import Service


@dataclass(slots=True)
class PlaneStatistics:
    """Counts since start-up."""

    messages: int = 0
    rows: int = 0
    batches: int = 0
    """Engine steps; rows / batches is how well the gathering works."""
    shed_rows: int = 0
    late_offers: int = 0
    """Offers taken back because their budget ran out, before the commit or before the sending."""
    due_offers: int = 0
    """Offers whose budget was asked for the last time: at the sending, or before, where it had run out by then."""
    timely_offers: int = 0
    """Those of them whose budget was not over."""
    streams: int = 0
    """Open now."""


class DataPlane(Protocol):
    """Carries pings to the engine and answers back."""

    statistics: PlaneStatistics

    @property
    def fault(self) -> BaseException | None:
        """Why the plane stopped deciding (a journal that failed, a bug); None while it works."""

    def service(self) -> Service:
        """What rpc/server.py adds to the data port."""

    def start(self) -> None:
        """Begin sweeping for silent devices. Call inside the running loop."""

    async def drain(self, grace_s: float) -> bool:
        """Take nothing more, decide and answer what was read, end the streams; False if `grace_s` ran out."""
