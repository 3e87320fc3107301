"""Ping messages in, PING rows out: decode, check ranges, check whose devices they are.

A bad row is data: it becomes `malformed = 1` and its batch goes on (semantics T5). What breaks a whole
message (not a message at all, ragged columns, foreign devices) raises, and says which field.

Rows travel as bytes (64 a row, model/columns.py) so that gathering many small messages into one batch is one
join. Two branches: a row loop without NumPy for single pings and tiny batches, whole columns for the rest;
NumPy costs about 4 µs a column before the first row, the loop about 2 µs a row. A test holds them equal.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from geooffer.errors import InvalidArgumentError, PermissionDeniedError
from geooffer.model import limits
from geooffer.model.columns import PING, Int64Array, StructArray
from geooffer.model.tables import NEVER_MS
from geooffer.v1 import ping_service_pb2 as pb

_ROW = struct.Struct("<qqqqqiiiiiB3x")
_AGE = struct.Struct("<q")
assert _ROW.size == PING.itemsize
TINY_BATCH_ROW_COUNT = 16
SPEED_UNKNOWN = -1

_OPTIONAL_COLUMNS = (
    "device_keys",
    "session_ids",
    "sequences",
    "accuracies_cm",
    "fix_ages_millis",
    "fix_offsets_millis",
    "speeds_cm_per_s",
)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose devices a stream may speak for: its own one, or the ranges of a gateway's or operator's token."""

    own_key: int
    """The device of a role `device` token; 0 for the other roles."""
    key_ranges: tuple[tuple[int, int], ...] = ()
    """First and last key of each range, both included; unused where own_key is set."""

    def owns(self, key: int) -> bool:
        """Whether `key` lies in one of the ranges."""
        return any(low <= key <= high for low, high in self.key_ranges)

    def owns_all(self, keys: Int64Array) -> bool:
        """Whether every key other than 0 lies in one of the ranges. keys: shape (n,)."""
        owned = keys == 0
        for low, high in self.key_ranges:
            owned |= (keys >= low) & (keys <= high)
        return bool(owned.all())


@dataclass(frozen=True, slots=True)
class PingMessage:
    """One decoded message: `row_count` PING rows and the age of each fix in milliseconds."""

    row_count: int
    rows: bytes
    fix_ages_ms: bytes
    budget_ms: int
    """0 = none was named."""
    wants_next_ping: bool = False

    def malformed_rows(self) -> list[bool]:
        """Which rows the decoder refused."""
        return [bool(flag) for flag in np.frombuffer(self.rows, PING)["malformed"].tolist()]


def decode_stream_request(data: bytes, sender: Sender, stream_number: int) -> PingMessage:
    """A StreamPingsRequest. Raises InvalidArgumentError or PermissionDeniedError."""
    return _decode(pb.StreamPingsRequest, data, sender, stream_number)


def decode_ingest_request(data: bytes, sender: Sender) -> PingMessage:
    """An IngestPingsRequest. Raises InvalidArgumentError or PermissionDeniedError."""
    return _decode(pb.IngestPingsRequest, data, sender, 0)


def as_arrays(rows: list[bytes], fix_ages_ms: list[bytes]) -> tuple[StructArray, Int64Array]:
    """Messages' rows as one writable PING array, shape (n,), and their ages in ms, shape (n,)."""
    pings = np.frombuffer(bytearray().join(rows), PING)
    return pings, np.frombuffer(bytearray().join(fix_ages_ms), np.int64)


def _decode(kind: Any, data: bytes, sender: Sender, stream_number: int) -> PingMessage:
    try:
        request = kind.FromString(data)
    except DecodeError:
        raise InvalidArgumentError(f"the message is not a {kind.DESCRIPTOR.name}") from None
    content = request.WhichOneof("content")
    if content == "ping":
        return _decode_ping(request.ping, sender, stream_number)
    if content == "batch":
        return _decode_batch(request.batch, sender, stream_number)
    raise InvalidArgumentError("ping or batch is required", field="content")


def _decode_ping(ping: pb.Ping, sender: Sender, stream_number: int) -> PingMessage:
    key = _admit_key(ping.device_key, sender, "ping.device_key")
    if ping.HasField("fix_time"):
        fix_time_ms, replayed = _timestamp_ms(ping.fix_time), True
    else:
        fix_time_ms, replayed = NEVER_MS, False
    budget_ms = ping.decision_budget_millis
    row, age = _row(
        key,
        ping.session_id,
        ping.sequence,
        fix_time_ms,
        ping.latitude_e7,
        ping.longitude_e7,
        ping.accuracy_cm,
        stream_number,
        ping.speed_cm_per_s if ping.HasField("speed_cm_per_s") else SPEED_UNKNOWN,
        ping.fix_age_millis,
        replayed,
        _is_budget(budget_ms) and ping.speed_cm_per_s >= 0,
    )
    return PingMessage(1, row, age, budget_ms if _is_budget(budget_ms) else 0, ping.wants_next_ping)


def _row(
    key: int,
    session_id: int,
    sequence: int,
    fix_time_ms: int | None,
    latitude_e7: int,
    longitude_e7: int,
    accuracy_cm: int,
    stream_number: int,
    speed_cm_per_s: int,
    age_ms: int,
    replayed: bool,
    rest_good: bool,
) -> tuple[bytes, bytes]:
    """One PING row and its age; the scalar twin of `_malformed_rows`. `rest_good`: what else its message says."""
    good = (
        rest_good
        and key != 0
        and sequence >= 0
        and -limits.LATITUDE_MAX_E7 <= latitude_e7 <= limits.LATITUDE_MAX_E7
        and -limits.LONGITUDE_MAX_E7 <= longitude_e7 <= limits.LONGITUDE_MAX_E7
        and 0 <= accuracy_cm <= limits.ACCURACY_MAX_CM
        and SPEED_UNKNOWN <= speed_cm_per_s <= limits.SPEED_MAX_CM_PER_S
        and 0 <= age_ms <= limits.FIX_AGE_MAX_MS
        and fix_time_ms is not None
        and (not replayed or limits.TIME_MIN_MS <= fix_time_ms <= limits.TIME_MAX_MS)
    )
    if not good:
        fix_time_ms, age_ms = NEVER_MS, 0
    row = _ROW.pack(
        key,
        session_id,
        sequence,
        fix_time_ms,
        0,
        latitude_e7,
        longitude_e7,
        accuracy_cm,
        stream_number,
        speed_cm_per_s,
        not good,
    )
    return row, _AGE.pack(age_ms)


def _decode_batch(batch: pb.PingBatch, sender: Sender, stream_number: int) -> PingMessage:
    count = len(batch.latitudes_e7)
    _check_lengths(batch, count)
    if not batch.device_keys and not sender.own_key:
        raise InvalidArgumentError("a gateway names the device of each row", field="batch.device_keys")
    base_ms = _timestamp_ms(batch.base_time) if batch.HasField("base_time") else NEVER_MS
    budget_ms = batch.decision_budget_millis
    columns = _decode_rows if count <= TINY_BATCH_ROW_COUNT else _decode_columns
    rows, ages = columns(batch, count, sender, stream_number, base_ms)
    return PingMessage(count, rows, ages, budget_ms if _is_budget(budget_ms) else 0, batch.wants_next_ping)


def _check_lengths(batch: pb.PingBatch, count: int) -> None:
    if not 1 <= count <= limits.PING_BATCH_ROW_COUNT_MAX:
        raise InvalidArgumentError(f"a batch has 1..{limits.PING_BATCH_ROW_COUNT_MAX} rows", field="batch.latitudes_e7")
    if len(batch.longitudes_e7) != count:
        raise InvalidArgumentError("must be as long as latitudes_e7", field="batch.longitudes_e7")
    for name in _OPTIONAL_COLUMNS:
        if len(getattr(batch, name)) not in (0, count):
            raise InvalidArgumentError("must be empty or as long as latitudes_e7", field=f"batch.{name}")


def _decode_rows(
    batch: pb.PingBatch, count: int, sender: Sender, stream_number: int, base_ms: int | None
) -> tuple[bytes, bytes]:
    replayed = batch.HasField("base_time")
    default = (0,) * count
    keys = [_admit_key(key, sender, "batch.device_keys") for key in batch.device_keys or default]
    sessions, sequences = batch.session_ids or default, batch.sequences or default
    accuracies = batch.accuracies_cm or default
    ages = batch.fix_ages_millis or default
    offsets = batch.fix_offsets_millis or default
    speeds = batch.speeds_cm_per_s or (SPEED_UNKNOWN,) * count
    budget_good = _is_budget(batch.decision_budget_millis)
    rows, row_ages = [], []
    for i in range(count):
        fix_time_ms = base_ms if not replayed or base_ms is None else base_ms + offsets[i]
        row, age = _row(
            keys[i],
            sessions[i],
            sequences[i],
            fix_time_ms,
            batch.latitudes_e7[i],
            batch.longitudes_e7[i],
            accuracies[i],
            stream_number,
            speeds[i],
            ages[i],
            replayed,
            budget_good,
        )
        rows.append(row)
        row_ages.append(age)
    return b"".join(rows), b"".join(row_ages)


def _decode_columns(
    batch: pb.PingBatch, count: int, sender: Sender, stream_number: int, base_ms: int | None
) -> tuple[bytes, bytes]:
    pings = np.zeros(count, PING)
    pings["device_key"] = _admit_keys(batch, sender)
    pings["latitude_e7"] = np.asarray(batch.latitudes_e7)
    pings["longitude_e7"] = np.asarray(batch.longitudes_e7)
    if batch.session_ids:
        pings["session_id"] = np.asarray(batch.session_ids)
    if batch.sequences:
        pings["sequence"] = np.asarray(batch.sequences)
    if batch.accuracies_cm:
        pings["accuracy_cm"] = np.asarray(batch.accuracies_cm)
    pings["stream_number"] = stream_number
    pings["speed_cm_per_s"] = np.asarray(batch.speeds_cm_per_s) if batch.speeds_cm_per_s else SPEED_UNKNOWN
    ages = np.zeros(count, np.int64)
    times = np.full(count, NEVER_MS, np.int64)
    if batch.fix_ages_millis:
        ages[:] = np.asarray(batch.fix_ages_millis)
    bad = (ages < 0) | (ages > limits.FIX_AGE_MAX_MS)
    if batch.HasField("base_time"):
        if base_ms is None:
            bad[:] = True
        else:
            times[:] = base_ms
        if batch.fix_offsets_millis:
            offsets = np.asarray(batch.fix_offsets_millis)
            # both bounds lie within one range of times, so the sum below cannot overflow where it counts
            bad |= (offsets < -limits.TIME_MAX_MS) | (offsets > limits.TIME_MAX_MS)
            times += np.where(bad, 0, offsets)
        bad |= (times < limits.TIME_MIN_MS) | (times > limits.TIME_MAX_MS)
    bad |= _malformed_rows(pings)
    if not _is_budget(batch.decision_budget_millis):
        bad[:] = True
    times[bad] = NEVER_MS
    ages[bad] = 0
    pings["fix_time_ms"] = times
    pings["malformed"] = bad
    return pings.tobytes(), ages.tobytes()


def _malformed_rows(pings: StructArray) -> Any:
    """Which rows hold a value outside its stated range, times aside. Shape (n,) bool."""
    latitudes, longitudes, accuracies = pings["latitude_e7"], pings["longitude_e7"], pings["accuracy_cm"]
    bad = pings["device_key"] == 0
    bad |= pings["sequence"] < 0
    bad |= (latitudes < -limits.LATITUDE_MAX_E7) | (latitudes > limits.LATITUDE_MAX_E7)
    bad |= (longitudes < -limits.LONGITUDE_MAX_E7) | (longitudes > limits.LONGITUDE_MAX_E7)
    bad |= (accuracies < 0) | (accuracies > limits.ACCURACY_MAX_CM)
    speeds = pings["speed_cm_per_s"]
    bad |= (speeds < SPEED_UNKNOWN) | (speeds > limits.SPEED_MAX_CM_PER_S)
    return bad


def _admit_key(key: int, sender: Sender, field: str) -> int:
    """The device a row speaks for; a gateway's missing key stays 0 and makes its row malformed."""
    if sender.own_key:
        if key not in (0, sender.own_key):
            raise PermissionDeniedError("the token is of another device", field=field)
        return sender.own_key
    if key and not sender.owns(key):
        raise PermissionDeniedError("the token does not cover this device", field=field)
    return key


def _admit_keys(batch: pb.PingBatch, sender: Sender) -> Any:
    """`_admit_key` for a whole column: a scalar, or int64 of shape (n,)."""
    if sender.own_key:
        if batch.device_keys:
            keys = np.asarray(batch.device_keys)
            if bool(((keys != 0) & (keys != sender.own_key)).any()):
                raise PermissionDeniedError("the token is of another device", field="batch.device_keys")
        return sender.own_key
    keys = np.asarray(batch.device_keys)
    if not sender.owns_all(keys):
        raise PermissionDeniedError("the token does not cover this device", field="batch.device_keys")
    return keys


def _timestamp_ms(time: Any) -> int | None:
    """Milliseconds since 1970, rounded down; None where it is no time of 1970..2100."""
    if not 0 <= time.nanos < 1_000_000_000:
        return None
    value = int(time.seconds) * 1000 + int(time.nanos) // 1_000_000
    return value if limits.TIME_MIN_MS <= value <= limits.TIME_MAX_MS else None


def _is_budget(budget_ms: int) -> bool:
    return 0 <= budget_ms <= limits.DECISION_BUDGET_MAX_MS
