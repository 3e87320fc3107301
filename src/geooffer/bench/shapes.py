"""The transport shapes of `geooffer bench`: who connects how, and what a message holds (docs/benchmarks.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to be loaded."""

    name: str
    connection_count: int
    streams_per_connection: int
    window: int
    """Messages in flight on a stream, closed loop."""
    row_count: int
    """Of a message; 0 = single pings."""
    device_count: int
    role: str
    """Of the tokens: one per device, or one gateway's for all streams."""
    is_tls: bool = False

    @property
    def stream_count(self) -> int:
        """Of all connections."""
        return self.connection_count * self.streams_per_connection

    @property
    def rows_per_message(self) -> int:
        """A single ping is a row."""
        return max(1, self.row_count)

    def sized(self, connections: int | None, persons: int | None) -> Shape:
        """With other counts: devices are shared out to streams in whole messages, at least one each."""
        shape = self if connections is None else replace(self, connection_count=connections)
        if shape.role == "device":
            return replace(shape, device_count=shape.stream_count)
        unit = shape.stream_count * shape.rows_per_message
        wanted = shape.device_count if persons is None else persons
        return replace(shape, device_count=max(1, wanted // unit) * unit)


_DIRECT = Shape("direct", 1_000, 1, 1, 0, 1_000, "device")
_GATEWAY = Shape("gateway", 8, 64, 1, 0, 102_400, "gateway")
_PACKED = Shape("packed", 8, 1, 4, 256, 102_400, "gateway")

SHAPES = {
    shape.name: shape
    for shape in (
        _DIRECT,
        replace(_DIRECT, name="direct8", window=8),
        replace(_DIRECT, name="direct-tls", is_tls=True),
        _GATEWAY,
        replace(_GATEWAY, name="gateway8", window=8),
        replace(_GATEWAY, name="gateway-tls", is_tls=True),
        _PACKED,
        replace(_PACKED, name="packed100", row_count=100),
    )
}
