"""What every store of commits has to do; tests/journal/test_stores.py runs it over each of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import pytest
from hypothesis import strategies as st

from geooffer.errors import JournalError
from geooffer.journal.commits import Commit, CommitStore, Position, follow


class Place(Protocol):
    """Where one store is kept, so that it can be closed and opened again."""

    def open(self) -> CommitStore:
        """The store of this place."""


@dataclass(slots=True)
class ListModel:
    """The obvious store."""

    base: Position = field(default_factory=Position)
    commits: list[Commit] = field(default_factory=list)

    @property
    def last(self) -> Position:
        """The latest commit."""
        return self.commits[-1].position if self.commits else self.base

    def append(self, payload: bytes, position: Position) -> None:
        """One more."""
        self.commits.append(Commit(position, payload))

    def place(self, share: float) -> Position:
        """A position this far between base and last."""
        places = [self.base, *(commit.position for commit in self.commits)]
        return places[min(len(places) - 1, int(share * len(places)))]

    def truncate(self, up_to: Position) -> None:
        """Forget."""
        self.commits = [commit for commit in self.commits if commit.position.lsn > up_to.lsn]
        self.base = up_to


SHARE = st.floats(0, 1, allow_nan=False)
ACTION = st.one_of(
    st.tuples(st.just("append"), st.binary(max_size=40)),
    st.tuples(st.just("append"), st.integers(0, 20_000).map(bytes)),
    st.tuples(st.just("read"), SHARE),
    st.tuples(st.just("truncate"), SHARE),
    st.tuples(st.just("truncate_step"), SHARE),
    st.tuples(st.just("tidy"), st.booleans()),
    st.tuples(st.just("reopen"), st.none()),
)
Actions = list[tuple[str, object]]
ACTIONS = st.lists(ACTION, max_size=25)


def act(store: CommitStore, model: ListModel, name: str, argument: object) -> None:
    """One action on both. (`reopen` is the caller's.)"""
    match name, argument:
        case "append", bytes():
            position = store.append(argument, store.last.lsn)
            written = next(iter(store.read(model.last.lsn))).written  # what is encrypted is chained as written
            assert position == follow(model.last, written)
            model.append(argument, position)
        case "read", float():
            start = model.place(argument)
            assert list(store.read(start.lsn)) == [c for c in model.commits if c.position.lsn > start.lsn]
        case "truncate", float():
            up_to = model.place(argument)
            store.truncate(up_to)
            model.truncate(up_to)
        case "truncate_step", float():
            up_to = model.place(argument)
            if store.truncate_step(up_to):
                assert store.base == up_to
            assert store.base.lsn <= up_to.lsn
            model.truncate(store.base)
        case "tidy", bool():
            store.tidy(idle=argument)
            assert store.is_tidy or not argument


def check_interleaving(new_place: Callable[[], AbstractContextManager[Place]], actions: Actions) -> None:
    """Whatever is done in whatever order, the store equals a list."""
    with new_place() as place:
        store, model = place.open(), ListModel()
        try:
            for name, argument in actions:
                if name == "reopen":
                    store.close()
                    store = place.open()
                else:
                    act(store, model, name, argument)
                assert (store.base, store.last) == (model.base, model.last)
            assert list(store.read()) == model.commits
        finally:
            store.close()


class StoreConformance:
    """Inherit it and say where stores are kept."""

    new_place: Callable[[], AbstractContextManager[Place]]
    """A fresh, empty place, cleaned up at the end."""

    def test_a_new_store_is_empty(self) -> None:
        with type(self).new_place() as place:
            store = place.open()
            assert (store.base, store.last) == (Position(), Position())
            assert list(store.read()) == list(store.read(0)) == []
            assert store.truncate_step(Position())
            store.close()

    @pytest.mark.parametrize("expected_lsn", [-1, 1, 3, 2**40])
    def test_a_writer_that_knows_another_last_commit_is_refused(self, expected_lsn: int) -> None:
        with type(self).new_place() as place:
            store = place.open()
            store.append(b"1", 0)
            store.append(b"2", 1)
            with pytest.raises(JournalError):
                store.append(b"3", expected_lsn)
            assert [commit.payload for commit in store.read()] == [b"1", b"2"]
            store.append(b"3", 2)
            store.close()

    @pytest.mark.parametrize("after_lsn", [-1, 0, 1, 6, 2**40])
    def test_reading_after_a_commit_that_is_not_kept_is_refused(self, after_lsn: int) -> None:
        with type(self).new_place() as place:
            store = place.open()
            for lsn in range(5):
                store.append(b"x", lsn)
            store.truncate([commit.position for commit in store.read()][1])
            with pytest.raises(JournalError):
                list(store.read(after_lsn))
            assert [commit.position.lsn for commit in store.read(2)] == [3, 4, 5]
            assert list(store.read(5)) == []
            store.close()

    def test_truncation_to_where_the_chain_never_was_is_refused(self) -> None:
        with type(self).new_place() as place:
            store = place.open()
            for lsn in range(4):
                store.append(b"x", lsn)
            first, second, third, last = (commit.position for commit in store.read())
            store.truncate(second)
            elsewhere = [first, Position(), Position(third.lsn, last.hash), Position(9, last.hash), Position(2)]
            for position in elsewhere:
                with pytest.raises(JournalError):
                    store.truncate(position)
                with pytest.raises(JournalError):
                    store.truncate_step(position)
            assert [commit.position for commit in store.read()] == [third, last]
            store.truncate(last)
            assert (store.base, store.last, list(store.read())) == (last, last, [])
            position = store.append(b"y", 4)
            assert position == follow(last, next(iter(store.read(4))).written)
            store.close()
