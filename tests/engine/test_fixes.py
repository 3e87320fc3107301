"""T1–T6: one verdict per ping, the first that applies; what is not accepted changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from world import MINUTE_MS, NOW_MS, SECOND_MS, World, ping, pings, transitions, try_verdicts, verdicts

from geooffer.engine.engine import Engine
from geooffer.model import limits
from geooffer.model.catalog import Customer
from geooffer.model.columns import StructArray
from geooffer.model.policy import Policy
from geooffer.model.tables import NEVER_MS
from geooffer.model.verdicts import OfferVerdict, PingVerdict

P = PingVerdict


def verdict_of(engine: Engine, row: StructArray) -> PingVerdict:
    return verdicts(engine.step(row))[0]


BROKEN: dict[str, Callable[[StructArray], None]] = {
    "the door refused it": lambda row: row.__setitem__("malformed", 1),
    "latitude above the pole": lambda row: row.__setitem__("latitude_e7", limits.LATITUDE_MAX_E7 + 1),
    "latitude below the pole": lambda row: row.__setitem__("latitude_e7", -limits.LATITUDE_MAX_E7 - 1),
    "longitude past the line": lambda row: row.__setitem__("longitude_e7", limits.LONGITUDE_MAX_E7 + 1),
    "longitude past the line, west": lambda row: row.__setitem__("longitude_e7", -limits.LONGITUDE_MAX_E7 - 1),
    "negative accuracy": lambda row: row.__setitem__("accuracy_cm", -1),
    "accuracy beyond any radio": lambda row: row.__setitem__("accuracy_cm", limits.ACCURACY_MAX_CM + 1),
    "negative sequence": lambda row: row.__setitem__("sequence", -1),
    "a fix before 1970": lambda row: row.__setitem__("fix_time_ms", -1),
    "a fix after 2100": lambda row: row.__setitem__("fix_time_ms", limits.TIME_MAX_MS + 1),
    "no time at all": lambda row: row.__setitem__("fix_time_ms", NEVER_MS),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_t5_a_malformed_row_is_data_and_its_neighbours_are_decided(fault: str) -> None:
    bad = ping(NOW_MS + SECOND_MS)
    BROKEN[fault](bad)
    engine = World().build()
    outcome = engine.step(pings(ping(), bad, ping(NOW_MS + 2 * SECOND_MS)))
    assert verdicts(outcome) == [P.ACCEPTED, P.MALFORMED, P.ACCEPTED]


def test_t6_malformed_comes_before_no_consent_before_accuracy() -> None:
    engine = World(purposes=0, touchpoints=()).build()
    assert verdict_of(engine, ping(malformed=1, accuracy_m=101)) is P.MALFORMED
    assert verdict_of(engine, ping(accuracy_m=101)) is P.NO_CONSENT
    assert verdict_of(engine, ping(device=99, accuracy_m=101)) is P.NO_CONSENT
    assert verdict_of(engine, ping(device=0)) is P.NO_CONSENT
    engine = World().build()
    assert verdict_of(engine, ping(accuracy_m=101)) is P.ACCURACY_TOO_COARSE


def test_t6_accuracy_comes_before_duplicate_before_future_before_stale() -> None:
    engine = World().build()
    assert verdict_of(engine, ping(sequence=5)) is P.ACCEPTED
    future = NOW_MS + 31 * SECOND_MS
    assert verdict_of(engine, ping(future, now_ms=NOW_MS, sequence=5, accuracy_m=101)) is P.ACCURACY_TOO_COARSE
    assert verdict_of(engine, ping(future, now_ms=NOW_MS, sequence=5)) is P.DUPLICATE
    assert verdict_of(engine, ping(future, now_ms=NOW_MS, sequence=6)) is P.FUTURE_FIX
    assert verdict_of(engine, ping(NOW_MS, now_ms=NOW_MS, sequence=5)) is P.DUPLICATE
    assert verdict_of(engine, ping(NOW_MS, now_ms=NOW_MS, sequence=6)) is P.STALE_FIX


@pytest.mark.parametrize(
    ("accuracy_m", "expected"), [(0, P.ACCEPTED), (100, P.ACCEPTED), (100.01, P.ACCURACY_TOO_COARSE)]
)
def test_t1_accuracy_over_100_m_is_too_coarse(accuracy_m: float, expected: PingVerdict) -> None:
    assert verdict_of(World().build(), ping(accuracy_m=accuracy_m)) is expected


def test_t1_unknown_accuracy_counts_as_50_m() -> None:
    """Evidence of a 50 m circle needs 50 m: unknown is good enough, unless the policy assumes worse."""
    engine = World().build()
    assert len(engine.step(ping(accuracy_m=0)).transitions) == 1
    engine = World(policy=Policy(assumed_accuracy_cm=5_001)).build()
    assert len(engine.step(ping(accuracy_m=0)).transitions) == 0


def test_t2_not_after_the_watermark_is_stale() -> None:
    engine = World().build()
    assert verdict_of(engine, ping(NOW_MS)) is P.ACCEPTED
    assert verdict_of(engine, ping(NOW_MS)) is P.STALE_FIX
    assert verdict_of(engine, ping(NOW_MS - 1, now_ms=NOW_MS)) is P.STALE_FIX
    assert verdict_of(engine, ping(NOW_MS + 1)) is P.ACCEPTED


def test_t2_sequences_count_within_a_session() -> None:
    engine = World().build()
    rows = [(1, 7, P.ACCEPTED), (1, 7, P.DUPLICATE), (1, 6, P.DUPLICATE), (1, 8, P.ACCEPTED), (2, 1, P.ACCEPTED)]
    for index, (session, sequence, expected) in enumerate(rows):
        row = ping(NOW_MS + index * SECOND_MS, session=session, sequence=sequence)
        assert verdict_of(engine, row) is expected, index


def test_t2_what_is_not_accepted_does_not_move_sequence_or_watermark() -> None:
    engine = World().build()
    assert verdict_of(engine, ping(NOW_MS, sequence=1)) is P.ACCEPTED
    assert verdict_of(engine, ping(NOW_MS + 31_000, now_ms=NOW_MS, sequence=50)) is P.FUTURE_FIX
    assert verdict_of(engine, ping(NOW_MS - 1, now_ms=NOW_MS, sequence=60)) is P.STALE_FIX
    assert verdict_of(engine, ping(NOW_MS + 1, sequence=2, accuracy_m=500)) is P.ACCURACY_TOO_COARSE
    assert verdict_of(engine, ping(NOW_MS + 1, sequence=2)) is P.ACCEPTED


@pytest.mark.parametrize(("ahead_ms", "expected"), [(30_000, P.ACCEPTED), (30_001, P.FUTURE_FIX)])
def test_t2_more_than_30_s_ahead_is_a_future_fix(ahead_ms: int, expected: PingVerdict) -> None:
    assert verdict_of(World().build(), ping(NOW_MS + ahead_ms, now_ms=NOW_MS)) is expected


def test_t2_rows_are_taken_in_the_order_given() -> None:
    """Never sorted: the earlier fix that comes second is stale."""
    outcome = World().build().step(pings(ping(NOW_MS + 1_000), ping(NOW_MS, now_ms=NOW_MS + 1_000)))
    assert verdicts(outcome) == [P.ACCEPTED, P.STALE_FIX]


def test_t2_watermarks_belong_to_devices() -> None:
    """S-5: another device of the same person has its own."""
    engine = World(customers=[Customer("ann", (1, 2))]).build()
    assert verdict_of(engine, ping(NOW_MS, sequence=9)) is P.ACCEPTED
    assert verdict_of(engine, ping(NOW_MS - 1, now_ms=NOW_MS, device=2, sequence=1)) is P.ACCEPTED


@pytest.mark.parametrize(("age_ms", "historical"), [(60_000, False), (60_001, True)])
def test_t3_an_old_fix_moves_presence_and_never_causes_an_offer(age_ms: int, historical: bool) -> None:
    engine = World().build()
    outcome = engine.step(ping(NOW_MS - age_ms, now_ms=NOW_MS))
    assert verdicts(outcome) == [P.ACCEPTED]
    assert outcome.transitions["historical"].tolist() == [int(historical)]
    assert try_verdicts(outcome) == ([] if historical else [OfferVerdict.OFFERED])
    if historical:
        assert transitions(engine, outcome.transitions) == [("ENTER", "INITIAL", "fence-1", -61)]
        # the visit goes on live: its first live fix is its first try
        assert try_verdicts(engine.step(ping(NOW_MS + SECOND_MS))) == [OfferVerdict.OFFERED]


def test_statistics_count_every_row_once() -> None:
    engine = World().build()
    rows = [ping(), ping(), ping(malformed=1), ping(device=9), ping(NOW_MS + MINUTE_MS, accuracy_m=200)]
    engine.commit(engine.step(pings(*rows)))
    counts = engine.statistics.ping_verdicts
    assert counts == {P.ACCEPTED: 1, P.STALE_FIX: 1, P.MALFORMED: 1, P.NO_CONSENT: 1, P.ACCURACY_TOO_COARSE: 1}
    assert engine.statistics.offers == 1
    assert engine.statistics.offer_verdicts == {OfferVerdict.OFFERED: 1}


def test_an_empty_batch_is_nothing() -> None:
    engine = World().build()
    outcome = engine.step(np.zeros(0, dtype=ping().dtype))
    assert [len(part) for part in outcome] == [0, 0, 0, 0]
    assert engine.commit(outcome) == []
