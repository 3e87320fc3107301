"""Bugs of retries and erasures, planted where the simulation has to find them (sim_plants.py). Not a test."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

from geooffer.engine import parts
from geooffer.engine.engine import Engine
from geooffer.engine.people import People
from geooffer.engine.recent_tries import RecentTries
from geooffer.engine.state import State
from geooffer.journal import erasing
from geooffer.model.catalog import Customer
from geooffer.model.limits import PARTITION_COUNT
from geooffer.model.records import CATALOG_PARTITION
from geooffer.model.tables import FACT_AUDIENCE
from geooffer.services.requests import RequestMemory

Plant = Callable[[ExitStack], None]
_ONLY_LIST = 0
"""Its number."""


def answers_not_recovered(stack: ExitStack) -> None:
    """What was answered before a start is in the state, so that states look alike, and is not found there."""
    held = RequestMemory._held

    def held_since_the_start(self: Any, hashed: bytes) -> Any:
        return None if hashed in self.of_before else held(self, hashed)

    def begin(self: Any, engine: Engine, now_ms: Callable[[], int]) -> None:
        init(self, engine, now_ms)
        numbers = (CATALOG_PARTITION, *range(PARTITION_COUNT))
        self.of_before = {item.request_key for number in numbers for item in engine.state.requests.items(number)}

    init = RequestMemory.__init__
    stack.enter_context(patch.object(RequestMemory, "__init__", begin))
    stack.enter_context(patch.object(RequestMemory, "_held", held_since_the_start))


def answers_lost_in_snapshot(stack: ExitStack) -> None:
    """A part holds none of them."""
    take_part = parts.take_part
    stack.enter_context(
        patch.object(parts, "take_part", lambda state, partition: take_part(state, partition) | {"requests": []})
    )


def aliases_survive_erasure(stack: ExitStack) -> None:
    """Ids that were united with hers go on to mean her."""
    stack.enter_context(patch.object(State, "aliases_of", lambda self, person_key: []))


def list_survives_erasure(stack: ExitStack) -> None:
    """Who was on a list is on it again as soon as somebody has her id."""
    delete_customer, put_customer = People.delete_customer, People.put_customer

    def delete_but_the_list(self: Any, key: int) -> None:
        if self.is_on_list(self.person_slots[key], _ONLY_LIST):
            self.__dict__.setdefault("listed", set()).add(key)
        delete_customer(self, key)

    def put_on_the_list(self: Any, key: int, customer: Customer) -> None:
        is_new = key not in self.person_slots
        put_customer(self, key, customer)
        if is_new and key in self.__dict__.get("listed", ()):
            self.add_fact(self.person_slots[key], FACT_AUDIENCE, _ONLY_LIST, 1, 0)

    stack.enter_context(patch.object(People, "delete_customer", delete_but_the_list))
    stack.enter_context(patch.object(People, "put_customer", put_on_the_list))


def tries_survive_erasure(stack: ExitStack) -> None:
    """Her last tries are remembered."""
    stack.enter_context(patch.object(RecentTries, "forget", lambda self, person_key: None))


def erasure_not_finished(stack: ExitStack) -> None:
    """A start leaves an erasure that a crash cut short where it was."""
    stack.enter_context(patch.object(erasing, "finish_erasures", lambda *arguments, **named: 0))


PERSON_PLANTS: tuple[Plant, ...] = (
    answers_not_recovered, answers_lost_in_snapshot, aliases_survive_erasure,
    list_survives_erasure, tries_survive_erasure, erasure_not_finished,
)  # fmt: skip
