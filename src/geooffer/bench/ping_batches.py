"""PING rows as the column messages a gateway sends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from geooffer.model.columns import StructArray
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb


def replayed_batch(pings: StructArray) -> pb.PingBatch:
    """Rows with their wall times, 1..1,024 of them, as one message."""
    base_ms = int(pings["fix_time_ms"][0])
    return pb.PingBatch(
        device_keys=pings["device_key"].tolist(),
        session_ids=pings["session_id"].tolist(),
        sequences=pings["sequence"].tolist(),
        latitudes_e7=pings["latitude_e7"].tolist(),
        longitudes_e7=pings["longitude_e7"].tolist(),
        accuracies_cm=pings["accuracy_cm"].tolist(),
        base_time=timestamp(base_ms),
        fix_offsets_millis=(pings["fix_time_ms"] - base_ms).tolist(),
        speeds_cm_per_s=pings["speed_cm_per_s"].tolist(),
    )


def replayed_batches(pings: StructArray, row_count: int) -> Iterator[pb.PingBatch]:
    """All rows, in order, `row_count` a message."""
    for start in np.arange(0, len(pings), row_count).tolist():
        yield replayed_batch(pings[start : start + row_count])
