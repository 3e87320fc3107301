"""A small network kept in a state directory: catalog, people, stock; and its digests. Not a test."""

from __future__ import annotations

from pathlib import Path

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.engine.parts import PARTITIONS
from geooffer.engine.state import State, digest
from geooffer.journal.keyring import Keyring
from geooffer.journal.memory import DirectJournal
from geooffer.journal.recovery import recover
from geooffer.journal.sqlite import SqliteStore
from geooffer.model.catalog import Category, Customer, Geofence, Price, Product, Size, StockFigure, Store
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.shapes import Circle
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import Purpose, TouchpointKind

NOW_MS = 1_772_528_400_000
EVERYTHING = sum(purpose.bit for purpose in Purpose)


class KeptTown:
    """An engine on a directory, without a server: every append is a commit."""

    def __init__(self, directory: Path, keyring: Keyring | None = None) -> None:
        recovered = recover(directory, keyring=keyring)
        self.store: SqliteStore = recovered.store
        self.engine = Engine(
            journal=DirectJournal(self.store), clock=EngineClock("client", NOW_MS), state=recovered.state
        )

    def found(self) -> None:
        """The catalog."""
        size = Size("EU", "43")
        nouns = [
            Store("store-1", "One", 525_200_000, 134_050_000, "Europe/Berlin", "24/7"),
            Geofence("fence-1", Circle(525_200_000, 134_050_000, 10_000), "store-1"),
            Category("shoes", (("en", "shoes"),)),
            Product("runner", "shoes", (("en", "Runner"),), (size,)),
        ]
        self.engine.put_nouns(nouns, now_ms=NOW_MS)
        self.engine.put_prices([Price("runner", 9_900, "EUR", NOW_MS - 40 * DAY_MS)], now_ms=NOW_MS)
        self.engine.report_stock([StockFigure("store-1", "runner", size, 5, NOW_MS)])

    def live(self, first: int, count: int = 6) -> None:
        """Some persons come, consent and search; every third takes it back, every fourth is united with the first."""
        engine, size = self.engine, Size("EU", "43")
        for number in range(first, first + count):
            name = f"customer-{number}"
            engine.upsert_customers([Customer(name, (number + 1,), "de", "Europe/Berlin")])
            self.consent(name, EVERYTHING, granted=True, time_ms=NOW_MS - HOUR_MS)
            engine.record_touchpoints(
                [Touchpoint(name, TouchpointKind.SEARCH, NOW_MS, "", "runner", size)], now_ms=NOW_MS
            )
            engine.report_stock([StockFigure("store-1", "runner", size, number, NOW_MS + number)])
            if number % 3 == 2:
                self.consent(name, Purpose.SEARCH_INTENT_USE.bit, granted=False, time_ms=NOW_MS)
            if number % 4 == 3:
                engine.merge_customers(name, "customer-0")

    def consent(self, name: str, purposes: int, *, granted: bool, time_ms: int) -> None:
        self.engine.record_consent(
            name, purposes, granted=granted, time_ms=time_ms, now_ms=NOW_MS, notice_version="2026-01"
        )

    def close(self) -> None:
        self.store.close()


def digests(state: State) -> list[str]:
    return [digest(state, partition) for partition in PARTITIONS]


def recovered_digests(directory: Path, keyring: Keyring | None = None) -> list[str]:
    recovered = recover(directory, keyring=keyring)
    recovered.store.close()
    return digests(recovered.state)


def founded(directory: Path, *, count: int = 6, keyring: Keyring | None = None) -> list[str]:
    """Fill a directory; returns the digests of its state."""
    town = KeptTown(directory, keyring)
    town.found()
    town.live(0, count)
    town.close()
    return digests(town.engine.state)
