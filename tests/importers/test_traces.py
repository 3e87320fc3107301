"""Traces: columns, order, and lines that are no fix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.importers.traces import read_traces
from geooffer.model.keys import device_key

HEADER = "user_id;tracked_at;latitude;longitude;elevation;accuracy\n"


def write(tmp_path: Path, text: str, name: str = "a.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_newest_first_is_brought_into_order(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        HEADER
        + "2;2012-12-18T21:30:35Z;47.3766094;8.5484732;0;20\n"
        + "1;2012-12-18T21:30:35Z;-47.5;-8.5;0;\n"
        + "ann;2012-12-18T21:29:34+01:00;0;0;0;36.25\n",
    )
    trace = read_traces([path])
    assert not trace.was_sorted
    assert trace.device_keys.tolist() == [device_key("ann"), 1, 2]
    assert trace.fix_times_ms.tolist() == [1_355_862_574_000, 1_355_866_235_000, 1_355_866_235_000]
    assert trace.latitudes_e7.tolist() == [0, -475_000_000, 473_766_094]
    assert trace.longitudes_e7.tolist() == [0, -85_000_000, 85_484_732]
    assert trace.accuracies_cm.tolist() == [3_625, 0, 2_000]
    assert trace.refusals == []


def test_an_ordered_trace_stays_as_it_is(tmp_path: Path) -> None:
    text = "device_key,fix_time,latitude,longitude\n" + "".join(
        f"{device},2026-03-03T10:00:{second:02}Z,1,2\n" for second in range(3) for device in (4, 5)
    )
    trace = read_traces([write(tmp_path, text)])
    assert trace.was_sorted
    assert trace.device_keys.tolist() == [4, 5] * 3
    assert not trace.accuracies_cm.any()


def test_files_are_merged_by_time(tmp_path: Path) -> None:
    header = "user_id,tracked_at,latitude,longitude\n"
    one = write(tmp_path, header + "1,2026-03-03T10:00:02Z,1,2\n", "one.csv")
    two = write(tmp_path, header + "2,2026-03-03T10:00:01Z,1,2\n", "two.csv")
    assert read_traces([one, two]).device_keys.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1;2012-12-18T21:30:35Z;NaN;8.5;0;20", "latitude: not a number"),
        ("1;2012-12-18T21:30:35Z;90.1;8.5;0;20", "latitude: outside"),
        ("1;2012-12-18T21:30:35Z;47.3;-180.1;0;20", "longitude: outside"),
        ("1;2012-12-18T21:30:35;47.3;8.5;0;20", "tracked_at: a time needs a zone"),
        ("1;yesterday;47.3;8.5;0;20", "tracked_at: not an RFC 3339 time"),
        (";2012-12-18T21:30:35Z;47.3;8.5;0;20", "user_id: is missing"),
        ("1;2012-12-18T21:30:35Z;47.3;8.5;0;-1", "accuracy: outside"),
        ("1;2012-12-18T21:30:35Z;47.3;8.5;0;1e9", "accuracy: outside"),
        ("1;2012-12-18T21:30:35Z;47.3;8.5", "4 cells where the header has 6"),
    ],
)
def test_a_line_that_is_no_fix_is_refused_alone(tmp_path: Path, line: str, reason: str) -> None:
    good = "1;2012-12-18T21:30:35Z;47.3;8.5;0;20\n"
    trace = read_traces([write(tmp_path, HEADER + line + "\n" + good)])
    assert trace.fix_count == 1
    assert [(refusal.place, refusal.reason.startswith(reason)) for _, refusal in trace.refusals] == [("line 2", True)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("user_id,tracked_at,latitude\n1,2,3\n", "missing column longitude"),
        ("lat,lon\n1,2\n", "missing column user_id or device_key"),
        (HEADER, "holds no usable fix"),
        (HEADER + "1;x;y;z;0;0\n", "holds no usable fix: line 2: tracked_at"),
    ],
)
def test_a_file_that_is_no_trace_is_one_error(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InvalidArgumentError, match=reason):
        read_traces([write(tmp_path, text)])


def test_the_real_walk_in_zurich(shared_data: Path) -> None:
    """Its synthetic twin is test_newest_first_is_brought_into_order."""
    trace = read_traces([shared_data / "traces" / "zurich_phone_google.csv"])
    assert trace.fix_count == 416
    assert not trace.was_sorted
    assert trace.refusals == []
    assert (np.diff(trace.fix_times_ms) > 0).all()
    assert set(trace.device_keys.tolist()) == {1}
    assert trace.accuracies_cm.min() == 1_400
    assert trace.accuracies_cm.max() == 100_100
