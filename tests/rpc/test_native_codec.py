"""The native codec against the Python one, byte for byte: messages in, answers out, refusals as trailers.

Skipped where the extension is not built; native/plane/tests/golden_wire.json holds a part of it for `cargo test`.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from answer_lives import life, python_answers
from wire_messages import SENDERS, Chance, messages

from geooffer import errors
from geooffer.errors import GeoofferError
from geooffer.rpc import codec, status
from geooffer.rpc.codec import Sender

native: Any = pytest.importorskip("geooffer_native", reason="the native plane is not built")
if not hasattr(native, "decode_rows"):
    pytest.skip("this build of the native plane does not show its codec", allow_module_level=True)

STREAM_NUMBER = 9


def python_decoded(data: bytes, sender: Sender, *, is_ingest: bool) -> tuple[object, ...]:
    """As geooffer_native.decode_rows returns it."""
    try:
        if is_ingest:
            message = codec.decode_ingest_request(data, sender)
        else:
            message = codec.decode_stream_request(data, sender, STREAM_NUMBER)
    except GeoofferError as error:
        return status.code_of(error).value[0], error.reason, error.field, error.message
    return message.row_count, message.rows, message.fix_ages_ms, message.budget_ms, message.wants_next_ping


def native_decoded(data: bytes, sender: Sender, *, is_ingest: bool) -> tuple[object, ...]:
    number = 0 if is_ingest else STREAM_NUMBER
    told: tuple[object, ...] = native.decode_rows(data, sender.own_key, list(sender.key_ranges), number, is_ingest)
    return told


def compare(seed: int, count: int) -> tuple[int, int]:
    """Decode messages both ways; returns how many were taken, and how many were refused."""
    taken = 0
    for number, data in enumerate(messages(seed, count)):
        sender, is_ingest = SENDERS[number % len(SENDERS)], number % 3 == 0
        expected = python_decoded(data, sender, is_ingest=is_ingest)
        assert native_decoded(data, sender, is_ingest=is_ingest) == expected, (data.hex(), sender, is_ingest)
        taken += len(expected) == 5
    return taken, count - taken


def test_messages_good_mutated_and_hostile_are_taken_and_refused_alike() -> None:
    taken, refused = compare(1, 8_000)
    assert taken > 1_500
    assert refused > 1_500


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 20))
def test_many_more_messages_are_taken_and_refused_alike(seed: int) -> None:
    compare(seed, 60_000)


def test_a_stream_is_told_the_same_bytes_whatever_becomes_of_it() -> None:
    for seed in range(80):
        script = life(Chance(seed))
        assert bytes(native.encode_answer(json.dumps(script))) == python_answers(script), script


@pytest.mark.long
def test_many_streams_are_told_the_same_bytes() -> None:
    for seed in range(1_000, 11_000):
        script = life(Chance(seed))
        assert bytes(native.encode_answer(json.dumps(script))) == python_answers(script), seed


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidArgumentError("must be empty or as long as latitudes_e7", field="batch.device_keys"),
        errors.InvalidArgumentError("the message is not a StreamPingsRequest"),
        errors.PermissionDeniedError("the token is of another device", field="ping.device_key"),
        errors.UnauthenticatedError("a valid token is required"),
        errors.QuotaExceededError("more rows a second than this device may send", retry_after_ms=1_250),
        errors.QuotaExceededError("more rows", field="rows", retry_after_ms=60_000),
        errors.QuotaExceededError("at once", retry_after_ms=0),
        errors.LimitExceededError("a device has at most 4 streams"),
        errors.OverloadedError("too many open streams; retry"),
        errors.DrainingError("the service is shutting down"),
        errors.JournalError("the journal failed; no ping is taken, the service ends and recovers"),
        errors.ConfigurationError("grün, 100 %\n\t\x7f" + "x" * 300),
        ValueError("nothing of this is told"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_refusal_has_the_same_status_bytes(error: Exception) -> None:
    expected = status.status_of(error)
    reason = error.reason if isinstance(error, GeoofferError) else "INTERNAL"
    field = error.field if isinstance(error, GeoofferError) else ""
    delay_ms = error.retry_after_ms if isinstance(error, errors.QuotaExceededError) else 0
    told = native.status_trailers(expected.code, reason, field, expected.message, delay_ms)
    trailers = {name: bytes(value) for name, value in told}
    assert len(told) == 3
    assert trailers["grpc-status"] == str(expected.code).encode()
    assert unquote_to_bytes(trailers["grpc-message"]) == expected.message.encode()
    assert all(0x20 <= byte < 0x7F for byte in trailers["grpc-message"])
    details = trailers["grpc-status-details-bin"]
    assert base64.b64encode(expected.SerializeToString()).rstrip(b"=") == details
