"""What is done to recordings before they are replayed, and that it is said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.importers.placing import Anchor, Place
from geooffer.importers.walks import Wishes, parse_accuracy, read_walks
from geooffer.model.keys import device_key
from goal_twin import FIX_COUNT, NAMES, labels_of, write_twin

BERLIN = Place(525_200_000, 134_050_000)
RECORDED = "user_id,tracked_at,latitude,longitude,accuracy,speed\n1,2026-03-03T10:00:00Z,47.3,8.5,12,1.4\n"


def csv(tmp_path: Path, text: str = RECORDED, name: str = "recorded.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def moment(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


def test_a_recording_is_left_as_it_is_without_a_word(tmp_path: Path) -> None:
    walks = read_walks([csv(tmp_path)], Wishes())
    assert (walks.moved_note, walks.notes) == ("", ())
    assert walks.trace.latitudes_e7.tolist() == [473_000_000]
    assert walks.trace.accuracies_cm.tolist() == [1_200]
    assert walks.trace.speeds_cm_per_s.tolist() == [140]
    assert walks.trace.labels.tolist() == [""]


def test_local_metres_on_the_map_are_said_to_be_moved(tmp_path: Path) -> None:
    walks = read_walks([write_twin(tmp_path)], Wishes(place=BERLIN))
    trace = walks.trace
    assert walks.moved_note == (
        "5 walks, each with its first fix at --place: these coordinates are not where it was recorded"
    )
    assert walks.notes == (
        "200 fixes sorted by (fix time, device): the service takes rows as they come",
        "dates before 1970 were shifted by 28 years (--start TIME chooses another time)",
        "200 fixes have no accuracy recorded: the service assumes one (50 m, if not told otherwise)",
    )
    assert (np.diff(trace.fix_times_ms) >= 0).all()
    first = moment(int(trace.fix_times_ms[0]))
    assert first == datetime(1992, 1, 12, tzinfo=UTC)
    assert first.weekday() == datetime(1964, 1, 12).weekday()
    for number, name in enumerate(NAMES):
        rows = trace.device_keys == device_key(name)
        assert trace.labels[rows].tolist() == labels_of(number)
        assert (trace.latitudes_e7[rows][0], trace.longitudes_e7[rows][0]) == (525_200_000, 134_050_000)


def test_time_accuracy_and_choice_as_wished(tmp_path: Path) -> None:
    start_ms = 1_772_532_000_000
    wishes = Wishes(place=BERLIN, anchor=Anchor.CENTROID, start_ms=start_ms, accuracy_cm=500, select=("3",))
    recorded = csv(tmp_path, RECORDED.replace("47.3", "47.4"))
    walks = read_walks([write_twin(tmp_path), recorded], wishes)
    trace = walks.trace
    assert "2 walks, each with its centroid at --place" in walks.moved_note
    assert trace.fix_count == FIX_COUNT + 1
    assert trace.fix_times_ms[0] == start_ms
    # distances in time are kept: the recorded fix is 62 years later than the twin's
    assert moment(int(trace.fix_times_ms[-1])).year == 2088
    assert trace.accuracies_cm.tolist() == [500] * FIX_COUNT + [1_200]
    assert walks.notes[-2:] == (
        "--start: times were shifted; only their differences are those of the recording",
        "40 fixes have no accuracy recorded: 5 m is claimed for them (--accuracy)",
    )


def test_one_walk_is_one(tmp_path: Path) -> None:
    walks = read_walks([csv(tmp_path)], Wishes(place=BERLIN))
    assert walks.moved_note.startswith("1 walk, with its first fix at --place")
    assert walks.trace.latitudes_e7.tolist() == [BERLIN.latitude_e7]


def test_wishes_that_cannot_be_met(tmp_path: Path) -> None:
    def reason(path: Path, wishes: Wishes) -> str:
        with pytest.raises(InvalidArgumentError) as caught:
            read_walks([path], wishes)
        return caught.value.message

    twin = write_twin(tmp_path)
    single = csv(tmp_path, "timestamp,x,y\n1964-01-12 00:00:05,1,1\n", "walk.csv")
    for path in (twin, single):
        assert reason(path, Wishes()) == (
            f"{path}: its coordinates are metres from an origin of its own; --place LAT,LON puts it on the map"
        )
    assert "--select chooses among walks in local metres" in reason(csv(tmp_path), Wishes(select=("1",)))
    assert "no walk has that number" in reason(twin, Wishes(place=BERLIN, select=("77",)))
    assert reason(twin, Wishes(place=BERLIN, start_ms=4_102_444_799_000)) == "the last fix would lie after 2100"
    bad = csv(tmp_path, "timestamp,x,y\n1964-01-12 00:00:05,1,z\n", "bad.csv")
    assert "bad.csv: holds no usable fix: line 2: y: not a number" in reason(bad, Wishes(place=BERLIN))


def test_accuracies_as_metres() -> None:
    assert parse_accuracy(5.0) == 500
    assert parse_accuracy(0.01) == 1
    for metres in (0.0, -1.0, 0.004, 1e9, float("nan"), float("inf")):
        with pytest.raises(InvalidArgumentError, match=r"--accuracy must lie in"):
            parse_accuracy(metres)
