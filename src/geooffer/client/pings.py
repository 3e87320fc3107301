"""What a caller streams: fixes in degrees and metres, or ready-made messages."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from geooffer.model import units
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class Ping:
    """One fix. Live: `fix_age_ms`, as of now; replayed: `fix_time_ms`."""

    latitude: float
    """Degrees, −90..90."""
    longitude: float
    """Degrees, −180..180."""
    accuracy_m: float = 0.0
    """68 % radius; 0 = unknown."""
    fix_age_ms: int = 0
    fix_time_ms: int | None = None
    """Milliseconds since 1970."""
    sequence: int = 0
    session_id: int = 0
    device_key: int = 0
    """Needed from gateways and operators."""
    decision_budget_ms: int = 0
    """0 = the service's default."""
    speed_m_per_s: float | None = None
    """As the phone's positioning reports it; None = it reports none."""
    wants_next_ping: bool = False
    """Also be told when the next ping is useful (client/sleeping.py follows it)."""

    def to_message(self) -> pb.Ping:
        """The wire form. Raises InvalidArgumentError for a coordinate that is no number or out of range."""
        message = pb.Ping(
            sequence=self.sequence,
            session_id=self.session_id,
            latitude_e7=units.latitude_from_degrees(self.latitude),
            longitude_e7=units.longitude_from_degrees(self.longitude),
            accuracy_cm=units.metres_to_cm(self.accuracy_m),
            fix_age_millis=self.fix_age_ms,
            decision_budget_millis=self.decision_budget_ms,
            device_key=self.device_key,
            wants_next_ping=self.wants_next_ping,
        )
        if self.speed_m_per_s is not None:
            message.speed_cm_per_s = units.metres_to_cm(self.speed_m_per_s)
        if self.fix_time_ms is not None:
            message.fix_time.CopyFrom(timestamp(self.fix_time_ms))
        return message


Streamable = Ping | pb.Ping | pb.PingBatch


@dataclass(slots=True)
class PendingMessage:
    """A message the service has not decided yet, and since when we hold it."""

    request: pb.StreamPingsRequest
    taken_s: float = field(default_factory=time.monotonic)

    def as_sent(self, now_s: float) -> bytes:
        """Its bytes, live fixes aged by the time they waited here (for the window, for a reconnect)."""
        waited_ms = int((now_s - self.taken_s) * 1000)
        if waited_ms <= 0:
            return self.request.SerializeToString()
        request = pb.StreamPingsRequest()
        request.CopyFrom(self.request)
        if request.HasField("ping"):
            if not request.ping.HasField("fix_time"):
                request.ping.fix_age_millis += waited_ms
        elif not request.batch.HasField("base_time"):
            ages = request.batch.fix_ages_millis or [0] * len(request.batch.latitudes_e7)
            request.batch.fix_ages_millis[:] = [age + waited_ms for age in ages]
        return request.SerializeToString()


def pending(item: Streamable) -> PendingMessage:
    """A message to send, held from now on."""
    if isinstance(item, Ping):
        item = item.to_message()
    if isinstance(item, pb.Ping):
        return PendingMessage(pb.StreamPingsRequest(ping=item))
    return PendingMessage(pb.StreamPingsRequest(batch=item))
