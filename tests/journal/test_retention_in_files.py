"""M7 with a moved clock: after the sweep and the next snapshot no file says anything older than it may."""

from __future__ import annotations

from pathlib import Path

import pytest

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.journal.compactor import compact, only_compactor
from geooffer.journal.memory import DirectJournal
from geooffer.journal.recovery import recover
from geooffer.journal.snapshots import remove_older
from geooffer.model import limits
from geooffer.model.catalog import Category, Customer, Offer, Product, Store
from geooffer.model.columns import FACTORS
from geooffer.model.kinds import SwitchKind
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.records import DecisionRecord, OutcomeRecord
from geooffer.model.rights import RightsKind
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import Purpose, TouchpointKind

NOW_MS = 1_772_528_400_123
ALL_PURPOSES = (1 << len(Purpose)) - 1
K = TouchpointKind
RETENTION_MS = {
    "interest": limits.INTENT_RETENTION_MS,
    "fact": limits.FACT_RETENTION_MS,
    "message": limits.DECISION_RETENTION_MS,
    "decision": limits.DECISION_RETENTION_MS,
    "outcome": limits.DECISION_RETENTION_MS,
    "closure": DAY_MS,
    "consent": Policy().consent_evidence_kept_ms,
    "right": limits.RIGHTS_RETENTION_MS,
}
HOUR_MS = 3_600_000


def moments(age_ms_of_limit: int) -> dict[str, int]:
    """One moment a class, that much older than it may become by NOW_MS; all different, so that bytes tell which."""
    return {
        name: NOW_MS - retention_ms - age_ms_of_limit + number
        for number, (name, retention_ms) in enumerate(RETENTION_MS.items(), start=1)
    }


def live(engine: Engine, at: dict[str, int]) -> None:
    """Something of each class, at its moment."""
    name = f"ann-{at['interest']}"
    engine.put_nouns(
        [
            Store("s-1", "s-1", 525_200_000, 134_050_000, "Europe/Berlin"),
            Category("shoes"),
            Product("shoe", "shoes", (("en", "shoe"),)),
            Offer("o-1", "shoe", 0, NOW_MS),
        ],
        now_ms=0,
    )
    engine.upsert_customers([Customer(name, ())])
    consented_ms = NOW_MS - 4_000 * DAY_MS
    engine.record_consent(
        name, ALL_PURPOSES, granted=True, time_ms=consented_ms, now_ms=consented_ms, notice_version="1"
    )
    for granted, time_ms in ((True, at["consent"]), (False, at["consent"] + HOUR_MS)):
        purpose = Purpose.AGGREGATE_STATISTICS.bit
        engine.record_consent(name, purpose, granted=granted, time_ms=time_ms, now_ms=time_ms, notice_version="1")
    asked_ms = at["right"] - HOUR_MS
    request_id = f"letter-{asked_ms % 97}"
    engine.record_rights_request(name, RightsKind.EXPORT, request_id, received_ms=asked_ms, now_ms=asked_ms)
    engine.refuse_rights_request(request_id, "not her", now_ms=at["right"])
    for kind, moment, source in (
        (K.SEARCH, "interest", ""),
        (K.PURCHASE, "fact", ""),
        (K.CONTACTED, "message", "newsletter"),
    ):
        engine.record_touchpoints([Touchpoint(name, kind, at[moment], "shoes", source=source)], now_ms=NOW_MS)
    decision = DecisionRecord(
        engine.key_of(name), at["decision"], 0, 0, 0, 0, -1, -1, 1, 2, 3, (0,) * len(FACTORS), 1, 1, 0, 1, False, 1, 1
    )
    (entry,) = engine.append([decision])
    key = entry.partition << 56 | entry.sequence
    engine.append([OutcomeRecord(engine.key_of(name), key, 2, at["outcome"])])
    closed_ms = at["closure"] - DAY_MS
    engine.switch_stores(
        ["s-1"], SwitchKind.CLOSED, from_ms=closed_ms, until_ms=at["closure"], reason="", now_ms=closed_ms
    )


def held_in_files(directory: Path, at: dict[str, int]) -> set[str]:
    """The classes whose moment stands somewhere, as a number of a table, of msgpack or of a packed record."""
    data = b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())
    return {
        name
        for name, time_ms in at.items()
        if time_ms.to_bytes(8, "little") in data or time_ms.to_bytes(8, "big") in data
    }


def snapshot_and_cut(directory: Path, engine: Engine) -> None:
    """As the service does (services/compactions.py)."""
    store = engine.journal.store  # type: ignore[attr-defined]
    with only_compactor(directory):
        done = compact(directory)
        while not store.truncate_step(done.position):
            pass
        remove_older(directory)
    while store.has_remains:
        store.tidy(idle=True)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state"


def opened(directory: Path) -> Engine:
    recovered = recover(directory)
    clock = EngineClock("client", NOW_MS - 5 * DAY_MS)
    return Engine(journal=DirectJournal(recovered.store), clock=clock, state=recovered.state)


def test_what_is_older_is_in_no_table_snapshot_or_journal(directory: Path) -> None:
    engine = opened(directory)
    too_old, young = moments(DAY_MS), moments(-DAY_MS)
    live(engine, too_old)
    live(engine, young)
    assert held_in_files(directory, too_old) == set(RETENTION_MS), "the control: the search finds them"
    snapshot_and_cut(directory, engine)
    # what closed a store is also dropped when the next closure comes; else a snapshot alone forgets nothing
    assert held_in_files(directory, too_old) == set(RETENTION_MS) - {"closure"}
    while engine.sweep_retention(NOW_MS):
        pass
    snapshot_and_cut(directory, engine)
    assert held_in_files(directory, too_old) == set()
    assert held_in_files(directory, young) == set(RETENTION_MS)
    engine.journal.store.close()  # type: ignore[attr-defined]

    again = opened(directory)
    for at, counts in ((too_old, [0, 0, 0, 0, 0]), (young, [1, 1, 2, 1, 1])):
        told = again.export_person(f"ann-{at['interest']}", now_ms=NOW_MS)
        assert [
            len(told[kind]) for kind in ("interests", "facts", "contacts", "decisions", "rights_requests")
        ] == counts
        # what holds now is kept; the event that it took the place of goes
        assert len(told["consents"]) == (2 if at is too_old else 3)
    again.journal.store.close()  # type: ignore[attr-defined]
