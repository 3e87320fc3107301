"""Decoding and answering: what a ping costs beside the transport.

Rivals in the same run: protobuf's own parse of the same bytes (the floor: nothing can decode for less), and for
batches a Python loop over its rows (what the column branch replaces).
Run: `pytest benchmarks/test_ping_codec.py --benchmark-only`; figures are per message, `extra_info.rows` says of how
many.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from geooffer.rpc import codec
from geooffer.rpc.answers import AnswerDraft, encode
from geooffer.rpc.codec import Sender
from geooffer.rpc.render import OfferRenderer
from geooffer.v1 import ping_service_pb2 as pb

PHONE = Sender(own_key=77)
GATEWAY = Sender(own_key=0, key_ranges=((1, 10_000),))
PING = pb.StreamPingsRequest(
    ping=pb.Ping(sequence=4, latitude_e7=473_000_000, longitude_e7=85_000_000, accuracy_cm=1_200, fix_age_millis=50)
).SerializeToString()


def batch(count: int) -> bytes:
    """A gateway's columns, as a busy one fills them."""
    random = np.random.default_rng(3)
    return pb.StreamPingsRequest(
        batch=pb.PingBatch(
            device_keys=random.integers(1, 10_000, count).tolist(),
            session_ids=random.integers(1, 2**40, count).tolist(),
            sequences=range(1, count + 1),
            latitudes_e7=random.integers(470_000_000, 480_000_000, count).tolist(),
            longitudes_e7=random.integers(80_000_000, 90_000_000, count).tolist(),
            accuracies_cm=random.integers(300, 5_000, count).tolist(),
            fix_ages_millis=random.integers(0, 2_000, count).tolist(),
        )
    ).SerializeToString()


def test_parse_only_single(benchmark: Any) -> None:
    benchmark.extra_info["rows"] = 1
    assert benchmark(pb.StreamPingsRequest.FromString, PING).ping.sequence == 4


def test_decode_single(benchmark: Any) -> None:
    benchmark.extra_info["rows"] = 1
    assert benchmark(codec.decode_stream_request, PING, PHONE, 1).row_count == 1


@pytest.mark.parametrize("count", [8, 100, 256, 1_024])
def test_parse_only_batch(benchmark: Any, count: int) -> None:
    benchmark.extra_info["rows"] = count
    assert len(benchmark(pb.StreamPingsRequest.FromString, batch(count)).batch.sequences) == count


@pytest.mark.parametrize("count", [8, 100, 256, 1_024])
def test_decode_batch(benchmark: Any, count: int) -> None:
    benchmark.extra_info["rows"] = count
    assert benchmark(codec.decode_stream_request, batch(count), GATEWAY, 1).row_count == count


@pytest.mark.parametrize("count", [8, 100, 256, 1_024])
def test_decode_batch_row_by_row(benchmark: Any, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "TINY_BATCH_ROW_COUNT", count)
    benchmark.extra_info["rows"] = count
    assert benchmark(codec.decode_stream_request, batch(count), GATEWAY, 1).row_count == count


def test_gather_1024_single_pings(benchmark: Any) -> None:
    message = codec.decode_stream_request(PING, PHONE, 1)
    rows, ages = [message.rows] * 1_024, [message.fix_ages_ms] * 1_024
    benchmark.extra_info["rows"] = 1_024
    assert len(benchmark(codec.as_arrays, rows, ages)[0]) == 1_024


def test_bare_acknowledgement(benchmark: Any) -> None:
    benchmark.extra_info["rows"] = 1
    renderer = OfferRenderer()
    data = benchmark(
        lambda: encode(AnswerDraft(7), renderer, lambda _item: True, location_wanted=True, catalog_generation=3)
    )
    assert pb.StreamPingsResponse.FromString(data).answer.acknowledged_message_sequence == 7
