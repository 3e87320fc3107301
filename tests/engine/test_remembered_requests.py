"""Remembered answers: bounded per partition, dropped by age, with the person, and by the sweep; partitions alone."""

from __future__ import annotations

import pytest

from geooffer.engine.apply import fold
from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.engine.requests import Requests
from geooffer.engine.state import State, digest
from geooffer.errors import JournalError
from geooffer.journal.memory import MemoryJournal
from geooffer.model import limits
from geooffer.model.catalog import Customer
from geooffer.model.keys import partition_of, person_key
from geooffer.model.records import CATALOG_PARTITION, RequestAnswered

NOW_MS = 1_772_528_400_000
ANNA, BERT = person_key("anna"), person_key("bert")


def answered(number: int, *, key: int | None = None, time_ms: int = NOW_MS, answer: bytes = b"") -> RequestAnswered:
    return RequestAnswered(key, number.to_bytes(16, "little"), bytes(16), time_ms, answer)


def an_engine() -> Engine:
    engine = Engine(journal=MemoryJournal(), clock=EngineClock("system"))
    engine.upsert_customers([Customer("anna", (1,)), Customer("bert", (2,))])
    return engine


def numbers(requests: Requests, partition: int) -> list[int]:
    return [int.from_bytes(record.request_key, "little") for record in requests.items(partition)]


def test_the_oldest_gives_way_by_number_and_by_bytes():
    requests = Requests()
    for number in range(limits.REQUESTS_PER_PARTITION_COUNT_MAX + 2):
        requests.add(answered(number, key=ANNA))
    assert numbers(requests, partition_of(ANNA)) == list(range(2, limits.REQUESTS_PER_PARTITION_COUNT_MAX + 2))
    half = bytes(limits.REQUESTS_OF_CATALOG_SIZE_MAX_BYTES // 2 - 1_000)
    for number in range(3):
        requests.add(answered(number, answer=half))
    assert numbers(requests, CATALOG_PARTITION) == [1, 2]
    requests.add(answered(9, answer=3 * half))  # alone beyond the bound: kept, and nothing else
    assert numbers(requests, CATALOG_PARTITION) == [9]
    requests.add(answered(10))
    assert numbers(requests, CATALOG_PARTITION) == [10]


def test_what_is_answered_again_is_the_newest_and_counts_once():
    requests = Requests()
    for number in (1, 2, 1):
        requests.add(answered(number, answer=bytes(number)))
    assert numbers(requests, CATALOG_PARTITION) == [2, 1]


def test_fourteen_days_are_a_ceiling():
    requests = Requests()
    requests.add(answered(1))
    requests.add(answered(2, time_ms=NOW_MS + limits.REQUEST_RETENTION_MS))
    assert numbers(requests, CATALOG_PARTITION) == [1, 2]
    requests.add(answered(3, time_ms=NOW_MS + limits.REQUEST_RETENTION_MS + 1))
    assert numbers(requests, CATALOG_PARTITION) == [2, 3]


def test_the_sweep_drops_what_is_too_old_without_a_new_answer():
    engine = an_engine()
    engine.append([answered(1), answered(2, key=ANNA), answered(3, key=BERT, time_ms=NOW_MS + 1_000)])
    later_ms = NOW_MS + limits.REQUEST_RETENTION_MS + 1
    while engine.sweep_retention(later_ms):
        pass
    requests = engine.state.requests
    assert numbers(requests, CATALOG_PARTITION) == []
    assert numbers(requests, partition_of(ANNA)) == []
    assert numbers(requests, partition_of(BERT)) == [3]


@pytest.mark.parametrize("gone", ["deleted", "merged"])
def test_an_answer_goes_with_its_person(gone):
    engine = an_engine()
    engine.append([answered(1), answered(2, key=ANNA), answered(3, key=BERT)])
    if gone == "deleted":
        engine.delete_customer("anna")
    else:
        engine.merge_customers("anna", "bert")
    requests = engine.state.requests
    assert numbers(requests, partition_of(ANNA)) == []
    assert numbers(requests, partition_of(BERT)) == [3]
    assert numbers(requests, CATALOG_PARTITION) == [1]


def test_each_partition_folds_alone_and_the_digest_sees_it():
    engine = an_engine()
    before = digest(engine.state, partition_of(ANNA))
    engine.append([answered(1), answered(2, key=ANNA), answered(3, key=BERT)])
    assert digest(engine.state, partition_of(ANNA)) != before
    for partition in (CATALOG_PARTITION, partition_of(ANNA), partition_of(BERT)):
        alone = fold(State(), [entry for entry in engine.journal.read() if entry.partition == partition])
        assert digest(alone, partition) == digest(engine.state, partition)


def test_what_is_appended_as_one_is_one_commit_also_where_it_fails():
    engine = an_engine()
    appended = engine.journal.appended
    with engine.as_one_commit():
        engine.append([answered(1)])
        with engine.as_one_commit():
            engine.append([answered(2)])
        assert numbers(engine.state.requests, CATALOG_PARTITION) == [1, 2]
        assert engine.journal.appended == appended
    assert engine.journal.appended == appended + 1
    with pytest.raises(KeyError):
        append_and_fail(engine)
    # folded is folded: the journal has it, too
    assert engine.journal.appended == appended + 2
    assert digest(fold(State(), engine.journal.read()), CATALOG_PARTITION) == digest(engine.state, CATALOG_PARTITION)
    with engine.as_one_commit():
        pass
    assert engine.journal.appended == appended + 2


def append_and_fail(engine: Engine) -> None:
    with engine.as_one_commit():
        engine.append([answered(3)])
        raise KeyError


class _Refusing(MemoryJournal):
    def append(self, entries):
        raise JournalError("the disk is gone")


def test_a_journal_that_refuses_is_told_at_the_end():
    engine = Engine(journal=_Refusing(), clock=EngineClock("system"))
    with pytest.raises(JournalError):
        append_one(engine)
    assert engine._one_commit is None


def append_one(engine: Engine) -> None:
    with engine.as_one_commit():
        engine.append([answered(1)])


def test_hashes_are_keyed_and_tell_parts_apart():
    one = Engine(journal=MemoryJournal(), clock=EngineClock("system"), decision_key=b"a")
    two = Engine(journal=MemoryJournal(), clock=EngineClock("system"), decision_key=b"b")
    assert one.keyed_hash(b"x", b"y") == one.keyed_hash(b"x", b"y")
    assert one.keyed_hash(b"x", b"y") != two.keyed_hash(b"x", b"y")
    assert one.keyed_hash(b"x", b"y") != one.keyed_hash(b"xy", b"")
