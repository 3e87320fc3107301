"""Each store against the one suite (tests/journal/store_conformance.py)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given, settings
from store_conformance import ACTIONS, Actions, Place, StoreConformance, check_interleaving

from geooffer.journal.commits import CommitStore
from geooffer.journal.keyring import Keyring
from geooffer.journal.memory import MemoryStore
from geooffer.journal.sqlite import SqliteStore


class MemoryPlace:
    """A memory store outlives nothing, so it is the same one when opened again."""

    def __init__(self) -> None:
        self._store = MemoryStore()

    def open(self) -> CommitStore:
        """The one store."""
        return self._store


class SqlitePlace:
    """A directory. Unsynced, for speed: what is durable is test_power_cuts.py's matter."""

    def __init__(self, directory: Path, keyring: Keyring | None = None) -> None:
        self._path = directory / "journal.sqlite3"
        self._keyring = keyring

    def open(self) -> CommitStore:
        """Another store on the same file."""
        return SqliteStore(self._path, synchronous="OFF", keyring=self._keyring)


@contextmanager
def memory_place() -> Iterator[Place]:
    """For one test."""
    yield MemoryPlace()


@contextmanager
def sqlite_place() -> Iterator[Place]:
    """For one test."""
    with tempfile.TemporaryDirectory(prefix="geooffer-journal-") as directory:
        yield SqlitePlace(Path(directory))


@contextmanager
def encrypted_place() -> Iterator[Place]:
    """For one test."""
    with tempfile.TemporaryDirectory(prefix="geooffer-journal-") as directory:
        yield SqlitePlace(Path(directory), Keyring([bytes(range(32))]))


class TestMemoryStore(StoreConformance):
    new_place = memory_place

    @given(actions=ACTIONS)
    def test_any_interleaving_equals_a_list(self, actions: Actions) -> None:
        check_interleaving(memory_place, actions)


class TestSqliteStore(StoreConformance):
    new_place = sqlite_place

    @given(actions=ACTIONS)
    @settings(max_examples=60, deadline=None)
    def test_any_interleaving_equals_a_list(self, actions: Actions) -> None:
        check_interleaving(sqlite_place, actions)


class TestEncryptedStore(StoreConformance):
    new_place = encrypted_place

    @given(actions=ACTIONS)
    @settings(max_examples=60, deadline=None)
    def test_any_interleaving_equals_a_list(self, actions: Actions) -> None:
        check_interleaving(encrypted_place, actions)
