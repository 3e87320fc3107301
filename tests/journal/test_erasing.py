"""D2: the ledger applied after a restore, and at a start that finds an erasure cut short."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from geooffer.engine.apply import fold
from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.engine.state import State
from geooffer.errors import JournalError
from geooffer.journal.erasing import CLOCK_DOUBT_MS, apply_ledger, finish_erasures, open_ledger
from geooffer.journal.erasures import KEY_NAME, LEDGER_NAME, ErasureLedger
from geooffer.journal.frames import decode_entries
from geooffer.journal.memory import DirectJournal, MemoryStore
from geooffer.model.catalog import Customer
from geooffer.model.keys import person_key
from geooffer.model.policy import DAY_MS
from geooffer.model.rights import RestrictionGround

NOW_MS = 1_772_528_400_000


@dataclass
class Town:
    """ann, bob and carla, who is one with ann; the ledger beside them."""

    engine: Engine
    store: MemoryStore
    ledger: ErasureLedger

    def erase(self, name: str, time_ms: int, *, recorded: bool = True) -> str:
        """As services/erasures.py does, perhaps cut short before the record."""
        erasure_id = f"{name}-{time_ms}"
        self.ledger.begin(erasure_id, self.engine.keys_of(name), time_ms=time_ms, lsn=self.store.last.lsn)
        if recorded:
            counts = self.engine.delete_customer(name)
            self.ledger.erased(erasure_id, time_ms=time_ms, lsn=self.store.last.lsn, counts=counts)
        return erasure_id

    def backup(self) -> MemoryStore:
        """A copy of all commits."""
        copy = MemoryStore()
        for commit in self.store.read():
            copy.append(commit.payload, copy.last.lsn)
        return copy


def recovered(store: MemoryStore) -> State:
    return fold(State(), [entry for commit in store.read() for entry in decode_entries(commit.payload)])


def people_in(state: State) -> set[str]:
    return {customer.customer_id for customer in state.people.customers.values()}


@pytest.fixture
def town() -> Town:
    store = MemoryStore()
    engine = Engine(journal=DirectJournal(store), clock=EngineClock("client", NOW_MS))
    engine.upsert_customers([Customer(name, (number + 1,)) for number, name in enumerate(("ann", "bob", "carla"))])
    engine.merge_customers("carla", "ann")
    return Town(engine, store, ErasureLedger(None, bytes(32)))


@pytest.mark.parametrize("name", ["ann", "carla"])
def test_who_was_erased_after_the_backup_is_erased_in_it(town: Town, name: str) -> None:
    old = town.backup()
    town.erase(name, NOW_MS + 5 * DAY_MS)
    state = recovered(old)
    assert people_in(state) == {"ann", "bob"}, "the backup brings her back"
    assert apply_ledger(state, old, town.ledger, taken_ms=NOW_MS, now_ms=NOW_MS + 7 * DAY_MS) == 1
    assert people_in(state) == people_in(recovered(old)) == {"bob"}
    assert town.ledger.needs_compaction, "her bytes are in the restored files"
    town.ledger.done("", time_ms=NOW_MS, snapshot_lsn=9)
    assert not town.ledger.needs_compaction


def test_before_she_was_united_the_backup_knows_her_by_either_name(town: Town) -> None:
    old = MemoryStore()
    engine = Engine(journal=DirectJournal(old), clock=EngineClock("client", NOW_MS))
    engine.upsert_customers([Customer("ann", ()), Customer("carla", ()), Customer("bob", ())])
    town.erase("ann", NOW_MS + 1)
    state = recovered(old)
    assert apply_ledger(state, old, town.ledger, taken_ms=NOW_MS, now_ms=NOW_MS + DAY_MS) == 2
    assert people_in(state) == {"bob"}


def test_who_came_back_before_the_backup_stays_and_in_doubt_goes(town: Town) -> None:
    town.erase("bob", NOW_MS)
    town.engine.upsert_customers([Customer("bob", ())])
    for taken_ms, stays in ((NOW_MS + CLOCK_DOUBT_MS + 1, True), (NOW_MS + CLOCK_DOUBT_MS, False)):
        copy = town.backup()
        state = recovered(copy)
        apply_ledger(state, copy, town.ledger, taken_ms=taken_ms, now_ms=taken_ms)
        assert ("bob" in people_in(state)) is stays


def test_a_start_finishes_what_a_crash_cut_short(town: Town) -> None:
    erasure_id = town.erase("ann", NOW_MS, recorded=False)
    state = recovered(town.store)
    assert finish_erasures(state, town.store, town.ledger, now_ms=NOW_MS + 9) == 1
    assert people_in(recovered(town.store)) == {"bob"}
    held = town.ledger.erasures[erasure_id]
    assert (held.erased_ms, held.lsn) == (NOW_MS + 9, town.store.last.lsn)
    assert town.ledger.unfinished() == [held], "a snapshot has to follow"
    assert finish_erasures(state, town.store, town.ledger, now_ms=NOW_MS + 10) == 0


def restrict(town: Town, name: str) -> None:
    ground = RestrictionGround.LEGAL_CLAIMS
    town.engine.restrict_person(name, f"r-{name}", ground=ground, reason="a claim", now_ms=NOW_MS)


@pytest.mark.parametrize("name", ["ann", "carla"])
def test_a_restriction_that_overtook_an_erasure_outlives_a_crash(town: Town, name: str) -> None:
    """It was answered; the process died before the ledger said that the erasure is given up."""
    erasure_id = town.erase(name, NOW_MS, recorded=False)
    town.erase("bob", NOW_MS, recorded=False)
    restrict(town, "ann")
    state = recovered(town.store)
    assert finish_erasures(state, town.store, town.ledger, now_ms=NOW_MS) == 1
    assert people_in(state) == {"ann"}, "bob is gone, ann is kept"
    assert erasure_id not in town.ledger.erasures
    assert finish_erasures(recovered(town.store), town.store, town.ledger, now_ms=NOW_MS) == 0


def test_an_old_restriction_keeps_nobody_from_being_erased(town: Town) -> None:
    """It was lifted before the erasure began; the old files do not know."""
    restrict(town, "ann")
    old = town.backup()
    town.engine.lift_restriction("ann", informed_ms=NOW_MS, reason="settled", now_ms=NOW_MS)
    town.erase("ann", NOW_MS, recorded=False)
    state = recovered(old)
    assert finish_erasures(state, old, town.ledger, now_ms=NOW_MS) == 1
    assert people_in(state) == {"bob"}


def test_a_restriction_of_who_bears_her_id_now_gives_no_erasure_up(town: Town) -> None:
    """The erase record is in the journal, the line of the ledger is not; she signed up anew and was restricted."""
    erasure_id = town.erase("ann", NOW_MS, recorded=False)
    town.engine.delete_customer("ann")
    town.engine.upsert_customers([Customer("ann", (1,))])
    restrict(town, "ann")
    state = recovered(town.store)
    assert finish_erasures(state, town.store, town.ledger, now_ms=NOW_MS) == 0
    assert people_in(state) == {"ann", "bob"}
    assert town.ledger.erasures[erasure_id].erased_ms == NOW_MS


def test_a_start_records_whom_it_erases_by_all_her_names(town: Town) -> None:
    """Found by `make simulate SEED=50119`: she was united with another between the ledger's line and the crash."""
    old = town.backup()
    erasure_id = town.erase("ann", NOW_MS + 1, recorded=False)
    town.engine.merge_customers("bob", "ann")
    assert finish_erasures(recovered(town.store), town.store, town.ledger, now_ms=NOW_MS + 9) == 1
    assert people_in(recovered(town.store)) == set()
    assert len(town.ledger.erasures[erasure_id].names) == 3
    assert town.ledger.latest_of(person_key("bob")) is not None, "his receipt"
    state = recovered(old)
    assert apply_ledger(state, old, town.ledger, taken_ms=NOW_MS, now_ms=NOW_MS + DAY_MS) == 2
    assert people_in(state) == set(), "an older backup knows bob as somebody else"


def test_old_files_put_in_place_by_hand_are_noticed(town: Town) -> None:
    old = town.backup()
    town.erase("ann", NOW_MS)
    state = recovered(old)
    assert finish_erasures(state, old, town.ledger, now_ms=NOW_MS) == 1
    assert people_in(state) == {"bob"}
    # from then on the chain is this one: who comes back now stays
    engine = Engine(journal=DirectJournal(old), clock=EngineClock("client", NOW_MS), state=state)
    engine.upsert_customers([Customer("ann", ())])
    assert finish_erasures(recovered(old), old, town.ledger, now_ms=NOW_MS) == 0


def test_old_files_put_in_place_after_a_restore_are_noticed_too(town: Town) -> None:
    old, older = town.backup(), town.backup()
    town.erase("ann", NOW_MS)
    town.engine.upsert_customers([Customer("dora", ())])
    state = recovered(old)
    assert apply_ledger(state, old, town.ledger, taken_ms=NOW_MS, now_ms=NOW_MS + DAY_MS) == 1
    state = recovered(older)
    assert finish_erasures(state, older, town.ledger, now_ms=NOW_MS + DAY_MS) == 1
    assert people_in(state) == {"bob"}


def test_a_start_with_nothing_open_erases_nobody(town: Town) -> None:
    town.erase("ann", NOW_MS)
    town.engine.upsert_customers([Customer("ann", ())])
    assert finish_erasures(recovered(town.store), town.store, town.ledger, now_ms=NOW_MS) == 0
    assert people_in(recovered(town.store)) == {"ann", "bob"}


def test_a_key_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that was cut short while it made the key does not stop the next one."""

    def fails(source: object, target: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("geooffer.journal.synced_files.os.link", fails)
        with pytest.raises(OSError, match="Input/output"):
            open_ledger(tmp_path)
    assert list(tmp_path.iterdir()) == []
    open_ledger(tmp_path).begin("e-1", [5], time_ms=NOW_MS, lsn=0)
    assert {path.name for path in tmp_path.iterdir()} == {KEY_NAME, LEDGER_NAME}
    assert (tmp_path / KEY_NAME).stat().st_mode & 0o777 == 0o600
    assert open_ledger(tmp_path).names_begun_since(0) == {open_ledger(tmp_path).name_of(5)}
    (tmp_path / KEY_NAME).unlink()
    with pytest.raises(JournalError, match=f"{KEY_NAME} is not"):
        open_ledger(tmp_path)
