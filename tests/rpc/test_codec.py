"""Ping messages to PING rows: golden rows, ranges, whose devices; the column branch equals the row branch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from geooffer.errors import InvalidArgumentError, PermissionDeniedError
from geooffer.model import limits
from geooffer.model.columns import PING
from geooffer.model.tables import NEVER_MS
from geooffer.rpc import codec
from geooffer.rpc.codec import PingMessage, Sender
from geooffer.v1 import ping_service_pb2 as pb

PHONE = Sender(own_key=77)
GATEWAY = Sender(own_key=0, key_ranges=((1, 1_000), (5_000, 6_000)))


def decode(content: pb.Ping | pb.PingBatch, sender: Sender = PHONE) -> PingMessage:
    if isinstance(content, pb.Ping):
        request = pb.StreamPingsRequest(ping=content)
    else:
        request = pb.StreamPingsRequest(batch=content)
    return codec.decode_stream_request(request.SerializeToString(), sender, 9)


def rows_of(message: PingMessage) -> Any:
    return codec.as_arrays([message.rows], [message.fix_ages_ms])[0]


def columns(count: int, **extra: Any) -> pb.PingBatch:
    return pb.PingBatch(latitudes_e7=range(count), longitudes_e7=range(count), **extra)


def test_a_phone_ping_becomes_one_row() -> None:
    message = decode(
        pb.Ping(
            sequence=4,
            session_id=-3,
            latitude_e7=473_000_000,
            longitude_e7=-85_000_000,
            accuracy_cm=1_200,
            fix_age_millis=250,
            decision_budget_millis=80,
        )
    )
    pings, ages = codec.as_arrays([message.rows], [message.fix_ages_ms])
    row = pings[0]
    assert (row["device_key"], row["session_id"], row["sequence"]) == (77, -3, 4)
    assert (row["latitude_e7"], row["longitude_e7"], row["accuracy_cm"]) == (473_000_000, -85_000_000, 1_200)
    assert (row["fix_time_ms"], row["stream_number"], row["malformed"], row["now_ms"]) == (NEVER_MS, 9, 0, 0)
    assert ages.tolist() == [250]
    assert (message.row_count, message.budget_ms) == (1, 80)
    pings["now_ms"] = 5  # the plane stamps these arrays in place


def test_wall_time_wins_over_age_which_stays_for_the_client_clock_and_drops_fractions_of_a_millisecond() -> None:
    message = decode(pb.Ping(fix_age_millis=9, fix_time=Timestamp(seconds=1_700_000_000, nanos=123_999_999)))
    assert rows_of(message)["fix_time_ms"].tolist() == [1_700_000_000_123]
    assert codec.as_arrays([message.rows], [message.fix_ages_ms])[1].tolist() == [9]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("latitude_e7", 900_000_001),
        ("latitude_e7", -900_000_001),
        ("longitude_e7", 1_800_000_001),
        ("longitude_e7", -1_800_000_001),
        ("accuracy_cm", -1),
        ("accuracy_cm", 100_000_001),
        ("speed_cm_per_s", -1),
        ("speed_cm_per_s", 100_001),
        ("fix_age_millis", -1),
        ("fix_age_millis", limits.FIX_AGE_MAX_MS + 1),
        ("sequence", -1),
        ("decision_budget_millis", -1),
        ("decision_budget_millis", 60_001),
        ("fix_time", Timestamp(seconds=-1)),
        ("fix_time", Timestamp(seconds=2**61)),
        ("fix_time", Timestamp(nanos=-1)),
        ("fix_time", Timestamp(nanos=1_000_000_000)),
    ],
)
def test_g1_t5_a_value_out_of_range_is_a_malformed_row_not_an_error(field: str, value: Any) -> None:
    rows = rows_of(decode(pb.Ping(**{field: value})))
    assert (rows["malformed"].tolist(), rows["fix_time_ms"].tolist()) == ([1], [NEVER_MS])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("latitude_e7", 900_000_000),
        ("longitude_e7", 1_800_000_000),
        ("longitude_e7", -1_800_000_000),
        ("accuracy_cm", 100_000_000),
        ("speed_cm_per_s", 0),
        ("speed_cm_per_s", 100_000),
        ("fix_age_millis", limits.FIX_AGE_MAX_MS),
        ("decision_budget_millis", 60_000),
        ("fix_time", Timestamp(seconds=4_102_444_800)),
        ("fix_time", Timestamp()),
    ],
)
def test_the_ends_of_each_range_are_good(field: str, value: Any) -> None:
    assert rows_of(decode(pb.Ping(**{field: value})))["malformed"].tolist() == [0]


def test_one_bad_row_does_not_spoil_its_batch() -> None:
    for count in (3, 40):
        batch = columns(count)
        batch.latitudes_e7[1] = 2_000_000_000
        assert rows_of(decode(batch))["malformed"].tolist() == [0, 1] + [0] * (count - 2)


@pytest.mark.parametrize("count", [2, 40])
@pytest.mark.parametrize(
    "name",
    [
        "device_keys",
        "session_ids",
        "sequences",
        "accuracies_cm",
        "fix_ages_millis",
        "fix_offsets_millis",
        "speeds_cm_per_s",
    ],
)
def test_a_ragged_column_is_refused_by_name(name: str, count: int) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        decode(columns(count, **{name: [1] * (count - 1)}))
    assert caught.value.field == f"batch.{name}"


def test_row_counts_outside_1_to_1024_are_refused() -> None:
    for batch in (pb.PingBatch(), columns(1_025), pb.PingBatch(longitudes_e7=[1])):
        with pytest.raises(InvalidArgumentError):
            decode(batch)
    assert decode(columns(1_024)).row_count == 1_024


@pytest.mark.parametrize("count", [3, 40])
def test_a_speed_is_hers_or_unknown_and_standing_still_is_known(count: int) -> None:
    assert set(rows_of(decode(columns(count)))["speed_cm_per_s"].tolist()) == {-1}
    reported = rows_of(decode(columns(count, speeds_cm_per_s=[0, -1, 850] + [-2] * (count - 3))))
    assert reported["speed_cm_per_s"].tolist()[:3] == [0, -1, 850]
    assert reported["malformed"].tolist() == [0, 0, 0] + [1] * (count - 3)
    assert rows_of(decode(pb.Ping()))["speed_cm_per_s"].tolist() == [-1]
    assert rows_of(decode(pb.Ping(speed_cm_per_s=0)))["speed_cm_per_s"].tolist() == [0]


def test_golden_bytes_of_a_ping_and_a_batch_with_speeds() -> None:
    """What an SDK generated from the same file puts on the wire; field 10 zigzag, column 11 fixed."""
    ping = bytes.fromhex("0a09" + "08" + "08" + "18" + "02" + "20" + "03" + "50a40d")
    row = rows_of(codec.decode_stream_request(ping, PHONE, 9))[0]
    assert (row["sequence"], row["latitude_e7"], row["longitude_e7"], row["speed_cm_per_s"]) == (4, 1, -2, 850)
    two = "2208" + "0100000002000000" + "2a08" + "0300000004000000" + "5a08" + "ffffffff52030000"
    rows = rows_of(codec.decode_stream_request(bytes.fromhex("121e" + two), PHONE, 9))
    assert rows["longitude_e7"].tolist() == [3, 4]
    assert rows["speed_cm_per_s"].tolist() == [-1, 850]


@pytest.mark.parametrize("data", [b"", b"\x0a", b"\xff\xff\xff", pb.StreamPingsRequest().SerializeToString()])
def test_what_is_no_message_is_an_invalid_argument(data: bytes) -> None:
    with pytest.raises(InvalidArgumentError):
        codec.decode_stream_request(data, PHONE, 1)
    with pytest.raises(InvalidArgumentError):
        codec.decode_ingest_request(data, PHONE)


@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_typed_refusal(data: bytes) -> None:
    try:
        message = codec.decode_stream_request(data, GATEWAY, 1)
    except (InvalidArgumentError, PermissionDeniedError):
        return
    assert len(message.rows) == message.row_count * PING.itemsize


@pytest.mark.parametrize("count", [2, 40])
def test_a_phone_speaks_for_itself_only(count: int) -> None:
    assert set(rows_of(decode(columns(count)))["device_key"].tolist()) == {77}
    assert set(rows_of(decode(columns(count, device_keys=[77] * count)))["device_key"].tolist()) == {77}
    for content in (columns(count, device_keys=[77] * (count - 1) + [78]), pb.Ping(device_key=78)):
        with pytest.raises(PermissionDeniedError):
            decode(content)


@pytest.mark.parametrize("count", [2, 40])
def test_a_gateway_speaks_for_its_ranges_and_must_name_the_device(count: int) -> None:
    keys = [1_000, 5_000, *([0] * (count - 2))]
    rows = rows_of(decode(columns(count, device_keys=keys), GATEWAY))
    assert rows["malformed"].tolist() == [int(key == 0) for key in keys]
    with pytest.raises(PermissionDeniedError):
        decode(columns(count, device_keys=[1_001] + [1] * (count - 1)), GATEWAY)
    with pytest.raises(PermissionDeniedError):
        decode(pb.Ping(device_key=-1), GATEWAY)
    with pytest.raises(InvalidArgumentError) as caught:
        decode(columns(count), GATEWAY)
    assert caught.value.field == "batch.device_keys"
    assert rows_of(decode(pb.Ping(), GATEWAY))["malformed"].tolist() == [1]


INT32 = st.one_of(st.integers(-(2**31), 2**31 - 1), st.sampled_from([0, 900_000_000, -900_000_001, 1_800_000_000]))
INT64 = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 1_000),
    st.sampled_from([limits.FIX_AGE_MAX_MS, limits.FIX_AGE_MAX_MS + 1]),
    st.sampled_from([limits.TIME_MAX_MS, -limits.TIME_MAX_MS]),
)


@st.composite
def batches(draw: st.DrawFn) -> pb.PingBatch:
    count = draw(st.integers(1, 8))

    def column(values: st.SearchStrategy[int], required: bool = False) -> list[int]:
        wanted = required or draw(st.booleans())
        return draw(st.lists(values, min_size=count, max_size=count)) if wanted else []

    batch = pb.PingBatch(
        device_keys=column(st.sampled_from([0, 1, 1_000, 5_500]), required=True),
        session_ids=column(INT64),
        sequences=column(INT64),
        latitudes_e7=column(INT32, required=True),
        longitudes_e7=column(INT32, required=True),
        accuracies_cm=column(INT32),
        fix_ages_millis=column(INT64),
        fix_offsets_millis=column(INT64),
        speeds_cm_per_s=column(st.one_of(INT32, st.integers(-2, 2_000), st.sampled_from([100_000, 100_001]))),
        decision_budget_millis=draw(st.sampled_from([0, 50, -1, 60_001])),
    )
    if draw(st.booleans()):
        batch.base_time.CopyFrom(
            Timestamp(
                seconds=draw(st.sampled_from([0, -1, 1_700_000_000, 4_102_444_800, 2**62])),
                nanos=draw(st.sampled_from([0, 999_999_999, -1])),
            )
        )
    return batch


@given(batches())
def test_the_column_branch_equals_the_row_branch(batch: pb.PingBatch) -> None:
    data = pb.StreamPingsRequest(batch=batch).SerializeToString()
    by_row = codec.decode_stream_request(data, GATEWAY, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "TINY_BATCH_ROW_COUNT", 0)
        by_column = codec.decode_stream_request(data, GATEWAY, 3)
    assert by_row == by_column
    assert np.frombuffer(by_row.rows, PING).shape == (len(batch.latitudes_e7),)
