"""Bugs planted into the engine, the fold or what stands around it, each to be found by the simulation. Not a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from person_plants import PERSON_PLANTS, Plant

from geooffer.engine import apply as fold_module
from geooffer.engine import parts
from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.engine.live import Live
from geooffer.engine.state import State
from geooffer.journal.commits import follow
from geooffer.journal.memory import MemoryStore
from geooffer.rpc.durability import Durability, at_once


def told_before_durable(stack: ExitStack) -> None:
    """An offer leaves as soon as it is decided."""
    stack.enter_context(patch.object(Durability, "is_durable", lambda self, ticket: True))
    stack.enter_context(patch.object(Durability, "when_settled", lambda self, ticket, settled: settled()))
    stack.enter_context(patch.object(Durability, "wait", lambda self: at_once()))


def caps_forgotten_at_recovery(stack: ExitStack) -> None:
    """The fold of a decision keeps it and does not count it against her caps."""

    def decision(state: State, record: Any, key: int) -> None:
        fold_module.keep_decision(state, state.people.person_slots[record.person_key], record, key)

    stack.enter_context(patch.object(fold_module, "_decision", decision))


def gap_ignored(stack: ExitStack) -> None:
    """A commit is missing in the middle, and neither the chain nor the sequences are looked at."""
    read = MemoryStore.read

    def read_with_a_hole(self: MemoryStore, after_lsn: int | None = None) -> Iterator[Any]:
        commits = list(read(self, after_lsn))
        return iter(commits[: len(commits) // 2] + commits[len(commits) // 2 + 1 :])

    stack.enter_context(patch.object(MemoryStore, "read", read_with_a_hole))
    _without_sequences(stack)


def folded_twice(stack: ExitStack) -> None:
    """The commit that was being written is folded once from the snapshot and once from the journal, so to speak."""
    read = MemoryStore.read

    def read_the_last_twice(self: MemoryStore, after_lsn: int | None = None) -> Iterator[Any]:
        commits = list(read(self, after_lsn))
        return iter(commits + commits[-1:])

    stack.enter_context(patch.object(MemoryStore, "read", read_the_last_twice))
    _without_sequences(stack)


def _without_sequences(stack: ExitStack) -> None:
    """Whatever sequence an entry has, it is taken for the next."""
    apply = fold_module.apply

    def lenient(state: State, entry: Any) -> None:
        state.sequences[entry.partition] = entry.sequence - 1
        apply(state, entry)

    stack.enter_context(patch.object(fold_module, "apply", lenient))


def withdrawal_lost(stack: ExitStack) -> None:
    """The fold of a withdrawal does nothing; the live service, which folds at once, goes on to honour it."""
    fold, consent = fold_module.fold, fold_module._APPLY[fold_module.records.ConsentTaken]

    def forgetful(state: State, record: Any) -> None:
        if record.granted:
            consent(state, record)

    def fold_forgetfully(state: State, entries: Any) -> State:
        with patch.dict(fold_module._APPLY, {fold_module.records.ConsentTaken: forgetful}):
            return fold(state, entries)

    stack.enter_context(patch.object(fold_module, "fold", fold_forgetfully))


def withdrawal_lost_in_snapshot(stack: ExitStack) -> None:
    """A part holds what was given, and not what was taken back."""
    take_part = parts.take_part

    def take_what_was_given(state: State, partition: int) -> Any:
        held = state.consents
        state.consents = {
            key: {purpose: said for purpose, said in ledger.items() if said.granted} for key, ledger in held.items()
        }
        try:
            return take_part(state, partition)
        finally:
            state.consents = held

    stack.enter_context(patch.object(parts, "take_part", take_what_was_given))


def clock_goes_back(stack: ExitStack) -> None:
    """Each start begins at the wall clock, whatever was decided before."""
    stack.enter_context(patch.object(EngineClock, "resume", lambda self, latest_ms: None))


def emptied_shelf_unseen(stack: ExitStack) -> None:
    """A figure that says that there is less is not taken."""
    put_stock = Live.put_stock

    def put_more_only(self: Live, store_number: int, variant_number: int, count: int, as_of_ms: int) -> None:
        put_stock(self, store_number, variant_number, max(count, 3), as_of_ms)

    stack.enter_context(patch.object(Live, "put_stock", put_more_only))


def send_gate_open(stack: ExitStack) -> None:
    """Consent is not looked at once more when an offer leaves."""
    stack.enter_context(patch.object(Engine, "may_send", lambda self, decision: True))


def order_lost(stack: ExitStack) -> None:
    """Commits are chained in the order in which they were asked for, and two of them are kept the wrong way round."""
    append = MemoryStore.append

    def append_before(self: MemoryStore, payload: bytes, expected_lsn: int) -> Any:
        position = append(self, payload, expected_lsn)
        commits = self._commits
        if len(commits) % 7 == 0:
            payloads = [commit.payload for commit in commits]
            payloads[-2:] = payloads[:-3:-1]
            kept, last = [], self.base
            for held in payloads:
                last = follow(last, held)
                kept.append(type(commits[0])(last, held))
            self._commits = kept
        return position

    stack.enter_context(patch.object(MemoryStore, "append", append_before))


PLANTS: dict[str, Plant] = {
    plant.__name__: plant
    for plant in (
        told_before_durable, caps_forgotten_at_recovery, gap_ignored, folded_twice, withdrawal_lost,
        withdrawal_lost_in_snapshot, clock_goes_back,
        emptied_shelf_unseen, send_gate_open, order_lost, *PERSON_PLANTS,
    )
}  # fmt: skip


@contextmanager
def planted(name: str) -> Iterator[None]:
    """One of them, for as long as the block lasts; '' = none."""
    with ExitStack() as stack:
        if name:
            PLANTS[name](stack)
        yield
