"""Walks in local metres: GOAL's CSV and ZIP, and what is none."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.importers.archives import is_archive
from geooffer.importers.files import read_csv
from geooffer.importers.local_files import is_local, read_archive, walk_of_table
from geooffer.importers.local_traces import LocalTrace, join_walks, select_walks
from geooffer.importers.traces import SPEED_UNKNOWN
from geooffer.model import limits
from geooffer.model.keys import device_key
from goal_twin import FIX_COUNT, NAMES, labels_of, write_twin

HEADER = "timestamp,x,y,groundtruth\n"
FIX = "1964-01-12 00:00:05.007000208,-153.5,55.25,Driving\n"


def archive(tmp_path: Path, **files: str) -> Path:
    path = tmp_path / "walks.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for name, text in files.items():
            opened.writestr(f"{name}.csv", text)
    return path


def names_of(trace: LocalTrace) -> list[str]:
    return sorted(trace.names.values())


def test_a_line_is_read_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "trajectory_0007.csv"
    path.write_text(
        "timestamp,x,y,groundtruth,accuracy,speed\n1964-01-12 00:00:05.007000208,-153.5,55.25,Driving,4.5,13.2\n"
    )
    content = read_csv(path)
    assert is_local(content)
    trace = walk_of_table(path, content)
    key = device_key("trajectory_0007")
    # 1964-01-12 is 2,181 days before 1970
    assert trace.fixes.tolist() == [(key, -2_181 * 86_400_000 + 5_007, -153.5, 55.25, 450, 1_320, "Driving")]
    assert trace.names == {key: "trajectory_0007"}


def test_the_twin(tmp_path: Path) -> None:
    path = write_twin(tmp_path)
    assert is_archive(path)
    trace = read_archive(path)
    assert trace.refusals == []
    assert names_of(trace) == list(NAMES)
    assert len(trace.fixes) == len(NAMES) * FIX_COUNT
    for number, name in enumerate(NAMES):
        fixes = trace.fixes[trace.fixes["device_key"] == device_key(name)]
        assert fixes["label"].tolist() == labels_of(number)
        assert abs(fixes["east_m"].mean()) < 1e-6
    assert not trace.fixes["accuracy_cm"].any()
    assert set(trace.fixes["speed_cm_per_s"].tolist()) == {SPEED_UNKNOWN}


def test_the_real_archive(shared_data: Path) -> None:
    """Its synthetic twin is test_the_twin."""
    trace = read_archive(shared_data / "traces" / "goal_trajectories.zip")
    assert trace.refusals == []
    assert len(trace.names) == 805
    assert len(trace.fixes) == 57_960
    assert Counter(trace.fixes["label"].tolist()) == {"OnFoot": 32_608, "Driving": 25_352}
    assert set(Counter(trace.fixes["device_key"].tolist()).values()) == {72}
    assert len(select_walks(trace, ["OnFoot"]).names) == 48
    assert len(select_walks(trace, ["Driving"]).names) == 33
    # each walk's origin is its centroid
    _, walk = np.unique(trace.fixes["device_key"], return_inverse=True)
    for axis in ("east_m", "north_m"):
        assert np.abs(np.bincount(walk, weights=trace.fixes[axis]) / 72).max() < 1e-6


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1964-01-12 00:00:05,nan,1,OnFoot", "x: not a number"),
        ("1964-01-12 00:00:05,1,,OnFoot", "y: is missing"),
        ("1964-01-12 00:00:05,1,100001,OnFoot", "y: outside ±100000 metres"),
        ("noon,1,1,OnFoot", "timestamp: not a time"),
        ("1900-12-31 23:59:59,1,1,OnFoot", "timestamp: a time must lie between 1901 and 2100"),
        ("2101-01-01 00:00:00,1,1,OnFoot", "timestamp: a time must lie between 1901 and 2100"),
        ("1964-01-12 00:00:05,1,1," + "a" * 33, "groundtruth: longer than 32 characters"),
        ("1964-01-12 00:00:05,1,1,\x1b[2J", "groundtruth: holds a control character"),
        ("1964-01-12 00:00:05,1,1", "3 cells where the header has 4"),
    ],
)
def test_a_line_that_is_no_fix_is_refused_alone(tmp_path: Path, line: str, reason: str) -> None:
    trace = read_archive(archive(tmp_path, walk=HEADER + FIX + line + "\n"))
    assert len(trace.fixes) == 1
    [(_, refusal)] = trace.refusals
    assert refusal.place == "walk.csv line 3"
    assert refusal.reason.startswith(reason)


def test_a_file_that_is_no_walk_is_refused_alone(tmp_path: Path) -> None:
    trace = read_archive(archive(tmp_path, a="latitude,longitude\n1,2\n", b=HEADER + FIX, c=""))
    assert names_of(trace) == ["b"]
    assert [(refusal.place, refusal.reason.split(" (")[0]) for _, refusal in trace.refusals] == [
        ("a.csv", "missing column timestamp, x, y"),
        ("c.csv", "the file is empty"),
    ]


def test_an_archive_that_cannot_be_read_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reason(path: Path) -> str:
        assert is_archive(path)
        with pytest.raises(InvalidArgumentError) as caught:
            read_archive(path)
        return caught.value.message.removeprefix(f"{path}: ")

    good = archive(tmp_path, walk=HEADER + FIX)
    cut = tmp_path / "cut.zip"
    cut.write_bytes(good.read_bytes()[:60])
    changed = tmp_path / "changed.zip"
    changed.write_bytes(good.read_bytes().replace(b"Driving", b"Driven!", 1))
    empty = tmp_path / "empty.zip"
    with zipfile.ZipFile(empty, "w") as opened:
        opened.writestr("README.txt", "nothing")
    assert reason(tmp_path / "none.zip") == "no such file or directory"
    assert reason(cut) == reason(changed) == "is not a whole ZIP archive that can be read"
    assert reason(empty) == "holds no CSV file"
    assert reason(archive(tmp_path, **{"a/walk": HEADER + FIX, "b/walk": HEADER + FIX})) == "two walks are called walk"
    monkeypatch.setattr(limits, "TRACE_FILES_PER_ARCHIVE_COUNT_MAX", 1)
    assert reason(archive(tmp_path, a=HEADER + FIX, b=HEADER + FIX)) == "more than 1 files"
    monkeypatch.setattr(limits, "FILE_SIZE_MAX_BYTES", 50)
    assert reason(archive(tmp_path, walk=HEADER + FIX)) == "more than 0 MiB of text"


def test_walks_are_chosen_by_number_range_and_label(tmp_path: Path) -> None:
    trace = read_archive(write_twin(tmp_path))

    def chosen(*wanted: str) -> list[str]:
        selected = select_walks(trace, wanted)
        assert set(selected.fixes["device_key"].tolist()) == set(selected.names)
        return [name[-1] for name in names_of(selected)]

    assert chosen("0") == ["0"]
    assert chosen("0001-3") == ["1", "2", "3"]
    assert chosen("OnFoot") == ["0", "1", "2"]
    assert chosen("Driving") == ["3"]  # walk 4 has both labels
    assert chosen("4", "Driving", "3") == ["3", "4"]
    for nonsense in ("5", "9-3", "Bike", "", "-1"):
        with pytest.raises(InvalidArgumentError, match=r"no walk has that number.*\(labels here: Driving, OnFoot\)"):
            chosen(nonsense)


def test_nothing_joined_is_no_fix() -> None:
    assert len(join_walks([]).fixes) == 0
