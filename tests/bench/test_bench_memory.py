"""`geooffer bench memory`: the lists it copies are those that the fold makes, and its figures add up."""

from __future__ import annotations

import json

from geooffer.bench import memory
from geooffer.engine.engine import Engine
from geooffer.model import tables
from geooffer.model.columns import StructArray
from invoking import CliRunner, geooffer_app

LISTS_BYTES = memory.INTENT_COUNT * tables.INTENT.itemsize
FACTS_BYTES = (memory.SIZE_COUNT + memory.PURCHASE_COUNT) * tables.FACT.itemsize


def lists_of(engine: Engine, number: int) -> list[tuple[object, ...]]:
    """Intents and facts of a person, in order, without their links."""
    view = engine.state.people.view
    slot = engine.state.people.person_slots[engine.key_of(memory.customer_id(number))]

    def walk(rows: StructArray, head: int) -> list[tuple[object, ...]]:
        found = []
        while head >= 0:
            found.append(tuple(rows[name][head].item() for name in rows.dtype.names or () if name != "next"))
            head = int(rows["next"][head])
        return found

    person = view.persons[slot]
    return walk(view.intents, int(person["intent_head"])) + walk(view.facts, int(person["fact_head"]))


def test_copied_lists_are_what_the_fold_makes() -> None:
    copied, folded = memory._engine(), memory._engine()
    memory._put_persons(copied, 40, lambda _: None)
    memory._copy_lists(copied, 40)
    memory._put_persons(folded, 40, lambda _: None)
    for number in range(1, 40):
        folded.record_touchpoints(memory.signals(number), now_ms=memory.NOW_MS)
    for number in range(40):
        told = lists_of(copied, number)
        assert len(told) == memory.INTENT_COUNT + memory.SIZE_COUNT + memory.PURCHASE_COUNT
        assert told == lists_of(folded, number)
    # and the tables have grown to the same size
    assert memory._table_bytes(copied) == memory._table_bytes(folded)


def test_copied_lists_still_take_signals_and_give_slots_back() -> None:
    engine = memory._engine()
    memory._put_persons(engine, 3, lambda _: None)
    memory._copy_lists(engine, 3)
    before = lists_of(engine, 1)
    engine.delete_customer(memory.customer_id(2))
    engine.record_touchpoints(memory.signals(0), now_ms=memory.NOW_MS)
    assert lists_of(engine, 1) == before


def test_consents_of_one_event_share_one_object() -> None:
    engine = memory._engine()
    memory._put_persons(engine, 2, lambda _: None)
    ledger = engine.consent_of(memory.customer_id(1))
    assert len(ledger) == 7
    assert len({id(state) for state in ledger.values()}) == 1


def test_figures_are_per_person_and_add_up() -> None:
    result = CliRunner().invoke(geooffer_app(), ["bench", "memory", "--persons", "3000", "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout.splitlines()[-1])
    assert report["persons"] == 3_000
    for kind in ("table", "object"):
        assert abs(report[f"{kind}_bytes_per_person"] - sum(report[f"{kind}s"].values())) <= 1
    # doubling: at least what is needed, at most twice that and a little
    for name, needed in (
        ("devices", 64),
        ("persons", 64),
        ("intents", LISTS_BYTES),
        ("sizes and purchases", FACTS_BYTES),
    ):
        assert needed <= report["tables"][name] <= 2.2 * needed
    assert report["objects"]["customers"] > 200
    assert "machine" in report


def test_without_json_it_prints_a_table() -> None:
    result = CliRunner().invoke(geooffer_app(), ["bench", "memory", "--persons", "200"])
    assert result.exit_code == 0, result.output
    assert "bytes a person in tables" in result.stdout
    assert "200 persons" in result.stdout
