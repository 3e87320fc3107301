"""D1.2 against real drives: how well "over 8 m/s, accuracies subtracted" tells who drives, by the recorder's label.

GOAL records neither accuracy nor speed, so the accuracy is what `replay --accuracy` claims, and the answer depends on
it. These are figures of the rule, computed slowly; test_goal_walks.py holds the service to the rule.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from too_fast_oracle import Fix, by_fix, by_walk, is_too_fast, too_fast_rows

from geooffer.importers.placing import Anchor, Place
from geooffer.importers.traces import Trace
from geooffer.importers.walks import Wishes, read_walks
from goal_twin import FIX_COUNT, write_twin

BERLIN = Place(525_200_000, 134_050_000)
DEGREES_PER_100_M = 100 / 111_195.08


def placed(path: Path, accuracy_m: float | None) -> Trace:
    accuracy_cm = None if accuracy_m is None else round(accuracy_m * 100)
    return read_walks([path], Wishes(place=BERLIN, anchor=Anchor.CENTROID, accuracy_cm=accuracy_cm)).trace


@pytest.mark.parametrize(
    ("seconds", "accuracy_m", "speed_m_per_s", "expected"),
    [
        (12.4, 0.1, None, True),  # (100 − 0.2) / 12.4 = 8.05
        (12.5, 0.1, None, False),  # 7.98
        (11.0, 5.0, None, True),  # 90 / 11 = 8.18
        (11.4, 5.0, None, False),  # 7.89
        (1.0, 0.0, None, False),  # unknown: 50 m each, nothing is left
        (1.0, 60.0, None, False),  # less than nothing
        (100.0, 5.0, 8.01, True),  # what the phone says counts
        (1.0, 5.0, 8.0, False),
    ],
)
def test_the_rule_by_hand(seconds: float, accuracy_m: float, speed_m_per_s: float | None, expected: bool) -> None:
    last = Fix(0, 52.0, 13.0, accuracy_m)
    fix = Fix(round(seconds * 1000), 52.0 + DEGREES_PER_100_M, 13.0, accuracy_m, speed_m_per_s)
    assert is_too_fast(fix, last) is expected
    assert not is_too_fast(Fix(0, 52.0, 13.0, 5.0), None)


@pytest.mark.parametrize(
    ("accuracy_m", "drives_found", "false_alarms"),
    # 13 m/s: 65 m in 5 s; less 2 × 5 m 11 m/s, less 2 × 15 m 7 m/s
    [(5.0, 2 * FIX_COUNT - 10 - 2, 0), (15.0, 0, 0), (None, 0, 0)],
)
def test_the_twin(tmp_path: Path, accuracy_m: float | None, drives_found: int, false_alarms: int) -> None:
    """All driven fixes but the first of each walk, which nothing is known of."""
    trace = placed(write_twin(tmp_path), accuracy_m)
    said = too_fast_rows(trace)
    confusion = by_fix(trace, said)
    assert (confusion.hits, confusion.false_alarms) == (drives_found, false_alarms)
    assert confusion.hits + confusion.misses == 2 * FIX_COUNT - 10
    walks = by_walk(trace, said)
    assert (walks.hits, walks.misses, walks.false_alarms, walks.silences) == (
        (2, 0, 0, 3) if drives_found else (0, 2, 0, 3)
    )
    pure = by_walk(trace, said, of_one_label=True)
    assert pure.hits + pure.misses + pure.false_alarms + pure.silences == 4


@pytest.mark.parametrize(
    ("accuracy_m", "precision", "recall", "walk_recall", "driven_walks_found"),
    # docs/replay.md shows this table
    [
        (3.0, 0.9982, 0.2641, 0.6750, 33),
        (5.0, 0.9983, 0.2323, 0.5773, 33),
        (10.0, 0.9982, 0.1757, 0.4135, 33),
        (20.0, 0.9981, 0.1063, 0.2206, 33),
        (None, 0.9952, 0.0164, 0.0343, 17),
    ],
)
def test_the_real_drives(
    shared_data: Path,
    accuracy_m: float | None,
    precision: float,
    recall: float,
    walk_recall: float,
    driven_walks_found: int,
) -> None:
    """Who is called a driver is one. Most of a delivery van's time is slower than 8 m/s, so most of it is not called
    so: the label says what she does, the rule says how fast she is. Its synthetic twin is test_the_twin.
    """
    trace = placed(shared_data / "traces" / "goal_trajectories.zip", accuracy_m)
    said = too_fast_rows(trace)
    fixes, walks, pure = by_fix(trace, said), by_walk(trace, said), by_walk(trace, said, of_one_label=True)
    assert fixes.hits + fixes.misses == 25_352
    assert fixes.precision == pytest.approx(precision, abs=0.0005)
    assert fixes.recall == pytest.approx(recall, abs=0.0005)
    # of the 757 walks with any driving; and no walk without any was ever called a drive
    assert walks.recall == pytest.approx(walk_recall, abs=0.0005)
    assert (walks.false_alarms, walks.silences) == (0, 48)
    # of the 33 walks that are nothing but driving
    assert pure.hits == driven_walks_found
    assert pure.hits + pure.misses == 33
