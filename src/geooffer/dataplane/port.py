"""What every data plane offers the assembly, whatever carries its messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from geooffer.errors import DrainingError, GeoofferError, JournalError
from geooffer.rpc.server import Service
from geooffer.telemetry.observed import BatchesHook, BatchHook

PlaneName = Literal["native", "python"]
PING_SERVICE = "geooffer.v1.PingService"


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


class Queued(NamedTuple):
    """What was read and is not decided yet."""

    message_count: int
    row_count: int
    oldest_age_s: float
    """Since the oldest of them was read; 0: none."""


class DataPlane(Protocol):
    """Carries pings to the engine and answers back."""

    on_batch: BatchHook
    """Told of every batch that Python decided."""
    on_batches: BatchesHook
    """Told now and then of those that native workers decided."""

    @property
    def name(self) -> PlaneName:
        """As the setting `plane` calls it."""

    @property
    def address(self) -> str | None:
        """Where it listens itself, `host:port`; None: at the data port."""

    @property
    def gateway_address(self) -> str | None:
        """Where gateways connect, `host:port`; None: where all do."""

    @property
    def statistics(self) -> PlaneStatistics:
        """As of now. May be read from any thread."""

    @property
    def queued(self) -> Queued:
        """As of now. May be read from any thread."""

    @property
    def held_offer_count(self) -> int:
        """Offers decided that wait for the journal."""

    @property
    def fault(self) -> BaseException | None:
        """Why the plane stopped deciding (a journal that failed, a bug); None while it works."""

    def service(self) -> Service:
        """What rpc/server.py adds to the data port."""

    def start(self) -> None:
        """Begin to serve and to sweep for silent devices. Call inside the running loop.

        Raises ConfigurationError where it cannot listen.
        """

    async def drain(self, grace_s: float) -> bool:
        """Take nothing more, decide and answer what was read, end the streams; False if `grace_s` ran out."""

    async def stop(self) -> None:
        """Close what it listens at; after it nothing of it runs."""


def fault_of(error: BaseException) -> GeoofferError:
    """What callers are told once nothing is decided any more because of `error`."""
    if isinstance(error, JournalError):
        return JournalError("the journal failed; no ping is taken, the service ends and recovers")
    return DrainingError("the service has a fault; no ping is taken")
