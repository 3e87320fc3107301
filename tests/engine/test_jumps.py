"""T4: what no vehicle could have done is SUSPECT_JUMP, and three fixes that agree are believed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from world import (
    LATITUDE_E7,
    LONGITUDE_E7,
    MINUTE_MS,
    NOW_MS,
    SECOND_MS,
    World,
    consent,
    ping,
    pings,
    transitions,
    verdicts,
)

from geooffer.engine.engine import Engine
from geooffer.engine.explain_jump import great_circle_m
from geooffer.model.catalog import Customer
from geooffer.model.columns import StructArray
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.tables import NO_FENCE
from geooffer.model.verdicts import DEVICE_VISIBLE_VERDICTS, PingVerdict

P = PingVerdict
AWAY = "SUSPECT_JUMP"
OK = "ACCEPTED"


def told(engine: Engine, *fixes: tuple[float, float]) -> list[str]:
    """Verdicts of fixes at (seconds, metres east), accurate to 1 m."""
    rows = [ping(NOW_MS + round(s * 1000), east_m=east_m, accuracy_m=1) for s, east_m in fixes]
    return [verdict.name for verdict in verdicts(engine.step(pings(*rows)))]


def northward(steps_e7: int, elapsed_ms: int, accuracies_cm: Sequence[int] = (1, 1)) -> list[PingVerdict]:
    """Two fixes on a meridian; one E7 unit of latitude is 1.1119508 cm."""
    rows = pings(ping(NOW_MS), ping(NOW_MS + elapsed_ms))
    rows["latitude_e7"][1] = LATITUDE_E7 + steps_e7
    rows["accuracy_cm"] = accuracies_cm
    return verdicts(World().build().step(rows))


@pytest.mark.parametrize("accuracies_cm", [(1, 1), (500, 1), (1, 500), (2_000, 3_000)])
def test_t4_more_than_70_m_per_s_beyond_both_accuracies_is_a_suspect_jump(accuracies_cm: tuple[int, int]) -> None:
    """At 7 cm a millisecond, to the very millisecond and E7 unit: 7,000 cm + the accuracies are 1 s away."""
    reach_cm = 7_000 + sum(accuracies_cm)
    steps = int(reach_cm / (great_circle_m(0, 0, 10_000_000, 0) * 100 / 10_000_000))  # the last unit within reach
    assert northward(steps, 1_000, accuracies_cm) == [P.ACCEPTED, P.ACCEPTED]
    assert northward(steps + 1, 1_000, accuracies_cm) == [P.ACCEPTED, P.SUSPECT_JUMP]
    assert northward(steps + 1, 1_001, accuracies_cm) == [P.ACCEPTED, P.ACCEPTED]
    assert northward(steps, 999, accuracies_cm) == [P.ACCEPTED, P.SUSPECT_JUMP]
    assert northward(-steps - 1, 1_000, accuracies_cm) == [P.ACCEPTED, P.SUSPECT_JUMP]


def test_t4_unknown_accuracies_count_as_50_m() -> None:
    """170 m in a second: 100 m are doubt, 70 m the way."""
    steps = int(17_000 / 1.1119508)
    assert northward(steps, 1_000, (0, 0)) == [P.ACCEPTED, P.ACCEPTED]
    assert northward(steps + 1, 1_000, (0, 0)) == [P.ACCEPTED, P.SUSPECT_JUMP]


@pytest.mark.parametrize("seed", range(4))
def test_t4_the_way_is_the_great_circle_anywhere_on_earth(seed: int) -> None:
    """Near the poles and over the antimeridian, against the haversine, around the threshold and far from it."""
    rng = np.random.default_rng(seed)
    count, suspects = 400, 0
    engine = World(customers=[Customer("ann", tuple(range(1, 33)))], policy=Policy(silent_after_ms=DAY_MS)).build()
    now_ms = NOW_MS
    for index in range(count):
        now_ms += 3 * DAY_MS
        latitude = rng.choice([rng.uniform(-90, 90), rng.uniform(89.9, 90), -90.0, 0.0])
        longitude = rng.choice([rng.uniform(-180, 180), 180.0, -180.0, 179.9999])
        way_degrees = 10 ** rng.uniform(-5, 1)
        bearing = rng.uniform(0, 2 * np.pi)
        to_latitude = float(np.clip(latitude + way_degrees * np.cos(bearing), -90, 90))
        to_longitude = (longitude + 30 * way_degrees * np.sin(bearing) + 180) % 360 - 180
        places = [(round(a * 1e7), round(b * 1e7)) for a, b in ((latitude, longitude), (to_latitude, to_longitude))]
        way_m = great_circle_m(*places[0], *places[1])
        accuracies_cm = [int(value) for value in rng.integers(1, 10_000, 2)]
        allowed_ms = (way_m * 100 - sum(accuracies_cm)) / 7
        elapsed_ms = int(np.clip(allowed_ms + rng.choice([-2, -1, 1, 2, 5_000]), 1, DAY_MS))
        if abs(elapsed_ms - allowed_ms) < 0.5:
            continue
        rows = pings(*(ping(now_ms + ms, device=index % 32 + 1) for ms in (0, elapsed_ms)))
        rows["latitude_e7"], rows["longitude_e7"] = zip(*places, strict=True)
        rows["accuracy_cm"] = accuracies_cm
        expected = P.SUSPECT_JUMP if elapsed_ms < allowed_ms else P.ACCEPTED
        assert verdicts(engine.step(rows)) == [P.ACCEPTED, expected], (places, way_m, accuracies_cm, elapsed_ms)
        suspects += expected is P.SUSPECT_JUMP
    assert count / 5 < suspects < count


def test_t4_a_suspect_is_ignored() -> None:
    """One spike: she stays in the shop's fence, and where she was is still what counts."""
    engine = World().build()
    assert told(engine, (0, 0), (1, 5_000), (2, 0), (3, 0)) == [OK, AWAY, OK, OK]
    outcome = engine.step(pings(ping(NOW_MS + 60_000), ping(NOW_MS + 61_000, east_m=9_000)))
    assert transitions(engine, outcome.transitions) == [("DWELL", "MOVEMENT", "fence-1", 60)]
    device = engine.state.people.view.devices[0]
    assert (int(device["watermark_ms"]), int(device["heard_ms"])) == (NOW_MS + 60_000, NOW_MS + 60_000)
    assert int(device["longitude_e7"]) == LONGITUDE_E7


def test_t4_three_consecutive_fixes_that_agree_accept_the_new_place() -> None:
    """The first two stay suspects; the third is the first evidence of having left."""
    engine = World().build()
    rows = [ping(NOW_MS), *(ping(NOW_MS + s * 1000, east_m=5_000 + s) for s in (1, 2, 3, 4))]
    outcome = engine.step(pings(*rows))
    assert [verdict.name for verdict in verdicts(outcome)] == [OK, AWAY, AWAY, OK, OK]
    assert transitions(engine, outcome.transitions) == [
        ("ENTER", "INITIAL", "fence-1", 0),
        ("EXIT", "MOVEMENT", "fence-1", 3),
    ]


def test_t4_a_wild_first_fix_does_not_keep_the_true_place_out() -> None:
    assert told(World().build(), (0, 50_000), (10, 0), (20, 1), (30, 2)) == [OK, AWAY, AWAY, OK]


@pytest.mark.parametrize(
    ("fixes", "expected"),
    [
        ([(0, 0), (1, 5_000), (2, 50_000), (3, 5_000), (4, 5_000), (5, 5_000)], [OK, AWAY, AWAY, AWAY, AWAY, OK]),
        (
            [(0, 0), (1, 5_000), (2, 5_001), (3, 0), (4, 5_000), (5, 5_001), (6, 5_002)],
            [OK, AWAY, AWAY, OK] + 2 * [AWAY] + [OK],
        ),
        # 140 m/s: each agrees with none before it
        ([(0, 0), *((s, 5_000 + 140 * s) for s in range(1, 8))], [OK] + 7 * [AWAY]),
        # b agrees with a, c with b, not with a: of the last two c is the second
        ([(0, 0), (1, 5_000), (2, 5_070.9), (3, 5_141.8), (4, 5_141.8)], [OK, AWAY, AWAY, OK, OK]),
        ([(0, 0), (1, 5_000), (2, 5_071.5), (3, 5_143), (4, 5_143)], [OK, AWAY, AWAY, AWAY, OK]),
    ],
    ids=["another place between", "back between", "faster than anything", "just agreeing", "agreeing in pairs only"],
)
def test_t4_fixes_agree_with_one_another_and_come_one_after_the_other(
    fixes: list[tuple[float, float]], expected: list[str]
) -> None:
    assert told(World().build(), *fixes) == expected


def test_t4_speed_and_count_are_the_policys() -> None:
    fixes = [(0, 0), (1, 500), (2, 500), (3, 500)]
    assert told(World().build(), *fixes) == [OK, AWAY, AWAY, OK]
    assert told(World(policy=Policy(jump_fix_count=2)).build(), *fixes) == [OK, AWAY, OK, OK]
    assert told(World(policy=Policy(jump_fix_count=1)).build(), *fixes) == [OK, OK, OK, OK]
    assert told(World(policy=Policy(jump_cm_per_s=50_000)).build(), *fixes) == [OK, OK, OK, OK]
    slow = World(policy=Policy(jump_cm_per_s=100, jump_fix_count=4)).build()
    assert told(slow, *((s, 4 * s) for s in range(8))) == [OK] + 7 * [AWAY]


def test_t4_time_alone_makes_a_far_place_believable_and_silence_ends_the_comparison() -> None:
    """70 m/s for 100 s are 7 km; after 15 minutes without an accepted fix nothing is compared, so no phone is suspect
    for good.
    """
    engine = World().build()
    assert told(engine, (0, 0), (50, 7_000), (100.001, 7_000)) == [OK, AWAY, OK]
    engine = World().build()
    assert told(engine, (0, 0), *((s, 1e6 + 200 * s) for s in range(100, 901, 100))) == [OK] + 9 * [AWAY]
    outcome = engine.step(ping(NOW_MS + 15 * MINUTE_MS + 1, east_m=3e6))
    assert verdicts(outcome) == [P.ACCEPTED]
    assert transitions(engine, outcome.transitions) == [("EXIT", "SILENT", "fence-1", 0)]


def test_t4_old_fixes_are_judged_by_their_own_times() -> None:
    """T3: a late upload of a walk is no jump; a jump in it is one."""
    engine = World().build()
    now_ms = NOW_MS + DAY_MS
    rows = [ping(NOW_MS + s * 1000, east_m=east_m, now_ms=now_ms) for s, east_m in ((0, 0), (60, 80), (61, 4_000))]
    outcome = engine.step(pings(*rows))
    assert verdicts(outcome) == [P.ACCEPTED, P.ACCEPTED, P.SUSPECT_JUMP]
    assert outcome.transitions["historical"].tolist() == [1]


def test_t4_a_fix_sent_again_does_not_agree_with_itself() -> None:
    """With sequences it is a DUPLICATE; without, a fix that is not later than the newest suspect counts nothing."""
    engine = World().build()
    rows = [ping(sequence=1), *(ping(NOW_MS + 1_000 + ms, east_m=5_000, sequence=2) for ms in (0, 3, 7))]
    rows.append(ping(NOW_MS + 2_000, east_m=5_000, sequence=3))
    assert verdicts(engine.step(pings(*rows))) == [P.ACCEPTED, P.SUSPECT_JUMP, P.DUPLICATE, P.DUPLICATE, P.SUSPECT_JUMP]
    assert told(World().build(), (0, 0), (1, 5_000), (1, 5_000), (1, 5_000), (2, 5_000), (3, 5_000)) == [
        OK, AWAY, AWAY, AWAY, AWAY, OK,
    ]  # fmt: skip


def test_t6_a_suspect_jump_comes_after_all_other_refusals() -> None:
    engine = World().build()
    away = {"east_m": 9_000.0, "sequence": 7}

    def verdict(row: StructArray) -> PingVerdict:
        return verdicts(engine.step(row))[0]

    assert verdict(ping(sequence=7)) is P.ACCEPTED
    assert verdict(ping(NOW_MS + 1, accuracy_m=101, **away)) is P.ACCURACY_TOO_COARSE
    assert verdict(ping(NOW_MS + 1, **away)) is P.DUPLICATE
    assert verdict(ping(NOW_MS + 31_000, now_ms=NOW_MS, **away | {"sequence": 8})) is P.FUTURE_FIX
    assert verdict(ping(NOW_MS, **away | {"sequence": 8})) is P.STALE_FIX
    assert verdict(ping(NOW_MS + 1, **away | {"sequence": 8})) is P.SUSPECT_JUMP
    assert verdict(ping(NOW_MS + 2, **away | {"sequence": 8})) is P.DUPLICATE


def test_t6_a_device_is_not_told_of_a_jump() -> None:
    assert PingVerdict.SUSPECT_JUMP not in DEVICE_VISIBLE_VERDICTS


def test_t4_a_believed_jump_is_no_drive_past() -> None:
    """D1.2: the speed of the fix that is believed is that since the one before it, which it agrees with."""
    engine = World().build()
    assert told(engine, (0, 5_000), (1, 200), (2, 150)) == [OK, AWAY, AWAY]
    outcome = engine.step(ping(NOW_MS + 22_000, east_m=0, accuracy_m=1))
    assert verdicts(outcome) == [P.ACCEPTED]
    assert len(outcome.winners) == 1


def test_m1_a_suspect_is_forgotten_with_presence() -> None:
    """Silence, withdrawal and removal leave nothing of it, not in free rows either."""
    for end in ("silence", "withdrawal", "device", "accepted"):
        engine = World().build()
        assert told(engine, (0, 0), (1, 5_000)) == [OK, AWAY]
        people = engine.state.people
        assert int(people.view.presences["fence_number"][people.view.devices["presence_head"][0]]) == NO_FENCE
        if end == "silence":
            engine.advance(NOW_MS + 15 * MINUTE_MS + 1)
        elif end == "withdrawal":
            consent(engine, 1, granted=False, time_ms=NOW_MS + SECOND_MS)
        elif end == "device":
            engine.upsert_customers([Customer("ann", (5,))])
        else:
            assert told(engine, (2, 500), (3, 500)) == [AWAY, AWAY]
            assert told(engine, (30, 500), (40, 500)) == [OK, OK]
        assert not (people.view.suspects["longitude_e7"] > 0).any(), end
