"""The directory that `bench restart` makes is one that the engine could have made; and it is started and timed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from geooffer.bench.memory import INTENT_COUNT, customer_id
from geooffer.bench.restart import make_directory
from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.journal.memory import DirectJournal
from geooffer.journal.recovery import recover
from geooffer.model.verdicts import Purpose
from invoking import CliRunner, geooffer_app


def test_the_directory_recovers_to_what_was_asked_for(tmp_path: Path) -> None:
    make_directory(tmp_path, person_count=300, fence_count=50, store_count=5)
    recovered = recover(tmp_path)
    engine = Engine(journal=DirectJournal(recovered.store), clock=EngineClock("system"), state=recovered.state)
    assert len(engine.registry.geofences) == 50
    assert recovered.person_count == 300
    for number in (0, 7, 299):
        assert engine.customer(customer_id(number)).device_keys == (number + 1,)
        assert engine.location_wanted(number + 1)
        assert set(engine.consent_of(customer_id(number))) == set(Purpose)
        people = engine.state.people
        index = int(people.view.persons["intent_head"][people.person_slots[engine.key_of(customer_id(number))]])
        count = 0
        while index >= 0:
            count, index = count + 1, int(people.view.intents["next"][index])
        assert count == INTENT_COUNT
    engine.delete_customer(customer_id(7))
    recovered.store.close()


@pytest.mark.long
def test_a_start_is_timed_by_phase() -> None:
    arguments = ["bench", "restart", "--persons", "200", "--fences", "20", "--stores", "2", "--rounds", "1", "--json"]
    result = CliRunner().invoke(geooffer_app(), arguments)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout.splitlines()[-1])
    assert {"kernels", "recovery", "catalog"} <= set(told["phases"])
    assert told["median_seconds"] > 0
