"""The shape `idle`: what a stream weighs in the server's memory on which nothing happens.

Streams are opened with a ping each, then one ping a second is sent over all of them. The server's resident memory is
looked at before and meanwhile; the difference over the streams. First direct (a connection each), then multiplexed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from geooffer.bench.carried import Carrier, CarrierPlan, Pace, Serve, carriers
from geooffer.bench.processes import resident_bytes, watching_memory
from geooffer.bench.shapes import SHAPES, Shape

_NOBODY = 2**62
DIRECT = replace(SHAPES["direct"], connection_count=1_000)
MULTIPLEXED = replace(SHAPES["gateway"], connection_count=32, streams_per_connection=250, device_count=8_000)


def measure(plane: str, serve: Serve, note: Callable[[str], None]) -> dict[str, Any]:
    """Bytes a stream, direct and multiplexed. Raises BenchmarkError."""
    report: dict[str, Any] = {"shape": "idle", "plane": plane}
    for name, shape in (("direct", DIRECT), ("multiplexed", MULTIPLEXED)):
        weight = _weigh(plane, shape, serve)
        note(f"{name}: {shape.stream_count:,} streams, {weight:,.0f} bytes each")
        report |= {f"{name}_streams": shape.stream_count, f"{name}_bytes": round(weight)}
    return report


def _weigh(plane: str, shape: Shape, serve: Serve) -> float:
    with tempfile.TemporaryDirectory(prefix="geooffer-bench-") as directory:
        plan = CarrierPlan(plane, shape, None, Path(directory), intent_every=_NOBODY)
        small = replace(shape, connection_count=1, device_count=shape.streams_per_connection)
        with carriers([plan], serve) as (server,):
            # whatever a first connection brings into memory is not a stream's
            first = _with_shape(server, small)
            _opened_bytes(first)
            server.verdicts = first.verdicts
            before_bytes = resident_bytes(server.ready.pid)
            return (_opened_bytes(server) - before_bytes) / shape.stream_count


def _with_shape(server: Carrier, shape: Shape) -> Carrier:
    tokens = server.ready.tokens[: shape.stream_count]
    ready = replace(server.ready, tokens=tokens)
    return replace(server, plan=replace(server.plan, shape=shape), ready=ready)


def _opened_bytes(server: Carrier) -> int:
    """The most memory the server had while its streams were open and idle."""
    with watching_memory(server.ready.pid) as memory:
        server.run(Pace(0.0, 2.0, rows_per_s=1.0))
    return memory.most_bytes
